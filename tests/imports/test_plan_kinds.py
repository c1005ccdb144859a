"""Plans, indicators, workload, SAKIP and registers as files: what they may say, and all that is wrong told at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ekinerja_agent.usecases.importing.kinds import KINDS
from ekinerja_agent.usecases.importing.reading.judging import Draft, Importer

Judge = Callable[..., Draft]

ANI, BUDI = "199001012015011001", "198609262015051001"
CLERK = Importer("clerk", None, vouches=False)
DECIDED = "[document], [requested_by], [requested_at], [status], [decided_by], [decided_at]"
STORED: dict[str, Any] = {
    "units": [{"code": "DINKES"}],
    "employees": [{"nip": nip, "unit": "DINKES", "valid_from": None, "valid_to": None} for nip in (ANI, BUDI)],
    "plans": [
        {"code": "P1", "unit": "DINKES", "nip": ANI, "due_date": date(2026, 9, 15), "budget_rp": 1_000_000},
        {"code": "P2", "unit": "DINKES", "nip": None, "due_date": date(2026, 12, 31), "budget_rp": None},
    ],
    "events": [{"code": "APEL-1", "unit": "*", "date": date(2026, 9, 7)}],
}


def told(draft: Draft) -> list[str]:
    return [str(problem) for problem in sorted(draft.problems)]


def places(draft: Draft) -> set[tuple[int, str]]:
    return {(problem.line, problem.key) for problem in draft.problems}


def values(draft: Draft, *columns: str) -> list[tuple[Any, ...]]:
    assert told(draft) == []
    return [tuple(row[column] for column in columns) for row in draft.rows]


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("plans", "code, unit, [nip], name, due_date, target_output, [budget_rp]"),
        ("plan_progress", f"plan, month, planned_pct, physical_pct, [realised_rp], {DECIDED}"),
        ("indicators", "[nip], [unit], period, code, points, [max_points]"),
        ("workload_tasks", "unit, job, task, volume, per, standard_minutes"),
        ("staff", "unit, job, count"),
        ("sakip", "unit, year, aspect, score"),
        ("evaluation_meetings", "unit, date, topic, [led_by], [document]"),
        ("innovations", "code, unit, name, started, [ended], [document]"),
    ],
)
def test_the_columns_of_a_kind_are_those_of_the_contract(kind: str, columns: str) -> None:
    assert KINDS[kind].columns_text == columns


# --- plans --------------------------------------------------------------------------------------------------


def test_a_plan_needs_a_known_unit_and_a_known_person_if_it_names_one(judge: Judge) -> None:
    head = "code,unit,nip,name,due_date,target_output,budget_rp\n"
    good = judge("plans", head + f"P9,DINKES,,Posyandu,2026-12-31,12 kali,\nP8,DINKES,{ANI},X,2026-12-31,1,5\n", STORED)
    assert values(good, "code", "nip", "budget_rp") == [("P9", None, None), ("P8", ANI, 5)]
    wrong = judge(
        "plans",
        head + "P1,NOWHERE,198001012010011009,X,2026-02-30,1,1.5\nP2,DINKES,,X,2026-12-31,1,\n"
        "P3,NOWHERE,198001012010011009,X,2026-12-31,1,\nP2,DINKES,,X,2026-12-31,2,\n",
        STORED,
    )
    assert places(wrong) == {(2, "due_date"), (2, "budget_rp"), (4, "unit"), (4, "nip"), (5, "code")}


def test_progress_is_of_a_plan_in_a_month_of_its_year_that_has_come(judge: Judge) -> None:
    head = "plan,month,planned_pct,physical_pct,realised_rp\n"
    good = judge("plan_progress", head + "P1,2026-09,62.5,50.0001,600000\n", STORED)
    assert values(good, "planned_ppm", "physical_ppm", "realised_rp", "status") == [
        (625_000, 500_001, 600_000, "approved")
    ]
    wrong = judge(
        "plan_progress",
        head + "P9,2026-09,50,50,\nP1,2025-12,50,50,\nP1,2026-11,50,50,\nP2,2026-09,101,50.00001,-1\nP2,2026,1,1,\n",
        STORED,
    )
    assert places(wrong) == {
        *((2, "plan"), (3, "month"), (4, "month"), (5, "planned_pct"), (5, "physical_pct"), (5, "realised_rp")),
        (6, "month"),
    }


def test_progress_that_goes_back_or_beyond_the_budget_warns_and_stops_nothing(judge: Judge) -> None:
    earlier = {"plan": "P1", "month": "2026-07", "planned_ppm": 1, "physical_ppm": 500_000, "realised_rp": 9}
    stored = STORED | {"plan_progress": [earlier | {"status": "approved"}]}
    draft = judge(
        "plan_progress",
        "plan,month,planned_pct,physical_pct,realised_rp\nP1,2026-09,90,70,1000001\nP1,2026-08,50,49.9,8\nP2,2026-08,5,5,\n",
        stored,
    )
    assert draft.problems == []
    assert [str(warning) for warning in sorted(draft.warnings)] == [
        "plan_progress.csv:2: realised_rp: 1000001 is more than the budget of P1, 1000000",
        "plan_progress.csv:3: physical_pct: 2026-08 has less than 2026-07; it counts since the plan began",
        "plan_progress.csv:3: realised_rp: 2026-08 has less than 2026-07; it counts since the plan began",
    ]


def test_nobody_decides_on_a_plan_that_they_answer_for(judge: Judge) -> None:
    text = (
        "plan,month,planned_pct,physical_pct,status,decided_by\n"
        f"P1,2026-08,50,50,approved,{ANI}\nP1,2026-09,50,50,approved,{BUDI}\nP2,2026-09,50,50,approved,{ANI}\n"
    )
    draft = judge("plan_progress", text, STORED)
    assert values(draft, "status") == [("pending",), ("approved",), ("approved",)]
    assert "decided by the person it is about" in str(draft.warnings[0])
    own = judge("plan_progress", text, STORED, importer=Importer("ani", ANI, vouches=True))
    assert values(own, "status") == [("pending",)] * 3, "nor on what they bring"
    assert values(judge("plan_progress", text, STORED, importer=CLERK), "status") == [("pending",)] * 3


def test_a_clerk_who_brings_the_same_report_again_undoes_no_decision(judge: Judge) -> None:
    said = {"plan": "P1", "month": "2026-08", "planned_ppm": 500_000, "physical_ppm": 500_000, "realised_rp": None}
    claims = dict.fromkeys(("document", "requested_by", "requested_at"))
    decided = {**said, **claims, "status": "approved", "decided_by": BUDI, "decided_at": "2026-09-02"}
    head = "plan,month,planned_pct,physical_pct,document,requested_by,requested_at,status,decided_by,decided_at\n"
    stored = STORED | {"plan_progress": [decided]}
    same = judge("plan_progress", head + "P1,2026-08,50,50,,,,,,\n", stored, importer=CLERK)
    assert values(same, "status", "decided_by") == [("approved", BUDI)]
    changed = head + "P1,2026-08,50,51,,,,,,\n"
    (problem,) = judge("plan_progress", changed, stored, importer=CLERK).problems
    assert f"differs from what {BUDI} approved" in str(problem)
    other = judge("plan_progress", changed, stored, importer=Importer("budi", BUDI, vouches=False))
    assert values(other, "status", "decided_by") == [("pending", None)]


# --- indicators ---------------------------------------------------------------------------------------------


def test_an_indicator_is_of_a_person_or_of_a_unit(judge: Judge) -> None:
    head = "nip,unit,period,code,points,max_points\n"
    good = judge("indicators", head + f"{ANI},,2026-09,survey,87.5,\n,DINKES,2026,IKU-1,3,4\n", STORED)
    assert values(good, "nip", "unit", "points_e2", "max_points_e2") == [
        (ANI, None, 8_750, 10_000),
        (None, "DINKES", 300, 400),
    ]
    wrong = judge(
        "indicators",
        head + f"{ANI},DINKES,2026-09,a,1,\n,,2026-09,b,1,\n,NOWHERE,2026-09,c,1,\n,DINKES,2026-09,d,100.01,\n"
        ",DINKES,2026-09,e,0,0\n,DINKES,2026-13,f,1.234,\n,DINKES,2026-09,budget_absorption,1,\n"
        ",DINKES,2026-09,d,5,\n",
        STORED,
    )
    assert places(wrong) == {
        *((2, "nip"), (3, "nip"), (4, "unit"), (5, "points"), (6, "max_points"), (7, "period"), (7, "points")),
        *((8, "code"), (9, "nip, unit, period, code")),
    }


def test_nobody_brings_their_own_points(judge: Judge) -> None:
    text = f"nip,unit,period,code,points\n{ANI},,2026-09,survey,100\n{BUDI},,2026-09,survey,100\n"
    draft = judge("indicators", text, STORED, importer=Importer("ani", ANI, vouches=True))
    assert told(draft) == ["indicators.csv:2: nip: ani cannot bring their own points; allowed: another account"]


# --- workload, SAKIP, registers -----------------------------------------------------------------------------


def test_tasks_have_a_volume_and_a_standard_time_to_the_hundredth(judge: Judge) -> None:
    head = "unit,job,task,volume,per,standard_minutes\n"
    good = judge("workload_tasks", head + "DINKES,Analis,Surat,120000.5,year,12.25\nDINKES,Analis,X,0,day,1\n", STORED)
    assert values(good, "volume_e2", "standard_e2") == [(12_000_050, 1_225), (0, 100)]
    wrong = judge(
        "workload_tasks",
        head + "DINKES,Analis,Surat,1000001,year,1\nDINKES,Analis,Y,1,quarter,1.234\nNOWHERE,A,B,1,day,1\n"
        "DINKES,A,B,1,day,1\nDINKES,A,B,2,day,1\n",
        STORED,
    )
    assert places(wrong) == {
        *((2, "volume"), (3, "per"), (3, "standard_minutes"), (4, "unit"), (6, "unit, job, task")),
    }
    staff = judge("staff", "unit,job,count\nDINKES,Analis,3\nDINKES,Sopir,-1\nDINKES,Sopir,1.5\n", STORED)
    assert places(staff) == {(3, "count"), (4, "count")}


def test_sakip_takes_six_aspects_and_points_of_a_hundred(judge: Judge) -> None:
    head = "unit,year,aspect,score\n"
    good = judge("sakip", head + "DINKES,2026,pengelolaan_data,80.01\nDINKES,2026,reviu_evaluasi,100\n", STORED)
    assert values(good, "aspect", "score_e2") == [("pengelolaan_data", 8_001), ("reviu_evaluasi", 10_000)]
    wrong = judge(
        "sakip", head + "DINKES,2026,mutu,80\nDINKES,2026-09,reviu_evaluasi,100.01\nX,2026,reviu_evaluasi,1\n", STORED
    )
    assert places(wrong) == {(2, "aspect"), (3, "year"), (3, "score"), (4, "unit")}


def test_a_meeting_was_held_and_an_innovation_ends_after_it_began(judge: Judge) -> None:
    head = "unit,date,topic,led_by\n"
    good = judge("evaluation_meetings", head + f"DINKES,2026-09-30,Evaluasi,{ANI}\nDINKES,2026-09-30,RPOK,\n", STORED)
    assert values(good, "topic", "led_by") == [("Evaluasi", ANI), ("RPOK", None)]
    wrong = judge("evaluation_meetings", head + "DINKES,2026-10-02,X,\nNOWHERE,2026-09-01,X,17\n", STORED)
    assert places(wrong) == {(2, "date"), (3, "unit"), (3, "led_by")}
    text = "code,unit,name,started,ended\nI1,DINKES,Antar obat,2026-01-05,2026-01-04\nI2,DINKES,X,2026-01-05,\n"
    assert places(judge("innovations", text, STORED)) == {(2, "ended")}


def test_uniform_is_a_mark_of_who_was_there(judge: Judge) -> None:
    head = "event,nip,status,uniform\n"
    good = judge("event_attendance", head + f"APEL-1,{ANI},present,yes\nAPEL-1,{BUDI},present,\n", STORED)
    assert values(good, "uniform") == [(True,), (None,)]
    wrong = judge("event_attendance", head + f"APEL-1,{ANI},excused,no\nAPEL-1,{BUDI},present,true\n", STORED)
    assert places(wrong) == {(2, "uniform"), (3, "uniform")}
