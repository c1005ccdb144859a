"""What is read of a few people and days says of them what everybody's facts would say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert

from ekinerja_agent.central.access.accounts import actor
from ekinerja_agent.central.imported.import_lookups import StoredFacts
from ekinerja_agent.central.imported.superiors_of import facts_of
from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.central.store.tables import imported
from ekinerja_agent.county.posts import Posts
from ekinerja_agent.county.superiors import Superiors
from ekinerja_agent.nouns.errors import NoRule
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import RuleBook, Timeline
from ekinerja_agent.usecases.importing.reading.activity_rules import ActivityRules
from tests.imports.test_at_once import NOW
from tests.proof import databases

RULES = Path(__file__).parents[2] / "config" / "rules"
PROFILE = "banjarmasin"
PEOPLE, UNITS = "abcdef", ("KAB", "DINKES", "RSUD")
FIRST = date(2026, 9, 1)
EXAMPLES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)


@pytest.fixture(scope="module")
def book() -> RuleBook:
    """The shipped rules, where banjarmasin takes no activity outside the duty hours or on a day of leave."""
    shipped = load_rulebook(RULES)
    own = shipped.profiles[PROFILE]
    (dated,) = own.activities.entries
    strict = replace(dated, value=replace(dated.value, inside_duty=True, not_on_leave=True))
    changed = replace(own, activities=Timeline(own.activities.name, (strict,)))
    return replace(shipped, profiles={**shipped.profiles, PROFILE: changed})


@pytest.fixture
def empty(sqlite_template: str, tmp_path: Path) -> Iterator[Engine]:
    """A SQLite file with two batches: nothing of an example stays in it."""
    with databases.copy_of(sqlite_template, tmp_path) as url:
        engine = connect(url)
        account = actor(engine, "siti", NOW).account
        row = {"kind": "x", "file_name": "f", "digest": "d", "rows": 0, "rejected": 0, "imported_at": NOW}
        with engine.execution_options(writes=True).begin() as conn:
            conn.execute(insert(imported.import_batches), [row | {"account_id": account.id} for _ in range(2)])
            taken_back = {"batch": 2, "account_id": account.id, "revoked_at": NOW, "reason": "r"}
            conn.execute(insert(imported.import_revocations), [taken_back])
        yield engine
        engine.dispose()


def day_of(number: int) -> date:
    return FIRST + timedelta(days=number)


DAYS = st.integers(0, 5).map(day_of)
OPEN = st.one_of(st.none(), DAYS)
ORIGIN = st.fixed_dictionaries({"batch": st.sampled_from([1, 1, 1, 2]), "row": st.just(1)})
SPANS = st.tuples(OPEN, OPEN).filter(lambda span: None in span or span[0] <= span[1])


def rows_of(**columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows with these columns; `span` gives both days."""
    span = columns.pop("span", None)
    row = st.builds(lambda origin, own: origin | own, ORIGIN, st.fixed_dictionaries(columns))
    if span is not None:
        row = st.builds(lambda own, span: own | {"valid_from": span[0], "valid_to": span[1]}, row, span)
    return st.lists(row, max_size=8)


PERSON = st.sampled_from(PEOPLE)
COUNTY = st.fixed_dictionaries(
    {
        "employees": rows_of(
            nip=PERSON,
            name=st.just("x"),
            unit=st.sampled_from(UNITS),
            status=st.just("pns"),
            attendance=st.just("terminal"),
            supervisor_nip=st.one_of(st.none(), PERSON),
            schedule=st.sampled_from([None, "three-shifts"]),
            span=SPANS,
        ),
        "units": rows_of(
            code=st.sampled_from(UNITS),
            name=st.just("x"),
            timezone=st.just("Asia/Makassar"),
            parent=st.one_of(st.none(), st.sampled_from(UNITS)),
            head_nip=st.one_of(st.none(), PERSON),
            schedule=st.sampled_from([None, "three-shifts"]),
            profile=st.sampled_from([None, PROFILE]),
            span=SPANS,
        ),
        "assignments": rows_of(
            nip=PERSON,
            unit=st.sampled_from(UNITS),
            kind=st.sampled_from(["plt", "plh"]),
            document=st.just("SPT"),
            span=st.tuples(DAYS, OPEN).filter(lambda span: span[1] is None or span[0] <= span[1]),
        ),
    }
)
NURSES = PEOPLE[:3]
SHIFTS = st.lists(st.sampled_from(["OFF", "malam", "pagi", "OFF", "x", None]), min_size=6, max_size=6)


def spell(nip: str, schedule: str | None) -> dict[str, Any]:
    person = {"nip": nip, "name": "x", "unit": "RSUD", "status": "pns", "attendance": "terminal"}
    return {"batch": 1, "row": 1, "schedule": schedule, **person}


def rosters(of: list[list[str | None]]) -> list[dict[str, Any]]:
    return [
        {"batch": 1, "row": 1, "nip": nip, "date": day_of(number), "shifts": shift}
        for nip, shifts in zip(NURSES, of, strict=True)
        for number, shift in enumerate(shifts)
        if shift is not None
    ]


HOSPITAL = st.fixed_dictionaries(
    {
        "units": st.just(
            [{"batch": 1, "row": 1, "code": "RSUD", "name": "x", "timezone": "Asia/Makassar", "profile": PROFILE}]
        ),
        "employees": st.tuples(
            *(st.builds(spell, st.just(nip), st.sampled_from(["three-shifts", None])) for nip in NURSES)
        ),
        "rosters": st.builds(rosters, st.lists(SHIFTS, min_size=3, max_size=3)),
        "absences": rows_of(
            nip=st.sampled_from(NURSES),
            first_day=DAYS,
            last_day=DAYS,
            kind=st.sampled_from(["cuti_tahunan", "dinas_luar"]),
            status=st.sampled_from(["approved", "pending"]),
        ),
        "calendar": rows_of(
            date=DAYS,
            unit=st.sampled_from(["*", "RSUD", "KAB"]),
            kind=st.sampled_from(["libur_daerah", "kerja"]),
            name=st.just("x"),
            source=st.just("s"),
        ),
    }
)
WORKS = st.lists(st.tuples(st.sampled_from(NURSES), DAYS, st.sampled_from([6, 1, 9, 22])), min_size=1, max_size=4)


def asked(engine: Engine, county: dict[str, list[dict[str, Any]]], ask: Callable[[Connection], None]) -> None:
    with engine.execution_options(writes=True).connect() as conn, conn.begin() as filled:
        for kind, rows in county.items():
            if rows:
                conn.execute(insert(imported.metadata.tables[kind]), rows)
        ask(conn)
        filled.rollback()


@EXAMPLES
@given(COUNTY, st.lists(PERSON, min_size=1, max_size=2), DAYS)
def test_the_superiors_are_those_of_the_whole_county(
    empty: Engine, county: dict[str, list[dict[str, Any]]], nips: list[str], day: date
) -> None:
    def ask(conn: Connection) -> None:
        near, everybody = facts_of(conn, nips), StoredFacts(conn).rows
        few, all_ = (Superiors(rows, Posts(rows, "tpp-model")) for rows in (near, everybody))
        for nip in nips:
            assert few.chain(nip, day) == all_.chain(nip, day)

    asked(empty, county, ask)


@EXAMPLES
@given(HOSPITAL, WORKS)
def test_an_activity_is_judged_as_by_the_facts_of_the_whole_county(
    empty: Engine, book: RuleBook, county: dict[str, list[dict[str, Any]]], works: list[tuple[str, date, int]]
) -> None:
    def broken(rules: ActivityRules, row: dict[str, Any]) -> object:
        try:
            return rules.broken(row), rules.pending(row)
        except NoRule as error:
            return str(error)

    def ask(conn: Connection) -> None:
        stored = StoredFacts(conn)
        days = [day for _, day, _ in works]
        few = ActivityRules(stored.about({nip for nip, _, _ in works}, min(days), max(days)), book, PROFILE)
        whole = ActivityRules(stored.rows, book, PROFILE)
        for nip, day, hour in works:
            row = {"nip": nip, "date": day, "start": time(hour), "end": time(hour + 1), "entered_at": None}
            assert broken(few, row) == broken(whole, row)

    asked(empty, county, ask)
