"""What a person's allowance is before anything is deducted, as an exact fraction, and by what it is multiplied.

Does not know discipline or performance. Source of the readings: regulations sections 4 and 9.
"""

from __future__ import annotations

import polars as pl

from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.exact import round_half_up, wide
from ekinerja_agent.scoring.frames.schemas import MonthFacts, empty
from ekinerja_agent.scoring.frames.steps import collect, covers, left_join_or_null
from ekinerja_agent.scoring.terms import Terms

E4_PER_RUPIAH = 10_000
E6_PER_RUPIAH = 1_000_000
MULTIPLIER_ONE = 10_000
"""A multiplier is a product of two whole percentages."""
_ACTING = "plt"


def entitlements(roster: Roster, terms: Terms, facts: MonthFacts) -> pl.DataFrame:
    """Given the roster, its terms and the facts, return one row per person: person, base_e6 and base_days (the
    allowance is base_e6 / base_days millionths of a rupiah), base_rp (rounded half up), multiplier (of MULTIPLIER_ONE).
    """
    paid = collect(
        roster.people.lazy().join(terms.of_profile.lazy(), on=["profile", "pay_day"], how="left", maintain_order="left")
    ).lazy()
    first_day = paid.select("person", "nip", day="pay_day")
    own = collect(
        paid.select("person", "prorate", "working_days", "plt_pct", "spell_rp")
        .pipe(left_join_or_null, _criteria(first_day, facts, "person"), "person")
        .with_columns(own_e4=pl.coalesce("amount_e4", pl.col("spell_rp") * E4_PER_RUPIAH).fill_null(0))
    ).lazy()
    spread = pl.col("prorate") & (pl.col("working_days") > 0)
    with_days = left_join_or_null(
        own, _over_the_month(roster, terms, own.filter(spread), facts), "person"
    ).with_columns(
        base_days=pl.when(spread).then("working_days").otherwise(1),
        base_e6=100 * pl.when(spread).then("month_e4").otherwise("own_e4"),
    )
    acting = _acting(first_day, own, facts)
    factors = terms.status_factors.lazy().select("profile", "pay_day", "employment_status", "status_pct")
    multiplied = paid.select("person", "profile", "pay_day", "employment_status", "general_pct").join(
        factors, on=["profile", "pay_day", "employment_status"], how="left", maintain_order="left"
    )
    return collect(
        multiplied.select("person", multiplier=pl.col("general_pct") * pl.col("status_pct").fill_null(100))
        .join(with_days, on="person", how="left", maintain_order="left")
        .pipe(left_join_or_null, acting, "person")
        .with_columns(base_e6=pl.col("base_e6") + pl.col("acting_e6").fill_null(0) * pl.col("base_days"))
        .select(
            *("person", "base_e6", "base_days", "multiplier"),
            base_rp=round_half_up(wide(pl.col("base_e6")), pl.col("base_days") * E6_PER_RUPIAH),
        )
    )


def _criteria(days: pl.LazyFrame, facts: MonthFacts, *of: str) -> pl.DataFrame:
    """Given person, nip and day, return the sum of the criteria that hold on the day, of each person or each person and
    day: what `of` names, amount_e4.
    """
    if facts.allowances.is_empty():
        return empty({"person": pl.UInt32, "day": pl.Date, "amount_e4": pl.Int64}).select(*of, "amount_e4")
    held = days.join(facts.allowances.lazy(), on="nip", how="inner").filter(covers("day"))
    return collect(held.group_by(*of).agg(pl.col("amount_e4").sum()))


def _over_the_month(roster: Roster, terms: Terms, people: pl.LazyFrame, facts: MonthFacts) -> pl.DataFrame:
    """The sum of each duty's allowance, of the spell or the criteria of its day: person, month_e4."""
    if not terms.of_profile["prorate"].any():
        return empty({"person": pl.UInt32, "month_e4": pl.Int64})
    duties = roster.duties.lazy().join(people.select("person"), on="person", how="semi")
    days = duties.select("person", "nip", day="date").unique()
    return collect(
        duties.select("person", "spell_rp", day="date")
        .pipe(left_join_or_null, _criteria(days, facts, "person", "day"), "person", "day")
        .with_columns(day_e4=pl.coalesce("amount_e4", pl.col("spell_rp") * E4_PER_RUPIAH).fill_null(0))
        .group_by("person")
        .agg(month_e4=pl.col("day_e4").sum())
    )


def _acting(first_day: pl.LazyFrame, own: pl.LazyFrame, facts: MonthFacts) -> pl.DataFrame:
    """The supplement of who acts for a vacant post, a share of the lower of both allowances: person, acting_e6."""
    if facts.assignments.is_empty():
        return empty({"person": pl.UInt32, "acting_e6": pl.Int64})
    posts = facts.assignments.lazy().filter(pl.col("kind") == _ACTING)
    return collect(
        first_day.join(posts.select("nip", "allowance_rp", "valid_from", "valid_to"), on="nip", how="inner")
        .filter(covers("day"))
        .join(own.select("person", "own_e4", "plt_pct"), on="person", how="left")
        .with_columns(lower_e4=pl.min_horizontal("own_e4", pl.col("allowance_rp") * E4_PER_RUPIAH))
        .group_by("person")
        .agg(acting_e6=(pl.col("lower_e4") * pl.col("plt_pct")).sum())
    )
