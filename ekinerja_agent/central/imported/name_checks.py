"""Whether a name that somebody typed is one that central has ever heard of: a unit's, a person's, a terminal's.

An unknown name is a typing error and never an empty answer. Does not tell whether it stands today: a unit that was
dissolved still has its months.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from sqlalchemy import Engine, exists, select

from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.imported import employees, enrolments, units
from ekinerja_agent.central.store.tables.recorded import punches, quarantine, terminal_facts
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.nip import is_nip

_SHOWN = 10


def require_unit(engine: Engine, code: str) -> None:
    """Given the code of a unit, return if a file brought it. Raise WrongUsage naming those that exist."""
    with reading(engine) as conn:
        known = set(conn.scalars(select(units.c.code).distinct()))
    if code not in known:
        raise WrongUsage(
            Message("there is no unit {code}; {known}", code=repr(code), known=_instead(code, known, "import units"))
        )


def require_person(engine: Engine, nip: str) -> None:
    """Given a NIP or a local id, return if a file brought that person. Raise WrongUsage if none did."""
    with reading(engine) as conn:
        if conn.scalar(select(exists().where(employees.c.nip == nip))):
            return
    if is_nip(nip):
        raise WrongUsage(
            Message("there is no employee {nip}; `ekinerja-agent import employees` brings them", nip=repr(nip))
        )
    raise WrongUsage(
        Message(
            "there is no employee {nip} (it has {length} characters; a NIP has 18 digits); `ekinerja-agent import "
            "employees` brings them",
            nip=repr(nip),
            length=len(nip),
        )
    )


def require_terminal(engine: Engine, terminal: str, configured: Collection[str]) -> None:
    """Given the id of a terminal and those of devices.yaml, return if it is one of them or central has heard of it."""
    if terminal in configured:
        return
    tables = (terminal_facts, enrolments, punches, quarantine)
    with reading(engine) as conn:
        if any(conn.scalar(select(exists().where(table.c.terminal == terminal))) for table in tables):
            return
        known = {*configured, *conn.scalars(select(terminal_facts.c.terminal).distinct())}
    raise WrongUsage(
        Message(
            "there is no terminal {terminal}; {known}",
            terminal=repr(terminal),
            known=_instead(terminal, known, "terminal list"),
        )
    )


def _instead(typed: str, known: Iterable[str], command: str) -> Message:
    """The names that may be meant: the nearest, else the first few."""
    names = sorted(known)
    by_fold = {name.casefold(): name for name in names}
    near = [by_fold[one] for one in difflib.get_close_matches(typed.casefold(), by_fold, n=1)]
    first = ", ".join(names[:_SHOWN]) or Message("none")
    more = len(names) - _SHOWN
    shown = Message("{first} and {count} more", first=first, count=more) if more > 0 else first
    if near:
        return Message(
            "did you mean {name}? known: {known} (`ekinerja-agent {command}`)",
            name=near[0],
            known=shown,
            command=command,
        )
    return Message("known: {known} (`ekinerja-agent {command}`)", known=shown, command=command)
