"""What a check says: what it found, of what, and what a person does about it in one sentence.

Does not know who asked, nor how it is printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ekinerja_agent.nouns.errors import Problem

SEE_FINDING = "do what the finding says, then run `ekinerja-agent doctor` again"


class State(StrEnum):
    """How a check, or one thing it looked at, came out."""

    OK = "ok"
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with `subject` (None: with this host as a whole), or, SKIPPED, why it could not be looked at."""

    subject: str | None
    text: str
    what_to_do: str
    state: State = State.WRONG


class CannotCheck(Exception):
    """What a check looks at is not there to be looked at; another check says why."""


def finding_of(sentence: str, subject: str | None = None, otherwise: str = SEE_FINDING) -> Finding:
    """Given one of our sentences (`what was found; what to do`), return it as a finding.

    `otherwise` is what to do where the sentence does not say it.
    """
    text, _, what_to_do = sentence.partition("; ")
    return Finding(subject, text, what_to_do or otherwise)


def of_problem(problem: Problem) -> Finding:
    """Given a problem of a file, return it as a finding whose subject is the place."""
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part)
    otherwise = "write what is allowed there; `ekinerja-agent config check` tells all problems at once"
    return finding_of(": ".join(part for part in (problem.key, problem.message) if part), place, otherwise)
