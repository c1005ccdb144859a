"""Finding the known end of a log again: by its bytes, in one piece, once, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.terminal import LogCursor
from ekinerja_agent.terminals.tail import (
    ANCHOR_SLOTS,
    MOST_DROPPED,
    anchor_of,
    behind_known_end,
    find_tail,
    gives_any_stretch,
    hides_known_end,
)

SIZE = 8


def rows(numbers: Iterable[int]):
    return b"".join(number.to_bytes(SIZE, "little") for number in numbers)


def table(slots: bytes):
    return len(slots).to_bytes(4, "little") + slots


def honest(slots: bytes):
    held = table(slots)
    return lambda start, length: held[start : start + length]


def cursor_at(slots: bytes, **changes):
    facts = {
        "serial": "S",
        "firmware": "F",
        "transport": "tcp",
        "latest_clock": None,
        "proven": True,
        "judged_at": None,
    }
    end = {"record_size": SIZE, "position": len(slots) // SIZE, "anchor": anchor_of(slots, SIZE)}
    return LogCursor(**(facts | end | changes))


def found(slots: bytes, cursor: LogCursor, stretch: Callable[[int, int], bytes] | None = None):
    return find_tail(stretch or honest(slots), len(table(slots)), cursor)


@given(known=st.integers(64, 400), dropped=st.integers(0, 1_200), new=st.integers(0, 300))
def test_whatever_the_oldest_are_that_went_the_tail_is_all_that_is_new(known: int, dropped: int, new: int):
    before = rows(range(1, known + 1))
    after = rows(range(1 + min(dropped, known), known + 1)) + rows(range(10_000, 10_000 + new))
    tail = found(after, cursor_at(before))
    if dropped > min(known - ANCHOR_SLOTS, MOST_DROPPED):
        assert tail is None
    else:
        assert tail.slots == before[-ANCHOR_SLOTS * SIZE :] + rows(range(10_000, 10_000 + new))
        assert after[tail.first_position * SIZE :] == tail.slots


@given(
    before=st.lists(st.integers(1, 3), min_size=64, max_size=200),
    dropped=st.integers(0, 200),
    new=st.lists(st.integers(1, 3), max_size=ANCHOR_SLOTS - 1),
)
def test_however_often_records_repeat_a_tail_is_never_too_short(before: list[int], dropped: int, new: list[int]):
    after = rows([*before[dropped:], *new])
    tail = found(after, cursor_at(rows(before)))
    if tail is not None:
        assert tail.slots == anchor_of(rows(before), SIZE) + rows(new)


@given(data=st.binary(max_size=3_000), position=st.integers(64, 500), seed=st.integers(0, 2**32))
def test_noise_is_never_taken_for_a_tail(data: bytes, position: int, seed: int):
    known = rows(range(seed, seed + 64))
    noise = (data or b"\0") * (5_000 // max(1, len(data)) + 1)
    tail = find_tail(lambda _, length: noise[:length], 4 + 600 * SIZE, cursor_at(known, position=position))
    assert tail is None or tail.slots.startswith(known)


def test_a_log_whose_length_word_is_another_or_that_is_cut_inside_a_record_is_not_believed():
    slots = rows(range(1, 200))
    lying = lambda start, length: b"\0\0\0\1"[:length] if start == 0 else honest(slots)(start, length)  # noqa: E731
    assert found(slots, cursor_at(slots)) is not None
    assert found(slots, cursor_at(slots), lying) is None
    assert find_tail(honest(slots), len(table(slots)) + 3, cursor_at(slots)) is None


def test_a_known_end_that_moved_up_or_stands_there_twice_is_none():
    slots = rows(range(1, 200))
    end = slots[-64 * SIZE :]
    assert found(rows([7]) + slots, cursor_at(slots)) is None
    assert found(slots + end, cursor_at(slots)) is None


def test_fewer_than_an_anchor_of_records_are_read_whole():
    slots = rows(range(1, 64))
    assert found(slots, cursor_at(slots)) is None


def test_only_stretches_that_do_not_look_like_the_beginning_prove_anything():
    true = table(rows(range(1, 2_000)))
    assert gives_any_stretch(lambda start, length: true[start : start + length], true)
    assert not gives_any_stretch(lambda _, length: true[:length], true)
    assert not gives_any_stretch(lambda start, length: true[start // 2 * 2 :][:length], true)
    assert not gives_any_stretch(lambda start, length: true[start // 512 * 512 :][:length], true)


def test_a_terminal_that_hid_its_known_end_is_told_from_a_log_that_changed():
    slots = rows(range(1, 2_000))
    cursor = cursor_at(slots)
    assert hides_known_end(slots + rows([9_000]), cursor)
    assert hides_known_end(slots[57 * SIZE :], cursor)
    assert not hides_known_end(slots[: -2 * SIZE], cursor)
    assert not hides_known_end(rows([5]) + slots, cursor)


def test_the_last_known_record_shows_that_nothing_behind_it_was_forgotten():
    slots = rows(range(1, 100))
    assert behind_known_end(slots, cursor_at(slots)) == 99
    assert behind_known_end(slots[-SIZE:] + rows([7, 8]), cursor_at(slots)) == 1
    assert behind_known_end(slots + slots[-SIZE:] + rows([7]), cursor_at(slots)) == 100
    assert behind_known_end(slots[:-SIZE], cursor_at(slots)) is None
    out_of_step = b"\7" + slots + b"\0" * 7
    assert behind_known_end(out_of_step, cursor_at(slots)) is None
    assert behind_known_end(b"", cursor_at(b"")) == 0
