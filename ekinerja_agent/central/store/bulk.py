"""Many rows into one table as fast as the database takes them: COPY on PostgreSQL, executemany on SQLite.

Checks what the columns of `tables` would check: an instant has a zone, a terminal's clock has none. Either may also
come as its ISO 8601 text, which is taken as it is. Does not know what the rows mean.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import IO, Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.types import TypeEngine

from ekinerja_agent.central.store.tables.columns import Clock, Instant, MessageText, kept_message, message_column
from ekinerja_agent.nouns.messages import Message, pack

Row = Sequence[Any]
_Encode = Callable[[Sequence[Any]], Iterable[str]]
"""From values of a column, none of them None, to their texts, in their order."""

_SAMPLE = 40
"""Values at the head of a column by which it is judged whether most of them are different."""
_ESCAPED = re.compile(r"[\\\t\n\r]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def insert_rows(
    conn: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row], *, ignore_known: bool = False
) -> int:
    """Given rows whose values are in the order of `columns`, insert them; return how many went in.

    `ignore_known`: a row whose key is already there is left out. Raise what the library raises; the caller decides.
    The message beside a sentence goes in with it.
    """
    columns, rows = _with_messages(table, columns, rows)
    if conn.dialect.name == "postgresql":
        return _copy(conn, table, columns, rows, ignore_known=ignore_known)
    return _executemany(conn, table, columns, rows, ignore_known=ignore_known)


def _with_messages(table: Table, columns: Sequence[str], rows: Iterable[Row]) -> tuple[Sequence[str], Iterable[Row]]:
    given = {place for place, name in enumerate(columns) if isinstance(table.c[name].type, MessageText)}
    made = [
        place
        for place, name in enumerate(columns)
        if message_column(name) in table.c and message_column(name) not in columns
    ]
    if given:
        rows = [
            tuple(
                pack(value) if place in given and isinstance(value, Message) else value
                for place, value in enumerate(row)
            )
            for row in rows
        ]
    if made:
        rows = [(*row, *(kept_message(row[place]) for place in made)) for row in rows]
    return [*columns, *(message_column(columns[place]) for place in made)], rows


def copy(conn: Connection, statement: str, stream: IO[Any]) -> int:
    """Given a COPY statement of PostgreSQL and a stream to read or write, run it; return how many rows it moved.

    Raise what SQLAlchemy would raise.
    """
    cursor = conn.connection.cursor()
    driver = conn.dialect.loaded_dbapi
    try:
        cursor.copy_expert(statement, stream)
        return int(cursor.rowcount)
    except driver.Error as error:
        lost = conn.dialect.is_disconnect(error, conn.connection.dbapi_connection, cursor)
        raise DBAPIError.instance(
            statement, None, error, driver.Error, connection_invalidated=lost, dialect=conn.dialect
        ) from error
    finally:
        cursor.close()


def _copy(conn: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row], *, ignore_known: bool) -> int:
    names = ", ".join(f'"{column}"' for column in columns)
    kept = list(rows)
    text = _copy_text([_copy_encoder(table.c[column].type) for column in columns], kept)
    if not ignore_known:
        return copy(conn, f"copy {table.name} ({names}) from stdin", io.StringIO(text))
    try:
        # Nearly always every row is new, and then this is twice as fast as the way around.
        with conn.begin_nested():
            return copy(conn, f"copy {table.name} ({names}) from stdin", io.StringIO(text))
    except IntegrityError:
        return _insert_new(conn, table, columns, kept)


def _insert_new(conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> int:
    """COPY cannot skip a known key, so each column comes as one text. A table of the session would be quicker, but who
    may make one can put it before one of ours. The types are those of `tables/`, for who adds rows may not be allowed
    to read any.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    kinds = [table.c[name].type for name in columns]
    typed = ", ".join(f'"{name}"::{kind.compile(conn.dialect)}' for name, kind in zip(columns, kinds, strict=True))
    texts = [
        _json_text(_json_encoder(kind), values) for kind, values in zip(kinds, zip(*rows, strict=True), strict=True)
    ]
    arriving = ", ".join(["json_array_elements_text(%s)"] * len(columns))
    return conn.exec_driver_sql(
        f"insert into {table.name} ({names}) select {typed} from rows from ({arriving}) as arriving ({names}) "
        "on conflict do nothing",
        tuple(texts),
    ).rowcount


def _json_text(encode: _Encode, values: Sequence[Any]) -> str:
    written = iter(encode([value for value in values if value is not None]))
    return json.dumps([None if value is None else next(written) for value in values], ensure_ascii=False)


def _executemany(
    conn: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row], *, ignore_known: bool
) -> int:
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join("?" * len(columns))
    encode = [_sqlite_encoder(table.c[column].type) for column in columns]
    values = _sqlite_rows(encode, rows)
    if not values:
        return 0
    conflict = " ON CONFLICT DO NOTHING" if ignore_known else ""
    result = conn.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks}){conflict}", values)
    return result.rowcount


def _sqlite_rows(encode: Sequence[Callable[[Any], Any] | None], rows: Iterable[Row]) -> Sequence[Row]:
    """Column by column: what has to be written differently is, each different value once."""
    columns = list(zip(*rows, strict=True))
    if not columns or not any(encode):
        return list(zip(*columns, strict=True))
    for place, f in enumerate(encode):
        if f is not None:
            values, sample = columns[place], columns[place][:_SAMPLE]
            if len(set(sample)) > len(sample) // 2:  # finding those that are equal would cost more
                columns[place] = tuple(map(f, values))
            else:
                written = {value: f(value) for value in set(values)}
                columns[place] = tuple(map(written.__getitem__, values))
    return list(zip(*columns, strict=True))


def _copy_text(encode: Sequence[_Encode], rows: Iterable[Row]) -> str:
    """Column by column: where a column holds few different values, each of them is written once."""
    columns = list(zip(*rows, strict=True))
    if not columns:
        return ""
    texts: list[Iterable[str]] = []
    for f, values in zip(encode, columns, strict=True):
        sample = values[:_SAMPLE]
        if None not in values and len(set(sample)) > len(sample) // 2:  # finding those that are equal would cost more
            texts.append(f(values))
        else:
            different = [value for value in set(values) if value is not None]
            written = dict(zip(different, f(different), strict=True)) | {None: r"\N"}
            texts.append([written[value] for value in values])
    return "\n".join(map("\t".join, zip(*texts, strict=True))) + "\n"


def _copy_encoder(kind: TypeEngine[Any]) -> _Encode:
    if isinstance(kind, Instant):
        return _instants
    if isinstance(kind, Clock):
        return _clocks
    if kind.python_type is str:
        return _escaped
    if kind.python_type is bytes:
        return _hex
    return _plain


def _json_encoder(kind: TypeEngine[Any]) -> _Encode:
    """As COPY's, without what only COPY needs to be told apart."""
    if kind.python_type is str:
        return lambda values: values
    if kind.python_type is bytes:
        return lambda values: ["\\x" + value.hex() for value in values]
    return _copy_encoder(kind)


def _sqlite_encoder(kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    if isinstance(kind, Instant):
        return _sqlite_instant
    if isinstance(kind, Clock):
        return _sqlite_clock
    if kind.python_type in (date, time):
        return _sqlite_date_or_time
    return None


def _plain(values: Sequence[Any]) -> Iterable[str]:
    return map(str, values)


def _escaped(values: Sequence[str]) -> Iterable[str]:
    return (value.translate(_ESCAPES) for value in values) if _ESCAPED.search("".join(values)) else values


def _hex(values: Sequence[bytes]) -> Iterable[str]:
    return ["\\\\x" + value.hex() for value in values]


def _instants(values: Sequence[datetime | str]) -> Iterable[str]:
    return [value if isinstance(value, str) else _aware(value).isoformat() for value in values]


def _clocks(values: Sequence[datetime | str]) -> Iterable[str]:
    return [value if isinstance(value, str) else _naive(value).isoformat() for value in values]


def _sqlite_instant(value: datetime | str | None) -> str | None:
    if value is None:
        return None
    at = _aware(datetime.fromisoformat(value) if isinstance(value, str) else value)
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _sqlite_clock(value: datetime | str | None) -> str | None:
    if value is None:
        return None
    clock = _naive(datetime.fromisoformat(value) if isinstance(value, str) else value)
    return clock.isoformat(" ", "microseconds")


def _sqlite_date_or_time(value: date | time | None) -> str | None:
    if isinstance(value, time):
        return value.isoformat("microseconds")
    return None if value is None else value.isoformat()


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"{value} has no time zone; an instant must be aware")
    return value


def _naive(value: datetime) -> datetime:
    if value.tzinfo is not None:
        raise ValueError(f"{value} has a time zone; a terminal's clock has none")
    return value
