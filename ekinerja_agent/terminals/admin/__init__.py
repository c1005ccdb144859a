"""Changes the people of a terminal: pyzk, in a process of its own that is ended when it takes too long.

pyzk waits for ever when a peer closes in the middle of an answer or sends a byte now and then. Here every step has a
deadline, after which the process is killed and reaped; it ends by itself if this one dies. The terminal is never
locked, so nothing has to be unlocked after a kill, and punches go on. The serial is asked in the same connection before
anything is written. What was written is for the caller to read back: pyzk checks neither checksums nor reply ids.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from ekinerja_agent.nouns.errors import EkinerjaError, ProtocolViolation, TerminalRefused, TerminalUnavailable
from ekinerja_agent.nouns.messages import Message, from_json
from ekinerja_agent.terminals.interface import TerminalAddress
from ekinerja_agent.terminals.session import ATTEMPTS, FAREWELL_S, SLOWEST_BYTES_PER_S
from ekinerja_agent.terminals.wire.people import Finger

LARGEST_DELETED_UID = 0x7FFF
"""pyzk sends the slot to delete as a signed number."""
REPLIES_PER_STEP = 4
"""A step that goes well is a few quick answers; so many full waits end it."""
START_S = 15.0
"""How long a process may take to start on a busy host."""

_ERRORS: dict[str, type[EkinerjaError]] = {
    "unavailable": TerminalUnavailable,
    "refused": TerminalRefused,
    "violation": ProtocolViolation,
}


@dataclass(frozen=True, slots=True)
class Write:
    """Write a user's row (28 or 72 bytes, its slot in it) and these fingers; other fingers of the slot stay."""

    row: bytes = field(repr=False)
    fingers: tuple[Finger, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete whoever has this slot, with the fingers."""

    uid: int


@dataclass(frozen=True, slots=True)
class Restart:
    """Let the terminal start again."""


Step = Write | Delete | Restart


def carry_out(place: TerminalAddress, serial: str, steps: Sequence[Step]) -> None:
    """Given where a terminal is, its serial, and what to do, do it in this order.

    Over UDP a step whose answer was lost is done once more; twice is the same as once. Raise TerminalRefused if another
    serial answers (then nothing was done) or a step is refused, TerminalUnavailable if the terminal breaks off or is
    too slow: then the steps so far are done, and the next may be.
    """
    done, tries_left = 0, ATTEMPTS[place.transport]
    while True:
        try:
            for _ in _progress(place, serial, steps[done:], again=tries_left < ATTEMPTS[place.transport]):
                done, tries_left = done + 1, ATTEMPTS[place.transport]
        except TerminalUnavailable as error:
            tries_left -= 1
            if not tries_left or (steps[done:] and isinstance(steps[done], Restart)):
                raise TerminalUnavailable(
                    Message(
                        "{error}; {done} of {steps} steps were done before", error=error, done=done, steps=len(steps)
                    )
                ) from error
        else:
            return


def _progress(place: TerminalAddress, serial: str, steps: Sequence[Step], *, again: bool) -> Iterator[Step]:
    """Do the steps over one connection and yield each that is done. `again`: the first may be done already."""
    with _child() as child:
        answers = _Answers(child)
        _send(child, _job(place, serial, steps, again=again))
        answers.next(place.terminal, Message("let us in"), START_S + REPLIES_PER_STEP * place.reply_timeout_s)
        for step in steps:
            patience_s = REPLIES_PER_STEP * place.reply_timeout_s + _bytes(step) / SLOWEST_BYTES_PER_S
            answers.next(place.terminal, _words(step), patience_s)
            yield step
        with suppress(subprocess.TimeoutExpired):
            child.wait(FAREWELL_S)  # it says good-bye to the terminal


@contextmanager
def _child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is gone, and reaped, when the block ends."""
    child = subprocess.Popen(
        [sys.executable, "-m", "ekinerja_agent.terminals.admin.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield child
    finally:
        child.kill()
        with suppress(BrokenPipeError):
            child.communicate()


def _send(child: subprocess.Popen[bytes], job: dict[str, Any]) -> None:
    """Through a pipe: what it holds stands neither on a command line nor on disk."""
    if child.stdin is None:
        raise AssertionError("the process was started with a pipe")
    with suppress(BrokenPipeError):  # it died at once; the missing answer tells
        child.stdin.write(json.dumps(job).encode() + b"\n")
        child.stdin.flush()


class _Answers:
    """Reads one line after the other from a process, each by its own deadline."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        if child.stdout is None:
            raise AssertionError("the process was started with a pipe")
        self._fd = child.stdout.fileno()
        self._pending = b""

    def next(self, terminal: str, what: Message, patience_s: float) -> None:
        """Wait for the word that a step is done. Raise what the process tells instead."""
        ends_s = time.monotonic() + patience_s
        while b"\n" not in self._pending:
            ready, _, _ = select.select([self._fd], [], [], max(0.0, ends_s - time.monotonic()))
            if not ready:
                raise TerminalUnavailable(
                    Message(
                        "{terminal} took more than {seconds} s to {what}; the attempt was ended",
                        terminal=terminal,
                        seconds=f"{patience_s:.0f}",
                        what=what,
                    )
                )
            received = os.read(self._fd, 65_536)
            if not received:
                raise TerminalUnavailable(
                    Message(
                        "the process that was to let {terminal} {what} ended without a word",
                        terminal=terminal,
                        what=what,
                    )
                )
            self._pending += received
        line, _, self._pending = self._pending.partition(b"\n")
        told = json.loads(line)
        if "error" in told:
            raise _ERRORS[told["error"]](
                Message(
                    "{terminal} did not {what}: {error}", terminal=terminal, what=what, error=from_json(told["message"])
                )
            )


def _job(place: TerminalAddress, serial: str, steps: Sequence[Step], *, again: bool) -> dict[str, Any]:
    return {
        "host": place.host,
        "port": place.port,
        "udp": place.transport == "udp",
        "comm_key": place.comm_key or 0,
        "timeout_s": place.reply_timeout_s / ATTEMPTS[place.transport],
        "serial": serial,
        "again": again,
        "steps": [_told(step) for step in steps],
    }


def _told(step: Step) -> dict[str, Any]:
    if isinstance(step, Write):
        fingers = [[finger.number, finger.valid, finger.template.hex()] for finger in step.fingers]
        return {"do": "write", "row": step.row.hex(), "fingers": fingers}
    if isinstance(step, Delete):
        if not 0 < step.uid <= LARGEST_DELETED_UID:
            raise TerminalRefused(Message("slot {uid} can only be deleted in the terminal's own menu", uid=step.uid))
        return {"do": "delete", "uid": step.uid}
    return {"do": "restart"}


def _words(step: Step) -> Message:
    if isinstance(step, Write):
        return Message("take the user of slot {uid}", uid=int.from_bytes(step.row[:2], "little"))
    return (
        Message("delete the user of slot {uid}", uid=step.uid) if isinstance(step, Delete) else Message("start again")
    )


def _bytes(step: Step) -> int:
    return sum(len(finger.template) for finger in step.fingers) if isinstance(step, Write) else 0
