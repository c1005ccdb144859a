"""`import outages`: what a file may say, and what of it reaches the scorer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, select

from ekinerja_agent.central.access.accounts import Account, actor
from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.facts import month_facts
from ekinerja_agent.central.imported.batches import store_batch
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables.recorded import stale_days
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.errors import ProblemsFound
from ekinerja_agent.nouns.terminal import TerminalFact
from ekinerja_agent.usecases.importing.imports import Imported, ImportFile, import_facts, revoke_batch

NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)
SEPTEMBER = date(2026, 9, 1)
HEADER = "terminal,from,to,reason,document,requested_by,requested_at,status,decided_by,decided_at\n"


@pytest.fixture
def officer(central: Engine) -> Account:
    return actor(central, "siti", NOW).account


def bring(central: Engine, officer: Account, *rows: str) -> Imported:
    file = ImportFile("outages.csv", (HEADER + "\n".join(rows) + "\n").encode())
    return import_facts(central, officer, "outages", file, now=NOW, profile="tpp-model")


def scored(central: Engine) -> list[tuple[object, ...]]:
    outages = month_facts(central, SEPTEMBER, profile="tpp-model", now=NOW).outages
    return outages.select("terminal", "start", "end", "status").rows()


def tell_of(central: Engine, terminal: str, zone: str) -> None:
    deliver(central, Delivery(notes=(TerminalFact(terminal, "DINKES", zone, True, NOW),)), NOW)


def test_an_outage_reaches_the_scorer_in_the_zone_of_its_terminal(central: Engine, officer: Account) -> None:
    tell_of(central, "lobby", "Asia/Makassar")
    done = bring(central, officer, "lobby,2026-09-07 07:00,2026-09-07 09:30:15,mati listrik,800/1,,,,,")
    assert (done.stored, done.rejected) == (1, ())
    start, end = datetime(2026, 9, 6, 23, tzinfo=UTC), datetime(2026, 9, 7, 1, 30, 15, tzinfo=UTC)
    assert scored(central) == [("lobby", start, end, "approved")]
    with reading(central) as conn:
        marked = set(conn.scalars(select(stale_days.c.day).where(stale_days.c.terminal == "lobby")))
    assert marked >= {date(2026, 9, 6), date(2026, 9, 7)}


def test_an_outage_that_is_taken_back_excuses_nobody(central: Engine, officer: Account) -> None:
    tell_of(central, "lobby", "Asia/Makassar")
    done = bring(central, officer, "lobby,2026-09-07 07:00,2026-09-07 09:30,mati listrik,,,,,,")
    revoke_batch(central, officer, done.batch or 0, "wrong day", now=NOW)
    assert scored(central) == []


def test_an_outage_of_a_terminal_that_only_files_know_is_in_the_zone_of_its_people(
    central: Engine, officer: Account
) -> None:
    for kind, row in (
        ("units", {"code": "DINKES", "name": "Dinas", "timezone": "Asia/Jayapura"}),
        (
            "employees",
            {
                "nip": "199001012015011001",
                "name": "Ani",
                "unit": "DINKES",
                "status": "pns",
                "attendance": "terminal",
            },
        ),
        ("enrolments", {"terminal": "usb", "pin": "7", "nip": "199001012015011001"}),
    ):
        with transaction(central) as conn:
            store_batch(conn, officer.id, kind, "f.csv", "sha256:0", [{**row, "row": 2}], 0, NOW)
    bring(central, officer, "usb,2026-09-07 07:00,2026-09-07 09:00,rusak,,,,,,")
    assert [row[1] for row in scored(central)] == [datetime(2026, 9, 6, 22, tzinfo=UTC)]


def test_outages_of_other_months_stay_away(central: Engine, officer: Account) -> None:
    tell_of(central, "lobby", "Asia/Makassar")
    bring(central, officer, "lobby,2026-07-07 07:00,2026-07-07 09:30,mati listrik,,,,,,")
    assert scored(central) == []


def test_all_that_is_wrong_is_told_at_once(central: Engine, officer: Account) -> None:
    with pytest.raises(ProblemsFound) as caught:
        bring(
            central,
            officer,
            "lobby,2026-09-07 07:00,2026-09-07 07:00,x,,,,,,",
            "*,2026-09-07,2026-09-07 24:00,,,,,,,",
        )
    assert {(problem.line, problem.key) for problem in caught.value.problems} == {
        (2, "to"),
        (3, "terminal"),
        (3, "from"),
        (3, "to"),
        (3, "reason"),
    }


def test_who_is_no_feed_reports_and_somebody_else_decides(central: Engine, officer: Account) -> None:
    tell_of(central, "lobby", "Asia/Makassar")
    clerk = replace(officer, feeds=frozenset())
    row = "lobby,2026-09-07 07:00,2026-09-07 09:30,mati listrik,,,,approved,,"
    bring(central, clerk, row)
    assert [status for *_, status in scored(central)] == ["pending"]
    bring(central, officer, row)
    bring(central, clerk, row)
    assert [status for *_, status in scored(central)] == ["approved"]


def test_an_outage_of_a_terminal_that_nobody_knows_is_stored_with_a_warning(central: Engine, officer: Account) -> None:
    tell_of(central, "lobby", "Asia/Makassar")
    rows = (
        "loby,2026-09-07 07:00,2026-09-07 09:30,mati listrik,,,,,,",
        "lobby,2026-09-07 07:00,2026-09-07 08:00,x,,,,,,",
    )
    done = bring(central, officer, *rows)
    assert done.stored == 2
    (warned,) = done.warnings
    assert (warned.line, warned.key) == (2, "terminal")
    assert "'loby' is known from no collector and no enrolment" in warned.message
