"""Which new records of an upload contradict what its terminal proved: decision 60 is the reason of every line. Pure.

Promises that a clock that always was behind, or ahead, makes nobody's record doubtful, nor an upload that is late. Does
not know how far a terminal is believed: who proves nothing, of him nothing is contradicted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ekinerja_agent.nouns.punch import Contradiction, Contradicts, Punch
from ekinerja_agent.spool import PushMemory, PushTrust, TerminalMemory
from ekinerja_agent.spool.pushes import Stretch
from ekinerja_agent.terminals.identity import ClockRule
from ekinerja_agent.usecases.collecting.contradictions import TURNED_FOR, Doubtful, before_a_read

MOST_STRETCHES = 100


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known when an upload arrives: of its terminal's word and clock, and of reads of the same log."""

    trust: PushTrust
    reads: TerminalMemory | None
    zone: ZoneInfo
    tolerance: timedelta
    arrived_at: datetime
    is_turned: bool


def is_turned_on(trust: PushTrust, memory: PushMemory, at: datetime) -> bool:
    """Whether a clock that is ahead of an upload's arrival was turned: it was right of late, and the terminal was heard
    of ever since. After a loss of power it may be anywhere.
    """
    right_at = trust.right_at
    if right_at is None or at - right_at >= TURNED_FOR:
        return False
    return not any(end > right_at for _, end in memory.gaps)


def judge_upload(punches: Sequence[Punch], known: Arrival) -> tuple[list[Punch], list[Doubtful]]:
    """Given the new punches of an upload, return those that contradict nothing, and the others."""
    plain: list[Punch] = []
    doubtful: list[Doubtful] = []
    for punch in punches:
        doubt = _doubt(punch, known)
        if doubt is None:
            plain.append(punch)
        else:
            doubtful.append((punch, doubt))
    return plain, doubtful


def corrected_by(punch: Punch, rule: ClockRule) -> Punch:
    """Given a doubtful record, let its instant be what this rule makes of its clock."""
    at = rule.at(punch.clock)
    return punch._replace(
        at_text=None if at is None else at.isoformat(),
        offset_s=rule.offset_of(punch.clock),
        corrected=rule.zone is not None and bool(rule.correction(punch.clock)),
    )


def is_ahead(clock: datetime, known: Arrival) -> bool:
    """Whether a record of a turned clock shows a time that is still to come."""
    return known.is_turned and clock - known.tolerance > _wall(known, known.arrived_at)


def with_proven(trust: PushTrust, stretches: Iterable[Stretch]) -> PushTrust:
    """Given stretches in which all records of a terminal are held now, remember them; the oldest are forgotten."""
    joined: list[Stretch] = []
    for start, end in sorted((*trust.proven, *stretches)):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return replace(trust, proven=tuple(joined[-MOST_STRETCHES:]))


def with_newest(trust: PushTrust, instants: Iterable[datetime]) -> PushTrust:
    """Given when records of a terminal were made by its clock, remember how far that has come."""
    return replace(trust, newest=max([*instants, *([trust.newest] if trust.newest else [])], default=None))


def _doubt(punch: Punch, known: Arrival) -> Contradiction | None:
    trust = known.trust
    until = _wall(known, known.arrived_at)
    if is_ahead(punch.clock, known):
        return Contradiction(Contradicts.CLOCK, _wall(known, trust.right_at or known.arrived_at), until)
    if before_a_read(known.reads, punch, known.zone, known.tolerance) and known.reads is not None:
        return Contradiction(Contradicts.READ, _wall(known, known.reads.last_read_at or known.arrived_at), until)
    # By its own clock it has come so far only: one that is behind shows old times to whoever is in time.
    passed = min(trust.newest, known.arrived_at) - known.tolerance if trust.newest else None
    if passed is None or punch.at is None or punch.at >= passed:
        return None
    if not any(start + known.tolerance <= punch.at < end for start, end in trust.proven):
        return None
    return Contradiction(Contradicts.READ, _wall(known, trust.proven[-1][1]), until)


def _wall(known: Arrival, at: datetime) -> datetime:
    return at.astimezone(UTC).astimezone(known.zone).replace(tzinfo=None)
