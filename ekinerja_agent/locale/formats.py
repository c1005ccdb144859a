"""How numbers, money, percentages and dates are written for people, in the language they read.

Promises never to change a value: text of a percentage keeps its digits, money is whole rupiah. Does not round and
does not know what a number means. For programs (JSON, CSV, SQL) the contract's own forms are used, not these.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from gettext import NullTranslations

from ekinerja_agent.locale.language import Language, msgid, translate_to, translator

MONTHS = (
    msgid("January"),
    msgid("February"),
    msgid("March"),
    msgid("April"),
    msgid("May"),
    msgid("June"),
    msgid("July"),
    msgid("August"),
    msgid("September"),
    msgid("October"),
    msgid("November"),
    msgid("December"),
)
WEEKDAYS = (
    msgid("Monday"),
    msgid("Tuesday"),
    msgid("Wednesday"),
    msgid("Thursday"),
    msgid("Friday"),
    msgid("Saturday"),
    msgid("Sunday"),
)

_ABBREVIATION_LETTERS = 3  # Senin Sen, Agustus Agu, Monday Mon: three letters are the custom in both languages


@dataclass(frozen=True)
class Formats:
    """The written forms of one language."""

    lang: Language

    @cached_property
    def words(self) -> NullTranslations:
        """The catalogue of this language."""
        return translator(self.lang)

    def said(self, text: str) -> str:
        """Given a message, return it in this language; text that is none stays as it is."""
        return translate_to(self.lang)(text)

    def whole(self, number: int) -> str:
        """Given 3836000, return `3.836.000` (id) or `3,836,000` (en); a number below zero has a minus, no hyphen."""
        grouped = f"{number:,}".replace("-", "−")
        return grouped.replace(",", ".") if self.lang == "id" else grouped

    def rupiah(self, amount_rp: int) -> str:
        """Given whole rupiah, return `Rp 3.836.000` (id) or `Rp 3,836,000` (en)."""
        return f"Rp {self.whole(amount_rp)}"

    def decimal(self, text: str) -> str:
        """Given a decimal number as text (`89.75`), return it with its decimal sign: `89,75` (id)."""
        return text.replace(".", ",") if self.lang == "id" else text

    def percent(self, text: str) -> str:
        """Given a percentage as text (`89.75`), return `89,75%` (id) or `89.75%` (en)."""
        return f"{self.decimal(text)}%"

    def signed(self, text: str) -> str:
        """Given a difference as text (`-1.25`, `0.5`), return it with its sign: `−1,25`, `+0,5` (id)."""
        sign = "" if text.strip("0.") == "" else "−" if text.startswith("-") else "+"
        return f"{sign}{self.decimal(text.removeprefix('-'))}"

    def month(self, day: date) -> str:
        """Given any day, return its month: `September 2026`."""
        return f"{self.words.gettext(MONTHS[day.month - 1])} {day.year}"

    def weekday(self, number: int) -> str:
        """Given 0 (Monday) to 6 (Sunday), return the weekday's name."""
        return self.words.gettext(WEEKDAYS[number])

    def day(self, day: date) -> str:
        """Given a day, return `7 September 2026`."""
        return f"{day.day} {self.month(day)}"

    def short_month(self, day: date) -> str:
        """Given any day, return its month as it stands over a narrow column: `Agu 2026` (id), `Aug 2026` (en)."""
        return f"{self.words.gettext(MONTHS[day.month - 1])[:_ABBREVIATION_LETTERS]} {day.year}"

    def short_day(self, day: date) -> str:
        """Given a day of a month that is known from the context, return `Sen, 7 Sep` (id) or `Mon, 7 Sep` (en)."""
        weekday = self.weekday(day.weekday())[:_ABBREVIATION_LETTERS]
        month = self.words.gettext(MONTHS[day.month - 1])[:_ABBREVIATION_LETTERS]
        return f"{weekday}, {day.day} {month}"

    def instant(self, at: datetime) -> str:
        """Given an instant with the zone to show it in, return `2 Oktober 2026 pukul 08.30 WITA` (id)."""
        minute = f"{at:%H.%M}" if self.lang == "id" else f"{at:%H:%M}"
        return f"{self.day(at)} {self.words.gettext('at')} {minute} {at:%Z}"
