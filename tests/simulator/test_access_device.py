"""The simulated door that pushes, against a receiver that is this program's: what it recorded is stored, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.punch import Quarantined
from ekinerja_agent.simulator.access_device import AccessDevice
from ekinerja_agent.simulator.push_device import Unanswered
from tests.push.conftest import ZONE, Site, make_site, pushing, site

__all__ = ["make_site", "site"]

START = datetime(2026, 11, 29, 22, 0, tzinfo=UTC)


def stored(site: Site) -> Counter[tuple[str, datetime]]:
    return Counter((each.pin, each.clock) for each in site.spool.waiting(10_000).punches)


def let_in(door: AccessDevice) -> set[tuple[str, datetime]]:
    return {
        (record.pin, record.clock)
        for number, record in enumerate(door.log)
        if record.pin != "0" and door.events[number] in (0, 3)
    }


@pytest.mark.parametrize("seed", range(6))
def test_who_was_let_in_is_stored_once_in_whatever_form_it_comes(seed: int, make_site: Callable[..., Site]) -> None:
    chance = Random(seed)
    site = make_site(pushing("t1", "S1"))
    door = AccessDevice(
        *("127.0.0.1", site.port, "S1", ZoneInfo(ZONE)),
        had_before=chance.choice((0, 700)),
        newest_first=chance.random() < 0.3,
        batch=chance.choice((1, 7, 50)),
        counts=seed != 1,
        doubled=chance.random() < 0.5,
        shouts=chance.random() < 0.5,
        blanks=chance.random() < 0.5,
        silent_on_query=chance.random() < 0.5,
        line_end=chance.choice(("\n", "\r\n")),
        chance=chance,
    )
    at = START
    site.now = lambda: at
    door.greet()
    for _ in range(25):
        for _ in range(chance.randint(0, 4)):
            at += timedelta(seconds=chance.randint(1, 200))
            if chance.random() < 0.3:
                door.door(at, chance.choice((8, 102, 206, 27)))
            else:
                door.punch(str(chance.randint(1, 30)), at, chance.choice((0, 3, 3, 3, 23, 101)))
            if chance.random() < 0.6:
                door.upload()
        at += timedelta(minutes=7)
        door.idle(at)
        door.ask_time(at)
        if chance.random() < 0.3 and door.log:
            door.send(range(max(0, len(door.log) - 9), len(door.log)))  # an answer was lost
        if chance.random() < 0.2:
            site.spool.ask("t1", "reupload", by="siti")
        door.beat()
    door.upload()
    door.punch("7", at)
    door.upload()  # as it happens: its clock is right
    for _ in range(8):
        at += timedelta(minutes=11)
        door.beat()
    assert stored(site) == Counter(let_in(door))
    apart = {(note.apart.pin, note.apart.clock) for note in site.notes(Quarantined)}
    refused = {
        (record.pin, record.clock)
        for number, record in enumerate(door.log)
        if record.pin != "0" and door.events[number] in (23, 101)
    }
    assert apart == refused
    claims = [(each.start, each.end) for each in site.notes(Coverage)]
    assert "DATA COUNT transaction" in door.asked
    if door.counts:
        assert claims[-1][1] >= at - timedelta(minutes=80)
    door.close()


def test_a_clock_that_an_answer_would_move_is_seen(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    door = AccessDevice("127.0.0.1", site.port, "S1", ZoneInfo(ZONE))
    site.now = lambda: START
    door.ask_time(START)
    for wrong in (START + timedelta(hours=8), START - timedelta(hours=8)):
        with pytest.raises(Unanswered, match="jump"):
            door.ask_time(wrong)
    monkeypatch.setattr(
        "ekinerja_agent.web.iclock.time_answer", lambda at, _: f"DateTime={int(at.timestamp())},ServerTZ=+0800"
    )
    with pytest.raises(Unanswered, match="jump"):
        door.ask_time(START)
    door.close()


def test_it_waits_for_ever_if_it_is_answered_as_another_kind(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    door = AccessDevice("127.0.0.1", site.port, "S1", ZoneInfo(ZONE))
    door.greet()
    assert door.registered
    monkeypatch.setattr("ekinerja_agent.usecases.collecting.push.access_lines", lambda *_, **__: "GET OPTION FROM: S1")
    with pytest.raises(Unanswered, match="attendance"):
        door.greet()
    door.close()
