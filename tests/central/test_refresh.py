"""After a change only the drafts that it touches are made anew, and they equal those of a whole run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Engine, select

from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.imported.batches import revoke
from ekinerja_agent.central.marks import anomaly_margin
from ekinerja_agent.central.scored import results
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables import PUBLISHED
from ekinerja_agent.central.store.tables.recorded import stale_days
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.punch import Punch, Source
from ekinerja_agent.nouns.terminal import TerminalFact
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import Citation, Dated, MassAnomaly, RuleBook, Timeline
from ekinerja_agent.scoring.frames.schemas import SHARED
from ekinerja_agent.usecases.month import score
from tests.central.conftest import Store

pytestmark = pytest.mark.long

SEPTEMBER = date(2026, 9, 1)
NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)
WITA = timedelta(hours=8)
MONDAY = date(2026, 9, 7)
OFFICES = {"DINKES": "lobby", "BKD": "gate", "RSUD": "ward"}
PEOPLE = 4
RULES = Path(__file__).parents[2] / "config" / "rules"


@pytest.fixture(scope="session")
def rules() -> RuleBook:
    return load_rulebook(RULES)


def with_anomalies(rules: RuleBook, rule: MassAnomaly) -> RuleBook:
    """These rules, where so many with one finding are a mass anomaly."""
    entry = Dated(date(2021, 1, 1), None, rule, Citation("test", "V", "test:1"))
    model = replace(rules.profiles["tpp-model"], mass_anomaly=Timeline("mass_anomaly", (entry,)))
    return replace(rules, profiles={**rules.profiles, "tpp-model": model})


def punch(pin: str, terminal: str, day: date, hour: int, minute: int = 0) -> Punch:
    clock = datetime.combine(day, time(hour, minute))
    at = (clock - WITA).replace(tzinfo=UTC)
    return Punch(terminal, pin, clock, 1, at, 0, 1, 0, 0, Source.POLL, b"", False)


def weekdays(month: int = 9) -> list[date]:
    days = [date(2026, month, n) for n in range(1, 31)]
    return [day for day in days if day.weekday() < 5]


def pin_of(nip: str) -> str:
    """Two of each office have a PIN from 1 on its terminal, the others one of their own on every terminal."""
    number = int(nip.rpartition("-")[2])
    return str(number + 1) if number < 2 else nip


@pytest.fixture
def county(central: Engine, store: Store) -> Store:
    """Three offices of four people, each with a terminal of its own; everybody came a little late every second day."""
    since = datetime(2026, 8, 1, tzinfo=UTC)
    store("units", *({"code": code} for code in OFFICES))
    found, notes = [], []
    for office, terminal in OFFICES.items():
        notes += [
            TerminalFact(terminal, office, "Asia/Makassar", True, since),
            Coverage(terminal, None, datetime(2026, 10, 3, tzinfo=UTC)),
        ]
        people = [f"{office}-{n}" for n in range(PEOPLE)]
        store("employees", *({"nip": nip, "unit": office} for nip in people))
        store("enrolments", *({"terminal": terminal, "pin": pin_of(nip), "nip": nip} for nip in people[:2]))
        store("enrolments", *({"pin": pin_of(nip), "nip": nip} for nip in people[2:]))
        for nip in people:
            for day in weekdays():
                found.append(punch(pin_of(nip), terminal, day, 7, 20 + 20 * (day.day % 2)))
                if day != MONDAY:
                    found.append(punch(pin_of(nip), terminal, day, 17))
    deliver(central, Delivery(tuple(found), tuple(notes)), NOW)
    return store


def run(engine: Engine, rules: RuleBook, now: datetime = NOW) -> score.ScoreSummary:
    return score.run(engine, rules, SEPTEMBER, profile="tpp-model", now=now)


def refresh(engine: Engine, rules: RuleBook, now: datetime = NOW) -> score.ScoreSummary:
    return score.refresh(engine, rules, SEPTEMBER, profile="tpp-model", now=now)


def drafts(engine: Engine) -> list[list[tuple[Any, ...]]]:
    with reading(engine) as conn:
        return [
            [tuple(row) for row in conn.execute(select(table).order_by(*table.primary_key.columns))]
            for table in PUBLISHED
        ]


def marks(engine: Engine) -> list[Any]:
    with reading(engine) as conn:
        return list(conn.execute(select(stale_days).where(stale_days.c.day.between(SEPTEMBER, date(2026, 9, 30)))))


ONE = "DINKES-0"
WEEK = {"nip": ONE, "first_day": MONDAY, "last_day": date(2026, 9, 11)}
CHANGES: dict[str, tuple[int, Callable[[Engine, Any], Any]]] = {
    "a correction": (1, lambda _, store: store("corrections", {"nip": ONE, "date": MONDAY, "time": time(7, 0)})),
    "a void": (
        1,
        lambda _, store: store("corrections", {"nip": ONE, "date": MONDAY, "action": "void", "time": None}),
    ),
    "an absence": (1, lambda _, store: store("absences", WEEK)),
    "leave that costs": (1, lambda _, store: store("absences", WEEK | {"kind": "cltn", "case_id": "K"})),
    "a rise": (1, lambda _, store: store("employees", {"nip": ONE, "unit": "DINKES", "allowance_rp": 5_000_000})),
    "an allowance": (1, lambda _, store: store("allowances", {"nip": ONE, "basic_rp": 1_000_001, "pct_bp": 12_34})),
    "a hold": (1, lambda _, store: store("holds", {"nip": ONE, "amount_rp": 7, "valid_from": MONDAY})),
    "a sanction": (1, lambda _, store: store("sanctions", {"nip": ONE, "share_ppm": 250_000, "valid_from": MONDAY})),
    "an acting post": (
        1,
        lambda _, store: store("assignments", {"nip": ONE, "unit": "BKD", "valid_from": date(2026, 8, 1)}),
    ),
    "activities": (
        1,
        lambda _, store: store(
            "activities", {"activity_id": "A", "nip": ONE, "date": MONDAY, "start": time(8), "end": time(12)}
        ),
    ),
    "another person's PIN": (
        4,
        lambda _, store: store("enrolments", {"terminal": "lobby", "pin": pin_of(ONE), "nip": "DINKES-1"}),
    ),
    "a PIN on every terminal that some give to others": (
        1,
        lambda _, store: store("enrolments", {"pin": pin_of(ONE), "nip": "DINKES-2", "valid_to": date(2026, 9, 20)}),
    ),
    "a transfer": (1, lambda _, store: store("employees", {"nip": ONE, "unit": "BKD"})),
    "a newcomer": (1, lambda _, store: store("employees", {"nip": "new", "unit": "BKD"})),
    "a late punch": (
        4,
        lambda engine, _: deliver(engine, Delivery((punch(pin_of(ONE), "lobby", MONDAY, 17),)), NOW),
    ),
    "a punch on another office's terminal": (
        5,
        lambda engine, _: deliver(engine, Delivery((punch("RSUD-2", "lobby", MONDAY, 17),)), NOW),
    ),
    "an outage": (
        4,
        lambda _, store: store(
            "outages", {"terminal": "lobby", "starts": datetime(2026, 9, 7, 15), "ends": datetime(2026, 9, 7, 18)}
        ),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_drafts_that_a_change_touches_equal_those_of_a_whole_run(
    central: Engine, county: Store, rules: RuleBook, what: str
) -> None:
    run(central, rules)
    assert (refresh(central, rules).people, marks(central)) == (0, [])
    before = drafts(central)
    touched, change = CHANGES[what]
    change(central, county)
    summary = refresh(central, rules)
    assert summary.people == touched
    assert marks(central) == []
    after = drafts(central)
    without_effect = {
        "a punch on another office's terminal",
        "an acting post",
        "a PIN on every terminal that some give to others",
    }
    assert after != before or what in without_effect
    run(central, rules)
    assert drafts(central) == after


def test_a_fact_of_everybody_makes_the_whole_month_anew(central: Engine, county: Store, rules: RuleBook) -> None:
    run(central, rules)
    county("calendar", {"date": MONDAY})
    assert refresh(central, rules).people == PEOPLE * len(OFFICES)
    after = drafts(central)
    run(central, rules)
    assert drafts(central) == after


def test_without_a_draft_or_by_other_rules_the_whole_month_is_made(
    central: Engine, county: Store, rules: RuleBook
) -> None:
    assert refresh(central, rules).people == PEOPLE * len(OFFICES)
    assert refresh(central, replace(rules, digest="sha256:other")).people == PEOPLE * len(OFFICES)


def test_a_draft_of_the_running_month_holds_for_its_day(central: Engine, county: Store, rules: RuleBook) -> None:
    night = datetime(2026, 9, 9, 17, tzinfo=UTC)
    run(central, rules, night)
    county("corrections", {"nip": ONE, "date": MONDAY, "time": time(7, 0)}, now=night)
    assert refresh(central, rules, night + timedelta(hours=9)).people == 1
    assert refresh(central, rules, night + timedelta(hours=24)).people == PEOPLE * len(OFFICES)


def test_a_batch_taken_back_is_noticed_too(central: Engine, county: Store, operator: Account, rules: RuleBook) -> None:
    run(central, rules)
    before = drafts(central)
    batch = county("corrections", {"nip": ONE, "date": MONDAY, "time": time(7, 0)}).batch
    refresh(central, rules)
    assert drafts(central) != before
    revoke(central, batch, operator, "r", NOW)
    assert refresh(central, rules).people == 1
    assert drafts(central) == before


def test_who_is_no_employee_any_more_has_no_draft(
    central: Engine, county: Store, operator: Account, rules: RuleBook
) -> None:
    batch = county("employees", {"nip": "new", "unit": "BKD"}).batch
    run(central, rules)
    revoke(central, batch, operator, "r", NOW)
    refresh(central, rules)
    after = drafts(central)
    assert "new" not in {row[1] for row in after[0]}
    run(central, rules)
    assert drafts(central) == after


def late_office(engine: Engine, store: Store, people: int, late: int) -> list[str]:
    """An office with one terminal, where so many of its people came late on Monday and nobody ever else."""
    nips = [f"n{n:02}" for n in range(people)]
    store("units", {"code": "DINKES"}, {"code": "BKD"})
    store("employees", *({"nip": nip, "unit": "DINKES"} for nip in nips))
    store("employees", *({"nip": f"other{n}", "unit": "BKD"} for n in range(2 * people)))
    store("enrolments", *({"terminal": "lobby", "pin": nip, "nip": nip} for nip in nips))
    scans = [
        punch(nip, "lobby", day, hour, 50 if (day, hour) == (MONDAY, 7) and nip in nips[:late] else 0)
        for nip in nips
        for day in weekdays()
        for hour in (7, 17)
    ]
    vouched = (
        TerminalFact("lobby", "DINKES", "Asia/Makassar", True, datetime(2026, 8, 1, tzinfo=UTC)),
        Coverage("lobby", None, datetime(2026, 10, 3, tzinfo=UTC)),
    )
    deliver(engine, Delivery(tuple(scans), vouched), NOW)
    return nips


def waiting_on_monday(engine: Engine, nips: list[str]) -> int:
    return len([row for row in drafts(engine)[3] if row[4] == MONDAY and row[1] in nips])


def test_a_mass_anomaly_that_ends_by_corrections_of_some_ends_for_all(
    central: Engine, store: Store, rules: RuleBook
) -> None:
    """Nine of ten came late at one terminal; with two of them corrected, seven are no anomaly any more."""
    rules = with_anomalies(rules, MassAnomaly(share_ppm=800_000, least_people=8))
    nips = late_office(central, store, people=10, late=9)
    run(central, rules)
    assert waiting_on_monday(central, nips) == 9
    store("corrections", *({"nip": nip, "date": MONDAY, "time": time(7, 0)} for nip in nips[:2]))
    assert refresh(central, rules).people == 10
    after = drafts(central)
    assert waiting_on_monday(central, nips) == 0
    run(central, rules)
    assert drafts(central) == after


def test_a_mass_anomaly_that_one_more_makes_holds_all(central: Engine, store: Store, rules: RuleBook) -> None:
    """Seven of ten came late at one terminal: none. An eighth does who was on leave until the leave is taken back."""
    rules = with_anomalies(rules, MassAnomaly(share_ppm=800_000, least_people=8))
    nips = late_office(central, store, people=10, late=8)
    store("absences", {"nip": nips[0], "first_day": MONDAY, "last_day": MONDAY})
    run(central, rules)
    assert waiting_on_monday(central, nips) == 0
    store("absences", {"nip": nips[0], "first_day": MONDAY, "last_day": MONDAY, "status": "rejected"})
    assert refresh(central, rules).people == 10
    after = drafts(central)
    assert waiting_on_monday(central, nips) == 8
    run(central, rules)
    assert drafts(central) == after


def test_far_from_a_mass_anomaly_one_person_is_scored_alone_until_many_were(
    central: Engine, store: Store, rules: RuleBook
) -> None:
    """Twelve of thirty are late, 24 would be too many: each correction may move that by one, up to the sixth."""
    rules = with_anomalies(rules, MassAnomaly(share_ppm=800_000, least_people=8))
    nips = late_office(central, store, people=30, late=12)
    run(central, rules)
    scored = []
    for nip in nips[:8]:
        store("corrections", {"nip": nip, "date": MONDAY, "time": time(7, 0)})
        scored.append(refresh(central, rules).people)
    assert scored == [1, 1, 1, 1, 1, 1, 30, 1]
    after = drafts(central)
    run(central, rules)
    assert drafts(central) == after


def test_what_changes_in_one_month_touches_the_later_months_of_its_year(
    central: Engine, county: Store, rules: RuleBook
) -> None:
    later = {"profile": "tpp-model", "now": NOW}
    run(central, rules)
    score.run(central, rules, date(2026, 10, 1), **later)  # type: ignore[arg-type]
    results.clear_stale(central, results.seen_stale(central, date(2026, 10, 1)))
    county("corrections", {"nip": ONE, "date": MONDAY, "time": time(7, 0)})
    assert list(score.months_due(central, datetime(2027, 3, 1, tzinfo=UTC)))[:1] == [SEPTEMBER]
    refresh(central, rules)
    assert results.seen_stale(central, date(2026, 10, 1)).of_people() == {ONE: {date(2026, 10, 1)}}
    assert results.stale_months(central) == [date(2026, 10, 1)]


def test_an_office_larger_than_any_has_room_in_its_counts(central: Engine, store: Store) -> None:
    """A product of people and ppm does not fit in 32 bits."""
    row = {"unit": "U", "date": MONDAY, "scan": "arrive", "terminal": "lobby", "share_ppm": 800_000, "least_people": 10}
    counted = pl.DataFrame([row | {"expected": 5_000_000, "affected": 3_000_000}], schema=SHARED)
    with transaction(central) as conn:
        anomaly_margin.save(conn, "2026-09", "U", counted)
        assert not anomaly_margin.crowded(conn, "2026-09", {"U": 1}, least_people=10)
    with transaction(central) as conn:
        anomaly_margin.note_scored(conn, "2026-09", {"U"}, 600_000)
        assert anomaly_margin.crowded(conn, "2026-09", {"U": 1}, least_people=10) == {"U"}
