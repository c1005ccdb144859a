"""A name for the meaning of all rules: equal for equal rules, different for any other value, date or source.

Order of files and keys, comments, quotes and the lines on which values stand are not meaning. Does not know
any rule.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, time
from typing import Any

from ekinerja_agent.rules import Adoption, Citation, RuleBook


def digest_of(book: RuleBook) -> RuleBook:
    """Given rules, return them with `digest` set: `sha256:` and 64 hexadecimal digits.

    What a decree adopted is part of it: who may be paid by a value depends on that.
    """
    return replace(book, digest=f"sha256:{hashlib.sha256(canonical_text(book).encode()).hexdigest()}")


def canonical_text(book: RuleBook) -> str:
    """Given rules, return all that they mean as one line of JSON, of which `digest` is the digest."""
    meaning = _meaning(replace(book, adoptions=(), digest="", shipped=None))
    if book.adoptions:
        adopted = sorted(book.adoptions, key=lambda one: (one.profile, one.value, one.day))
        meaning["adoptions"] = [_meaning(one) for one in adopted]
    return json.dumps(meaning, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _meaning(value: Any) -> Any:  # what JSON can hold of any noun of the rules
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _meaning(inner) for key, inner in value.items()}
    if isinstance(value, frozenset):
        return sorted(map(_meaning, value))
    if isinstance(value, tuple):
        return [_meaning(inner) for inner in value]
    if is_dataclass(value):
        # What does not exist is left out, so that a noun may gain a field without renaming every older rule.
        inner_values = {field.name: getattr(value, field.name) for field in fields(value)}
        if isinstance(value, Citation | Adoption):
            del inner_values["place"]
        return {name: _meaning(inner) for name, inner in inner_values.items() if inner is not None}
    raise TypeError(f"{type(value).__name__} has no canonical form; say here what of it is meaning")
