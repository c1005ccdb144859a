"""Keeps the database of every revision that is not kept yet: `python -m tests.central.kept`."""

from __future__ import annotations

import gzip
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from ekinerja_agent.central.schema.upgrade import REVISIONS
from ekinerja_agent.central.store.engine import connect, transaction
from tests.central import test_guards
from tests.central.kept import HERE, dump_of, live_of, live_texts, migrate, rows_of

CHANGING = {
    # Tables whose rows may change, beside those of `test_guards`.
    "terminal_status": "(terminal, address, serial, firmware, state) values ('t', '10.0.0.1:4370', 'S1', 'f', 'ok')",
    "terminal_owners": f"(terminal, agent, since) values ('t', 'a', {test_guards.TIME})",
    "login_units": "(login, unit) values ('ekinerja_collect_u', 'U')",
    "stale_days": "(terminal, day, marks) values ('t', '2026-09-07', 2)",
    "shared_findings": "(period, office, unit, date, scan, terminal, expected, affected, share_ppm, least_people) "
    "values ('2026-09', 'U', 'U', '2026-09-07', 'arrive', 't', 9, 8, 500000, 5)",
    "passwords": f"(account_id, hash, must_change, set_at) values (1, '$argon2id$x', true, {test_guards.TIME})",
    "sessions": "(token_digest, account_id, begun_at, seen_at) "
    f"values ('aa', 1, {test_guards.TIME}, {test_guards.TIME})",
    "login_failures": f"(subject, failures, last_at) values ('bb', 3, {test_guards.TIME})",
}


def main() -> None:
    """Keep every revision that is not kept yet."""
    for revision in REVISIONS:
        if not dump_of(revision).exists():
            with tempfile.TemporaryDirectory() as folder:
                keep(revision, Path(folder) / "central.db")
            sys.stdout.write(f"kept {revision}\n")
    if not live_of(REVISIONS[-1]).exists():
        live_of(REVISIONS[-1]).write_text(live_texts(), encoding="utf-8")


def keep(revision: str, path: Path) -> None:
    """Given a revision and where a database may be made, write its two files."""
    engine = connect(f"sqlite:///{path}")
    migrate(engine, revision)
    statements = list(_rows(set(inspect(engine).get_table_names())))
    older = any(file.stem <= revision for file in HERE.glob("????.sql"))
    if not older or list(rows_of(revision)) != statements:
        (HERE / f"{revision}.sql").write_text(";\n".join(statements) + ";\n", encoding="utf-8")
    _fill(engine, revision)
    engine.dispose()
    db = sqlite3.connect(path)
    dump_of(revision).write_bytes(gzip.compress("\n".join(db.iterdump()).encode(), mtime=0))
    db.close()


def _fill(engine: Engine, revision: str) -> None:
    for statement in rows_of(revision):
        try:
            with transaction(engine) as conn:
                conn.exec_driver_sql(statement)
        except SQLAlchemyError as error:
            raise SystemExit(f"{revision}: {statement}\n{error}") from error


def _rows(tables: set[str]) -> Iterator[str]:
    # The migrations made older guards, which seal a person's parts with the row.
    for statement in sorted(test_guards.everything(), key=lambda one: one.split()[2] == "results"):
        if statement.split()[2] in tables:
            yield statement
    for table, values in CHANGING.items():
        if table in tables:
            yield f"insert into {table} {values}"
    yield test_guards.person(0)
    for table in test_guards.PARTS:
        if table in tables:
            yield test_guards.part(table, 0)


if __name__ == "__main__":
    main()
