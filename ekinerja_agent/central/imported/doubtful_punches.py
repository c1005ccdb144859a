"""Records that contradict what was proven: kept, no punches until two people have decided.

A stretch that a collector proved holds all its records. What a file adds to it was in no log then: it may be what a
slow hand brings late, or made up at a desk, and another person than who brought it decides. What the terminal itself
shows against that, nobody brought: two people say the same. Promises that neither is lost, and that it counts for and
against nobody until then. Does not know which score it would move.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, exists, func, insert, or_, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account, another_may
from ekinerja_agent.central.collected.doubts import is_copy, is_punch, waits_for_people
from ekinerja_agent.central.collected.inbox import PUNCH_COLUMNS, insert_punches, isolate, punch_days, punch_row
from ekinerja_agent.central.collected.pin_owners import SLOT, Enrolments
from ekinerja_agent.central.imported import organisation
from ekinerja_agent.central.marks import changed_days
from ekinerja_agent.central.store.bulk import insert_rows
from ekinerja_agent.central.store.database_errors import reason
from ekinerja_agent.central.store.engine import in_transaction, reading, wait_turn
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.imported import enrolments, import_revocations
from ekinerja_agent.central.store.tables.recorded import (
    coverage,
    doubt_decisions,
    doubt_requests,
    doubtful_punches,
    slot_owners,
)
from ekinerja_agent.central.versions import current
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.nouns.punch import FROM_TERMINAL, Punch, Source
from ekinerja_agent.nouns.statuses import EntryStatus


class DoubtDecision(NamedTuple):
    """What somebody decided on; `is_done` False: another person has to say the same first."""

    pin: str
    clock: datetime
    is_done: bool


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
    enrolled = _enrolments(conn, {place for place, _ in shown})
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
            *(p.id, p.terminal, p.pin, p.clock, p.at, p.batch, p.contradicts, p.made_since, p.made_until),
            *(d.approved, d.reason, is_punch().label("is_punch")),
            *(brought.c.name.label("entered_by"), decider.c.name.label("decided_by"), r.batch.label("revoked")),
        )
        .outerjoin(brought, brought.c.id == p.account_id)
        .outerjoin(doubt_decisions, d.doubt == p.id)
        .outerjoin(decider, decider.c.id == d.account_id)
        .outerjoin(import_revocations, r.batch == p.batch)
        .where(~is_copy())
        .order_by(p.id.desc())
    )
    with reading(engine) as conn:
        found = conn.execute(query).all()
        enrolled = _enrolments(conn, {(row.terminal, row.pin) for row in found})
        asked = _asked(conn)
    return [
        {
            "number": row.id,
            "terminal": row.terminal,
            "pin": row.pin,
            "clock": row.clock,
            "nip": enrolled.nip(row.terminal, row.pin, row.clock.date(), row.at),
            "contradicts": row.contradicts,
            "made_since": row.made_since,
            "made_until": row.made_until,
            "entered_by": row.entered_by,
            "asked_by": " ".join(asked.get(row.id, ())),
            "status": _status(row),
            "decided_by": row.decided_by,
            "reason": row.reason,
            "batch": row.batch or None,
        }
        for row in found
    ]


def count_undecided(conn: Connection) -> dict[str, int]:
    """Return how many records wait for people, by terminal."""
    p = doubtful_punches.c
    query = select(p.terminal, func.count().label("waiting")).where(waits_for_people()).group_by(p.terminal)
    return {row.terminal: row.waiting for row in conn.execute(query.order_by(p.terminal))}


def told_before_close(engine: Engine, month: date) -> list[Message]:
    """Given a month (its first day), return what who closes it should know of such records; nothing if none waits."""
    p = doubtful_punches.c
    first, last = datetime(month.year, month.month, 1), datetime.combine(last_day(month), time.max)  # noqa: DTZ001
    of_month = or_(*(clock.between(first, last) for clock in (p.clock, p.made_since, p.made_until)))
    with reading(engine) as conn:
        count = conn.scalar(select(func.count()).where(waits_for_people(), of_month)) or 0
    if not count:
        return []
    return [
        Message(
            "{count} records of {month} contradict what was proven and count for nobody: `ekinerja-agent punch "
            "doubtful list`",
            count=count,
            month=f"{month:%Y-%m}",
        )
    ]


def decide(
    engine: Engine, number: int, *, approved: bool, why: str | None, account: Account, now: datetime
) -> DoubtDecision:
    """Given the number of such a record, keep the decision, and let an approved one be a punch; of a record that no
    person brought, keep it if another person said the same, and what this one says otherwise.

    Raise WrongUsage if there is none, Refused if it was decided or taken back, or if the account brought it, is the
    person or may not decide.
    """

    def work(conn: Connection) -> DoubtDecision:
        wait_turn(conn, _LOCK)
        row = conn.execute(select(doubtful_punches).where(doubtful_punches.c.id == number)).one_or_none()
        if row is None:
            raise WrongUsage(
                Message("there is no doubtful record {number}; `punch doubtful list` shows them", number=number)
            )
        day = row.clock.date()
        nip = _enrolments(conn, {(row.terminal, row.pin)}).nip(row.terminal, row.pin, day, row.at)
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
        details = {"terminal": row.terminal, "pin": row.pin, "nip": nip, "clock": f"{row.clock}", "reason": why}
        word = "punch.doubtful.approve" if approved else "punch.doubtful.reject"
        others = _asked(conn, approved=approved, beside=account.id).get(number, [])
        if row.account_id is None and not others and another_may(conn, account, Deed.DECIDE_DOUBT):
            asking = {"doubt": number, "account_id": account.id, "approved": approved}
            if number not in _asked(conn, approved=approved):
                conn.execute(insert(doubt_requests).values(**asking, reason=why, requested_at=now))
                audit.append(conn, account.name, f"{word}-ask", f"doubt/{number}", details, now)
            return DoubtDecision(row.pin, row.clock, is_done=False)
        decision = {"approved": approved, "reason": why, "account_id": account.id, "decided_at": now}
        conn.execute(insert(doubt_decisions).values(doubt=number, **decision))
        punch = Punch(
            *(row.terminal, row.pin, row.clock, row.occurrence, row.at, row.offset_s),
            *(row.verify, row.state, row.work_code, Source(row.source), bytes(row.raw), row.corrected),
        )
        if approved:
            insert_punches(conn, {row.punch_id: punch}, row.batch, now)
        marked = punch_days([punch]) | {
            (row.terminal, clock.date()) for clock in (row.made_since, row.made_until) if clock
        }
        changed_days.mark(conn, marked)
        audit.append(conn, account.name, word, f"doubt/{number}", details | {"asked_by": others}, now)
        return DoubtDecision(row.pin, row.clock, is_done=True)

    return in_transaction(engine, work)


def _status(row: Any) -> EntryStatus:
    if row.revoked is not None:
        return EntryStatus.WITHDRAWN
    return EntryStatus.APPROVED if row.approved is None and row.is_punch else _STATUSES[row.approved]


def _asked(conn: Connection, *, approved: bool | None = None, beside: int | None = None) -> dict[int, list[str]]:
    """Who said what becomes of records (`approved` None: either), by record the names, the first one first; `beside`
    leaves an account out.
    """
    q = doubt_requests.c
    query = select(q.doubt, accounts.c.name).join(accounts, accounts.c.id == q.account_id)
    if approved is not None:
        query = query.where(q.approved == approved)
    asked: dict[int, list[str]] = {}
    for row in conn.execute(query.where(q.account_id != (beside or 0)).order_by(q.requested_at)):
        asked.setdefault(row.doubt, []).append(row.name)
    return asked


def _refuse_settled(conn: Connection, number: int, batch: int) -> None:
    if conn.scalar(select(exists().where(doubt_decisions.c.doubt == number))):
        raise Refused(Message("doubtful record {number} is decided already; a decision is made once", number=number))
    if conn.scalar(select(exists().where(import_revocations.c.batch == batch))):
        raise Refused(Message("doubtful record {number} was taken back with batch {batch}", number=number, batch=batch))
    waits = select(exists().where(doubtful_punches.c.id == number, waits_for_people()))
    if not conn.scalar(waits):
        raise Refused(
            Message(
                "its terminal shows record {number} too: it is a punch, or waits by its own number "
                "(`punch doubtful list`)",
                number=number,
            )
        )


def _enrolments(conn: Connection, places: Set[tuple[str, str]]) -> Enrolments:
    """Those of these terminals and PINs; a slot has its own owner, whatever its number."""
    pins = {pin for _, pin in places}
    owned: list[dict[str, Any]] = []
    if slots := {terminal for terminal, pin in places if pin.startswith(SLOT)}:
        query = select(slot_owners).where(slot_owners.c.terminal.in_(sorted(slots)))
        owned = [dict(row) for row in conn.execute(query).mappings()]
    pins |= {row["pin"] for row in owned}
    enrolled = current(enrolments, enrolments.c.pin.in_(sorted(pins)))
    told = [dict(row) for row in conn.execute(enrolled.order_by(enrolled.selected_columns["id"])).mappings()]
    return Enrolments(told, owned)
