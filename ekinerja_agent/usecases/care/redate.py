"""Gives a block of punches its true time after a terminal's clock was wrong: one person asks, another one approves.

Promises that the clock as recorded stays, that a block is exactly what was there when it was asked for, and that
records which waited in quarantine because of their clock count from the approval on. Does not know how far a clock was
off: that is what the person says.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ekinerja_agent.central.collected import redatings
from ekinerja_agent.central.collected.redatings import Waiting
from ekinerja_agent.central.imported import organisation
from ekinerja_agent.central.imported.import_lookups import terminal_zones
from ekinerja_agent.central.store.engine import in_transaction
from ekinerja_agent.county.access import Bar, Deed, anywhere, barred
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import Punch, Source
from ekinerja_agent.terminals.identity import FUTURE_REASON, RESET_REASON
from ekinerja_agent.terminals.push_text import parse_upload
from ekinerja_agent.terminals.wire.log import Record, decode_record

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ekinerja_agent.central.access.accounts import Account

MOST_SHIFT_S = 30 * 366 * 86_400
"""A clock that lost its battery shows the year 2000."""


@dataclass(frozen=True, slots=True)
class Requested:
    """What was asked for: its number, and how many punches it moves, `from_quarantine` of them so far no punches."""

    number: int
    punches: int
    from_quarantine: int


def request(
    engine: Engine,
    terminal: str,
    first: datetime,
    last: datetime,
    *,
    shift_s: int,
    reason: str,
    account: Account,
    now: datetime,
) -> Requested:
    """Given a terminal, the first and last clock of a block (naive, both included) and the seconds that are to be
    added, ask for the block to be redated.

    Raise WrongUsage if nothing lies between the clocks or the request cannot be meant, Refused if the true time would
    lie in the future, or the account is no operator.
    """
    if not anywhere(account, Deed.ASK_REDATING):
        raise Refused(Message("{account} may not ask for that; an operator may", account=account.name))
    if first > last:
        raise WrongUsage(
            Message("--from {first} is after --to {last}; name the earlier clock first", first=first, last=last)
        )
    if not 0 < abs(shift_s) <= MOST_SHIFT_S:
        raise WrongUsage(
            Message(
                "--shift {shift_s}: seconds to add to the clock, from 1 to {most} (30 years), or as many less",
                shift_s=shift_s,
                most=MOST_SHIFT_S,
            )
        )
    if not reason.strip():
        raise WrongUsage(Message("--reason is empty; say how the true time is known, it is kept with the decision"))

    def ask(conn: Connection) -> Requested:
        zone = terminal_zones(conn).get(terminal)
        if zone is None:
            raise WrongUsage(
                Message(
                    "no collector has told of {terminal} yet, so its time zone is not known; poll it first",
                    terminal=terminal,
                )
            )
        block = _block(conn, terminal, first, last, now)
        if not block:
            raise WrongUsage(
                Message(
                    "{terminal} has no record, in central or in quarantine, from {first} to {last}",
                    terminal=terminal,
                    first=first,
                    last=last,
                )
            )
        shift = timedelta(seconds=shift_s)
        instants = {name: _instant(one.clock + shift, zone) for name, one in block.items()}
        if max(instants.values()) > now:
            raise Refused(
                Message(
                    "with {shift_s} s the last punch would lie at {last}, which is not yet",
                    shift_s=shift_s,
                    last=max(instants.values()),
                )
            )
        number = redatings.request(
            conn,
            terminal,
            first,
            last,
            shift_s=shift_s,
            reason=reason,
            instants=instants,
            account=account,
            now=now,
        )
        return Requested(number, len(block), sum(one.waiting is not None for one in block.values()))

    return in_transaction(engine, ask)


def decide(engine: Engine, number: int, *, approved: bool, account: Account, now: datetime) -> int:
    """Given a request's number, approve or reject it; return how many punches it has.

    Raise Refused if the account asked for it, owns one of the punches or may not decide, or if it is decided already.
    """
    if not anywhere(account, Deed.DECIDE_REDATING):
        raise Refused(
            Message("{account} may not decide on redatings; an operator or a head of unit may", account=account.name)
        )

    def work(conn: Connection) -> int:
        redatings.wait_turn_to_decide(conn)
        asked, instants = redatings.find(conn, number)
        brought = asked.account_id == account.id
        if barred(account, Deed.DECIDE_REDATING, brought=brought) is Bar.BROUGHT:
            raise Refused(
                Message(
                    "{account} asked for redating {number}; another person decides on it",
                    account=account.name,
                    number=number,
                )
            )
        unit, day = organisation.unit_with(conn, asked.terminal), asked.requested_at.date()
        organisation.require_power(
            conn, account, Deed.DECIDE_REDATING, subject=Message("redating {number}", number=number), day=day, unit=unit
        )
        block = _block(conn, asked.terminal, asked.first, asked.last, asked.requested_at)
        chosen = {name: one for name, one in block.items() if name in instants}
        shift = timedelta(seconds=asked.shift_s)
        redatings.decide(
            conn,
            asked,
            approved=approved,
            arriving=[one.waiting for one in chosen.values() if one.waiting is not None],
            days={name: (one.pin, one.clock + shift) for name, one in chosen.items()},
            account=account,
            now=now,
        )
        return len(instants)

    return in_transaction(engine, work)


@dataclass(frozen=True, slots=True)
class _Member:
    """A punch of a block; `waiting` is what would become of its record in quarantine, None if it is a punch already."""

    pin: str
    clock: datetime
    waiting: Punch | None = None


def _block(conn: Connection, terminal: str, first: datetime, last: datetime, up_to: datetime) -> dict[str, _Member]:
    """What the terminal recorded between two clocks, by punch id, as far as it was known at an instant."""
    found = {
        punch.punch_id: _Member(punch.pin, punch.clock, punch)
        for punch in _quarantined(conn, terminal, up_to)
        if first <= punch.clock <= last
    }
    for one in redatings.recorded_between(conn, terminal, first, last):
        found[one.punch_id] = _Member(one.pin, one.clock)
    return found


def _quarantined(conn: Connection, terminal: str, up_to: datetime) -> list[Punch]:
    """The records in quarantine whose bytes can be read: only their clock kept them from being punches.

    They have no instant yet; that is what the redating gives. Lines of files are left to their file, and what a
    terminal uploaded in another form than its log is no record that anybody read.
    """
    occurrences: Counter[tuple[str, datetime]] = Counter()
    punches = []
    for waiting in redatings.waiting_records(conn, terminal, up_to):
        record = _record_of(waiting)
        if record is None:
            continue
        occurrences[record.pin, record.clock] += 1
        punches.append(
            Punch(
                terminal=terminal,
                pin=record.pin,
                clock=record.clock,
                occurrence=occurrences[record.pin, record.clock],
                at=None,
                offset_s=None,
                verify=record.verify,
                state=record.status,
                work_code=record.work_code,
                source=waiting.source,
                raw=waiting.raw,
            )
        )
    return punches


def _record_of(waiting: Waiting) -> Record | None:
    """Bytes of a log are told by their length; what was uploaded is text, and some of it has such a length."""
    if waiting.source is Source.POLL:
        return decode_record(waiting.raw)
    if waiting.source is Source.PUSH and waiting.reason in (RESET_REASON, FUTURE_REASON):
        return next(iter(parse_upload(waiting.raw).decoded.records), None)
    return None


def _instant(local: datetime, zone: str) -> datetime:
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
