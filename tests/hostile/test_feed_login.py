"""What another application does, or who stole its login, with the one table that it fills."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select

from ekinerja_agent.central.imported import batches
from ekinerja_agent.central.imported import feed as inbox
from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.central.store.tables.feed import feed_activities, feed_answers
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.usecases.importing import feed
from tests.central.test_guards import close, execute, person, without_guards
from tests.imports.test_at_once import ANI, BUDI, HEAD, NOW, Office

RULES = Path(__file__).parents[2] / "config" / "rules"
USUAL = {
    "nip": ANI,
    "date": "2026-09-29",
    "starts": "08:00",
    "ends": "09:00",
    "description": "Rapat",
    "status": "pending",
}


@pytest.fixture
def office(central: Engine) -> Office:
    """Ani and Budi are led by the head; the feed may decide."""
    office = Office(central, load_rulebook(RULES))
    office.account("ekinerja_feed", feeds=["activities"])
    return office


def send(office: Office, *entries: dict[str, str]) -> None:
    with transaction(office.engine) as conn:
        for entry in entries:
            conn.execute(insert(feed_activities).values(USUAL | entry))


def taken(office: Office) -> list[tuple[str, str]]:
    """Take what waits; return what became of each entry."""
    feed.drain(office.engine, office.book, profile="tpp-model", now=NOW)
    with transaction(office.engine) as conn:
        query = select(feed_answers.c.outcome, feed_answers.c.reason).order_by(feed_answers.c.entry)
        return [(row.outcome, row.reason or "") for row in conn.execute(query)]


@pytest.mark.parametrize(
    "entry",
    [
        {"activity_id": "x" * 3_000_000},
        {"activity_id": "A", "description": "y" * 20_000_000},
        {"activity_id": "A", "description": "\x1b[2J"},
        {"activity_id": "A", "decided_by": "z" * 101},
    ],
    ids=["an id without end", "a text without end", "a text that steers a screen", "a decider"],
)
def test_t36_an_entry_of_another_shape_is_not_let_in(office: Office, entry: dict[str, str]) -> None:
    """Before, as ekinerja_feed: `insert into feed_activities (activity_id) values (repeat('x', 3000000))` was
    INSERT 0 1, two rows with 20,000,000 letters too; the feed then ended with the same error for ever.
    """
    with pytest.raises(Refused, match="refuses insert: description and output have at most"):
        send(office, entry)


def test_t36_an_entry_that_came_before_and_is_too_long_is_answered_and_passed(office: Office) -> None:
    without_guards(office.engine, "feed_activities")
    send(office, {"activity_id": "x" * 3_000_000}, *({"activity_id": f"{n}", "output": "z" * 9_000} for n in range(3)))
    with transaction(office.engine) as conn:
        entries, too_long = inbox.waiting(conn, 20_000)
        assert (len(entries), len(too_long)) == (3, 1)
    assert [outcome for outcome, _ in taken(office)] == ["refused", "stored", "rejected", "rejected"]


def test_t36_a_round_takes_no_more_letters_than_it_may(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "_MOST_LETTERS", 250)
    send(office, *({"activity_id": f"{n}", "starts": f"1{n}:00", "ends": f"1{n}:30"} for n in range(9)))
    with transaction(office.engine) as conn:
        assert len(inbox.waiting(conn, 20_000)[0]) < 9
    assert [outcome for outcome, _ in taken(office)] == ["stored"] * 9


def test_t36_an_entry_that_the_database_does_not_take_is_answered_and_passed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = batches.store_batch

    def with_what_no_index_takes(conn: Connection, *told: Any, **more: Any) -> batches.BatchReceipt:
        if any(row["activity_id"] == "B" for row in told[4]):
            conn.exec_driver_sql("insert into accounts (id, name) values (1, null)")
        return store(conn, *told, **more)

    monkeypatch.setattr(batches, "store_batch", with_what_no_index_takes)
    send(office, *({"activity_id": each, "starts": f"1{n}:00", "ends": f"1{n}:30"} for n, each in enumerate("ABCDE")))
    assert [outcome for outcome, _ in taken(office)] == ["stored", "refused", "stored", "stored", "stored"]


def test_t36_a_feed_changes_only_what_it_brought(office: Office) -> None:
    """Before: an entry with the id of an activity that a person had entered was its next version."""
    own = office.enter(ANI, time(8), time(9))
    send(office, {"activity_id": own, "status": "rejected", "decided_by": HEAD}, {"activity_id": "F", "nip": BUDI})
    assert taken(office) == [
        ("refused", f"id: {own} was brought by another account, which alone changes it"),
        ("stored", ""),
    ]
    assert {row["id"]: row["status"] for row in office.activities()}[own] == "pending"


def test_t36_a_decider_who_was_no_superior_that_day_leaves_it_pending(office: Office) -> None:
    """Before: `decided_by` a subordinate approved the activity of the head."""
    send(
        office,
        {"activity_id": "A", "status": "approved", "decided_by": HEAD},
        {"activity_id": "B", "status": "approved", "decided_by": BUDI, "starts": "10:00", "ends": "11:00"},
        {"activity_id": "C", "status": "approved", "decided_by": ANI, "nip": HEAD},
        {"activity_id": "D", "status": "approved", "starts": "12:00", "ends": "13:00"},
    )
    told = taken(office)
    assert [outcome for outcome, _ in told] == ["stored"] * 4
    assert ["enters as pending" in reason for _, reason in told] == [False, True, True, True]
    assert {row["id"]: row["status"] for row in office.activities()} == {
        "A": "approved",
        **dict.fromkeys("BCD", "pending"),
    }


def test_t36_nothing_of_a_closed_month_is_changed(office: Office) -> None:
    """Before: an approved activity of a month that was closed was rejected by a later entry."""
    send(office, {"activity_id": "A", "status": "approved", "decided_by": HEAD})
    taken(office)
    published = person(1).replace("'2026-09', 'n'", f"'2026-09', '{ANI}'")
    execute(office.engine, close("2026-09", by=office.siti.id), published)
    send(office, {"activity_id": "A", "status": "rejected", "decided_by": HEAD})
    assert taken(office)[1] == ("refused", "id: the month of A is closed for this person")
    assert [row["status"] for row in office.activities()] == ["approved"]
