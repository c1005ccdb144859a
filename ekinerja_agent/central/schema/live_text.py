"""The text of every view, function and trigger that a central database has, read from `store/sql/` (decision 49).

`views/VIEW.sql` is one view for both databases; words in braces, here and in refusals, are explained in `words.sql`.
`refusals/TABLE.NAME.sql` is when the database refuses a new row of that table: its first line is what the database
says, a second one (`where: …`) keeps apart the rows that need not be looked at, the rest is the condition. That none is
of an instant that has not been, every record of what an account did is asked without a file of its own.
`postgresql/` and `sqlite/` have the functions, and the triggers of each sort of table; which tables are of which sort
is declared with them. Asks no database and makes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Table

from ekinerja_agent.central.kinds import fact_kind, insert_only
from ekinerja_agent.central.store.tables import (
    INSERT_ONLY_RECORDS,
    OF_ITS_LOGIN,
    POWERS,
    PUBLISH_INSTEAD,
    PUBLISHED,
)
from ekinerja_agent.central.store.tables.access import accounts, audit
from ekinerja_agent.central.store.tables.columns import Clock, Instant, metadata
from ekinerja_agent.central.store.tables.periods import pending_signatures, period_events
from ekinerja_agent.central.store.tables.recorded import doubtful_punches, punches
from ekinerja_agent.central.store.tables.scored import results
from ekinerja_agent.county.access import Deed, roles_of

AHEAD: Final = "its instant is ahead of the clock of the database; set the clock of the host that says it"
"""Of every record of what somebody did: none is of an instant that has not been."""
SQL: Final = Path(__file__).parents[1] / "store" / "sql"
_MADE: Final = re.compile(r"CREATE (?:OR REPLACE )?(VIEW|FUNCTION|TRIGGER) (\w+)(?:\(([^)]*)\))?(?:[^;]*? ON (\w+))?")
_CALL: Final = re.compile(r"\{(\w+)\(([^{}]*)\)\}")

Key = tuple[str, str, str | None]
"""What an object is called: its kind, its name, and a trigger's table."""


@dataclass(frozen=True, slots=True)
class LiveObject:
    """A view, a function or a trigger: its name (a function's with the types of its arguments), the table of a trigger,
    and the SQL that makes it.
    """

    kind: str
    name: str
    table: str | None
    text: str

    @property
    def key(self) -> Key:
        return self.kind, self.name, self.table


@dataclass(frozen=True, slots=True)
class Word:
    """A word that views and refusals say in braces, as `{month(p.due_date)}`, and the SQL it stands for."""

    name: str
    arguments: tuple[str, ...]
    text: str

    def say(self, said: str) -> str:
        """Given what stands between the parentheses, return the SQL. Only the last argument may have a comma."""
        text = self.text
        for argument, value in zip(self.arguments, said.split(", ", len(self.arguments) - 1), strict=True):
            text = text.replace(f"{{{argument}}}", value)
        return text


def live_objects(dialect: str, schema: str) -> tuple[LiveObject, ...]:
    """Given "sqlite" or "postgresql", and the schema of the tables as SQL writes it, return all that must be there, in
    the order in which it can be made.
    """
    texts = (
        *_functions(dialect, schema),
        *_guards(dialect),
        *_powers(dialect, schema),
        *_refusals(dialect, schema),
        *_views(dialect),
    )
    return tuple(_live_object(text) for text in texts)


def _live_object(text: str) -> LiveObject:
    made = _MADE.match(text)
    if made is None:
        raise ValueError(f"{text.splitlines()[0]!r} makes no view, function or trigger; see store/sql/")
    kind, name, arguments, table = made.groups()
    if kind == "FUNCTION":
        types = ", ".join(argument.split()[-1] for argument in (arguments or "").split(",") if argument.strip())
        return LiveObject("function", f"{name}({types})", None, text)
    return LiveObject(kind.lower(), name, table if kind == "TRIGGER" else None, text)


def _functions(dialect: str, schema: str) -> Iterator[str]:
    if dialect == "postgresql":
        of_punches = INSERT_ONLY_RECORDS[punches]
        values = {"schema": schema, "instead_of_punches": of_punches, "instead_of_published": PUBLISH_INSTEAD}
        yield from _statements(f"{dialect}/functions.sql", values)
        yield from _statements(f"{dialect}/logins.sql", values)
        for table in OF_ITS_LOGIN:
            instants = (f"'{column.name}'" for column in table.c if isinstance(column.type, (Clock, Instant)))
            yield from _statements(f"{dialect}/of_its_login.sql", _of_table(table) | {"instants": ", ".join(instants)})


def _guards(dialect: str) -> Iterator[str]:
    for table, instead in insert_only().items():
        if table is punches and dialect == "postgresql":
            yield from _statements(f"{dialect}/punches.sql", {})
        else:
            yield from _statements(f"{dialect}/insert_only.sql", _of_table(table) | {"instead": instead})
    for table in PUBLISHED:
        values = _of_table(table) | {"instead": PUBLISH_INSTEAD}
        yield from _statements(f"{dialect}/published.sql", values)
        if table is not results:
            yield from _statements(f"{dialect}/part_of_published.sql", values)
    yield from _statements(f"{dialect}/audit_end.sql", {})
    if dialect == "sqlite":
        for table in (period_events, pending_signatures):
            yield from _statements(f"{dialect}/closes.sql", _of_table(table))


def _powers(dialect: str, schema: str) -> Iterator[str]:
    for table, power in POWERS.items():
        key = [*(column.name for column in table.primary_key), *(["name"] if table is accounts else [])]
        values = _of_table(table) | {
            "schema": schema,
            "same_key": " AND ".join(f"OLD.{name} = NEW.{name}" for name in key),
            "same_as_new": " AND ".join(f"o.{name} = NEW.{name}" for name in key[:1]),
            "changes": "INSERT OR UPDATE" if power.from_the_first else "UPDATE",
            "action": power.action,
            "subject": power.subject,
            "instead": power.instead,
        }
        yield from _statements(f"{dialect}/power.sql", values)
        if dialect == "sqlite" and power.from_the_first:
            yield from _statements(f"{dialect}/power_given.sql", values)


def _refusals(dialect: str, schema: str) -> Iterator[str]:
    words = _words(dialect)
    for path in sorted((SQL / "refusals").glob("*.sql")):
        table, name = path.stem.split(".")
        why, *lines = path.read_text(encoding="utf-8").splitlines()
        where = lines.pop(0).removeprefix("-- where: ") if lines[0].startswith("-- where: ") else None
        values = {
            "name": f"{table}_{name}",
            "schema": schema,
            "why": why.removeprefix("-- "),
            "where": where or "true",
            # Who looks before the row is there does not find it among those it asks for.
            "moment": "AFTER" if where else "BEFORE",
            "condition": _said("\n    ".join(lines), words),
        }
        yield from _statements(f"{dialect}/refusal.sql", _of_table(metadata.tables[table]) | values)
    for record in INSERT_ONLY_RECORDS:
        if record is audit or "account_id" in record.c:
            values = {
                "name": f"{record.name}_ahead",
                "schema": schema,
                "why": AHEAD,
                # What a collector brings is no deed, and its clock no word of a person.
                "where": "NEW.account_id IS NOT NULL" if record is doubtful_punches else "true",
                "moment": "BEFORE",
                "condition": _said(f"{{ahead(NEW.{_when(record)})}}", words),
            }
            yield from _statements(f"{dialect}/refusal.sql", _of_table(record) | values)


def _when(record: Table) -> str:
    """The instant of what somebody did, by their own word."""
    (column,) = (column.name for column in record.c if isinstance(column.type, Instant) and not column.nullable)
    return column


def _views(dialect: str) -> Iterator[str]:
    words = _words(dialect)
    create = "CREATE OR REPLACE VIEW" if dialect == "postgresql" else "CREATE VIEW"
    for path in sorted((SQL / "views").glob("*.sql")):
        query = _without_remarks(path.read_text(encoding="utf-8"))
        yield f"{create} {path.stem} AS\n{_said(query, words)}"


def _said(text: str, words: Mapping[str, Word]) -> str:
    """The SQL for a text with words in braces."""
    declared = {"key": _key_of, "opens": _opens}

    def say(found: re.Match[str]) -> str:
        name, said = found.groups()
        return declared[name](said) if name in declared else words[name].say(said)

    while _CALL.search(text):
        text = _CALL.sub(say, text)
    return text


def _key_of(kind: str) -> str:
    """What makes rows of a kind of fact versions of one another."""
    return ", ".join(fact_kind(kind).key)


def _opens(deed: str) -> str:
    """That a role of the account `a` opens a deed, if only in some unit: the database knows of no day and no unit."""
    return " OR ".join(f"a.roles LIKE '%{role}%'" for role in roles_of(Deed[deed]))


def _statements(file: str, values: Mapping[str, str]) -> Iterator[str]:
    """The statements of a file, which an empty line parts."""
    text = (SQL / file).read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    yield from (_without_remarks(part) for part in text.split("\n\n"))


def _without_remarks(text: str) -> str:
    """Remarks before a statement are for who reads the file; a database would keep them."""
    lines = text.strip().removesuffix(";").splitlines()
    while lines[0].startswith("--"):
        del lines[0]
    return "\n".join(lines)


def _of_table(table: Table) -> dict[str, str]:
    same = " AND ".join(f"{column.name} = NEW.{column.name}" for column in table.primary_key)
    return {"table": table.name, "same_key": same}


def _words(dialect: str) -> dict[str, Word]:
    """What is said in braces, by name: what the databases write differently, and what more than one text asks."""
    words = {}
    for file in ("words.sql", f"{dialect}/words.sql"):
        for part in (SQL / file).read_text(encoding="utf-8").split("\n\n"):
            remark, _, text = part.strip().partition("\n")
            name, _, arguments = remark.removeprefix("-- ").partition(")")[0].partition("(")
            words[name] = Word(name, tuple(arguments.split(", ")), text)
    return words
