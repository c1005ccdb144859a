"""What leave costs: a percentage for each day, or a share of the allowance that is not paid.

Both are apart from discipline: an approved document excuses the day all the same. Does not know rupiah. Sources of the
tables: regulations section 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

import polars as pl

from ekinerja_agent.rules import WHOLE_PPM, AbsenceKind, LeavePay, LeaveStep
from ekinerja_agent.scoring.discipline.prices import tag
from ekinerja_agent.scoring.duty.documents import Documents, KindRules
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.finding_columns import DOCUMENT_RANK, FOUND, as_found
from ekinerja_agent.scoring.frames.schemas import Schema, empty
from ekinerja_agent.scoring.frames.steps import collect

_DAY = timedelta(days=1)


def leave_findings(roster: Roster, approved: Documents, rules: KindRules) -> pl.DataFrame:
    """Given approved documents and the rule of each, return the days that cost something, one finding per duty.

    Columns: FOUND. Of several documents of a duty the one that costs least counts.
    """
    if not any(rule.value.deduction_ppm for rule in rules.values()):
        return empty(FOUND)
    prices = [
        {"plan": number, "kind": kind, **tag(kind.upper(), rule.value.deduction_ppm, "absences", rule)}
        for (number, kind), rule in rules.items()
    ]
    shape: Schema = {"plan": pl.UInt32, "kind": pl.String, "code": pl.String, "deduction_ppm": pl.Int64}
    shape |= {"rule": pl.String, "source": pl.String, "place": pl.String}
    judged = roster.duties.lazy().filter(pl.col("attendance") != "exempt").select("duty")
    costing = (
        approved.whole.lazy()
        .join(judged, on="duty", how="semi")
        .join(pl.LazyFrame(prices, schema=shape), on=["plan", "kind"], how="left")
        .sort("duty", "deduction_ppm", "kind")
        .unique("duty", keep="first", maintain_order=True)
        .filter(pl.col("deduction_ppm") > 0)
        .join(roster.plans.lazy().select("plan", "base"), on="plan", how="left")
        .with_columns(reference="document")
    )
    return collect(as_found(costing, DOCUMENT_RANK, "scan_order", "scan", "minutes", "punch_id", "by_share"))


def unpaid_shares(roster: Roster, approved: Documents, rules: KindRules) -> pl.DataFrame:
    """Given approved documents and the rule of each, return who is not paid in full: person, unpaid_ppm.

    unpaid_ppm is the sum over the person's duties; divided by the working days it is the share of the allowance.
    """
    paying = [key for key, rule in rules.items() if rule.value.pay is not None or rule.value.late_child_pay is not None]
    if not paying:
        return empty({"person": pl.UInt32, "unpaid_ppm": pl.Int64})
    kinds = pl.LazyFrame(paying, schema={"plan": pl.UInt32, "kind": pl.String}, orient="row")
    documents = approved.whole.lazy()
    concerned = documents.join(kinds, on=["plan", "kind"], how="semi").select("duty").unique()
    cases = collect(documents.join(concerned, on="duty", how="semi"))
    rows = list(_unpaid(cases.iter_rows(named=True), roster, rules))
    return collect(
        pl.LazyFrame(rows, schema={"duty": pl.UInt32, "unpaid_ppm": pl.Int64}, orient="row")
        .group_by("duty")
        .agg(pl.col("unpaid_ppm").min())  # of several documents the one that pays most counts
        .join(roster.duties.lazy().select("duty", "person"), on="duty", how="inner")
        .group_by("person")
        .agg(pl.col("unpaid_ppm").sum())
    )


def paid_ppm(kind: AbsenceKind, day: date, case_first: date, case_last: date, child_number: int | None) -> int:
    """Given a kind of leave, a day of a case and the case's first and last day, return the share that is paid.

    A month of a case runs to the day before the same day of the next month.
    """
    pay = kind.pay
    if kind.late_child_from is not None and child_number is not None and child_number >= kind.late_child_from:
        pay = kind.late_child_pay
    if pay is None:
        return WHOLE_PPM
    if pay.short_case_ppm is not None and case_last < _months_after(case_first, 1):
        return pay.short_case_ppm
    if pay.by_length:
        return _step(pay, (case_last - case_first).days + 1).paid_ppm
    month = _months_between(case_first, day)
    step = _step(pay, month + 1)
    since = _months_after(case_first, step.first - 1)
    return max(0, step.paid_ppm - step.less_per_day_ppm * (day - since).days)


def _unpaid(cases: Iterable[dict[str, Any]], roster: Roster, rules: KindRules) -> Iterator[tuple[int, int]]:
    for case in cases:
        day = roster.plan_keys[case["plan"]].day
        kind = rules[case["plan"], case["kind"]].value
        paid = paid_ppm(kind, day, case["case_first"], case["case_last"], case["child_number"])
        yield case["duty"], WHOLE_PPM - paid


def _step(pay: LeavePay, number: int) -> LeaveStep:
    return next(step for step in pay.steps if step.first <= number and (step.last is None or number <= step.last))


def _months_between(first: date, day: date) -> int:
    """Full months from `first` to `day`."""
    months = (day.year - first.year) * 12 + day.month - first.month
    return months if _months_after(first, months) <= day else months - 1


def _months_after(first: date, months: int) -> date:
    """The same day of a later month, or its last day."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    for day in range(first.day, first.day - 4, -1):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    raise ValueError(first)  # no month is shorter than 28 days
