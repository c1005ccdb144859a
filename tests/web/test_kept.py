"""What is made for everybody costs one making an hour, and holds up nobody."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.web.cache import MADE_EVERY, MOST_KEPT, Cache

NOW = datetime(2026, 9, 30, tzinfo=UTC)


def test_a_thing_is_made_once_an_hour() -> None:
    kept: Cache[object] = Cache()
    first = kept.get("a", object, NOW)
    assert kept.get("a", object, NOW + MADE_EVERY - timedelta(seconds=1)) is first
    assert kept.get("a", object, NOW + MADE_EVERY) is not first


def test_a_clock_that_was_set_back_keeps_nothing_for_longer() -> None:
    kept: Cache[object] = Cache()
    first = kept.get("a", object, NOW)
    assert kept.get("a", object, NOW - timedelta(days=1)) is not first


def test_who_waits_gets_what_was_made_meanwhile() -> None:
    kept: Cache[object] = Cache(timedelta(minutes=1), waits=True)
    begun, end, found = threading.Event(), threading.Event(), []

    def slowly() -> object:
        begun.set()
        end.wait(120)
        return object()

    readers = [threading.Thread(target=lambda: found.append(kept.get("a", slowly, NOW))) for _ in range(3)]
    readers[0].start()
    begun.wait(120)
    for reader in readers[1:]:
        reader.start()
    end.set()
    for reader in readers:
        reader.join(120)
    assert len(found) == 3
    assert len(set(map(id, found))) == 1


def test_while_one_is_made_others_get_the_old_one_or_are_told_to_come_again() -> None:
    kept: Cache[str] = Cache()
    kept.get("old", lambda: "before", NOW)
    begun, end = threading.Event(), threading.Event()

    def slowly() -> str:
        begun.set()
        end.wait(120)
        return "after"

    later = NOW + MADE_EVERY
    maker = threading.Thread(target=kept.get, args=("old", slowly, later))
    maker.start()
    begun.wait(120)
    assert kept.get("old", lambda: "mine", later) == "before"
    with pytest.raises(TemporarilyUnavailable, match="in a moment"):
        kept.get("new", lambda: "mine", later)
    end.set()
    maker.join(120)
    assert kept.get("old", lambda: "mine", later) == "after"
    assert kept.get("new", lambda: "mine", later) == "mine"


def test_what_could_not_be_made_is_tried_again_and_only_so_many_are_kept() -> None:
    kept: Cache[int] = Cache()

    def fails() -> int:
        raise TemporarilyUnavailable("central is away")

    with pytest.raises(TemporarilyUnavailable, match="away"):
        kept.get(0, fails, NOW)
    for number in range(MOST_KEPT + 1):
        assert kept.get(number, lambda number=number: number, NOW) == number
    assert kept.get(0, lambda: -1, NOW) == -1
    assert kept.get(MOST_KEPT, lambda: -1, NOW) == MOST_KEPT
