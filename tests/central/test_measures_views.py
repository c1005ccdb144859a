"""The views of what leaders see hold what stands, in the same digits on both databases."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.imported.batches import revoke
from ekinerja_agent.central.store.engine import reading
from tests.central.conftest import NOW, Store


def rows(engine: Engine, view: str, columns: str) -> list[tuple[Any, ...]]:
    """The view's columns, decimals as their text."""
    with reading(engine) as conn:
        found = conn.exec_driver_sql(f"select {columns} from {view} order by 1, 2, 3").all()
    return [tuple(str(v) if type(v).__name__ == "Decimal" else v for v in row) for row in found]


@pytest.fixture
def office(store: Store) -> Store:
    store("units", {"code": "DINKES", "name": "Dinas lama", "valid_to": date(2026, 6, 30)})
    store("units", {"code": "DINKES", "name": "Dinas Kesehatan", "valid_from": date(2026, 7, 1)})
    return store


def report(
    plan: str, month: str, planned: int, physical: int, realised_rp: int | None = None, **more: Any
) -> dict[str, Any]:
    shares = {"planned_ppm": planned, "physical_ppm": physical, "realised_rp": realised_rp}
    return {"plan": plan, "month": month, **shares, **more}


def test_a_plan_is_seen_at_each_month_that_was_reported(central: Engine, office: Store, operator: Account) -> None:
    due = {"unit": "DINKES", "due_date": date(2026, 8, 15)}
    office("plans", due | {"code": "A", "budget_rp": 3_000_000}, due | {"code": "B", "budget_rp": 0, "nip": "ani"})
    office(
        "plan_progress",
        report("A", "2026-07", 500_000, 400_000, 1_000_000),
        report("A", "2026-08", 1_000_000, 999_999, 3_000_000),
        report("A", "2026-09", 1_000_000, 1_000_000),
        report("A", "2026-10", 1, 1, status="pending"),
        report("A", "2025-12", 1, 1),  # before its due date was moved to another year
        report("B", "2026-07", 0, 1_000_000, 5),
        report("B", "2026-09", 0, 1_000_000),
    )
    taken_back = office("plan_progress", report("B", "2026-09", 0, 0)).batch
    revoke(central, taken_back, operator, "wrong plan", NOW)
    assert rows(central, "plan_status_v1", "plan, month, timing, planned_pct, physical_pct, deviation_pct") == [
        ("A", "2026-07", "open", "50", "40", "-10"),
        ("A", "2026-08", "late", "100", "99.9999", "-0.0001"),
        ("A", "2026-09", "done_late", "100", "100", "0"),
        ("B", "2026-07", "done", "0", "100", "100"),
        ("B", "2026-09", "done", "0", "100", "100"),
    ]
    assert rows(central, "plan_status_v1", "plan, month, budget_rp, realised_rp, financial_pct, gap_pct") == [
        ("A", "2026-07", 3_000_000, 1_000_000, "33.3333", "6.6667"),
        ("A", "2026-08", 3_000_000, 3_000_000, "100", "-0.0001"),
        ("A", "2026-09", 3_000_000, None, None, None),
        ("B", "2026-07", 0, 5, None, None),
        ("B", "2026-09", 0, None, None, None),
    ]
    assert {row[1:] for row in rows(central, "plan_status_v1", "plan, unit_code, unit_name, nip")} == {
        ("DINKES", "Dinas Kesehatan", None),
        ("DINKES", "Dinas Kesehatan", "ani"),
    }


def test_money_of_a_unit_is_that_of_the_newest_report_of_each_plan(central: Engine, office: Store) -> None:
    plan = {"unit": "DINKES", "due_date": date(2026, 12, 31)}
    office("plans", *(plan | {"code": code, "budget_rp": money} for code, money in (("A", 10**12), ("B", 10**12))))
    office("plans", plan | {"code": "C", "budget_rp": None}, plan | {"code": "D", "budget_rp": 7})
    office(
        "plan_progress",
        report("A", "2026-07", 0, 0, 10**12),
        report("B", "2026-07", 0, 0, 1),
        report("B", "2026-08", 0, 0, 10**12 - 1),
        report("C", "2026-08", 0, 0, 5),
        report("D", "2026-08", 0, 0),
    )
    columns = "unit_code, month, plans, budget_rp, realised_rp, absorption_pct"
    assert rows(central, "unit_budget_v1", columns) == [
        ("DINKES", "2026-07", 2, 2 * 10**12, 10**12 + 1, "50"),
        ("DINKES", "2026-08", 2, 2 * 10**12, 2 * 10**12 - 1, "100"),
    ]


def test_minutes_of_tasks_stand_by_what_their_volume_is_told_for(central: Engine, office: Store) -> None:
    office(
        "workload_tasks",
        {"unit": "DINKES", "task": "a", "volume_e2": 150, "per": "day", "standard_e2": 1_225},
        {"unit": "DINKES", "task": "b", "volume_e2": 100, "per": "day", "standard_e2": 1},
        {"unit": "DINKES", "task": "c", "volume_e2": 10**8, "per": "year", "standard_e2": 10**7},
    )
    office("staff", {"unit": "DINKES", "people": 2}, {"unit": "DINKES", "job": "Sopir", "people": 1})
    office("staff", {"unit": "DINKES", "people": 3})
    columns = "unit_code, job, tasks, day_minutes, week_minutes, month_minutes, year_minutes, staff"
    assert rows(central, "unit_workload_v1", columns) == [
        ("DINKES", "Analis", 3, "18.385", "0", "0", "100000000000", 3),
        ("DINKES", "Sopir", 0, "0", "0", "0", "0", 1),
    ]


def test_sakip_and_the_registers_are_seen_as_they_stand(central: Engine, office: Store) -> None:
    office("sakip", {"unit": "DINKES", "aspect": "pengelolaan_data", "score_e2": 8_001})
    assert rows(central, "unit_sakip_v1", "unit_code, unit_name, year, aspect, score") == [
        ("DINKES", "Dinas Kesehatan", "2026", "pengelolaan_data", "80.01")
    ]
    held = [{"unit": "DINKES", "date": date(2026, month, day)} for month, day in ((9, 1), (9, 30), (10, 1))]
    office("evaluation_meetings", *held)
    assert rows(central, "unit_meetings_v1", "unit_code, unit_name, month, meetings") == [
        ("DINKES", "Dinas Kesehatan", "2026-09", 2),
        ("DINKES", "Dinas Kesehatan", "2026-10", 1),
    ]
    office("innovations", {"code": "I1", "unit": "DINKES", "started": date(2026, 1, 5)})
    assert rows(central, "unit_innovations_v1", "unit_code, code, name, ended") == [
        ("DINKES", "I1", "Antar obat", None)
    ]
    there = {"event": "APEL-1", "date": date(2026, 9, 7)}
    office(
        "event_attendance",
        there | {"nip": "ani", "uniform": True},
        there | {"nip": "budi", "uniform": False},
        there | {"nip": "citra"},
        there | {"nip": "dewi", "status": "excused"},
    )
    assert rows(central, "event_uniform_v1", "event, present, in_uniform, without_uniform") == [("APEL-1", 3, 1, 1)]
