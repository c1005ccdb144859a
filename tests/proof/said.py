"""Everything that the program can say, read from its own source: what the Indonesian catalogues must hold.

Promises each template as it is written at `Message`, `plural` and `because`, each text of a page of help, and what
click says itself. Does not know any translation.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from babel.messages.extract import extract_from_file

from ekinerja_agent.nouns.messages import PLACE

PACKAGE = Path(__file__).parents[2] / "ekinerja_agent"

MAKERS = {"Message": 1, "plural": 2, "because": 1}
"""What makes a message, and how many templates it takes before the values."""

_MAKE_THEM_OF_ANYTHING = ("messages.py", "scoring/reasons.py")


@dataclass(frozen=True, slots=True)
class Said:
    """One place where a message is made. `templates` None: what it is made of is no text in the source, so nobody can
    look it up. `values` None: not all of them are named there.
    """

    templates: tuple[str, ...] | None
    values: frozenset[str] | None
    file: str
    line: int

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


def said(package: Path = PACKAGE) -> Iterator[Said]:
    """Given the package, yield every place where a message is made, in order of files and lines."""
    for file in sorted(package.rglob("*.py")):
        name = file.relative_to(package).as_posix()
        if not name.endswith(_MAKE_THEM_OF_ANYTHING):
            yield from said_in(file.read_text(encoding="utf-8"), name)


def said_in(source: str, name: str) -> Iterator[Said]:
    """Given the source of one file, yield its places. `Message("one" if … else "other", …)` is two."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and _maker(node) in MAKERS]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        count = MAKERS[_maker(call)]
        named = frozenset(keyword.arg for keyword in call.keywords if keyword.arg is not None)
        values = None if any(keyword.arg is None for keyword in call.keywords) else named
        if _maker(call) == "plural" and values is not None:
            values |= {"number"}
        templates = call.args[:count]
        first = templates[0] if templates else None
        ways = [[first.body], [first.orelse]] if isinstance(first, ast.IfExp) else [templates]
        for way in ways:
            texts = [node.value for node in way if isinstance(node, ast.Constant) and isinstance(node.value, str)]
            yield Said(tuple(texts) if len(texts) == count else None, values, name, call.lineno)


def places(template: str) -> frozenset[str]:
    """Given a template, return the names of its places."""
    return frozenset(name for name in PLACE.findall(template) if name)


def is_worded(template: str) -> bool:
    """Given a template, return whether it has a word of its own: `{place}: {message}` is the same in every language."""
    return re.search(r"[A-Za-z]", PLACE.sub("", template)) is not None


def _maker(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


_CLICK_PARTS = ("core", "exceptions", "formatting", "parser", "types", "decorators")
_CLICK_UNSAID = {
    # of a form that we do not use, or a mistake of the programmer
    "%(prog)s, version %(version)s",
    "(DEPRECATED)",
    "(DEPRECATED: {deprecated})",
    "(Deprecated)",
    "(None)",
    "(dynamic)",
    "Aborted!",
    "Argument {name!r} takes {nargs} values.",
    "Arguments take exactly one parameter declaration, got {length}: {decls}.",
    "Boolean option {decl!r} cannot use the same flag for true/false.",
    "Choice({choices})",
    "Choose from:\n\t{choices}",
    "Confirm the action without prompting.",
    "Could not determine name for option with declarations {decls!r}",
    "Could not open file {filename!r}: {message}",
    "DeprecationWarning: The command {name!r} is deprecated.{extra_message}",
    "DeprecationWarning: The {param_type} {name!r} is deprecated.{extra_message}",
    "Do you want to continue?",
    "Invalid start character for option ({option})",
    "Missing parameter",
    "Missing parameter: {param_name}",
    "Missing {param_type}",
    "Name '{name}' defined twice",
    "Name {name!r} defined twice",
    (
        "No options defined but a name was passed ({name}). Did you mean to declare an argument instead? Did you mean "
        "to pass '--{name}'?"
    ),
    "Value must be an iterable.",
    "deprecated",
    "env var: {var}",
    "unknown error",
    "{len_type} values are required, but {len_value} was given.",
    "{name} {filename!r} is not executable.",
    "{value!r} does not match the format {format}.",
    "{value!r} is not a valid UUID.",
}
_CLICK_NAMES = ("integer", "integer range", "required")
"""Words that click puts into its sentences, where it marks them elsewhere or not at all."""


def said_by_click() -> Iterator[str | tuple[str, str]]:
    """Yield what click would say itself on our pages and in errors: a text, or both of a plural."""
    yield from _CLICK_NAMES
    for part in _CLICK_PARTS:
        file = Path(inspect.getfile(click)).with_name(f"{part}.py")
        for _, text, _, _ in extract_from_file("python", file, keywords={"_": None, "ngettext": (1, 2)}):
            if text and text not in _CLICK_UNSAID and text[0] not in _CLICK_UNSAID:
                yield text if isinstance(text, str) else (text[0], text[1])


def reported(package: Path = PACKAGE) -> Iterator[tuple[str, str]]:
    """Given the package, yield what reports and pages say, with the file that says it."""
    for file in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if isinstance(node, ast.Call) and name in {"gettext", "msgid"} and node.args:
                text = node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield text.value, file.relative_to(package).as_posix()
    for file in sorted(package.rglob("*.j2")):
        for _, words, _, _ in extract_from_file(
            "jinja2", file, keywords={"_": None, "gettext": None}, options={"trimmed": "true"}
        ):
            yield str(words), file.relative_to(package).as_posix()


def helped(command: click.Command) -> Iterator[str]:
    """Given a command, yield every text of its pages of help and of those below it."""
    for text in (command.help, command.short_help, command.epilog):
        if text and type(text) is str:
            yield inspect.cleandoc(text)
    if command.options_metavar:
        yield command.options_metavar
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            yield parameter.help
    if isinstance(command, click.Group):
        yield command.subcommand_metavar
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from helped(inner)
