"""What the profile of the paying spell says of a person's month: shares, targets, ratios and factors as columns.

The rule of the first working day applies. Does not know persons.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import polars as pl

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring.frames.schemas import Schema
from ekinerja_agent.scoring.frames.steps import MONTHS_KEPT

_KEY: Schema = {"profile": pl.String, "pay_day": pl.Date}
TERMS: Schema = {
    **_KEY,
    "discipline_share_ppm": pl.Int64,
    "performance_share_ppm": pl.Int64,
    "month_minutes": pl.Int64,  # the target is one of these three, the others are null
    "day_minutes": pl.Int64,
    "duty_ppm": pl.Int64,
    "duty_cap_ppm": pl.Int64,  # null = the target is not capped
    "mode": pl.String,  # see rules.Productivity
    "unrated_ppm": pl.Int64,  # null = a person without rating must wait
    "general_pct": pl.Int64,
    "plt_pct": pl.Int64,
    "prorate": pl.Boolean,
    "month_cap_ppm": pl.Int64,  # null = a month's findings have no cap
}
RATIOS: Schema = {**_KEY, "predicate": pl.String, "ratio_ppm": pl.Int64}
STATUS_FACTORS: Schema = {**_KEY, "employment_status": pl.String, "status_pct": pl.Int64}


@dataclass(frozen=True, slots=True)
class Terms:
    """By profile and pay_day: `of_profile` (TERMS), `ratios` (RATIOS), `status_factors` (STATUS_FACTORS)."""

    of_profile: pl.DataFrame
    ratios: pl.DataFrame
    status_factors: pl.DataFrame


@lru_cache(MONTHS_KEPT)
def month_terms(pay_keys: tuple[tuple[str, date], ...], rules: RuleBook) -> Terms:
    """Given profiles and pay days, return their terms. Raise NoRule if a value does not cover the day."""
    terms, ratios, factors = [], [], []
    for key in pay_keys:
        profile, day = rules.profile(key[0]), key[1]
        split, target = profile.split.on(day).value, profile.target.on(day).value
        performance, factor = profile.performance.on(day).value, profile.factors.on(day).value
        terms.append(
            (
                *key,
                *(split.discipline_ppm, split.performance_ppm),
                *(target.month_minutes, target.day_minutes, target.duty_ppm, target.duty_cap_ppm),
                *(performance.mode.value, performance.unrated_ppm),
                *(factor.general_pct, factor.plt_pct, profile.prorate_transfers.on(day).value),
                profile.month_cap.on(day).value,
            )
        )
        ratios += [(*key, predicate, ratio) for predicate, ratio in performance.ratios_ppm.items()]
        factors += [(*key, status, pct) for status, pct in factor.by_status_pct.items()]
    return Terms(
        pl.DataFrame(terms, schema=TERMS, orient="row"),
        pl.DataFrame(ratios, schema=RATIOS, orient="row"),
        pl.DataFrame(factors, schema=STATUS_FACTORS, orient="row"),
    )
