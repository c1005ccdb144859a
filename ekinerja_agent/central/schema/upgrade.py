"""Which shape the central database has, which one this program needs, and the way from one to the other.

Promises that processes which start at once make one schema, and that nobody works on a database of another one. Knows
no table's meaning.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect

from ekinerja_agent.central.access import published
from ekinerja_agent.central.schema import live_sql, roles
from ekinerja_agent.central.store import partitions
from ekinerja_agent.central.store.database_errors import place
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables.columns import metadata
from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.messages import Message

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parents[1] / "store" / "migrations"
REVISIONS: tuple[str, ...] = tuple(
    sorted(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
)
"""The migrations that this program has, oldest first."""

_DIGESTS_SINCE = "0026"
"""From this schema on each close brings the digest of what it published; those before get theirs with the upgrade."""
_MIGRATION_LOCK = 0x656B696E


def require_current(engine: Engine) -> None:
    """Given an engine, make sure that the database has the tables of this program.

    An empty database gets them; two processes that start at once are safe. Raise NeedsAttention if the database is
    older ("db upgrade" is a person's decision), newer, or not ours.
    """
    with reading(engine) as conn:
        found = revision(conn)
    if found is None:
        upgrade(engine)
    else:
        _refuse_another_schema(engine, found)


def require_made(engine: Engine) -> None:
    """As `require_current`, for one who changes nothing: an empty database is refused too."""
    with reading(engine) as conn:
        found = revision(conn)
    if found is None:
        raise NeedsAttention(Message("{database} is empty; run: ekinerja-agent db upgrade", database=place(engine.url)))
    _refuse_another_schema(engine, found)


def _refuse_another_schema(engine: Engine, found: str) -> None:
    if found not in REVISIONS:
        raise NeedsAttention(
            Message(
                "{database} has schema {found}, this program knows up to {needed}: this program is older than the "
                "database; install the version that the other machines run",
                database=place(engine.url),
                found=found,
                needed=REVISIONS[-1],
            )
        )
    if found != REVISIONS[-1]:
        raise NeedsAttention(
            Message(
                "{database} has schema {found}, this program needs {needed}: make a backup, then run ekinerja-agent "
                "db upgrade",
                database=place(engine.url),
                found=found,
                needed=REVISIONS[-1],
            )
        )


def upgrade(engine: Engine) -> str:
    """Given an engine, bring its database to the newest schema in one transaction; return that schema's revision.

    Raise NeedsAttention if this program does not know the schema that the database has.
    """
    from alembic import command

    with transaction(engine) as conn:
        _wait_turn_to_migrate(conn)
        found = revision(conn)
        if found is not None and found not in REVISIONS:
            raise NeedsAttention(
                Message(
                    "{database} has schema {found}, which this program does not know",
                    database=place(engine.url),
                    found=found,
                )
            )
        command.upgrade(alembic_config(conn), "head")
        live_sql.install(conn)
        partitions.make_ahead(conn, utc_now().date())
        roles.regrant(conn)
        if found is not None and found < _DIGESTS_SINCE:
            published.note_earlier(conn, utc_now())
    return REVISIONS[-1]


def _wait_turn_to_migrate(conn: Connection) -> None:
    """A database that has a schema has a table that no login but its owner's may lock so."""
    if conn.dialect.name == "postgresql":
        made = conn.exec_driver_sql("select to_regclass('alembic_version')").scalar() is not None
        lock = "lock table alembic_version in share row exclusive mode"
        conn.exec_driver_sql(lock if made else f"select pg_advisory_xact_lock({_MIGRATION_LOCK})")


def alembic_config(conn: Connection) -> Config:
    """Given a connection, return the configuration with which Alembic works on it. There is no alembic.ini."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = conn
    return config


def revision(conn: Connection) -> str | None:
    """Return the newest migration that a database had, None if it is empty. Raise NeedsAttention if it is not ours."""
    names = set(inspect(conn).get_table_names())
    if "alembic_version" in names:
        row = conn.exec_driver_sql("select version_num from alembic_version").first()
        if row is not None:
            return str(row[0])
    ours = names & set(metadata.tables)
    if ours:
        raise NeedsAttention(
            Message(
                "{database} holds tables named {ours} that no ekinerja-agent made; name an empty database in "
                "central.url",
                database=place(conn.engine.url),
                ours=", ".join(sorted(ours)),
            )
        )
    return None
