"""Who is read now and who waits, on a clock that the test moves."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.nouns.terminal import LogCursor
from ekinerja_agent.spool import TerminalMemory
from ekinerja_agent.usecases.collecting.collect import full_read_due, next_read
from ekinerja_agent.usecases.collecting.polling_schedule import (
    KNOCK_EVERY_S,
    KNOCK_S,
    LONGEST_PAUSE_S,
    PollingSchedule,
)

NOW = datetime(2026, 9, 8, 1, 0, tzinfo=UTC)


class Seconds:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@given(every_s=st.floats(1, 86_400), failures=st.integers(1, 2_000))
def test_a_terminal_that_stays_away_rests_longer_and_longer_but_never_beyond_a_quarter_of_an_hour(
    every_s: float, failures: int
) -> None:
    clock = Seconds()
    rounds = PollingSchedule(64, clock)
    for _ in range(failures):
        clock.now_s += LONGEST_PAUSE_S
        rounds.failed("lobby", "TerminalUnavailable", every_s, reached=False)
    assert rounds.rests("lobby")
    failed_s = clock.now_s
    clock.now_s += min(LONGEST_PAUSE_S, every_s * 2.0 ** min(failures - 1, 30)) / 2 - 0.001
    assert rounds.rests("lobby")
    assert not rounds.failed("lobby", "TerminalUnavailable", every_s, reached=False), "a knock in vain is no news"
    clock.now_s = failed_s + LONGEST_PAUSE_S
    assert not rounds.rests("lobby")


def test_going_and_coming_are_news_once_and_another_reason_is_news_again() -> None:
    clock = Seconds()
    rounds = PollingSchedule(64, clock)
    assert rounds.begin("lobby") == KNOCK_S
    assert rounds.answered("lobby") is None
    reasons = ("Unavailable", "Unavailable", "Refused", "Refused")
    told = [rounds.failed("lobby", reason, 60, reached=reason == "Refused") for reason in reasons]
    assert told == [True, False, True, False]
    assert rounds.begin("lobby") is None
    clock.now_s += 500
    assert rounds.is_away("lobby")
    assert rounds.answered("lobby") == 500
    assert not rounds.is_away("lobby")
    assert not rounds.rests("lobby")
    assert rounds.failed("lobby", "Unavailable", 60, reached=False)


@given(away=st.integers(1, 300), every_s=st.floats(1, 86_400), seconds=st.integers(60, 300))
def test_whoever_cannot_be_reached_is_knocked_at_within_every_minute_while_a_quarter_of_the_workers_keep_up(
    away: int, every_s: float, seconds: int
) -> None:
    clock = Seconds()
    rounds = PollingSchedule(64, clock)
    names = [f"t{number}" for number in range(away)]
    last = {name: clock.now_s for name in names if rounds.failed(name, "TerminalUnavailable", every_s, reached=False)}
    under_way: list[float] = []
    for _ in range(4 * seconds):
        clock.now_s += 0.25
        under_way = [ends_s for ends_s in under_way if ends_s > clock.now_s]
        for name in rounds.knocks(rounds.knockers - len(under_way)):
            assert clock.now_s - last[name] <= KNOCK_EVERY_S + KNOCK_S
            last[name] = clock.now_s
            under_way.append(clock.now_s + KNOCK_S)
        assert len(under_way) <= 16
    assert all(clock.now_s - at <= KNOCK_EVERY_S + KNOCK_S for at in last.values())


def test_whoever_was_never_tried_is_knocked_at_when_there_was_no_room_for_its_turn() -> None:
    clock = Seconds()
    rounds = PollingSchedule(64, clock)
    rounds.answered("well")
    for terminal in ("well", "new", "new"):
        rounds.had_no_room(terminal)
    assert rounds.knocks(9) == ["new"]
    assert rounds.failed("new", "TerminalUnavailable", 60, reached=False)


def test_nobody_knocks_at_a_terminal_that_answers_though_wrongly_nor_at_one_that_is_back() -> None:
    clock = Seconds()
    rounds = PollingSchedule(64, clock)
    rounds.failed("refuses", "TerminalRefused", 60, reached=True)
    rounds.failed("back", "TerminalUnavailable", 60, reached=False)
    rounds.answered("back")
    rounds.failed("now refuses", "TerminalUnavailable", 60, reached=False)
    rounds.failed("now refuses", "TerminalRefused", 60, reached=True)
    clock.now_s += 1_000
    assert rounds.knocks(9) == []
    rounds.failed("gone", "TerminalUnavailable", 60, reached=False)
    clock.now_s += KNOCK_EVERY_S
    assert rounds.knocks(0) == []
    assert rounds.knocks(9) == ["gone"]
    assert rounds.knocks(9) == [], "it is being knocked at"
    clock.now_s += KNOCK_EVERY_S
    rounds.begin("gone")
    assert rounds.knocks(9) == [], "it has its turn"


@pytest.mark.parametrize(("workers", "room"), [(1, 1), (4, 1), (64, 16)])
def test_what_takes_long_gets_a_quarter_of_the_workers_and_the_rest_is_always_let_in(workers: int, room: int) -> None:
    rounds = PollingSchedule(workers)
    with ExitStack() as stack:
        let_in = [stack.enter_context(rounds.room(slow=True)) for _ in range(room + 3)]
        assert let_in == [True] * room + [False] * 3
        assert all(stack.enter_context(rounds.room(slow=False)) for _ in range(100))
    with rounds.room(slow=True) as has_room:
        assert has_room


def terminal(name: str) -> TerminalConfig:
    return TerminalConfig.model_validate(
        {"id": name, "office": "A", "timezone": "Asia/Jakarta", "address": "10.0.0.1"}, context={"base": Path()}
    )


def memory(*, position: int = 5_000, proven: bool = True, judged_at: datetime | None = NOW) -> TerminalMemory:
    cursor = LogCursor("S", "F", "tcp", 40, position, b"", None, proven, judged_at)
    return TerminalMemory("lobby", records=position, last_read_at=NOW, cursor=cursor)


def test_a_thousand_terminals_are_read_whole_once_a_day_each_and_never_many_at_once() -> None:
    offices = [terminal(f"t{number}") for number in range(1_000)]
    due_in_hour = []
    for hour in range(24):
        begin, end = NOW + timedelta(hours=hour), NOW + timedelta(hours=hour + 1)
        due_in_hour.append(sum(full_read_due(memory(judged_at=begin), each, end) for each in offices))
    assert sum(due_in_hour) == 1_000
    assert max(due_in_hour) < 100


def test_only_a_long_log_that_must_be_read_whole_is_slow_and_only_the_daily_read_can_be_put_off() -> None:
    lobby = terminal("lobby")

    def effort(remembered: TerminalMemory | None, *, days: int = 0, tail_read: bool = True) -> str:
        return next_read(remembered, lobby, NOW + timedelta(days=days), tail_read=tail_read)

    assert effort(None) == effort(TerminalMemory("lobby")) == "slow"
    assert effort(TerminalMemory("lobby", records=0, last_read_at=NOW)) == "quick"
    assert effort(TerminalMemory("lobby", records=9_000, last_read_at=NOW)) == "slow"
    assert effort(memory(position=100, proven=False)) == "quick"
    assert effort(memory(proven=False)) == effort(memory(), tail_read=False) == "slow"
    assert effort(memory()) == "quick"
    assert effort(memory(), days=1) == "due"
