"""Kind `plan_progress`: how far a plan is at the end of a month, physically and in money, counted since it began.

From a feed an empty status is its approval; nobody decides on a plan that they answer for. What goes backwards or
beyond the budget warns, for it may be put right. Does not know when a plan is late.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import groupby, pairwise

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.decisions import (
    STATUSES_IN_FILES,
    keep_decisions,
    settle_decisions,
)
from ekinerja_agent.usecases.importing.reading.judging import (
    Draft,
    Fact,
    Kind,
    Row,
    merged,
    refuse_repeated_keys,
)
from ekinerja_agent.usecases.importing.reading.shapes import MONTH, shown

_SAID = ("planned_ppm", "physical_ppm", "realised_rp")
_NEWEST_ZONE = timedelta(days=1)
"""The calendar of the east is a day ahead of UTC at night."""


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    plans = {plan["code"]: plan for plan in draft.stored.rows("plans")}
    this_month = f"{draft.today + _NEWEST_ZONE:%Y-%m}"
    for row in draft.rows:
        plan = plans.get(row["plan"])
        if plan is None:
            draft.refuse(row, "plan", Message("{plan} is no plan; import plans first", plan=shown(row["plan"])))
            continue
        row["nip"] = plan["nip"]  # whom it is about: a decision of theirs does not count
        _judge_month(draft, row, plan, this_month)
    settle_decisions(draft, blank=EntryStatus.APPROVED)
    keep_decisions(draft, KIND, draft.stored.rows("plan_progress"), _SAID)
    _warn_of_steps_back(draft)


def _judge_month(draft: Draft, row: Row, plan: Fact, this_month: str) -> None:
    year = f"{plan['due_date']:%Y}"
    if row["month"][:4] != year:
        draft.refuse(
            row,
            "month",
            Message("{month}; allowed: months of {year}, the year of the due date", month=row["month"], year=year),
        )
    elif row["month"] > this_month:
        draft.refuse(
            row,
            "month",
            Message("{month} is still to come; allowed: up to {this_month}", month=row["month"], this_month=this_month),
        )
    realised_rp, budget_rp = row["realised_rp"], plan["budget_rp"]
    if realised_rp is not None and realised_rp > (budget_rp or 0):
        message = Message(
            "{realised_rp} is more than the budget of {plan}, {budget_rp}",
            realised_rp=realised_rp,
            plan=row["plan"],
            budget_rp=budget_rp or Message("none"),
        )
        draft.warn(row, "realised_rp", message)


def _warn_of_steps_back(draft: Draft) -> None:
    touched = {row["plan"] for row in draft.rows}
    reports = [row for row in merged(draft, "plan_progress") if row["plan"] in touched]
    reports.sort(key=_place)
    for _, own in groupby(reports, key=lambda row: row["plan"]):
        for before, after in pairwise(own):
            _warn_of_a_step_back(draft, before, after)


def _place(row: Mapping[str, object]) -> tuple[str, str]:
    return str(row["plan"]), str(row["month"])


def _warn_of_a_step_back(draft: Draft, before: Fact, after: Fact) -> None:
    told = after if "row" in after else before
    if "row" not in told:
        return
    for column, name in (("physical_ppm", "physical_pct"), ("realised_rp", "realised_rp")):
        earlier, later = before[column], after[column]
        if earlier is not None and later is not None and later < earlier:
            draft.warn(
                told,
                name,
                Message(
                    "{month} has less than {before}; it counts since the plan began",
                    month=after["month"],
                    before=before["month"],
                ),
            )


KIND = Kind(
    "plan_progress",
    columns("plan_progress", {"status": None}, month=MONTH, status=STATUSES_IN_FILES),
    _judge,
    Message("How far plans are at the end of a month, counted since they began."),
)
