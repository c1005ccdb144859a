"""English sentences as they were said, back to their templates, and out again in another language.

Promises that what was inserted into a sentence comes out letter by letter; only what the translation marks with `!t`
(a sentence or a word of ours inside another) is translated too. A sentence that no template knows stays English. Does
not know which language that is, nor who says what.

A key of the catalogue is the text of an f-string with `{0}`, `{1}`, … in the place of what is inserted; its
translation has the same places in any order. Braces that are meant are doubled.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

_FIELD = re.compile(r"\{\{|\}\}|\{(\d+)(!t)?\}")
_COLUMN = re.compile(r"(\s+\S+\s{2,})(\S.*)")
_LETTER = re.compile(r"[A-Za-z]")
_FRAGMENT_LETTERS = 5
"""A template with no more letters than that (`row {0}`) is only looked for inside another sentence."""

_HALF_LETTERS = 16
"""A side of a sentence with fewer tells too little to be known by."""

_DEEPEST = 3
"""Sentences inside sentences are followed so far."""

Part = str | tuple[int, bool]
"""Literal text, or the number of a place and whether what stands there is translated too."""


def pieces(template: str) -> tuple[Part, ...]:
    """Given a template, return its literal texts and places in order."""
    found: list[Part] = []
    text, end = "", 0
    for match in _FIELD.finditer(template):
        text += template[end : match.start()]
        end = match.end()
        if match[1] is None:
            text += match[0][0]
            continue
        if text:
            found.append(text)
        found.append((int(match[1]), match[2] is not None))
        text = ""
    text += template[end:]
    return (*found, text) if text else tuple(found)


@dataclass(frozen=True)
class _Template:
    source: tuple[Part, ...]
    target: tuple[Part, ...]

    @cached_property
    def literals(self) -> tuple[str, ...]:
        return tuple(part for part in self.source if isinstance(part, str))

    @cached_property
    def start(self) -> str:
        return self.source[0] if isinstance(self.source[0], str) else ""

    @cached_property
    def end(self) -> str:
        return self.source[-1] if isinstance(self.source[-1], str) else ""

    @cached_property
    def longest(self) -> str:
        return max(self.literals, key=len, default="")

    @cached_property
    def letters(self) -> int:
        return sum(len(_LETTER.findall(text)) for text in self.literals)

    @cached_property
    def is_fragment(self) -> bool:
        """Whether a longer sentence that nobody knows could be mistaken for it."""
        between = not isinstance(self.source[0], str) and not isinstance(self.source[-1], str)
        words = sum(len(text.split()) for text in self.literals)
        is_short = self.letters <= _FRAGMENT_LETTERS and ":" not in "".join(self.literals)
        return (is_short and not self.start.startswith("  ")) or (between and words <= 1)

    @cached_property
    def is_one_line(self) -> bool:
        return not any("\n" in text for text in self.literals)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile("".join(re.escape(part) if isinstance(part, str) else "(.*?)" for part in self.source), re.S)

    def values(self, text: str) -> dict[int, str] | None:
        """Given a sentence, return what was inserted, by place; None if it is another sentence."""
        if not text.startswith(self.start) or not text.endswith(self.end) or self.longest not in text:
            return None
        match = self.pattern.fullmatch(text)
        if match is None:
            return None
        places = [part[0] for part in self.source if not isinstance(part, str)]
        return dict(zip(places, match.groups(), strict=True))


@dataclass(frozen=True, slots=True)
class _Told:
    """A translation, and how many letters of what was said it understood."""

    text: str
    understood: int


class Sentences:
    """The sentences of one catalogue; call it with what was said in English, from any thread."""

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        self._turn = threading.Lock()
        self._told: dict[tuple[str, int], _Told] = {}
        self._plain: dict[str, str] = {}
        self._templates: list[_Template] = []
        for key, translation in (_halves(catalogue) | dict(catalogue)).items():
            source, target = pieces(key), pieces(translation)
            if all(isinstance(part, str) for part in source):
                self._plain["".join(map(str, source))] = "".join(map(str, target))
            else:
                self._templates.append(_Template(source, target))

    def __call__(self, text: str) -> str:
        """Given what was said, return it in the language of the catalogue; English where it is not known."""
        with self._turn:
            self._told.clear()
            return self._translated(text, 0).text

    def _translated(self, text: str, depth: int) -> _Told:
        if (text, depth) not in self._told:
            self._told[text, depth] = self._tried(text, depth)
        return self._told[text, depth]

    def _tried(self, text: str, depth: int) -> _Told:
        if "\n" in text:
            whole = self._sentence(text, depth)
            return whole or _row("\n", [self._translated(line, depth) for line in text.split("\n")])
        if text in self._plain:  # nothing understands more than all of it
            return _Told(self._plain[text], len(_LETTER.findall(text)))
        attempts = (self._sentence, self._after_a_place, self._joined, self._after_a_column)
        told = [each for each in (attempt(text, depth) for attempt in attempts) if each is not None]
        return max(told, key=lambda each: each.understood, default=_Told(text, 0))

    def _sentence(self, text: str, depth: int) -> _Told | None:
        """Given one sentence, return its translation by the template that understands most; None if no template is it.

        `rejected: {0}` and `{0} is full` both fit `rejected: a is full`: what the first inserts is understood too.
        """
        if text in self._plain:
            return _Told(self._plain[text], len(_LETTER.findall(text)))
        if depth > _DEEPEST or not _LETTER.search(text):
            return None
        best, own = None, 0
        for template in self._templates:
            if (template.is_fragment and depth == 0) or template.is_one_line == ("\n" in text):
                continue
            values = template.values(text)
            if values is not None:
                told = self._filled(template, values, depth)
                if best is None or (told.understood, template.letters) > (best.understood, own):
                    best, own = told, template.letters
        return best

    def _filled(self, template: _Template, values: Mapping[int, str], depth: int) -> _Told:
        out, understood = "", template.letters
        for part in template.target:
            if isinstance(part, str):
                out += part
                continue
            place, is_ours = part
            inner = self._translated(values[place], depth + 1) if is_ours else _Told(values[place], 0)
            out += inner.text
            understood += inner.understood
        return _Told(out, understood)

    def _after_a_place(self, text: str, depth: int) -> _Told | None:
        """`FILE:LINE: sentence`: what stands before is kept."""
        at = text.find(": ")
        while at >= 0:
            told = self._sentence(text[at + 2 :], depth)
            if told is not None:
                return _Told(f"{text[: at + 2]}{told.text}", told.understood)
            at = text.find(": ", at + 1)
        return None

    def _after_a_column(self, text: str, depth: int) -> _Told | None:
        """`  NAME      sentence`: what stands before is kept."""
        match = _COLUMN.fullmatch(text)
        told = match and self._sentence(match[2], depth)
        return _Told(f"{match[1]}{told.text}", told.understood) if match and told else None

    def _joined(self, text: str, depth: int) -> _Told | None:
        """Sentences or words of ours in a row; others in it stay."""
        for separator in ("; ", ", ") if depth else ("; ",):
            pieces = text.split(separator)
            told = [self._sentence(piece, depth) for piece in pieces] if len(pieces) > 1 else []
            if any(told):
                return _row(separator, [each or _Told(piece, 0) for each, piece in zip(told, pieces, strict=True)])
        return None


def _halves(catalogue: Mapping[str, str]) -> dict[str, str]:
    """Given a catalogue, return both sides of the first `; ` of its sentences.

    `what is wrong; what to do` is told in two columns, too.
    """
    halves: dict[str, str] = {}
    for key, translation in catalogue.items():
        for half, other in zip(key.split("; ", 1), translation.split("; ", 1), strict=False):
            if _places(half) == _places(other) and len(_LETTER.findall(half)) >= _HALF_LETTERS:
                halves.setdefault(half, other)
    return halves


def _places(template: str) -> set[int]:
    return {part[0] for part in pieces(template) if not isinstance(part, str)}


def _row(separator: str, told: Sequence[_Told]) -> _Told:
    return _Told(separator.join(each.text for each in told), sum(each.understood for each in told))
