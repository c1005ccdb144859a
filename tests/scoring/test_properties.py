"""What must hold for every month, whoever punched where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring import MonthFacts, MonthResult, score_month
from tests.proof.oracle.building import MonthBuilder

Build = Callable[..., MonthBuilder]
FIRST = date(2026, 9, 7)
NIPS = ("199001012015011001", "199001012015011002")
PROFILES = ("tpp-model", "hsu", "four-scan-example", "both-parts")
quick = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])

seconds = st.integers(0, 86_399)
punches = st.lists(st.tuples(st.sampled_from(NIPS), st.integers(0, 4), seconds), max_size=30, unique=True)
gaps = st.lists(st.tuples(st.integers(0, 4), seconds, st.integers(1, 100_000)), max_size=3)


def at(day: int, second: int) -> datetime:
    return datetime.combine(FIRST, time.min, tzinfo=UTC) + timedelta(days=day, seconds=second - 7 * 3600)


def week(build: Build, profile: str, seen: list[tuple[str, int, int]], base_rp: int = 4_000_000) -> MonthFacts:
    """Two people for five days at two terminals, all complete."""
    month = build(profile=profile)
    for nip in NIPS:
        month.person(nip, terminals=("T", "U"), valid_from=FIRST, valid_to=date(2026, 9, 11), allowance_rp=base_rp)
        month.add("activities", nip=nip, day=FIRST, minutes=100)
    for nip, day, second in seen:
        clock = str(timedelta(seconds=second)).zfill(8)
        month.punch(FIRST + timedelta(days=day), clock, nip=nip)
    facts: MonthFacts = month.facts()
    return facts


def with_gaps(facts: MonthFacts, lost: list[tuple[int, int, int]]) -> MonthFacts:
    """The same facts, where terminal T has these gaps."""
    rows = [("U", None, at(99, 0), "proven")]
    begin = None
    for start, end in sorted((at(day, second), at(day, second + length_s)) for day, second, length_s in lost):
        if begin is None or start > begin:
            rows.append(("T", begin, start, "proven"))
        begin = end if begin is None else max(begin, end)
    rows.append(("T", begin, at(99, 0), "proven"))
    return replace(facts, coverage=pl.DataFrame(rows, schema=facts.coverage.schema, orient="row"))


def same(one: MonthResult, other: MonthResult) -> None:
    for name in ("people", "days", "findings", "pending"):
        assert_frame_equal(getattr(one, name), getattr(other, name))


def deducted(result: MonthResult) -> dict[str, int]:
    """Parts per million that each person loses."""
    lost = dict.fromkeys(result.people["nip"], 0)
    return lost | dict(result.findings.group_by("nip").agg(pl.col("deduction_ppm").sum()).iter_rows())


@given(seen=punches, lost=gaps, profile=st.sampled_from(PROFILES), seed=st.integers(0, 99))
@quick
def test_the_order_of_the_facts_changes_nothing(
    build: Build,
    rules: RuleBook,
    seen: list[tuple[str, int, int]],
    lost: list[tuple[int, int, int]],
    profile: str,
    seed: int,
) -> None:
    facts = with_gaps(week(build, profile, seen), lost)
    shuffled = {
        name: getattr(facts, name).sample(fraction=1, shuffle=True, seed=seed)
        for name in ("spells", "units", "punches", "coverage", "duty_terminals", "activities")
    }
    same(score_month(facts, rules), score_month(replace(facts, **shuffled), rules))


@given(seen=punches.filter(bool), profile=st.sampled_from(("four-scan-example", "hsu")))
@quick
def test_one_more_punch_never_adds_a_deduction(
    build: Build, rules: RuleBook, seen: list[tuple[str, int, int]], profile: str
) -> None:
    fewer = deducted(score_month(week(build, profile, seen[1:]), rules))
    more = deducted(score_month(week(build, profile, seen), rules))
    assert all(more[nip] <= fewer[nip] for nip in NIPS)


@given(seen=punches, lost=gaps, profile=st.sampled_from(PROFILES))
@quick
def test_taking_coverage_away_never_adds_a_deduction(
    build: Build, rules: RuleBook, seen: list[tuple[str, int, int]], lost: list[tuple[int, int, int]], profile: str
) -> None:
    facts = week(build, profile, seen)
    complete, known, fewer = (score_month(with_gaps(facts, lost[:keep]), rules) for keep in (0, 1, 3))
    assert complete.pending.height == 0
    for more, less in ((complete, known), (known, fewer)):
        assert all(deducted(less)[nip] <= deducted(more)[nip] for nip in NIPS)
        assert set(more.pending.select("nip", "date").rows()) <= set(less.pending.select("nip", "date").rows())


@given(seen=punches, lost=gaps, profile=st.sampled_from(PROFILES))
@quick
def test_accepting_what_is_pending_never_costs(
    build: Build, rules: RuleBook, seen: list[tuple[str, int, int]], lost: list[tuple[int, int, int]], profile: str
) -> None:
    facts = with_gaps(week(build, profile, seen), lost)
    waiting, accepted = score_month(facts, rules), score_month(replace(facts, accept_pending=True), rules)
    assert accepted.pending.height == 0
    assert accepted.people["payable_rp"].to_list() == waiting.people["payable_rp"].to_list()
    assert_frame_equal(accepted.findings, waiting.findings)
    assert accepted.people["days_present"].sum() == waiting.people["days_present"].sum() + waiting.pending.height


@given(seen=punches, profile=st.sampled_from(PROFILES), base_rp=st.integers(0, 10**9))
@quick
def test_parts_always_add_up(
    build: Build, rules: RuleBook, seen: list[tuple[str, int, int]], profile: str, base_rp: int
) -> None:
    result = score_month(week(build, profile, seen, base_rp), rules)
    for person in result.people.iter_rows(named=True):
        deductions = sum(
            person[name] for name in ("whole_deduction_rp", "leave_deduction_rp", "sanction_rp", "hold_rp")
        )
        assert person["discipline_rp"] + person["performance_rp"] - deductions == person["payable_rp"]
        assert 0 <= person["payable_rp"] <= base_rp
        assert person["discipline_score_ppm"] + person["discipline_deduction_ppm"] == 1_000_000


@given(seen=punches)
@quick
def test_no_day_costs_more_than_its_cap(build: Build, rules: RuleBook, seen: list[tuple[str, int, int]]) -> None:
    for profile, cap in (("four-scan-example", 30_000), ("hsu", 10_000)):
        findings = score_month(week(build, profile, seen), rules).findings
        per_day = findings.group_by("nip", "date").agg(pl.col("deduction_ppm").sum())["deduction_ppm"]
        assert per_day.filter(per_day > cap).len() == 0


@given(seen=punches)
@quick
def test_people_do_not_change_each_other(build: Build, rules: RuleBook, seen: list[tuple[str, int, int]]) -> None:
    together = week(build, "four-scan-example", seen)
    alone = replace(together, spells=together.spells.filter(nip=NIPS[0]))
    mine, ours = score_month(alone, rules), score_month(together, rules)
    for name in ("people", "days", "findings", "pending"):
        assert_frame_equal(getattr(mine, name), getattr(ours, name).filter(nip=NIPS[0]))


@given(seen=punches, missed=punches, lost=gaps, profile=st.sampled_from(PROFILES))
@quick
def test_what_stands_beside_a_gap_costs_no_more_than_it_would_with_the_punches_of_the_gap(
    build: Build,
    rules: RuleBook,
    seen: list[tuple[str, int, int]],
    missed: list[tuple[str, int, int]],
    lost: list[tuple[int, int, int]],
    profile: str,
) -> None:
    inside = [
        (nip, day, second)
        for nip, day, second in missed
        if any(at(gap, start) <= at(day, second) < at(gap, start + length) for gap, start, length in lost)
    ]
    judged = score_month(with_gaps(week(build, profile, seen), lost), rules)
    truth = score_month(week(build, profile, list(dict.fromkeys([*seen, *inside]))), rules)
    standing = dict(
        judged.findings.group_by("nip", "date")
        .agg(pl.col("deduction_ppm").sum())
        .rows_by_key(["nip", "date"], unique=True)
    )
    costs = dict(
        truth.findings.group_by("nip", "date")
        .agg(pl.col("deduction_ppm").sum())
        .rows_by_key(["nip", "date"], unique=True)
    )
    assert {day: cost for day, cost in standing.items() if cost > costs.get(day, (0,))} == {}
