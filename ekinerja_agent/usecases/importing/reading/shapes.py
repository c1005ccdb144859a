"""What one cell of an import file may hold: a parser and the words that say what is allowed.

Only exact forms pass; nothing is guessed, rounded or repaired. Knows no column and no row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from ekinerja_agent.nouns.messages import Message, as_message

_DATE = re.compile(r"(19|[2-9][0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}")
"""Of 1900 or later; 9999-12-31 is how other programs write an end that is open."""
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_CLOCK = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_MINUTE = re.compile(rf"{_DATE.pattern} [0-9]{{2}}:[0-9]{{2}}")
_SECOND = re.compile(rf"{_MINUTE.pattern}:[0-9]{{2}}")
_TERMINAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_PIN = re.compile(r"[!-~]{1,24}")
_PERIOD = re.compile(r"(19|2[01])[0-9]{2}(-(0[1-9]|1[0-2]))?")
_WHOLE = re.compile(r"[0-9]{1,15}")

MOST_RP = 1_000_000_000_000
"""No allowance is a million million rupiah; more is a slip of the keyboard."""
SHOWN_LENGTH = 60


class NotAllowed(ValueError):
    """The text of a cell has not the shape of its column."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`parse` takes a text that is not empty; it raises ValueError for all that `allowed` does not say."""

    allowed: Message
    parse: Callable[[str], Any]

    def value(self, text: str) -> Any:
        """Given a cell's text, return its value. Raise NotAllowed with what was found and what is allowed."""
        try:
            return self.parse(text)
        except ValueError as error:
            raise NotAllowed(Message("{found}; allowed: {allowed}", found=shown(text), allowed=self.allowed)) from error


def shown(text: str) -> str:
    """Given a text that somebody typed, return it quoted and short enough for a message."""
    return repr(text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 1] + "…")


def words(*allowed: str) -> Shape:
    """Given words, return the shape of a cell that holds one of them, exactly as written."""
    known = frozenset(allowed)

    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(text)
        return text

    return Shape(as_message(", ".join(allowed)), parse)


def number(least: int, most: int, allowed: Message) -> Shape:
    """Given bounds, both included, return the shape of a whole number without sign, point or separator."""

    def parse(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
            raise ValueError(text)
        return int(text)

    return Shape(allowed, parse)


def parse_date(text: str) -> date:
    """Given `YYYY-MM-DD` of 1900 or later, return the date. Raise ValueError for any other form and for dates that are
    not.
    """
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def parse_time(text: str) -> time:
    """Given `HH:MM` or `HH:MM:SS`, return the local time. Raise ValueError for anything else."""
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    return time.fromisoformat(text)


def parse_clock(text: str) -> datetime:
    """Given `YYYY-MM-DD HH:MM:SS`, return what the clock showed. Raise ValueError for anything else.

    A clock without seconds is refused: two punches of one minute would become one, and one punch two.
    """
    if not _CLOCK.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def parse_minute(text: str) -> datetime:
    """Given `YYYY-MM-DD HH:MM`, return the naive local time. Raise ValueError for anything else."""
    if not _MINUTE.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def parse_local_time(text: str) -> datetime:
    """Given `YYYY-MM-DD HH:MM[:SS]`, return the naive local time. Raise ValueError for anything else."""
    if not (_MINUTE.fullmatch(text) or _SECOND.fullmatch(text)):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _parse_moment(text: str) -> str:
    for form in (_DATE, _MINUTE, _SECOND):
        if form.fullmatch(text):
            datetime.fromisoformat(text)
            return text
    raise ValueError(text)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _parse_zone(text: str) -> str:
    if text not in _zones():
        raise ValueError(text)
    return text


def _decimal(places: int, most: int) -> Callable[[str], int]:
    """Given how many decimals may stand and the largest number, return the parser: exact, in the smallest step."""
    form = re.compile(rf"([0-9]{{1,{max(4, len(str(most)))}}})(?:\.([0-9]{{1,{places}}}))?")

    def parse(text: str) -> int:
        found = form.fullmatch(text)
        if found is None:
            raise ValueError(text)
        value: int = int(found[1]) * 10**places + int((found[2] or "0").ljust(places, "0"))
        if value > most * 10**places:
            raise ValueError(text)
        return value

    return parse


def _parse_period(text: str) -> str:
    if not _PERIOD.fullmatch(text):
        raise ValueError(text)
    return text


def _parse_month(text: str) -> str:
    if "-" not in text:
        raise ValueError(text)
    return _parse_period(text)


def _parse_year(text: str) -> str:
    if "-" in text:
        raise ValueError(text)
    return _parse_period(text)


def _parse_code(text: str) -> str:
    if text == "*" or any(character.isspace() for character in text):
        raise ValueError(text)
    return text


def parse_terminal(text: str) -> str:
    """Given a terminal's id, return it. Raise ValueError for what could not stand in devices.yaml."""
    if not _TERMINAL.fullmatch(text):
        raise ValueError(text)
    return text


def _parse_terminal_or_all(text: str) -> str:
    return text if text == "*" else parse_terminal(text)


def parse_pin(text: str) -> str:
    """Given a PIN, return it as it is: `0123` is not `123`. Raise ValueError for what no terminal holds."""
    if not _PIN.fullmatch(text):
        raise ValueError(text)
    return text


TEXT = Shape(Message("any text"), str)
CODE = Shape(Message("a code without blanks"), _parse_code)
TERMINAL = Shape(Message("the id of a terminal (letters, digits and - _ .)"), parse_terminal)
TERMINAL_OR_ALL = Shape(
    Message("the id of a terminal (letters, digits and - _ .), or * for all"), _parse_terminal_or_all
)
PIN = Shape(Message("the PIN as the terminal has it, 1 to 24 characters without blanks"), parse_pin)
CLOCK = Shape(Message("YYYY-MM-DD HH:MM:SS, the terminal's own time"), parse_clock)
LOCAL_TIME = Shape(Message("YYYY-MM-DD HH:MM[:SS], local time of the place"), parse_local_time)
DATE = Shape(Message("a date YYYY-MM-DD of 1900 or later"), parse_date)
TIME = Shape(Message("a time HH:MM or HH:MM:SS"), parse_time)
MOMENT = Shape(Message("YYYY-MM-DD or YYYY-MM-DD HH:MM[:SS]"), _parse_moment)
ZONE = Shape(Message("a time zone such as Asia/Jakarta, Asia/Makassar or Asia/Jayapura"), _parse_zone)
RUPIAH = number(0, MOST_RP, Message("whole rupiah from 0 to {most}, digits only", most=MOST_RP))
MINUTES = number(0, 24 * 60, Message("whole minutes of a day, digits only"))
PERCENT_BP = Shape(Message("a percentage from 0 to 1000 with at most two decimals, such as 62.5"), _decimal(2, 1_000))
"""In 1/100 %."""
PERCENT_PPM = Shape(Message("a percentage from 0 to 100 with at most four decimals, such as 12.5"), _decimal(4, 100))
"""In parts per million."""
PERIOD = Shape(Message("a year YYYY or a month YYYY-MM"), _parse_period)
MONTH = Shape(Message("a month YYYY-MM"), _parse_month)
YEAR = Shape(Message("a year YYYY"), _parse_year)
POINTS_E2 = Shape(Message("a number from 0 to 1000000 with at most two decimals, such as 87.5"), _decimal(2, 1_000_000))
"""In hundredths; likewise the next two."""
SCORE_E2 = Shape(Message("points from 0 to 100 with at most two decimals, such as 80.01"), _decimal(2, 100))
STANDARD_E2 = Shape(Message("minutes from 0 to 100000 with at most two decimals, such as 12.5"), _decimal(2, 100_000))
PEOPLE = number(0, 100_000, Message("how many people, a whole number from 0 to 100000"))
ORDINAL = number(1, 99, Message("a whole number from 1 to 99"))
