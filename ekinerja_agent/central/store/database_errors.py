"""Translates what the database libraries raise into our errors, so that callers know whether to try again.

Does not know any table. A message never holds a password.
"""

from __future__ import annotations

from sqlalchemy import URL
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ekinerja_agent.nouns.errors import EkinerjaError, NeedsAttention, Refused, TemporarilyUnavailable
from ekinerja_agent.nouns.messages import Message, as_message

REFUSED_BY_TRIGGER = "23001"
"""SQLSTATE (restrict_violation) with which our triggers on PostgreSQL refuse a change."""

_RETRY = frozenset({"40001", "40P01", "55P03"})
_UNAVAILABLE_CLASSES = frozenset({"08", "53", "57", "58"})
_DATA_CLASSES = frozenset({"22", "23", "54"})
"""The last one: a value that is too large, for an index for example."""
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_UNTRUSTED = ("certificate", "does not support SSL")
"""In what libpq says where sslmode asks for more than the server proves. It has no SQLSTATE for that."""
_ASKED_IN_CLEAR = 'authentication method requirement "'
"""How libpq begins where a server asks for the password in a way that `require_auth` forbids."""
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")


def place(url: URL) -> Message:
    """Given a database URL, return where it is in words for a message, without user or password."""
    if url.get_backend_name() == "sqlite":
        return Message("the database file {database}", database=url.database)
    host = url.host or url.query.get("host") or Message("this machine")
    if url.port:
        return Message("the database {database} on {host}:{port}", database=url.database, host=host, port=url.port)
    return Message("the database {database} on {host}", database=url.database, host=host)


def is_conflict(error: Exception) -> bool:
    """Given an error, return whether the same transaction, tried again at once, may succeed (deadlock, conflict)."""
    return isinstance(error, DBAPIError) and _sqlstate(error) in _RETRY


def is_bad_data(error: Exception) -> bool:
    """Given an error, return whether the values are at fault and not the database or the link to it."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, (StatementError, ValueError, OverflowError))
    return _sqlstate(error)[:2] in _DATA_CLASSES or isinstance(error, (DataError, IntegrityError))


def is_refused(error: Exception) -> bool:
    """Given an error, return whether one of our triggers on PostgreSQL refused the row."""
    return isinstance(error, DBAPIError) and _sqlstate(error) == REFUSED_BY_TRIGGER


def reason(error: Exception) -> str:
    """Given an error, return its cause in one line, without the statement and its values."""
    cause = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__


def translated(error: Exception, url: URL) -> EkinerjaError | None:
    """Given what a library raised, return our error for it, or None if it is a mistake of ours."""
    if isinstance(error, PoolTimeout):
        return TemporarilyUnavailable(
            Message("{database} has no free connection; try again later", database=place(url))
        )
    if not isinstance(error, DBAPIError):
        return None
    name = getattr(error.orig, "sqlite_errorname", None)  # absent where the error is not SQLite's
    return _translated_postgresql(error, url) if name is None else _translated_sqlite(error, name, url)


def _translated_sqlite(error: DBAPIError, name: str, url: URL) -> EkinerjaError | None:
    """`name` is the extended result code, as in https://sqlite.org/rescode.html."""
    if name == "SQLITE_CONSTRAINT_TRIGGER":
        return Refused(as_message(reason(error)))
    if name.startswith(_DAMAGE):
        return NeedsAttention(
            Message(
                "{database} is damaged: {reason}. Stop the service, keep the file under another name and restore "
                "the latest backup; the spools and the terminals still hold what came later",
                database=place(url),
                reason=reason(error),
            )
        )
    if name.startswith(_BUSY):
        return TemporarilyUnavailable(
            Message(
                "{database} is in use by another process: {reason}; try again later",
                database=place(url),
                reason=reason(error),
            )
        )
    if isinstance(error, OperationalError) and name != "SQLITE_ERROR":
        return TemporarilyUnavailable(
            Message("{database} cannot be used now: {reason}", database=place(url), reason=reason(error))
        )
    return None


def _translated_postgresql(error: DBAPIError, url: URL) -> EkinerjaError | None:
    state = _sqlstate(error)
    if state == REFUSED_BY_TRIGGER:
        return Refused(as_message(reason(error)))
    if state in _RETRY:
        return TemporarilyUnavailable(
            Message("{database} is busy: {reason}; try again later", database=place(url), reason=reason(error))
        )
    if not state and (shut_out := _shut_out(error, url)) is not None:
        return shut_out
    lost = error.connection_invalidated or (not state and isinstance(error, OperationalError))
    if lost or state[:2] in _UNAVAILABLE_CLASSES or isinstance(error, InterfaceError):
        return TemporarilyUnavailable(
            Message("{database} does not answer: {reason}; try again later", database=place(url), reason=reason(error))
        )
    if state == "42501":
        return Refused(
            Message(
                "{database}: {reason}; use a database role that is allowed to do this",
                database=place(url),
                reason=reason(error),
            )
        )
    return None


def _shut_out(error: DBAPIError, url: URL) -> EkinerjaError | None:
    """Where somebody answered, and no session began."""
    said = str(error.orig)
    if "FATAL:" in said:
        return TemporarilyUnavailable(
            Message(
                "{database} refuses the connection: {reason}; check user and database in central.url and the "
                "password in central.password_file, or try again later",
                database=place(url),
                reason=reason(error),
            )
        )
    if _ASKED_IN_CLEAR in said:
        return TemporarilyUnavailable(
            Message(
                "{database} asks for the password so that whoever is on the way learns it: {reason}; nothing was sent. "
                "Let the server ask by scram-sha-256 (pg_hba.conf, and the password set anew where it is kept as md5), "
                "or prove itself: central.sslmode verify-full",
                database=place(url),
                reason=reason(error),
            )
        )
    if any(words in said for words in _UNTRUSTED):
        return TemporarilyUnavailable(
            Message(
                "{database} is not trusted: {reason}; nothing was sent to it. Check that central.url has the host "
                "name of the server's certificate and that central.sslrootcert is what signed it, or mend the server",
                database=place(url),
                reason=reason(error),
            )
        )
    return None


def _sqlstate(error: DBAPIError) -> str:
    return getattr(error.orig, "pgcode", None) or ""
