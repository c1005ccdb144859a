"""From decoded records to punches: which punch it is, and when it truly happened.

Promises that the same log gives the same punches whenever it is read, in whatever order and with whatever
else. Pure: does not know where known punches are kept, nor what happens to quarantined ones. Linear in the
log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from zoneinfo import ZoneInfo

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from ekinerja_agent.terminals.drift import Reading, offset_at
from ekinerja_agent.terminals.wire import DecodedLog, Record

LATEST_AHEAD = timedelta(days=1)
"""How far a terminal's clock may be ahead of the host before its records wait for a person."""
RESET_REASON = Message(
    "the clock was in the year 2000, as after a loss of power; `punch redate` can give it its true time"
)
FUTURE_REASON = Message("the clock was more than a day ahead of the host; it is judged again at the next full read")

_RESET_ENDS = datetime(2001, 1, 1)  # noqa: DTZ001 - a terminal's clock has no zone
_EASTERNMOST = timedelta(hours=14)
_NO_TIME = timedelta(0)
_NOTHING_KNOWN: Mapping[tuple[str, datetime], int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ClockRule:
    """How one terminal's clock becomes an instant.

    `zone` None: not known yet, no record gets an instant. `offset_s` is terminal clock minus host clock, None
    if it was not measured or the host's own clock could not be trusted. `readings` are the earlier trusted
    measurements that matter and this one, in order; with them the offset is that of the clock in question.
    Beyond `tolerance_s` the offset is taken off the clock.
    """

    zone: ZoneInfo | None
    offset_s: int | None
    tolerance_s: int
    readings: tuple[Reading, ...] = ()

    def offset_of(self, clock: datetime) -> int | None:
        """Given a clock, return by how many seconds it was ahead when it was shown; None if that is not known."""
        if self.offset_s is None or len(self.readings) < 2:
            return self.offset_s
        return offset_at(self.readings, clock)

    def correction(self, clock: datetime) -> timedelta:
        """Given a clock, return what is taken off it: its offset beyond the tolerance, otherwise nothing."""
        offset_s = self.offset_of(clock) or 0
        return timedelta(seconds=offset_s) if abs(offset_s) > self.tolerance_s else _NO_TIME

    def at(self, clock: datetime) -> datetime | None:
        """Given a clock, return its instant in UTC, or None without a zone.

        Zones of Indonesia have no ambiguous time. Elsewhere a clock shown twice is the first of both
        instants, and one that was skipped counts with the offset before the skip (both are `fold=0`), so that
        every clock has an instant.
        """
        return None if self.zone is None else _instant(clock - self.correction(clock), self.zone)


def to_punches(
    terminal: str,
    decoded: DecodedLog,
    *,
    clock_rule: ClockRule,
    source: Source,
    read_at: datetime,
    known: Mapping[tuple[str, datetime], int] = _NOTHING_KNOWN,
) -> tuple[list[Punch], list[Quarantined]]:
    """Given a log decoded from its beginning, return the punches not known yet and all that is quarantined,
    in log order.

    `known` tells how many occurrences of (PIN, clock) were ever stored; only later ones are returned.
    Occurrences count from the log's beginning, so a log must never be handed over in pieces. `read_at` is the
    host's instant of the read. Quarantined are undecodable records, clocks of the year 2000 and clocks more
    than a day ahead of `read_at`; a record ahead becomes a punch at the first read that it is not ahead of.
    """
    latest = _latest_clock(read_at, clock_rule.zone)
    seen: dict[tuple[str, datetime], int] = {}
    punches = []
    for record in decoded.records:
        clock = record.clock
        if not _RESET_ENDS <= clock <= latest:
            continue
        key = (record.pin, clock)
        occurrence = seen[key] = seen.get(key, 0) + 1
        if occurrence > known.get(key, 0):
            punches.append(
                Punch(
                    terminal=terminal,
                    pin=record.pin,
                    clock=clock,
                    occurrence=occurrence,
                    at=clock_rule.at(clock),
                    offset_s=clock_rule.offset_of(clock),
                    verify=record.verify,
                    state=record.status,
                    work_code=record.work_code,
                    source=source,
                    raw=record.raw,
                    corrected=clock_rule.zone is not None and bool(clock_rule.correction(clock)),
                )
            )
    quarantined = [
        Quarantined(terminal, source, position, raw, reason, read_at)
        for position, raw, reason in _unusable(decoded, latest)
    ]
    return punches, quarantined


@dataclass(frozen=True, slots=True)
class LogHole:
    """Where a quarantined record may lie: the open interval between its neighbours in the log. None: no
    neighbour there.
    """

    position: int
    start: datetime | None
    end: datetime | None


def quarantine_holes(
    decoded: DecodedLog, quarantined: Sequence[Quarantined], *, clock_rule: ClockRule
) -> list[LogHole]:
    """Given a log and what of it was quarantined, return one hole in coverage per quarantined record, by
    position.

    Neighbours are the nearest records of the log that are not quarantined. Where the clock was set back
    between them the hole spans both, and a neighbour whose clock is corrected counts with whichever of its
    two instants makes the hole wider. Without a zone nothing is known: the hole is everything.
    """
    waiting = {record.position for record in quarantined}
    neighbours = [record for record in decoded.records if record.position not in waiting]
    holes = []
    following = 0
    for position in sorted(waiting):
        while following < len(neighbours) and neighbours[following].position < position:
            following += 1
        before = _instants(neighbours, following - 1, clock_rule)
        after = _instants(neighbours, following, clock_rule)
        start = min(*before, *after) if before and after else min(before, default=None)
        end = max(*before, *after) if before and after else max(after, default=None)
        holes.append(LogHole(position, start, end))
    return holes


def is_believed(clock: datetime, read_at: datetime, zone: ZoneInfo | None) -> bool:
    """Whether a punch may have a clock: not in the year of a reset, nor more than a day ahead of the read."""
    return _RESET_ENDS <= clock <= _latest_clock(read_at, zone)


def _instants(records: Sequence[Record], index: int, clock_rule: ClockRule) -> list[datetime]:
    """The instants that the record at `index` may have: as its clock showed, and as corrected. Empty if there
    is none.
    """
    if clock_rule.zone is None or not 0 <= index < len(records):
        return []
    clock = records[index].clock
    return [_instant(clock, clock_rule.zone), _instant(clock - clock_rule.correction(clock), clock_rule.zone)]


def _instant(local: datetime, zone: tzinfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)


def _unusable(decoded: DecodedLog, latest: datetime) -> list[tuple[int, bytes, Message]]:
    """What cannot become a punch now, by position."""
    bad = [(slot.position, slot.raw, slot.reason) for slot in decoded.undecodable]
    for record in decoded.records:
        if record.clock < _RESET_ENDS:
            bad.append((record.position, record.raw, RESET_REASON))
        elif record.clock > latest:
            bad.append((record.position, record.raw, FUTURE_REASON))
    return sorted(bad)


def _latest_clock(read_at: datetime, zone: tzinfo | None) -> datetime:
    """The latest clock that is believed; without a zone, the latest anywhere on earth."""
    if zone is None:
        return read_at.astimezone(UTC).replace(tzinfo=None) + _EASTERNMOST + LATEST_AHEAD
    return read_at.astimezone(zone).replace(tzinfo=None) + LATEST_AHEAD
