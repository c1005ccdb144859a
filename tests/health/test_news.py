"""One message for what changes together, silence while nothing does, nothing told twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.locale.language import Language
from ekinerja_agent.usecases.watching.health.conditions import Condition, Key, Verdicts
from ekinerja_agent.usecases.watching.health.news import FORGOTTEN_AFTER, Digest, Memory, Pace, advance
from ekinerja_agent.usecases.watching.health.words import SENTENCES, condition_text, message

START = datetime(2026, 10, 5, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PACE = Pace(gather=2 * MINUTE, repeat=timedelta(days=1))


class Story:
    """Verdicts as time goes by, and what was told of them: (minute, began, over, lasting)."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.told: list[tuple[int, list[str], list[str], list[str]]] = []
        self.last = Digest()

    def at(self, minute: int, **terminals: bool | None) -> None:
        """A terminal is away (True), well (False) or not judged (None)."""
        verdicts: Verdicts = {
            Key("terminal_away", name): away(name) if is_away else None
            for name, is_away in terminals.items()
            if is_away is not None
        }
        self.memory, digest = advance(self.memory, verdicts, START + minute * MINUTE, PACE)
        if digest:
            self.last = digest
            parts = [
                [each.condition.key.subject for each in part] for part in (digest.began, digest.over, digest.lasting)
            ]
            self.told.append((minute, *parts))


def away(name: str) -> Condition:
    return Condition(Key("terminal_away", name), "warning", name[0], {"since": "2026-10-05 09:00"})


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_line_that_breaks_is_one_message_and_its_mending_another(story: Story) -> None:
    story.at(0, a1=True, a2=False, a3=False)
    story.at(1, a1=True, a2=True, a3=True)
    story.at(2, a1=True, a2=True, a3=True)
    story.at(3, a1=True, a2=True, a3=True)
    story.at(10, a1=False, a2=True, a3=True)
    story.at(13, a1=False, a2=False, a3=True)  # a1 waits for the others of its office
    story.at(14, a1=False, a2=False, a3=False)
    story.at(15, a1=False, a2=False, a3=False)
    assert story.told == [(2, ["a1", "a2", "a3"], [], []), (14, [], ["a1", "a2", "a3"], [])]


def test_who_is_back_does_not_wait_for_another_for_ever(story: Story) -> None:
    for minute in range(60):
        story.at(minute, a1=minute < 10, a2=True)
    assert story.told == [(2, ["a1", "a2"], [], []), (30, [], ["a1"], [])]


def test_what_is_over_before_it_was_told_is_never_told(story: Story) -> None:
    for minute in range(60):
        story.at(minute, a1=minute % 2 == 0)
    assert story.told == []


def test_what_comes_back_before_it_was_told_to_be_over_is_no_news(story: Story) -> None:
    for minute in range(30):
        story.at(minute, a1=minute != 10)
    assert story.told == [(2, ["a1"], [], [])]


def test_what_lasts_is_told_once_a_day_all_in_one(story: Story) -> None:
    for minute in range(0, 3 * 1440, 10):
        story.at(minute, a1=True, b1=True if minute >= 600 else None)
    assert story.told == [
        (10, ["a1"], [], []),
        (610, ["b1"], [], []),
        (1450, [], [], ["a1", "b1"]),
        (2890, [], [], ["a1", "b1"]),
    ]


def test_what_cannot_be_judged_is_neither_over_nor_told_again_for_ever(story: Story) -> None:
    story.at(0, a1=True)
    story.at(5, a1=True)
    for day in range(1, 6):
        story.at(1440 * day, a1=None)
    assert len(story.told) == 1
    assert story.memory.known
    week = int(FORGOTTEN_AFTER / MINUTE)
    story.at(5 + week, a1=None)
    assert story.memory.known == {}


steps = st.lists(
    st.tuples(st.integers(1, 90), st.fixed_dictionaries({n: st.none() | st.booleans() for n in ("a1", "a2", "b1")}))
)


@given(steps)
def test_nothing_begins_twice_nor_ends_without_having_begun(steps: list[tuple[int, dict[str, bool | None]]]) -> None:
    story, minute = Story(), 0
    for wait, terminals in steps:
        minute += wait
        story.at(minute, **terminals)
    open_now: set[str] = set()
    for _, began, over, lasting in story.told:
        assert not open_now & set(began)
        assert set(over) <= open_now
        assert set(lasting) <= open_now
        open_now = (open_now | set(began)) - set(over)


@given(steps)
def test_news_is_told_soon(steps: list[tuple[int, dict[str, bool | None]]]) -> None:
    story, minute = Story(), 0
    for wait, terminals in steps:
        minute += wait
        story.at(minute, **terminals)
    last = {name: value for _, terminals in steps for name, value in terminals.items() if value is not None}
    for _ in range(30):
        minute += 1
        story.at(minute, **last)
    told: set[str] = set()
    for _, began, over, _ in story.told:
        told = (told | set(began)) - set(over)
    assert told == {name for name, is_away in last.items() if is_away}


@pytest.mark.parametrize("lang", ["id", "en"])
@pytest.mark.parametrize("code", SENTENCES)
def test_every_condition_is_said_alone_and_in_company(code: str, lang: Language) -> None:
    facts = dict.fromkeys(
        ("percent", "seconds", "holes", "punches", "minutes", "mebibytes", "times", "since", "hours", "upload"), 7
    )
    one, two = (Condition(Key(code, name), "critical", "DINKES", facts) for name in ("gate", "lobby"))
    assert "%" not in condition_text(one, lang).replace("7 %", "")
    memory, alone = advance(Memory(), {one.key: one}, START, Pace(timedelta(0)))
    _, both = advance(Memory(), {one.key: one, two.key: two}, START, Pace(timedelta(0)))
    _, over = advance(memory, {one.key: None}, START, Pace(timedelta(0)))
    for digest in (alone, both, over):
        told = message(digest, "kantor", lang, "info")
        assert told is not None
        assert told.severity == "critical"
        assert told.subject.startswith("[kantor] ")
        assert "%(" not in told.text


def test_terminals_of_an_office_are_one_line_in_the_language_of_the_reader(story: Story) -> None:
    for minute in (0, 3):
        story.at(minute, a1=True, a2=True, b1=True)
    told = message(story.last, "pusat", "id", "warning")
    assert told is not None
    assert told.subject == "[pusat] Baru: Terminal tidak menjawab"
    assert told.text.splitlines() == [
        "Baru:",
        "- 2 terminal di a tidak menjawab: a1, a2.",
        "- Terminal b1 (b) tidak menjawab sejak 2026-10-05 09:00.",
        "  Periksa listrik, jaringan, dan alamatnya; rekaman di dalam terminal tetap aman.",
    ]
    assert message(story.last, "pusat", "id", "critical") is None


def test_many_names_are_cut_and_counted(story: Story) -> None:
    for minute in (0, 3):
        story.at(minute, **{f"a{number:02}": True for number in range(20)})
    told = message(story.last, "pusat", "en", "info")
    assert told is not None
    assert "20 terminals of a do not answer: a00, " in told.text
    assert "a11 + 8." in told.text
