"""The three commands that change a terminal: lock it for a while, clear its log, set its clock.

A lock always carries the seconds after which the terminal unlocks itself, and is lifted in any case; whoever reads
this file sees all that this program can do to a terminal's data. Does not know when any of it is safe: that is decided
in `usecases/`. Source: protocol sections 2 and 6. CLEAR_DATA (14), which wipes users too, exists nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from enum import IntEnum

from ekinerja_agent.nouns.errors import EkinerjaError, NeedsAttention, TerminalRefused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.client import Client, open_session
from ekinerja_agent.terminals.interface import TerminalAddress
from ekinerja_agent.terminals.link import spoken
from ekinerja_agent.terminals.session import FAREWELL_S
from ekinerja_agent.terminals.wire import Command, Packet
from ekinerja_agent.terminals.wire.values import encode_time

LONGEST_LOCK_S = 1800
"""Nobody can punch while a terminal is locked: a log that takes longer to read is not cleared this way."""


class Change(IntEnum):
    """Commands that no other part of the program sends."""

    CLEAR_ATTLOG = 15
    SET_TIME = 202
    ENABLE = 1002
    DISABLE = 1003


@contextmanager
def open_caretaker(place: TerminalAddress) -> Iterator[Caretaker]:
    """Given where a terminal is, return a context with a client that may change it; errors as `open_terminal`."""
    with open_session(
        place.terminal,
        place.host,
        place.port,
        transport=spoken(place.transport),
        comm_key=place.comm_key,
        reply_timeout_s=place.reply_timeout_s,
    ) as (session, link):
        yield Caretaker(session, link)


class Caretaker(Client):
    """A client that may lock, clear and set; it reads like any other."""

    @contextmanager
    def locked(self, seconds: int) -> Iterator[None]:
        """Lock the terminal for at most `seconds`, by its own clock too; the session may last as much longer.

        It is unlocked at the end, whatever happened. If the link is gone by then, it unlocks itself. Raise
        TerminalRefused if it does not let itself be locked.
        """
        if not 0 < seconds <= LONGEST_LOCK_S:
            raise ValueError(
                Message("a lock of {seconds} s; 1 to {most} are allowed", seconds=seconds, most=LONGEST_LOCK_S)
            )
        self._session.prolong(seconds)
        try:
            self._repeat(Change.DISABLE, seconds.to_bytes(4, "little"), Message("be locked"))
            yield
        except BaseException:
            with suppress(EkinerjaError):  # what went wrong is told; a terminal that cannot be reached unlocks itself
                self._session.ask(Change.ENABLE, wait_s=FAREWELL_S)
            raise
        self._repeat(Change.ENABLE, b"", Message("be unlocked"))

    def clear_log(self) -> None:
        """Clear the attendance log. The command leaves once, even over UDP.

        Raise NeedsAttention if the terminal refused, and what the session raises if no answer came: then nobody
        knows whether the log is cleared, and the next read tells.
        """
        answer = self._session.ask_slow(Change.CLEAR_ATTLOG)
        if answer.command != Command.ACK_OK:
            raise NeedsAttention(
                Message(
                    "{terminal} answered {command} to the clear; its log stands",
                    terminal=self._session.terminal,
                    command=answer.command,
                )
            )

    def set_clock(self, clock: datetime) -> None:
        """Let the terminal show `clock` (naive, of its place) from now on. The command leaves once: what is repeated
        would be late. Raise TerminalRefused if it does not take it.
        """
        self._check(self._session.ask(Change.SET_TIME, encode_time(clock)), Message("have its clock set"))

    def wait(self, seconds: float) -> None:
        """Let the session last longer by the time that a person needs."""
        self._session.prolong(seconds)

    def _repeat(self, command: Change, data: bytes, what: str) -> None:
        """To be locked twice, or unlocked twice, is the same as once."""
        self._check(self._session.patiently(lambda: self._session.ask(command, data)), what)

    def _check(self, answer: Packet, what: str) -> None:
        if answer.command != Command.ACK_OK:
            raise TerminalRefused(
                Message(
                    "{terminal} does not let itself {what}: it answered {command}",
                    terminal=self._session.terminal,
                    what=what,
                    command=answer.command,
                )
            )
