"""What this program says: a template with named values, English as it stands, another language by its key.

Promises that a message is plain English text (`str`) wherever only text is asked for; that its template alone is the
key of its translation; that values come out letter by letter in every language, and only those that are messages
themselves are translated too. What is cut or joined as text is text: no message any more, and nobody translates it.
Knows no language and no sentence.

A place in a template is `{name}` and nothing else: who says it writes numbers and dates as they shall stand there.
Braces that are meant are doubled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import reduce
from typing import Any, Protocol, Self

PLACE = re.compile(r"\{\{|\}\}|\{([a-z_][a-z0-9_]*)\}")
HALVES = "; "
"""`what was found; what to do`: the first one parts a template."""

_TEXT = "{text}"
_PACKED = '["'


class Words(Protocol):
    """A catalogue, as `gettext` reads one."""

    def gettext(self, message: str, /) -> str:
        """Given a template, return that of the other language, or itself."""

    def ngettext(self, msgid1: str, msgid2: str, n: int, /) -> str:
        """Given the templates for one and for another number, and the number, return that of the other language."""


class Message(str):
    """Given a template and its values by name, the English text.

    A value is a message, what was made of one (an error) or has `as_message`, or anything else as its text. `many` is
    the template for another number than one, `number` that number (`plural`). `side` is 0 or 1 where this is half of
    what the template says (`halves`).
    """

    __slots__ = ("many", "number", "side", "template", "values")

    template: str
    values: Mapping[str, str]
    many: str | None
    number: int
    side: int | None

    def __new__(cls, template: str, /, **values: object) -> Self:
        return cls.of(template, _as_values(values))

    @classmethod
    def of(
        cls, template: str, values: Mapping[str, str], many: str | None = None, number: int = 1, side: int | None = None
    ) -> Self:
        """Given all that a message is made of, return it."""
        made = super().__new__(cls, _filled(_half(template if many is None or number == 1 else many, side), values))
        for name, part in zip(cls.__slots__, (many, number, side, template, values), strict=True):
            object.__setattr__(made, name, part)
        return made

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a message is what it was made of; {name} cannot change")

    def __reduce__(self) -> tuple[Callable[..., Message], tuple[Any, ...]]:
        return self.of, (self.template, dict(self.values), self.many, self.number, self.side)

    def translated(self, words: Words) -> str:
        """Given a catalogue, return the text in its language; what it does not hold stays English."""
        if self.many is not None:
            template = words.ngettext(self.template, self.many, self.number)
        else:
            template = words.gettext(self.template) if self.template else ""  # the key "" is the head of a catalogue
        told = {name: one.translated(words) if isinstance(one, Message) else one for name, one in self.values.items()}
        return _filled(_half(template, self.side), told)

    def changed(self, change: Callable[[str], str]) -> Message:
        """Return it with each value as `change` has it."""
        values = {name: change(value) for name, value in self.values.items()}
        return self.of(self.template, values, self.many, self.number, self.side)

    def halves(self) -> tuple[Message, Message | None]:
        """Return what was found and what to do: before and after the first `; `; None where nothing stands after it.

        Looks at what the template says, never at values; where it only hands on another message, at that one.
        """
        if HALVES in self.template:
            found, what_to_do = (self.of(self.template, self.values, self.many, self.number, side) for side in (0, 1))
            return found, what_to_do
        name = next(iter(PLACE.findall(self.template)[-1:]), "")
        last = self.values[name] if name and self.template.endswith(f"{{{name}}}") else None
        if not isinstance(last, Message):
            return self, None
        found, rest = last.halves()
        return self.of(self.template, {**self.values, name: found}, self.many, self.number), rest


def plural(one: str, many: str, number: int, /, **values: object) -> Message:
    """Given the templates for one and for another number, return the message; `{number}` is a place of both."""
    return Message.of(one, _as_values({"number": number} | values), many, number)


def as_message(said: object) -> Message:
    """Given a message, or what was made of one, return it; text that is not ours is the same in every language."""
    value = _as_value(said)
    return value if isinstance(value, Message) else Message(_TEXT, text=value)


def joined(separator: str, parts: Iterable[object]) -> Message:
    """Given messages or texts, return them in a row; a separator is the same in every language."""
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return Message(separator.join(f"{{{name}}}" for name in values), **values)


def either(words: Iterable[object]) -> Message:
    """Given words, return `one or other or third`; of none, nothing."""
    first, *others = list(map(as_message, words)) or [as_message("")]
    return reduce(lambda one, other: Message("{one} or {other}", one=one, other=other), others, first)


def both(words: Iterable[object]) -> Message:
    """Given words, return `one and other and third`; of none, nothing."""
    first, *others = list(map(as_message, words)) or [as_message("")]
    return reduce(lambda one, other: Message("{one} and {other}", one=one, other=other), others, first)


def as_json(message: Message) -> Any:
    """Given a message, return what JSON can hold of it: a list, or the text if it is no more than that."""
    if message.template == _TEXT and not isinstance(message.values["text"], Message):
        return message.values["text"]
    values = {name: as_json(one) if isinstance(one, Message) else one for name, one in message.values.items()}
    kept = [message.template, values]
    return kept if message.many is None else [*kept, message.many, message.number]


def from_json(kept: Any) -> Message:
    """Given what `as_json` returned, return the message. Raise ValueError for anything else."""
    many: str | None = None
    number = 1
    match kept:
        case str():
            return as_message(kept)
        case [str(template), dict(values)]:
            pass
        case [str(template), dict(values), str(many), int(number)]:
            pass
        case _:
            raise ValueError(f"{kept!r} is no message")
    read = {str(name): one if isinstance(one, str) else from_json(one) for name, one in values.items()}
    if not set(PLACE.findall(template + (many or ""))) - {""} <= read.keys():
        raise ValueError(f"{kept!r} lacks a value")
    return Message.of(template, read, many, number)


def pack(text: str) -> str:
    """Given a message or plain text, return one text that keeps all of it: where only text can be kept.

    Plain text is kept as it is, unless it would be taken for a message.
    """
    kept = as_json(as_message(text))
    if isinstance(kept, str) and kept.startswith(_PACKED):
        kept = [_TEXT, {"text": kept}]
    return kept if isinstance(kept, str) else json.dumps(kept)


def unpack(text: str) -> Message:
    """Given what was kept, return it. What is no message is text."""
    if text.startswith(_PACKED):
        with suppress(ValueError, RecursionError):
            return from_json(json.loads(text))
    return as_message(text)


def _as_values(values: Mapping[str, object]) -> dict[str, str]:
    return {name: _as_value(value) for name, value in values.items()}


def _as_value(value: object) -> str:
    if isinstance(value, Message):
        return value
    if (says := getattr(value, "as_message", None)) is not None:
        return as_message(says())
    if isinstance(value, BaseException) and len(value.args) == 1 and isinstance(value.args[0], Message):
        return value.args[0]
    return format(value)


def _filled(template: str, values: Mapping[str, str]) -> str:
    return PLACE.sub(lambda place: values[place[1]] if place[1] else place[0][0], template)


def _half(template: str, side: int | None) -> str:
    return template if side is None else template.partition(HALVES)[2 * side]
