"""What a check says: what it found, of what, and what a person does about it in one sentence.

Does not know who asked, nor how it is printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ekinerja_agent.nouns.errors import Problem
from ekinerja_agent.nouns.messages import Message, joined

SEE_FINDING = Message("do what the finding says, then run `ekinerja-agent doctor` again")


class State(StrEnum):
    """How a check, or one thing it looked at, came out."""

    OK = "ok"
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with `subject` (None: with this host as a whole), or, SKIPPED, why it could not be looked at."""

    subject: str | None
    text: Message
    what_to_do: Message
    state: State = State.WRONG


class CannotCheck(Exception):
    """What a check looks at is not there to be looked at; another check says why."""


def finding_of(sentence: Message, subject: str | None = None, otherwise: Message = SEE_FINDING) -> Finding:
    """Given one of our sentences (`what was found; what to do`), return it as a finding.

    `otherwise` is what to do where the sentence does not say it.
    """
    text, what_to_do = sentence.halves()
    return Finding(subject, text, what_to_do or otherwise)


def of_problem(problem: Problem) -> Finding:
    """Given a problem of a file, return it as a finding whose subject is the place."""
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part)
    otherwise = Message("write what is allowed there; `ekinerja-agent config check` tells all problems at once")
    text = joined(": ", (problem.key, problem.message)) if problem.key else problem.message
    return finding_of(text, place, otherwise)
