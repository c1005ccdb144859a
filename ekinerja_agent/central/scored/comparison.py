"""What stands for people of a month, as little of it as a comparison needs.

Published rows or drafts, never both. Compares nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, and_, func, not_, select

from ekinerja_agent.central.closing.periods import superseded
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.scored import DRAFT, result_findings, results

COMPARED = (
    *("unit", "profile", "base_rp", "rating", "target_minutes", "approved_minutes", "multiplier_ppm"),
    *("sanction_rp", "hold_rp"),
)
"""Columns of a person that explain a difference beside findings."""


@dataclass(frozen=True, slots=True)
class ScoreToCompare:
    """One person's score: status, payable_rp, both scores in ppm, each finding in words, and the columns COMPARED."""

    status: str
    payable_rp: int
    discipline_score_ppm: int
    performance_score_ppm: int
    findings: tuple[str, ...]
    columns: Mapping[str, Any]


def scores_to_compare(
    engine: Engine, month: date, nips: Sequence[str], *, published: bool
) -> dict[str, ScoreToCompare]:
    """Given a month (its first day) and people, return by NIP what is published (newest revision) or drafted."""
    found: dict[str, ScoreToCompare] = {}
    with reading(engine) as conn:
        for part in chunks(nips):
            found |= dict(_standing(conn, f"{month:%Y-%m}", part, published=published))
    return found


def finding_text(finding: Mapping[str, Any]) -> str:
    """Given a finding with date, code, scan, deduction_ppm and minutes, return words that tell it from others."""
    scan = f" {finding['scan']}" if finding["scan"] else ""
    minutes = "" if finding["minutes"] is None else f" {finding['minutes']} min"
    return f"{finding['date']} {finding['code']}{scan}{minutes}"


def _standing(
    conn: Connection, period: str, nips: Sequence[str], *, published: bool
) -> Iterator[tuple[str, ScoreToCompare]]:
    r, f = results.c, result_findings.c
    stands = and_(r.revision > DRAFT, not_(superseded(r))) if published else r.revision == DRAFT
    wanted = and_(r.period == period, r.nip.in_(nips), stands)
    newest = select(r.nip, func.max(r.revision).label("revision")).where(wanted).group_by(r.nip).subquery()
    of_newest = select(result_findings).join(newest, (newest.c.nip == f.nip) & (newest.c.revision == f.revision))
    findings: dict[str, list[str]] = {}
    for row in conn.execute(of_newest.where(f.period == period).order_by(f.nip, f.position)).mappings():
        findings.setdefault(row["nip"], []).append(finding_text(dict(row)))
    people = select(results).join(newest, (newest.c.nip == r.nip) & (newest.c.revision == r.revision))
    for row in conn.execute(people.where(r.period == period)).mappings():
        yield (
            row["nip"],
            ScoreToCompare(
                row["status"],
                row["payable_rp"],
                row["discipline_score_ppm"],
                row["performance_score_ppm"],
                tuple(findings.get(row["nip"], ())),
                {name: row[name] for name in COMPARED},
            ),
        )
