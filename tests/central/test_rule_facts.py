"""What the rules need beside punches: rosters, events, documents of a case, money and ratings, as frames."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Engine

from ekinerja_agent.central import facts
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.imported.batches import revoke
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.terminal import TerminalFact
from ekinerja_agent.scoring.frames import schemas
from ekinerja_agent.scoring.frames.schemas import MonthFacts
from tests.central.conftest import Store

SEPTEMBER = date(2026, 9, 1)
NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)
FRAMES = (
    "corrections rosters events event_attendance allowances holds sanctions assignments ratings "
    "plan_reports indicators budgets"
).split()


def day(n: int, month: int = 9) -> date:
    return date(2026, month, n)


def month(engine: Engine, **options: Any) -> MonthFacts:
    return facts.month_facts(engine, SEPTEMBER, profile="tpp-model", now=NOW, **options)


@pytest.fixture
def office(store: Store) -> Store:
    store("units", {"code": "KAB"}, {"code": "DINKES", "parent": "KAB"}, {"code": "PKM", "parent": "DINKES"})
    store("employees", {"nip": "ani", "unit": "DINKES"}, {"nip": "budi", "unit": "PKM"})
    return store


def fill(store: Store, nip: str) -> None:
    """One row of everything about a person."""
    store("corrections", {"nip": nip, "date": day(7), "time": time(7)})
    store("rosters", {"nip": nip, "date": day(7)})
    store("event_attendance", {"event": "APEL", "nip": nip, "date": day(7)})
    store("allowances", {"nip": nip, "amount_rp": 1})
    store("holds", {"nip": nip, "amount_rp": 1, "valid_from": day(1)})
    store("sanctions", {"nip": nip, "share_ppm": 250_000, "valid_from": day(1)})
    store("assignments", {"nip": nip, "unit": "KAB", "valid_from": day(1)})
    store("ratings", {"nip": nip, "period": "2025", "predicate": "baik", "valid_from": day(1, 1)})
    store("plans", {"code": nip, "nip": nip, "unit": "PKM", "budget_rp": 10})
    store("plan_progress", {"plan": nip, "month": "2026-09", "realised_rp": 5})
    store("indicators", {"nip": nip, "period": "2026", "code": "survey", "points_e2": 1})


def test_every_frame_has_its_columns_empty_and_filled(central: Engine, office: Store) -> None:
    for frame in (getattr(month(central), name) for name in FRAMES):
        assert frame.is_empty()
    office("events", {"code": "APEL", "date": day(7), "opens": time(7), "closes": time(7, 15)})
    fill(office, "ani")
    full = month(central)
    for name in FRAMES:
        assert getattr(full, name).schema == pl.Schema(getattr(schemas, name.upper())), name
        assert getattr(full, name).height == 1, name


def test_single_people_are_read_as_they_are_among_all(central: Engine, office: Store) -> None:
    office("events", {"code": "APEL", "date": day(7), "opens": time(7), "closes": time(7, 15)})
    for nip in ("ani", "budi"):
        fill(office, nip)
        office("enrolments", {"pin": nip, "nip": nip})
        office("absences", {"nip": nip, "first_day": day(1), "last_day": day(2)})
    everybody, alone = month(central), month(central, nips=["budi"])
    assert alone.spells["nip"].to_list() == ["budi"]
    for name in ("spells", "absences", *FRAMES):
        whole, part = getattr(everybody, name), getattr(alone, name)
        own = whole.filter(nip="budi") if "nip" in whole.columns else whole
        assert part.filter(nip="budi").equals(own) if "nip" in whole.columns else part.equals(own), name


def test_a_newer_file_replaces_the_whole_date_of_a_roster(central: Engine, office: Store, operator: Account) -> None:
    office("rosters", {"nip": "ani", "date": day(7), "shifts": "PAGI MALAM"}, {"nip": "ani", "date": day(8)})
    swapped = office("rosters", {"nip": "ani", "date": day(7), "shifts": "SIANG"}).batch
    assert month(central).rosters.rows() == [("ani", day(7), "SIANG"), ("ani", day(8), "PAGI")]
    revoke(central, swapped, operator, "r", NOW)
    assert sorted(month(central).rosters["shift"].to_list()) == ["MALAM", "PAGI", "PAGI"]


def test_a_roster_reaches_a_day_beyond_the_month_on_both_sides(central: Engine, office: Store) -> None:
    office("rosters", *({"nip": "ani", "date": one} for one in (day(30, 8), day(31, 8), day(1, 10), day(2, 10))))
    assert month(central).rosters["day"].to_list() == [day(31, 8), day(1, 10)]


def test_an_event_of_a_unit_calls_the_units_below_it_on_that_day(central: Engine, office: Store) -> None:
    office("units", {"code": "MOVED", "parent": "DINKES", "valid_to": day(6)})
    office(
        "events",
        {"code": "A", "unit": "DINKES", "date": day(7), "opens": time(7), "closes": time(8), "audience": "pns ani"},
        {"code": "B", "date": day(8)},
        {"code": "C", "date": day(1, 10)},
    )
    found = month(central).events
    assert found.select("event", "unit").rows() == [("A", "DINKES"), ("A", "PKM"), ("B", "*")]
    assert found["audience"].to_list() == [["pns", "ani"], ["pns", "ani"], None]


def test_the_log_of_an_events_terminal_is_told_even_if_nobody_needs_it(central: Engine, office: Store) -> None:
    office("events", {"code": "A", "date": day(7), "opens": time(7), "closes": time(8), "terminal": "field"})
    until = datetime(2026, 9, 30, tzinfo=UTC)
    notes = (TerminalFact("field", "KAB", "Asia/Makassar", True, NOW), Coverage("field", None, until))
    deliver(central, Delivery(notes=notes), NOW)
    assert month(central, nips=["budi"]).coverage["terminal"].to_list() == ["field"]


def test_attendance_of_anybody_tells_that_somebody_took_it(central: Engine, office: Store) -> None:
    office("event_attendance", {"event": "A", "nip": "ani", "date": day(7)})
    assert month(central, nips=["budi"]).event_attendance.rows() == [("A", "ani", "present", None)]


def test_documents_of_a_case_know_its_first_and_last_approved_day_however_far_back(
    central: Engine, office: Store
) -> None:
    case = {"nip": "ani", "kind": "cuti_sakit", "case_id": "K"}
    office(
        "absences",
        case | {"first_day": day(1, 3), "last_day": day(31, 3)},
        case | {"first_day": day(1), "last_day": day(10)},
        case | {"first_day": day(20), "last_day": day(25), "status": "rejected"},
        {"nip": "ani", "first_day": day(28), "last_day": day(29), "child_number": 3},
    )
    rows = month(central).absences.select("first_day", "case_first", "case_last", "child_number").rows()
    assert rows == [
        (day(1), day(1, 3), day(10), None),
        (day(20), day(1, 3), day(10), None),
        (day(28), day(28), day(29), 3),
    ]


def test_an_allowance_is_exact_to_a_ten_thousandth_of_a_rupiah(central: Engine, office: Store) -> None:
    office(
        "allowances",
        {"nip": "ani", "criterion": "a", "amount_rp": 4_000_000},
        {"nip": "ani", "criterion": "b", "basic_rp": 1_234_567, "pct_bp": 12_34},
    )
    assert month(central).allowances["amount_e4"].to_list() == [40_000_000_000, 1_234_567 * 1_234]


def test_only_approved_ratings_count_and_the_newest_comes_last(central: Engine, office: Store) -> None:
    office(
        "ratings",
        {"nip": "ani", "period": "2025", "predicate": "baik", "valid_from": day(1, 1)},
        {"nip": "ani", "period": "2026-03", "predicate": "cukup", "valid_from": day(1, 4)},
        {"nip": "ani", "period": "2026-06", "predicate": "kurang", "valid_from": day(1, 7), "status": "pending"},
    )
    assert month(central).ratings["predicate"].to_list() == ["baik", "cukup"]


def test_only_approved_reports_of_the_month_itself_are_told_of_a_person(central: Engine, office: Store) -> None:
    office(
        "plans",
        {"code": "A", "nip": "ani", "unit": "DINKES"},
        {"code": "B", "nip": "ani", "unit": "DINKES"},
        {"code": "C", "unit": "DINKES"},
        {"code": "D", "nip": "ani", "unit": "DINKES", "due_date": date(2025, 12, 31)},
    )
    reports = [{"plan": plan, "month": "2026-09", "physical_ppm": 7} for plan in "ACD"]
    office("plan_progress", *reports, {"plan": "B", "month": "2026-09", "status": "pending"})
    office("plan_progress", {"plan": "B", "month": "2026-08"}, {"plan": "B", "month": "2026-10"})
    assert month(central).plan_reports.rows() == [("A", "ani", day(30), 0, 7)]
    assert month(central, nips=["budi"]).plan_reports.is_empty()


def test_money_of_a_unit_is_of_the_newest_reports_up_to_the_month(
    central: Engine, office: Store, operator: Account
) -> None:
    office("plans", *({"code": code, "unit": "DINKES", "budget_rp": 100} for code in "AB"))
    office("plans", {"code": "C", "unit": "PKM", "budget_rp": None}, {"code": "D", "unit": "PKM", "budget_rp": 9})
    office(
        "plan_progress",
        {"plan": "A", "month": "2026-07", "realised_rp": 10},
        {"plan": "A", "month": "2026-09", "realised_rp": 60},
        {"plan": "A", "month": "2026-10", "realised_rp": 90},
        {"plan": "B", "month": "2026-08", "realised_rp": 20},
        {"plan": "B", "month": "2026-09", "realised_rp": 99, "status": "rejected"},
        {"plan": "C", "month": "2026-09", "realised_rp": 5},
        {"plan": "D", "month": "2026-08", "realised_rp": 3},
        {"plan": "D", "month": "2026-09"},
    )
    assert month(central).budgets.rows() == [("DINKES", 200, 80)]
    corrected = office("plan_progress", {"plan": "D", "month": "2026-09", "realised_rp": 4}).batch
    assert month(central).budgets.rows() == [("DINKES", 200, 80), ("PKM", 9, 4)]
    revoke(central, corrected, operator, "r", NOW)
    assert month(central).budgets.height == 1


def test_points_of_the_month_stand_for_those_of_its_year(central: Engine, office: Store) -> None:
    office(
        "indicators",
        {"nip": "ani", "period": "2026", "code": "survey", "points_e2": 1},
        {"nip": "ani", "period": "2026-09", "code": "survey", "points_e2": 2},
        {"nip": "ani", "period": "2026-08", "code": "survey", "points_e2": 3},
        {"nip": "ani", "period": "2026", "code": "service", "points_e2": 4},
        {"unit": "PKM", "period": "2026-09", "code": "survey", "points_e2": 5},
    )
    told = [(None, "PKM", "survey", 5), ("ani", None, "service", 4), ("ani", None, "survey", 2)]
    found = month(central).indicators.select("nip", "unit", "code", "points_e2").rows()
    assert sorted(found, key=str) == sorted(told, key=str)
    assert month(central, nips=["budi"]).indicators["unit"].to_list() == ["PKM"]


def test_plans_and_points_of_other_offices_stay_unread(central: Engine, office: Store) -> None:
    office("plans", *({"code": unit, "unit": unit, "nip": "budi", "budget_rp": 9} for unit in ("DINKES", "PKM", "KAB")))
    office(
        "plan_progress", *({"plan": unit, "month": "2026-09", "realised_rp": 1} for unit in ("DINKES", "PKM", "KAB"))
    )
    office(
        "indicators", *({"unit": u, "period": "2026", "code": "a", "points_e2": 1} for u in ("DINKES", "PKM", "KAB"))
    )
    found = month(central, offices=["PKM"])
    assert found.plan_reports["plan"].to_list() == ["DINKES", "KAB", "PKM"]  # budi answers for all of them
    assert found.budgets["unit"].to_list() == found.indicators["unit"].to_list() == ["PKM"]
    office("plans", {"code": "KAB", "unit": "PKM", "nip": "ani", "budget_rp": 9})
    assert month(central, offices=["PKM"]).budgets.rows() == [("PKM", 18, 2)]
    assert month(central, offices=["PKM"]).plan_reports["plan"].to_list() == ["DINKES", "PKM"]
