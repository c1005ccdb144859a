"""What must hold for every month under every profile: the two laws, and sums that anybody can check."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import polars as pl
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ekinerja_agent.rules import Dated, Profile, RuleBook, Timeline
from ekinerja_agent.scoring import MonthFacts, MonthResult, score_month
from tests.proof.oracle.books import made_up_book, shipped_book
from tests.proof.oracle.building import FOREVER
from tests.proof.oracle.months import clocks, months

RESULTS = ("people", "days", "findings", "pending")
UNORDERED = tuple(field.name for field in fields(MonthFacts) if field.name not in {"ratings"})
DECEMBER = datetime(2026, 12, 31, tzinfo=UTC)
quick = settings(
    max_examples=25,
    derandomize=True,  # every run of the tests draws the same months
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def draw_month(data: st.DataObject, *names: str) -> tuple[MonthFacts, RuleBook]:
    """Facts and the book they are drawn for, under one of the named profiles or any."""
    books = {"shipped": shipped_book(), "made up": made_up_book()}
    choices = [(which, name) for which, book in books.items() for name in sorted(book.profiles)]
    which, name = data.draw(st.sampled_from([pair for pair in choices if not names or pair[1] in names]))
    return data.draw(months(books[which], name)), books[which]


def same(one: MonthResult, other: MonthResult) -> None:
    for name in RESULTS:
        assert_frame_equal(getattr(one, name), getattr(other, name))


def lost_ppm(result: MonthResult) -> dict[str, int]:
    """What each person loses, in parts per million of whatever base."""
    lost = dict.fromkeys(result.people["nip"], 0)
    return lost | dict(result.findings.group_by("nip").agg(pl.col("deduction_ppm").sum()).iter_rows())


@given(data=st.data(), seed=st.integers(0, 99))
@quick
def test_the_order_of_the_facts_changes_nothing(data: st.DataObject, seed: int) -> None:
    facts, rules = draw_month(data)
    shuffled = {
        name: frame.sample(fraction=1, shuffle=True, seed=seed)
        for name in UNORDERED
        if isinstance(frame := getattr(facts, name), pl.DataFrame)
    }
    same(score_month(facts, rules), score_month(replace(facts, **shuffled), rules))


@given(data=st.data())
@quick
def test_one_more_punch_never_adds_a_deduction_where_the_day_is_capped_and_the_kinder_counts(
    data: st.DataObject,
) -> None:
    facts, rules = draw_month(data, "four-scan-example", "hsu")
    # What waits for data, for a decision or for the evening costs nothing yet: a punch may end the waiting.
    complete = [(terminal, None, FOREVER, "proven") for terminal in ("T", "U", "HALL")]
    facts = replace(
        facts,
        now=DECEMBER,
        accept_pending=False,
        units=facts.units.with_columns(profile=pl.lit(None, pl.String)),
        coverage=pl.DataFrame(complete, schema=facts.coverage.schema, orient="row"),
        outages=facts.outages.clear(),
        absences=facts.absences.filter(pl.col("status") != "pending"),
        corrections=facts.corrections.filter(pl.col("status") != "pending"),
    )
    nip = data.draw(st.sampled_from(sorted(set(facts.spells["nip"]))))
    day = facts.month + timedelta(days=data.draw(st.sampled_from((6, 8, 9, 10, 17))))
    at = datetime.combine(day, data.draw(clocks()), tzinfo=UTC) - timedelta(hours=8)
    row = {"nip": [nip], "punch_id": ["T/one-more"], "terminal": ["T"], "at": [at], "clock_at": [at]}
    more = replace(facts, punches=pl.concat([facts.punches, pl.DataFrame(row, schema=facts.punches.schema)]))
    rules = without_anomalies(rules)
    before, after = lost_ppm(score_month(facts, rules)), lost_ppm(score_month(more, rules))
    assert after[nip] <= before[nip], f"{at:%d %H:%M} UTC costs {nip}"


@given(data=st.data())
@quick
def test_taking_coverage_away_never_adds_a_deduction(data: st.DataObject) -> None:
    facts, rules = draw_month(data)
    assume(facts.coverage.height)
    gone = data.draw(st.integers(0, facts.coverage.height - 1))
    fewer = replace(facts, coverage=facts.coverage.with_row_index().filter(pl.col("index") != gone).drop("index"))
    known, unknown = score_month(facts, rules), score_month(fewer, rules)
    before, after = lost_ppm(known), lost_ppm(unknown)
    assert all(after[nip] <= before[nip] for nip in before)
    assert (unknown.people["payable_rp"] >= known.people["payable_rp"]).all()


@given(data=st.data())
@quick
def test_accepting_what_is_pending_never_costs(data: st.DataObject) -> None:
    facts, rules = draw_month(data)
    waiting = score_month(replace(facts, accept_pending=False), rules)
    accepted = score_month(replace(facts, accept_pending=True), rules)
    assert accepted.pending.height == 0
    assert set(accepted.people["status"]) == {"draft"}
    assert_frame_equal(accepted.findings, waiting.findings)
    assert accepted.people["payable_rp"].to_list() == waiting.people["payable_rp"].to_list()


@given(data=st.data())
@quick
def test_an_office_may_be_scored_person_by_person(data: st.DataObject) -> None:
    """But for mass anomalies, and for silence, which is believed where none of the terminal's people is on duty."""
    facts, rules = draw_month(data)
    rules = without_anomalies(rules)
    facts = replace(facts, coverage=facts.coverage.filter(pl.col("kind") == "proven"))
    together = score_month(facts, rules)
    for nip in together.people["nip"]:
        alone = score_month(replace(facts, spells=facts.spells.filter(nip=nip)), rules)
        for name in RESULTS:
            assert_frame_equal(getattr(alone, name), getattr(together, name).filter(nip=nip))


@given(data=st.data())
@quick
def test_a_rule_that_begins_later_never_changes_an_earlier_month(data: st.DataObject) -> None:
    facts, rules = draw_month(data)
    other = data.draw(st.sampled_from(sorted(rules.profiles)))
    next_month = (facts.month + timedelta(days=31)).replace(day=1)
    changed = {
        name: from_then_on(profile, rules.profiles[other], next_month) for name, profile in rules.profiles.items()
    }
    same(score_month(facts, rules), score_month(facts, replace(rules, profiles=changed)))


@given(data=st.data())
@quick
def test_no_day_and_no_month_costs_more_than_its_cap(data: st.DataObject) -> None:
    facts, rules = draw_month(data, "four-scan-example", "hsu", "four", "minutes")
    facts = replace(facts, units=facts.units.with_columns(profile=pl.lit(None, pl.String)))
    result = score_month(facts, rules)
    profile = rules.profile(facts.profile)
    duties = Counter(result.days.select("nip", "date").iter_rows())
    # Plans and indicators are no matter of attendance: its caps are not theirs.
    result = replace(result, findings=result.findings.filter(pl.col("base") != "performance"))
    for nip, day, ppm in result.findings.group_by("nip", "date").agg(pl.col("deduction_ppm").sum()).iter_rows():
        most = profile.day_cap.on(day).value
        assert most is None or ppm <= most * duties[nip, day]
    most = profile.month_cap.on(facts.month).value
    assert most is None or all(ppm <= most for ppm in lost_ppm(result).values())


@given(data=st.data())
@quick
def test_rupiah_always_add_up_and_never_fall_below_nothing(data: st.DataObject) -> None:
    facts, rules = draw_month(data)
    deductions = ("whole_deduction_rp", "leave_deduction_rp", "sanction_rp", "hold_rp")
    for person in score_month(facts, rules).people.iter_rows(named=True):
        taken = sum(person[name] for name in deductions)
        assert person["discipline_rp"] + person["performance_rp"] == person["payable_rp"] + taken
        assert all(person[name] >= 0 for name in (*deductions, "payable_rp", "discipline_rp"))
        assert person["payable_rp"] <= person["base_rp"] * person["multiplier_ppm"] // 1_000_000 + 1
        assert person["discipline_score_ppm"] + person["discipline_deduction_ppm"] == 1_000_000


def from_then_on(profile: Profile, other: Profile, first: date) -> Profile:
    """The profile that has every value of the other one from `first` on."""
    changes: dict[str, Any] = {}
    for field in fields(Profile):
        timeline, later = getattr(profile, field.name), getattr(other, field.name)
        if isinstance(timeline, Timeline):
            ended = [replace(entry, last=entry.last or first - timedelta(days=1)) for entry in timeline]
            value = later.on(first)
            changes[field.name] = replace(timeline, entries=(*ended, Dated(first, None, value.value, value.citation)))
    return replace(profile, **changes)


def without_anomalies(rules: RuleBook) -> RuleBook:
    """The same rules, with nobody to look at what many share."""
    return _without_anomalies(rules.digest)


@cache
def _without_anomalies(digest: str) -> RuleBook:
    rules = next(book for book in (shipped_book(), made_up_book()) if book.digest == digest)
    profiles = {}
    for name, profile in rules.profiles.items():
        never = [replace(entry, value=None) for entry in profile.mass_anomaly]
        profiles[name] = replace(profile, mass_anomaly=replace(profile.mass_anomaly, entries=tuple(never)))
    return replace(rules, profiles=profiles)
