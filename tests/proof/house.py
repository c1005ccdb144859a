"""A rule of lint-imports: every folder of modules has layers of its own that name each of its modules, and no import
leads in a circle.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, output
from importlinter.api import read_configuration


class EveryRoomHasLayers(Contract):
    """Fails on a folder with two modules or more that no exhaustive layers contract has as container, and on circles,
    imports inside functions included.
    """

    type_name = "rooms"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - as import-linter calls it
        rooms = {module for module in _ours(graph) if len(graph.find_children(module)) > 1}
        layered = {
            container
            for options in read_configuration()["contracts_options"]
            if options["type"] == "layers" and options.get("exhaustive")
            for container in _each(options["containers"])
        }
        bare, circle = sorted(rooms - layered), _circle(graph)
        return ContractCheck(kept=not bare and not circle, metadata={"bare": bare, "circle": circle})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for room in check.metadata["bare"]:
            output.print_error(f"{room} has no layers: add a contract with it as container to .importlinter")
        if check.metadata["circle"]:
            output.print_error(f"these import each other in a circle: {' -> '.join(check.metadata['circle'])}")


def _each(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _circle(graph: ImportGraph) -> list[str]:
    imports = {module: graph.find_modules_directly_imported_by(module) for module in _ours(graph)}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _ours(graph: ImportGraph) -> set[str]:
    package = "ekinerja_agent"
    return {module for module in graph.modules if module == package or module.startswith(f"{package}.")}
