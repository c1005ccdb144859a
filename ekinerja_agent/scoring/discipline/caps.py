"""What findings cost together: the share of presence that days took, and the most that a day and a month may cost.

Findings keep their percent in order until a cap is reached; later ones get the remainder, or 0. Does not know rupiah.
"""

from __future__ import annotations

import polars as pl

from ekinerja_agent.rules import WHOLE_PPM
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.exact import round_half_up, wide
from ekinerja_agent.scoring.frames.steps import collect
from ekinerja_agent.scoring.terms import Terms

_PRESENCE_STEP_PPM = 100
"""Presence is rounded half up to 0.01 %. Source: regulations section 9."""
_ORDER = ("duty", "rank", "scan_order", "reference", "code")


def settle(findings: pl.DataFrame, roster: Roster, terms: Terms) -> pl.DataFrame:
    """Given the findings that stand, in the columns of FOUND, and the terms of the month, return them at what they
    cost, with person, nip and date, in order of nip, date and scan.
    """
    duties = roster.duties.lazy().select("duty", "plan", "person", "nip", "date")
    dated = findings.lazy().join(duties, on="duty", how="left", maintain_order="left").sort(*_ORDER, nulls_last=True)
    shared = _with_shares(dated, roster) if findings["by_share"].any() else dated
    daily = roster.plans.lazy().select("plan", "day_cap_ppm")
    payees = roster.people.lazy().select("person", "profile", "pay_day")
    monthly = terms.of_profile.lazy().select("profile", "pay_day", "month_cap_ppm")
    return collect(
        shared.join(daily, on="plan", how="left", maintain_order="left")
        .with_columns(deduction_ppm=_up_to("day_cap_ppm", "duty"))
        .join(payees, on="person", how="left", maintain_order="left")
        .join(monthly, on=["profile", "pay_day"], how="left", maintain_order="left")
        .with_columns(deduction_ppm=_up_to("month_cap_ppm", "person"))
        .drop("plan", "day_cap_ppm", "profile", "pay_day", "month_cap_ppm", "by_share", "rank")
    )


def _with_shares(findings: pl.LazyFrame, roster: Roster) -> pl.LazyFrame:
    """A day that costs its share of presence gets what it takes away from the rounded presence of the month."""
    gone = pl.col("by_share").cum_sum().over("person").cast(pl.Int64)
    days = roster.people.lazy().select("person", "working_days")
    return (
        findings.join(days, on="person", how="left", maintain_order="left")
        .with_columns(
            deduction_ppm=pl.when("by_share")
            .then(_presence_ppm(gone - 1) - _presence_ppm(gone))
            .otherwise("deduction_ppm")
        )
        .drop("working_days")
    )


def _presence_ppm(gone: pl.Expr) -> pl.Expr:
    steps = WHOLE_PPM // _PRESENCE_STEP_PPM
    there = pl.col("working_days") - gone
    return _PRESENCE_STEP_PPM * round_half_up(wide(there) * steps, pl.col("working_days"))


def _up_to(cap: str, whole: str) -> pl.Expr:
    before = pl.col("deduction_ppm").cum_sum().over(whole) - pl.col("deduction_ppm")
    room = (pl.col(cap) - before).clip(lower_bound=0)
    return pl.when(pl.col(cap).is_null()).then("deduction_ppm").otherwise(pl.min_horizontal("deduction_ppm", room))
