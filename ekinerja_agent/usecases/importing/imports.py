"""Brings a file of facts into central: read, judge everything, then store all of it or nothing.

Promises that a file with one wrong row changes nothing, that bringing the same file again changes nothing, that what a
file is judged by does not change before it is stored, and that an importer's decisions count only where the importer
may decide. Does not know files on a disk.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ekinerja_agent.central.imported.batches import revoke, store_batch, wait_turn_of_kind
from ekinerja_agent.central.imported.import_lookups import StoredFacts
from ekinerja_agent.central.kinds import PUNCH_KINDS
from ekinerja_agent.central.store.engine import in_transaction, reading
from ekinerja_agent.county.access import Deed, anywhere
from ekinerja_agent.files.table_file import read_table
from ekinerja_agent.nouns.errors import Problem, ProblemsFound, Refused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.kinds import KINDS
from ekinerja_agent.usecases.importing.reading.judging import Draft, Importer, filled

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.rules import RuleBook


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file as it came: its name without folders, and its bytes."""

    name: str
    content: bytes

    @property
    def digest(self) -> str:
        """`sha256:` and the hex digest of the bytes."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file of facts. `batch` is None if it was only tried; nothing else is counted then.

    `stored` rows are new to central, `new_versions` of them replace a row of the same key; `unchanged` rows
    were there already. `waits`: the batch moves what somebody is paid, and counts once another person approved it.
    `rejected` rows are stored or there like the others, but count for nothing; each has
    its reason.
    """

    kind: str
    file: str
    rows: int
    rejected: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    batch: int | None = None
    stored: int = 0
    new_versions: int = 0
    unchanged: int = 0
    waits: bool = False


def importer_for(account: Account, kind: str) -> Importer:
    """Given an account and a kind, return it as importer. Raise Refused if it may not bring such a file."""
    vouches = account.is_feed(kind)
    deed = Deed.IMPORT_PUNCHES if kind in PUNCH_KINDS else Deed.IMPORT
    if not vouches and not anywhere(account, deed):
        raise Refused(
            Message(
                "{account} may not import {kind}; an operator may, or a feed (`ekinerja-agent account add NAME "
                "--feed {kind}`)",
                account=account.name,
                kind=kind,
            )
        )
    return Importer(account.name, account.nip, vouches)


def import_facts(
    engine: Engine,
    account: Account,
    kind: str,
    file: ImportFile,
    *,
    now: datetime,
    profile: str,
    rules: RuleBook | None = None,
    dry_run: bool = False,
) -> Imported:
    """Given a file of a kind of `import_kinds.KINDS`, store its rows as one batch; return what became of it.

    `rules` are the rules that rows may name or must keep; None if no rules are configured. `profile` is that of units
    that name none. Raise ProblemsFound with every problem of every row, and Refused if the account may not; nothing is
    stored then.
    """
    importer, one = importer_for(account, kind), KINDS[kind]
    table, problems = read_table(file.name, file.content, required=one.required, optional=one.optional)
    rows, wrong = filled(one, table, file.name)

    def judged(conn: Connection) -> Imported:
        draft = Draft(file.name, importer, now.date(), StoredFacts(conn), rules, profile=profile)
        draft.rows, draft.problems = list(map(dict, rows)), [*problems, *wrong]
        one.judge(draft)
        if draft.problems:
            raise ProblemsFound(draft.problems)
        rejected, warnings = tuple(sorted(draft.rejected)), tuple(sorted(draft.warnings))
        tried = Imported(kind, file.name, len(draft.rows), rejected, warnings)
        if dry_run:
            return tried
        receipt = store_batch(conn, account.id, kind, file.name, file.digest, draft.rows, len(rejected), now)
        return replace(
            tried,
            batch=receipt.batch,
            stored=receipt.stored,
            new_versions=receipt.new_versions,
            unchanged=receipt.unchanged,
            waits=receipt.waits,
        )

    def stored(conn: Connection) -> Imported:
        wait_turn_of_kind(conn, kind, {row["nip"] for row in rows if "nip" in row})
        return judged(conn)

    if dry_run:
        with reading(engine) as conn:
            return judged(conn)
    return in_transaction(engine, stored)


def revoke_batch(engine: Engine, account: Account, batch: int, reason: str, *, now: datetime) -> None:
    """Given a batch, let it count no more; what stood before it stands again.

    Raise Refused if the account may not, or if another person has to do the same first.
    """
    if not anywhere(account, Deed.REVOKE_IMPORT):
        raise Refused(
            Message("{account} may not take a batch back; an operator or somebody of payroll may", account=account.name)
        )
    if not revoke(engine, batch, account, reason, now):
        raise Refused(
            Message(
                "{account} has asked to take batch {batch} back, and it still counts: another person who agrees "
                'runs `ekinerja-agent import revoke {batch} --reason "…"` too, and that takes it back',
                account=account.name,
                batch=batch,
            )
        )
