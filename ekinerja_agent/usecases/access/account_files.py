"""Brings a file of new accounts: all of it or nothing, and what gives power waits for another operator, row by row.

Does not know files on a disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ekinerja_agent.central.access import accounts, logins
from ekinerja_agent.central.access.account_changes import carry_out
from ekinerja_agent.central.access.account_rows import ACCOUNTS_LOCK
from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.central.access.powers import Change, ChangeKind, Powers
from ekinerja_agent.central.imported import name_checks
from ekinerja_agent.central.store.engine import in_transaction, wait_turn
from ekinerja_agent.county.access import Deed, Role
from ekinerja_agent.files.table_file import read_table
from ekinerja_agent.nouns.errors import EkinerjaError, Problem, ProblemsFound, Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.nip import is_nip
from ekinerja_agent.secrets import passwords

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ekinerja_agent.central.access.accounts import Account

REQUIRED: Final = ("name",)
OPTIONAL: Final = ("roles", "unit", "nip", "os_user")


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a row: the account's name, the number under which it waits, or a password for one login."""

    name: str
    nip: str | None
    waits: int | None
    password: str | None


def bring_accounts(
    engine: Engine, file: str, content: bytes, *, by: Account, now: datetime, with_passwords: bool
) -> list[Brought]:
    """Given a file of accounts (csv or xlsx), add them; return what became of each row.

    Roles are parted by blanks, none means employee. With passwords each account that is there at once gets one.

    Raise ProblemsFound with every problem of every row; nothing is added then.
    """
    require(by, Deed.CHANGE_ACCOUNTS)
    wanted = list(_read(file, content))
    made = {change.name: passwords.one_time() for _, change in wanted} if with_passwords else {}
    hashed = {name: passwords.hashed(password) for name, password in made.items()}

    def work(conn: Connection) -> list[Brought]:
        wait_turn(conn, ACCOUNTS_LOCK)
        powers = Powers(conn, now.date())
        brought, problems = [], []
        for number, change in wanted:
            try:
                waits = accounts.asked(conn, change, by=by, now=now, powers=powers)
                if waits is None:
                    carry_out(conn, change, by=by, now=now, asked={"file": file}, powers=powers)
            except (Refused, WrongUsage) as error:
                problems.append(_problem(file, number, error))
                continue
            if waits is None and change.name in hashed:
                logins.keep_password(conn, change.name, hashed[change.name], must_change=True, by=by, now=now)
            password = made.get(change.name) if waits is None else None
            brought.append(Brought(change.name, change.values["nip"], waits, password))
        if problems:
            raise ProblemsFound(problems)
        return brought

    for unit in sorted({change.values["unit"] for _, change in wanted} - {None}):
        name_checks.require_unit(engine, unit)
    return in_transaction(engine, work)


def _read(file: str, content: bytes) -> Iterator[tuple[int, Change]]:
    table, problems = read_table(file, content, required=REQUIRED, optional=OPTIONAL)
    changes = []
    for number, cells in zip(table.numbers, table.rows, strict=True):
        row = dict(zip(table.columns, cells, strict=True))
        if row["nip"] and not is_nip(row["nip"]):
            problems.append(Problem(file, number, 0, "nip", Message("{nip}; allowed: 18 digits", nip=repr(row["nip"]))))
        values: dict[str, Any] = {name: row[name] or None for name in ("unit", "nip", "os_user")}
        roles = frozenset(row["roles"].replace(",", " ").split()) or frozenset({Role.EMPLOYEE})
        changes.append((number, Change(ChangeKind.ADD, row["name"], values | {"roles": roles, "feeds": frozenset()})))
    if problems:
        raise ProblemsFound(problems)
    yield from changes


def _problem(file: str, number: int, error: EkinerjaError) -> Problem:
    return Problem(file, number, 0, "name", error.message)
