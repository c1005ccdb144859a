"""Scoring a month from PostgreSQL and back into it, against reading and writing the same rows by COPY; and what one
correction of one person costs against the month of the office.

Both sides use the same server, tables and keys. What is read and written by the peer is text that is ready.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl
import psycopg2
from psycopg2.extensions import cursor
from sqlalchemy import Connection, Engine, insert, make_url

from ekinerja_agent.central.access import accounts
from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store import partitions
from ekinerja_agent.central.store.engine import connect, transaction
from ekinerja_agent.central.store.frames import write_frame
from ekinerja_agent.central.store.tables.columns import metadata
from ekinerja_agent.central.store.tables.imported import import_batches
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import RuleBook, Scan
from ekinerja_agent.scoring.frames.schemas import MonthFacts
from ekinerja_agent.usecases.deciding import correct
from ekinerja_agent.usecases.month import score
from tests.proof.bench.county import MONTH, PROFILE, office
from tests.proof.bench.findings import Finding, best_of, timed
from tests.proof.bench.scoring import RULES
from tests.proof.databases import postgres_database, postgres_server

EMPLOYEES = 10_000
READ = ("units", "employees", "enrolments", "punches", "coverage", "terminal_facts", "activities")
WRITTEN = ("result_findings", "result_days", "result_pending", "results")
_NOW = datetime(2026, 10, 31, tzinfo=UTC)


def measure(folder: Path) -> Iterator[Finding]:
    """Given an empty directory, yield the findings."""
    del folder  # the server has its own
    rules = load_rulebook(RULES)
    with postgres_server(durable=True) as server, postgres_database(server) as url:
        engine = connect(url)
        require_current(engine)
        facts = office(0, EMPLOYEES)
        fill(engine, facts)

        def again() -> float:
            return timed(lambda: score.run(engine, rules, MONTH, profile=PROFILE, now=_NOW))[0]

        def anew() -> float:
            _empty(url)
            return again()

        again()
        again_s = best_of(3, again)
        one_s = best_of(10, lambda: _one_correction_s(engine, facts, rules))
        yield Finding(
            f"one person after one correction, in an office of {EMPLOYEES:,}",
            f"{one_s * 1000:.0f} ms",
            f"the office's month: {again_s:.1f} s",
            f"1/{again_s / one_s:.0f}",
            "< 1/100",
            one_s < again_s / 100,
        )
        ours_s = best_of(3, anew)
        raw_s = _raw_s(url)
        yield Finding(
            f"{EMPLOYEES:,} employees from PostgreSQL and back",
            f"{ours_s:.1f} s",
            f"COPY of the same rows: {raw_s:.1f} s",
            f"{ours_s / raw_s:.1f}x the time",
            "<= 3x",
            ours_s / raw_s <= 3,
        )
        engine.dispose()


def fill(engine: Engine, *offices: MonthFacts, own_pins: bool = False) -> None:
    """Given an empty central and the facts of offices, store them as imported and collected rows.

    Every terminal numbers its PINs from 1, as most do; with `own_pins` no PIN stands on two terminals.
    """
    account = accounts.actor(engine, "bench", _NOW).account
    with transaction(engine) as conn:
        batches = {}
        for kind in ("units", "employees", "enrolments", "activities"):
            values = {"kind": kind, "file_name": f"{kind}.csv", "digest": "", "rows": 0, "rejected": 0}
            done = conn.execute(insert(import_batches).values(**values, account_id=account.id, imported_at=_NOW))
            batches[kind] = int((done.inserted_primary_key or (0,))[0])
        partitions.make(conn, [str(MONTH)])
        taken = 0
        for facts in offices:
            _fill_office(conn, facts, batches, taken if own_pins else 0)
            taken += facts.spells.height


def _fill_office(conn: Connection, facts: MonthFacts, batches: Mapping[str, int], taken: int) -> None:
    """Its PINs begin after those that are `taken`."""
    people = facts.spells
    terminal = facts.coverage["terminal"].item()
    pins = people.select("nip", pin=(pl.int_range(pl.len()) + taken + 1).cast(pl.String))

    def fact(kind: str, frame: pl.DataFrame) -> None:
        numbered = frame.with_columns(batch=pl.lit(batches[kind]), row=pl.int_range(pl.len()) + 2)
        write_frame(conn, metadata.tables[kind], numbered)

    fact("units", facts.units.select(code="unit", name="unit_name", timezone="timezone"))
    fact(
        "employees",
        people.select("nip", "name", "unit", "attendance", "allowance_rp", status="employment_status"),
    )
    fact("enrolments", pins.with_columns(terminal=pl.lit(terminal)))
    fact("activities", _activities(facts))
    write_frame(conn, metadata.tables["punches"], _punches(facts, pins))
    write_frame(
        conn,
        metadata.tables["coverage"],
        facts.coverage.select("terminal", "start", "end", "kind", batch=pl.lit(0)),
    )
    told = {
        "terminal": [terminal],
        "since": [datetime(2026, 1, 1, tzinfo=UTC)],
        "office": [facts.units["unit"].item()],
    }
    write_frame(
        conn,
        metadata.tables["terminal_facts"],
        pl.DataFrame(told).with_columns(timezone=pl.lit("Asia/Makassar"), enabled=pl.lit(value=True)),
    )


def _activities(facts: MonthFacts) -> pl.DataFrame:
    return facts.activities.select(
        "nip",
        activity_id="activity",
        date="day",
        start=pl.lit("08:00:00"),
        end=pl.lit("15:00:00"),
        description=pl.lit("Pelayanan"),
        status=pl.lit("approved"),
        approved_minutes="minutes",
    )


def _punches(facts: MonthFacts, pins: pl.DataFrame) -> pl.DataFrame:
    clock = pl.col("at").dt.convert_time_zone("Asia/Makassar").dt.replace_time_zone(None)
    return (
        facts.punches.join(pins, on="nip", maintain_order="left")
        .with_columns(clock=clock)
        .select(
            pl.format("{}/{}/{}/1", "terminal", "pin", pl.col("clock").dt.strftime("%Y-%m-%dT%H:%M:%S")).alias(
                "punch_id"
            ),
            "terminal",
            "at",
            "pin",
            batch=pl.lit(0),
            clock=pl.col("clock").dt.strftime("%Y-%m-%d %H:%M:%S.000000"),  # as SQLite has it
            occurrence=pl.lit(1),
            offset_s=pl.lit(0),
            verify=pl.lit(1),
            state=pl.lit(0),
            work_code=pl.lit(0),
            source=pl.lit("poll"),
            raw=pl.lit("\\\\x00112233445566778899aabbccddeeff00112233445566778899"[1:]),
            corrected=pl.lit(value=False),
            received_at="at",
        )
    )


def _empty(url: str) -> None:
    """Take the drafts away and let PostgreSQL tidy up, as it does by itself a minute later: COPY writes into empty
    tables too.
    """
    connection = psycopg2.connect(_plain(url))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for name in WRITTEN:
                cursor.execute(f"delete from {name}")
            cursor.execute("vacuum analyze")
    finally:
        connection.close()


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _raw_s(url: str) -> float:
    """Seconds to read what scoring reads, and to write what it wrote into tables with the same keys."""
    connection = psycopg2.connect(_plain(url))
    try:
        with connection, connection.cursor() as cursor:
            texts = {name: _out(cursor, name) for name in WRITTEN}
            for name in WRITTEN:
                cursor.execute(f"create table raw_{name} (like {name} including all)")

        def once() -> float:
            with connection, connection.cursor() as cursor:
                for name in WRITTEN:
                    cursor.execute(f"truncate raw_{name}")

            def copy() -> None:
                with connection, connection.cursor() as cursor:
                    for name in READ:
                        _out(cursor, name)
                    for name, text in texts.items():
                        cursor.copy_expert(f"copy raw_{name} from stdin", io.BytesIO(text))

            return timed(copy)[0]

        return best_of(2, once)
    finally:
        connection.close()


def _out(cursor: cursor, table: str) -> bytes:
    text = io.BytesIO()
    cursor.copy_expert(f"copy (select * from {table}) to stdout", text)
    return text.getvalue()


_CORRECTED: list[date] = []


def _one_correction_s(engine: Engine, facts: MonthFacts, rules: RuleBook) -> float:
    """Seconds from an approved correction to the person's new draft. Each call takes another day of the month."""
    day = date(2026, 9, 1 + len(_CORRECTED))
    _CORRECTED.append(day)
    by = accounts.actor(engine, "bench", _NOW).account
    if len(_CORRECTED) == 1:
        accounts.add(engine, "second", roles=["operator"], by=by, now=_NOW, os_user="second")
    second = accounts.actor(engine, "second", _NOW).account
    scanned = correct.Scanned(facts.spells["nip"][0], day, Scan.ARRIVE, time(7, 0))
    number = correct.add(engine, scanned, document="BA", account=by, now=utc_now())
    correct.approve(engine, number, rules=rules, profile=PROFILE, account=second, now=utc_now())
    return timed(lambda: score.refresh(engine, rules, MONTH, profile=PROFILE, now=_NOW))[0]
