"""Shows who a month would change for, and by how much, before anything is stored.

Scores the month from today's facts, by the rules in force or by others, and compares it with what stands. Stores
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from ekinerja_agent.central import facts
from ekinerja_agent.central.scored.comparison import (
    COMPARED,
    ScoreToCompare,
    finding_text,
    scores_to_compare,
    to_compare,
)
from ekinerja_agent.central.scored.scorecards import scorecards_of
from ekinerja_agent.scoring import score_month

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.nouns.scorecard import Scorecard, ScoreStatus
    from ekinerja_agent.rules import RuleBook

Against = Literal["published", "draft"]


@dataclass(frozen=True, slots=True)
class Change:
    """One person for whom something would differ. What stands is None where the person has no such score.

    `changes` names findings that would come (+) and go (-), such as `+2026-09-07 TL1 arrive 12 min`, and other values
    that differ, such as `base_rp 4000000 > 4400000`.
    """

    nip: str
    name: str
    unit: str
    standing: ScoreStatus | None
    standing_rp: int | None
    planned_rp: int
    difference_rp: int
    standing_discipline_ppm: int | None
    planned_discipline_ppm: int
    standing_performance_ppm: int | None
    planned_performance_ppm: int
    pending_days: int
    changes: tuple[str, ...]


def plan(
    engine: Engine,
    rules: RuleBook,
    month: date,
    *,
    profile: str,
    now: datetime,
    offices: Sequence[str] | None = None,
    against: Against = "published",
) -> Iterator[Change]:
    """Given a month (its first day), yield who would change against what is published, by unit and NIP.

    `against` "draft" compares with the draft instead. A person without such a score is a change too. `rules` may be
    others than those in force. Raise NoRule if no rule covers a day.
    """
    for office in facts.offices_of(engine, month) if offices is None else offices:
        result = score_month(
            facts.month_facts(engine, month, profile=profile, now=now, offices=[office]),
            rules,
        )
        cards = scorecards_of(month, result, rules_digest=rules.digest, computed_at=now)
        before = scores_to_compare(engine, month, [card.nip for card in cards], published=against == "published")
        for card in cards:
            change = _change(card, before.get(card.nip))
            if change.difference_rp or change.changes or change.standing is None:
                yield change


def _change(card: Scorecard, before: ScoreToCompare | None) -> Change:
    planned = to_compare(card)
    return Change(
        nip=card.nip,
        name=card.name,
        unit=card.unit,
        standing=None if before is None else before.status,
        standing_rp=None if before is None else before.payable_rp,
        planned_rp=planned.payable_rp,
        difference_rp=planned.payable_rp - (before.payable_rp if before else 0),
        standing_discipline_ppm=None if before is None else before.discipline_score_ppm,
        planned_discipline_ppm=planned.discipline_score_ppm,
        standing_performance_ppm=None if before is None else before.performance_score_ppm,
        planned_performance_ppm=planned.performance_score_ppm,
        pending_days=len(card.pending),
        changes=tuple(differences(before, planned)) if before else (),
    )


def differences(before: ScoreToCompare, after: ScoreToCompare) -> Iterator[str]:
    """Given what stands and what would, yield in words what comes (+), goes (-) and differs."""
    old, new = (Counter(map(finding_text, score.findings)) for score in (before, after))
    yield from (f"+{text}" for text in sorted((new - old).elements()))
    yield from (f"-{text}" for text in sorted((old - new).elements()))
    for name in COMPARED:
        if getattr(before, name) != getattr(after, name):
            yield f"{name} {getattr(before, name)} > {getattr(after, name)}"
