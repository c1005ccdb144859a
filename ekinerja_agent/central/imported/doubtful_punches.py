"""Records of a file that contradict a log which was read whole: kept, no punches until another person approved them.

A stretch that a collector proved holds all its records. Whatever a file adds to it was in no log then: it may be what a
slow hand brings late, or made up at a desk. Promises that it is not lost, and counts for and against nobody until then.
Does not know which score it would move.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, exists, insert, or_, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.collected.inbox import PUNCH_COLUMNS, insert_punches, isolate, punch_days, punch_row
from ekinerja_agent.central.collected.pin_owners import Enrolments
from ekinerja_agent.central.imported import organisation
from ekinerja_agent.central.marks import changed_days
from ekinerja_agent.central.store.bulk import insert_rows
from ekinerja_agent.central.store.database_errors import reason
from ekinerja_agent.central.store.engine import in_transaction, reading, wait_turn
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.imported import enrolments, import_revocations
from ekinerja_agent.central.store.tables.recorded import coverage, doubt_decisions, doubtful_punches, slot_owners
from ekinerja_agent.central.versions import current
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import FROM_TERMINAL, Punch, Source
from ekinerja_agent.nouns.statuses import EntryStatus

SHOWN: Final = 50
"""How many PINs the audit row of a file names, each with so many days at most; of the others it has the number."""
_EVER: Final = datetime.min.replace(tzinfo=UTC)
_WIB: Final = timedelta(hours=7)
_WIT: Final = timedelta(hours=9)
_LOCK: Final = 0x646F7562
"""One decision at a time."""
_STATUSES: Final = {None: EntryStatus.PENDING, True: EntryStatus.APPROVED, False: EntryStatus.REJECTED}


def contradicting(conn: Connection, fresh: Mapping[str, Punch]) -> set[str]:
    """Given punches by id that no witness has, return those that lie where a collector proved to have all."""
    instants = {name: _instants(punch) for name, punch in fresh.items()}
    known = [at for each in instants.values() for at in each]
    if not known:
        return set()
    c = coverage.c
    proven: dict[str, list[tuple[datetime, datetime]]] = {}
    near = (c.end > min(known), or_(c.start.is_(None), c.start <= max(known)))
    query = select(c.terminal, c.start, c.end).where(
        c.terminal.in_(sorted({punch.terminal for punch in fresh.values()})),
        *(c.kind == "proven", c.batch == FROM_TERMINAL),
        *near,
    )
    for row in conn.execute(query):
        proven.setdefault(row.terminal, []).append((row.start or _EVER, row.end))
    joined = {terminal: _joined(own) for terminal, own in proven.items()}
    return {
        name for name, each in instants.items() if any(_holds(joined.get(fresh[name].terminal, ()), at) for at in each)
    }


def _instants(punch: Punch) -> tuple[datetime, ...]:
    """Where the zone of a terminal is not known to the file, that of each end of the country."""
    if punch.at is not None:
        return (punch.at,)
    return tuple((punch.clock - zone).replace(tzinfo=UTC) for zone in (_WIB, _WIT))


def _joined(stretches: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """A terminal that is read every minute has a thousand of them a day."""
    found: list[tuple[datetime, datetime]] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _holds(stretches: Sequence[tuple[datetime, datetime]], at: datetime) -> bool:
    place = bisect_right(stretches, at, key=lambda stretch: stretch[0]) - 1
    return place >= 0 and at < stretches[place][1]


def keep(
    conn: Connection, doubtful: Mapping[str, Punch], batch: int, account_id: int, now: datetime
) -> dict[str, Message]:
    """Given punches by id and the file that brought them, keep each until another person decides. Return by id the
    reason why others can never be kept.
    """
    columns = [*PUNCH_COLUMNS, "account_id"]

    def store(names: Sequence[str]) -> None:
        rows = ((*punch_row(name, doubtful[name], batch, now), account_id) for name in names)
        insert_rows(conn, doubtful_punches, columns, rows)

    refused = isolate(conn, sorted(doubtful), store)
    return {name: Message("central cannot store it: {reason}", reason=reason(error)) for name, error in refused}


def for_audit(conn: Connection, brought: Mapping[str, Punch]) -> dict[str, Any]:
    """Given punches that a file adds, return what its audit row says of them: whose, where, on which days."""
    days: dict[tuple[str, str], set[str]] = {}
    for punch in brought.values():
        days.setdefault((punch.terminal, punch.pin), set()).add(punch.clock_text[:10])
    shown = sorted(days.items())[:SHOWN]
    enrolled = _enrolments(conn, {pin for (_, pin), _ in shown})
    people = [
        {
            "terminal": terminal,
            "pin": pin,
            "nip": enrolled.nip(terminal, pin, date.fromisoformat(min(own)), None),
            "days": sorted(own)[:SHOWN],
        }
        for (terminal, pin), own in shown
    ]
    return {"added": people} | ({"pins_in_all": len(days)} if len(days) > SHOWN else {})


def rows(engine: Engine) -> list[dict[str, Any]]:
    """Given the database, return all such records, newest first: the columns of `punch doubtful list`."""
    brought, decider = accounts.alias(), accounts.alias()
    p, d, r = doubtful_punches.c, doubt_decisions.c, import_revocations.c
    query = (
        select(
            *(p.id, p.terminal, p.pin, p.clock, p.batch, d.approved, d.reason),
            *(brought.c.name.label("entered_by"), decider.c.name.label("decided_by"), r.batch.label("revoked")),
        )
        .join(brought, brought.c.id == p.account_id)
        .outerjoin(doubt_decisions, d.doubt == p.id)
        .outerjoin(decider, decider.c.id == d.account_id)
        .outerjoin(import_revocations, r.batch == p.batch)
        .order_by(p.id.desc())
    )
    with reading(engine) as conn:
        found = conn.execute(query).all()
        enrolled = _enrolments(conn, {row.pin for row in found})
    return [
        {
            "number": row.id,
            "terminal": row.terminal,
            "pin": row.pin,
            "clock": row.clock,
            "nip": enrolled.nip(row.terminal, row.pin, row.clock.date(), None),
            "entered_by": row.entered_by,
            "status": EntryStatus.WITHDRAWN if row.revoked is not None else _STATUSES[row.approved],
            "decided_by": row.decided_by,
            "reason": row.reason,
            "batch": row.batch,
        }
        for row in found
    ]


def decide(
    engine: Engine, number: int, *, approved: bool, why: str | None, account: Account, now: datetime
) -> tuple[str, datetime]:
    """Given the number of such a record, keep the decision, and let an approved one be a punch; return its PIN and
    clock. Raise WrongUsage if there is none, Refused if it was decided or taken back, or if the account brought it, is
    the person or may not decide.
    """

    def work(conn: Connection) -> tuple[str, datetime]:
        wait_turn(conn, _LOCK)
        row = conn.execute(select(doubtful_punches).where(doubtful_punches.c.id == number)).one_or_none()
        if row is None:
            raise WrongUsage(
                Message("there is no doubtful record {number}; `punch doubtful list` shows them", number=number)
            )
        day = row.clock.date()
        nip = _enrolments(conn, {row.pin}).nip(row.terminal, row.pin, day, None)
        _refuse_settled(conn, number, row.batch)
        organisation.require_power(
            conn,
            account,
            Deed.DECIDE_DOUBT,
            subject=f"doubt/{number}",
            day=day,
            unit=None if nip is None else organisation.unit_of(conn, nip, day),
            nip=nip,
            brought=row.account_id == account.id,
        )
        decision = {"approved": approved, "reason": why, "account_id": account.id, "decided_at": now}
        conn.execute(insert(doubt_decisions).values(doubt=number, **decision))
        punch = Punch(
            *(row.terminal, row.pin, row.clock, row.occurrence, row.at, row.offset_s),
            *(row.verify, row.state, row.work_code, Source(row.source), bytes(row.raw), row.corrected),
        )
        if approved:
            insert_punches(conn, {row.punch_id: punch}, row.batch, now)
        changed_days.mark(conn, punch_days([punch]))
        details = {"terminal": row.terminal, "pin": row.pin, "nip": nip, "clock": f"{row.clock}", "reason": why}
        word = "punch.doubtful.approve" if approved else "punch.doubtful.reject"
        audit.append(conn, account.name, word, f"doubt/{number}", details, now)
        return row.pin, row.clock

    return in_transaction(engine, work)


def _refuse_settled(conn: Connection, number: int, batch: int) -> None:
    if conn.scalar(select(exists().where(doubt_decisions.c.doubt == number))):
        raise Refused(Message("doubtful record {number} is decided already; a decision is made once", number=number))
    if conn.scalar(select(exists().where(import_revocations.c.batch == batch))):
        raise Refused(Message("doubtful record {number} was taken back with batch {batch}", number=number, batch=batch))


def _enrolments(conn: Connection, pins: Set[str]) -> Enrolments:
    """Those of these PINs; a slot has its own owner, whatever its number."""
    query = current(enrolments, enrolments.c.pin.in_(sorted(pins)))
    told = [dict(row) for row in conn.execute(query.order_by(query.selected_columns["id"])).mappings()]
    owners = select(slot_owners).where(slot_owners.c.pin.in_(sorted(pins)))
    return Enrolments(told, [dict(row) for row in conn.execute(owners).mappings()])
