"""Notes in the spool travel behind the punches they vouch for; coverage never claims what is not in central."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from ekinerja_agent.nouns.coverage import ClockReading, Coverage
from ekinerja_agent.nouns.delivery import Delivery, Note, Receipt
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from ekinerja_agent.nouns.terminal import SlotOwner, TerminalFact, TerminalStatus
from ekinerja_agent.spool import Spool
from ekinerja_agent.spool.notes import decode_note, encode_note, quarantine_key

DAY = datetime(2026, 9, 7, tzinfo=UTC)


def hour(n: float) -> datetime:
    return DAY + timedelta(hours=n)


def punch(at_hour: float, terminal: str = "lobby") -> Punch:
    clock = hour(at_hour).replace(tzinfo=None)
    return Punch(terminal, "1", clock, 1, hour(at_hour), 0, 1, 0, 0, Source.POLL, b"raw")


def covered(start: float | None, end: float, terminal: str = "lobby") -> Coverage:
    return Coverage(terminal, None if start is None else hour(start), hour(end))


def status(state: str, terminal: str = "lobby") -> TerminalStatus:
    return TerminalStatus(terminal, "10.0.0.1", "1", "6.60", 5, 100, 2, -3, DAY, state)


def settle(spool: Spool, delivery: Delivery, *rejected: Punch) -> None:
    bad = {p.punch_id: "bad" for p in rejected}
    spool.settle(delivery, Receipt(tuple(p.punch_id for p in delivery.punches if p.punch_id not in bad), bad))


NOTES: tuple[Note, ...] = (
    covered(None, 8),
    Coverage("lobby", hour(8), hour(9), "silent"),
    Quarantined("lobby", Source.PUSH, 7, b"\x00\xff", "30 February", DAY),
    SlotOwner("lobby", 7, "0123", DAY),
    ClockReading("lobby", DAY, -75, trusted=True),
    TerminalFact("lobby", "DINKES", "Asia/Makassar", enabled=False, since=DAY),
    status("ok"),
    TerminalStatus("lobby", "", "", "", None, None, None, None, None, "away"),
)


def test_every_kind_of_note_comes_back_from_its_text_as_it_was() -> None:
    assert tuple(decode_note(encode_note(note)) for note in NOTES) == NOTES


def test_a_reason_is_kept_as_a_message_and_an_older_text_byte_for_byte() -> None:
    reason = Message("the date {date} does not exist", date="2026-02-30")
    kept = Quarantined("lobby", Source.POLL, 7, b"raw", reason, DAY)
    text = encode_note(kept)
    read = decode_note(text)
    assert isinstance(read, Quarantined)
    assert (read.reason.template, read.reason.values) == (reason.template, reason.values)
    assert encode_note(read) == text
    older = encode_note(Quarantined("lobby", Source.POLL, 7, b"raw", str(reason), DAY))
    assert '"reason":"the date 2026-02-30 does not exist"' in older
    assert encode_note(decode_note(older)) == older
    assert quarantine_key(read) == quarantine_key(Quarantined("lobby", Source.POLL, 7, b"raw", str(reason), DAY))


def test_a_note_waits_until_the_punches_before_it_travel(spool: Spool) -> None:
    spool.add([punch(1), punch(2), punch(3)], [covered(None, 4)])
    first = spool.waiting(2)
    assert (len(first.punches), first.notes) == (2, ())
    settle(spool, first)
    second = spool.waiting(2)
    assert second == Delivery((punch(3),), (covered(None, 4),))
    settle(spool, second)
    assert spool.waiting(2) == Delivery()


def test_notes_without_punches_travel_at_once_and_once(spool: Spool) -> None:
    notes = (covered(None, 1), ClockReading("lobby", DAY, 3, trusted=True), status("ok"))
    spool.add((), notes)
    delivery = spool.waiting(10)
    assert delivery == Delivery((), notes)
    settle(spool, delivery)
    assert spool.waiting(10) == Delivery()


def test_coverage_over_a_rejected_punch_stays_and_later_coverage_goes(spool: Spool) -> None:
    spool.add([punch(1)], [covered(0, 2)])
    delivery = spool.waiting(10)
    settle(spool, delivery, punch(1))
    assert spool.waiting(10) == Delivery()
    spool.add((), [covered(2, 3)])
    spool.add([punch(3.5)], [covered(3, 4)])
    assert spool.waiting(10) == Delivery((punch(3.5),), (covered(3, 4),))


def test_the_next_coverage_stays_too_as_the_rejected_punch_may_be_younger_than_the_read_that_brought_it(
    spool: Spool,
) -> None:
    spool.add([punch(2)], [covered(0, 2)])
    settle(spool, spool.waiting(10), punch(2))
    spool.add([punch(2.5)], [covered(2, 3)])
    assert spool.waiting(10) == Delivery((punch(2.5),))


def test_coverage_since_ever_that_overlaps_a_rejected_punch_stays_too(spool: Spool) -> None:
    spool.add([punch(1)], [covered(0, 2)])
    settle(spool, spool.waiting(10), punch(1))
    spool.add([punch(2.5)], [covered(None, 3)])
    delivery = spool.waiting(10)
    assert delivery.notes == ()
    settle(spool, delivery)
    assert spool.waiting(10).notes == ()


def test_after_the_rejected_punch_was_taken_all_held_coverage_goes(spool: Spool) -> None:
    spool.add([punch(1)], [covered(0, 2)])
    settle(spool, spool.waiting(10), punch(1))
    spool.add([punch(2.5)], [covered(None, 3)])
    spool.retry()
    delivery = spool.waiting(10)
    assert delivery == Delivery((punch(1), punch(2.5)), (covered(0, 2), covered(None, 3)))
    settle(spool, delivery)
    assert spool.waiting(10) == Delivery()


def test_all_stretches_of_the_read_that_brought_the_rejected_punch_stay(spool: Spool) -> None:
    spool.add([punch(1), punch(3)], [covered(0, 2), covered(2.5, 4)])
    settle(spool, spool.waiting(10), punch(3))
    assert spool.waiting(10).notes == ()


def test_a_rejected_punch_of_one_terminal_holds_back_no_other(spool: Spool) -> None:
    spool.add([punch(1)], [covered(0, 2)])
    spool.add([punch(1, "gate")], [covered(0, 2, "gate")])
    settle(spool, spool.waiting(10), punch(1))
    assert spool.counts().notes == 1
    spool.add((), [covered(2, 3, "gate")])
    assert spool.waiting(10).notes == (covered(2, 3, "gate"),)


def test_other_notes_of_a_terminal_with_a_rejected_punch_are_not_repeated(spool: Spool) -> None:
    spool.add([punch(1)], [covered(0, 2), status("ok")])
    settle(spool, spool.waiting(10), punch(1))
    assert spool.counts().notes == 1


def test_coverage_stays_while_a_punch_before_it_was_neither_taken_nor_rejected(spool: Spool) -> None:
    spool.add([punch(1)], [covered(0, 2)])
    delivery = spool.waiting(10)
    spool.settle(delivery, Receipt())
    assert spool.waiting(10) == delivery


def test_a_quarantined_record_is_told_once_however_often_it_is_read(spool: Spool) -> None:
    spool.add((), [Quarantined("lobby", Source.POLL, 7, b"\x01", "30 February", DAY)])
    settle(spool, spool.waiting(10))
    spool.add((), [Quarantined("lobby", Source.POLL, 6, b"\x01", "30 February", hour(1))])
    assert spool.waiting(10).notes == ()
    other = Quarantined("lobby", Source.POLL, 6, b"\x02", "30 February", hour(1))
    spool.add((), [other])
    assert spool.waiting(10).notes == (other,)


def test_the_owner_of_a_slot_is_told_when_it_changes(path: Path) -> None:
    owners = [SlotOwner("lobby", 7, pin, hour(n)) for n, pin in enumerate(["1", "1", "2", "2", "1"])]
    with Spool(path) as spool:
        for owner in owners[:3]:
            spool.add((), [owner])
    with Spool(path) as spool:
        for owner in owners[3:]:
            spool.add((), [owner])
        assert spool.waiting(10).notes == (owners[0], owners[2], owners[4])


def test_only_the_newest_status_of_a_terminal_waits(spool: Spool) -> None:
    for state in ("ok", "away", "back"):
        spool.add((), [status(state), status(state, "gate")])
    assert spool.waiting(10).notes == (status("back"), status("back", "gate"))


def test_months_of_polls_without_a_punch_wait_as_one_stretch(spool: Spool) -> None:
    spool.add([punch(1)], [covered(0, 2)])
    for n in range(2, 50):
        spool.add((), [covered(n, n + 1)])
    assert spool.waiting(10).notes == (covered(0, 50),)


def test_stretches_are_not_joined_over_a_punch_a_gap_or_silence(spool: Spool) -> None:
    silent = Coverage("lobby", hour(6), hour(7), "silent")
    after = Coverage("lobby", hour(7), hour(8), "silent")
    notes = [covered(0, 2), covered(2, 3), covered(4, 5), covered(5, 6), silent, after]
    spool.add([punch(1)], [notes[0]])
    spool.add([punch(2.5)], [notes[1]])
    for note in notes[2:]:
        spool.add((), [note])
    assert spool.waiting(10).notes == (covered(0, 2), covered(2, 3), covered(4, 6), silent, after)


def test_a_stretch_that_grows_while_it_travels_is_sent_again_whole(spool: Spool) -> None:
    spool.add((), [covered(0, 1)])
    delivery = spool.waiting(10)
    spool.add((), [covered(1, 2)])
    settle(spool, delivery)
    assert spool.waiting(10).notes == (covered(0, 2),)


def test_new_coverage_is_not_joined_to_one_that_a_rejected_punch_holds(spool: Spool) -> None:
    spool.add([punch(1)], [covered(0, 2)])
    settle(spool, spool.waiting(10), punch(1))
    spool.add((), [covered(2, 3)])
    spool.add((), [covered(3, 4)])
    assert spool.waiting(10).notes == (covered(3, 4),)
