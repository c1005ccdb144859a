"""A civil servant's number (NIP): what its 18 digits say, and what about them is doubtful.

Doubts are words, never a verdict: PPPK numbers and historic irregular ones exist, so only a number that is
not 18 digits cannot be used. There is no check digit. Source: Perka BKN 22/2007; examples V03. Does not know
who uses the number, nor what day it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Literal

from ekinerja_agent.nouns.messages import Message

_DIGITS = re.compile(r"[0-9]{18}", re.ASCII)

ADULT_YEARS = 18
"""Nobody is appointed in a year that is fewer than this many after the year of birth."""


class Doubt(Enum):
    """What is wrong with a NIP, in the words that people are told."""

    LENGTH = Message("not 18 digits")
    BIRTH = Message("bad birth date")
    MONTH = Message("bad CPNS month")
    SEX = Message("bad sex digit")
    SEQUENCE = Message("bad sequence")
    YEAR = Message("CPNS year outside 18 years after birth .. today")


@dataclass(frozen=True, slots=True)
class Nip:
    """The parts of a NIP: YYYYMMDD of birth, YYYYMM of appointment (TMT CPNS), sex 1 or 2, sequence 001-999.

    A part that cannot be read is None; `doubts` then says why, in the order of the digits.
    """

    text: str
    birth: date | None
    tmt_cpns: str | None
    sex: Literal["male", "female"] | None
    sequence: str | None
    doubts: tuple[Doubt, ...]


def is_nip(text: str) -> bool:
    """Given a text, return whether it is 18 ASCII digits, the one thing that every NIP is."""
    return _DIGITS.fullmatch(text) is not None


def parse_nip(text: str, today: date) -> Nip:
    """Given a text and the day on which it is judged, return its parts and every doubt about them.

    A PPPK number has another code where the month stands, so a caller that knows the person to be PPPK
    ignores `Doubt.MONTH`.
    """
    if not is_nip(text):
        return Nip(text, None, None, None, None, (Doubt.LENGTH,))
    doubts: list[Doubt] = []
    birth = _birth(text[:8])
    if birth is None:
        doubts.append(Doubt.BIRTH)
    year, month = int(text[8:12]), int(text[12:14])
    month_exists = 1 <= month <= 12
    if not month_exists:
        doubts.append(Doubt.MONTH)
    if birth is not None and not birth.year + ADULT_YEARS <= year <= today.year:
        doubts.append(Doubt.YEAR)
    sexes: dict[str, Literal["male", "female"]] = {"1": "male", "2": "female"}
    sex = sexes.get(text[14])
    if sex is None:
        doubts.append(Doubt.SEX)
    sequence = text[15:] if text[15:] != "000" else None
    if sequence is None:
        doubts.append(Doubt.SEQUENCE)
    return Nip(text, birth, f"{year:04}-{month:02}" if month_exists else None, sex, sequence, tuple(doubts))


def _birth(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
