"""How the rows of a file are judged: cells into values, then rows against each other and what is stored.

Three outcomes, never mixed: a problem stops the whole file, a rejection keeps one row out of the count and
says why, a warning stops nothing. All of each are collected. Knows no single kind and stores nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from ekinerja_agent.central.kinds import fact_kind
from ekinerja_agent.files.table_file import Table
from ekinerja_agent.nouns.errors import Problem
from ekinerja_agent.nouns.messages import Message, as_message
from ekinerja_agent.rules import RuleBook
from ekinerja_agent.usecases.importing.reading.shapes import NotAllowed, Shape

Row = dict[str, Any]
"""One row: the columns of the kind's table by name, and `row`, its number in the file."""
Fact = Mapping[str, Any]
"""A row to be read: one of the file has `row`, one that is stored has only the columns of its kind."""


class Stored(Protocol):
    """What central holds now: for each key the newest row that nobody revoked, as columns to values."""

    def rows(self, kind: str) -> Sequence[Fact]:
        """Given a kind, return all its current rows."""

    def terminals(self) -> frozenset[str]:
        """Return the terminals that a collector told of or an enrolment names."""

    def people(self, nips: Iterable[str]) -> frozenset[str]:
        """Given numbers, return those that an employee has."""

    def standards(self, types: Iterable[str]) -> frozenset[str]:
        """Given types of activities, return those that have a standard time."""

    def about(self, nips: Collection[str], first: date, last: date) -> Callable[[str], Sequence[Fact]]:
        """Given people and days, both included, return what gives the current rows of a kind that speak of them."""

    def activities(self, ids: Iterable[str], nips: Iterable[str], first: date, last: date) -> Sequence[Fact]:
        """Return the current activities that have one of these ids, or are of one of these people and days."""


@dataclass(frozen=True, slots=True)
class Importer:
    """Who brings the file: `nip` if it is a known person, `vouches` if its decisions in this kind count."""

    name: str
    nip: str | None
    vouches: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a file; `column` is its name in the table of central (None: the same)."""

    name: str
    shape: Shape
    required: bool = False
    default: Any = None
    column: str | None = None

    @property
    def target(self) -> str:
        return self.column or self.name

    def value(self, text: str) -> Any:
        """Given a cell's text, return its value, or the default if it is empty. Raise NotAllowed."""
        if text:
            return self.shape.value(text)
        if self.required:
            raise NotAllowed(Message("empty; allowed: {allowed}", allowed=self.shape.allowed))
        return self.default


@dataclass(slots=True)
class Draft:
    """The rows of one file on their way to central, and all that was found about them.

    `profile` is that of units that name none.
    """

    file: str
    importer: Importer
    today: date
    stored: Stored
    rules: RuleBook | None
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    rejected: list[Problem] = field(default_factory=list)
    profile: str = ""

    def refuse(self, row: Fact, column: str, message: Message) -> None:
        """Note what is wrong with a row; the file will not be stored."""
        self.problems.append(Problem(self.file, row["row"], 0, column, message))

    def warn(self, row: Fact | None, column: str, message: Message) -> None:
        """Note a doubt about a row (None: about the file); it stops nothing."""
        self.warnings.append(Problem(self.file, row["row"] if row else 0, 0, column, message))

    def reject(self, row: Fact, column: str, reason: Message) -> None:
        """Note the rule that a well-formed row breaks; the row is stored with the status `rejected`."""
        self.rejected.append(Problem(self.file, row["row"], 0, column, reason))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of import file: its columns, and how rows are judged.

    `names_rules` tells that its rows use names of the rule files, which then have to be loaded.
    """

    name: str
    fields: tuple[Field, ...]
    judge: Callable[[Draft], None]
    about: Message
    names_rules: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the table that name a row."""
        return fact_kind(self.name).key

    @property
    def columns_text(self) -> str:
        """All columns as the contract writes them, optional ones in brackets."""
        return ", ".join(one.name if one.required else f"[{one.name}]" for one in self.fields)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.fields if one.required)

    @property
    def optional(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.fields if not one.required)


def filled(kind: Kind, table: Table, file: str) -> tuple[list[Row], list[Problem]]:
    """Given the rows of a file as text and its name, return those whose cells all have their column's shape, and what
    is wrong with the others.

    Every distinct text of a column is parsed once, so that a file of a hundred thousand rows takes a second.
    """
    problems: list[Problem] = []
    fields = {one.name: one for one in kind.fields}
    wrong_rows: set[int] = set()
    columns: list[list[Any]] = []
    targets = ["row"]
    for name in table.columns:
        one = fields[name]
        values, wrong = _column_values(one, table.column(name))
        for place, message in wrong.items():
            problems.append(Problem(file, table.numbers[place], 0, name, message))
        wrong_rows.update(wrong)
        columns.append(values)
        targets.append(one.target)
    rows = (dict(zip(targets, values, strict=True)) for values in zip(table.numbers, *columns, strict=True))
    return [row for place, row in enumerate(rows) if place not in wrong_rows], problems


def _column_values(one: Field, texts: Sequence[str]) -> tuple[list[Any], dict[int, Message]]:
    values: dict[str, Any] = {}
    wrong: dict[str, Message] = {}
    for text in set(texts):
        try:
            values[text] = one.value(text)
        except NotAllowed as error:
            values[text] = None
            wrong[text] = as_message(error)
    places = {place: wrong[text] for place, text in enumerate(texts) if text in wrong} if wrong else {}
    return [values[text] for text in texts], places


def refuse_repeated_keys(draft: Draft, kind: Kind) -> None:
    """Given a draft, note every row whose key an earlier row of the same file has: which one is meant?"""
    keys = [tuple(row[column] for column in kind.key) for row in draft.rows]
    if len(set(keys)) == len(keys):
        return
    names = {one.target: one.name for one in kind.fields}
    label = ", ".join(names[column] for column in kind.key)
    repeated = {key for key, count in Counter(keys).items() if count > 1}
    first: dict[tuple[Any, ...], int] = {}
    for key, row in zip(keys, draft.rows, strict=True):
        if key in repeated:
            earlier = first.setdefault(key, row["row"])
            if earlier != row["row"]:
                draft.refuse(
                    row, label, Message("row {earlier} has the same; one row each, in one file", earlier=earlier)
                )


def merged(draft: Draft, kind: str) -> list[Fact]:
    """Given a draft, return the rows as they would stand: those of the file, and the stored ones it keeps."""
    key = fact_kind(kind).key
    replaced = {tuple(row[column] for column in key) for row in draft.rows}
    kept = (row for row in draft.stored.rows(kind) if tuple(row[column] for column in key) not in replaced)
    return [*draft.rows, *kept]
