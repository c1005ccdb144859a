"""The person's side: the process that they started, while another one with the service's rights does their command.

Promises that it opens only what was typed, with the person's own rights; that signals reach the command; and that the
process ends as the command ended. It believes the other side nothing that would let it open something else. Does not
know what a command does.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple

from ekinerja_agent.files import named
from ekinerja_agent.files.foreign_text import on_screen
from ekinerja_agent.host import packets

MOST_INTERRUPTS: Final = 3
"""Whoever presses Ctrl-C once more than this does not wait for the command to end."""


class Ended(NamedTuple):
    """How a command ended: its exit code, or the number of the signal that ended it, negative; None if the other side
    went without a word. `begun`: it may have done something.
    """

    code: int | None
    begun: bool


class Typed:
    """The words of a command, and the files among them."""

    def __init__(self, words: Sequence[str]) -> None:
        self._files = {Path(part) for word in words for part in (word, word.partition("=")[2]) if part}

    def file(self, said: object) -> Path:
        """Given a name that the other side wants opened, return it. Raise PermissionError if nobody typed it."""
        if not isinstance(said, str) or Path(said) not in self._files:
            raise PermissionError(13, os.strerror(13), str(said))
        return Path(said)


def attend(line: socket.socket, words: Sequence[str], heard: Mapping[signal.Signals, Callable[[int], None]]) -> Ended:
    """Given the line to the other side, what was typed, and what to do with which signals, serve it until the command
    ends, and return how it did.
    """
    attendant = _Attendant(line, Typed(words))
    with _signals(heard), _terminal_as_it_was():
        try:
            return attendant.serve()
        finally:
            attendant.forget()


def end_as(code: int) -> None:
    """Given how the command ended, end this process likewise."""
    sys.stdout.flush()
    if code >= 0:
        sys.exit(code)
    signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    signal.pause()


class _Attendant:
    def __init__(self, line: socket.socket, typed: Typed) -> None:
        self._line = line
        self._typed = typed
        self._draft: Any = None

    def serve(self) -> Ended:
        begun = False
        while (packet := packets.receive(self._line)) is not None:
            packets.close(packet.files)
            said = packet.said
            if "end" in said:
                if said.get("say"):
                    sys.stderr.write(f"{on_screen(str(said['say']))}\n")
                return Ended(int(said["end"]), begun)
            begun = True
            if not said.get("begun"):
                self._answer(said)
        return Ended(None, begun)

    def forget(self) -> None:
        if self._draft is not None:
            with suppress(OSError):
                self._draft.drop()

    def _answer(self, said: dict[str, Any]) -> None:
        handle = None
        answer: dict[str, Any] = {"done": True}
        try:
            handle = self._opened(said)
        except OSError as error:
            answer = {"errno": error.errno or 5}
        with suppress(OSError):  # it went meanwhile, which the next look tells
            packets.send(self._line, answer, [] if handle is None else [handle])
        if handle is not None:
            os.close(handle)

    def _opened(self, said: dict[str, Any]) -> int | None:
        if "read" in said:
            return os.open(self._typed.file(said["read"]), os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
        if "write" in said:
            self.forget()
            path = self._typed.file(said["write"])
            self._draft = named.own_draft(path, replace=said.get("replace") is True)
            return int(self._draft.handle)
        if "keep" in said and self._draft is not None:
            draft, self._draft = self._draft, None
            try:
                draft.keep()
            except OSError:
                draft.drop()
                raise
        return None


@contextmanager
def _signals(heard: Mapping[signal.Signals, Callable[[int], None]]) -> Iterator[None]:
    """Ctrl-C and its like are for the command. What a shell lets a command in the background ignore stays ignored."""
    seen = 0

    def pass_on(number: int, _frame: FrameType | None) -> None:
        nonlocal seen
        seen += number == signal.SIGINT
        if seen > MOST_INTERRUPTS:
            raise KeyboardInterrupt
        with suppress(OSError):
            heard[signal.Signals(number)](number)

    taken = [each for each in heard if signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, pass_on) for each in taken}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _terminal_as_it_was() -> Iterator[None]:
    """A command that was ended while it asked for a password left the terminal silent."""
    try:
        before = termios.tcgetattr(0)
    except (termios.error, OSError):
        yield
        return
    try:
        yield
    finally:
        with suppress(termios.error, OSError):
            if termios.tcgetattr(0) != before:
                termios.tcsetattr(0, termios.TCSADRAIN, before)
