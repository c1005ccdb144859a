"""A month's facts: whose punch it is, which terminals a person needs, and what stands of what was imported."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

import polars as pl
import pytest
from sqlalchemy import Engine, bindparam, event, select

from ekinerja_agent.central import facts
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.imported.batches import revoke, store_punch_batch
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.frames import expecting_few, read_frame
from ekinerja_agent.central.store.tables.imported import employees
from ekinerja_agent.central.store.tables.scored import result_days, results
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.punch import Punch, Source
from ekinerja_agent.nouns.terminal import SlotOwner, TerminalFact
from ekinerja_agent.scoring.frames import schemas
from tests.central.conftest import Store
from tests.central.september import NOW, SEPTEMBER, WITA, bring, day, instant, month
from tests.central.test_guards import close

SINCE = datetime(2026, 8, 31, 16, tzinfo=UTC)  # midnight of 1 September in Makassar


def punch(n: int, hour: int = 8, *, pin: str = "1", terminal: str = "lobby", month: int = 9, **more: Any) -> Punch:
    clock = datetime(2026, month, n, hour)
    fields = {"at": (clock - WITA).replace(tzinfo=UTC), "offset_s": 0, "corrected": False} | more
    return Punch(
        terminal, pin, clock, 1, fields["at"], fields["offset_s"], 1, 0, 0, Source.POLL, b"", fields["corrected"]
    )


def serves(terminal: str, office: str, since: datetime = SINCE, *, enabled: bool = True) -> TerminalFact:
    return TerminalFact(terminal, office, "Asia/Makassar", enabled, since)


def owners(engine: Engine, **options: Any) -> list[tuple[str, str]]:
    return sorted((row["nip"], row["punch_id"].split("/", 1)[1]) for row in month(engine, **options).punches.to_dicts())


def needs(engine: Engine, **options: Any) -> list[tuple[str, str, date, date]]:
    return month(engine, **options).duty_terminals.rows()


@pytest.fixture
def office(store: Store) -> Store:
    """One unit with one person who is enrolled with PIN 1 everywhere."""
    store("units", {"code": "DINKES"})
    store("employees", {"nip": "ani", "unit": "DINKES"})
    store("enrolments", {"pin": "1", "nip": "ani"})
    return store


def test_nothing_is_read_of_a_kind_that_nobody_told_of_these_people(central: Engine, office: Store) -> None:
    asked: list[str] = []
    event.listen(central, "before_cursor_execute", lambda *told: asked.append(told[2]))

    def read() -> list[str]:
        asked.clear()
        month(central, nips=["ani"])
        return [kind for kind in ("rosters", "holds", "ratings") if any(f"{kind}.nip, " in query for query in asked)]

    assert read() == []
    office("rosters", {"nip": "ani", "date": day(7)})
    office("holds", {"nip": "budi", "amount_rp": 1, "valid_from": day(1)})
    assert read() == ["rosters"]


def test_an_empty_database_gives_empty_frames_with_all_columns(central: Engine) -> None:
    empty = month(central)
    shapes = {
        "spells": schemas.SPELLS,
        "units": schemas.UNITS,
        "punches": schemas.PUNCHES,
        "coverage": schemas.COVERAGE,
        "duty_terminals": schemas.DUTY_TERMINALS,
        "absences": schemas.ABSENCES,
        "calendar": schemas.CALENDAR,
        "activities": schemas.ACTIVITIES,
        "earlier_days": schemas.EARLIER_DAYS,
    }
    for name, schema in shapes.items():
        frame = getattr(empty, name)
        assert frame.schema == pl.Schema(schema), name
        assert frame.is_empty(), name
    assert facts.offices_of(central, SEPTEMBER) == []


def test_full_frames_have_the_columns_and_types_that_scoring_takes(central: Engine, office: Store) -> None:
    office(
        "absences", {"nip": "ani", "first_day": day(1), "last_day": day(2), "from_time": time(10), "to_time": time(12)}
    )
    office("calendar", {"date": day(17)})
    office("activities", {"activity_id": "A", "nip": "ani", "date": day(1), "start": time(8), "end": time(9)})
    bring(central, punch(7), notes=(serves("lobby", "DINKES"), Coverage("lobby", None, instant(30, 0))))
    full = month(central, accept_pending=True)
    assert full.accept_pending
    for name in ("spells", "units", "punches", "coverage", "duty_terminals", "absences", "calendar", "activities"):
        assert getattr(full, name).schema == pl.Schema(getattr(schemas, name.upper())), name
        assert getattr(full, name).height == 1, name
    assert full.absences.row(0) == (
        *("ani", day(1), day(2), "dinas_luar", time(10), time(12), day(1), day(2), None, "approved", None),
    )
    assert full.punches.row(0) == ("ani", punch(7).punch_id, "lobby", instant(7, 8), instant(7, 8))
    assert full.coverage.row(0) == ("lobby", None, instant(30, 0), "proven")
    assert full.calendar.row(0) == (day(17), "*", "libur_daerah", "Hari jadi", "SK 1")


def test_a_punch_belongs_to_whom_the_enrolment_of_its_day_names(central: Engine, store: Store) -> None:
    store("units", {"code": "DINKES"})
    store("employees", *({"nip": nip, "unit": "DINKES"} for nip in ("ani", "budi", "citra")))
    store(
        "enrolments",
        {"pin": "1", "nip": "ani", "valid_to": day(7)},
        {"pin": "1", "nip": "budi", "valid_from": day(8)},
        {"terminal": "gate", "pin": "1", "nip": "citra", "valid_from": day(8)},
    )
    bring(central, *(punch(n, terminal=t) for n in (7, 8) for t in ("lobby", "gate")), punch(8, pin="2"))
    assert owners(central) == [
        ("ani", "1/2026-09-07T08:00:00/1"),
        ("ani", "1/2026-09-07T08:00:00/1"),
        ("budi", "1/2026-09-08T08:00:00/1"),
        ("citra", "1/2026-09-08T08:00:00/1"),
    ]


def test_another_offices_named_enrolment_beats_ours_even_when_only_ours_is_scored(
    central: Engine, store: Store
) -> None:
    store("units", {"code": "DINKES"}, {"code": "BKD"})
    store("employees", {"nip": "ani", "unit": "DINKES"}, {"nip": "budi", "unit": "BKD"})
    store("enrolments", {"pin": "1", "nip": "ani"}, {"terminal": "gate", "pin": "1", "nip": "budi"})
    bring(central, punch(7), punch(7, 9, terminal="gate"))
    assert owners(central, offices=["DINKES"]) == [("ani", "1/2026-09-07T08:00:00/1")]
    assert owners(central, offices=["BKD"]) == [("budi", "1/2026-09-07T09:00:00/1")]


def test_a_later_enrolment_assigns_old_punches_too(central: Engine, office: Store) -> None:
    bring(central, punch(7, pin="99"))
    assert owners(central) == []
    office("enrolments", {"pin": "99", "nip": "ani"})
    assert owners(central) == [("ani", "99/2026-09-07T08:00:00/1")]


def test_a_slot_number_is_whose_it_was_at_that_moment(central: Engine, store: Store) -> None:
    store("units", {"code": "DINKES"})
    store("employees", {"nip": "ani", "unit": "DINKES"}, {"nip": "budi", "unit": "DINKES"})
    store("enrolments", {"pin": "1", "nip": "ani"}, {"pin": "2", "nip": "budi"})
    seen = (SlotOwner("lobby", 7, "1", instant(2, 0)), SlotOwner("lobby", 7, "2", instant(5, 0)))
    bring(central, *(punch(n, pin="uid:7") for n in (1, 3, 6)), punch(6, pin="uid:8"), notes=seen)
    assert [nip for nip, _ in owners(central)] == ["ani", "ani", "budi"]


def test_punches_reach_from_the_day_before_to_two_days_after(central: Engine, office: Store) -> None:
    bring(
        central,
        punch(30, month=8),
        punch(31, 0, month=8),
        punch(2, 23, month=10),
        punch(3, 0, month=10),
    )
    assert [name for _, name in owners(central)] == ["1/2026-08-31T00:00:00/1", "1/2026-10-02T23:00:00/1"]


def test_a_corrected_punch_is_found_by_its_true_time_and_keeps_what_the_clock_showed(
    central: Engine, office: Store
) -> None:
    years_off = 400 * 86400
    wrong = punch(7, at=instant(7, 8) - timedelta(seconds=years_off), offset_s=years_off, corrected=True)
    found = Punch("lobby", "1", datetime(2020, 1, 1, 8), 1, instant(9, 8), -5, 1, 0, 0, Source.POLL, b"", True)
    bring(central, found, wrong)
    rows = {row["punch_id"]: row for row in month(central).punches.to_dicts()}
    assert rows[found.punch_id]["at"] == instant(9, 8)
    assert rows[found.punch_id]["clock_at"] == instant(9, 8) - timedelta(seconds=5)


def import_punches(engine: Engine, account: Account, *given: Punch, digest: str = "d") -> int:
    return store_punch_batch(engine, account.id, "punches", "p.csv", digest, given, [], [], NOW).batch


def test_of_two_witnesses_the_collector_speaks_and_a_revoked_file_is_silent(
    central: Engine, office: Store, operator: Account
) -> None:
    from_file = punch(7, at=None)
    batch = import_punches(central, operator, from_file, punch(8, at=None))
    bring(central, punch(7, at=instant(7, 9), offset_s=-3600, corrected=True))
    assert month(central).punches["at"].to_list() == [instant(7, 9), instant(8, 8)]
    revoke(central, batch, operator, "r", NOW)
    assert month(central).punches["at"].to_list() == [instant(7, 9)]


def test_a_file_of_an_unknown_terminal_takes_the_zone_of_those_enrolled_by_name_on_it(
    central: Engine, store: Store, operator: Account
) -> None:
    store("units", {"code": "WIB", "timezone": "Asia/Jakarta"}, {"code": "WIT", "timezone": "Asia/Jayapura"})
    store("employees", {"nip": "ani", "unit": "WIB"}, {"nip": "guest", "unit": "WIT"})
    store("enrolments", {"pin": "1", "nip": "guest"}, {"terminal": "box", "pin": "2", "nip": "ani"})
    import_punches(central, operator, punch(7, at=None, terminal="box"))
    eight_in_jakarta = datetime(2026, 9, 7, 1, tzinfo=UTC)
    for offices in (None, ["WIT"]):
        assert month(central, offices=offices).punches["at"].to_list() == [eight_in_jakarta]


def test_without_names_on_it_the_zone_is_that_of_the_persons_own_unit_and_a_collector_knows_best(
    central: Engine, store: Store, operator: Account
) -> None:
    store("units", {"code": "WIB", "timezone": "Asia/Jakarta"})
    store("employees", {"nip": "ani", "unit": "WIB"})
    store("enrolments", {"pin": "1", "nip": "ani"})
    import_punches(central, operator, punch(7, at=None, terminal="box"))
    assert month(central).punches["at"].to_list() == [datetime(2026, 9, 7, 1, tzinfo=UTC)]
    bring(central, notes=(serves("box", "WIB"),))
    assert month(central).punches["at"].to_list() == [datetime(2026, 9, 7, 0, tzinfo=UTC)]


def test_everywhere_means_the_units_enabled_terminals_else_the_nearest_above(central: Engine, store: Store) -> None:
    store("units", {"code": "SETDA"}, {"code": "DINKES", "parent": "SETDA"}, {"code": "UPT", "parent": "DINKES"})
    store("employees", {"nip": "ani", "unit": "UPT"}, {"nip": "budi", "unit": "SETDA"})
    store("enrolments", {"pin": "1", "nip": "ani"}, {"pin": "2", "nip": "budi"})
    listed = (serves("top", "SETDA"), serves("lobby", "DINKES"), serves("spare", "DINKES", enabled=False))
    bring(central, notes=listed)
    whole = (day(31, 8), day(1, 10))
    assert needs(central) == [("ani", "lobby", *whole), ("budi", "top", *whole)]


def test_names_ask_for_what_they_name_and_dates_are_kept(central: Engine, office: Store) -> None:
    office("enrolments", {"terminal": "gate", "pin": "5", "nip": "ani", "valid_from": day(10), "valid_to": day(20)})
    assert needs(central) == [("ani", "gate", day(10), day(20))]


def test_without_enrolment_or_terminal_a_person_needs_nothing_and_stays_pending(central: Engine, office: Store) -> None:
    assert needs(central) == []


def test_a_transfer_changes_the_terminals_with_the_unit_of_the_day(central: Engine, store: Store) -> None:
    store("units", {"code": "DINKES"}, {"code": "BKD"})
    store(
        "employees",
        {"nip": "ani", "unit": "DINKES", "valid_to": day(14)},
        {"nip": "ani", "unit": "BKD", "valid_from": day(15)},
    )
    store("enrolments", {"pin": "1", "nip": "ani"})
    bring(central, notes=(serves("lobby", "DINKES"), serves("gate", "BKD")))
    assert needs(central) == [("ani", "gate", day(15), day(1, 10)), ("ani", "lobby", day(31, 8), day(14))]


def test_a_terminal_that_moves_or_is_switched_off_counts_on_that_day_for_both(central: Engine, store: Store) -> None:
    store("units", {"code": "DINKES"}, {"code": "BKD"})
    store("employees", {"nip": "ani", "unit": "DINKES"}, {"nip": "budi", "unit": "BKD"})
    store("enrolments", {"pin": "1", "nip": "ani"}, {"pin": "2", "nip": "budi"})
    bring(
        central,
        notes=(
            serves("old", "DINKES"),
            serves("old", "DINKES", instant(20, 10), enabled=False),
            serves("box", "DINKES", instant(10, 10)),
            serves("box", "BKD", instant(15, 10)),
        ),
    )
    assert needs(central) == [
        ("ani", "box", day(10), day(15)),
        ("ani", "old", day(31, 8), day(20)),
        ("budi", "box", day(31, 8), day(1, 10)),
    ]


def test_a_circle_of_units_ends(central: Engine, store: Store) -> None:
    store("units", {"code": "A", "parent": "B"}, {"code": "B", "parent": "A"})
    store("employees", {"nip": "ani", "unit": "A"})
    store("enrolments", {"pin": "1", "nip": "ani"})
    assert needs(central) == []


def test_stretches_that_touch_are_one_and_silent_ones_stay_apart(central: Engine, office: Store) -> None:
    def stretch(start: int | None, end: int, kind: Literal["proven", "silent"] = "proven") -> Coverage:
        return Coverage("lobby", None if start is None else instant(7, start), instant(7, end), kind)

    notes = (
        stretch(None, 1),
        stretch(1, 2),
        stretch(1, 3),
        stretch(4, 5),
        stretch(5, 6, "silent"),
        stretch(6, 7, "silent"),
    )
    bring(central, notes=(serves("lobby", "DINKES"), *notes))
    found = [(row["start"], row["end"], row["kind"]) for row in month(central).coverage.to_dicts()]
    assert sorted(found, key=lambda row: row[1]) == [
        (None, instant(7, 3), "proven"),
        (instant(7, 4), instant(7, 5), "proven"),
        (instant(7, 5), instant(7, 6), "silent"),
        (instant(7, 6), instant(7, 7), "silent"),
    ]


def test_coverage_from_a_file_that_was_taken_back_counts_no_more(
    central: Engine, office: Store, operator: Account
) -> None:
    office("enrolments", {"terminal": "box", "pin": "5", "nip": "ani"})
    claim = [Coverage("box", None, instant(30, 0))]
    batch = store_punch_batch(central, operator.id, "punches", "f", "d", [], [], claim, NOW).batch
    assert month(central).coverage.height == 1
    revoke(central, batch, operator, "r", NOW)
    assert month(central).coverage.height == 0


def test_a_person_who_moves_is_scored_in_one_office_with_all_spells(central: Engine, store: Store) -> None:
    store("units", {"code": "DINKES"}, {"code": "BKD"})
    store(
        "employees",
        {"nip": "ani", "unit": "DINKES", "valid_to": day(14)},
        {"nip": "ani", "unit": "BKD", "valid_from": day(15)},
        {"nip": "gone", "unit": "DINKES", "valid_to": day(31, 8)},
        {"nip": "later", "unit": "DINKES", "valid_from": day(1, 10)},
    )
    assert facts.offices_of(central, SEPTEMBER) == ["DINKES"]
    assert month(central, offices=["DINKES"]).spells["unit"].to_list() == ["DINKES", "BKD"]
    assert month(central, offices=["BKD"]).spells.is_empty()


def test_office_by_office_is_all_of_them(central: Engine, store: Store) -> None:
    store("units", {"code": "DINKES"}, {"code": "BKD"})
    store("employees", {"nip": "ani", "unit": "DINKES"}, {"nip": "budi", "unit": "BKD"})
    store("enrolments", {"pin": "1", "nip": "ani"}, {"pin": "2", "nip": "budi"})
    store("absences", {"nip": "budi", "first_day": day(1), "last_day": day(2)})
    store("activities", {"activity_id": "A", "nip": "budi", "date": day(1), "start": time(8), "end": time(9)})
    bring(central, punch(7), punch(7, pin="2"), notes=(serves("lobby", "DINKES"), serves("gate", "BKD")))
    whole, parts = month(central), [month(central, offices=[office]) for office in ("BKD", "DINKES")]
    for name in ("spells", "punches", "duty_terminals", "absences", "activities"):
        joined = pl.concat([getattr(part, name) for part in parts])
        assert sorted(joined.rows(), key=str) == sorted(getattr(whole, name).rows(), key=str), name


def test_approved_activities_come_and_an_approval_without_minutes_means_all(central: Engine, office: Store) -> None:
    common = {"nip": "ani", "date": day(7), "start": time(8), "end": time(9, 30, 59)}
    office(
        "activities",
        common | {"activity_id": "A"},
        common | {"activity_id": "B", "approved_minutes": 10},
        common | {"activity_id": "C", "status": "rejected"},
        common | {"activity_id": "D", "date": day(8), "approved_minutes": 5},
        common | {"activity_id": "E", "date": day(1, 10)},
    )
    office("activities", common | {"activity_id": "D", "date": day(1, 10), "approved_minutes": 5})
    at = (day(7), time(8), time(9, 30, 59))
    assert month(central).activities.rows() == [("ani", "A", *at, 90), ("ani", "B", *at, 10)]


def test_an_activity_of_a_type_with_a_standard_counts_at_most_that_time_for_its_volume(
    central: Engine, office: Store
) -> None:
    standard = {"type": "surat", "name": "Surat keluar", "standard_minutes": 15}
    other = {"type": "rapat", "name": "Rapat", "standard_minutes": 10, "unit": "RSUD"}
    office("activity_standards", standard, standard | {"unit": "RSUD", "standard_minutes": 40}, other)
    common = {"nip": "ani", "date": day(7), "start": time(8), "end": time(9), "type": "surat"}
    office(
        "activities",
        *(
            common | {"activity_id": name, "volume": volume}
            for name, volume in {"A": "2", "B": "1.5", "C": "1,25", "D": None, "E": "9", "F": "banyak"}.items()
        ),
        common | {"activity_id": "G", "type": "rapat"},
        common | {"activity_id": "H", "type": None},
    )
    recognised = dict(month(central).activities.select("activity", "minutes").iter_rows())
    assert recognised == {"A": 30, "B": 22, "C": 18, "D": 15, "E": 60, "F": 60, "G": 60, "H": 60}


def test_earlier_days_of_the_year_come_from_what_was_published_else_from_the_draft(
    central: Engine, office: Store, operator: Account
) -> None:
    def result(period: str, revision: int, state: str, late: int | None) -> None:
        key = {"period": period, "nip": "ani", "revision": revision}
        published = {"closed_with": "x"} if revision else {}
        numbers = {c.name: 0 for c in results.c if not c.nullable and c.type.python_type is int and c.name not in key}
        words = dict.fromkeys(
            ["name", "unit", "unit_name", "profile", "rules_digest", "employment_status", "status"], "x"
        )
        first = date.fromisoformat(f"{period}-01")
        one_day = {"position": 0, "date": first, "unit": "x", "schedule": "x", "timezone": "UTC", "state": state}
        minutes = {"required_minutes": 450, "late_minutes": late, "missing_scans": late or 0}
        with transaction(central) as conn:
            if revision:
                conn.exec_driver_sql(close(period, revision, by=operator.id, unit="x"))
            conn.execute(results.insert(), key | numbers | words | {"computed_at": NOW} | published)
            conn.execute(result_days.insert(), key | one_day | minutes)

    result("2025-11", 0, "unexcused", None)
    result("2025-12", 0, "unexcused", None)
    result("2026-07", 0, "present", 7)
    result("2026-08", 0, "present", 5)
    result("2026-08", 1, "unexcused", None)
    result("2026-09", 0, "present", 3)
    assert month(central).earlier_days.rows() == [
        ("ani", date(2025, 12, 1), True, 0, 0),
        ("ani", day(1, 7), False, 7, 7),
        ("ani", day(1, 8), True, 0, 0),
    ]


def test_rows_of_a_batch_taken_back_are_not_read(central: Engine, office: Store, operator: Account) -> None:
    batch = office("absences", {"nip": "ani", "first_day": day(1), "last_day": day(2)}).batch
    office("absences", {"nip": "ani", "first_day": day(30, 8), "last_day": day(30, 8)})
    assert month(central).absences.height == 1
    revoke(central, batch, operator, "r", NOW)
    assert month(central).absences.height == 0


def test_what_is_read_after_a_few_people_is_not_taken_for_few(central: Engine, office: Store) -> None:
    query = select(employees.c.nip).where(employees.c.unit == bindparam("unit"))
    ways: list[bool] = []
    with reading(central) as conn:
        event.listen(conn, "before_cursor_execute", lambda *a: ways.append(bool(a[3])))

        def with_values() -> bool:
            """Whether the values stood beside the text of the query, as they do where few rows are expected."""
            ways.clear()
            read = read_frame(conn, query, {"nip": pl.String}, {"unit": "DINKES"})
            assert read["nip"].to_list() == ["ani"]
            return any(ways)

        assert facts.homes_of(conn, SEPTEMBER, ["ani"]) == {"ani": "DINKES"}
        assert not with_values()
        with expecting_few(conn, when=True):
            with expecting_few(conn, when=False):
                assert with_values()
            assert with_values()
        assert not with_values()
