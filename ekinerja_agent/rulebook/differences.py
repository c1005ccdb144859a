"""What two sets of rules say otherwise, value by value, from the canonical texts that are kept of them.

Promises to name every difference, a value that came or went too. Does not know what a value does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs: where it stands (`profiles tpp-model late`), from which day it holds (None: it has no
    date), what it was and what it is, as JSON with its end and source; None: it was not there, or is not there now.
    """

    where: str
    first: str | None
    old: str | None
    new: str | None


def differences(old: str | None, new: str) -> tuple[Difference, ...]:
    """Given the canonical texts of two sets of rules (old None: there was none), return what differs, by its place."""
    return tuple(_compared((), {} if old is None else json.loads(old), json.loads(new)))


def _compared(path: tuple[str, ...], old: Any, new: Any) -> Iterator[Difference]:
    if old == new:
        return
    if _is_dated(old) or _is_dated(new):
        before, after = _by_first(old), _by_first(new)
        for first in sorted(before.keys() | after.keys()):
            if before.get(first) != after.get(first):
                yield Difference(" ".join(path), first, _text(before.get(first)), _text(after.get(first)))
    elif isinstance(old, Mapping | None) and isinstance(new, Mapping | None) and _has_parts(path, old, new):
        for name in sorted({*(old or ()), *(new or ())}):
            yield from _compared((*path, name), (old or {}).get(name), (new or {}).get(name))
    else:
        yield Difference(" ".join(path), None, _text(old), _text(new))


def _has_parts(path: tuple[str, ...], old: Any, new: Any) -> bool:
    """A set, its profiles and schedules, and each of them: below that a value is told as a whole."""
    return (old is not None and new is not None) or len(path) < 2 + (path[:1] == ("profiles",))


def _is_dated(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"entries", "name"}


def _by_first(value: Any) -> dict[str, Any]:
    return {} if value is None else {entry["first"]: entry for entry in value["entries"]}


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)
