"""What uploads vouch for: only stretches whose records are all stored, told by the instants at which things came."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.coverage import ClockReading, Coverage
from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.nouns.punch import Punch
from ekinerja_agent.nouns.terminal import TerminalStatus
from ekinerja_agent.spool import Spool, TerminalMemory, UnreadUploads
from ekinerja_agent.usecases.collecting import push_unread
from ekinerja_agent.usecases.collecting.push import Receiver, Stored
from tests.push.conftest import ZONE, pushing

SEVEN = datetime(2026, 9, 6, 23, 0, tzinfo=UTC)
"""Seven in the morning in Makassar."""
TOLERANCE = timedelta(seconds=120)
MINUTE = timedelta(minutes=1)


class Desk:
    """A receiver at a time that the test says; one terminal."""

    def __init__(self, path: Path) -> None:
        self.spool = Spool(path)
        self.terminal = pushing("t1", "S1")
        self.trusted = True
        self.start()

    def start(self) -> None:
        self.receiver = Receiver(
            self.spool,
            [self.terminal],
            tolerance_s=120,
            host_clock_trusted=lambda: self.trusted,
            most_body_bytes=1 << 20,
        )

    def greet(self, at: datetime) -> str:
        """At first contact the terminal refuses to count its records: what it proves rests on its word."""
        options = self.receiver.options(self.terminal, at)
        if (asked := self.receiver.next_command(self.terminal, at)) is not None:
            self.receiver.results(self.terminal, f"ID={asked.number}&Return=-1&CMD=VERIFY SUM".encode(), at)
        return options

    def beat(self, *instants: datetime) -> None:
        for at in instants:
            self.receiver.contact(self.terminal, at)

    def beats(self, start: datetime, end: datetime) -> None:
        while start < end:
            self.beat(start)
            start += 5 * MINUTE

    def send(self, *clocks: datetime | bytes, at: datetime, complete: bool = True) -> Stored:
        lines = [clock if isinstance(clock, bytes) else self.line(clock) for clock in clocks]
        return self.receiver.receive(self.terminal, b"\n".join(lines) + b"\n", complete=complete, arrived_at=at)

    def unread(self, body: bytes, at: datetime) -> Stored:
        return self.receiver.keep_unread(self.terminal, "rtlog", body, complete=True, arrived_at=at)

    def line(self, instant: datetime) -> bytes:
        return f"{instant:%H%M%S}\t{instant.astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M:%S}\t0\t1".encode()

    def covered(self) -> list[tuple[datetime, datetime, str]]:
        notes = [note for note in self.spool.waiting(10_000).notes if isinstance(note, Coverage)]
        assert all(note.start is not None for note in notes)
        return [(note.start, note.end, note.kind) for note in notes if note.start is not None]

    def proven(self) -> list[tuple[datetime, datetime]]:
        """Stretches that touch as one."""
        joined: list[tuple[datetime, datetime]] = []
        for start, end, kind in self.covered():
            assert kind == "proven"
            touches = bool(joined) and joined[-1][1] == start
            joined.append((joined.pop()[0] if touches else start, end))
        return joined

    def punches(self) -> tuple[Punch, ...]:
        return self.spool.waiting(10_000).punches

    def state(self) -> str:
        (status,) = [note for note in self.spool.waiting(10_000).notes if isinstance(note, TerminalStatus)]
        return status.state


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "spool.db")
    yield desk
    desk.receiver.close()
    desk.spool.close()


def test_a_record_that_comes_as_it_happens_vouches_for_all_before_it(desk: Desk) -> None:
    desk.greet(SEVEN)
    desk.send(SEVEN - 50 * MINUTE, SEVEN - 30 * MINUTE, at=SEVEN)
    assert desk.covered() == []  # old: others may follow
    desk.send(SEVEN + MINUTE, at=SEVEN + MINUTE)
    assert desk.covered() == [(SEVEN - 50 * MINUTE, SEVEN + MINUTE - TOLERANCE, "proven")]
    desk.beats(SEVEN + MINUTE, SEVEN + 31 * MINUTE)
    desk.send(SEVEN + 31 * MINUTE, at=SEVEN + 31 * MINUTE)
    assert desk.covered()[-1][1:] == (SEVEN + 31 * MINUTE - TOLERANCE, "proven")


def test_contact_alone_proves_nothing(desk: Desk) -> None:
    desk.greet(SEVEN)
    desk.beats(SEVEN, SEVEN + timedelta(hours=9))
    assert desk.covered() == []


def test_a_long_time_without_contact_or_record_is_silent_and_only_that(desk: Desk) -> None:
    desk.greet(SEVEN)
    desk.send(SEVEN, at=SEVEN)
    desk.beat(SEVEN + 5 * MINUTE, SEVEN + 9 * MINUTE)
    desk.beat(SEVEN + 60 * MINUTE, SEVEN + 65 * MINUTE)
    desk.send(SEVEN + 70 * MINUTE, at=SEVEN + 70 * MINUTE)
    until = SEVEN + 70 * MINUTE - TOLERANCE
    assert desk.covered() == [
        (SEVEN, SEVEN + 9 * MINUTE, "proven"),
        (SEVEN + 9 * MINUTE, SEVEN + 60 * MINUTE, "silent"),
        (SEVEN + 60 * MINUTE, until, "proven"),
    ]


@pytest.mark.parametrize(
    ("recorded", "silent"),
    [((120,), [(0, 120), (120, 298)]), (tuple(range(0, 300, 9)), []), ((4, 297), [(4, 297)])],
)
def test_a_record_within_a_time_without_contact_shows_power_at_its_own_instant_only(
    desk: Desk, recorded: tuple[int, ...], silent: list[tuple[int, int]]
) -> None:
    """One record in five hours was taken for power all the time, and whoever was late beside it was late by proof."""
    desk.greet(SEVEN)
    desk.send(SEVEN, at=SEVEN)
    back = SEVEN + 300 * MINUTE
    desk.beat(back)
    desk.send(*(SEVEN + minute * MINUTE for minute in recorded), at=back)
    desk.send(back, at=back)
    assert [(start, end) for start, end, kind in desk.covered() if kind == "silent"] == [
        (SEVEN + start * MINUTE, SEVEN + end * MINUTE) for start, end in silent
    ]
    assert sum((end - start for start, end, _ in desk.covered()), timedelta()) == back - TOLERANCE - SEVEN


def test_a_restart_of_the_service_does_not_hide_a_time_without_contact(desk: Desk) -> None:
    desk.greet(SEVEN)
    desk.send(SEVEN, at=SEVEN)
    desk.receiver.close()
    desk.start()
    desk.send(SEVEN + 30 * MINUTE, at=SEVEN + 30 * MINUTE)
    assert desk.covered() == [
        (SEVEN, SEVEN + 28 * MINUTE, "silent"),
    ]


def test_a_terminal_that_sends_the_newest_first_again_and_again_vouches_for_nothing_for_a_week(desk: Desk) -> None:
    desk.greet(SEVEN)
    desk.send(SEVEN, at=SEVEN)
    desk.beats(SEVEN, SEVEN + 60 * MINUTE)
    desk.send(SEVEN + 60 * MINUTE, at=SEVEN + 60 * MINUTE)
    for old in (30, 29, 28):
        before = desk.covered()
        desk.send(SEVEN + old * MINUTE, at=SEVEN + 61 * MINUTE)
        assert "older than what was vouched for" in desk.state()
    desk.send(SEVEN + 62 * MINUTE, at=SEVEN + 62 * MINUTE)
    assert desk.covered() == before
    week = SEVEN + timedelta(days=8)
    desk.send(week, at=week)
    assert desk.covered()[-1][1] == week - TOLERANCE
    assert "older" not in desk.state()


def test_one_old_record_takes_nothing_of_what_comes_later(desk: Desk) -> None:
    desk.greet(SEVEN)
    desk.send(SEVEN, at=SEVEN)
    desk.send(SEVEN + MINUTE, at=SEVEN + MINUTE)
    desk.send(SEVEN + 5 * MINUTE, at=SEVEN + 5 * MINUTE)
    desk.send(SEVEN + 2 * MINUTE, at=SEVEN + 6 * MINUTE)
    desk.send(SEVEN + 9 * MINUTE, at=SEVEN + 9 * MINUTE)
    assert desk.proven() == [(SEVEN, SEVEN + 7 * MINUTE)]


def test_what_was_known_already_breaks_no_order(desk: Desk) -> None:
    desk.greet(SEVEN)
    desk.send(SEVEN, at=SEVEN)
    desk.beats(SEVEN, SEVEN + 20 * MINUTE)
    desk.send(SEVEN + 20 * MINUTE, at=SEVEN + 20 * MINUTE)
    desk.send(SEVEN, SEVEN + 20 * MINUTE, at=SEVEN + 21 * MINUTE)
    desk.send(SEVEN + 22 * MINUTE, at=SEVEN + 22 * MINUTE)
    assert desk.covered()[-1][1] == SEVEN + 22 * MINUTE - TOLERANCE
    assert len(desk.punches()) == 3


def test_a_line_that_waits_for_a_person_leaves_a_hole_between_its_neighbours_also_across_uploads(desk: Desk) -> None:
    bad = b"1\t2026-02-30 07:00:00\t0\t1"
    desk.greet(SEVEN)
    desk.send(SEVEN, at=SEVEN)
    desk.beats(SEVEN, SEVEN + 60 * MINUTE)
    desk.send(SEVEN + 5 * MINUTE, bad, at=SEVEN + 6 * MINUTE)
    desk.send(SEVEN + 10 * MINUTE, SEVEN + 60 * MINUTE, at=SEVEN + 60 * MINUTE)
    assert desk.covered() == [
        (SEVEN, SEVEN + 5 * MINUTE, "proven"),
        (SEVEN + 10 * MINUTE, SEVEN + 60 * MINUTE - TOLERANCE, "proven"),
    ]
    desk.send(SEVEN + 61 * MINUTE, bad, at=SEVEN + 61 * MINUTE)  # it ends in doubt: nothing is proven
    assert len(desk.covered()) == 2


def test_an_upload_that_was_cut_off_vouches_for_nothing(desk: Desk) -> None:
    desk.greet(SEVEN)
    desk.send(SEVEN - MINUTE, at=SEVEN)
    desk.send(SEVEN + 5 * MINUTE, at=SEVEN + 5 * MINUTE, complete=False)
    assert desk.covered() == []
    assert len(desk.punches()) == 2


def test_a_clock_that_is_ahead_is_corrected_by_what_is_proven_and_vouches_for_nothing(desk: Desk) -> None:
    desk.greet(SEVEN)
    desk.send(SEVEN + 60 * MINUTE, at=SEVEN)
    (punch,) = desk.punches()
    assert (punch.offset_s, punch.corrected, punch.at) == (3600, True, SEVEN)
    assert punch.clock == datetime(2026, 9, 7, 8, 0)
    assert desk.covered() == []
    assert "ahead" in desk.state()
    assert [note.offset_s for note in desk.spool.waiting(9).notes if isinstance(note, ClockReading)] == [3600]


def test_nothing_is_corrected_by_a_host_that_nobody_vouches_for(desk: Desk) -> None:
    desk.trusted = False
    desk.greet(SEVEN)
    desk.send(SEVEN + 60 * MINUTE, at=SEVEN)
    (punch,) = desk.punches()
    assert (punch.offset_s, punch.corrected, punch.at) == (None, False, SEVEN + 60 * MINUTE)
    assert desk.covered() == []


def test_a_clock_that_is_behind_cannot_be_told_from_a_late_upload_and_vouches_for_nothing(desk: Desk) -> None:
    desk.greet(SEVEN)
    desk.send(SEVEN - 120 * MINUTE, at=SEVEN)
    (punch,) = desk.punches()
    assert (punch.offset_s, punch.corrected) == (None, False)
    assert desk.covered() == []
    assert "behind" in desk.state()


def test_what_reads_measured_of_the_clock_holds_for_uploads(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "spool.db")
    desk.terminal = pushing("t1", "S1", transport="tcp", address="127.0.0.1")
    desk.receiver.close()
    desk.start()
    reading = ClockReading("t1", SEVEN - 5 * MINUTE, -600, trusted=True)
    desk.spool.remember(TerminalMemory("t1", record_size=40, last_read_at=SEVEN, clock_readings=(reading,)))
    desk.greet(SEVEN)
    desk.send(SEVEN - 10 * MINUTE, at=SEVEN)  # ten minutes behind: it happened now
    (punch,) = desk.punches()
    assert (punch.offset_s, punch.corrected, punch.at) == (-600, True, SEVEN)
    desk.receiver.close()
    desk.spool.close()


def test_a_log_of_slot_numbers_is_not_taken_twice(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "spool.db")
    desk.terminal = pushing("t1", "S1", transport="tcp", address="127.0.0.1")
    desk.receiver.close()
    desk.start()
    desk.spool.remember(TerminalMemory("t1", record_size=8))
    with pytest.raises(Exception, match="slots"):
        desk.send(SEVEN, at=SEVEN)
    assert desk.punches() == ()
    desk.receiver.close()
    desk.spool.close()


def test_another_serial_is_asked_for_everything(desk: Desk) -> None:
    desk.greet(SEVEN)
    desk.send(SEVEN, at=SEVEN)
    desk.send(SEVEN + MINUTE, at=SEVEN + MINUTE)
    desk.terminal = pushing("t1", "S2")
    desk.receiver.close()
    desk.start()
    later = SEVEN + 60 * MINUTE
    assert "ATTLOGStamp=0\n" in desk.greet(later)
    desk.send(later + 5 * MINUTE, later + 15 * MINUTE, at=later + 15 * MINUTE)
    assert desk.covered()[-1] == (later + 5 * MINUTE, later + 13 * MINUTE, "proven")


RTLOG = b"time=2026-09-07 07:20:30\tpin=4711\tevent=0\tinoutstatus=0\tverifytype=15\tindex=%d\n"


def sends_as_it_happens(desk: Desk, *minutes: int) -> None:
    for minute in minutes:
        desk.beats(SEVEN + (minute - 4) * MINUTE, SEVEN + minute * MINUTE)
        desk.send(SEVEN + minute * MINUTE, at=SEVEN + minute * MINUTE)


def test_what_nobody_can_read_may_hold_punches_since_the_last_proof(desk: Desk) -> None:
    desk.greet(SEVEN)
    sends_as_it_happens(desk, 0, 5)
    desk.unread(RTLOG % 1, at=SEVEN + 6 * MINUTE)
    sends_as_it_happens(desk, 9, 13)
    assert desk.proven() == [
        (SEVEN, SEVEN + 3 * MINUTE),
        (SEVEN + 6 * MINUTE, SEVEN + 11 * MINUTE),
    ]


def test_what_was_kept_already_happened_before(desk: Desk) -> None:
    desk.greet(SEVEN)
    sends_as_it_happens(desk, 0, 5)
    desk.unread(RTLOG % 1, at=SEVEN + 6 * MINUTE)
    sends_as_it_happens(desk, 9, 13)
    desk.unread(RTLOG % 1, at=SEVEN + 14 * MINUTE)
    desk.unread(b"\n", at=SEVEN + 14 * MINUTE)
    sends_as_it_happens(desk, 17)
    assert desk.proven()[-1] == (SEVEN + 6 * MINUTE, SEVEN + 15 * MINUTE)
    desk.unread(RTLOG % 1 + RTLOG % 2, at=SEVEN + 18 * MINUTE)
    sends_as_it_happens(desk, 21)
    assert desk.proven()[-1] == (SEVEN + 18 * MINUTE, SEVEN + 19 * MINUTE)


def test_named_fields_that_say_too_little_leave_a_hole_in_the_log(desk: Desk) -> None:
    desk.greet(SEVEN)
    sends_as_it_happens(desk, 0, 5)
    desk.send(b"pin=4711\tapa=1", at=SEVEN + 6 * MINUTE)
    sends_as_it_happens(desk, 9, 13)
    assert desk.proven() == [
        (SEVEN, SEVEN + 3 * MINUTE),
        (SEVEN + 9 * MINUTE, SEVEN + 11 * MINUTE),  # between its neighbours in the log
    ]


@pytest.mark.parametrize("what", ["reupload", "serial", "accept", "restart"])
def test_nothing_makes_what_nobody_could_read_more_readable(desk: Desk, what: str) -> None:
    """A terminal in access-control mode for a morning, then in attendance mode: its log may lack that morning."""
    desk.greet(SEVEN)
    sends_as_it_happens(desk, 0, 5)
    desk.unread(RTLOG % 1, at=SEVEN + 6 * MINUTE)
    desk.beats(SEVEN + 9 * MINUTE, SEVEN + 30 * MINUTE)
    desk.unread(RTLOG % 2, at=SEVEN + 30 * MINUTE)
    desk.beats(SEVEN + 34 * MINUTE, SEVEN + 60 * MINUTE)
    if what == "reupload":
        desk.spool.ask("t1", "reupload", by="siti")
    if what == "serial":
        desk.terminal = pushing("t1", "S2")
    if what == "accept":
        desk.spool.forget_push("t1")
    desk.receiver.close()
    desk.start()
    desk.greet(SEVEN + 60 * MINUTE)
    desk.send(SEVEN, SEVEN + 5 * MINUTE, at=SEVEN + 60 * MINUTE)
    sends_as_it_happens(desk, 65)
    after = [(start, end) for start, end in desk.proven() if end > SEVEN + 3 * MINUTE]
    assert min(start for start, _ in after) == SEVEN + 30 * MINUTE
    assert max(end for _, end in after) == SEVEN + 63 * MINUTE


@pytest.mark.parametrize("restarted", [False, True])
def test_what_was_refused_waits_in_the_terminal_and_nothing_vouches_for_the_time_before(
    desk: Desk, restarted: bool
) -> None:
    desk.greet(SEVEN)
    sends_as_it_happens(desk, 0, 5)
    desk.receiver.refused(desk.terminal, SEVEN + 7 * MINUTE)
    desk.receiver.refused(desk.terminal, SEVEN + 6 * MINUTE)
    if restarted:
        desk.beat(SEVEN + 8 * MINUTE)
        desk.receiver.close()
        desk.start()
    sends_as_it_happens(desk, 10, 13)
    assert desk.proven() == [
        (SEVEN, SEVEN + 3 * MINUTE),
        (SEVEN + 7 * MINUTE, SEVEN + 11 * MINUTE),
    ]
    desk.receiver.refused(desk.terminal, SEVEN + 14 * MINUTE)
    sends_as_it_happens(desk, 17, 20)
    assert desk.proven()[-1] == (SEVEN + 14 * MINUTE, SEVEN + 18 * MINUTE)


def test_where_there_is_no_room_the_hole_is_kept_all_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_unread, "MOST_KEPT_MIB", 0)
    desk.greet(SEVEN)
    sends_as_it_happens(desk, 0, 5)
    with pytest.raises(TemporarilyUnavailable, match="stays in it"):
        desk.unread(RTLOG % 1, at=SEVEN + 7 * MINUTE)
    desk.receiver.close()
    desk.start()
    sends_as_it_happens(desk, 10, 13)
    assert desk.proven()[-1] == (SEVEN + 7 * MINUTE, SEVEN + 11 * MINUTE)
    refused = desk.send(b"1\t2026-02-30 07:00:00\t0\t1", at=SEVEN + 14 * MINUTE)
    assert (refused.no_room, refused.quarantined) == (True, 0)
    sends_as_it_happens(desk, 17, 20)
    assert desk.proven()[-1] == (SEVEN + 17 * MINUTE, SEVEN + 18 * MINUTE)  # between its neighbours in the log


INSTANTS = st.integers(0, 200).map(lambda minute: SEVEN + minute * MINUTE)


@given(st.lists(st.tuples(st.none() | INSTANTS, INSTANTS), max_size=150))
def test_holes_are_kept_apart_and_none_is_forgotten(holes: list[tuple[datetime | None, datetime]]) -> None:
    memory = UnreadUploads("t1")
    for start, end in holes:
        memory = push_unread.with_hole(memory, start, end)
    assert len(memory.holes) <= 100
    ends = [end for _, end in memory.holes]
    starts = [start for start, _ in memory.holes]
    assert None not in ends
    assert None not in starts[1:]
    for (_, end), (start, _) in zip(memory.holes, memory.holes[1:], strict=False):
        assert end is not None
        assert start is not None
        assert end < start
    for begin, end in holes:
        if begin is None or begin < end:
            assert any(
                (start is None or (begin is not None and start <= begin)) and until is not None and end <= until
                for start, until in memory.holes
            )
