"""Shows who a month would change for, and by how much, before anything is stored.

Scores the month from today's facts, by the rules in force or by others, and compares it with what stands. Stores
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from ekinerja_agent.central import facts
from ekinerja_agent.central.scored.comparison import COMPARED, ScoreToCompare, finding_text, scores_to_compare
from ekinerja_agent.scoring import percent_text, score_month

if TYPE_CHECKING:
    from sqlalchemy import Engine

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
    standing: str | None
    standing_rp: int | None
    planned_rp: int
    difference_rp: int
    standing_discipline_pct: str | None
    planned_discipline_pct: str
    standing_performance_pct: str | None
    planned_performance_pct: str
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
        before = scores_to_compare(engine, month, result.people["nip"].to_list(), published=against == "published")
        found: dict[str, list[str]] = {}
        for finding in result.findings.iter_rows(named=True):
            found.setdefault(finding["nip"], []).append(finding_text(finding))
        pending = Counter(result.pending["nip"])
        for person in result.people.iter_rows(named=True):
            nip = person["nip"]
            change = _change(person, before.get(nip), found.get(nip, []), pending[nip])
            if change.difference_rp or change.changes or change.standing is None:
                yield change


def _change(person: dict[str, Any], before: ScoreToCompare | None, found: list[str], pending_days: int) -> Change:
    return Change(
        nip=person["nip"],
        name=person["name"],
        unit=person["unit"],
        standing=None if before is None else before.status,
        standing_rp=None if before is None else before.payable_rp,
        planned_rp=person["payable_rp"],
        difference_rp=person["payable_rp"] - (before.payable_rp if before else 0),
        standing_discipline_pct=None if before is None else percent_text(before.discipline_score_ppm),
        planned_discipline_pct=percent_text(person["discipline_score_ppm"]),
        standing_performance_pct=None if before is None else percent_text(before.performance_score_ppm),
        planned_performance_pct=percent_text(person["performance_score_ppm"]),
        pending_days=pending_days,
        changes=tuple(differences(before, found, person)) if before else (),
    )


def differences(before: ScoreToCompare, found: Sequence[str], person: Mapping[str, Any]) -> Iterator[str]:
    """Given what stands and a person's new findings (in words) and row, yield what comes (+), goes (-) and differs."""
    old, new = Counter(before.findings), Counter(found)
    yield from (f"+{text}" for text in sorted((new - old).elements()))
    yield from (f"-{text}" for text in sorted((old - new).elements()))
    for column in COMPARED:
        if before.columns[column] != person[column]:
            yield f"{column} {before.columns[column]} > {person[column]}"
