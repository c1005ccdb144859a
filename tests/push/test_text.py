"""The language of terminals that push: bodies to records, whatever the bytes."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.simulator.push_device import PushRecord
from ekinerja_agent.terminals.push_text import (
    DeviceFacts,
    Result,
    breaks_off,
    count_lines,
    inflate,
    option_lines,
    parse_info,
    parse_options,
    parse_results,
    parse_upload,
    whole_lines,
    zone_text,
)

LINES = st.builds(
    PushRecord,
    st.text("0123456789ABCabc", min_size=1, max_size=9),
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(microsecond=0)),
    st.integers(0, 5),
    st.integers(0, 15),
)


@given(st.lists(LINES, max_size=20), st.integers(2, 12), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_every_line_of_two_to_twelve_fields_is_its_record(
    lines: list[PushRecord], fields: int, end: str, ended: bool, padded: bool
) -> None:
    body = end.join(line.line(fields) for line in lines) + end * ended
    decoded = parse_upload(body.encode() + b"\0" * (3 * padded)).decoded
    assert not decoded.undecodable
    assert [(each.pin, each.clock) for each in decoded.records] == [(line.pin, line.clock) for line in lines]
    if fields >= 4:
        assert [(each.status, each.verify) for each in decoded.records] == [(n.status, n.verify) for n in lines]
    else:
        assert all(each.verify == 255 for each in decoded.records)


@given(st.binary(max_size=300))
def test_no_bytes_raise_and_no_line_is_lost(body: bytes) -> None:
    decoded = parse_upload(body).decoded
    assert len(decoded.records) + len(decoded.undecodable) <= body.count(b"\n") + body.count(b"\r") + 1
    told = {each.raw for each in (*decoded.records, *decoded.undecodable, *parse_upload(body).apart)}
    lines = body.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n").split(b"\n")
    assert {line for line in lines if line.strip(b"\0 \t")} <= told
    assert breaks_off(body) in (True, False)
    parse_results(body)
    parse_options(body)
    assert body.startswith(whole_lines(body))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_name_behind_the_punch_may_have_any_encoding(encoding: str) -> None:
    text = "1001\t2026-10-10 08:01:22\t0\t1\t0\t王小明 ŝ 𠀀\n1002\t2026-10-10 08:01:23\t1\t15\n"
    decoded = parse_upload(text.encode(encoding)).decoded
    assert [(each.pin, each.status, each.verify) for each in decoded.records] == [("1001", 0, 1), ("1002", 1, 15)]


def test_what_cannot_be_understood_is_kept_with_its_bytes_and_the_reason() -> None:
    decoded = parse_upload(
        b"1001\t2026-02-30 08:00:00\t0\n\xb9\xa4\t2026-10-10 08:00:00\n1001\n1\t2026-10-10 08:00:00"
    ).decoded
    assert [each.position for each in decoded.undecodable] == [1, 2, 3]
    assert [each.raw[:4] for each in decoded.undecodable] == [b"1001", b"\xb9\xa4\t2", b"1001"]
    assert "does not exist" in decoded.undecodable[0].reason
    assert [each.position for each in decoded.records] == [4]


def test_an_attribute_that_is_no_number_does_not_keep_a_punch_back() -> None:
    (record,) = parse_upload(b"7\t2026-10-10 08:00:00\tx\t99999999999\tA1\n").decoded.records
    assert (record.status, record.verify, record.work_code) == (255, 255, 0)


@given(st.lists(LINES, min_size=1, max_size=5), st.data())
def test_a_body_that_was_cut_within_a_record_is_seen(lines: list[PushRecord], data: st.DataObject) -> None:
    body = "".join(line.line() + "\n" for line in lines).encode()
    cut = body[: data.draw(st.integers(1, len(body) - 1))]
    last = cut[len(whole_lines(cut)) :]
    assert breaks_off(cut) == (last != b"" and len(last.partition(b"\t")[2]) < len("2026-10-10 08:00:00"))


def test_a_gzip_bomb_is_measured_before_it_is_whole_and_a_damaged_one_is_refused() -> None:
    assert inflate(gzip.compress(b"a" * 100), 100) == b"a" * 100
    assert inflate(gzip.compress(b"a" * 10_000_000), 100) is None
    for damaged in (gzip.compress(b"abc")[:-2], gzip.compress(b"abc") + b"x", b"abc"):
        with pytest.raises(ValueError, match="gzip"):
            inflate(damaged, 100)


def test_zones_are_whole_hours_or_minutes() -> None:
    zones = [zone_text(timedelta(minutes=minutes)) for minutes in (480, 420, 0, -180, 330, 345, -210)]
    assert zones == ["8", "7", "0", "-3", "330", "345", "-210"]


def test_the_answer_asks_for_punches_in_the_clear_and_nothing_else() -> None:
    text = option_lines(
        "S1", attlog_stamp="0", operlog_stamp="9999", utc_offset=timedelta(hours=8), most_body_bytes=1024
    )
    first, *lines = text.splitlines()
    options = dict(line.split("=", 1) for line in lines)
    assert first == "GET OPTION FROM: S1"
    assert {name: options[name] for name in ("ATTLOGStamp", "TimeZone", "Realtime", "Encrypt", "TransFlag")} == {
        "ATTLOGStamp": "0",
        "TimeZone": "8",
        "Realtime": "1",
        "Encrypt": "None",
        "TransFlag": "TransData AttLog",
    }


def test_answers_to_commands_come_on_one_line_or_on_many() -> None:
    assert parse_results(b"ID=1&Return=0&CMD=INFO\nID=7&Return=-1002&CMD=USER\n") == [Result(1, 0), Result(7, -1002)]
    assert parse_results(b"ID=32\nReturn=0\nCMD=Shell\nContent=Tue Mar 24") == [Result(32, 0)]
    assert parse_results(b"nothing") == []


def test_what_a_terminal_tells_of_itself() -> None:
    assert parse_info("Ver 8.0.1-20151229,5,2,100,192.168.1.201") == DeviceFacts("Ver 8.0.1-20151229", 5, 100)
    assert parse_info("") == DeviceFacts()
    assert parse_options(b"~DeviceName=X,FWVersion=Ver 1,UserCount=3\nTransactionCount=9") == DeviceFacts("Ver 1", 3, 9)
    assert parse_options(b"FWVersion=\x07,UserCount=-1") == DeviceFacts()


def test_lines_of_a_body_that_nobody_keeps_are_counted() -> None:
    assert count_lines(b"USER PIN=1\tPasswd=1234\nOPLOG 4\t0\n\0\0") == 2
