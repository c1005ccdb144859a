"""Files of punches: good rows become records of their terminal, bad ones keep their text and their "
"row number."""

from __future__ import annotations

from datetime import datetime

import pytest

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.terminals.wire import Record
from ekinerja_agent.usecases.importing.reading.punch_rows import (
    UNKNOWN_TERMINAL,
    attlog_terminal,
    read_attlog,
    read_punch_table,
)

HEAD = b"terminal,pin,clock,state,verify\n"


def test_a_row_becomes_a_record_with_its_row_number_and_its_text() -> None:
    logs, problems = read_punch_table("p.csv", HEAD + b"t1,0123,2026-09-07 07:28:11,0,15\nt2,7,2026-09-07 07:28:11,,\n")
    clock = datetime(2026, 9, 7, 7, 28, 11)
    assert problems == []
    assert logs["t1"].records == (Record(2, "0123", clock, 15, 0, 0, b"t1,0123,2026-09-07 07:28:11,0,15"),)
    assert logs["t2"].records == (Record(3, "7", clock, 255, 255, 0, b"t2,7,2026-09-07 07:28:11,,"),)


def test_bad_rows_are_kept_apart_and_stop_nothing() -> None:
    logs, problems = read_punch_table(
        "p.csv",
        HEAD
        + b"t1,7,2026-02-30 07:00:00,,\n"
        + b"t1,,2026-02-01 07:00:00,,\n"
        + b"t1,7,2026-02-01 07:00,,\n"
        + b"t1,7,2026-02-01 07:00:00,in,\n"
        + b",7,2026-02-01 07:00:00,,\n"
        + b"t1,7,2026-02-01 07:00:00,,\n",
    )
    assert problems == []
    assert [record.position for record in logs["t1"].records] == [7]
    assert [(bad.position, bad.reason) for bad in logs["t1"].undecodable] == [
        (2, "clock: '2026-02-30 07:00:00'; allowed: YYYY-MM-DD HH:MM:SS, the terminal's own time"),
        (3, "pin: ''; allowed: the PIN as the terminal has it, 1 to 24 characters without blanks"),
        (4, "clock: '2026-02-01 07:00'; allowed: YYYY-MM-DD HH:MM:SS, the terminal's own time"),
        (5, "state: 'in'; allowed: the terminal's number, digits only"),
    ]
    assert [bad.position for bad in logs[UNKNOWN_TERMINAL].undecodable] == [6]


def test_a_file_of_which_no_row_is_a_punch_is_refused_with_every_row() -> None:
    logs, problems = read_punch_table("p.csv", HEAD + b"t1,7,7/9/2026 07:00,,\nt1,8,7/9/2026 07:01,,\n")
    assert [problem.line for problem in problems] == [2, 3]
    assert str(problems[0]).endswith("the terminal's own time; no row of the file is a punch")
    assert logs["t1"].records == ()


def test_a_ragged_punch_file_is_no_table() -> None:
    _, problems = read_punch_table("p.csv", HEAD + b"t1,7,2026-02-01 07:00:00,,\nt1,7\n")
    assert [str(problem) for problem in problems] == ["p.csv:3: 2 cells; the header row has 5 columns"]


def test_an_attlog_file_gives_the_records_of_its_terminal() -> None:
    logs, problems = read_attlog("x.dat", b"   7\t2026-09-07 07:28:11\t1\t0\t0\r\nrubbish\r\n", "t1")
    assert problems == []
    assert [record.pin for record in logs["t1"].records] == ["7"]
    assert [bad.position for bad in logs["t1"].undecodable] == [2]


@pytest.mark.parametrize(("content", "found"), [(b"", "the file is empty"), (b"PK\x03\x04", "none of 1 lines")])
def test_a_file_that_is_no_attlog_is_a_problem(content: bytes, found: str) -> None:
    _, (problem,) = read_attlog("x.dat", content, "t1")
    assert str(problem).startswith(f"x.dat: {found}")


def test_the_terminal_of_an_attlog_is_told_by_its_name_or_by_the_option() -> None:
    serials = {"CKJN204860123": "lobby"}
    assert attlog_terminal("CKJN204860123_attlog.dat", None, serials) == "lobby"
    assert attlog_terminal("CKJN204860123_attlog.dat", "lobby", serials) == "lobby"
    assert attlog_terminal("1_attlog.dat", "lobby", serials) == "lobby"
    assert attlog_terminal("old.dat", "lobby", serials) == "lobby"
    for file, given, found in [
        ("old.dat", None, "does not tell which terminal"),
        ("CKJN204860123_attlog.dat", "gate", "has the serial of lobby"),
        ("old.dat", "a/b", "--terminal: 'a/b'"),
    ]:
        with pytest.raises(WrongUsage, match=found):
            attlog_terminal(file, given, serials)
