"""Listings: a table for people, csv and JSON that programs read back exactly."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.files.foreign_text import on_screen, shown_not_run
from ekinerja_agent.nouns.punch import Source

WITA = timezone(timedelta(hours=8))
ROW: Mapping[str, Any] = {
    "name": "Siti; Nur, S.E.",
    "missing": None,
    "at": datetime(2026, 9, 7, 7, 28, 11, tzinfo=WITA),
    "day": date(2026, 9, 7),
    "time": time(7, 28),
    "count": 3,
    "pct": Decimal("98.50"),
    "raw": b"\x01\xff",
    "source": Source.FILE,
    "flags": ("corrected", "late"),
    "enabled": True,
}


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(rows: Iterable[Mapping[str, object]], columns: list[str], fmt: str | None = None, **options: Any) -> str:
    out = io.StringIO(newline="")
    emit(rows, columns, fmt, out=out, **options)
    return out.getvalue()


def test_json_is_a_list_with_the_named_keys_in_order() -> None:
    text = printed([ROW, ROW], list(ROW), "json")
    first, second = json.loads(text)
    assert first == second
    assert list(first) == list(ROW)
    assert first == {
        "name": "Siti; Nur, S.E.",
        "missing": None,
        "at": "2026-09-07T07:28:11+08:00",
        "day": "2026-09-07",
        "time": "07:28:00",
        "count": 3,
        "pct": "98.50",
        "raw": "01ff",
        "source": "file",
        "flags": ["corrected", "late"],
        "enabled": True,
    }


def test_csv_has_a_header_and_ends_its_lines_as_rfc_4180_says() -> None:
    text = printed([ROW], ["name", "missing", "at", "flags", "enabled"], "csv")
    assert text == (
        'name,missing,at,flags,enabled\r\n"Siti; Nur, S.E.",,2026-09-07T07:28:11+08:00,corrected late,true\r\n'
    )


def test_without_a_format_a_pipe_gets_csv_and_a_screen_a_table() -> None:
    assert printed([ROW], ["count", "missing"]) == "count,missing\r\n3,\r\n"
    screen = Screen()
    emit([ROW], ["count", "missing"], None, out=screen)
    lines = [line.split() for line in screen.getvalue().splitlines()]
    assert lines[0] == ["count", "missing"]
    assert lines[-1] == ["3", "-"]


def test_no_rows_are_an_empty_list_a_header_and_an_empty_table() -> None:
    assert json.loads(printed([], ["a"], "json")) == []
    assert printed([], ["a"], "csv") == "a\r\n"
    assert printed([], ["a"], "table").split()[0] == "a"


def test_a_table_in_a_pipe_neither_cuts_nor_wraps() -> None:
    long = "x" * 3000
    assert long in printed([{"a": long}], ["a"], "table")


def test_a_name_cannot_steer_the_screen_or_style_the_table() -> None:
    text = printed([{"name": "[red]Ani[/red]\x1b[2J\nBudi"}], ["name"], "table")
    assert "[red]Ani[/red]�[2J�Budi" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("fmt", ["json", "csv"])
def test_csv_and_json_are_written_while_rows_still_come(fmt: str) -> None:
    out = io.StringIO()
    seen: list[str] = []

    def rows() -> Iterator[Mapping[str, Any]]:
        yield {"a": "first"}
        seen.append(out.getvalue())
        yield {"a": "second"}

    emit(rows(), ["a"], fmt, out=out)
    assert "first" in seen[0]


def test_a_row_without_a_named_column_is_a_mistake_of_ours() -> None:
    for fmt in ("csv", "json", "table"):
        with pytest.raises(KeyError):
            printed([{"a": 1}], ["a", "b"], fmt)


def test_the_option_offers_the_three_formats() -> None:
    @click.command()
    @format_option
    def listing(fmt: str | None) -> None:
        emit([{"a": datetime(2026, 1, 1, tzinfo=UTC)}], ["a"], fmt)

    runner = CliRunner()
    assert runner.invoke(listing, ["--format", "json"]).output == '[\n{"a": "2026-01-01T00:00:00+00:00"}\n]\n'
    assert runner.invoke(listing, []).output.splitlines() == ["a", "2026-01-01T00:00:00+00:00"]
    assert runner.invoke(listing, ["--format", "xml"]).exit_code == 2


CELLS = st.dictionaries(st.sampled_from("abc"), st.text(), min_size=3)


@given(st.lists(CELLS, max_size=5))
def test_any_text_is_read_back_from_csv_and_json(rows: list[dict[str, str]]) -> None:
    assert json.loads(printed(rows, ["a", "b", "c"], "json")) == rows
    text = printed(rows, ["a", "b", "c"], "csv")
    shown = [{name: shown_not_run(cell) for name, cell in row.items()} for row in rows]
    assert list(csv.DictReader(io.StringIO(text, newline=""))) == shown


@given(st.text())
def test_a_cell_is_the_text_itself_but_for_what_runs_or_steers(text: str) -> None:
    cell = shown_not_run(text)
    assert cell in {on_screen(text), f"'{on_screen(text)}"}
    assert cell.startswith("'") or not cell.startswith(("=", "@"))
    assert len(on_screen(text)) == len(text)
    assert all(one == other or not one.isprintable() for one, other in zip(text, on_screen(text), strict=True))
