"""Counts of drafts and of the inbox, on both databases; nobody in particular."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, insert

from ekinerja_agent.central.imported import feed
from ekinerja_agent.central.imported.feed import Answer
from ekinerja_agent.central.scored import ping
from ekinerja_agent.central.store.engine import connect, transaction
from ekinerja_agent.central.store.tables.feed import feed_activities
from ekinerja_agent.central.store.tables.scored import results
from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.nouns.statuses import RowOutcome
from tests.central import test_guards
from tests.central.test_guards import execute, person

NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)


def draft(nip: str, period: str, status: str, *, revision: int = 0, at: datetime = NOW) -> dict[str, object]:
    """A row of results in which nothing else matters."""
    usual: dict[str, object] = {}
    for column in results.columns:
        if not column.nullable:
            usual[column.name] = 0 if column.type.python_type is int else ""
    return usual | {"nip": nip, "period": period, "status": status, "revision": revision, "computed_at": at}


def test_an_empty_database_answers_and_has_no_drafts(central: Engine) -> None:
    ping.ping(central)
    assert ping.progress(central) == ping.Progress(None, 0, 0, 0)


def test_people_are_those_of_the_newest_month_with_drafts(central: Engine) -> None:
    earlier = datetime(2026, 10, 4, tzinfo=UTC)
    rows = [
        draft("1", "2026-08", "pending"),
        draft("1", "2026-09", "draft", at=earlier),
        draft("2", "2026-09", "pending", at=earlier),
    ]
    with transaction(central) as conn:
        conn.execute(insert(results), rows)
    execute(central, *test_guards.rows("accounts"), test_guards.close("2026-10"), person(1, period="2026-10"))
    assert ping.progress(central) == ping.Progress(NOW, 2, 1, 0)


def test_entries_wait_until_they_have_an_answer(central: Engine) -> None:
    with transaction(central) as conn:
        conn.execute(insert(feed_activities), [{"activity_id": "1"}, {"activity_id": "2"}])
    assert ping.progress(central).feed_waiting == 2
    with transaction(central) as conn:
        first = feed.waiting(conn, 1)[0][0]["id"]
        feed.answer(conn, [Answer(first, RowOutcome.REFUSED, "why", None)], NOW)
    assert ping.progress(central).feed_waiting == 1


def test_a_database_that_is_gone_is_temporarily_unavailable(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("central")
    engine = connect(f"sqlite:///{directory}/central.db")
    engine.dispose()
    (directory / "central.db").unlink()
    directory.rmdir()
    with pytest.raises(TemporarilyUnavailable):
        ping.ping(engine)
