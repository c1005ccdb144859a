"""What a person decides of records that are set apart: an event of a terminal is a punch, or a record is none.

Each decision is a batch: where a unit was closed before and somebody else could decide it waits as any batch that moves
money does, and it can be taken back as one. Nothing of a record is changed, and none becomes two punches. Does not know
how bytes are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, exists, insert, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account, another_may, require
from ekinerja_agent.central.collected.inbox import insert_punches, insert_quarantined, punch_days
from ekinerja_agent.central.collected.pin_owners import read_enrolments
from ekinerja_agent.central.collected.set_apart import Apart, find, waits
from ekinerja_agent.central.imported import organisation
from ekinerja_agent.central.imported.batches import new_batch
from ekinerja_agent.central.imported.doubtful_punches import for_audit
from ekinerja_agent.central.kinds import QUARANTINE
from ekinerja_agent.central.marks import changed_days
from ekinerja_agent.central.store.engine import wait_turn
from ekinerja_agent.central.store.tables.imported import batch_decisions, held_batches
from ekinerja_agent.central.store.tables.periods import period_events
from ekinerja_agent.central.store.tables.recorded import apart_releases, apart_settled, set_apart
from ekinerja_agent.central.versions import not_taken_back
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import FROM_TERMINAL, Punch, Quarantined

_LOCK = 0x61706172
"""One decision at a time."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a decision did: its batch, of which terminal and event, of how many records; `waits` for another person."""

    batch: int
    terminal: str
    code: str | None
    records: int
    waits: bool


def wait_to_decide(conn: Connection) -> None:
    """Given a writing connection, wait until nobody else decides: what is read from now on is as it is decided."""
    wait_turn(conn, _LOCK)


def one(conn: Connection, number: int) -> Apart:
    """Given the number of a row of the quarantine that waits, return it. Raise WrongUsage if there is none, Refused if
    it waits no more, or its decision waits for another person.
    """
    found = find(conn, set_apart.c.id == number)
    if not found:
        raise WrongUsage(Message("the quarantine has no number {number}; `punch quarantine` shows them", number=number))
    if not find(conn, set_apart.c.id == number, waits(set_apart)):
        raise Refused(Message("number {number} of the quarantine waits no more", number=number))
    return found[0]


def release(conn: Connection, number: int, *, reason: str, account: Account, now: datetime) -> Decision:
    """Given the number of a record with a PIN, on a connection that waited for its turn, let its event be a punch at
    its terminal: all that is kept of it, and all that comes.

    Raise Refused if the account may not decide that, or if one of the records is its own and another person could.
    """
    record = one(conn, number)
    require(account, Deed.DECIDE_IMPORT)
    if record.punch is None or not record.punch.pin or record.code is None:
        raise Refused(
            Message(
                "nobody knows whose number {number} is, so it is nobody's punch; `punch quarantine --retry` reads its "
                "bytes again, --dismiss takes it off the list, and `correction add` brings a scan that was there",
                number=number,
            )
        )
    kept = kept_of(conn, record.terminal, record.code)
    _refuse_own(conn, account, kept)
    standing = _release_of(conn, record.terminal, record.code)
    if standing is not None:  # one came at the moment of the release
        _refuse_waiting(conn, standing)
        take_effect(conn, standing, now)
        return Decision(standing, record.terminal, record.code, len(kept), waits=False)
    batch = _batch(conn, account, f"{record.terminal} {record.code}", kept, now)
    conn.execute(insert(apart_releases).values(batch=batch, terminal=record.terminal, code=record.code, reason=reason))
    return _decided(conn, "release", batch, record, kept, reason, account, now)


def dismiss(conn: Connection, number: int, *, every: bool, reason: str, account: Account, now: datetime) -> Decision:
    """Given the number of a row, on a connection that waited for its turn, let it be no punch; with `every` all that
    waits of its terminal and event. Raise Refused if the account may not decide that, or if it is about its own record.
    """
    record = one(conn, number)
    kept = [record]
    if every:
        require(account, Deed.DECIDE_IMPORT)
        same = set_apart.c.code.is_not_distinct_from(record.code)
        kept = find(conn, set_apart.c.terminal == record.terminal, same, waits(set_apart))
        _refuse_own(conn, account, kept)
    else:
        day = now.date() if record.punch is None else record.punch.clock.date()
        nip = _owners(conn, kept).get(record.number)
        organisation.require_power(
            conn,
            account,
            Deed.DECIDE_DOUBT,
            subject=Message("number {number} of the quarantine", number=number),
            day=day,
            unit=None if nip is None else organisation.unit_of(conn, nip, day),
            nip=nip,
        )
    open_batch = _dismissal_of(conn, number)
    if open_batch is not None:
        _refuse_waiting(conn, open_batch)
    batch = _batch(conn, account, f"{record.terminal} {record.code or ''}".strip(), kept, now)
    _settle(conn, batch, kept, "dismissed", reason)
    return _decided(conn, "dismiss", batch, record, kept, reason, account, now)


def read_again(
    conn: Connection,
    records: Sequence[Apart],
    arriving: Iterable[Punch],
    waiting: Sequence[Quarantined],
    *,
    account: Account,
    now: datetime,
) -> tuple[int, int | None]:
    """Given rows whose bytes were read again and what became of them, let the punches be punches of their terminals,
    and what names a person now wait as that; return how many punches are new, and the batch (None: nothing was read).
    """
    require(account, Deed.TEND_TERMINALS)
    named = {punch.punch_id: punch for punch in arriving}
    if not records:
        return 0, None
    batch = new_batch(conn, account.id, QUARANTINE, "--retry", _digest(records), len(records), 0, now)
    new, refused = insert_punches(conn, named, FROM_TERMINAL, now)
    lost = [
        Quarantined(p.terminal, p.source, -1, p.raw, refused[name], now) for name, p in named.items() if name in refused
    ]
    insert_quarantined(conn, [*waiting, *lost], FROM_TERMINAL)
    _settle(conn, batch, records, "read", None)
    changed_days.mark(conn, punch_days([*named.values(), *(each.apart for each in waiting if each.apart)]))
    details = {"records": len(records), "punches": new, **for_audit(conn, named)}
    audit.append(conn, account.name, "punch.quarantine.retry", f"batch {batch}", details, now)
    return new, batch


def kept_of(conn: Connection, terminal: str, code: str) -> list[Apart]:
    """Given a terminal and an event, return what waits of it with a PIN."""
    s = set_apart.c
    return find(conn, s.terminal == terminal, s.code == code, s.pin != "", waits(set_apart))


def take_effect(conn: Connection, batch: int, now: datetime) -> None:
    """Given a batch that counts, make punches of what it releases, and mark the days of what it settles."""
    marked = [each.punch for each in rows_of(conn, batch) if each.punch is not None]
    if is_release(conn, batch):
        insert_punches(conn, {punch.punch_id: punch for punch in marked}, batch, now)
    changed_days.mark(conn, punch_days(marked))


def rows_of(conn: Connection, batch: int) -> list[Apart]:
    """Given a batch, return what it is about: what it dismisses, or what waits of what it releases."""
    released = conn.execute(select(apart_releases).where(apart_releases.c.batch == batch)).one_or_none()
    if released is not None:
        return kept_of(conn, released.terminal, released.code)
    return find(conn, set_apart.c.id.in_(select(apart_settled.c.apart).where(apart_settled.c.batch == batch)))


def is_release(conn: Connection, batch: int) -> bool:
    """Whether a batch lets an event of a terminal be a punch."""
    return bool(conn.scalar(select(exists().where(apart_releases.c.batch == batch))))


def subjects(rows: Iterable[Mapping[str, Any]]) -> dict[str, set[changed_days.Span]]:
    """Given rows as `listed` tells them, return whose days they touch, the night before included."""
    found: dict[str, set[changed_days.Span]] = {}
    for row in rows:
        if row["nip"] is not None:
            day = row["clock"].date()
            found.setdefault(changed_days.of_person(row["nip"]), set()).add((day - timedelta(days=1), day))
    return found


def listed(conn: Connection, batch: int) -> list[dict[str, Any]]:
    """Given a batch, return its records as another person looks at them."""
    found = rows_of(conn, batch)
    owners = _owners(conn, found)
    return [
        {
            "row": each.number,
            "terminal": each.terminal,
            "code": each.code,
            "pin": None if each.punch is None else each.punch.pin,
            "clock": None if each.punch is None else each.punch.clock,
            "nip": owners.get(each.number),
        }
        for each in found
    ]


def _batch(conn: Connection, account: Account, name: str, kept: Sequence[Apart], now: datetime) -> int:
    return new_batch(conn, account.id, QUARANTINE, name, _digest(kept), len(kept), 0, now)


def _digest(records: Sequence[Apart]) -> str:
    return sha256("\n".join(each.quarantine_id for each in records).encode()).hexdigest()


def _settle(conn: Connection, batch: int, records: Sequence[Apart], outcome: str, reason: str | None) -> None:
    settled = {"batch": batch, "outcome": outcome, "reason": reason}
    conn.execute(insert(apart_settled), [settled | {"apart": each.number} for each in records])


def _decided(
    conn: Connection,
    word: str,
    batch: int,
    record: Apart,
    kept: Sequence[Apart],
    reason: str,
    account: Account,
    now: datetime,
) -> Decision:
    """Let the batch count, or wait where money of closed months hangs on it and somebody else could decide."""
    moves = any(each.punch is not None for each in kept) and conn.scalar(select(exists().where(period_events.c.id > 0)))
    held = bool(moves) and another_may(conn, account, Deed.DECIDE_IMPORT)
    if held:
        conn.execute(insert(held_batches).values(batch=batch, held_at=now))
    else:
        take_effect(conn, batch, now)
    named = {each.punch.punch_id: each.punch for each in kept if each.punch is not None}
    details: dict[str, Any] = {
        "terminal": record.terminal,
        "code": record.code,
        "records": len(kept),
        "reason": reason,
        **for_audit(conn, named),
        **({"waits": True} if held else {"alone": True} if moves else {}),
    }
    audit.append(conn, account.name, f"punch.quarantine.{word}", f"batch {batch}", details, now)
    return Decision(batch, record.terminal, record.code, len(kept), held)


def _release_of(conn: Connection, terminal: str, code: str) -> int | None:
    """The batch that releases an event of a terminal, or shall."""
    r, d = apart_releases.c, batch_decisions.c
    rejected = exists().where(d.batch == r.batch, ~d.approved)
    mine = (r.terminal == terminal, r.code == code, not_taken_back(r.batch), ~rejected)
    found: int | None = conn.scalar(select(r.batch).where(*mine).order_by(r.batch).limit(1))
    return found


def _dismissal_of(conn: Connection, number: int) -> int | None:
    """The batch that shall dismiss a row, and waits."""
    a, d = apart_settled.c, batch_decisions.c
    rejected = exists().where(d.batch == a.batch, ~d.approved)
    found: int | None = conn.scalar(
        select(a.batch).where(a.apart == number, not_taken_back(a.batch), ~rejected).order_by(a.batch).limit(1)
    )
    return found


def _refuse_waiting(conn: Connection, batch: int) -> None:
    h, d = held_batches.c, batch_decisions.c
    if conn.scalar(select(exists().where(h.batch == batch, ~exists().where(d.batch == h.batch)))):
        raise Refused(
            Message(
                "that was decided in batch {batch}, which waits for another person: `import approve {batch}` or "
                "`import reject {batch}`",
                batch=batch,
            )
        )


def _refuse_own(conn: Connection, account: Account, kept: Sequence[Apart]) -> None:
    own = account.nip is not None and account.nip in _owners(conn, kept).values()
    if own and another_may(conn, account, Deed.DECIDE_IMPORT):
        raise Refused(Message("some of these records are your own; another person decides on them"))


def _owners(conn: Connection, records: Sequence[Apart]) -> Mapping[int, str]:
    """By number whose each is, as far as an enrolment of its day says."""
    if all(each.punch is None for each in records):
        return {}
    enrolled = read_enrolments(conn)
    found = {}
    for each in records:
        if each.punch is not None:
            day: date = each.punch.clock.date()
            nip = enrolled.nip(each.terminal, each.punch.pin, day, each.punch.at)
            if nip is not None:
                found[each.number] = nip
    return found
