"""From percent to rupiah: exact until the end, rounded half up once. Does not know why anything was deducted.

The allowance has two parts, discipline and performance. A deduction `discipline` shortens the first, `both`
shortens each, `whole` is a share of the allowance that is taken after both; nothing goes below 0.
"""

from __future__ import annotations

import polars as pl

from ekinerja_agent.rules import WHOLE_PPM, Base
from ekinerja_agent.scoring.exact import round_half_up, wide


def price_findings(findings: pl.DataFrame, people: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """Given findings with person, deduction_ppm and base, add deduction_rp: each rounded half up alone, never
    summed.
    """
    pay = people.join(terms, on=["profile", "pay_day"], how="left").select("person", "base_rp", "discipline_share_ppm")
    share = pl.when(pl.col("base") == Base.DISCIPLINE).then("discipline_share_ppm").otherwise(WHOLE_PPM)
    exact = wide(pl.col("base_rp")) * share * pl.col("deduction_ppm")
    return (
        findings.join(pay, on="person", how="left", maintain_order="left")
        .with_columns(deduction_rp=round_half_up(exact, WHOLE_PPM * WHOLE_PPM))
        .drop("base_rp", "discipline_share_ppm")
    )


def pay_out(
    people: pl.DataFrame, terms: pl.DataFrame, findings: pl.DataFrame, performance: pl.DataFrame
) -> pl.DataFrame:
    """Given priced findings and performance, return one row per person: person and the scores and rupiah of
    PEOPLE.

    discipline_score_ppm ignores whole deductions. payable_rp is the rounded exact total, performance_rp what
    is left of it beside the rounded discipline part and the deductions, so that the parts always add up.
    """
    of_base = [pl.col("deduction_ppm").filter(pl.col("base") == base).sum().alias(f"{base}_ppm") for base in Base]
    sums = findings.lazy().group_by("person").agg(of_base)
    return (
        people.lazy()
        .select("person", "profile", "pay_day", "base_rp")
        .join(terms.lazy(), on=["profile", "pay_day"], how="left")
        .join(performance.lazy(), on="person", how="left")
        .join(sums, on="person", how="left")
        .with_columns(pl.col(f"{base}_ppm").fill_null(0) for base in Base)
        .with_columns(
            discipline_deduction_ppm=(pl.col("discipline_ppm") + pl.col("both_ppm")).clip(upper_bound=WHOLE_PPM),
            performance_deduction_ppm=pl.col("both_ppm").clip(upper_bound=WHOLE_PPM),
            goal=pl.max_horizontal("target_minutes", pl.lit(1)),
            achieved=pl.when(pl.col("target_minutes") > 0).then("achieved_minutes").otherwise(1),
        )
        .with_columns(
            # Scores are counted in shares of `score_one`, exact rupiah in shares of WHOLE_PPM x score_one.
            discipline_units=wide(WHOLE_PPM - pl.col("discipline_deduction_ppm")) * pl.col("goal"),
            performance_units=(
                wide(pl.col("achieved")) * WHOLE_PPM - wide(pl.col("performance_deduction_ppm")) * pl.col("goal")
            ).clip(lower_bound=0),
            score_one=wide(pl.col("goal")) * WHOLE_PPM,
        )
        .with_columns(
            discipline_exact=wide(pl.col("base_rp")) * pl.col("discipline_share_ppm") * pl.col("discipline_units"),
            performance_exact=wide(pl.col("base_rp")) * pl.col("performance_share_ppm") * pl.col("performance_units"),
            whole_exact=wide(pl.col("base_rp")) * pl.col("whole_ppm") * pl.col("score_one"),
        )
        .with_columns(parts_exact=pl.col("discipline_exact") + pl.col("performance_exact"))
        .with_columns(whole_exact=pl.min_horizontal("whole_exact", "parts_exact"))
        .select(
            "person",
            *("discipline_deduction_ppm", "performance_deduction_ppm"),
            discipline_score_ppm=WHOLE_PPM - pl.col("discipline_deduction_ppm"),
            performance_score_ppm=round_half_up(pl.col("performance_units"), pl.col("goal")),
            discipline_rp=_rupiah("discipline_exact"),
            whole_deduction_rp=_rupiah("whole_exact"),
            payable_rp=_rupiah(pl.col("parts_exact") - pl.col("whole_exact")),
            multiplier_ppm=pl.lit(WHOLE_PPM, pl.Int64),
            leave_deduction_rp=pl.lit(0, pl.Int64),
            sanction_rp=pl.lit(0, pl.Int64),
            hold_rp=pl.lit(0, pl.Int64),
        )
        .with_columns(
            performance_rp=pl.sum_horizontal(
                "payable_rp", "whole_deduction_rp", "leave_deduction_rp", "sanction_rp", "hold_rp"
            )
            - pl.col("discipline_rp")
        )
        .collect()
    )


def _rupiah(exact: pl.Expr | str) -> pl.Expr:
    expr = pl.col(exact) if isinstance(exact, str) else exact
    return round_half_up(expr, pl.col("score_one") * WHOLE_PPM)
