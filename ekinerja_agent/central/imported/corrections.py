"""Corrections of scans that people enter and decide by commands, beside those of files: one table, one numbering.

A correction that is entered is a batch of one row, so that it can be taken back like a file. A decision is a row of its
own, made once and by somebody else. Does not know how many corrections a rule allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Text,
    case,
    exists,
    func,
    insert,
    literal,
    select,
    tuple_,
    type_coerce,
)

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.imported import organisation
from ekinerja_agent.central.imported.batches import new_batch
from ekinerja_agent.central.imported.decisions import with_decisions
from ekinerja_agent.central.kinds import CORRECTION_LOCK, fact_kind
from ekinerja_agent.central.marks import changed_days
from ekinerja_agent.central.store.autonumber import insert_numbered
from ekinerja_agent.central.store.engine import in_transaction, reading, wait_turn
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.columns import MessageText
from ekinerja_agent.central.store.tables.imported import (
    correction_decisions,
    corrections,
    enrolments,
    import_batches,
    import_revocations,
)
from ekinerja_agent.central.versions import current, fact_table
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.status_words import status_word
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import CORRECTION

KIND = "corrections"
_ENTERED = "correction add"


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction as it was entered. `status` is what counts now; `account_id` is who brought it."""

    number: int
    batch: int
    nip: str
    day: date
    scan: str
    action: str
    at: time | None
    document: str | None
    requested_by: str | None
    status: EntryStatus
    account_id: int

    @property
    def reference(self) -> str:
        """The name that findings and people use."""
        return reference(self.number)


class _Standing(NamedTuple):
    number: int
    status: EntryStatus


@dataclass(frozen=True, slots=True)
class OnePerson:
    """What stands about one person, as rows by kind, read inside the transaction that decides."""

    conn: Connection
    nip: str

    def rows(self, kind: str) -> Sequence[Mapping[str, Any]]:
        """Given a kind, return the person's rows; of a kind that is of no person, all rows."""
        table = fact_table(kind)
        conditions: list[ColumnElement[bool]] = []
        if "nip" in fact_kind(kind).key:
            conditions.append(table.c.nip == self.nip)
        elif kind == enrolments.name:
            own = select(table.c.pin, table.c.terminal).where(table.c.nip == self.nip)
            conditions.append(tuple_(table.c.pin, table.c.terminal).in_(own))
        standing = with_decisions(self.conn, kind, current(table, *conditions))
        return [row for row in standing if row.get("nip", self.nip) == self.nip]


def reference(number: int) -> str:
    """Given a correction's number, return its name: `correction/N`."""
    return f"{CORRECTION}{number}"


def request(
    engine: Engine,
    *,
    nip: str,
    day: date,
    scan: str,
    action: str,
    at: time | None,
    document: str,
    account: Account,
    now: datetime,
) -> int:
    """Given what is to be corrected, keep it as pending and return its number.

    Raise WrongUsage if no employee has the NIP, Refused if the account may not, or while another one of the same scan
    counts or is undecided.
    """
    row = {
        "row": 1,
        "nip": nip,
        "date": day,
        "scan": scan,
        "action": action,
        "time": at,
        "document": document,
        "requested_by": account.nip or account.name,
        "requested_at": f"{now:%Y-%m-%d %H:%M:%S}",
        "status": EntryStatus.PENDING,
    }

    def work(conn: Connection) -> int:
        wait_turn(conn, CORRECTION_LOCK)
        _refuse_strangers(conn, nip)
        unit = organisation.unit_of(conn, nip, day)
        organisation.require_power(conn, account, Deed.ENTER_CORRECTION, subject=nip, day=day, unit=unit, nip=nip)
        _refuse_another(conn, row)
        digest = sha256("\0".join(map(str, row.values())).encode()).hexdigest()
        batch = new_batch(conn, account.id, KIND, _ENTERED, f"sha256:{digest}", 1, 0, now)
        number = insert_numbered(conn, corrections, batch=batch, **row)
        changed_days.mark(conn, [(changed_days.of_person(nip), day)])
        details = {
            "batch": batch,
            "nip": nip,
            "date": day.isoformat(),
            "scan": scan,
            "action": action,
            "time": at and at.isoformat(),
            "document": document,
        }
        audit.append(conn, account.name, "correction.add", reference(number), details, now)
        return number

    return in_transaction(engine, work)


def decide(
    engine: Engine,
    number: int,
    *,
    approved: bool,
    reason: str | None,
    account: Account,
    now: datetime,
    judge: Callable[[Correction, OnePerson], None],
) -> Correction:
    """Given a correction's number, keep the decision; return the correction as it was before.

    `judge` looks at it and at what stands about the person, and raises Refused if a rule forbids the approval; nobody
    else decides about this person meanwhile. Raise WrongUsage if there is no such correction, Refused if it is decided,
    replaced or taken back, or if the account entered it, is the person or may not decide.
    """

    def work(conn: Connection) -> Correction:
        wait_turn(conn, CORRECTION_LOCK)
        one = _find(conn, number)
        _refuse_settled(conn, one)
        _require_decider(conn, one, account)
        if approved:
            judge(one, OnePerson(conn, one.nip))
        conn.execute(
            insert(correction_decisions).values(
                correction=number, approved=approved, reason=reason, account_id=account.id, decided_at=now
            )
        )
        changed_days.mark(conn, [(changed_days.of_person(one.nip), one.day)])
        word = "correction.approve" if approved else "correction.reject"
        audit.append(conn, account.name, word, one.reference, {"nip": one.nip, "reason": reason}, now)
        return one

    return in_transaction(engine, work)


def rows(engine: Engine, *, nip: str | None = None, status: str | None = None) -> list[dict[str, Any]]:
    """Given the database, return the corrections that stand, newest first: the columns of `correction list`."""
    conditions = [] if nip is None else [corrections.c.nip == nip]
    standing = current(corrections, *conditions).subquery()
    c = standing.c
    decider, importer = accounts.alias(), accounts.alias()
    d = correction_decisions.c
    query = (
        select(
            *(c[name] for name in ("id", "nip", "date", "scan", "action", "time", "document", "requested_by")),
            _status(c).label("status"),
            case((d.correction.is_(None), c.decided_by), else_=decider.c.name).label("decided_by"),
            type_coerce(
                case((d.correction.is_(None), func.coalesce(c.reason_message, c.reason)), else_=d.reason), MessageText
            ).label("reason"),
            importer.c.name.label("entered_by"),
            c.batch,
        )
        .select_from(standing)
        .join(import_batches, import_batches.c.id == c.batch)
        .join(importer, importer.c.id == import_batches.c.account_id)
        .outerjoin(correction_decisions, d.correction == c.id)
        .outerjoin(decider, decider.c.id == d.account_id)
        .order_by(c.id.desc())
    )
    with reading(engine) as conn:
        found = [_listed(row) for row in conn.execute(query).mappings()]
    return [row for row in found if status in {None, row["status"]}]


def _listed(row: RowMapping) -> dict[str, Any]:
    listed = dict(row)
    return {"number": listed.pop("id")} | listed


def _status(columns: Any) -> ColumnElement[str]:
    """What counts: the decision of a command, else the row's own status."""
    d = correction_decisions.c
    return case(
        (d.correction.is_(None), columns.status),
        (d.approved, literal(EntryStatus.APPROVED, Text)),
        else_=literal(EntryStatus.REJECTED, Text),
    )


def _find(conn: Connection, number: int) -> Correction:
    c, d = corrections.c, correction_decisions.c
    query = (
        select(corrections, _status(c).label("counts"), import_batches.c.account_id)
        .join(import_batches, import_batches.c.id == c.batch)
        .outerjoin(correction_decisions, d.correction == c.id)
        .where(c.id == number)
    )
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise WrongUsage(
            Message("there is no {reference}; `ekinerja-agent correction list` shows them", reference=reference(number))
        )
    return Correction(
        number=number,
        batch=row["batch"],
        nip=row["nip"],
        day=row["date"],
        scan=row["scan"],
        action=row["action"],
        at=row["time"],
        document=row["document"],
        requested_by=row["requested_by"],
        status=EntryStatus(row["counts"]),
        account_id=row["account_id"],
    )


def _standing_like(conn: Connection, row: Mapping[str, Any]) -> _Standing | None:
    """The correction that stands for the same scan and action."""
    key = [corrections.c[name] == row[name] for name in fact_kind(KIND).key]
    standing = current(corrections, *key).subquery()
    d = correction_decisions.c
    query = select(standing.c.id, _status(standing.c).label("status")).select_from(
        standing.outerjoin(correction_decisions, d.correction == standing.c.id)
    )
    found = conn.execute(query).one_or_none()
    return None if found is None else _Standing(found.id, EntryStatus(found.status))


def _refuse_strangers(conn: Connection, nip: str) -> None:
    employees = fact_table("employees")
    if not conn.scalar(select(exists().where(employees.c.nip == nip))):
        raise WrongUsage(Message("no employee has the NIP {nip}; `import employees` brings them", nip=nip))


def _refuse_another(conn: Connection, row: Mapping[str, Any]) -> None:
    found = _standing_like(conn, row)
    if found is None or found.status == EntryStatus.REJECTED:
        return
    number = found.number
    if found.status == EntryStatus.PENDING:
        raise Refused(
            Message(
                "{reference} for the same scan is not decided yet; decide it first: correction approve|reject {number}",
                reference=reference(number),
                number=number,
            )
        )
    raise Refused(
        Message(
            "{reference} for the same scan is approved already; to change it, take it back first: import revoke "
            "{batch}",
            reference=reference(number),
            batch=_find(conn, number).batch,
        )
    )


def _refuse_settled(conn: Connection, one: Correction) -> None:
    if conn.scalar(select(exists().where(import_revocations.c.batch == one.batch))):
        raise Refused(
            Message(
                "{reference} was taken back with batch {batch}; enter another one: correction add",
                reference=one.reference,
                batch=one.batch,
            )
        )
    if one.status != EntryStatus.PENDING:
        raise Refused(
            Message(
                "{reference} is {status} already; a decision is made once",
                reference=one.reference,
                status=status_word(one.status),
            )
        )
    key = {"nip": one.nip, "date": one.day, "scan": one.scan, "action": one.action}
    standing = _standing_like(conn, key)
    if standing is not None and standing.number != one.number:
        raise Refused(
            Message(
                "{reference} was replaced by {newer}; decide that one",
                reference=one.reference,
                newer=reference(standing.number),
            )
        )


def _require_decider(conn: Connection, one: Correction, account: Account) -> None:
    unit = organisation.unit_of(conn, one.nip, one.day)
    brought = one.account_id == account.id or one.requested_by in {account.name, account.nip} - {None}
    deed, subject = Deed.DECIDE_CORRECTION, one.reference
    organisation.require_power(
        conn, account, deed, subject=subject, day=one.day, unit=unit, nip=one.nip, brought=brought
    )
