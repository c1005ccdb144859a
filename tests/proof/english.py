"""What of our English is left in a text that is meant to be Indonesian.

Promises to find each sentence of a catalogue, and each part of one between inserted values that is long enough to be
told from a name. What is the same in both languages is not English. Does not know who wrote the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from babel.messages.pofile import read_po

from ekinerja_agent.locale.language import LOCALE_DIR

_DOMAINS = ("messages", "help", "click", "ekinerja")
_PLACES = re.compile(r"\{\{|\}\}|\{[^{}]*\}|%\([a-z_]+\)s|\n")
_LEAST_WORDS = 3
_LEAST_LETTERS = 14


def english_in(text: str, *, but: str = "") -> list[str]:
    """Given a text, return the parts of our English sentences in it; `but` is text of others that it may hold."""
    one_line, theirs = _one_line(text), _one_line(but)
    return [part for part in _parts() if part in one_line and part not in theirs]


@cache
def _parts() -> tuple[str, ...]:
    english: set[str] = set()
    indonesian: list[str] = []
    for domain in _DOMAINS:
        with (LOCALE_DIR / "id" / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
            for entry in read_po(file, locale="id"):
                if entry.id:
                    english.update(_texts(entry.id))
                    indonesian += _texts(entry.string)
    kept = _one_line("\n".join(indonesian))
    parts = {_one_line(part) for template in english for part in _PLACES.split(template)}
    return tuple(sorted(part for part in parts if _is_long(part) and part not in kept))


def _texts(one: str | Sequence[str] | None) -> Sequence[str]:
    return (one or "",) if isinstance(one, str | None) else one


def _is_long(part: str) -> bool:
    words = re.findall(r"[A-Za-z]{2,}", part)
    return len(words) >= _LEAST_WORDS and sum(map(len, words)) >= _LEAST_LETTERS


def _one_line(text: str) -> str:
    return " ".join(text.split())
