"""Rosters, events, money and ratings as files: what they may say, and all that is wrong told at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import RuleBook
from ekinerja_agent.usecases.importing.kinds import KINDS
from ekinerja_agent.usecases.importing.reading.judging import Draft, Importer

Judge = Callable[..., Draft]

ANI, BUDI = "199001012015011001", "198609262015051001"
CLERK = Importer("clerk", None, vouches=False)
RULES = Path(__file__).parents[2] / "config" / "rules"
STORED: dict[str, Any] = {
    "units": [{"code": "DINKES", "profile": None, "valid_from": None, "valid_to": None}],
    "employees": [{"nip": nip, "unit": "DINKES", "valid_from": None, "valid_to": None} for nip in (ANI, BUDI)],
}


@pytest.fixture(scope="session")
def rules() -> RuleBook:
    return load_rulebook(RULES)


def told(draft: Draft) -> list[str]:
    return [str(problem) for problem in sorted(draft.problems)]


def values(draft: Draft, *columns: str) -> list[tuple[Any, ...]]:
    assert told(draft) == []
    return [tuple(row[column] for column in columns) for row in draft.rows]


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("rosters", "nip, date, shift"),
        ("corrections", "nip, date, scan, action, [time]"),
        ("events", "code, kind, unit, date, [opens], [closes], [due], [terminal], [audience]"),
        ("event_attendance", "event, nip, status, [document], [uniform]"),
        ("allowances", "nip, criterion, [amount_rp], [basic_rp], [pct], [valid_from], [valid_to]"),
        ("holds", "nip, kind, [amount_rp], [pct], document, from, [to]"),
        ("sanctions", "nip, decree, [amount_rp], [pct], document, from, [to]"),
        ("assignments", "nip, unit, kind, document, valid_from, [valid_to], [allowance_rp]"),
        (
            "ratings",
            "nip, period, [result], [behaviour], [predicate], [scheme], [mode], [new_idea], [valid_from], [valid_to]",
        ),
    ],
)
def test_the_columns_of_a_kind_are_those_of_the_contract(kind: str, columns: str) -> None:
    decided = ", [document], [requested_by], [requested_at], [status], [decided_by], [decided_at]"
    assert KINDS[kind].columns_text in {columns, columns + decided}


# --- rosters ------------------------------------------------------------------------------------------------


def test_the_rows_of_a_date_are_one_fact_in_which_several_shifts_stand(judge: Judge) -> None:
    draft = judge(
        "rosters",
        f"nip,date,shift\n{ANI},2026-09-07,PAGI\n{ANI},2026-09-07,MALAM\n{ANI},2026-09-08,OFF\n",
        STORED,
    )
    assert values(draft, "nip", "date", "shifts") == [
        (ANI, date(2026, 9, 7), "PAGI MALAM"),
        (ANI, date(2026, 9, 8), "OFF"),
    ]


def test_what_cannot_stand_on_one_date_is_told(judge: Judge) -> None:
    draft = judge(
        "rosters",
        "nip,date,shift\n"
        f"{ANI},2026-09-07,PAGI\n{ANI},2026-09-07,PAGI\n{BUDI},2026-09-07,PAGI\n{BUDI},2026-09-07,OFF\n"
        "198001012010011009,2026-09-07,PAGI\n",
        STORED,
    )
    assert [(problem.line, problem.key) for problem in sorted(draft.problems)] == [
        (3, "shift"),
        (5, "shift"),
        (6, "nip"),
    ]


def test_a_shift_that_no_schedule_has_is_told_with_those_that_are(judge: Judge, rules: RuleBook) -> None:
    draft = judge("rosters", f"nip,date,shift\n{ANI},2026-09-07,SENJA\n{ANI},2026-09-08,OFF\n", STORED, rules=rules)
    assert len(told(draft)) == 1
    assert told(draft)[0].startswith("rosters.csv:2: shift: 'SENJA' is in no schedule; allowed: ")


# --- events -------------------------------------------------------------------------------------------------


def test_an_event_calls_units_statuses_and_people(judge: Judge) -> None:
    head = "code,kind,unit,date,opens,closes,audience\n"
    draft = judge(
        "events", head + f"APEL-1,apel,*,2026-09-07,07:00,07:15,pns|cpns {ANI}\nX,krida,DINKES,2026-09-11,,,\n", STORED
    )
    assert values(draft, "code", "opens", "audience") == [
        ("APEL-1", time(7), f"pns cpns {ANI}"),
        ("X", None, None),
    ]


def test_all_that_is_wrong_with_events_is_told_at_once(judge: Judge) -> None:
    draft = judge(
        "events",
        "code,kind,unit,date,opens,closes,audience\n"
        "A,rapat,*,2026-09-07,07:00,07:15,\n"
        "B,apel,NOWHERE,2026-09-07,07:15,07:00,honorer\n"
        "C,apel,*,2026-09-07,07:00,,\n"
        "D,apel,*,2026-09-07,,,\n"
        "D,apel,DINKES,2026-09-08,,,\n",
        STORED,
    )
    assert {(problem.line, problem.key) for problem in draft.problems} == {
        *((2, "kind"), (3, "unit"), (3, "closes"), (3, "audience"), (4, "closes")),
        *((5, "date"),),
    }


def test_attendance_needs_an_event_or_a_ceremony_that_the_rules_announce(judge: Judge, rules: RuleBook) -> None:
    stored = {**STORED, "events": [{"code": "APEL-1", "unit": "*", "date": date(2026, 9, 7)}]}
    draft = judge(
        "event_attendance",
        "event,nip,status,document\n"
        f"APEL-1,{ANI},present,\nHKN-2026-09-17,{ANI},excused,ND 4\n"
        f"HKN-2026-02-30,{ANI},present,\nAPEL-2,{ANI},present,\n",
        stored,
        rules=rules,
    )
    assert told(draft) == [
        "event_attendance.csv:4: event: 'HKN-2026-02-30' is no event; import events first",
        "event_attendance.csv:5: event: 'APEL-2' is no event; import events first",
    ]
    assert [row["date"] for row in draft.rows[:2]] == [date(2026, 9, 7), date(2026, 9, 17)]


# --- money --------------------------------------------------------------------------------------------------


def test_an_allowance_is_an_amount_or_an_exact_share_of_a_basic_amount(judge: Judge) -> None:
    draft = judge(
        "allowances",
        f"nip,criterion,amount_rp,basic_rp,pct\n{ANI},beban,1000000,,\n{ANI},kondisi,,1234567,12.34\n",
        STORED,
    )
    assert values(draft, "amount_rp", "basic_rp", "pct_bp") == [(1_000_000, None, None), (None, 1_234_567, 1_234)]


@pytest.mark.parametrize("given", [",,", "1,2,3", ",1,", ",,5", "1,,5"])
def test_half_an_allowance_or_two_are_refused(judge: Judge, given: str) -> None:
    draft = judge("allowances", f"nip,criterion,amount_rp,basic_rp,pct\n{ANI},beban,{given}\n", STORED)
    assert [(problem.line, problem.key) for problem in draft.problems] == [(2, "amount_rp")]


@pytest.mark.parametrize("pct", ["12.345", "12,5", "-1", "1000.01", "5 %", "1e1"])
def test_a_percentage_is_written_with_at_most_two_decimals(judge: Judge, pct: str) -> None:
    draft = judge("allowances", f'nip,criterion,basic_rp,pct\n{ANI},beban,100,"{pct}"\n', STORED)
    assert "with at most two decimals" in told(draft)[0]


def test_one_criterion_has_one_amount_a_day(judge: Judge) -> None:
    draft = judge(
        "allowances",
        "nip,criterion,amount_rp,valid_from,valid_to\n"
        f"{ANI},beban,1,2026-01-01,2026-06-30\n{ANI},beban,2,2026-06-30,\n{ANI},kondisi,3,2026-06-30,\n",
        STORED,
    )
    assert [(problem.line, problem.key) for problem in draft.problems] == [(3, "valid_from")]


@pytest.mark.parametrize(("kind", "what"), [("holds", "kind"), ("sanctions", "decree")])
def test_a_hold_or_a_sanction_is_an_amount_or_a_share_with_its_document(judge: Judge, kind: str, what: str) -> None:
    head = f"nip,{what},amount_rp,pct,document,from,to\n"
    draft = judge(kind, head + f"{ANI},x,5,,D,2026-09-01,\n{ANI},y,,12.5,D,2026-09-01,2026-09-30\n", STORED)
    assert values(draft, "amount_rp", "share_ppm", "valid_to") == [
        (5, None, None),
        (None, 125_000, date(2026, 9, 30)),
    ]
    wrong = judge(kind, head + f"{ANI},x,5,5,D,2026-09-02,2026-09-01\n{ANI},y,,,,2026-09-01,\n", STORED)
    assert {(problem.line, problem.key) for problem in wrong.problems} == {
        *((2, "amount_rp"), (2, "to"), (3, "document")),
    }


def test_an_assignment_needs_its_unit_document_and_first_day(judge: Judge) -> None:
    head = "nip,unit,kind,document,valid_from,valid_to,allowance_rp\n"
    draft = judge("assignments", head + f"{ANI},DINKES,plt,SPT 3,2026-09-01,,4500000\n", STORED)
    assert values(draft, "kind", "allowance_rp") == [("plt", 4_500_000)]
    wrong = judge("assignments", head + f"{ANI},NOWHERE,plt,S,2026-09-02,2026-09-01,\n{ANI},DINKES,pj,,,,\n", STORED)
    assert {(problem.line, problem.key) for problem in wrong.problems} == {
        *((2, "unit"), (2, "valid_to"), (3, "kind"), (3, "document"), (3, "valid_from")),
    }


# --- ratings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "first"),
    [("2025", date(2026, 1, 1)), ("2026-03", date(2026, 4, 1)), ("2026-12", date(2027, 1, 1))],
)
def test_a_rating_holds_from_the_day_after_its_period(judge: Judge, period: str, first: date) -> None:
    draft = judge("ratings", f"nip,period,result,behaviour\n{ANI},{period},di_atas,di_atas\n", STORED)
    assert values(draft, "predicate", "valid_from", "valid_to", "status") == [("sangat_baik", first, None, "approved")]


def test_a_rating_in_points_is_worked_out_by_its_mode(judge: Judge) -> None:
    head = "nip,period,result,behaviour,scheme,mode,new_idea\n"
    draft = judge("ratings", head + f"{ANI},2025,110.05,109.9,pp30,70/30,yes\n{BUDI},2025,100,60,pp30,60/40,\n", STORED)
    assert values(draft, "predicate", "new_idea") == [("sangat_baik", True), ("cukup", False)]


def test_a_predicate_that_contradicts_result_and_behaviour_stops_the_file(judge: Judge) -> None:
    head = "nip,period,result,behaviour,predicate\n"
    draft = judge("ratings", head + f"{ANI},2025,sesuai,sesuai,sangat_baik\n{BUDI},2025,,,\n", STORED)
    assert told(draft) == [
        "ratings.csv:2: predicate: sangat_baik, but result and behaviour make it baik; leave one of both empty",
        "ratings.csv:3: predicate: empty; allowed: a predicate, or result and behaviour to work it out",
    ]
    assert judge("ratings", head + f"{ANI},2025,sesuai,sesuai,baik\n{BUDI},2025,,,cukup\n", STORED).problems == []


def test_what_stands_beside_a_told_predicate_must_fit(judge: Judge) -> None:
    head = "nip,period,result,behaviour,predicate,scheme\n"
    good = f"{ANI},2025,sesuai,,baik,\n{ANI},2024,,di_bawah,kurang,\n{BUDI},2025,,60,cukup,pp30\n"
    assert values(judge("ratings", head + good, STORED), "predicate") == [("baik",), ("kurang",), ("cukup",)]
    wrong = f"{ANI},2025,di_bawah,,baik,\n{ANI},2024,,90,kurang,\n{BUDI},2025,121,,baik,pp30\n{BUDI},2024,sesuai,,,\n"
    draft = judge("ratings", head + wrong, STORED)
    assert {(problem.line, problem.key) for problem in draft.problems} == {
        *((2, "result"), (3, "behaviour"), (4, "result"), (5, "predicate")),
    }
    assert "di_bawah never makes baik" in told(draft)[0]
    (warning,) = judge("ratings", head + f"{ANI},2025,,,cukup,\n", STORED).warnings
    assert str(warning) == "ratings.csv:2: predicate: cukup is no predicate of panrb6, but of pp30"


def test_a_rating_of_who_is_no_feed_waits(judge: Judge) -> None:
    draft = judge("ratings", f"nip,period,predicate,status\n{ANI},2025,baik,approved\n", STORED, importer=CLERK)
    assert values(draft, "status") == [("pending",)]


def test_all_that_is_wrong_with_ratings_is_told_at_once(judge: Judge) -> None:
    draft = judge(
        "ratings",
        "nip,period,result,behaviour,predicate,scheme,valid_from,valid_to\n"
        f"{ANI},2025-13,,,baik,,,\n{ANI},2025,90,sesuai,,panrb6,,\n{BUDI},2025,121,90,,pp30,,\n"
        f"{BUDI},2024,,,baik,,2025-02-01,2025-01-31\n",
        STORED,
    )
    assert {(problem.line, problem.key) for problem in draft.problems} == {
        *((2, "period"), (3, "result"), (4, "result"), (5, "valid_to")),
    }


# --- corrections --------------------------------------------------------------------------------------------


def test_an_added_scan_needs_its_time_and_a_void_has_none(judge: Judge) -> None:
    head = "nip,date,scan,action,time\n"
    draft = judge(
        "corrections",
        head + f"{ANI},2026-09-07,arrive,add,\n{ANI},2026-09-07,leave,void,16:00\n{ANI},2026-09-07,lunch,add,12:00\n",
        STORED,
    )
    assert {(problem.line, problem.key) for problem in draft.problems} == {(2, "time"), (3, "time"), (4, "scan")}
