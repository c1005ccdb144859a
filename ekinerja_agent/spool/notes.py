"""The text in which notes wait on disk: one JSON line per note, equal for equal notes, read back without loss.

Does not know where the text is kept.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from hashlib import sha256
from typing import Any, get_args, get_type_hints

from ekinerja_agent.nouns.delivery import Note
from ekinerja_agent.nouns.messages import Message, as_json, from_json
from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from ekinerja_agent.spool.instants import instant_text

_TYPES: dict[str, type[Note]] = {kind.__name__: kind for kind in get_args(Note)}
_FIELD_TYPES = {name: get_type_hints(kind) for name, kind in _TYPES.items()}


def encode_note(note: Note) -> str:
    """Given a note, return its text. Raise ValueError if it holds an instant without a time zone."""
    values = {field.name: _encoded(getattr(note, field.name)) for field in fields(note)}
    return json.dumps([kind_of(note), values], ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def decode_note(text: str) -> Note:
    """Given the text of a note, return the note."""
    kind, values = json.loads(text)
    types = _FIELD_TYPES[kind]
    return _TYPES[kind](**{name: _decoded(value, types[name]) for name, value in values.items()})


def kind_of(note: Note) -> str:
    """Given a note, return the word for its kind."""
    return type(note).__name__


def quarantine_key(note: Quarantined) -> str:
    """Given a quarantined record, return what makes it the same one at the next read, where its position may differ."""
    what = sha256(note.raw + b"\0" + note.reason.encode("utf-8", "surrogatepass")).hexdigest()
    return f"quarantine/{note.terminal}/{note.source}/{what}"


def _encoded(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Punch):
        return [_encoded(each) for each in value]
    return as_json(value) if isinstance(value, Message) else value


def _decoded(value: Any, kind: Any) -> Any:
    if value is None:
        return None
    if kind is datetime or datetime in get_args(kind):
        return datetime.fromisoformat(value)
    if kind is bytes:
        return bytes.fromhex(value)
    if Punch in get_args(kind):
        *texts, source, raw, corrected = value
        return Punch._make((*texts, Source(source), bytes.fromhex(raw), corrected))
    if kind is Message:
        return from_json(value)
    return Source(value) if kind is Source else value
