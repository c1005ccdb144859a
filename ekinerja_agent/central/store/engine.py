"""The connection to the central database and its transactions, the same on SQLite and PostgreSQL.

Promises: a writer never deadlocks with another writer of the same SQLite file (BEGIN IMMEDIATE); sessions run in UTC; a
library's error leaves as one of ours, without the values of the statement (NIPs, PINs); nobody waits without end for
what another session has locked. Knows no table's meaning.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from ekinerja_agent.central.store.database_errors import is_conflict, place, translated
from ekinerja_agent.files.plain import require_plain
from ekinerja_agent.nouns.errors import EkinerjaError, TemporarilyUnavailable, WrongUsage
from ekinerja_agent.nouns.messages import Message

T = TypeVar("T")
Readable = Engine | Connection
"""From where something is read: the database, or one moment of it that is being read already."""

_BUSY_TIMEOUT_S = 30
_CACHE_KIB = 512
"""SQLite keeps what it once took; four times as much makes a delivery a few hundredths cheaper."""
_TRIES = 5
_TURNS = 64
"""So many people's turns there are: two people may share one, and a file of everybody takes few locks."""
_SNAPSHOT: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_OF_ANOTHER_PROGRAM = """SELECT EXISTS (SELECT 1 FROM sqlite_master)
    AND NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'alembic_version')"""
_LOOK_AT_MOST_MS = 300_000
THIS_HOST = ("", "localhost", "127.0.0.1", "::1")
_LOCKED_AT_MOST_MS = 10_000
"""So long a statement waits for a row or a table that somebody else has locked, on PostgreSQL."""
_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg2",
    "postgresql+psycopg2": "postgresql+psycopg2",
}


def connect(url: str, password: str | None = None) -> Engine:
    """Given a database URL and its password, return an engine whose first connection was made.

    Raise WrongUsage if the URL cannot be meant, TemporarilyUnavailable if the database does not answer.
    """
    parsed = _parsed(url)
    if password is not None:
        parsed = parsed.set(password=password)
    return _answering(_sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed))


def look(url: str, password: str | None = None) -> Engine:
    """As `connect`, for one who changes nothing: a SQLite file is not made, and no question lasts over five minutes."""
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return _answering(_sqlite_read_only(parsed))
    if password is not None:
        parsed = parsed.set(password=password)
    return _answering(_postgresql(parsed, f"-c statement_timeout={_LOOK_AT_MOST_MS}").execution_options(**_SNAPSHOT))


def _answering(engine: Engine) -> Engine:
    """Given an engine, return it after its first connection was made."""
    try:
        with engine.connect():
            pass
    except SQLAlchemyError as error:
        ours = _ours(error, engine)
        if not isinstance(ours, EkinerjaError):
            ours = TemporarilyUnavailable(
                Message("{database} cannot be opened: {error}", database=place(engine.url), error=error)
            )
        engine.dispose()
        raise ours from error
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Given an engine, give a connection for one writing transaction: all of it or nothing.

    Raise TemporarilyUnavailable where trying again may help, Refused where the database protects a row.
    """
    with _translating(engine), engine.connect().execution_options(writes=True) as conn, conn.begin():
        yield conn


@contextmanager
def reading(source: Readable) -> Iterator[Connection]:
    """Given an engine, give a connection whose queries all see the database at one moment. It cannot write.

    Given a connection, give that: what is read is of its moment then, and who opened it ends it.
    """
    if isinstance(source, Connection):
        yield source
        return
    options = _SNAPSHOT if source.dialect.name == "postgresql" else {}
    with _translating(source), source.connect().execution_options(**options) as conn, conn.begin():
        yield conn


def in_transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Given work for one transaction, do it and return its result; a deadlock or a conflict is tried again."""
    for attempt in range(1, _TRIES):
        try:
            with engine.connect().execution_options(writes=True) as conn, conn.begin():
                return work(conn)
        except SQLAlchemyError as error:
            if not is_conflict(error):
                raise _ours(error, engine) from error
        time.sleep(0.02 * attempt**2)
    with transaction(engine) as conn:
        return work(conn)


def wait_turn(conn: Connection, turn: int) -> None:
    """Given a writing connection and the number of a turn, wait for others that have it; it ends with the transaction.

    On SQLite a writer is alone anyway. A turn is a row that only those who write can lock: an advisory lock anybody
    could take who may log in.
    """
    if conn.dialect.name == "postgresql":
        _lock_turns(conn, turn, (0,))


def wait_turn_of(conn: Connection, turn: int, names: Iterable[str] | None) -> None:
    """As `wait_turn`, only for others that have this turn of one of these names; None: of anybody.

    In one order, so that two who wait for several names never wait for each other.
    """
    if conn.dialect.name == "postgresql":
        shares = range(_TURNS) if names is None else sorted({crc32(name.encode()) % _TURNS for name in names})
        _lock_turns(conn, turn, [1 + share for share in shares])


def _lock_turns(conn: Connection, turn: int, shares: Sequence[int]) -> None:
    if not shares:
        return
    wanted = ", ".join(map(str, shares))
    query = f"select share from turns where turn = {turn} and share in ({wanted}) order by share for update"
    missing = set(shares) - set(conn.exec_driver_sql(query).scalars())
    if missing:  # once in the life of a database
        values = ", ".join(f"({turn}, {share})" for share in sorted(missing))
        conn.exec_driver_sql(f"insert into turns (turn, share) values {values} on conflict do nothing")
        conn.exec_driver_sql(query)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise WrongUsage(
            Message("{url} is not a database URL; write sqlite:///FILE or postgresql+psycopg2://…", url=repr(url))
        ) from error
    if parsed.drivername not in _DRIVERS:
        raise WrongUsage(
            Message("{drivername} is not supported; use sqlite or postgresql+psycopg2", drivername=parsed.drivername)
        )
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise WrongUsage(Message("sqlite:// names no file; a database in memory would forget every punch"))
    return parsed.set(drivername=_DRIVERS[parsed.drivername])


def _sqlite(url: URL) -> Engine:
    require_plain(Path(str(url.database)))
    try:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TemporarilyUnavailable(
            Message(
                "{database} cannot be opened: {reason}; name a file in central.url where this user may write",
                database=place(url),
                reason=error.strerror,
            )
        ) from error
    engine = create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_S}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # sqlite3 would begin on its own, and too late
        if not connection.execute(_OF_ANOTHER_PROGRAM).fetchone()[0]:
            connection.execute("PRAGMA journal_mode = WAL")  # written into the file
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        writes = conn.get_execution_options().get("writes", False)
        conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _sqlite_read_only(url: URL) -> Engine:
    require_plain(Path(str(url.database)))
    engine = create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_S, "uri": True}, hide_parameters=True)
    file = Path(str(url.database)).absolute().as_uri()

    @event.listens_for(engine, "do_connect")
    def _as_it_is(_dialect: object, _record: object, arguments: list[Any], _named: object) -> None:
        arguments[0] = f"{file}?mode=ro"

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        conn.exec_driver_sql("BEGIN")

    return engine


def _postgresql(url: URL, options: str = "") -> Engine:
    how = {"require_auth": "!password,!md5"} if _may_be_another(url) else {}
    return create_engine(
        url,
        pool_pre_ping=True,
        hide_parameters=True,
        executemany_mode="values_plus_batch",  # many rows with ON CONFLICT: otherwise a round trip for each
        connect_args={
            "application_name": "ekinerja-agent",
            "connect_timeout": 10,
            "options": f"-c timezone=UTC -c lock_timeout={_LOCKED_AT_MOST_MS} {options}".rstrip(),
            "keepalives_idle": 30,
            **how,
        },
    )


def _may_be_another(url: URL) -> bool:
    """Whether who answers may be anybody on the way: no certificate is asked for, and it is not this host for sure.

    Such a one gets no password in clear and none as MD5, which is as good: SCRAM tells it nothing.
    """
    asked = {key: value if isinstance(value, str) else ",".join(value) for key, value in url.query.items()}
    if asked.get("sslmode", os.environ.get("PGSSLMODE")) in ("verify-ca", "verify-full"):
        return False
    led_elsewhere = asked.keys() & {"hostaddr", "service"} or os.environ.keys() & {"PGHOSTADDR", "PGSERVICE"}
    host = url.host or asked.get("host") or os.environ.get("PGHOST", "")
    return bool(led_elsewhere) or not (host in THIS_HOST or host.startswith(("/", "@")))


def _ours(error: SQLAlchemyError, engine: Engine) -> EkinerjaError | SQLAlchemyError:
    return translated(error, engine.url) or error


@contextmanager
def _translating(engine: Engine) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        ours = translated(error, engine.url)
        if ours is None:
            raise
        raise ours from error
