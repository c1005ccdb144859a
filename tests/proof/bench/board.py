"""What a page costs in a county of 10,000 people with a year of results, beside a county of 100 in the same run.

Rows are written straight into central; the pages are asked as a browser would, each several times.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, insert, select
from starlette.testclient import TestClient

from ekinerja_agent.central.access import accounts, audit, logins
from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect, transaction
from ekinerja_agent.central.store.tables import imported, recorded, scored
from ekinerja_agent.central.store.tables.periods import period_events
from ekinerja_agent.config import shipped_rules
from ekinerja_agent.nouns.punch import punch_name
from ekinerja_agent.reports.kinds.sakip import ASPECTS
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.secrets.passwords import hashed
from ekinerja_agent.web.app import create_app
from ekinerja_agent.web.request_context import Site
from tests.proof.bench.findings import Finding, timed

SMALL, LARGE = 100, 10_000
PEOPLE_PER_UNIT = 250
MOST_TIMES = 5
MOST_BYTES = 300_000
TRIES = 5
NOW = datetime(2025, 12, 31, 4, tzinfo=UTC)
TODAY = "2025-12-31"
PAGES = {
    "op": (
        *(
            "/",
            "/unit/U0/2025-12-07",
            f"/unit/U0/{TODAY}",
            "/unit/U0/2025-12",
            "/person/N000000/2025-12",
            "/objections",
        ),
        *("/evaluation?unit=U0", "/workload", "/workload?unit=U0", "/sakip", "/sakip?unit=U0"),
        *("/public", "/public/workload", "/public/sakip"),
    ),
    "head": (
        *("/", "/me", "/unit/U0/2025-12-07", "/activities", "/activities/waiting", "/objections"),
        *("/evaluation", "/workload", "/sakip"),
    ),
}
"""Those of `/public` are made once an hour; what that costs is told apart."""
PUBLIC = ("/public", "/public/workload", "/public/sakip")
_FIRST = "for one login"
_OWN = "kuda laut hijau"
_AT_ONCE = 500
_AHEAD_OF_UTC = timedelta(hours=8)
_SCORE: dict[str, Any] = {
    "revision": 0,
    "unit_name": "Dinas",
    "profile": "tpp-model",
    "rules_digest": "sha256:0",
    "employment_status": "pns",
    "status": "draft",
    "multiplier_ppm": 1_000_000,
    "computed_at": NOW,
    **dict.fromkeys(
        "working_days days_present days_excused approved_minutes credited_minutes target_minutes".split(), 1
    ),
    **dict.fromkeys("discipline_score_ppm performance_score_ppm".split(), 900_000),
    **dict.fromkeys("discipline_deduction_ppm performance_deduction_ppm".split(), 100_000),
    **dict.fromkeys("base_rp discipline_rp performance_rp payable_rp".split(), 1_000_000),
    **dict.fromkeys("whole_deduction_rp leave_deduction_rp sanction_rp hold_rp".split(), 0),
    **dict.fromkeys("unexcused_days bank_minutes_year converted_days days_this_year longest_run".split(), 0),
}


def measure(folder: Path) -> Iterator[Finding]:
    """Given a folder, yield for each page how many times the cost of the small county's it has, and its size."""
    counties = [county(f"sqlite:///{folder / f'{people}.db'}", people) for people in (SMALL, LARGE)]
    for who, paths in PAGES.items():
        for path in paths:
            # What is read at most once a minute is read for each opening of today's page.
            minutes = count() if path.endswith(TODAY) else None
            small, large = (_enter(engine, who, minutes) for engine in counties)
            if path in PUBLIC:
                yield _making(path, small, large)
            before, after = (_cost_s(browser, path) for browser in (small, large))
            size = len(large.get(path).content)
            yield Finding(
                f"{path} by {who}, {size // 1000} kB",
                f"{1000 * after:.0f} ms of {LARGE:,} people",
                f"{1000 * before:.0f} ms of {SMALL}",
                f"{after / before:.1f} times",
                f"at most {MOST_TIMES} times, {MOST_BYTES // 1000} kB",
                after <= MOST_TIMES * before and size <= MOST_BYTES,
            )


def _making(path: str, small: TestClient, large: TestClient) -> Finding:
    """What the first look of an hour costs, at a county of 100 and at one of 10,000."""
    before, after = (timed(lambda: small.get(path))[0], timed(lambda: large.get(path))[0])
    return Finding(
        f"{path}, first look of an hour",
        f"{1000 * after:.0f} ms of {LARGE:,} people",
        f"{1000 * before:.0f} ms of {SMALL}",
        f"{after / before:.1f} times",
    )


def _cost_s(browser: TestClient, path: str) -> float:
    costs = []
    for _ in range(TRIES + 1):
        began = time.perf_counter()
        answer = browser.get(path)
        costs.append(time.perf_counter() - began)
        answer.raise_for_status()
    return min(costs)


def _enter(engine: Engine, who: str, minutes: Iterator[int] | None = None) -> TestClient:
    rules = load_rulebook(shipped_rules())
    site = Site(
        lambda: engine,
        lambda: None,
        lambda: NOW + timedelta(minutes=next(minutes) if minutes else 0),
        secure=lambda: False,
        proxies=tuple,
        rules=lambda: rules,
        profile=lambda: "tpp-model",
    )
    browser = TestClient(create_app(lambda: None, site=site), base_url="http://board.test", follow_redirects=False)
    browser.post("/login", data={"name": who, "password": _OWN})
    return browser


def county(url: str, people: int, months: Iterable[int] = range(1, 13), *, doings: bool = True) -> Engine:
    """Given an empty database, fill it with people of whom these months of 2025 are scored; return it connected.

    `doings` False leaves out what people do from day to day: activities, punches, objections.
    """
    engine = connect(url)
    require_current(engine)
    operator = accounts.actor(engine, "root", NOW).account
    for name, roles in (("op", ("operator",)), ("head", ("head", "employee"))):
        accounts.add(engine, name, roles=roles, by=operator, now=NOW, nip=nip(0) if name == "head" else None)
        logins.set_password(engine, name, hashed(_OWN), must_change=False, by=operator, now=NOW)
    with transaction(engine) as conn:
        _facts(conn, people, operator.id)
        for month in months:
            _results(conn, people, month, operator.id)
        if doings:
            _doings(conn, people, operator.id)
    return engine


def _facts(conn: Connection, people: int, account: int) -> None:
    batch = {"kind": "units", "file_name": "f", "digest": "d", "rows": 1, "rejected": 0, "account_id": account}
    conn.execute(insert(imported.import_batches).values(**batch, imported_at=NOW))
    origin = {"batch": 1, "row": 1}
    units = range(_units(people))
    zone = {"timezone": "Asia/Makassar"}
    _insert(
        conn,
        imported.units,
        (origin | zone | {"code": f"U{unit}", "name": f"Dinas {unit}", "head_nip": nip(unit)} for unit in units),
    )
    spell = origin | {"status": "pns", "attendance": "terminal"}
    everybody = range(people)
    _insert(
        conn,
        imported.employees,
        (
            spell
            | {"nip": nip(one), "name": f"Nama {one}", "unit": _unit(one, people), "position": f"Jabatan {one % 10}"}
            for one in everybody
        ),
    )
    _insert(conn, imported.enrolments, (origin | _entry(one, people) | {"nip": nip(one)} for one in everybody))
    _measures(conn, units)


def _measures(conn: Connection, units: range) -> None:
    """Of each unit three plans with a report a month, ten jobs with five tasks, and the aspects of two years."""
    origin = {"batch": 1, "row": 1}
    plans = [(unit, f"P{unit}-{number}") for unit in units for number in range(3)]
    due = {"due_date": date(2025, 12, 15), "target_output": "1 laporan", "budget_rp": 100_000_000}
    _insert(
        conn, imported.plans, (origin | due | {"code": plan, "unit": f"U{unit}", "name": plan} for unit, plan in plans)
    )
    report = origin | {"status": "approved", "planned_ppm": 500_000, "physical_ppm": 480_000, "realised_rp": 45_000_000}
    _insert(
        conn,
        imported.plan_progress,
        (report | {"plan": plan, "month": f"2025-{month:02}"} for _, plan in plans for month in range(1, 13)),
    )
    jobs = [origin | {"unit": f"U{unit}", "job": f"Jabatan {number}"} for unit in units for number in range(10)]
    load = {"volume_e2": 12_000, "per": "month", "standard_e2": 6_000}
    _insert(conn, imported.workload_tasks, (job | load | {"task": f"Tugas {n}"} for job in jobs for n in range(5)))
    _insert(conn, imported.staff, (job | {"people": 25} for job in jobs))
    _insert(
        conn,
        imported.sakip,
        (
            origin | {"unit": f"U{unit}", "year": str(year), "aspect": aspect, "score_e2": 7_800}
            for unit in units
            for year in (2024, 2025)
            for aspect in ASPECTS
        ),
    )


def _results(conn: Connection, people: int, month: int, account: int) -> None:
    """Those of all months but the last are published."""
    published = month < 12
    key: dict[str, Any] = {"period": f"2025-{month:02}", "revision": int(published)}
    if published:
        key |= {"status": "published", "published_at": NOW}
        closed = {"period": key["period"], "event": "closed", "revision": 1, "rules_digest": "r", "account_id": account}
        so_far = {"at": NOW, "audit_rows": conn.scalar(select(audit.count_so_far()))}
        _insert(conn, period_events, (closed | so_far | {"unit": f"U{unit}"} for unit in range(_units(people))))
    days = [day for number in range(1, 29) if (day := date(2025, month, number)).weekday() < 5]
    persons = [{"nip": nip(one), "unit": _unit(one, people)} for one in range(people)]
    scores = [
        _SCORE | key | person | {"name": person["nip"]} | ({"closed_with": person["unit"]} if published else {})
        for person in persons
    ]
    _insert(conn, scored.results, scores)  # first: no part is published without it
    key = {"period": key["period"], "revision": key["revision"]}
    duty = key | {
        "schedule": "national",
        "timezone": "Asia/Makassar",
        "state": "present",
        "required_minutes": 450,
        "arrive_at": NOW,
        "leave_at": NOW,
    }
    numbered = list(enumerate(days))
    _insert(
        conn,
        scored.result_days,
        (duty | person | {"position": position, "date": day} for person in persons for position, day in numbered),
    )
    finding = key | {"code": "TL1", "scan": "arrive", "minutes": 5, "deduction_ppm": 5_000, "base": "discipline"}
    finding |= {"deduction_rp": 1, "rule": "r", "source": "s", "place": "p", "punch_ids": ""}
    _insert(
        conn,
        scored.result_findings,
        (
            finding | {"nip": person["nip"], "position": position, "date": day}
            for person in persons
            for position, day in numbered[:3]
        ),
    )


def _doings(conn: Connection, people: int, account: int) -> None:
    """Sixty days of an activity each, of which two wait, eight days of four punches, terminals that are read every five
    minutes, and objections of sixty people, more than stand on a page.
    """
    work = {"batch": 1, "row": 1, "description": "Rapat", "approved_minutes": 60}
    work |= {"start": datetime(2025, 1, 1, 8).time(), "end": datetime(2025, 1, 1, 9).time()}
    _insert(
        conn,
        imported.activities,
        (
            work
            | {"activity_id": f"{one}-{ago}", "nip": nip(one), "date": NOW.date() - timedelta(days=ago)}
            | {"status": "pending" if ago < 2 else "approved"}
            for one in range(people)
            for ago in range(60)
        ),
    )
    disputed = {
        "period": "2025-12",
        "date": date(2025, 12, 1),
        "code": "TL1",
        "scan": "arrive",
        "reason": "Mesin rusak",
    }
    disputing = range(60)
    _insert(
        conn,
        scored.objections,
        (disputed | {"nip": nip(one), "account_id": account, "entered_at": NOW} for one in disputing),
    )
    read = {"kind": "proven", "batch": 0}
    starts = [NOW + timedelta(minutes=5 * number) for number in range(-300, 12)]
    _insert(
        conn,
        recorded.coverage,
        (
            read | {"terminal": terminal, "start": start, "end": start + timedelta(minutes=5)}
            for terminal in sorted({_entry(one, people)["terminal"] for one in range(people)})
            for start in starts
        ),
    )
    punch: dict[str, Any] = {"batch": 0, "occurrence": 1, "offset_s": 0, "verify": 1, "state": 0, "work_code": 0}
    punch |= {"source": "poll", "raw": b"", "corrected": False, "received_at": NOW}
    midnight = datetime(2025, 12, 31)
    _insert(
        conn,
        recorded.punches,
        (
            punch
            | entry
            | {"punch_id": punch_name(entry["terminal"], entry["pin"], clock.isoformat(), 1)}
            | {"clock": clock, "at": clock.replace(tzinfo=UTC) - _AHEAD_OF_UTC}
            for one in range(people)
            for entry in (_entry(one, people),)
            for ago in range(8)
            for scan in range(4)
            for clock in (midnight + timedelta(days=-ago, hours=7 + 3 * scan, seconds=one % 3600),)
        ),
    )


def _insert(conn: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    part: list[dict[str, Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == _AT_ONCE * 20:
            conn.execute(insert(table), part)
            part = []
    if part:
        conn.execute(insert(table), part)


def nip(number: int) -> str:
    """Given the number of a person, return the NIP."""
    return f"N{number:06}"


def _unit(number: int, people: int) -> str:
    return f"U{number % _units(people)}"


def _units(people: int) -> int:
    return max(1, people // PEOPLE_PER_UNIT)


def _entry(number: int, people: int) -> dict[str, str]:
    """The terminal of the person's unit, which numbers its PINs from 1."""
    place, unit = divmod(number, _units(people))
    return {"terminal": f"t{unit}", "pin": str(place + 1)}
