"""A terminal's USB file: any bytes, line by line."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.terminals.attlog_file import NOT_RECORDED, parse_attlog

MORNING = datetime(2026, 9, 7, 7, 28, 11)


def test_a_line_of_a_terminal_is_read():
    line = b"     1001\t2026-09-07 07:28:11\t1\t0\t12"
    log = parse_attlog(line + b"\r\n")
    assert [tuple(record) for record in log.records] == [(1, "1001", MORNING, 1, 0, 12, line)]
    assert log.undecodable == ()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_line_ends_byte_order_mark_and_blank_lines_do_not_matter(start: bytes, end: bytes):
    lines = [b"7\t2026-09-07 07:28:11\t1\t0\t0", b"", b"  ", b"8\t2026-09-07 07:28:12\t1\t0\t0"]
    log = parse_attlog(start + end.join(lines))
    assert [(record.position, record.pin) for record in log.records] == [(1, "7"), (4, "8")]
    assert log.undecodable == ()


@pytest.mark.parametrize(
    ("line", "attributes"),
    [
        (b"7\t2026-09-07 07:28:11", (NOT_RECORDED, NOT_RECORDED, 0)),
        (b"7\t2026-09-07 07:28:11\t15", (15, NOT_RECORDED, 0)),
        (b"7\t2026-09-07 07:28:11\t1\t4", (1, 4, 0)),
        (b"7\t2026-09-07 07:28:11\t1\t\t9", (1, NOT_RECORDED, 9)),
        (b"7\t2026-09-07 07:28:11\t1\t0\t4294967295\t\xff\xfe\tmore", (1, 0, 0xFFFFFFFF)),
        ("7\t2026-09-07 07:28:11\t1\t0\t0\t张伟".encode("gb18030"), (1, 0, 0)),
    ],
)
def test_missing_fields_are_not_recorded_and_further_ones_are_ignored(line: bytes, attributes: tuple[int, int, int]):
    (record,) = parse_attlog(line).records
    assert (record.verify, record.status, record.work_code) == attributes
    assert record.raw == line


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"7", "the time is ''; YYYY-MM-DD HH:MM:SS is allowed"),
        (b"\t2026-09-07 07:28:11", "the PIN is ''; 1 to 24 letters or digits are allowed"),
        (b"10 01\t2026-09-07 07:28:11", "the PIN is '10 01'; 1 to 24 letters or digits are allowed"),
        (b"\xff\t2026-09-07 07:28:11", r"the PIN is '\\xff'; 1 to 24 letters or digits are allowed"),
        (b"7\t2026-02-30 07:28:11", "the time '2026-02-30 07:28:11' does not exist"),
        (b"7\t2026-09-07 07:2", "the time is '2026-09-07 07:2'; YYYY-MM-DD HH:MM:SS is allowed"),
        (b"7\t07/09/2026 07:28", "the time is '07/09/2026 07:28'; YYYY-MM-DD HH:MM:SS is allowed"),
        (b"7\t2026-09-07 07:28:11\tFP", "verify is 'FP'; a number up to 2147483647 is allowed"),
        (b"7\t2026-09-07 07:28:11\t1\t-1", "state is '-1'; a number up to 2147483647 is allowed"),
        (
            b"7\t2026-09-07 07:28:11\t1\t0\t9999999999",
            "work code is '9999999999'; a number up to 4294967295 is allowed",
        ),
    ],
)
def test_a_bad_line_stands_apart_with_its_number_and_reason(line: bytes, reason: str):
    good = b"8\t2026-09-07 07:28:11\t1\t0\t0"
    log = parse_attlog(good + b"\n" + line + b"\n" + good)
    assert [tuple(bad) for bad in log.undecodable] == [(2, line, reason)]
    assert [record.position for record in log.records] == [1, 3]


@given(st.binary(max_size=300))
def test_any_bytes_are_lines_or_reasons(text: bytes):
    log = parse_attlog(text)
    for slot in (*log.records, *log.undecodable):
        assert slot.raw in text


LINES = st.tuples(
    st.text("0123456789ABC", min_size=1, max_size=24),
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 0xFFFFFFFF),
)


@given(st.lists(LINES, max_size=20))
def test_what_a_terminal_writes_is_what_is_read(lines: list[tuple[str, datetime, int, int, int]]):
    text = "".join(
        f"{pin:>9}\t{clock:%Y-%m-%d %H:%M:%S}\t{verify}\t{state}\t{work_code}\r\n"
        for pin, clock, verify, state, work_code in lines
    )
    log = parse_attlog(text.encode())
    assert [record[1:6] for record in log.records] == [
        (pin, clock.replace(microsecond=0), verify, state, work_code) for pin, clock, verify, state, work_code in lines
    ]
    assert log.undecodable == ()
