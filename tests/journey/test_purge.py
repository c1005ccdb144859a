"""Retention: what may go goes with a receipt, what a month still needs stays, and nobody is scored by what is gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, text

from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.store.engine import connect, transaction
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.punch import Punch, Source
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.usecases.month import score
from tests.journey.conftest import Installation

OLD = "2024-03"
NEWER = f"{utc_now() - timedelta(days=60):%Y-%m-%d}"
RECEIVED = datetime(2024, 5, 20, tzinfo=UTC)
NOW = datetime(2026, 11, 25, tzinfo=UTC)
NIPS = ("199001012015011002", "199001012015011003")


def punch(pin: str, clock: str) -> Punch:
    shown = datetime.fromisoformat(clock)
    return Punch(
        terminal="lobby",
        pin=pin,
        clock=shown,
        occurrence=1,
        at=shown.replace(tzinfo=ZoneInfo("Asia/Jakarta")),
        offset_s=0,
        verify=1,
        state=0,
        work_code=0,
        source=Source.POLL,
        raw=b"raw",
        corrected=False,
    )


def setting(installation: Installation, months: int | None) -> None:
    """Keep so many months of punches."""
    path: Path = installation.directory / "agent.yaml"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"retention": {"punches_months": months}}))


def clocks(installation: Installation) -> list[str]:
    engine = create_engine(installation.url)
    with engine.connect() as conn:
        found = conn.execute(text("select cast(clock as varchar(19)) from punches order by clock")).scalars().all()
    engine.dispose()
    return [str(one)[:10] for one in found]


def purge(installation: Installation, *options: str) -> dict[str, Any]:
    outcome = installation.run("db", "purge", "--format", "json", *options)
    assert outcome.code == 0, outcome
    assert "stay" not in outcome.err, outcome
    found = json.loads(outcome.out)
    assert len(found) == 1
    return dict(found[0])


@pytest.fixture
def office(installation: Installation) -> Installation:
    """One month of 2024 closed and paid, two people, one of them late; and punches of older and newer months."""
    installation.load("units", [{"code": "BKD", "name": "BKD", "timezone": "Asia/Jakarta"}])
    installation.load(
        "employees",
        [{"nip": nip, "name": "Ani", "unit": "BKD", "allowance_rp": 4_000_000} for nip in NIPS],
    )
    installation.load("enrolments", [{"terminal": "lobby", "pin": str(n), "nip": nip} for n, nip in enumerate(NIPS)])
    days = ["2019-05-06", *(f"{OLD}-{day:02}" for day in range(1, 32)), NEWER]
    engine = connect(installation.url)
    wanted = [
        punch(pin, f"{day} {clock}")
        for pin in ("0", "1")
        for day in days
        for clock in (("08:45:00" if (pin, day) == ("0", f"{OLD}-05") else "07:10:00"), "16:40:00")
    ]
    early = tuple(one for one in wanted if one.clock.year == 2019)
    deliver(engine, Delivery(early, ()), datetime(2019, 5, 7, tzinfo=UTC))
    deliver(engine, Delivery(tuple(wanted), (Coverage("lobby", None, RECEIVED),)), RECEIVED)
    engine.dispose()
    setting(installation, 24)
    return installation


def close(office: Installation, *, pay: bool = True) -> None:
    office.ok("score", "run", "--month", OLD)
    office.ok("period", "close", OLD, "--accept-pending", "arsip", "--yes")
    if pay:
        office.pay(OLD, "SP2D 1")


def test_without_a_setting_nothing_goes(office: Installation) -> None:
    setting(office, None)
    before = clocks(office)
    assert office.ok("db", "purge", "--yes").startswith("Nothing is purged")
    assert clocks(office) == before


def test_an_unpaid_month_keeps_what_it_needs(office: Installation) -> None:
    close(office, pay=False)
    shown = office.run("db", "purge", "--yes", "--format", "json")
    assert f"Punches from 2024-02-01 on stay: {OLD} is not paid in every office" in shown.err
    assert json.loads(shown.out)[0]["rows"] == 4, "2019 is needed by nobody"
    assert min(clocks(office)) == f"{OLD}-01"


def test_what_goes_is_listed_first_and_has_a_receipt_that_the_audit_log_holds(office: Installation) -> None:
    close(office)
    before = clocks(office)
    listed = purge(office)
    assert clocks(office) == before, "without --yes nothing goes"
    assert (listed["rows"], listed["first_clock"][:10], listed["last_clock"][:10]) == (128, "2019-05-06", f"{OLD}-31")
    done = purge(office, "--yes")
    assert done == listed
    assert clocks(office) == [NEWER] * 4
    receipt = json.loads(office.ok("audit", "list", "--format", "json"))[-1]
    assert receipt["action"] == "db.purge"
    assert (receipt["details"]["rows"], receipt["details"]["digest"]) == (128, listed["digest"])
    office.ok("audit", "verify")
    office.ok("db", "check")
    assert purge(office, "--yes")["rows"] == 0


def test_the_guard_stands_again_afterwards(office: Installation) -> None:
    close(office)
    purge(office, "--yes")
    engine = connect(office.url)
    for statement in ("delete from punches", "update punches set pin = '9'"):
        with pytest.raises(Refused, match="punches refuses"), transaction(engine) as conn:
            conn.exec_driver_sql(statement)
    engine.dispose()
    assert clocks(office) == [NEWER] * 4


def test_nobody_is_absent_because_the_punches_are_gone(office: Installation) -> None:
    close(office)
    paid = json.loads(office.ok("score", "show", "--month", OLD, "--format", "json"))
    purge(office, "--yes")
    engine = connect(office.url)
    rules = load_rulebook(office.directory / "rules")
    again = list(score.replay(engine, rules, date(2024, 3, 1), profile="tpp-model", now=NOW))
    engine.dispose()
    assert json.loads(office.ok("score", "show", "--month", OLD, "--format", "json")) == paid
    assert [one.status for one in again] == ["pending"] * 2
    assert [one.discipline.findings for one in again] == [()] * 2


def test_a_waiting_correction_keeps_its_month(office: Installation) -> None:
    close(office)
    office.ok("correction", "add", NIPS[0], f"{OLD}-05", "arrive", "--time", "07:15", "--document", "SK 9")
    shown = office.run("db", "purge", "--yes", "--format", "json")
    assert f"a correction of {OLD}-05 waits for a decision" in shown.err
    assert min(clocks(office)) == f"{OLD}-01"


def test_a_clock_that_was_reset_yesterday_keeps_its_punch(office: Installation) -> None:
    close(office)
    engine = connect(office.url)
    deliver(engine, Delivery((punch("0", "2000-01-01 07:00:00"),), ()), utc_now())
    engine.dispose()
    assert purge(office, "--yes")["rows"] == 128
    assert clocks(office) == ["2000-01-01", *[NEWER] * 4]


def test_a_clock_that_was_years_off_keeps_its_punch(office: Installation) -> None:
    close(office)
    engine = connect(office.url)
    with transaction(engine) as conn:
        conn.exec_driver_sql(
            "insert into punches (punch_id, batch, terminal, pin, clock, occurrence, at, offset_s, verify, state, "
            "work_code, source, raw, corrected, received_at) values ('gate/7/2018-01-01T07:00:00/1', 0, 'gate', '7', "
            "'2018-01-01 07:00:00', 1, '2026-09-01 00:00:00', -9, 1, 0, 0, 'poll', '', true, '2026-09-01 00:00:00')"
        )
    engine.dispose()
    purge(office, "--yes")
    assert "2018-01-01" in clocks(office)


def test_a_paid_month_without_punches_moves_no_money(office: Installation, become: Callable[[str], None]) -> None:
    close(office)
    purge(office, "--yes")
    shown = office.ok("correction", "add", NIPS[0], f"{OLD}-05", "arrive", "--time", "07:15", "--document", "SK 9")
    office.ok("account", "add", "sari", "--role", "operator", "--os-user", "sari")
    sign = ("period", "close", "2024-05", "--accept-pending", "arsip", "--yes")
    assert office.run(*sign).code == 7, "another person signs too"
    become("sari")
    office.ok("correction", "approve", shown.split()[0].removeprefix("correction/"), "--yes")
    closed = office.run(*sign)
    assert closed.code == 0, closed
    assert f"{NIPS[0]} has another score for {OLD}, whose punches are gone by retention" in closed.out + closed.err
    engine = create_engine(office.url)
    with engine.connect() as conn:
        assert conn.execute(text("select count(*) from adjustments")).scalar() == 0
    engine.dispose()


@pytest.mark.parametrize("months", [0, 23, 1201])
def test_a_retention_that_would_reach_into_work_is_no_setting(office: Installation, months: int) -> None:
    setting(office, months)
    outcome = office.run("db", "purge")
    assert outcome.code == 3
    assert "retention.punches_months" in outcome.err
