"""Imported facts: the newest row of a key stands, nothing is lost, and a file can be taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from ekinerja_agent.central import versions
from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.imported import batches
from ekinerja_agent.central.imported.batches import list_batches, revoke, store_punch_batch
from ekinerja_agent.central.marks import changed_days
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables.columns import metadata
from ekinerja_agent.central.store.tables.recorded import coverage, punches, quarantine, stale_days
from ekinerja_agent.central.versions import current
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from tests.central.conftest import Store

NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)
CLOCK = datetime(2026, 9, 7, 7, 30)
ANI = {"nip": "1", "unit": "DINKES", "valid_from": date(2026, 1, 1)}


def standing(engine: Engine, kind: str, *columns: str, **options: Any) -> list[tuple[Any, ...]]:
    with reading(engine) as conn:
        found = conn.execute(current(metadata.tables[kind], **options)).mappings().all()
    return sorted(tuple(row[name] for name in columns) for row in found)


def test_the_newest_row_of_a_key_stands_and_the_older_one_stays(central: Engine, store: Store) -> None:
    first = store("employees", ANI | {"allowance_rp": 1}, {"nip": "2", "unit": "BKD"})
    second = store("employees", ANI | {"allowance_rp": 2})
    assert (first.stored, first.new_versions) == (2, 0)
    assert (second.stored, second.new_versions, second.unchanged) == (1, 1, 0)
    assert standing(central, "employees", "nip", "allowance_rp") == [("1", 2), ("2", 4_000_000)]
    assert standing(central, "employees", "nip", "allowance_rp", up_to_batch=first.batch)[0] == ("1", 1)


def test_a_missing_start_is_one_key_like_any_other(central: Engine, store: Store) -> None:
    store("units", {"code": "U", "name": "old"}, {"code": "U", "name": "later", "valid_from": date(2026, 9, 1)})
    assert store("units", {"code": "U", "name": "new"}).new_versions == 1
    assert standing(central, "units", "name") == [("later",), ("new",)]


def test_the_same_file_again_stores_nothing_but_the_fact_that_it_came(central: Engine, store: Store) -> None:
    rows = {
        "units": {"code": "U", "valid_from": date(2026, 1, 1)},
        "employees": ANI,
        "enrolments": {"pin": "1", "nip": "1", "valid_to": date(2026, 12, 31)},
        "calendar": {"date": date(2026, 9, 17)},
        "absences": {"nip": "1", "first_day": date(2026, 9, 1), "last_day": date(2026, 9, 2), "from_time": time(8)},
        "activities": {
            "activity_id": "A",
            "nip": "1",
            "date": date(2026, 9, 1),
            "start": time(8),
            "end": time(9, 0, 1),
        },
    }
    for kind, row in rows.items():
        first, second = store(kind, row), store(kind, row)
        assert (first.stored, first.unchanged) == (1, 0), kind
        assert (second.stored, second.unchanged, second.new_versions) == (0, 1, 0), kind
        assert second.batch > first.batch
    assert [row["batch"] for row in list_batches(central)] == list(range(12, 0, -1))


def test_the_same_key_twice_in_one_file_leaves_the_later_row(central: Engine, store: Store) -> None:
    receipt = store("employees", ANI | {"name": "a"}, ANI | {"name": "b"})
    assert (receipt.stored, receipt.new_versions) == (2, 1)
    assert standing(central, "employees", "name") == [("b",)]


def test_a_batch_taken_back_brings_the_older_rows_back(central: Engine, store: Store, operator: Account) -> None:
    store("employees", ANI | {"name": "a"})
    second = store("employees", ANI | {"name": "b"}, {"nip": "2", "unit": "BKD"})
    revoke(central, second.batch, operator, "wrong file", NOW)
    assert standing(central, "employees", "name") == [("a",)]
    assert store("employees", ANI | {"name": "b"}).new_versions == 1
    newest, revoked, _ = list_batches(central)
    assert (newest["revoked_at"], revoked["revoked_by"], revoked["reason"]) == (None, "root", "wrong file")
    assert [row["action"] for row in audit.rows(central)][1:] == ["import", "import", "import.revoke", "import"]


def test_taking_back_needs_a_reason_a_batch_and_a_first_time(central: Engine, store: Store, operator: Account) -> None:
    batch = store("units", {"code": "U"}).batch
    with pytest.raises(WrongUsage, match="needs a reason"):
        revoke(central, batch, operator, " ", NOW)
    with pytest.raises(WrongUsage, match="no import batch 99"):
        revoke(central, 99, operator, "r", NOW)
    revoke(central, batch, operator, "r", NOW)
    with pytest.raises(Refused, match="was taken back before"):
        revoke(central, batch, operator, "r", NOW)


def test_a_kind_without_a_table_is_refused(central: Engine, store: Store) -> None:
    with pytest.raises(WrongUsage, match="absences, activities, activity_standards, allowances"):
        versions.fact_table("accounts")


def marked(engine: Engine) -> dict[str, set[date]]:
    with reading(engine) as conn:
        found: dict[str, set[date]] = {}
        for row in conn.execute(select(stale_days)):
            found.setdefault(row.terminal, set()).add(row.day)
    return found


def days(first: int, last: int, month: int = 9) -> set[date]:
    return {date(2026, month, n) for n in range(first, last + 1)}


def test_a_changed_fact_marks_the_days_of_its_old_and_its_new_version(central: Engine, store: Store) -> None:
    store("absences", {"nip": "1", "first_day": date(2026, 9, 7), "last_day": date(2026, 9, 9)})
    assert marked(central) == {"nip:1": days(6, 9)}, "the duty of an evening reaches into the first morning"
    forget(central)
    store("absences", {"nip": "1", "first_day": date(2026, 9, 7), "last_day": date(2026, 9, 7)})
    store("absences", {"nip": "1", "first_day": date(2019, 1, 1), "last_day": date(2019, 1, 9)})
    assert marked(central) == {"nip:1": days(6, 9)}


def test_an_older_version_that_stands_again_marks_its_own_days(
    central: Engine, store: Store, operator: Account
) -> None:
    store("absences", {"nip": "1", "first_day": date(2026, 9, 7), "last_day": date(2026, 9, 9)})
    newer = store("absences", {"nip": "1", "first_day": date(2026, 9, 7), "last_day": date(2026, 9, 7)})
    forget(central)
    revoke(central, newer.batch, operator, "r", NOW)
    assert marked(central) == {"nip:1": days(6, 9)}


def test_a_document_marks_all_days_of_its_case(central: Engine, store: Store) -> None:
    case = {"nip": "1", "kind": "cuti_sakit", "case_id": "K"}
    store("absences", {**case, "first_day": date(2026, 9, 2), "last_day": date(2026, 9, 3)})
    forget(central)
    store("absences", {**case, "first_day": date(2026, 9, 21), "last_day": date(2026, 9, 22)})
    assert marked(central) == {"nip:1": days(1, 3) | days(20, 22)}


def test_an_enrolment_marks_whoever_had_the_pin_and_the_terminal_that_it_names(central: Engine, store: Store) -> None:
    store("enrolments", {"pin": "7", "nip": "1"})
    forget(central)
    one_day = {"valid_from": date(2026, 9, 7), "valid_to": date(2026, 9, 7)}
    store("enrolments", {"terminal": "gate", "pin": "7", "nip": "2", **one_day})
    assert marked(central) == {"nip:1": days(6, 7), "nip:2": days(6, 7), "gate": days(6, 7)}


def test_facts_of_everybody_of_a_terminal_and_of_a_person_are_told_apart(central: Engine, store: Store) -> None:
    seventh = date(2026, 9, 7)
    store("calendar", {"date": seventh})
    store("outages", {"terminal": "lobby", "starts": datetime(2026, 9, 7, 7), "ends": datetime(2026, 9, 7, 9)})
    store("rosters", {"nip": "1", "date": seventh})
    assert marked(central) == {"*": {seventh}, "lobby": days(6, 7), "nip:1": {seventh}}


def test_the_first_row_of_an_event_touches_all_who_were_called_later_ones_their_person(
    central: Engine, store: Store
) -> None:
    row = {"event": "APEL-1", "date": date(2026, 9, 7)}
    store("event_attendance", {**row, "nip": "1"})
    assert set(marked(central)) == {"nip:1", "*"}
    forget(central)
    store("event_attendance", {**row, "nip": "2"})
    assert set(marked(central)) == {"nip:2"}


def test_plans_touch_everybody_in_the_months_in_which_they_count(central: Engine, store: Store) -> None:
    store("plans", {"code": "A", "unit": "U", "due_date": date(2026, 9, 30)})
    assert marked(central)["*"] >= days(1, 30)
    assert min(marked(central)["*"]) == date(2026, 9, 1)  # nothing was scored yet: no day before the month before
    forget(central)
    store("plan_progress", {"plan": "A", "month": "2026-09"})
    assert marked(central)["*"] == days(1, 30) | {date(2026, 10, day) for day in range(1, 7)}
    forget(central)
    store("plan_progress", {"plan": "A", "month": "2026-12"})
    store("plans", {"code": "B", "unit": "U", "due_date": date(2025, 9, 30)})
    assert marked(central) == {}


def test_an_indicator_touches_its_person_or_everybody_in_its_period(
    central: Engine, store: Store, operator: Account
) -> None:
    store("indicators", {"nip": "1", "period": "2026-09", "code": "a", "points_e2": 1})
    assert marked(central) == {"nip:1": days(1, 30)}
    forget(central)
    batch = store("indicators", {"unit": "U", "period": "2026", "code": "a", "points_e2": 1}).batch
    assert marked(central)["*"] >= days(1, 30)
    forget(central)
    revoke(central, batch, operator, "r", NOW)
    assert marked(central)["*"] >= days(1, 30)


def test_what_no_score_depends_on_touches_nobody(central: Engine, store: Store) -> None:
    store("workload_tasks", {"unit": "U", "volume_e2": 1, "standard_e2": 1})
    store("staff", {"unit": "U", "people": 1})
    store("sakip", {"unit": "U", "aspect": "a", "score_e2": 1})
    store("evaluation_meetings", {"unit": "U", "date": date(2026, 9, 7)})
    store("innovations", {"code": "I", "unit": "U", "started": date(2026, 9, 7)})
    assert marked(central) == {}


def test_a_batch_about_very_many_people_marks_its_days_for_everybody(
    central: Engine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changed_days, "_MOST_OF_PEOPLE", 2)
    store("rosters", *({"nip": str(n), "date": date(2026, 9, n)} for n in (1, 2, 3)))
    assert marked(central) == {"*": days(1, 3)}


def forget(engine: Engine) -> None:
    with transaction(engine) as conn:
        conn.execute(stale_days.delete())


def punch(n: int = 0, terminal: str = "import-1", code: int = 0) -> Punch:
    clock = CLOCK + timedelta(minutes=n)
    return Punch(terminal, "1", clock, 1, None, None, 1, 0, code, Source.FILE, b"line")


def count(engine: Engine, name: str) -> int:
    with reading(engine) as conn:
        return conn.scalar(select(func.count()).select_from(metadata.tables[name])) or 0


def file_of(
    engine: Engine,
    account: Account,
    *given: Punch,
    digest: str = "sha256:1",
    until: datetime | None = None,
    **more: Any,
) -> batches.BatchReceipt:
    names = {p.terminal for p in given}
    covered = [Coverage(name, None, until) for name in sorted(names)] if until else []
    quarantined = more.get("quarantined", [])
    return store_punch_batch(engine, account.id, "punches", "p.csv", digest, given, quarantined, covered, NOW)


def test_a_file_is_a_witness_beside_the_collector(central: Engine, operator: Account) -> None:
    deliver(central, Delivery((punch(0),)), NOW)
    receipt = file_of(central, operator, punch(0), punch(1))
    assert (receipt.stored, receipt.unchanged) == (1, 1)
    assert count(central, "punches") == 3
    revoke(central, receipt.batch, operator, "r", NOW)
    with reading(central) as conn:
        left = conn.execute(select(punches.c.punch_id, punches.c.batch).where(punches.c.batch == 0)).all()
    assert [tuple(row) for row in left] == [(punch(0).punch_id, 0)]


def test_either_of_two_equal_files_can_be_taken_back_without_losing_a_punch(central: Engine, operator: Account) -> None:
    file_of(central, operator, punch(0), punch(1))
    again = file_of(central, operator, punch(0), punch(1))
    assert (again.stored, again.unchanged) == (0, 2)
    first = again.batch - 1
    revoke(central, first, operator, "r", NOW)
    assert file_of(central, operator, punch(0), digest="sha256:2").unchanged == 1
    with reading(central) as conn:
        standing_rows = conn.scalar(select(func.count()).select_from(punches).where(punches.c.batch == again.batch))
    assert standing_rows == 2


def test_a_file_proves_its_log_complete_without_a_lower_bound(central: Engine, operator: Account) -> None:
    until = datetime(2026, 9, 30, 16, tzinfo=UTC)
    receipt = file_of(central, operator, punch(), until=until)
    with reading(central) as conn:
        (row,) = conn.execute(select(coverage)).all()
    assert (row.terminal, row.start, row.end, row.kind, row.batch) == ("import-1", None, until, "proven", receipt.batch)


def test_a_line_that_central_cannot_hold_is_quarantined_and_its_terminal_not_covered(
    central: Engine, operator: Account
) -> None:
    bad_line = Quarantined("import-1", Source.FILE, 9, b"x", "no date", NOW)
    receipt = file_of(
        central,
        operator,
        punch(0),
        punch(1, code=2**70),
        until=datetime(2026, 9, 30, tzinfo=UTC),
        quarantined=[bad_line],
    )
    assert (receipt.stored, receipt.quarantined) == (1, 2)
    with reading(central) as conn:
        reasons = conn.scalars(select(quarantine.c.reason).order_by(quarantine.c.position)).all()
    assert "central cannot store it" in reasons[0]
    assert reasons[1] == "no date"
    assert count(central, "coverage") == 0
