"""Every deliberate error, with the exit code it ends a command with and whether trying again can help.

Does not know who raises or who catches. The exit codes are those of the contract: 0 done · 1 a check found something
wrong · 2 wrong usage · 3 configuration · 4 temporarily unavailable · 5 data that a person must look at · 6 no rule
covers that day · 7 refused because it would be unsafe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ekinerja_agent.nouns.messages import Message, as_message, joined


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a file, told so that a person can mend it.

    `line` and `column` count from 1; 0 means that the place is the file itself. `key` is the dotted path of the value,
    or the column of a table file; empty when the line as a whole is meant.
    """

    file: str
    line: int
    column: int
    key: str
    message: Message

    def __str__(self) -> str:
        return str(self.as_message())

    def as_message(self) -> Message:
        """Return the place, the key and the message as one message: `FILE:LINE:COLUMN: KEY: MESSAGE`."""
        place = self.file
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        return joined(": ", (part for part in (place, self.key, self.message) if part))


class EkinerjaError(Exception):
    """Base of every deliberate error. Its message says where, what was found, what is allowed, what to do."""

    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(self, message: Message) -> None:
        self.message = as_message(message)
        super().__init__(self.message)


class CheckFailed(EkinerjaError):
    """A check ran to its end and found something wrong."""

    exit_code = 1


class WrongUsage(EkinerjaError):
    """The command was called with arguments that cannot be meant."""

    exit_code = 2


class ProblemsFound(EkinerjaError):
    """A file cannot be used; `problems` holds all that is wrong with it, not only the first."""

    exit_code = 5

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__(joined("\n", (problem.as_message() for problem in self.problems)))


class ConfigurationError(ProblemsFound):
    """The configuration or the rule files are wrong; `problems` covers every file."""

    exit_code = 3


class TemporarilyUnavailable(EkinerjaError):
    """Something that exists does not answer now. Nothing is lost; the same call may succeed later."""

    exit_code = 4
    retryable = True


class NeedsAttention(EkinerjaError):
    """Data is in a state that only a person can judge."""

    exit_code = 5


class NoRule(EkinerjaError):
    """No rule covers that day; scoring never falls back to the nearest one."""

    exit_code = 6


class Refused(EkinerjaError):
    """Doing this now would be unsafe or unfair; the message names what has to happen first."""

    exit_code = 7


class TerminalUnavailable(TemporarilyUnavailable):
    """A terminal did not answer, or the link broke in the middle of an answer."""


class TerminalUnreachable(TerminalUnavailable):
    """There is nobody at a terminal's address."""


class ProtocolViolation(TemporarilyUnavailable):
    """A terminal's answer breaks the protocol (checksum, reply id, index, length); the connection was closed."""


class OwnedElsewhere(NeedsAttention):
    """Another agent reads this terminal: one owner at a time."""


class TerminalRefused(NeedsAttention):
    """A terminal answered and will not serve us: wrong comm key, encrypted firmware, wrong serial, another protocol."""


class SerialOfAnother(TerminalRefused):
    """A terminal answered with a serial that is another id's already: one serial, one id."""

    def __init__(self, terminal: str, serial: str, other: str, message: Message | None = None) -> None:
        self.terminal, self.serial, self.other = terminal, serial, other
        super().__init__(
            message
            or Message(
                "{terminal} answered with serial {serial}, and that is already the one of {other}: a terminal has one "
                "id, so nothing of it is stored; take {terminal} out of devices.yaml, or write there the address at "
                "which each of them answers",
                terminal=terminal,
                serial=serial,
                other=other,
            )
        )
