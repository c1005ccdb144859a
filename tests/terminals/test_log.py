"""The attendance log: every layout, every captured record, and what must not be guessed."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.errors import EkinerjaError, ProtocolViolation
from ekinerja_agent.terminals.wire import AmbiguousLog, decode_log
from tests.terminals.conftest import Capture, Encode

SIZES = (8, 16, 40, 49)
MORNING = datetime(2026, 9, 7, 7, 28, 11)
CLOCKS = st.datetimes(datetime(2005, 1, 1), datetime(2099, 12, 31)).map(lambda clock: clock.replace(microsecond=0))
PIN_TEXTS = st.text("0123456789ABCXYZabcxyz-", min_size=1, max_size=24)


@st.composite
def punches(draw: st.DrawFn, size: int):
    pin = PIN_TEXTS if size in (40, 49) else st.integers(1, 0xFFFF if size == 8 else 999_999_999)
    return (
        draw(pin),
        draw(CLOCKS),
        draw(st.integers(0, 3 if size == 8 else 15)),
        draw(st.integers(0, 5)),
        0 if size == 8 else draw(st.integers(0, 9999)),
    )


def many(encode: type[Encode], size: int, count: int, **attributes):
    """A plausible month: `count` records of 70 people, some minutes apart."""
    return [
        encode.record(size, 1001 + index % 70, MORNING + timedelta(seconds=37 * index), **attributes)
        for index in range(count)
    ]


# --- captured records ---------------------------------------------------------------------------------------


def captured_records(captures: list[Capture], kind: str):
    for entry in captures:
        if entry["kind"] == kind:
            said = entry["decoded"]
            yield bytes.fromhex(entry["hex"]), said if isinstance(said, list) else [said]


@pytest.mark.parametrize("size", [16, 40])
def test_every_captured_record_with_a_pin_is_read(captures: list[Capture], encode: type[Encode], size: int):
    found = 0
    for raw, said in captured_records(captures, f"record{size}"):
        log = decode_log(encode.table(raw), size)
        assert [str(record.clock) for record in log.records] == [record["time"] for record in said]
        assert [record.pin for record in log.records] == [str(record["user_id"]) for record in said]
        assert b"".join(record.raw for record in log.records) == raw
        for record, expected in zip(log.records, said, strict=True):
            if size == 40:
                assert (record.verify, record.status) == (expected["verify"], expected["punch"])
                assert record.work_code == expected["workcode_u32"]
            else:
                assert (record.status, record.verify) == (expected["byte8"], expected["byte9"])
                assert record.work_code == expected["workcode"]
            found += 1
    assert found >= 2


def test_every_captured_record_without_a_pin_is_read_with_its_slot_number(
    captures: list[Capture], encode: type[Encode]
):
    found = 0
    for raw, (said,) in captured_records(captures, "record8-HBBI"):
        (record,) = decode_log(encode.table(raw)).records
        assert (record.pin, str(record.clock)) == (f"uid:{said['uid']}", said["time"])
        assert (record.status, record.verify) == (said["state"], said["verify"])
        found += 1
    assert found == 2


def test_the_captured_rows_that_another_library_cut_two_bytes_early_are_read(
    captures: list[Capture], encode: type[Encode]
):
    rows = [(raw, said) for raw, (said,) in captured_records(captures, "record40-shifted2")]
    assert len(rows) == 3
    # each row starts two bytes before its record and lacks the record's last two bytes
    log = decode_log(encode.table(*(raw[2:] + b"\0\0" for raw, _ in rows)))
    assert log.record_size == 40
    for record, (_, said) in zip(log.records, rows, strict=True):
        assert int.from_bytes(record.raw[:2], "little") == said["uid"]
        assert (record.pin, record.verify, record.status) == (said["user_id"], said["verify"], said["punch"])
        assert str(record.clock) == said["time"]


def test_the_captured_tail_of_a_visible_light_model_is_not_taken_for_a_record(
    captures: list[Capture], encode: type[Encode]
):
    (tail,) = [bytes.fromhex(entry["hex"]) for entry in captures if entry["kind"] == "record49-tail"]
    (raw, _), *_ = captured_records(captures, "record40")
    log = decode_log(encode.table(*[raw + tail] * 40))
    assert log.record_size == 49
    assert {record.pin for record in log.records} == {"999111333"}
    assert len(log.records) == 40


def test_two_identical_records_in_a_row_are_two_records(captures: list[Capture], encode: type[Encode]):
    (raw,) = [raw for raw, said in captured_records(captures, "record16") if len(said) == 2]
    log = decode_log(encode.table(raw), 16)
    assert len(log.records) == 2
    assert log.records[0][1:] == log.records[1][1:]


# --- any log ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@given(data=st.data())
def test_what_was_punched_is_what_is_read(encode: type[Encode], size: int, data: st.DataObject):
    punched = data.draw(st.lists(punches(size), min_size=1, max_size=40))
    rows = [
        encode.record(size, pin, clock, verify=verify, status=status, work_code=work_code)
        for pin, clock, verify, status, work_code in punched
    ]
    log = decode_log(encode.table(*rows), size)
    prefix = "uid:" if size == 8 else ""
    assert [record[1:6] for record in log.records] == [
        (f"{prefix}{pin}", clock, verify, status, work_code) for pin, clock, verify, status, work_code in punched
    ]
    assert [record.raw for record in log.records] == rows
    assert [record.position for record in log.records] == list(range(len(rows)))
    assert not log.undecodable
    assert (log.record_size, log.empty_slots) == (size, 0)


@given(st.binary(max_size=400), st.sampled_from([None, *SIZES]), st.booleans())
def test_any_bytes_are_accounted_for_or_our_error(encode: type[Encode], raw: bytes, known: int | None, as_table: bool):
    table = encode.table(raw) if as_table else raw
    try:
        log = decode_log(table, known)
    except EkinerjaError:
        return
    slots = sorted([*log.records, *log.undecodable])
    empty = b"\0" * (log.record_size or 0) * log.empty_slots
    assert b"".join(slot.raw for slot in slots) + empty == table[4:]


@pytest.mark.parametrize("known", [None, *SIZES])
@pytest.mark.parametrize("table", [b"", b"\0\0\0\0"])
def test_an_empty_log_has_no_record_and_keeps_the_known_size(table: bytes, known: int | None):
    assert decode_log(table, known) == (known, (), (), 0)


@pytest.mark.parametrize("table", [b"\0", b"\x08\0\0\0" + b"\1" * 7, b"\x08\0\0\0" + b"\1" * 9, b"\x08\0\0\0"])
def test_a_table_that_is_not_whole_is_never_decoded(table: bytes):
    with pytest.raises(ProtocolViolation):
        decode_log(table, 8)


# --- the record size ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [None, *SIZES])
@pytest.mark.parametrize("count", [1, 2, 3, 31, 32, 40, 49, 400, 980, 3920])
@pytest.mark.parametrize("size", SIZES)
def test_the_record_size_is_found_whatever_was_known_before(
    encode: type[Encode], size: int, count: int, known: int | None
):
    log = decode_log(encode.table(*many(encode, size, count)), known)
    assert (log.record_size, len(log.records), log.undecodable) == (size, count, ())


@pytest.mark.parametrize("digits", [1, 2, 4, 6, 9, 14])
@pytest.mark.parametrize("size", [40, 49])
def test_pins_of_any_width_do_not_look_like_another_layout(encode: type[Encode], size: int, digits: int):
    for count in (2, 8, 980):
        rows = [encode.record(size, "4102136789012345"[:digits], MORNING) for _ in range(count)]
        assert decode_log(encode.table(*rows)).record_size == size


@pytest.mark.parametrize("size", SIZES)
def test_a_clock_that_was_reset_does_not_hide_the_size(encode: type[Encode], size: int):
    rows = many(encode, size, 33)
    reset = [encode.record(size, 1001, 3600 + index) for index in range(8)]
    log = decode_log(encode.table(*rows, *reset))
    assert (log.record_size, len(log.records)) == (size, 41)


@pytest.mark.parametrize("size", SIZES)
def test_a_known_size_is_believed_for_a_log_of_a_reset_clock(encode: type[Encode], size: int):
    rows = [encode.record(size, 1001 + index, 3600 + index) for index in range(5)]
    assert len(decode_log(encode.table(*rows), size).records) == 5


def test_a_length_of_no_layout_is_ambiguous_and_keeps_the_bytes(encode: type[Encode]):
    table = encode.table(b"x" * 41)
    with pytest.raises(AmbiguousLog, match="no known record layouts") as caught:
        decode_log(table)
    assert caught.value.raw == table


@pytest.mark.parametrize("width", [24, 32, 56])
def test_an_unknown_layout_is_ambiguous_never_guessed(encode: type[Encode], width: int):
    rows = [row.ljust(width, b"\xa5") for row in many(encode, 16, 60)]
    with pytest.raises(AmbiguousLog):
        decode_log(encode.table(*rows))


def test_one_record_that_fits_two_layouts_is_ambiguous(encode: type[Encode]):
    # 16 bytes: PIN 13 with state 0 and verify 0, or slot 13 in a record of 8 bytes before an empty slot
    table = encode.table(encode.record(16, 13, MORNING, verify=0))
    with pytest.raises(AmbiguousLog, match="two known record layouts"):
        decode_log(table)
    assert len(decode_log(table, 16).records) == 1


def test_a_reset_clock_in_a_short_log_does_not_turn_two_records_into_one(encode: type[Encode]):
    with pytest.raises(AmbiguousLog, match="two known record layouts"):
        decode_log(encode.table(encode.record(8, 3, MORNING), encode.record(8, 4, 40, verify=0)))


def test_a_log_of_zeros_alone_tells_nothing(encode: type[Encode]):
    with pytest.raises(AmbiguousLog):
        decode_log(encode.table(b"\0" * 400), 40)


# --- bad records --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_the_thirtieth_of_february_stops_no_other_record(encode: type[Encode], size: int):
    rows = many(encode, size, 60)
    february = encode.time(datetime(2026, 2, 28, 7, 30)) + 2 * 86400
    rows[20] = encode.record(size, 1001, february)
    log = decode_log(encode.table(*rows))
    assert [tuple(slot) for slot in log.undecodable] == [(20, rows[20], "the date 2026-02-30 does not exist")]
    assert [record.position for record in log.records] == [*range(20), *range(21, 60)]


@pytest.mark.parametrize("size", SIZES)
def test_an_empty_slot_at_the_end_is_neither_a_record_nor_damage(encode: type[Encode], size: int):
    rows = many(encode, size, 60)
    log = decode_log(encode.table(*rows, b"\0" * size))
    assert (len(log.records), log.undecodable, log.empty_slots) == (60, (), 1)


@pytest.mark.parametrize("size", SIZES)
def test_an_empty_slot_inside_the_log_is_damage(encode: type[Encode], size: int):
    rows = many(encode, size, 60)
    rows[7] = b"\0" * size
    log = decode_log(encode.table(*rows))
    assert [tuple(slot) for slot in log.undecodable] == [(7, rows[7], "an all-zero slot inside the log")]
    assert len(log.records) == 59


@pytest.mark.parametrize("field", [b"", b"10\x0001", b"10 01", b"\x07", "张".encode()])
def test_a_pin_that_is_no_padded_text_stands_apart(encode: type[Encode], field: bytes):
    rows = many(encode, 40, 60)
    rows[3] = rows[3][:2] + field.ljust(24, b"\0") + rows[3][26:]
    log = decode_log(encode.table(*rows))
    assert [(slot.position, slot.reason) for slot in log.undecodable] == [(3, "the PIN is no NUL-padded text")]
    assert len(log.records) == 59


@pytest.mark.parametrize(("size", "reason"), [(8, "the slot number of the user is 0"), (16, "the PIN is 0")])
def test_a_record_of_nobody_stands_apart(encode: type[Encode], size: int, reason: str):
    rows = many(encode, size, 60)
    rows[3] = encode.record(size, 0, MORNING)
    assert [(slot.position, slot.reason) for slot in decode_log(encode.table(*rows)).undecodable] == [(3, reason)]


def lines_run(work: Callable[[], object]):
    """How many lines of Python a piece of work takes, whatever else the machine does."""
    run = 0

    def count(_frame: FrameType, event: str, _argument: object):
        nonlocal run
        run += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return run


@pytest.mark.parametrize("size", SIZES)
def test_each_record_of_a_long_log_takes_as_many_steps_as_one_of_a_short_log(encode: type[Encode], size: int):
    steps = []
    for count in (2_000, 20_000):
        table = encode.table(*many(encode, size, count))
        assert len(decode_log(table).records) == count
        steps.append(lines_run(lambda table=table: decode_log(table)))
    assert steps[0] > 0
    assert steps[1] <= 11 * steps[0]


def test_the_length_word_counts_what_follows(encode: type[Encode]):
    table = encode.table(*many(encode, 40, 3))
    assert struct.unpack("<I", table[:4]) == (120,)
    assert len(decode_log(table).records) == 3
