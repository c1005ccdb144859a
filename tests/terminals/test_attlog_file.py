"""A terminal's USB file: any bytes, line by line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.terminals.attlog_file import (
    NOT_RECORDED,
    ends_within_a_line,
    has_seconds,
    parse_attlog,
    serial_inside,
)

MORNING = datetime(2026, 9, 7, 7, 28, 11)


def test_a_line_of_a_terminal_is_read():
    line = b"     1001\t2026-09-07 07:28:11\t3\t0\t15\t12"
    log = parse_attlog(line + b"\r\n")
    assert [tuple(record) for record in log.records] == [(1, "1001", MORNING, 15, 0, 12, line)]
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
        (b"7\t2026-09-07 07:28:11\t3", (NOT_RECORDED, NOT_RECORDED, 0)),
        (b"7\t2026-09-07 07:28:11\t3\t4", (NOT_RECORDED, 4, 0)),
        (b"7\t2026-09-07 07:28:11\t3\t4\t15", (15, 4, 0)),
        (b"7\t2026-09-07 07:28:11\t3\t\t1\t9", (1, NOT_RECORDED, 9)),
        (b"7\t2026-09-07 07:28:11\t3\t0\t1\t4294967295\t\xff\xfe\tmore", (1, 0, 0xFFFFFFFF)),
        ("7\t2026-09-07 07:28:11\t3\t0\t1\t0\t张伟".encode("gb18030"), (1, 0, 0)),
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
        (b"7\t1971--10--29 -1:-49:-39\t1\t0", "the time is '1971--10--29 -1:-49:-39'; YYYY-MM-DD HH:MM:SS is allowed"),
        (b"7\t1990-00--8 -16:-29:-40\t1", "the time is '1990-00--8 -16:-29:-40'; YYYY-MM-DD HH:MM:SS is allowed"),
        (b"\0" * 40, "the PIN is '" + r"\x00" * 40 + "'; 1 to 24 letters or digits are allowed"),
        (b"7\t2026-09-07 07:28:11\t1\t0\tFP", "verify is 'FP'; a number up to 2147483647 is allowed"),
        (b"7\t2026-09-07 07:28:11\t1\t-1", "state is '-1'; a number up to 2147483647 is allowed"),
        (
            b"7\t2026-09-07 07:28:11\t1\t0\t1\t9999999999",
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
    told = [slot.position for slot in (*log.records, *log.undecodable)]
    assert len(set(told)) == len(told)


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
        f"{pin:>9}\t{clock:%Y-%m-%d %H:%M:%S}\t1\t{state}\t{verify}\t{work_code}\r\n"
        for pin, clock, verify, state, work_code in lines
    )
    log = parse_attlog(text.encode())
    assert [record[1:6] for record in log.records] == [
        (pin, clock.replace(microsecond=0), verify, state, work_code) for pin, clock, verify, state, work_code in lines
    ]
    assert log.undecodable == ()


USB = Path(__file__).parents[1] / "captures" / "usb"
DAY = "2026-09-01"
SIX = [("1", "07:21:13"), ("2", "07:30:59"), ("00003", "07:31:00"), ("1", "16:00:05"), ("2", "15:59:59")]
SIX = [*SIX, ("00003", "16:30:01")]


@pytest.mark.parametrize("form", ["std", "bom", "2col", "space", "slash", "utf16", "name", "nosec"])
def test_every_form_of_a_file_says_the_same(form: str):
    (file,) = USB.glob(f"t1_{form}.*")
    log = parse_attlog(file.read_bytes())
    seconds = form != "nosec"
    expected = [(pin, datetime.fromisoformat(f"{DAY} {clock if seconds else clock[:5]}")) for pin, clock in SIX]
    assert [(record.pin, record.clock) for record in log.records] == expected
    assert {has_seconds(record.raw) for record in log.records} == {seconds}
    assert not any(b"Ketut" in record.raw for record in log.records)
    assert log.undecodable == ()
    assert not ends_within_a_line(file.read_bytes())


LINES_OF_FORMS = [
    ("usb-tft-face.dat", [(0, 1, 0), (0, 15, 0), (1, 15, 0), (1, 1, 0)], 0, None),
    ("usb-solution-5-columns.dat", [(0, 0, 0), (1, 0, 0)], 0, None),
    ("usb-bw-sn-checksum.dat", [(0, 1, 0), (1, 1, 0)], 0, "3391810200077"),
    ("usb-name-column.dat", [(NOT_RECORDED, NOT_RECORDED, 0)] * 2, 0, None),
    ("usb-ctrl-z.dat", [(0, 1, 0)], 0, None),
    ("usb-no-seconds.dat", [(0, 1, 0)], 0, None),
    ("usb-slashes.dat", [(0, 1, 0)], 0, None),
    ("usb-utf16.dat", [(0, 1, 0)], 0, None),
    ("usb-cut-then-nul.dat", [(0, 1, 0)], 1, None),
    ("usb-neg-and-zero-pins.dat", [(0, 1, 0)] * 5, 0, None),
    ("f3-nul-line-2019.dat", [(0, 1, 0)] * 3, 1, None),
    ("f3-reset-clock-2019.dat", [(0, 1, 0)] * 5, 0, None),
    ("AGL_0001.TXT", [], 7, None),
    ("AGL_001.TXT", [], 7, None),
]


@pytest.mark.parametrize(("name", "attributes", "unreadable", "serial"), LINES_OF_FORMS)
def test_a_file_of_the_field_is_read_as_what_it_says(
    name: str, attributes: list[tuple[int, int, int]], unreadable: int, serial: str | None
):
    content = (USB / name).read_bytes()
    log = parse_attlog(content)
    assert [(record.status, record.verify, record.work_code) for record in log.records] == attributes
    assert (len(log.undecodable), serial_inside(content)) == (unreadable, serial)


GOOD = b"7\t2026-09-07 07:28:11\t1\t0\t1\t0"


@pytest.mark.parametrize(
    ("head", "serial"),
    [(b"SN:CJDE193560303", "CJDE193560303"), (b"Serial No. = 339-18", "339-18"), (b"3391810200077", "3391810200077")],
)
@pytest.mark.parametrize(
    "tail", [b"", b"\r\nCHECKSUM=4213", b"\r\nCRC16: 0A4F\r\n", b"\r\n\x1a", b"\r\n\x1a\r\n", b"\n\0\0"]
)
def test_a_line_of_the_serial_a_check_sum_and_what_fills_up_are_no_records(head: bytes, serial: str, tail: bytes):
    content = head + b"\r\n" + GOOD + tail
    log = parse_attlog(content)
    assert ([record.pin for record in log.records], log.undecodable, serial_inside(content)) == (["7"], (), serial)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
def test_utf_16_needs_no_byte_order_mark(encoding: str):
    log = parse_attlog((GOOD + b"\r\n" + GOOD + b"\r\n").decode().encode(encoding))
    assert [record.raw for record in log.records] == [GOOD, GOOD]


def test_a_line_that_was_cut_within_its_time_is_no_record_of_a_minute():
    log = parse_attlog(GOOD + b"\r\n8\t2026-09-07 07:28")
    assert [record.pin for record in log.records] == ["7"]
    assert [str(bad.reason) for bad in log.undecodable] == ["the line ends within its time: the file was cut off"]
    assert parse_attlog(GOOD + b"\r\n8\t2026-09-07 07:28\r\n").undecodable == ()
    assert ends_within_a_line(GOOD)
