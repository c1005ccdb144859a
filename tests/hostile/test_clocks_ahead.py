"""What an operator does who names another instant, or whose host's clock is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import click
import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.central.store.tables import INSERT_ONLY_RECORDS
from ekinerja_agent.central.store.tables import access as tables
from ekinerja_agent.cli.shell.dates import PastInstant
from ekinerja_agent.nouns.errors import EkinerjaError, Refused
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.usecases.deciding import deadlines
from tests.central.test_guards import TIME, close, execute, person, rows
from tests.imports.test_at_once import ANI, Office

RULES = Path(__file__).parents[2] / "config" / "rules"
BEFORE: dict[str, tuple[str, ...]] = {
    "import_batches": (),
    "period_events": (),
    "audit": (),
    "purges": (),
    "period_reopenings": ("period_events",),
    "period_payments": ("period_events",),
    "pending_signatures": (),
    "activity_steps": ("import_batches", "activities"),
    "absence_decisions": ("import_batches", "absences"),
    "outage_decisions": ("import_batches", "outages"),
    "correction_decisions": ("import_batches", "corrections"),
    "redating_decisions": ("redatings",),
    "objection_decisions": ("objections",),
    "import_revocations": ("import_batches",),
    "revocation_requests": ("import_batches",),
    "doubtful_punches": ("import_batches",),
    "doubt_decisions": ("import_batches", "doubtful_punches"),
    "doubt_requests": ("import_batches", "doubtful_punches"),
    "batch_decisions": ("import_batches", "held_batches"),
    "disable_trials": (),
    "redatings": (),
    "power_requests": (),
    "power_decisions": ("power_requests",),
    "password_gifts": (),
    "rule_acceptances": ("rule_sets",),
    "payroll_exports": (),
    "objections": (),
}


def test_t39_every_record_of_what_somebody_did_is_tried() -> None:
    records = {record.name for record in INSERT_ONLY_RECORDS if record is tables.audit or "account_id" in record.c}
    assert BEFORE.keys() == records


@pytest.mark.parametrize("table", BEFORE)
def test_t39_nothing_is_decided_at_an_instant_that_has_not_been(central: Engine, table: str) -> None:
    """Before, as ekinerja_score: a close of 2099-01 at 2099-02-01, and the step `approved` at 2099-01-01, were each
    INSERT 0 1; `activity silence --now 2026-12-20` approved all that waited, as `system`.
    """
    execute(central, *rows("accounts"), *(one for needed in BEFORE[table] for one in rows(needed)))
    (statement,) = rows(table)
    ahead = (utc_now() + timedelta(minutes=10)).strftime("'%Y-%m-%d %H:%M:%S'")
    with pytest.raises(Refused, match="ahead of the clock of the database"):
        execute(central, ahead.join(statement.rsplit(TIME, statement.count(TIME))))
    execute(central, statement)


def test_t39_a_month_that_has_not_ended_by_the_clock_of_the_database_is_not_closed(central: Engine) -> None:
    """Before: under `faketime 2027-01-02` the running month was closed and published."""
    today = (utc_now() + timedelta(days=1)).date()
    execute(central, *rows("accounts"))
    with pytest.raises(Refused, match="the last day that is judged is not over; close after it, or with --through"):
        execute(central, close(f"{today:%Y-%m}"), person(1, period=f"{today:%Y-%m}"))
    through = (utc_now() - timedelta(days=2)).date()
    early = close(f"{through:%Y-%m}").replace("audit_rows)", "audit_rows, through)").rstrip(")") + f"), '{through}')"
    execute(central, early)


def test_t39_nobody_names_an_instant_that_has_not_been() -> None:
    """Before: `activity silence --now 2026-12-20T00:00:00+08:00` on 2026-11-30 was taken."""
    for ahead in (timedelta(minutes=1), timedelta(days=20)):
        with pytest.raises((click.UsageError, EkinerjaError), match="is in the future"):
            PastInstant().convert((utc_now() + ahead).isoformat(), None, None)
    assert PastInstant().convert("2026-09-30T08:00:00+08:00", None, None) == datetime(2026, 9, 30, tzinfo=UTC)


def test_t39_who_ran_silence_is_whom_the_log_names(central: Engine) -> None:
    """Before: `system`, whoever ran it."""
    office = Office(central, load_rulebook(RULES))
    office.enter(ANI, time(8), time(9))
    later = datetime(2026, 10, 30, tzinfo=UTC)
    assert deadlines.run(central, office.book, profile="tpp-model", now=later, by="siti").total == 1
    assert [row["actor"] for row in audit.rows(central, action="activity.silence")] == ["siti"]


def test_t39_rows_of_the_log_whose_time_goes_back_are_told(central: Engine) -> None:
    with transaction(central) as conn:
        for minute in (0, 40, 36, 30, 41):
            audit.append(conn, "a", "b", f"at {minute}", {}, datetime(2026, 9, 1, 1, minute, tzinfo=UTC))
    told = [str(one) for one in audit.set_back(central)]
    assert [("at 30" in one, "at 40" in one) for one in told] == [(True, True)]
    assert audit.verify(central).rows == 5
