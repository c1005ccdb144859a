"""Which new records of a terminal contradict what is proven: decision 60 is the reason of every line. Pure.

Promises that nothing contradicts a log that was never read, nor whatever lies within the tolerance, and that a clock
that drifts, is set by us, stops, or is found elsewhere after a loss of power makes no record of anybody doubtful. Does
not know central, nor whose a record is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import Contradiction, Contradicts, Punch, Quarantined
from ekinerja_agent.spool import ShownClock, TerminalMemory
from ekinerja_agent.terminals import LogRead
from ekinerja_agent.terminals.identity import FUTURE_REASON
from ekinerja_agent.usecases.collecting.unwatched_gaps import LONGEST_UNWATCHED

AHEAD_REASON = Message(
    "the clock was more than a day ahead of the host and of the terminal's own; it will wait in `punch doubtful` once "
    "that day has come"
)
TURNED_FOR = timedelta(days=1)
"""A clock that stands wrong for so long was seen by people: it is a fault, and its punches are corrected as such."""
_NOTHING = timedelta(0)

Doubtful = tuple[Punch, Contradiction]
WasTold = Callable[[Quarantined], bool]
"""Tells whether such a record was kept aside before."""


@dataclass(frozen=True, slots=True)
class Session:
    """A read, what is remembered of those before it, and by how much a clock may be wrong. `host_began` is when, by
    this host's clock, its power came.
    """

    memory: TerminalMemory
    read: LogRead
    zone: ZoneInfo
    tolerance: timedelta
    host_clock_trusted: bool
    host_began: datetime

    @property
    def own_clock(self) -> datetime | None:
        """What the terminal's clock showed in this session."""
        offset_s = self.read.offset_s
        return None if offset_s is None else _whole(self.wall(self.read.began_at)) + timedelta(seconds=offset_s)

    @property
    def follows(self) -> bool:
        """Whether it reads the log that was read before: of another terminal, or of records of another kind, nothing
        is known.
        """
        memory, size = self.memory, self.read.log.record_size
        return (
            memory.last_read_at is not None
            and memory.serial == self.read.serial
            and (memory.record_size is None or size is None or memory.record_size == size)
        )

    @property
    def passed(self) -> timedelta:
        """How long the read before is ago."""
        before = self.memory.last_read_at
        return _NOTHING if before is None else self.read.began_at - before

    @property
    def expected(self) -> datetime | None:
        """The latest that the terminal's clock can show if it goes on as it went."""
        shown = self.memory.shown
        return None if shown is None or not self.follows else shown.latest + max(self.passed, _NOTHING)

    @property
    def is_ahead_by_hand(self) -> bool:
        """Whether the terminal's clock was turned on between two reads, beyond the time that it is: after a loss of
        power it may be anywhere, and so may this host's, if nobody vouches for that.
        """
        own, expected, shown = self.own_clock, self.expected, self.memory.shown
        if own is None or expected is None or shown is None:
            return False
        if not self.host_clock_trusted and abs(self.host_began - shown.host_began) > self.tolerance:
            return False
        watched = _NOTHING <= self.passed <= LONGEST_UNWATCHED
        return watched and own - self.tolerance > max(expected, self.wall(self.read.began_at))

    def wall(self, at: datetime) -> datetime:
        return at.astimezone(self.zone).replace(tzinfo=None)

    def instant(self, clock: datetime) -> datetime:
        return clock.replace(tzinfo=self.zone).astimezone(UTC)


def judge(session: Session, punches: Sequence[Punch], was_told: WasTold) -> tuple[list[Punch], list[Doubtful]]:
    """Given the new punches of a read, return those that contradict nothing, and the others."""
    if not session.follows:
        return list(punches), []
    places = _places(session.read, punches)
    kinds = {
        punch.punch_id: kind for punch in punches if (kind := _kind(session, punch, places[punch.punch_id], was_told))
    }
    if not kinds:
        return list(punches), []
    plain = [punch for punch in punches if punch.punch_id not in kinds]
    made = _made(session, {places[name] for name in kinds})
    doubtful: list[Doubtful] = []
    for punch in punches:
        kind = kinds.get(punch.punch_id)
        if kind is not None:
            span = (None, None) if kind is Contradicts.ORDER else made[places[punch.punch_id]]
            doubtful.append((punch, Contradiction(kind, *span)))
    return plain, doubtful


def waits_ahead(session: Session, quarantined: Sequence[Quarantined]) -> list[Quarantined]:
    """Given what of a read cannot become a punch, say of records far ahead of the terminal's own clock that they will
    not be punches when their day comes.
    """
    latest = _latest(session)
    clocks = {record.position: record.clock for record in session.read.log.records}
    return [
        replace(each, reason=AHEAD_REASON)
        if each.reason == FUTURE_REASON and latest is not None and clocks[each.position] > latest
        else each
        for each in quarantined
    ]


def told_of(doubtful: Sequence[Doubtful]) -> list[Message]:
    """Return what people should know of them at once; nothing if there are none."""
    if not doubtful:
        return []
    first = doubtful[0][0]
    return [
        Message(
            "{count} new records contradict what was read before (first PIN {pin} at {clock}): no punches until two "
            "people have decided (`ekinerja-agent punch doubtful list`)",
            count=len(doubtful),
            pin=first.pin,
            clock=first.clock,
        )
    ]


def shown_after(session: Session, first_record: datetime | None) -> ShownClock | None:
    """Given a good read and the instant of the first record of its log, return what is known of the terminal's clock
    from then on.
    """
    own, shown, expected = session.own_clock, session.memory.shown, session.expected
    if own is None:
        return shown if session.follows else None
    if shown is None or expected is None:
        since = session.memory.last_read_at if session.follows else first_record
        return ShownClock(own, own, since or session.read.began_at, session.host_began)
    as_read = ShownClock(own, own, shown.proven_from, session.host_began)
    turned = session.is_ahead_by_hand or own < shown.earliest - session.tolerance
    since = shown.turned_at or session.read.began_at
    if not turned or session.read.began_at - since >= TURNED_FOR:
        return as_read
    latest = expected if session.is_ahead_by_hand else own
    return replace(as_read, earliest=max(shown.earliest, min(own, latest)), latest=latest, turned_at=since)


def before_a_read(memory: TerminalMemory | None, punch: Punch, zone: ZoneInfo, tolerance: timedelta) -> bool:
    """Whether a new record shows a time before the last read of its log, and of its terminal's clock, when it was not
    there.
    """
    if memory is None or memory.shown is None or memory.last_read_at is None:
        return False
    clock, shown = punch.clock, memory.shown
    at = clock.replace(tzinfo=zone).astimezone(UTC)
    return clock < shown.earliest - tolerance and shown.proven_from <= at < memory.last_read_at - tolerance


def _kind(session: Session, punch: Punch, position: int, was_told: WasTold) -> Contradicts | None:
    read, latest = session.read, _latest(session)
    if (
        read.mode == "full"
        and read.unread_from is not None
        and position < read.unread_from
        and not _is_end(session, punch)
    ):
        aside = Quarantined(punch.terminal, punch.source, position, punch.raw, FUTURE_REASON, read.began_at)
        if was_told(replace(aside, reason=AHEAD_REASON)):
            return Contradicts.CLOCK
        return None if was_told(aside) else Contradicts.ORDER
    if latest is not None and punch.clock > latest:
        return Contradicts.CLOCK
    is_before = before_a_read(session.memory, punch, session.zone, session.tolerance)
    return Contradicts.READ if is_before else None


def _is_end(session: Session, punch: Punch) -> bool:
    """Whether its bytes are those of the last record known before: of two equal ones nobody can say which was first."""
    cursor = session.memory.cursor
    return cursor is not None and cursor.anchor.endswith(punch.raw)


def _latest(session: Session) -> datetime | None:
    """The latest clock that a record of this read can honestly have; None: its clock is not known."""
    own, expected = session.own_clock, session.expected
    if own is None or expected is None:
        return None
    return (expected if session.is_ahead_by_hand else max(own, expected)) + session.tolerance


def _made(session: Session, marked: Set[int]) -> Mapping[int, tuple[datetime, datetime]]:
    """Between which clocks on the wall the records at these positions were made, whatever they show: since the read
    before, and between the records beside them.
    """
    first = session.wall(session.memory.last_read_at or session.read.began_at)
    last = session.wall(session.read.began_at)
    found: dict[int, tuple[datetime, datetime]] = {}
    since, open_ended = first, set[int]()
    for record in session.read.log.records:
        if record.position in marked:
            found[record.position] = (since, last)
            open_ended.add(record.position)
        elif first <= record.clock <= last:
            found |= {position: (found[position][0], record.clock) for position in open_ended}
            since, open_ended = record.clock, set()
    return found


def _places(read: LogRead, punches: Sequence[Punch]) -> Mapping[str, int]:
    """Where in the log each punch stands, by its id."""
    wanted = {(punch.pin, punch.clock) for punch in punches}
    found: dict[tuple[str, datetime], list[int]] = {}
    for record in read.log.records:
        if (key := (record.pin, record.clock)) in wanted:
            found.setdefault(key, []).append(record.position)
    return {punch.punch_id: found[punch.pin, punch.clock][punch.occurrence - 1] for punch in punches}


def _whole(local: datetime) -> datetime:
    return local.replace(microsecond=0)
