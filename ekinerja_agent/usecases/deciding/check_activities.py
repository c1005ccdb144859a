"""Claimed minutes of a month that attendance contradicts, decided or not, by cause. Stores nothing.

Does not know how a day is judged, nor who decides on the activity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ekinerja_agent.central import facts
from ekinerja_agent.scoring import DOUBTS, check_month

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.rules import RuleBook


def doubtful(
    engine: Engine,
    rules: RuleBook,
    month: date,
    *,
    profile: str,
    now: datetime,
    offices: Sequence[str] | None = None,
    nips: Sequence[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Given a month (its first day), yield one row per activity and cause: nip, activity, date, cause, minutes, and
    counted_minutes, what the rule lets count of the activity. Raise NoRule if no rule covers a day.
    """
    for office in offices or facts.offices_of(engine, month):
        known = facts.month_facts(engine, month, profile=profile, now=now, offices=[office], nips=nips)
        if known.spells.is_empty():
            continue
        for row in check_month(facts.with_all_activities(engine, known), rules).iter_rows(named=True):
            for cause in DOUBTS:
                if row[cause]:
                    yield {
                        "nip": row["nip"],
                        "activity": row["activity"],
                        "date": row["day"],
                        "cause": cause.removesuffix("_minutes"),
                        "minutes": row[cause],
                        "counted_minutes": row["counted_minutes"],
                    }
