"""Another application fills a table, the service takes what is there, and answers each row."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import insert, select

from ekinerja_agent.central.store.engine import connect, transaction
from ekinerja_agent.central.store.tables.feed import feed_activities, feed_answers
from ekinerja_agent.central.store.tables.imported import activity_steps
from ekinerja_agent.nouns.errors import Refused
from tests.journey.conftest import Installation, nip

ANI, BUDI = nip(1), nip(2)


@pytest.fixture
def office(installation: Installation) -> Installation:
    installation.ok("db", "upgrade")
    installation.load("units", [{"code": "DINKES", "name": "Dinas", "timezone": "Asia/Makassar"}])
    people = [{"nip": each, "name": "Ani", "unit": "DINKES"} for each in (ANI, BUDI)]
    spell = {"status": "pns", "attendance": "terminal", "supervisor_nip": BUDI}
    installation.load(
        "employees", [one | spell | ({"supervisor_nip": ""} if one["nip"] == BUDI else {}) for one in people]
    )
    return installation


def send(office: Installation, *rows: dict[str, str | None]) -> None:
    usual = {"nip": ANI, "date": "2026-09-10", "description": "Rapat", "status": "pending"}
    engine = connect(office.url)
    with transaction(engine) as conn:
        for row in rows:
            conn.execute(insert(feed_activities).values(usual | row))
    engine.dispose()


def answers(office: Installation) -> list[tuple[str, str | None]]:
    engine = connect(office.url)
    with transaction(engine) as conn:
        found = conn.execute(select(feed_answers.c.outcome, feed_answers.c.reason).order_by(feed_answers.c.entry))
        told = [(row.outcome, row.reason) for row in found]
    engine.dispose()
    return told


def listed(office: Installation) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in json.loads(office.ok("activity", "list", "--format", "json"))}


def account(office: Installation, *options: str) -> None:
    office.ok("account", "add", "ekinerja_feed", "--role", "employee", *options)


def test_each_row_is_answered_and_a_wrong_one_stops_no_other(office: Installation) -> None:
    account(office, "--feed", "activities")
    send(
        office,
        {"activity_id": "A", "starts": "08:00", "ends": "10:00", "status": "approved", "decided_by": BUDI},
        {"activity_id": "B", "starts": "09:30", "ends": "10:30"},
        {"activity_id": "C", "starts": "11 pagi", "ends": "12:00"},
        {"activity_id": "D", "starts": "11:00", "ends": "12:00", "nip": "1234"},
        {"activity_id": "E", "starts": "13:00", "ends": "14:00", "status": "approved", "decided_by": ANI},
        {"activity_id": None, "starts": "15:00", "ends": "16:00"},
    )
    assert office.ok("activity", "feed").startswith("2 stored, 1 rejected by a rule, 3 refused")
    told = answers(office)
    assert [outcome for outcome, _ in told] == ["stored", "rejected", "refused", "refused", "stored", "refused"]
    assert told[1][1] == "overlaps A (08:00-10:00)"
    assert [reason.partition(":")[0] for _, reason in (told[2], told[3], told[5]) if reason] == ["start", "nip", "id"]
    assert {name: row["status"] for name, row in listed(office).items()} == {
        "A": "approved",
        "B": "rejected",
        "E": "pending",
    }
    assert office.ok("activity", "feed").startswith("0 stored")
    assert answers(office) == told


def test_several_rows_of_one_activity_are_taken_in_their_order(office: Installation) -> None:
    account(office)
    at = {"activity_id": "A", "starts": "08:00"}
    send(office, at | {"ends": "10:00", "status": "draft"}, at | {"ends": "09:00", "status": "approved"})
    office.ok("activity", "feed")
    row = listed(office)["A"]
    assert (row["end"], row["status"]) == ("09:00:00", "pending"), "this account is no authorised feed"


def test_without_an_account_the_rows_wait(office: Installation) -> None:
    send(office, {"activity_id": "A", "starts": "08:00", "ends": "10:00"})
    outcome = office.run("activity", "feed")
    assert outcome.code == 7
    assert "account add ekinerja_feed" in outcome.err
    account(office)
    office.ok("activity", "feed")
    assert listed(office)["A"]["status"] == "pending"


def test_the_database_itself_lets_nobody_approve_their_own_activity(office: Installation) -> None:
    account(office)
    send(office, {"activity_id": "A", "starts": "08:00", "ends": "10:00"})
    office.ok("activity", "feed")
    office.ok("account", "add", "ani", "--role", "employee", "--nip", ANI)
    engine = connect(office.url)
    with transaction(engine) as conn:
        (version, number) = conn.exec_driver_sql(
            "select a.id, c.id from activities a, accounts c where a.activity_id = 'A' and c.name = 'ani'"
        ).one()
    tries = (
        (
            f"insert into activity_steps (activity, step, status, first_tier, last_tier, account_id, at) "
            f"values ({version}, 'approved', 'approved', 0, 0, {number}, '2026-09-11 00:00:00+00')"
        ),
        (
            'insert into activities (batch, row, activity_id, nip, date, start, "end", description, status, '
            "decided_by) "
            "select batch, row, activity_id, nip, date, start, \"end\", description, 'approved', nip from activities "
            f"where id = {version}"
        ),
    )
    for statement in tries:
        with pytest.raises(Refused, match="nobody approves their own activity"), transaction(engine) as conn:
            conn.exec_driver_sql(statement)
    with transaction(engine) as conn:
        assert conn.execute(select(activity_steps)).all() == []
    engine.dispose()
