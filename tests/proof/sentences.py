"""Every sentence that the program can say, read from its own source: what the Indonesian catalogue must hold.

Promises templates: the text of an f-string with `{0}`, `{1}`, … for what is inserted, one for each branch of a
conditional inside it. What a local name stands for is looked up in its own function. Does not know any translation.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import click

UNSAID = Path(__file__).with_name("unsaid.txt")
"""What looks like a sentence and is not told by itself."""

PACKAGE = Path(__file__).parents[2] / "ekinerja_agent"

SILENT = (
    "reports",
    "central/store/migrations",
    "central/store/tables/",
    "demo/county.py",
    "demo/leaders.py",
    "demo/month.py",
    "locale/formats.py",
    "locale/language.py",
    "usecases/watching/health/metrics.py",
)
"""Rooms whose sentences nobody reads on a command line, or that have a catalogue of their own."""

_LOGS = {"debug", "info", "warning", "error", "exception", "critical", "bind"}
_NO_SENTENCES = {
    "text",
    "DDL",
    "CheckConstraint",
    "compile",
    "option",
    "argument",
    "group",
    "Path",
    "strptime",
    "msgid",
    "split",
}
_MOST_BRANCHES = 16
_DEEPEST = 2

Piece = str | None
"""Literal text, or None for what is inserted."""


@dataclass(frozen=True, slots=True, order=True)
class Sentence:
    """A template, and where it stands."""

    template: str
    place: str


def said(package: Path = PACKAGE) -> list[Sentence]:
    """Given the package, return every template, sorted, each once."""
    found: dict[str, Sentence] = {}
    unsaid = set(unsaid_texts())
    for file in sorted(package.rglob("*.py")):
        name = file.relative_to(package).as_posix()
        if name.startswith(SILENT):
            continue
        for sentence in said_in(file.read_text(encoding="utf-8"), name):
            if sentence.template not in unsaid:
                found.setdefault(sentence.template, sentence)
    return sorted(found.values(), key=lambda each: (each.place.rpartition(":")[0], each.template))


def unsaid_texts() -> Iterator[str]:
    """Yield what looks like a sentence and is not told by itself."""
    for line in UNSAID.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield ast.literal_eval(line)


def said_in(source: str, name: str) -> Iterator[Sentence]:
    """Given the source of one file, yield its templates."""
    tree = ast.parse(source)
    for scope, node in _texts(tree):
        for pieces in _branches(node, scope, 0):
            template = _template(pieces)
            if _is_sentence(template):
                yield Sentence(template, f"{name}:{node.lineno}")


_CLICK_PARTS = ("core", "exceptions", "parser", "types")
_CLICK_MARKS = {"_": 1, "ngettext": 2}
_CLICK_UNSAID = {
    # of a form that we do not use, or a mistake of the programmer
    "deprecated", "Missing argument", "Missing option", "Missing parameter", "Error: {0}", "Name '{0}' defined twice",
    "Could not determine name for option with declarations {0}",
    "Arguments take exactly one parameter declaration, got {0}: {1}.",
    "Boolean option {0} cannot use the same flag for true/false.",
    ("No options defined but a name was passed ({0}). Did you mean to declare an argument instead? "
     "Did you mean to pass '--{1}'?"),
    "Value must be an iterable.", "Name {0} defined twice", "Choice({0})", "Choose from:\n\t{0}",
    "DeprecationWarning: The command {0} is deprecated.{1}", "Missing {0}", "Invalid start character for option ({0})",
    "{0} values are required, but {1} was given.", "{0} values are required, but {1} were given.", "Aborted!",
    "DeprecationWarning: The {0} {1} is deprecated.{2}", "Argument {0} takes {1} values.",
}  # fmt: skip


_CLICK_COMPOSED = [f"Missing {what} {{0}}." for what in ("argument", "option", "parameter")]
_CLICK_COMPOSED += [f"Missing {what} {{0}}. Choose from:\n\t{{1}}" for what in ("argument", "option")]
_CLICK_COMPOSED += [f"No such {what} {{0}}. {{1}}" for what in ("option", "command")]
_CLICK_COMPOSED += "Error: Usage: File Directory Path integer float required [OPTIONS]".split()
_CLICK_COMPOSED += ["integer range", "COMMAND [ARGS]...", "Show this message and exit.", "Show the version and exit."]
"""What click puts together, or says where it is not marked."""


def said_by_click(*, composed: bool = False) -> Iterator[str]:
    """Yield the templates that click would say itself: our pages and errors hold them."""
    if composed:
        yield from _CLICK_COMPOSED
    for part in _CLICK_PARTS:
        source = Path(str(importlib.import_module(f"click.{part}").__file__)).read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CLICK_MARKS:
                for text in node.args[: _CLICK_MARKS[node.func.id]]:
                    if isinstance(text, ast.Constant) and isinstance(text.value, str):
                        numbers = itertools.count()
                        template = re.sub(r"\{[^}]*\}", lambda _: f"{{{next(numbers)}}}", text.value)  # noqa: B023
                        if template not in _CLICK_UNSAID:
                            yield template


def constants(package: Path = PACKAGE) -> set[str]:
    """Given the package, return every text in it that stands by itself: words such as `closed` are inserted."""
    return {
        node.value
        for file in package.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def helped(command: click.Command) -> Iterator[str]:
    """Given a command, yield every text of its pages of help and of those below it."""
    for text in (command.help, command.short_help, command.epilog):
        # Columns of import files and faults are put into a template of `said`.
        if text and " Columns: " not in text and not text.startswith("\b"):
            yield inspect.cleandoc(text)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            yield parameter.help
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from helped(inner)


Scope = dict[str, list[ast.expr]]


def _texts(tree: ast.Module) -> Iterator[tuple[Scope, ast.expr]]:
    """Yield each outermost text expression with the local names of its function."""
    yield from _walk(tree, {})


def _walk(node: ast.AST, scope: Scope) -> Iterator[tuple[Scope, ast.expr]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        scope = scope | _names(node)
    if isinstance(node, ast.expr) and _is_text(node):
        yield scope, node
        for inner in _inserted(node):
            yield from _walk(inner, scope)
        return
    for child in ast.iter_child_nodes(node):
        if not _is_ignored(node, child):
            yield from _walk(child, scope)


def _is_ignored(node: ast.AST, child: ast.AST) -> bool:
    """Docstrings, what goes to the log or to a parser, and annotations say nothing to a person."""
    if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
        return True
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return called in _NO_SENTENCES or (called in _LOGS and isinstance(node.func, ast.Attribute))
    return isinstance(node, ast.Compare) or (isinstance(node, ast.Subscript) and child is node.slice)


def _names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Scope:
    scope: Scope = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            is_itself = any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(node.value))
            # What is made of itself, or grows, is not known from its source.
            scope.setdefault(name, []).append(ast.Constant(None) if is_itself else node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            scope.setdefault(node.target.id, []).append(ast.Constant(None))
    return scope


def _is_text(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _is_text(left) or _is_text(right)
    return False


def _inserted(node: ast.expr) -> Iterator[ast.AST]:
    """Yield the expressions inside a text: they may hold texts of their own."""
    match node:
        case ast.JoinedStr(values=values):
            for value in values:
                if isinstance(value, ast.FormattedValue):
                    yield value.value
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            for side in (left, right):
                if _is_text(side):
                    yield from _inserted(side)
                else:
                    yield side


def _branches(node: ast.expr, scope: Scope, depth: int) -> list[tuple[Piece, ...]]:  # noqa: PLR0911  # one per form
    """Given a text expression, return each way in which it can come out."""
    match node:
        case ast.Constant(value=str(text)):
            return [(text,)]
        case ast.JoinedStr(values=values):
            parts: list[list[tuple[Piece, ...]]] = [
                _branches(value.value, scope, depth)
                if isinstance(value, ast.FormattedValue) and value.format_spec is None
                else [(None,)]
                if isinstance(value, ast.FormattedValue)
                else _branches(value, scope, depth)
                for value in values
            ]
            return _combined(parts)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _combined([_branches(left, scope, depth), _branches(right, scope, depth)])
        case ast.IfExp(body=body, orelse=orelse) if _is_text(body) or _is_text(orelse):
            return _branches(body, scope, depth) + _branches(orelse, scope, depth)
        case ast.BoolOp(op=ast.Or(), values=[*values]) if _is_text(values[-1]):
            return [(None,), *_branches(values[-1], scope, depth)]
        case ast.Name(id=name) if depth < _DEEPEST and _all_texts(scope.get(name, [])):
            return [way for value in scope[name] for way in _branches(value, scope, depth + 1)]
    return [(None,)]


def _all_texts(values: Sequence[ast.expr]) -> bool:
    return bool(values) and all(
        _is_text(value) or (isinstance(value, ast.IfExp) and _is_text(value.body) and _is_text(value.orelse))
        for value in values
    )


def _combined(parts: Iterable[list[tuple[Piece, ...]]]) -> list[tuple[Piece, ...]]:
    parts = list(parts)
    ways = 1
    for number, part in enumerate(parts):
        ways *= len(part)
        if ways > _MOST_BRANCHES:
            parts[number] = [(None,)]
            ways //= len(part)
    return [tuple(piece for way in chosen for piece in way) for chosen in product(*parts)]


def _template(pieces: Iterable[Piece]) -> str:
    text, number = "", 0
    for piece in pieces:
        # `{}` is a place too: Polars puts columns into it.
        literals = ["", ""] if piece is None else piece.split("{}")
        for place, literal in enumerate(literals):
            if place:
                text, number = f"{text}{{{number}}}", number + 1
            text += literal.replace("{", "{{").replace("}", "}}")
    return text.rstrip("\n")


_WORD = re.compile(r"[A-Za-z]{2,}")
_NO_TALK = re.compile(
    r"^\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|ALTER|DROP|BEGIN|GRANT|REVOKE|WITH|REPEATABLE|ON CONFLICT|AND"
    r"|select|insert into|copy|delete from) |^-c |^# |^\.[A-Z]|^[a-z_]+(, [a-z_]+){3,}$"
)
"""SQL, lists of columns, and files that are written."""


def _is_sentence(template: str) -> bool:
    """Two words with a blank between, or one beside what is inserted: names and codes are no sentences."""
    words = _WORD.findall(re.sub(r"\{\d+\}", " ", template))
    return " " in template.strip() and len(words) >= 1 and not _NO_TALK.search(template)
