"""Query results as columns and columns as rows, without a Python object per value on the way where they are many.

PostgreSQL speaks CSV in both directions (COPY), SQLite its own text forms. A few rows are asked for as any other query
is: to write its text costs more than to read them. Does not know what is asked.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import polars as pl
from sqlalchemy import Connection, Select, Table
from sqlalchemy.sql.selectable import CompoundSelect

from ekinerja_agent.central.store.bulk import copy
from ekinerja_agent.scoring.frames.schemas import Schema

_NULL = r"\N"
_INSTANT_FORMAT = "%Y-%m-%d %H:%M:%S%.6f"
_FEW = "few_rows"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@contextmanager
def expecting_few(conn: Connection, *, when: bool) -> Iterator[None]:
    """Where the facts of few people are read, have `read_frame` ask on this connection in the way that is cheaper then.

    It holds as long as the block. An option of the connection and no argument: every reader of facts would have to hand
    it on, and none of them depends on it.
    """
    before = bool(conn.get_execution_options().get(_FEW))
    conn.execution_options(**{_FEW: before or when})
    try:
        yield
    finally:
        conn.execution_options(**{_FEW: before})


def read_frame(
    conn: Connection, query: Select[Any] | CompoundSelect[Any], schema: Schema, values: Mapping[str, Any] = _NOTHING
) -> pl.DataFrame:
    """Given a query whose columns have the names of `schema`, and the values of its parameters, of which there may be
    more than it takes, return its rows in that shape.

    Instants come out in UTC; a `pl.Datetime` without zone is a terminal's clock.
    """
    if conn.get_execution_options().get(_FEW):
        rows = [tuple(row) for row in conn.execute(query, values)]
        return pl.DataFrame(rows, schema=schema, orient="row")
    names = list(schema)
    sql = str(query.params(**values).compile(conn, compile_kwargs={"literal_binds": True}))
    text = _read_postgresql(conn, sql, names) if conn.dialect.name == "postgresql" else _read_sqlite(conn, sql, names)
    return text.select(_from_text(name, kind) for name, kind in schema.items())


def write_frame(conn: Connection, table: Table, frame: pl.DataFrame) -> None:
    """Given a frame whose columns are columns of the table, insert its rows. Lists are joined by newlines."""
    if frame.is_empty():
        return
    names = ", ".join(f'"{name}"' for name in frame.columns)
    if conn.dialect.name == "postgresql":
        _copy(conn, f"copy {table.name} ({names}) from stdin with (format csv, null '{_NULL}')", frame)
        return
    marks = ", ".join("?" * frame.width)
    text = frame.select(_to_text(name, kind) for name, kind in frame.schema.items())
    conn.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", text.rows())


def _read_postgresql(conn: Connection, sql: str, names: Sequence[str]) -> pl.DataFrame:
    text = io.BytesIO()
    # The text holds literals already, in which SQLAlchemy doubled each % for a driver that interpolates.
    copy(conn, f"copy ({sql.replace('%%', '%')}) to stdout with (format csv, null '{_NULL}')", text)
    columns = dict.fromkeys(names, pl.String)
    if not text.tell():
        return pl.DataFrame(schema=columns)
    text.seek(0)
    return pl.read_csv(text, has_header=False, schema=columns, null_values=_NULL, empty_string_is_null=False)


def _read_sqlite(conn: Connection, sql: str, names: Sequence[str]) -> pl.DataFrame:
    rows = conn.exec_driver_sql(sql).fetchall()  # nothing is doubled: this driver does not interpolate
    if not rows:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    columns = zip(names, zip(*rows, strict=True), strict=True)
    return pl.DataFrame({name: pl.Series(name, values, strict=False) for name, values in columns})


def _from_text(name: str, kind: Any) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        local = column.cast(pl.String).str.strip_suffix("+00").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us")
        return local.dt.replace_time_zone(kind.time_zone)
    if kind == pl.Boolean:
        return column.cast(pl.String).is_in(["t", "1", "true"])
    if kind == pl.Date:
        return column.cast(pl.String).str.to_date("%Y-%m-%d")
    if kind == pl.Time:
        return column.cast(pl.String).str.to_time("%H:%M:%S%.f")
    return column.cast(kind)


def _to_text(name: str, kind: Any) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        return column.dt.strftime(_INSTANT_FORMAT)
    if kind == pl.Date:
        return column.dt.strftime("%Y-%m-%d")
    if isinstance(kind, pl.List):
        return column.list.join("\n")
    return column


def _copy(conn: Connection, statement: str, frame: pl.DataFrame) -> None:
    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    joined = frame.with_columns(pl.col(lists).list.join("\n")) if lists else frame
    text = io.BytesIO()
    joined.write_csv(
        text, include_header=False, null_value=_NULL, datetime_format="%Y-%m-%d %H:%M:%S%.6f%z", quote_style="necessary"
    )
    text.seek(0)
    copy(conn, statement, text)
