"""Documents into pydantic models, with pydantic's findings told in plain words at the place in the file.

Promises that every problem of a file is told at once, each as `FILE:LINE:COLUMN: KEY: what was found; what is
allowed`. Does not know any particular model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from ekinerja_agent.nouns.errors import Problem
from ekinerja_agent.nouns.messages import Message, as_message, plural
from ekinerja_agent.yamlfile.document import Document, KeyPath, Tree, read_document
from ekinerja_agent.yamlfile.scalars import UNFIT
from ekinerja_agent.yamlfile.schema import keys_at, schema_of

M = TypeVar("M", bound=BaseModel)

FAULTS: Final = "faults"
KEY_MARK: Final = "[key]"
"""How pydantic marks that a key, not its value, is wrong."""
SHOWN_CHARACTERS: Final = 60


class FileSection(BaseModel):
    """A group of keys in a file of ours: unknown keys are refused, values never change after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Loaded(Generic[M]):
    """A model, and the document that knows where each of its values stands."""

    value: M
    document: Document


def faults(found: Iterable[tuple[KeyPath, Message]]) -> PydanticCustomError:
    """Given paths below the value being validated and what is wrong there, return one error for all."""
    return PydanticCustomError(FAULTS, "{faults}", {"faults": list(found)})


def load(
    path: Path, model: type[M], problems: list[Problem], *, environ: Mapping[str, str] | None = None
) -> Loaded[M] | None:
    """Given a file and its model, return both joined; None if anything is wrong; see `problems`.

    `environ` holds the variables that `${NAME}` may name; None means that the file may not use any.
    """
    document, found = read_document(path, environ=environ)
    problems.extend(found)
    if document is None:
        return None
    loaded = fit(document, model, problems)
    return None if found else loaded


def fit(document: Document, model: type[M], problems: list[Problem]) -> Loaded[M] | None:
    """Given a document and a model, return both joined; None if they do not fit; see `problems`."""
    try:
        value = model.model_validate(document.tree, context={"base": document.path.parent})
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            problems.extend(_problems(document, model, detail))
        return None
    return Loaded(value, document)


def _problems(document: Document, model: type[BaseModel], detail: ErrorDetails) -> list[Problem]:
    path = _path(document, detail["loc"])
    if any(path[: len(told)] == told for told in document.told):
        return []
    kind = detail["type"]
    if kind == "too_short" and document.get(path):
        return []  # the entries that are there are wrong and told by themselves
    if kind == FAULTS:
        return [document.problem((*path, *below), message) for below, message in detail["ctx"]["faults"]]
    return [_problem(document, model, path, detail)]


def _problem(document: Document, model: type[BaseModel], path: KeyPath, detail: ErrorDetails) -> Problem:
    kind = detail["type"]
    if kind == "missing":
        return document.key_problem(path, Message("the key is missing; it is required here"))
    if kind == "extra_forbidden":
        known = keys_at(schema_of(model), path[:-1])
        allowed = allowed_words(str(path[-1]), known)
        message = (
            Message("unknown key; {allowed}; a text with commas needs quotes", allowed=allowed)
            if " " in str(path[-1])
            else Message("unknown key; {allowed}", allowed=allowed)
        )
        return document.key_problem(path, message)
    if detail["loc"][-1:] == (KEY_MARK,):
        message = Message(
            "{key} was found as a key; {allowed} is allowed",
            key=_cut(str(path[-1])),
            allowed=detail.get("ctx", {}).get("allowed", detail["msg"]),
        )
        return document.key_problem(path, message)
    message = Message(
        "{found} was found; {allowed}", found=_found(document, path), allowed=_allowed(detail, document.get(path))
    )
    return document.problem(path, message)


def _path(document: Document, loc: tuple[str | int, ...]) -> KeyPath:
    """Given pydantic's location, return the path of the document, without marks such as `[key]`."""
    path: KeyPath = ()
    for step in loc:
        here = document.get(path)
        in_list = isinstance(here, list) and isinstance(step, int)
        in_group = isinstance(here, dict) and isinstance(step, str) and step != KEY_MARK
        if in_list or in_group:
            path = (*path, step)
    return path


_NEEDED: Final = {
    "model_type": Message("a group of `key: value` lines is allowed"),
    "dict_type": Message("a group of `key: value` lines is allowed"),
    "tuple_type": Message("a list such as [one, two] is allowed"),
    "too_short": Message("at least one entry is required"),
}


def _allowed(detail: ErrorDetails, found: Tree) -> Message:
    """Given a finding about a value, return what would be allowed instead."""
    kind = detail["type"]
    if kind == UNFIT:
        return Message("{allowed} is allowed", allowed=detail["ctx"]["allowed"])
    if kind == "literal_error":
        words = re.findall("'([^']*)'", str(detail["ctx"]["expected"]))
        return allowed_words(found if isinstance(found, str) else "", words)
    return _NEEDED.get(kind) or as_message(detail["msg"])


def allowed_words(found: str, words: Iterable[str]) -> Message:
    """Given what a person wrote and the words that may stand there, return both joined in words."""
    words = sorted(words)
    text = (
        plural("allowed is {words}", "allowed are {words}", len(words), words=", ".join(words))
        if words
        else Message("nothing is allowed here")
    )
    near = get_close_matches(found, words, n=1)
    return Message("{allowed}; did you mean {word}?", allowed=text, word=near[0]) if near else text


def _found(document: Document, path: KeyPath) -> Message:
    value = document.get(path)
    if value is None:
        return Message("nothing")
    if isinstance(value, dict):
        return Message("a group of keys")
    if isinstance(value, list):
        return Message("a list") if value else Message("an empty list")
    if path in document.written:
        # The variable's value may be a secret.
        return Message("the value of {written}", written=_cut(document.written[path]))
    return as_message(_cut(value))


def _cut(text: str) -> str:
    shown = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
    return repr(shown)
