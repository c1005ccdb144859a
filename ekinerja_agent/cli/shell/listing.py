"""The one way in which every command prints rows: a table for people, csv and JSON for programs.

Columns come out in the order given and under the names of the contract. What does not exist is `-` in a
table, empty in csv and null in JSON. csv and JSON are written row by row, so a listing may be longer than
memory; a table is not.

csv is RFC 4180 (CRLF, header row). Whatever is text there other people, files and terminals may have filled with
anything: it gets an apostrophe in front of a leading = + - @, TAB or CR unless it is a number, so that a spreadsheet
shows it instead of running it. JSON never gets it. No form lets out what steers a screen.

Does not know what a row means, and prints no errors.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from enum import Enum
from functools import singledispatch
from typing import Any, TextIO, TypeVar

import click

from ekinerja_agent.cli.shell.translate import translated
from ekinerja_agent.files.foreign_text import in_json, in_one_line, shown_not_run

FORMATS = ("table", "json", "csv")


Row = Mapping[str, Any]
Command = TypeVar("Command", bound=Callable[..., Any])


def format_option(command: Command) -> Command:
    """Given a command's function, return it with `--format` as its parameter `fmt` (None: see `emit`)."""
    option = click.option(
        "--format",
        "fmt",
        type=click.Choice(FORMATS),
        default=None,
        help="How rows are printed. Default: table on a terminal, csv when piped.",
    )
    return option(command)


def emit(
    rows: Iterable[Row],
    columns: Sequence[str],
    fmt: str | None,
    *,
    out: TextIO | None = None,
) -> None:
    """Given rows, print these columns of each in the format `fmt`; None means table on a terminal, else csv.

    A row must have every column. Instants come out in ISO with offset, dates and clocks in ISO, bytes as hex,
    numbers that must stay exact (Decimal) as text, lists in csv and tables separated by blanks. A message is English in
    csv and JSON; a table has it in the language of the command.
    """
    out = sys.stdout if out is None else out
    fmt = fmt or ("table" if out.isatty() else "csv")
    if fmt == "json":
        _emit_json(rows, columns, out)
    elif fmt == "csv":
        _emit_csv(rows, columns, out)
    else:
        _emit_table(rows, columns, out)


def _emit_json(rows: Iterable[Row], columns: Sequence[str], out: TextIO) -> None:
    out.write("[")
    separator = "\n"
    for row in rows:
        out.write(separator)
        out.write(in_json(json.dumps({name: _json_value(row[name]) for name in columns}, ensure_ascii=False)))
        separator = ",\n"
    out.write("\n]\n" if separator != "\n" else "]\n")


def _emit_csv(rows: Iterable[Row], columns: Sequence[str], out: TextIO) -> None:
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_csv_text(row[name]) for name in columns])


def _emit_table(rows: Iterable[Row], columns: Sequence[str], out: TextIO) -> None:
    from ekinerja_agent.cli.shell.screen_table import print_table

    rows = list(rows)
    numeric = {
        name: bool(rows) and all(isinstance(row[name], int | Decimal) or row[name] is None for row in rows)
        for name in columns
    }
    print_table(numeric, ([_table_text(row[name]) for name in columns] for row in rows), out)


def _json_value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float) or type(value) is str:
        return value
    if isinstance(value, Mapping):
        return {str(key): _json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(inner) for inner in value]
    return _text(value)


@singledispatch
def _text(value: object) -> str:
    return str(value)


@_text.register
def _(value: bool) -> str:
    return "true" if value else "false"


@_text.register
def _(value: Enum) -> str:
    return str(value.value)


@_text.register(date)
@_text.register(time)
def _(value: date | time) -> str:
    return value.isoformat()


@_text.register(bytes)
@_text.register(memoryview)
def _(value: bytes | memoryview) -> str:
    return value.hex()


@_text.register(list)
@_text.register(tuple)
def _(value: Sequence[object]) -> str:
    return " ".join(map(_text, value))


@_text.register(Mapping)
def _(value: Mapping[str, Any]) -> str:
    return json.dumps(_json_value(value), ensure_ascii=False)


def _csv_text(value: object) -> str:
    return "" if value is None else shown_not_run(_text(value))


def _table_text(value: object) -> str:
    # A name that a file brought must not be able to steer the terminal of the person who lists it.
    return "-" if value is None else in_one_line(translated(value) if isinstance(value, str) else _text(value))
