"""Brings a file of punches into central: a witness beside the terminals, which never adds to what they say.

Promises that a record which cannot be read keeps its bytes and leaves a hole: no log is called complete
across it. Does not know files on a disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ekinerja_agent.central.imported.batches import store_punch_batch
from ekinerja_agent.central.imported.import_lookups import StoredFacts, terminal_serials, terminal_zones
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.errors import ProblemsFound, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from ekinerja_agent.terminals.identity import ClockRule, to_punches
from ekinerja_agent.usecases.importing.imports import ImportFile, importer_for
from ekinerja_agent.usecases.importing.punch_zones import zone_of
from ekinerja_agent.usecases.importing.reading.punch_rows import (
    UNKNOWN_TERMINAL,
    Logs,
    attlog_terminal,
    ends_within_a_line,
    read_attlog,
    read_punch_table,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.access.accounts import Account

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
    are the logs that are complete now, `uncovered` says of a terminal why its log cannot be called complete.
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
    ends: dict[str, datetime] = {}
    with reading(engine) as conn:
        logs = _read(kind, file, terminal, {**terminal_serials(conn), **known.serials})
        zones = {**terminal_zones(conn), **known.zones}
        if complete_until is not None:
            ends = _log_ends(logs, complete_until, zones, StoredFacts(conn), now)
    punches, quarantined = _judge_records(logs, zones, now)
    uncovered = _holes(ends, quarantined)
    if kind == "attlog" and ends_within_a_line(file.content):
        uncovered |= dict.fromkeys(ends.keys() - uncovered.keys(), CUT_OFF)
    covered = [Coverage(name, None, end) for name, end in ends.items() if name not in uncovered]
    result = PunchesImported(kind, file.name, len(punches), tuple(quarantined), tuple(covered), uncovered)
    if dry_run:
        return result
    receipt = store_punch_batch(engine, account.id, kind, file.name, file.digest, punches, quarantined, covered, now)
    return replace(result, batch=receipt.batch, stored=receipt.stored, unchanged=receipt.unchanged)


def _judge_records(logs: Logs, zones: Mapping[str, str], now: datetime) -> tuple[list[Punch], list[Quarantined]]:
    """No offset is known of a clock that nobody asked: its time is believed, as it stands."""
    punches: list[Punch] = []
    quarantined: list[Quarantined] = []
    for name, log in logs.items():
        zone = ZoneInfo(zones[name]) if name in zones else None
        rule = ClockRule(zone, offset_s=None, tolerance_s=0)
        good, bad = to_punches(name, log, clock_rule=rule, source=Source.FILE, read_at=now)
        punches += good
        quarantined += bad
    return punches, quarantined


def _log_ends(
    logs: Logs, until: datetime, zones: Mapping[str, str], stored: StoredFacts, now: datetime
) -> dict[str, datetime]:
    """The instant that the local time `until` is at each terminal of the file."""
    ends = {}
    for name in sorted(logs.keys() - {UNKNOWN_TERMINAL}):
        pins = {record.pin for record in logs[name].records}
        ends[name] = _instant(until, zone_of(name, pins, zones, stored), now)
    return ends


def _read(kind: str, file: ImportFile, terminal: str | None, serials: Mapping[str, str]) -> Logs:
    if kind == "attlog":
        place = attlog_terminal(file.name, terminal, serials)
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


def _holes(ends: Mapping[str, datetime], quarantined: Sequence[Quarantined]) -> dict[str, Message]:
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
