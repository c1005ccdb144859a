"""What the house promises of itself: small files, small folders, plain names, and a map that is true."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ekinerja_agent"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "versions" not in path.parts)

MOST_LINES = 500
MOST_MODULES = 22
"""Kinds of import file and versions of the schema grow by one file each; no other folder comes near."""

NEEDS_A_KEY = frozenset(
    """known lookups near rows_near parts numbered pulse copying months stale touched affected sharing standing holdings
    holes strangers otherclocks decided undecided requests stretches turns rounds careful kept excerpt visit drawing
    taken silence speech outlook footprint sentences beside without worked_out told found wanted given""".split()
)
"""Names that a stranger had to learn; what stands in their place: docs/decisions/0045-rooms.md."""


def test_every_file_is_short() -> None:
    files = [*MODULES, *(ROOT / "tests").rglob("*.py")]
    sizes = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: size for name, size in sizes.items() if size >= MOST_LINES} == {}


def test_no_folder_is_a_crowd() -> None:
    folders = {path.parent for path in MODULES}
    sizes = {folder.relative_to(PACKAGE).as_posix(): len(list(folder.glob("[a-z]*.py"))) for folder in folders}
    assert {name: size for name, size in sizes.items() if size > MOST_MODULES} == {}


def test_no_module_class_or_public_function_needs_a_key() -> None:
    named = [
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in MODULES
        for name in [path.stem, *_public(ast.parse(path.read_text(encoding="utf-8")))]
        if re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() in NEEDS_A_KEY
    ]
    assert named == []


def _public(tree: ast.Module) -> list[str]:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node.name for node in ast.walk(tree) if isinstance(node, definitions) and not node.name.startswith("_")]


def test_the_map_names_what_is_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[a-z0-9_]+/)+(?:[a-z0-9_.]+\.(?:py|md|yaml|po|sql))?)`", text))
    known = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*")}
    lost = sorted(name for name in named if not (_is_there(name.rstrip("/"), known) or (ROOT / name).exists()))
    assert lost == []


def _is_there(name: str, known: set[str]) -> bool:
    return any(path == name or path.endswith(f"/{name}") for path in known)


def test_the_map_names_every_room() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = {path.parent.relative_to(PACKAGE).as_posix() for path in MODULES} - {".", "usecases", "locale"}
    top = {room for room in rooms if room.count("/") <= 1 and room.split("/")[0] in {"central", "usecases"}}
    top |= {room for room in rooms if "/" not in room}
    assert sorted(room for room in top if not re.search(rf"\b{re.escape(room.split('/')[-1])}\b", text)) == []


def test_the_map_is_one_page() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= 120


@pytest.mark.parametrize("page", sorted((ROOT / "docs/decisions").glob("0*.md")), ids=lambda page: page.stem)
def test_a_decision_has_a_status_and_a_date(page: Path) -> None:
    assert re.search(
        r"^Status: (accepted|superseded by \d+), \d{4}-\d\d-\d\d\b", page.read_text(encoding="utf-8"), re.M
    )
