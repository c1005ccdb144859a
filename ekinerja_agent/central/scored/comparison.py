"""What stands for people of a month, as little of it as a comparison needs.

Published rows or drafts, never both. Compares nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine, and_, func, not_, select

from ekinerja_agent.central.closing.periods import superseded
from ekinerja_agent.central.scored.scorecards import finding_of
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.scored import DRAFT, result_findings, results
from ekinerja_agent.nouns.scorecard import Finding, Scorecard, ScoreStatus

COMPARED = (
    *("unit", "profile", "base_rp", "rating", "target_minutes", "approved_minutes", "multiplier_ppm"),
    *("sanction_rp", "hold_rp"),
)
"""What explains a difference beside findings, in the order in which it is told."""


@dataclass(frozen=True, slots=True)
class ScoreToCompare:
    """One person's score without its days."""

    status: ScoreStatus
    unit: str
    profile: str
    discipline_score_ppm: int
    performance_score_ppm: int
    rating: str | None
    target_minutes: int
    approved_minutes: int
    base_rp: int
    multiplier_ppm: int
    sanction_rp: int
    hold_rp: int
    payable_rp: int
    findings: tuple[Finding, ...]


def scores_to_compare(
    engine: Engine, month: date, nips: Sequence[str], *, published: bool
) -> dict[str, ScoreToCompare]:
    """Given a month (its first day) and people, return by NIP what is published (newest revision) or drafted."""
    found: dict[str, ScoreToCompare] = {}
    with reading(engine) as conn:
        for part in chunks(nips):
            found |= dict(_standing(conn, f"{month:%Y-%m}", part, published=published))
    return found


def to_compare(card: Scorecard) -> ScoreToCompare:
    """Given a whole scorecard, return as much of it as a comparison needs."""
    return ScoreToCompare(
        status=card.status,
        unit=card.unit,
        profile=card.profile,
        discipline_score_ppm=card.discipline.score_ppm,
        performance_score_ppm=card.performance.score_ppm,
        rating=card.performance.rating,
        target_minutes=card.performance.target_minutes,
        approved_minutes=card.performance.approved_minutes,
        base_rp=card.allowance.base_rp,
        multiplier_ppm=card.allowance.multiplier_ppm,
        sanction_rp=card.allowance.sanction_rp,
        hold_rp=card.allowance.hold_rp,
        payable_rp=card.allowance.payable_rp,
        findings=card.findings,
    )


def finding_text(finding: Finding) -> str:
    """Given a finding, return words that tell it from others of the month."""
    scan = f" {finding.scan}" if finding.scan else ""
    minutes = "" if finding.minutes is None else f" {finding.minutes} min"
    return f"{finding.day} {finding.code}{scan}{minutes}"


def _standing(
    conn: Connection, period: str, nips: Sequence[str], *, published: bool
) -> Iterator[tuple[str, ScoreToCompare]]:
    r, f = results.c, result_findings.c
    stands = and_(r.revision > DRAFT, not_(superseded(r))) if published else r.revision == DRAFT
    wanted = and_(r.period == period, r.nip.in_(nips), stands)
    newest = select(r.nip, func.max(r.revision).label("revision")).where(wanted).group_by(r.nip).subquery()
    of_newest = select(result_findings).join(newest, (newest.c.nip == f.nip) & (newest.c.revision == f.revision))
    findings: dict[str, list[Finding]] = defaultdict(list)
    for row in conn.execute(of_newest.where(f.period == period).order_by(f.nip, f.position)).mappings():
        findings[row["nip"]].append(finding_of(row))
    people = select(results).join(newest, (newest.c.nip == r.nip) & (newest.c.revision == r.revision))
    for row in conn.execute(people.where(r.period == period)).mappings():
        yield (
            row["nip"],
            ScoreToCompare(
                status=ScoreStatus(row["status"]),
                unit=row["unit"],
                profile=row["profile"],
                discipline_score_ppm=row["discipline_score_ppm"],
                performance_score_ppm=row["performance_score_ppm"],
                rating=row["rating"],
                target_minutes=row["target_minutes"],
                approved_minutes=row["approved_minutes"],
                base_rp=row["base_rp"],
                multiplier_ppm=row["multiplier_ppm"],
                sanction_rp=row["sanction_rp"],
                hold_rp=row["hold_rp"],
                payable_rp=row["payable_rp"],
                findings=tuple(findings[row["nip"]]),
            ),
        )
