"""Indicators as parts of the performance score, where the profile says so: points of a person or unit, money spent.

The score is then work (minutes or the rating) times its weight plus each indicator times its own. Work is rounded half
up to whole ppm, and so is what each indicator lacks. An indicator of which nothing is known counts in full. Does not
know where points come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from ekinerja_agent.measures.exact import half_up
from ekinerja_agent.rules import BUDGET_ABSORPTION, WHOLE_PPM, IndicatorPart, Indicators, RuleBook
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.exact import round_half_up, wide
from ekinerja_agent.scoring.frames.schemas import MonthFacts
from ekinerja_agent.scoring.frames.steps import collect
from ekinerja_agent.scoring.performance.shortfalls import Shortfall

INDICATOR_CODE = "IKU"

Points = dict[tuple[str | None, str | None, str], tuple[int, int]]
"""By nip, unit and code: what was reached of how much."""


def weigh_work(performance: pl.DataFrame, roster: Roster, rules: RuleBook) -> pl.DataFrame:
    """Given performance with person, achieved and goal, return it with what work lacks of the score weighed.

    Of profiles without indicators nothing changes.
    """
    weights = [
        (profile, pay_day, chosen.work_ppm)
        for profile, pay_day in roster.pay_keys
        if (chosen := _chosen(rules, profile, pay_day)) is not None
    ]
    if not weights:
        return performance
    shape = {"profile": pl.String, "pay_day": pl.Date, "work_ppm": pl.Int64}
    of_profile = pl.LazyFrame(weights, schema=shape, orient="row")
    payees = roster.people.lazy().select("person", "profile", "pay_day")
    of_person = payees.join(of_profile, on=["profile", "pay_day"], how="inner").select("person", "work_ppm")
    lacking = wide(pl.col("work_ppm")) * (pl.col("goal") - pl.col("achieved"))
    weighed = pl.col("work_ppm").is_not_null()
    return collect(
        performance.lazy()
        .join(of_person, on="person", how="left", maintain_order="left")
        .with_columns(
            achieved=pl.when(weighed).then(WHOLE_PPM - round_half_up(lacking, pl.col("goal"))).otherwise("achieved"),
            goal=pl.when(weighed).then(WHOLE_PPM).otherwise("goal"),
        )
        .drop("work_ppm")
    )


def indicator_shortfalls(roster: Roster, facts: MonthFacts, rules: RuleBook) -> Iterator[Shortfall]:
    """Given the roster and the facts, yield what each indicator lacks of its weight, by nip and as in the rule."""
    if all(_chosen(rules, profile, pay_day) is None for profile, pay_day in roster.pay_keys):
        return
    points: Points = {(nip, unit, code): rest for nip, unit, code, *rest in facts.indicators.iter_rows()}  # type: ignore[misc]
    for unit, budget_rp, realised_rp in facts.budgets.iter_rows():
        points[None, unit, BUDGET_ABSORPTION] = (realised_rp, budget_rp)
    people = roster.people.filter(pl.col("working_days") > 0)
    for nip, unit, profile, pay_day in people.select("nip", "unit", "profile", "pay_day").iter_rows():
        chosen = _chosen(rules, profile, pay_day)
        timeline = rules.profile(profile).indicators
        for part in chosen.parts if chosen else ():
            lacking_ppm = _lacking(part, nip, unit, points)
            if lacking_ppm:
                dated = timeline.on(pay_day)
                yield Shortfall(nip, INDICATOR_CODE, lacking_ppm, timeline.name, dated, f"indicator/{part.code}")


def _lacking(part: IndicatorPart, nip: str, unit: str, points: Points) -> int:
    key = (nip, None, part.code) if part.of == "person" else (None, unit, part.code)
    reached, most = points.get(key, (1, 1))
    return half_up(part.weight_ppm * max(0, most - reached), most)


def _chosen(rules: RuleBook, profile: str, pay_day: date) -> Indicators | None:
    return rules.profile(profile).indicators.on(pay_day).value
