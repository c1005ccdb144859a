"""From percent to rupiah: exact until the end, rounded half up once. Does not know why anything was deducted.

The allowance has two parts, discipline and performance. A deduction `discipline` shortens the first, `performance` the
second, `both` shortens each, `whole` is a share of the allowance that is taken after both; then what leave does not
pay, sanctions and holds are taken, each of the allowance and never more than what is left.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rules import WHOLE_PPM, Base
from ekinerja_agent.scoring.frames.exact import round_half_up, wide
from ekinerja_agent.scoring.frames.steps import collect, left_join_or_null
from ekinerja_agent.scoring.money.entitlement import E6_PER_RUPIAH, MULTIPLIER_ONE
from ekinerja_agent.scoring.terms import Terms

_LARGEST = 2**126
"""Twice an exact number must fit in 128 bits to be rounded."""
_MULTIPLIER_PPM = WHOLE_PPM // MULTIPLIER_ONE
_PARTS = {Base.DISCIPLINE: "discipline_share_ppm", Base.PERFORMANCE: "performance_share_ppm"}
TAKEN = ("whole", "leave", "sanction", "hold")
"""What is taken of the allowance after its two parts, in this order."""


class WholeDeductions(NamedTuple):
    """What is taken of the allowance as a whole besides findings, one row per person that is concerned.

    `unpaid`: person, unpaid_ppm (of leave; the sum over the person's duties). `sanctions` and `holds`: person,
    share_ppm, amount_rp.
    """

    unpaid: pl.DataFrame
    sanctions: pl.DataFrame
    holds: pl.DataFrame


def price_findings(findings: pl.DataFrame, people: pl.DataFrame, terms: Terms, entitled: pl.DataFrame) -> pl.DataFrame:
    """Given findings with person, deduction_ppm and base, add deduction_rp: each rounded half up alone, never
    summed.
    """
    pay = (
        people.lazy()
        .select("person", "profile", "pay_day")
        .join(terms.of_profile.lazy(), on=["profile", "pay_day"], how="left")
        .join(entitled.lazy(), on="person", how="left")
        .select("person", "base_e6", "base_days", "multiplier", *_PARTS.values())
    )
    share = pl.lit(WHOLE_PPM)
    for base, part_ppm in _PARTS.items():
        share = pl.when(pl.col("base") == base).then(part_ppm).otherwise(share)
    exact = wide(pl.col("base_e6")) * pl.col("multiplier") * share * pl.col("deduction_ppm")
    one = wide(pl.col("base_days")) * E6_PER_RUPIAH * MULTIPLIER_ONE * WHOLE_PPM * WHOLE_PPM
    return collect(
        findings.lazy()
        .join(pay, on="person", how="left", maintain_order="left")
        .with_columns(deduction_rp=round_half_up(exact, one))
        .drop("base_e6", "base_days", "multiplier", *_PARTS.values())
    )


def pay_out(
    people: pl.DataFrame,
    terms: Terms,
    entitled: pl.DataFrame,
    findings: pl.DataFrame,
    performance: pl.DataFrame,
    taken: WholeDeductions,
) -> pl.DataFrame:
    """Given what people are entitled to, priced findings, performance and what is taken as a whole, return one row per
    person: person and the scores and rupiah of PEOPLE.

    discipline_score_ppm ignores whole deductions. payable_rp is the rounded exact total, performance_rp what
    is left of it beside the rounded discipline part and the deductions, so that the parts always add up. Raise
    NeedsAttention for an allowance that is too large to be exact.
    """
    of_base = [pl.col("deduction_ppm").filter(pl.col("base") == base).sum().alias(f"{base}_ppm") for base in Base]
    sums = findings.lazy().group_by("person").agg(of_base)
    rows = collect(
        people.lazy()
        .select("person", "profile", "pay_day", "working_days")
        .join(terms.of_profile.lazy(), on=["profile", "pay_day"], how="left", maintain_order="left")
        .join(entitled.lazy(), on="person", how="left", maintain_order="left")
        .join(performance.lazy(), on="person", how="left", maintain_order="left")
        .join(sums, on="person", how="left", maintain_order="left")
        .pipe(left_join_or_null, taken.unpaid, "person")
        .pipe(left_join_or_null, _named(taken.sanctions, "sanction"), "person")
        .pipe(left_join_or_null, _named(taken.holds, "hold"), "person")
        .with_columns(
            *(pl.col(f"{base}_ppm").fill_null(0) for base in Base),
            pl.col("unpaid_ppm", "sanction_ppm", "sanction_amount_rp", "hold_ppm", "hold_amount_rp").fill_null(0),
            leave_days=pl.when(pl.col("unpaid_ppm") > 0).then(pl.max_horizontal("working_days", 1)).otherwise(1),
        )
    )
    _refuse_too_large(rows)
    return collect(
        rows.lazy()
        .with_columns(
            discipline_deduction_ppm=(pl.col("discipline_ppm") + pl.col("both_ppm")).clip(upper_bound=WHOLE_PPM),
            performance_deduction_ppm=(pl.col("performance_ppm") + pl.col("both_ppm")).clip(upper_bound=WHOLE_PPM),
        )
        .with_columns(
            # Scores are counted in shares of `score_one`, exact rupiah in shares of `rupiah_one`.
            discipline_units=wide(WHOLE_PPM - pl.col("discipline_deduction_ppm")) * pl.col("goal"),
            performance_units=(
                wide(pl.col("achieved")) * WHOLE_PPM - wide(pl.col("performance_deduction_ppm")) * pl.col("goal")
            ).clip(lower_bound=0),
            score_one=wide(pl.col("goal")) * WHOLE_PPM,
            # The allowance for each ppm of it and each unit of a score, and for each working day.
            allowance=wide(pl.col("base_e6")) * pl.col("multiplier") * pl.col("leave_days"),
        )
        .with_columns(
            rupiah_one=pl.col("score_one")
            * pl.col("leave_days")
            * pl.col("base_days")
            * (E6_PER_RUPIAH * MULTIPLIER_ONE * WHOLE_PPM),
            discipline_exact=pl.col("allowance") * pl.col("discipline_share_ppm") * pl.col("discipline_units"),
            performance_exact=pl.col("allowance") * pl.col("performance_share_ppm") * pl.col("performance_units"),
            whole_exact=pl.col("allowance") * pl.col("whole_ppm") * pl.col("score_one"),
            leave_exact=wide(pl.col("base_e6")) * pl.col("multiplier") * pl.col("unpaid_ppm") * pl.col("score_one"),
        )
        .with_columns(
            sanction_exact=_share_and_amount("sanction"),
            hold_exact=_share_and_amount("hold"),
            left=pl.col("discipline_exact") + pl.col("performance_exact"),
        )
        .pipe(_take)
        .select(
            "person",
            *("discipline_deduction_ppm", "performance_deduction_ppm", "base_rp"),
            discipline_score_ppm=WHOLE_PPM - pl.col("discipline_deduction_ppm"),
            performance_score_ppm=round_half_up(pl.col("performance_units"), pl.col("goal")),
            multiplier_ppm=pl.col("multiplier") * _MULTIPLIER_PPM,
            discipline_rp=_rupiah("discipline_exact"),
            whole_deduction_rp=_rupiah("whole_exact"),
            leave_deduction_rp=_rupiah("leave_exact"),
            sanction_rp=_rupiah("sanction_exact"),
            hold_rp=_rupiah("hold_exact"),
            payable_rp=_rupiah("left"),
        )
        .with_columns(
            performance_rp=pl.sum_horizontal(
                "payable_rp", "whole_deduction_rp", "leave_deduction_rp", "sanction_rp", "hold_rp"
            )
            - pl.col("discipline_rp")
        )
    )


def _named(taken: pl.DataFrame, name: str) -> pl.DataFrame:
    return taken.select(
        "person", pl.col("share_ppm").alias(f"{name}_ppm"), pl.col("amount_rp").alias(f"{name}_amount_rp")
    )


def _share_and_amount(name: str) -> pl.Expr:
    of_allowance = pl.col("allowance") * pl.col(f"{name}_ppm") * pl.col("score_one")
    return of_allowance + wide(pl.col(f"{name}_amount_rp")) * pl.col("rupiah_one")


def _take(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Each deduction in turn, never more than what is left."""
    for name in TAKEN:
        rows = rows.with_columns(pl.min_horizontal(f"{name}_exact", "left").alias(f"{name}_exact")).with_columns(
            left=pl.col("left") - pl.col(f"{name}_exact")
        )
    return rows


def _refuse_too_large(rows: pl.DataFrame) -> None:
    """No number of this month may reach what 128 bits hold: a wrong amount without a word must not be possible."""
    if rows.is_empty():
        return

    def most(*columns: str) -> int:
        return max(1, *(max(rows[column].to_list()) or 0 for column in columns))

    shares = max(WHOLE_PPM, most("whole_ppm", "sanction_ppm", "hold_ppm"))
    score = most("goal", "achieved") * WHOLE_PPM
    allowance = most("base_e6") * most("multiplier") * most("leave_days") * shares * score
    amounts = most("sanction_amount_rp", "hold_amount_rp") * score * most("leave_days") * most("base_days")
    if max(allowance, amounts * E6_PER_RUPIAH * MULTIPLIER_ONE * WHOLE_PPM) >= _LARGEST:
        raise NeedsAttention(
            Message(
                "an allowance of Rp {amount} a month, a sanction or a hold is too large to be computed exactly; "
                "correct the amount in the imported file",
                amount=f"{most('base_rp'):,}",
            )
        )


def _rupiah(exact: str) -> pl.Expr:
    return round_half_up(pl.col(exact), pl.col("rupiah_one"))
