"""Plans, indicators, workload and SAKIP from the file to the score and to what leaders see, on both databases."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import astuple
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.scored import leaders
from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.measures.plans import Pace, Timing
from ekinerja_agent.measures.sakip import share_at_target
from ekinerja_agent.measures.workload import Balance, balance
from ekinerja_agent.reports.kinds.programmes import counted, programmes
from ekinerja_agent.reports.kinds.sakip import budgets_of, years_of
from ekinerja_agent.reports.kinds.workload import jobs_of
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import RuleBook
from tests.journey.conftest import Installation

MONTH = "2026-09"
SEPTEMBER = date(2026, 9, 1)
WORKING_DAYS = [f"2026-09-{day:02}" for day in range(1, 31) if (day + 1) % 7 not in {6, 0}]
UNTIL = "2026-10-02 12:00"
ASPECTS = (
    "rencana_strategis perjanjian_kinerja pengukuran_kinerja pengelolaan_data pelaporan_kinerja reviu_evaluasi".split()
)


@pytest.fixture
def ani(installation: Installation, name_nip: Callable[[int], str]) -> str:
    """Somebody in Badung who was there each day of September, in an office with a plan and a job."""
    nip = str(name_nip(1))
    installation.configure(profile="badung")
    units = [{"code": code, "name": f"Dinas {code}", "timezone": "Asia/Makassar"} for code in ("DINKES", "PU")]
    installation.load("units", units)
    person = {"nip": nip, "name": "Ani", "unit": "DINKES", "position": "Analis", "allowance_rp": 4_000_000}
    installation.load("employees", [person])
    installation.load("enrolments", [{"terminal": "lobby", "pin": "1", "nip": nip}])
    clocks = [f"{day} {clock}" for day in WORKING_DAYS for clock in ("07:20:00", "16:35:00")]
    rows = [{"terminal": "lobby", "pin": "1", "clock": clock} for clock in clocks]
    installation.load("punches", rows, "--complete-until", UNTIL)
    activities = [
        {"id": f"A{day}", "nip": nip, "date": day, "start": "07:30", "end": "15:00", "description": "Posyandu"}
        for day in WORKING_DAYS
    ]
    done = [one | {"status": "approved", "approved_minutes": 400} for one in activities]
    installation.load("activities", done)
    return nip


def set_rule(installation: Installation, old: str, new: str, profile: str = "badung") -> None:
    path: Path = installation.directory / "rules" / "profiles" / f"{profile}.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def engine_and_rules(installation: Installation) -> tuple[Engine, RuleBook]:
    return connect(installation.url), load_rulebook(installation.directory / "rules")


def view(engine: Engine, statement: str) -> list[tuple[Any, ...]]:
    with reading(engine) as conn:
        found = conn.exec_driver_sql(statement).all()
    return [tuple(str(v) if type(v).__name__ == "Decimal" else v for v in row) for row in found]


def load_plans(installation: Installation, nip: str) -> None:
    plans = [
        {"code": "P1", "unit": "DINKES", "nip": nip, "name": "Posyandu", "due_date": "2026-12-31"},
        {"code": "P2", "unit": "DINKES", "nip": "", "name": "Gedung", "due_date": "2026-08-31"},
        {"code": "P3", "unit": "PU", "nip": "", "name": "Jalan", "due_date": "2026-12-31"},
    ]
    installation.load("plans", [one | {"target_output": "1 unit", "budget_rp": 3_000_000} for one in plans])
    installation.load(
        "plan_progress",
        [
            {"plan": "P1", "month": MONTH, "planned_pct": "80", "physical_pct": "60", "realised_rp": 1_000_000},
            {"plan": "P2", "month": "2026-08", "planned_pct": "100", "physical_pct": "90", "realised_rp": 3_000_000},
        ],
    )


@pytest.mark.parametrize(
    ("kind", "head", "good", "wrong", "row"),
    [
        ("plans", "code,unit,name,due_date,target_output", "P1,DINKES,X,2026-12-31,1", "P2,NOWHERE,X,2026-12-31,1", 3),
        ("indicators", "unit,period,code,points", "DINKES,2026,a,1", "DINKES,2026,b,101", 3),
        ("workload_tasks", "unit,job,task,volume,per,standard_minutes", "DINKES,A,b,1,day,1", "DINKES,A,c,1,hour,1", 3),
        ("staff", "unit,job,count", "DINKES,A,1", "DINKES,A,2", 3),
        ("sakip", "unit,year,aspect,score", "DINKES,2026,pengelolaan_data,80", "DINKES,2026,data,80", 3),
        ("evaluation_meetings", "unit,date,topic", "DINKES,2026-09-01,X", "DINKES,2126-09-01,X", 3),
        ("innovations", "code,unit,name,started", "I,DINKES,X,2026-09-01", "I,DINKES,X,2026-09-02", 3),
        ("plan_progress", "plan,month,planned_pct,physical_pct", "", "P9,2026-09,1,1", 2),
    ],
)
def test_a_wrong_row_is_told_by_its_number_and_nothing_of_the_file_is_stored(
    installation: Installation, kind: str, head: str, good: str, wrong: str, row: int
) -> None:
    installation.load("units", [{"code": "DINKES", "name": "Dinas Kesehatan", "timezone": "Asia/Makassar"}])
    path = installation.directory / "file.csv"
    path.write_text("\n".join(line for line in (head, good, wrong) if line) + "\n")
    ended = installation.run("import", kind, str(path))
    assert ended.code == 5
    assert f"file.csv:{row}: " in ended.err
    assert view(connect(installation.url), f"select count(*) from {kind}") == [(0,)]
    if good:
        path.write_text(f"{head}\n{good}\n")
        assert json.loads(installation.ok("import", kind, str(path), "--format", "json"))[0]["stored"] == 1


def test_in_badung_a_critical_plan_costs_once_a_decree_says_so(installation: Installation, ani: str) -> None:
    load_plans(installation, ani)
    before = installation.scores(MONTH)[ani]
    assert before["discipline"]["findings"] == []  # nothing is published, so nothing is cut
    assert before["performance"]["score_pct"] == "100"
    set_rule(installation, "critical_pct: 0, late_pct: 0, most_pct: 0", "critical_pct: 2.5, late_pct: 0, most_pct: 10")
    after = installation.scores(MONTH)[ani]
    (finding,) = after["discipline"]["findings"]
    told = [finding[key] for key in ("date", "code", "deduction_pct", "base", "deduction_rp", "rule")]
    assert told == [WORKING_DAYS[0], "RPOK", "2.5", "performance", 60_000, "plans"]
    assert (after["performance"]["score_pct"], after["performance"]["deduction_pct"]) == ("97.5", "2.5")
    assert before["allowance"]["payable_rp"] - after["allowance"]["payable_rp"] == 60_000
    assert after["discipline"]["score_pct"] == "100"
    assert "plan/P1" in installation.ok("score", "explain", ani, MONTH)
    installation.ok("period", "close", MONTH, "--yes")
    rows = view(connect(installation.url), "select code, base, deduction_rp from payroll_findings_v1")
    assert rows == [("RPOK", "performance", 60_000)]


def test_a_better_report_marks_the_month_and_the_cost_goes(installation: Installation, ani: str) -> None:
    set_rule(installation, "critical_pct: 0, late_pct: 0, most_pct: 0", "critical_pct: 2.5, late_pct: 0, most_pct: 10")
    load_plans(installation, ani)
    assert len(installation.scores(MONTH)[ani]["discipline"]["findings"]) == 1
    installation.load("plan_progress", [{"plan": "P1", "month": MONTH, "planned_pct": "80", "physical_pct": "70"}])
    assert "1 people scored" in installation.ok("score", "run", "--month", MONTH, "--changed")
    shown = json.loads(installation.ok("score", "show", "--month", MONTH, "--format", "json"))
    assert shown[0]["discipline"]["findings"] == []


def test_indicators_and_absorption_weigh_beside_the_minutes(installation: Installation, ani: str) -> None:
    load_plans(installation, ani)
    installation.load("indicators", [{"nip": ani, "period": MONTH, "code": "layanan", "points": "80"}])
    set_rule(
        installation,
        "value: none, source: no indicator beside",
        "value: {work_pct: 70, parts: [{code: budget_absorption, of: unit, weight_pct: 20}, "
        "{code: layanan, of: person, weight_pct: 10}]}, source: no indicator beside",
        "tpp-model",
    )
    score = installation.scores(MONTH)[ani]
    # 4 of 6 million of the unit are spent: 20 x 1/3 are lacking, and 20 % of 10
    found = [(one["code"], one["deduction_pct"]) for one in score["discipline"]["findings"]]
    assert found == [("IKU", "6.6667"), ("IKU", "2")]
    assert score["performance"]["score_pct"] == "91.3333"
    explained = installation.ok("score", "explain", ani, MONTH)
    assert "indicator/budget_absorption" in explained


def test_leaders_see_plans_as_the_views_hold_them(installation: Installation, ani: str) -> None:
    load_plans(installation, ani)
    engine, rules = engine_and_rules(installation)
    rule = rules.profile("badung").plans.on(SEPTEMBER).value
    reported = leaders.plan_reports(engine, SEPTEMBER)
    rows = programmes(leaders.plans_of_year(engine, SEPTEMBER.year), reported, SEPTEMBER, lambda _: rule)
    assert [row.plan for row in rows] == ["P1", "P2", "P3"]
    first, second, third = rows
    assert third.physical_pct is None
    assert (first.pace, first.standing, first.apart) == (Pace.CRITICAL, Timing.OPEN, True)
    assert (second.pace, second.standing, second.apart) == (Pace.ATTENTION, Timing.LATE, False)
    assert (third.pace, third.apart) == (None, False)
    by_view = view(
        engine,
        "select plan, deviation_pct, financial_pct, gap_pct from plan_status_v1 where unit_code = 'DINKES' order by 1",
    )
    by_rows = [(row.plan, row.deviation_pct, row.financial_pct, row.gap_pct) for row in (first, second)]
    assert by_view == by_rows == [("P1", "-20", "33.3333", "26.6667"), ("P2", "-10", "100", "-10")]
    assert [(row.unit, row.physical_pct) for row in rows] == [("DINKES", "60"), ("DINKES", "90"), ("PU", None)]
    assert counted(rows) == (0, 1, 2)
    columns = "unit_code, unit_name, plans, budget_rp, realised_rp, absorption_pct"
    budget = view(engine, f"select {columns} from unit_budget_v1 where month = '2026-09'")
    assert budget == [astuple(one) for one in budgets_of(leaders.plan_reports(engine, SEPTEMBER))]
    assert budget == [("DINKES", "Dinas DINKES", 2, 6_000_000, 4_000_000, "66.6667")]


def test_leaders_see_need_against_staff_and_what_was_logged(installation: Installation, ani: str) -> None:
    tasks = [
        {"unit": "DINKES", "job": "Analis", "task": "Surat", "volume": "10", "per": "day", "standard_minutes": "45"},
        {"unit": "DINKES", "job": "Analis", "task": "Laporan", "volume": "1", "per": "year", "standard_minutes": "1"},
        {"unit": "PU", "job": "Sopir", "task": "Antar", "volume": "100", "per": "day", "standard_minutes": "12.5"},
    ]
    installation.load("workload_tasks", tasks)
    installation.load(
        "staff", [{"unit": "DINKES", "job": "Analis", "count": 4}, {"unit": "PU", "job": "Sopir", "count": 2}]
    )
    installation.scores(MONTH)
    engine, rules = engine_and_rules(installation)
    rule = rules.profile("badung").workload.on(SEPTEMBER).value
    jobs = jobs_of(leaders.workload(engine), rule)
    analyst, driver = jobs
    # 450 minutes a day are 112,501 with the report: 1.5 people and a minute; 1,250 a day are 4.17 people
    assert (analyst.need, analyst.gap, analyst.class_code) == (2, 2, "E")
    assert (driver.need, driver.gap, driver.class_code) == (4, -2, "A")
    assert balance(jobs) == Balance(need=6, staff=6, shortage=2, surplus=2)
    out = installation.directory / "workload.csv"
    installation.ok("report", "workload", "--month", MONTH, "--out", str(out))
    with out.open(encoding="utf-8-sig", newline="") as file:
        logged = {row["job"]: row["logged_minutes"] for row in csv.DictReader(file)}
    assert logged == {"Analis": "400", "Sopir": ""}
    columns = "unit_code, job, day_minutes, year_minutes, staff"
    for unit, job, day, year, staff in view(engine, f"select {columns} from unit_workload_v1"):
        (row,) = (one for one in jobs if (one.unit, one.job) == (unit, job))
        assert row.load_e4 == (Fraction(day) * 250 + Fraction(year)) * 10_000
        assert row.staff == staff


def test_leaders_see_sakip_against_the_target_and_the_registers(
    installation: Installation, ani: str, name_nip: Callable[[int], str]
) -> None:
    installation.configure(profile="magetan")
    scores = [
        {"unit": unit, "aspect": aspect, "score": score}
        for unit, score in (("DINKES", "80.01"), ("PU", "80"))
        for aspect in ASPECTS
    ]
    installation.load("sakip", [one | {"year": "2026"} for one in scores])
    installation.load("sakip", [{"unit": "DINKES", "year": "2025", "aspect": ASPECTS[0], "score": "1"}])
    engine, rules = engine_and_rules(installation)
    rule = rules.profile("magetan").sakip.on(date(2026, 12, 31)).value
    before, *units = years_of(leaders.sakip(engine, 2026), rule)
    assert [(row.unit, row.name, row.evaluation.grade) for row in units] == [
        ("DINKES", "Dinas DINKES", "A"),
        ("PU", "Dinas PU", "BB"),
    ]
    share = share_at_target((row.evaluation for row in units), rule)
    assert (rule.target, share.reached, share.graded, share.enough) == ("A", 1, 2, True)
    assert before.year == 2025
    assert before.evaluation.missing == tuple(ASPECTS[1:])
    held = [
        {"unit": "DINKES", "date": "2026-09-07", "topic": "Evaluasi"},
        {"unit": "PU", "date": "2026-08-07", "topic": "X"},
    ]
    installation.load("evaluation_meetings", held)
    installation.load("innovations", [{"code": "I1", "unit": "PU", "name": "Lapor jalan", "started": "2026-02-01"}])
    installation.load(
        "events",
        [{"code": "APEL-1", "kind": "apel", "unit": "*", "date": "2026-09-07", "opens": "07:00", "closes": "07:30"}],
    )
    installation.load("event_attendance", [{"event": "APEL-1", "nip": ani, "status": "present", "uniform": "no"}])
    assert {row["unit_code"]: row["meetings"] for row in leaders.meetings(engine, SEPTEMBER)} == {"DINKES": 1}
    last = date(2026, 9, 30)
    assert [row["name"] for row in leaders.innovations(engine, SEPTEMBER, last)] == ["Lapor jalan"]
    (marks,) = leaders.uniforms(engine, SEPTEMBER, last)
    told = [marks[name] for name in ("event", "present", "in_uniform", "without_uniform")]
    assert told == ["APEL-1", 1, 0, 1]
