"""What can be wrong with a central database that answers: another shape, a lost guard, rows that contradict each other.

Reads only, and judges no score.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, text

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.schema import live_sql, office_logins, rights, roles
from ekinerja_agent.central.schema.upgrade import REVISIONS, revision
from ekinerja_agent.central.store.database_errors import place
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.columns import ONLY, metadata
from ekinerja_agent.nouns.errors import CheckFailed
from ekinerja_agent.nouns.messages import Message, joined

_SCANS = " UNION ALL ".join(
    f"SELECT period, date, {scan}_punch AS punch_id FROM result_days WHERE revision > 0"
    for scan in ("arrive", "break_out", "break_in", "leave")
)
_CLOCK = {
    "sqlite": "replace(substr(clock, 1, 19), ' ', 'T')",
    "postgresql": """to_char(clock, 'YYYY-MM-DD"T"HH24:MI:SS')""",
}
"""The clock as a punch's name writes it."""
_CONTRADICTIONS = {
    Message(
        "findings without a result"
    ): """SELECT count(*) FROM result_findings f WHERE NOT EXISTS (SELECT 1 FROM results r
        WHERE r.period = f.period AND r.nip = f.nip AND r.revision = f.revision)""",
    Message("days without a result"): """SELECT count(*) FROM result_days d WHERE NOT EXISTS (SELECT 1 FROM results r
        WHERE r.period = d.period AND r.nip = d.nip AND r.revision = d.revision)""",
    Message("published results that no close recorded"): """SELECT count(*) FROM results r WHERE r.revision > 0
        AND NOT EXISTS (SELECT 1 FROM period_events e WHERE e.period = r.period)""",
    Message("adjustments that are not the difference of their revisions"): """SELECT count(*) FROM adjustments a
        WHERE NOT EXISTS (SELECT 1 FROM results f JOIN results t ON t.period = f.period AND t.nip = f.nip
            WHERE f.period = a.for_period AND f.nip = a.nip AND f.revision = a.from_revision
            AND t.revision = a.to_revision AND t.adjusted_in = a.period
            AND t.payable_rp - f.payable_rp = a.difference_rp)""",
    Message("adjusted results without an adjustment"): """SELECT count(*) FROM results r WHERE r.adjusted_in IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM adjustments a WHERE a.for_period = r.period AND a.nip = r.nip
            AND a.to_revision = r.revision)""",
    Message("results whose parts do not add up"): """SELECT count(*) FROM results WHERE payable_rp + whole_deduction_rp
        + leave_deduction_rp + sanction_rp + hold_rp <> discipline_rp + performance_rp""",
    Message("punches of a batch that does not exist"): """SELECT count(*) FROM punches p WHERE p.batch > 0
        AND NOT EXISTS (SELECT 1 FROM import_batches b WHERE b.id = p.batch)""",
    Message("punches whose name is not their identity"): """SELECT count(*) FROM punches
        WHERE substr(punch_id, 1, length(terminal) + 1) <> terminal || '/'
        OR punch_id NOT LIKE '%/' || {clock} || '/' || CAST(occurrence AS text)""",
    Message("scans of the newest published month whose punch is not there"): f"""SELECT count(*) FROM ({_SCANS}) s
        WHERE s.period = (SELECT max(period) FROM results WHERE revision > 0) AND s.punch_id LIKE '%/%/%/%'
        AND NOT EXISTS (SELECT 1 FROM purges WHERE before > s.date)
        AND NOT EXISTS (SELECT 1 FROM punches p WHERE p.punch_id = s.punch_id)""",
    Message("redated punches that are not there"): """SELECT count(*) FROM redated_punches r
        WHERE NOT EXISTS (SELECT 1 FROM purges)
        AND NOT EXISTS (SELECT 1 FROM punches p WHERE p.punch_id = r.punch_id)""",
    Message("coverage of a batch that does not exist"): """SELECT count(*) FROM coverage c WHERE c.batch > 0
        AND NOT EXISTS (SELECT 1 FROM import_batches b WHERE b.id = c.batch)""",
    Message(
        "quarantined records of a batch that does not exist"
    ): """SELECT count(*) FROM quarantine q WHERE q.batch > 0
        AND NOT EXISTS (SELECT 1 FROM import_batches b WHERE b.id = q.batch)""",
    Message("coverage that ends before it starts"): 'SELECT count(*) FROM coverage WHERE start >= "end"',
}


def check(engine: Engine) -> None:
    """Compare the database with what this program needs, and its rows with each other.

    Raise CheckFailed naming everything that is wrong.
    """
    if found := flaws(engine):
        head = Message("{database} is not as it should be:", database=place(engine.url))
        raise CheckFailed(joined("\n", [head, *found]))


def flaws(engine: Engine) -> list[Message]:
    """Return all that `check` would name, as sentences: what is wrong; what to do."""
    with reading(engine) as conn:
        return _flaws(conn, revision(conn), REVISIONS[-1])


def shared_login(engine: Engine) -> Message | None:
    """Return that offices share a database login and what to do, None if they do not. It works, and is no flaw."""
    with reading(engine) as conn:
        asked = conn.dialect.name == "postgresql" and roles.are_in_use(conn)
        return office_logins.shared(conn) if asked else None


def _flaws(conn: Connection, found: str | None, needed: str) -> list[Message]:
    if found is None:
        return [Message("it is empty; run: ekinerja-agent db upgrade")]
    if found != needed:
        return [
            Message(
                "it has schema {found}, this program needs {needed}; run: ekinerja-agent db upgrade",
                found=found,
                needed=needed,
            )
        ]
    return [
        *_damage(conn),
        *differences(conn),
        *live_sql.differences(conn),
        *_other_rights(conn),
        *_broken_chain(conn),
        *_contradictions(conn),
    ]


def differences(conn: Connection) -> list[Message]:
    """Given a connection, return how the tables differ from `store/tables/`, in Alembic's words."""

    def is_ours(one: Any, name: str | None, kind: str, _reflected: bool, compared: Any) -> bool:
        """Other programs may have tables beside ours; an index may be one of another database."""
        if kind == "index":
            return bool(one.info.get(ONLY, conn.dialect.name) == conn.dialect.name)
        return not (kind == "table" and compared is None and name not in metadata.tables)

    context = MigrationContext.configure(conn, opts={"compare_type": True, "include_object": is_ours})
    return [
        Message("a table differs from this program: {difference}", difference=difference)
        for difference in compare_metadata(context, metadata)
    ]


def _damage(conn: Connection) -> Iterator[Message]:
    if conn.dialect.name != "sqlite":
        return
    for found in conn.exec_driver_sql("PRAGMA quick_check(5)").scalars():
        if found != "ok":
            yield Message("the file is damaged: {found}; restore the latest backup", found=found)
    for row in conn.exec_driver_sql("PRAGMA foreign_key_check"):
        yield Message(
            "a row of {table} points to a row of {parent} that does not exist", table=row.table, parent=row.parent
        )


def _broken_chain(conn: Connection) -> Iterator[Message]:
    try:
        audit.walk(conn)
    except CheckFailed as error:
        yield error.message


def _other_rights(conn: Connection) -> Iterator[Message]:
    if conn.dialect.name == "postgresql" and roles.are_in_use(conn):
        yield from rights.differences(conn)


def _contradictions(conn: Connection) -> Iterator[Message]:
    for what, query in _CONTRADICTIONS.items():
        count = conn.scalar(text(query.replace("{clock}", _CLOCK[conn.dialect.name]).replace(":", r"\:")))
        if count:
            yield Message("{count} {what}; compare with the latest backup", count=count, what=what)
