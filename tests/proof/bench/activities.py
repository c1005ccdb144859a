"""A month of daily activities from files to scores on SQLite: entered, decided, scored; and a file with wrong rows.

The rate is that of the whole import, all checks and the audit entry included. The peer is a bare insert of the same
rows into a table with the same indexes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine, func, select

from ekinerja_agent.central.access import accounts
from ekinerja_agent.central.schema.upgrade import upgrade
from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.central.store.tables.imported import activities
from ekinerja_agent.central.store.tables.scored import results
from ekinerja_agent.nouns.errors import ProblemsFound
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.usecases.importing.imports import Imported, ImportFile, import_facts
from ekinerja_agent.usecases.month import score
from tests.proof.bench.county import MONTH, PROFILE, office
from tests.proof.bench.database import fill
from tests.proof.bench.findings import Finding, timed
from tests.proof.bench.scoring import RULES

EMPLOYEES = 2_000
ACTIVITIES = 120_000
WRONG = (7, 60_000, 119_999)
"""Rows of a file, the header being the first, that end before they begin."""
_ENTERED = datetime(2026, 9, 30, 12, tzinfo=UTC)
_DECIDED = datetime(2026, 10, 1, 1, tzinfo=UTC)
_SCORED = datetime(2026, 10, 9, 1, tzinfo=UTC)


def measure(folder: Path) -> Iterator[Finding]:
    """Given an empty directory, yield the findings."""
    rules = load_rulebook(RULES)
    engine = connect(f"sqlite:///{folder / 'central.db'}")
    upgrade(engine)
    facts = office(0, EMPLOYEES)
    fill(engine, replace(facts, activities=facts.activities.clear()))
    feed = accounts.actor(engine, "bench", _ENTERED).account

    def bring(rows: pl.DataFrame, now: datetime) -> Imported:
        text = io.BytesIO()
        rows.write_csv(text)
        file = ImportFile("activities.csv", text.getvalue())
        return import_facts(engine, feed, "activities", file, now=now, rules=rules, profile=PROFILE)

    claimed = _claimed(facts.spells["nip"])
    wrong = claimed.with_row_index("row", offset=2).with_columns(
        end=pl.when(pl.col("row").is_in(WRONG)).then(pl.lit("07:00")).otherwise("end")
    )
    told = _problems(lambda: bring(wrong.drop("row"), _ENTERED))
    yield Finding(
        f"a file of {ACTIVITIES:,} activities with {len(WRONG)} wrong rows",
        f"told of rows {', '.join(map(str, told))}",
        f"{_stored(engine)} stored",
        "",
        "each by its number, none stored",
        told == list(WRONG) and not _stored(engine),
    )
    decided = claimed.with_columns(status=pl.lit("approved"))
    for what, rows, now, wanted in (("entered", claimed, _ENTERED, 20_000), ("decided", decided, _DECIDED, 0)):
        taken_s, done = timed(lambda rows=rows, now=now: bring(rows, now))  # type: ignore[misc]  # both are bound
        if done.stored != ACTIVITIES or done.rejected:
            raise AssertionError(f"{done.stored} of {ACTIVITIES} stored, {len(done.rejected)} rejected")
        yield Finding(
            f"{ACTIVITIES:,} activities of {EMPLOYEES:,} employees {what}",
            f"{ACTIVITIES / taken_s:,.0f} rows/s",
            "SQLite, all checks",
            "",
            f">= {wanted:,} rows/s" if wanted else "",
            taken_s * wanted <= ACTIVITIES if wanted else None,
        )
    taken_s, scored = timed(lambda: score.run(engine, rules, MONTH, profile=PROFILE, now=_SCORED))
    with reading(engine) as conn:
        minutes = conn.scalar(select(func.sum(results.c.approved_minutes)))
    yield Finding(
        f"the month of {scored.people:,} employees scored with them",
        f"{taken_s:.1f} s",
        f"{minutes:,} approved minutes",
        "",
    )
    engine.dispose()


def _claimed(nips: pl.Series) -> pl.DataFrame:
    """So many activities of an hour on the working days of the month, as rows of a file."""
    days = [day for day in pl.date_range(MONTH, MONTH.replace(day=30), eager=True) if day.weekday() < 5]
    hours = pl.DataFrame({"start": ["08:00", "09:00", "10:00"], "end": ["09:00", "10:00", "11:00"]})
    rows = nips.to_frame("nip").join(pl.DataFrame({"date": days}), how="cross").join(hours, how="cross")
    return rows.head(ACTIVITIES).select(
        pl.format("{}/{}/{}", "nip", pl.col("date").cast(pl.String), "start").alias("id"),
        *("nip", "date", "start", "end"),
        description=pl.lit("Pelayanan"),
        status=pl.lit("pending"),
    )


def _problems(work: Callable[[], object]) -> list[int]:
    try:
        work()
    except ProblemsFound as found:
        return sorted({problem.line for problem in found.problems})
    return []


def _stored(engine: Engine) -> int:
    with reading(engine) as conn:
        return conn.scalar(select(func.count()).select_from(activities)) or 0
