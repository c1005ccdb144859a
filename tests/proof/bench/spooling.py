"""Punches to disk through the spool, against SQLite taking the same values in one batch, and delivery against COPY.

The peers are given rows and text that are ready: what they do is the least that any way of storing must do.
"""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import psycopg2
from sqlalchemy import make_url

from ekinerja_agent.central.collected.inbox import PUNCH_COLUMNS, punch_row
from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.punch import FROM_TERMINAL, Punch
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting.forward import BATCH_PUNCHES, forward
from tests.proof.bench.findings import Finding, in_turn, ratio, timed
from tests.proof.databases import postgres_database, postgres_server
from tests.proof.soak.made import made_punches

PUNCHES = 100_000
_COLUMNS = (
    "terminal TEXT, pin TEXT, clock TEXT, occurrence INTEGER, at TEXT, offset_s INTEGER, verify INTEGER, state INTEGER,"
    " work_code INTEGER, source TEXT, raw BLOB, corrected INTEGER, added_s INTEGER"
)
_KEY = ", UNIQUE (terminal, clock, pin, occurrence)"


def measure(folder: Path) -> Iterator[Finding]:
    """Given an empty directory, yield the findings."""
    punches = list(made_punches(0, PUNCHES))
    files = iter(range(1_000))

    def spooled() -> float:
        with Spool(folder / f"spool-{next(files)}.db") as spool:
            return timed(lambda: spool.add(punches))[0]

    rows = [_row(punch) for punch in punches]

    def keyed() -> float:
        return _insert(folder / f"raw-{next(files)}.db", _KEY, rows)

    def plain() -> float:
        return _insert(folder / f"raw-{next(files)}.db", "", rows)

    ours_s, keyed_s, plain_s = in_turn(5, spooled, keyed, plain)
    for name, raw_s, key in (("a table with the same key", keyed_s, True), ("a table without a key", plain_s, False)):
        share = ratio(raw_s, ours_s)
        yield Finding(
            f"{PUNCHES:,} punches durable in the spool",
            f"{PUNCHES / median(ours_s):,.0f}/s",
            f"SQLite, {name}: {PUNCHES / median(raw_s):,.0f}/s",
            f"{share:.0%}",
            ">= 50 %" if key else "",
            share >= 0.5 if key else None,
        )
    yield _forwarding(folder, punches)


def _insert(path: Path, key: str, rows: list[tuple[Any, ...]]) -> float:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute(f"CREATE TABLE punches (seq INTEGER PRIMARY KEY, {_COLUMNS}{key})")
    marks = ", ".join("?" * len(rows[0]))

    def insert() -> None:
        db.execute("BEGIN IMMEDIATE")
        db.executemany(f"INSERT INTO punches VALUES (NULL, {marks})", rows)
        db.execute("COMMIT")

    taken_s, _ = timed(insert)
    db.close()
    return taken_s


def _row(punch: Punch) -> tuple[Any, ...]:
    at = punch.at
    return (
        punch.terminal,
        punch.pin,
        punch.clock.isoformat(),
        punch.occurrence,
        None if at is None else at.isoformat(),
        punch.offset_s,
        punch.verify,
        punch.state,
        punch.work_code,
        punch.source.value,
        punch.raw,
        int(punch.corrected),
        0,
    )


def _forwarding(folder: Path, punches: list[Punch]) -> Finding:
    with postgres_server(durable=True) as server:
        texts = list(_copy_texts(punches))
        ours_s, raw_s = in_turn(
            5, lambda: _forward(server, folder / "forward.db", punches), lambda: _copy(server, texts)
        )
    share = ratio(raw_s, ours_s)
    return Finding(
        f"{PUNCHES:,} punches from the spool to PostgreSQL, settled",
        f"{PUNCHES / median(ours_s):,.0f}/s",
        f"COPY of ready text: {PUNCHES / median(raw_s):,.0f}/s",
        f"{share:.0%}",
        ">= 30 %",
        share >= 0.3,
    )


def _forward(server: str, path: Path, punches: list[Punch]) -> float:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    with postgres_database(server) as url, Spool(path) as spool:
        spool.add(punches)
        engine = connect(url)
        require_current(engine)
        try:
            taken_s, moved = timed(lambda: forward(spool, engine))
        finally:
            engine.dispose()
    if moved.delivered != PUNCHES:
        raise AssertionError(f"{moved} of {PUNCHES} punches arrived")
    return taken_s


def _copy(server: str, texts: list[str]) -> float:
    """As many transactions as `forward` makes, into the same table with the same keys, in the same order."""
    with postgres_database(server) as url:
        engine = connect(url)
        require_current(engine)
        engine.dispose()
        connection = psycopg2.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
        names = ", ".join(f'"{name}"' for name in PUNCH_COLUMNS)

        def copy() -> None:
            for text in texts:
                with connection, connection.cursor() as cursor:
                    cursor.copy_expert(f"copy punches ({names}) from stdin", io.StringIO(text))

        taken_s, _ = timed(copy)
        connection.close()
    return taken_s


def _copy_texts(punches: list[Punch]) -> Iterator[str]:
    received_at = utc_now()
    for first in range(0, len(punches), BATCH_PUNCHES):
        batch = sorted((punch.punch_id, punch) for punch in punches[first : first + BATCH_PUNCHES])
        rows = [punch_row(name, punch, FROM_TERMINAL, received_at) for name, punch in batch]
        yield "".join("\t".join(map(_text, row)) + "\n" for row in rows)


def _text(value: object) -> str:
    return "\\\\x" + value.hex() if isinstance(value, bytes) else str(value)
