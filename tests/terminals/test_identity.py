"""Which punch a record is, and when it happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.punch import Source
from ekinerja_agent.terminals.identity import (
    FUTURE_REASON,
    RESET_REASON,
    ClockRule,
    LogHole,
    quarantine_holes,
    to_punches,
)
from ekinerja_agent.terminals.wire import DecodedLog, Record, Undecodable

MAKASSAR = ZoneInfo("Asia/Makassar")
READ_AT = datetime(2026, 9, 7, 10, 0, tzinfo=UTC)
MORNING = datetime(2026, 9, 7, 7, 28, 11)
EXACT = ClockRule(MAKASSAR, 0, 120)

SOME_CLOCKS = [MORNING + timedelta(minutes=minute) for minute in range(4)]
LOGS = st.lists(st.tuples(st.sampled_from(["1001", "1002", "uid:7"]), st.sampled_from(SOME_CLOCKS)), max_size=25)


def log_of(*records, undecodable: Sequence[Undecodable] = ()):
    taken = {slot.position for slot in undecodable}
    places = (place for place in range(10**6) if place not in taken)
    return DecodedLog(
        40,
        tuple(
            Record(position, pin, clock, 1, 0, 0, b"%d" % position)
            for position, (pin, clock) in zip(places, records, strict=False)
        ),
        tuple(undecodable),
    )


def punches_of(log: DecodedLog, rule: ClockRule = EXACT, known: Mapping[tuple[str, datetime], int] | None = None):
    return to_punches("dinkes-lobby", log, clock_rule=rule, source=Source.POLL, read_at=READ_AT, known=known or {})


def test_a_record_becomes_a_punch_with_all_it_says():
    record = Record(0, "1001", MORNING, 15, 4, 12, b"bytes")
    (punch,), quarantined = punches_of(DecodedLog(40, (record,), ()), ClockRule(MAKASSAR, -7, 120))
    assert quarantined == []
    assert punch.punch_id == "dinkes-lobby/1001/2026-09-07T07:28:11/1"
    assert (punch.clock, punch.at) == (MORNING, datetime(2026, 9, 6, 23, 28, 11, tzinfo=UTC))
    assert (punch.verify, punch.state, punch.work_code, punch.raw) == (15, 4, 12, b"bytes")
    assert (punch.source, punch.offset_s, punch.corrected) == (Source.POLL, -7, False)


@given(LOGS)
def test_occurrences_count_equal_records_from_the_beginning(records: list[tuple[str, datetime]]):
    punches, _ = punches_of(log_of(*records))
    assert len({punch.punch_id for punch in punches}) == len(records)
    for key, count in Counter(records).items():
        same = [punch.occurrence for punch in punches if (punch.pin, punch.clock) == key]
        assert same == list(range(1, count + 1))


@given(LOGS, LOGS)
def test_reading_again_adds_only_what_was_punched_since(
    first: list[tuple[str, datetime]], later: list[tuple[str, datetime]]
):
    before, _ = punches_of(log_of(*first))
    everything, _ = punches_of(log_of(*first, *later))
    new, _ = punches_of(log_of(*first, *later), known=Counter(first))
    assert [punch.punch_id for punch in before + new] == [punch.punch_id for punch in everything]


@given(LOGS)
def test_a_second_read_of_the_same_log_brings_nothing(records: list[tuple[str, datetime]]):
    assert punches_of(log_of(*records), known=Counter(records)) == ([], [])


@given(LOGS)
def test_the_same_second_again_after_a_clear_is_the_same_punch(records: list[tuple[str, datetime]]):
    remembered = Counter(records)
    for record in records:
        assert punches_of(log_of(record), known=remembered)[0] == []


@pytest.mark.parametrize("offset_s", [None, 0, 120, -120])
def test_within_the_tolerance_or_unmeasured_the_clock_counts(offset_s: int | None):
    (punch,), _ = punches_of(log_of(("1001", MORNING)), ClockRule(MAKASSAR, offset_s, 120))
    assert (punch.at, punch.corrected) == (MORNING.replace(tzinfo=MAKASSAR), False)
    assert punch.offset_s == offset_s


@pytest.mark.parametrize("offset_s", [121, 600, -121, -86_400])
def test_beyond_the_tolerance_the_offset_is_taken_off(offset_s: int):
    (punch,), _ = punches_of(log_of(("1001", MORNING)), ClockRule(MAKASSAR, offset_s, 120))
    assert punch.at == MORNING.replace(tzinfo=MAKASSAR) - timedelta(seconds=offset_s)
    assert (punch.clock, punch.offset_s, punch.corrected) == (MORNING, offset_s, True)


def test_without_a_zone_there_is_no_instant_yet():
    (punch,), _ = punches_of(log_of(("1001", MORNING)), ClockRule(None, 600, 120))
    assert (punch.at, punch.corrected) == (None, False)


@pytest.mark.parametrize(
    ("clock", "at"),
    [
        (datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_clock_shown_twice_or_never_has_an_instant_too(clock: datetime, at: datetime):
    assert ClockRule(ZoneInfo("Europe/Amsterdam"), None, 120).at(clock) == at


def test_what_cannot_be_dated_waits_for_a_person_and_stops_nothing():
    reset = datetime(2000, 1, 1, 0, 3)
    tomorrow = datetime(2026, 9, 8, 18, 0)
    bad = Undecodable(1, b"bad", "the date 2026-02-30 does not exist")
    log = log_of(
        ("1001", MORNING),
        ("1001", reset),
        ("1002", tomorrow + timedelta(seconds=1)),
        ("1003", tomorrow),
        undecodable=[bad],
    )
    punches, quarantined = punches_of(log)
    assert [punch.pin for punch in punches] == ["1001", "1003"]
    assert [(record.position, record.raw, record.reason) for record in quarantined] == [
        (1, b"bad", bad.reason),
        (2, b"2", RESET_REASON),
        (3, b"3", FUTURE_REASON),
    ]
    assert {(record.terminal, record.found_at) for record in quarantined} == {("dinkes-lobby", READ_AT)}


def test_a_record_ahead_becomes_a_punch_once_its_time_has_come():
    ahead = log_of(("1001", MORNING + timedelta(days=30)))
    assert len(punches_of(ahead)[1]) == 1
    later = to_punches(
        "dinkes-lobby",
        ahead,
        clock_rule=EXACT,
        source=Source.POLL,
        read_at=READ_AT + timedelta(days=30),
    )
    assert ([punch.occurrence for punch in later[0]], later[1]) == ([1], [])


@given(LOGS, st.sets(st.integers(0, 30), max_size=10))
def test_nothing_is_lost_between_punches_and_quarantine(records: list[tuple[str, datetime]], bad_places: set[int]):
    log = log_of(*records, undecodable=[Undecodable(place, b"", "bad") for place in sorted(bad_places)])
    punches, quarantined = punches_of(log)
    assert len(punches) + len(quarantined) == len(records) + len(bad_places)


# --- holes --------------------------------------------------------------------------------------------------


def utc(clock: datetime):
    return clock.replace(tzinfo=MAKASSAR).astimezone(UTC)


def holes_of(log: DecodedLog, rule: ClockRule = EXACT):
    return quarantine_holes(log, punches_of(log, rule)[1], clock_rule=rule)


def test_a_hole_lies_between_the_neighbours_of_a_quarantined_record():
    reset = datetime(2000, 1, 1)
    log = log_of(
        ("1001", SOME_CLOCKS[0]),
        ("1001", reset),
        ("1002", reset),
        ("1001", SOME_CLOCKS[1]),
        ("1002", SOME_CLOCKS[2]),
    )
    assert holes_of(log) == [
        LogHole(1, utc(SOME_CLOCKS[0]), utc(SOME_CLOCKS[1])),
        LogHole(2, utc(SOME_CLOCKS[0]), utc(SOME_CLOCKS[1])),
    ]


def test_a_hole_without_a_neighbour_is_open_on_that_side():
    bad = [Undecodable(0, b"", "bad"), Undecodable(2, b"", "bad")]
    assert holes_of(log_of(("1001", MORNING), undecodable=bad)) == [
        LogHole(0, None, utc(MORNING)),
        LogHole(2, utc(MORNING), None),
    ]
    assert holes_of(log_of(undecodable=bad[:1])) == [LogHole(0, None, None)]


def test_a_clock_set_back_beside_a_bad_record_makes_the_hole_span_both_neighbours():
    log = log_of(("1001", SOME_CLOCKS[3]), ("1001", SOME_CLOCKS[0]), undecodable=[Undecodable(1, b"", "bad")])
    assert holes_of(log) == [LogHole(1, utc(SOME_CLOCKS[0]), utc(SOME_CLOCKS[3]))]


def test_a_corrected_neighbour_makes_the_hole_wider_never_narrower():
    log = log_of(("1001", SOME_CLOCKS[0]), ("1001", SOME_CLOCKS[1]), undecodable=[Undecodable(1, b"", "bad")])
    ahead = timedelta(minutes=10)
    assert holes_of(log, ClockRule(MAKASSAR, 600, 120)) == [
        LogHole(1, utc(SOME_CLOCKS[0]) - ahead, utc(SOME_CLOCKS[1])),
    ]


@given(LOGS, st.sets(st.integers(0, 30), max_size=10))
def test_every_quarantined_record_has_a_hole_that_no_neighbour_lies_in_order_before(
    records: list[tuple[str, datetime]], bad_places: set[int]
):
    log = log_of(*records, undecodable=[Undecodable(place, b"", "bad") for place in sorted(bad_places)])
    holes = holes_of(log)
    assert [hole.position for hole in holes] == sorted(bad_places)
    for hole in holes:
        assert (hole.start is None) == (not any(record.position < hole.position for record in log.records))
        assert (hole.end is None) == (not any(record.position > hole.position for record in log.records))
        assert hole.start is None or hole.end is None or hole.start <= hole.end


def test_a_hundred_thousand_known_records_are_passed_over():
    log = log_of(*((f"{1000 + n % 700}", MORNING - timedelta(seconds=n)) for n in range(100_000)))
    known = Counter((record.pin, record.clock) for record in log.records)
    del known[log.records[-1].pin, log.records[-1].clock]
    punches, _ = punches_of(log, known=known)
    assert len(punches) == 1
