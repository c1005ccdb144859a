"""Brings a file of punches into central: a witness beside the terminals, which never adds to what they say.

Promises that a record which cannot be read keeps its bytes and leaves a hole: no log is called complete
across it. Does not know files on a disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ekinerja_agent.central.imported.batches import store_punch_batch
from ekinerja_agent.central.imported.import_lookups import StoredFacts, terminal_serials, terminal_zones
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.nouns.coverage import Coverage, outside
from ekinerja_agent.nouns.errors import ProblemsFound, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from ekinerja_agent.terminals.attlog_file import ends_within_a_line, has_seconds, serial_inside
from ekinerja_agent.terminals.identity import ClockRule, quarantine_holes, to_punches
from ekinerja_agent.terminals.wire import DecodedLog
from ekinerja_agent.usecases.importing.imports import ImportFile, importer_for
from ekinerja_agent.usecases.importing.punch_zones import zone_of
from ekinerja_agent.usecases.importing.reading.punch_rows import (
    UNKNOWN_TERMINAL,
    Logs,
    attlog_terminal,
    read_attlog,
    read_punch_table,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.access.accounts import Account

_SINCE_EVER = datetime.min.replace(tzinfo=UTC)
_NOTHING, _MINUTE = timedelta(), timedelta(minutes=1)
_RECORDS_FOR_EACH_TIME_BACK = 100
CUT_OFF = Message("the last line has no end, so the file may have been cut off; copy it from the terminal once more")


@dataclass(frozen=True, slots=True)
class KnownTerminals:
    """What devices.yaml says: the time zone of each terminal, and the terminal of each serial. What a collector told of
    others counts beside it.
    """

    zones: Mapping[str, str]
    serials: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PunchesImported:
    """What became of a file of punches. `batch` is None if it was only tried.

    `stored` punches are in central now, with this file as a witness; `quarantined` are the others. `covered`
    are the logs that are complete now, `uncovered` says of a terminal why its log cannot be called complete. `doubtful`
    records contradict a log that was read whole, and wait for another person.
    """

    kind: str
    file: str
    punches: int
    quarantined: tuple[Quarantined, ...]
    covered: tuple[Coverage, ...]
    uncovered: Mapping[str, str]
    batch: int | None = None
    stored: int = 0
    unchanged: int = 0
    doubtful: int = 0


def import_punches(
    engine: Engine,
    account: Account,
    kind: str,
    file: ImportFile,
    *,
    now: datetime,
    known: KnownTerminals,
    terminal: str | None = None,
    complete_until: datetime | None = None,
    dry_run: bool = False,
) -> PunchesImported:
    """Given a file of kind `punches` or `attlog`, store its punches as one batch; return what became of it.

    `terminal` names the terminal of an attlog file whose name does not tell it. `complete_until` is naive
    local time: the log of every terminal in the file is complete up to then, without a lower bound. Raise
    ProblemsFound if the file holds no punch, NeedsAttention if a zone is needed and unknown, WrongUsage if
    the terminal of an attlog is unknown or `complete_until` is not over yet; then nothing is stored.
    """
    importer_for(account, kind)
    ends: dict[str, tuple[datetime, ZoneInfo]] = {}
    with reading(engine) as conn:
        logs = _read(kind, file, terminal, {**terminal_serials(conn), **known.serials})
        zones = {**terminal_zones(conn), **known.zones}
        if complete_until is not None:
            ends = _log_ends(logs, complete_until, zones, StoredFacts(conn), now)
    punches, quarantined = _judge_records(logs, zones, now)
    if kind == "attlog":
        cut_off = ends_within_a_line(file.content)
        covered, uncovered = _proven(logs, ends, quarantined, cut_off=cut_off)
    else:
        uncovered = _holes(ends, quarantined)
        covered = [Coverage(name, None, end) for name, (end, _) in ends.items() if name not in uncovered]
    result = PunchesImported(kind, file.name, len(punches), tuple(quarantined), tuple(covered), uncovered)
    if dry_run:
        return result
    receipt = store_punch_batch(engine, account.id, kind, file.name, file.digest, punches, quarantined, covered, now)
    return replace(
        result,
        batch=receipt.batch,
        stored=receipt.stored,
        unchanged=receipt.unchanged,
        doubtful=receipt.doubtful,
    )


def _judge_records(logs: Logs, zones: Mapping[str, str], now: datetime) -> tuple[list[Punch], list[Quarantined]]:
    """No offset is known of a clock that nobody asked: its time is believed, as it stands."""
    punches: list[Punch] = []
    quarantined: list[Quarantined] = []
    for name, log in logs.items():
        zone = ZoneInfo(zones[name]) if name in zones else None
        rule = ClockRule(zone, offset_s=None, tolerance_s=0)
        good, bad = to_punches(name, log, clock_rule=rule, source=Source.FILE, read_at=now)
        punches += (one if has_seconds(one.raw) else one._replace(source=Source.MINUTES) for one in good)
        quarantined += bad
    return punches, quarantined


def _log_ends(
    logs: Logs, until: datetime, zones: Mapping[str, str], stored: StoredFacts, now: datetime
) -> dict[str, tuple[datetime, ZoneInfo]]:
    """The instant that the local time `until` is at each terminal of the file, and its zone."""
    ends = {}
    for name in sorted(logs.keys() - {UNKNOWN_TERMINAL}):
        pins = {record.pin for record in logs[name].records}
        zone = zone_of(name, pins, zones, stored)
        ends[name] = _instant(until, zone, now), zone
    return ends


def _read(kind: str, file: ImportFile, terminal: str | None, serials: Mapping[str, str]) -> Logs:
    if kind == "attlog":
        place = attlog_terminal(file.name, terminal, serials, serial_inside(file.content))
        logs, problems = read_attlog(file.name, file.content, place)
    else:
        logs, problems = read_punch_table(file.name, file.content)
    if problems:
        raise ProblemsFound(problems)
    return logs


def _instant(local: datetime, zone: ZoneInfo, now: datetime) -> datetime:
    at = local.replace(tzinfo=zone).astimezone(UTC)
    if at > now:
        raise WrongUsage(
            Message(
                "--complete-until {local} ({zone}) is not over yet; allowed: a time past",
                local=f"{local:%Y-%m-%d %H:%M}",
                zone=zone,
            )
        )
    return at


def _proven(
    logs: Logs,
    ends: Mapping[str, tuple[datetime, ZoneInfo]],
    quarantined: Sequence[Quarantined],
    *,
    cut_off: bool,
) -> tuple[list[Coverage], dict[str, Message]]:
    """Given a terminal's own file, return what it proves, and why it does not prove its end.

    A row that cannot be read lies between its neighbours, as in a log that was read from the terminal; if the rows are
    in another order than a log's, it may lie anywhere.
    """
    covered: list[Coverage] = []
    uncovered: dict[str, Message] = {}
    for name, (end, zone) in ends.items():
        waiting = [record for record in quarantined if record.terminal == name]
        if cut_off or (waiting and not _in_log_order(logs[name], waiting)):
            uncovered |= {name: CUT_OFF} | _holes([name], waiting)
            continue
        rule = ClockRule(zone, offset_s=None, tolerance_s=0)
        holes = quarantine_holes(logs[name], waiting, clock_rule=rule)
        if any(hole.end is None for hole in holes):
            uncovered |= _holes([name], waiting)
        # A record without seconds was made in its minute, not at the beginning of it.
        spare = _NOTHING if all(has_seconds(record.raw) for record in logs[name].records) else _MINUTE
        spans = [(hole.start or _SINCE_EVER, hole.end + spare if hole.end else end) for hole in holes]
        covered += (
            Coverage(name, None if since == _SINCE_EVER else since, until)
            for since, until in outside(spans, _SINCE_EVER, end)
        )
    return covered, uncovered


def _in_log_order(log: DecodedLog, waiting: Sequence[Quarantined]) -> bool:
    """A clock is set back now and then; rows that a person sorted go back all the time."""
    apart = {record.position for record in waiting}
    clocks = [record.clock for record in log.records if record.position not in apart]
    back = sum(later < earlier for earlier, later in pairwise(clocks))
    return back <= max(1, len(clocks) // _RECORDS_FOR_EACH_TIME_BACK)


def _holes(ends: Iterable[str], quarantined: Sequence[Quarantined]) -> dict[str, Message]:
    """A quarantined record may be a punch of any time, so the log it stands in is not proven complete."""
    counts: dict[str, int] = {}
    for record in quarantined:
        for name in ends:
            if record.terminal in (name, UNKNOWN_TERMINAL):
                counts[name] = counts.get(name, 0) + 1
    return {
        name: Message(
            "{count} quarantined rows may be punches of any time (`punch quarantine` shows them)", count=count
        )
        for name, count in counts.items()
    }
