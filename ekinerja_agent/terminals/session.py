"""One conversation over a link: questions with reply ids, being let in, and saying good-bye.

An answer that `ask` returns belongs to its question. Every wait ends: each answer has a time, and the whole
session an end that only an announced transfer moves, or waiting for events. Never disables or clears. Does not
know what is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from ekinerja_agent.nouns.errors import ProtocolViolation, TerminalRefused, TerminalUnavailable
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.link import Link, encrypted
from ekinerja_agent.terminals.wire import Command, Packet, scramble_comm_key

Answer = TypeVar("Answer")

ATTEMPTS = {"tcp": 1, "udp": 4}
"""TCP repeats what is lost by itself; what goes wrong there is not mended by asking again on the same
connection.
"""
SLOWEST_BYTES_PER_S = 4096
"""Terminals need up to ten minutes for 96,000 records, about 6,400 bytes a second; slower is taken for
broken.
"""
LARGEST_DATA_BYTES = 1 << 16
"""The most that one DATA packet was seen to carry."""
FAREWELL_S = 3.0
"""How long an answer to FREE_DATA or EXIT is awaited: nothing depends on it."""
MOST_EVENTS_KEPT = 1_000
"""Events wait until somebody listens; each is but a hint, and no number of fingers makes so many between two looks."""
LONGEST_EVENT_BYTES = 64
"""The longest body known has 52."""
REPLIES_PER_SESSION = 12
"""A session without tables asks about eight questions; so many full waits end it."""


class Session:
    """Asks one question after the other. `terminal` names it in every error."""

    def __init__(self, link: Link, reply_timeout_s: float) -> None:
        self.terminal = link.terminal
        self.transport = link.transport
        self._link = link
        self._reply_timeout_s = reply_timeout_s
        self._attempts = ATTEMPTS[link.transport]
        self._session_id = 0
        self._reply_id = -1
        self._open = False
        self._buffer_held = False
        self._events: list[Packet] = []
        self.events_dropped = 0
        """How many events came while too many waited already."""
        self._ends = self._link.clock() + REPLIES_PER_SESSION * reply_timeout_s

    # --- in and out -----------------------------------------------------------------------------------------

    def connect(self, comm_key: int | None, first_answer_s: float | None = None) -> None:
        """Open a session, with the comm key if the terminal asks for one (some ask although theirs is 0).

        `first_answer_s` is how long the first answer may take; None: as long as any. Raise TerminalRefused if the key
        is wrong or missing, TerminalUnavailable if nobody is let in now.
        """
        wait_s = None if first_answer_s is None else first_answer_s / self._attempts
        answer = self.patiently(lambda: self.ask(Command.CONNECT, wait_s=wait_s))
        if answer.command == Command.ACK_ERROR:
            raise TerminalUnavailable(
                Message("{terminal} lets nobody in now; another program may be connected to it", terminal=self.terminal)
            )
        self._session_id = answer.session
        self._open = True
        if answer.command == Command.ACK_UNAUTH:
            scrambled = scramble_comm_key(comm_key or 0, self._session_id)
            answer = self.patiently(lambda: self.ask(Command.AUTH, scrambled))
            if answer.command in (Command.ACK_UNAUTH, Command.ACK_ERROR):
                raise TerminalRefused(
                    Message(
                        "{terminal} answers only with a comm key; comm_key_file in devices.yaml names a file with "
                        "the number shown in the terminal's menu Comm. > PC Connection",
                        terminal=self.terminal,
                    )
                    if comm_key is None
                    else Message(
                        "{terminal} refuses the comm key of its comm_key_file; comm_key_file in devices.yaml names "
                        "a file with the number shown in the terminal's menu Comm. > PC Connection",
                        terminal=self.terminal,
                    )
                )
        if answer.command == Command.LOCKED:
            raise TerminalRefused(
                Message(
                    "{terminal} answers 2032: it is locked, or the comm key is wrong; comm_key_file in devices.yaml "
                    "names a file with the number shown in the terminal's menu Comm. > PC Connection",
                    terminal=self.terminal,
                )
            )
        if answer.command != Command.ACK_OK:
            raise self.violation(Message("answered {command} when we connected", command=answer.command))

    def leave(self) -> None:
        """End the session after all went well. An answer that does not come changes nothing about what was
        read.
        """
        with suppress(TerminalUnavailable, ProtocolViolation):
            self.ask(Command.EXIT, wait_s=FAREWELL_S)

    def abandon(self) -> None:
        """Free the buffer and end the session without waiting: the connection is in doubt, but may still
        stand.
        """
        with suppress(TerminalUnavailable):
            if self._buffer_held:
                self._send(Command.FREE_DATA)
            if self._open:
                self._send(Command.EXIT)
            self._link.flush()

    # --- questions and answers ------------------------------------------------------------------------------

    def ask(self, command: int, data: bytes = b"", *, wait_s: float | None = None) -> Packet:
        """Given a question, return the first packet of its answer; `wait_s` is the reply timeout unless
        given.

        Raise TerminalUnavailable if none comes in time, TerminalRefused if the firmware is encrypted.
        """
        self._send(command, data)
        wait_s = self._patience_s if wait_s is None else wait_s
        return self._receive(min(self._link.clock() + wait_s, self._ends), silence_s=wait_s)

    def ask_slow(self, command: int, data: bytes = b"") -> Packet:
        """As `ask`, for a question that makes the terminal work: it is not asked again before the full reply
        timeout.
        """
        return self.ask(command, data, wait_s=self._reply_timeout_s)

    def more(self, until_s: float | None = None) -> Packet:
        """Return the next packet of a bulk answer, by `until_s` (monotonic) if given: the transfer may last as long
        as its size allows, but not be silent.
        """
        until_s = self._ends if until_s is None else min(until_s, self._ends)
        return self._receive(until_s, silence_s=self._patience_s)

    def pace(self) -> Callable[[int], float]:
        """Return a function from the bytes of a bulk answer received so far to when (monotonic) the next packet is due.

        A size that was only announced buys no time: whoever sends a byte every few seconds is left after one reply
        timeout and the time of one packet.
        """
        began_s = self._link.clock() + self._reply_timeout_s
        return lambda received_bytes: began_s + (received_bytes + LARGEST_DATA_BYTES) / SLOWEST_BYTES_PER_S

    def patiently(self, conversation: Callable[[], Answer], most_attempts: int = ATTEMPTS["udp"]) -> Answer:
        """Given a question and its whole answer, return that answer; over UDP it is asked again if a datagram
        was lost.

        Each attempt has its own reply id, so what comes late for an earlier one is skipped. Raise what the
        last attempt raised.
        """
        for _ in range(min(self._attempts, most_attempts) - 1):
            with suppress(TerminalUnavailable, ProtocolViolation):
                return conversation()
        return conversation()

    def events(self, wait_s: float) -> list[Packet]:
        """Return the events that came since the last call, in order; wait up to `wait_s` for one if there are none.

        They are acknowledged. The end of the session moves along: a terminal where nobody punches is not slow. Raise
        TerminalUnavailable if the connection is gone.
        """
        if not self._events and (packet := self._link.receive_unasked(wait_s)):
            self._hear(packet)
        self._ends = self._link.clock() + REPLIES_PER_SESSION * self._reply_timeout_s
        heard, self._events = self._events, []
        return heard

    def expect(self, size_bytes: int) -> None:
        """Move the end of the session by the time that a transfer of so many bytes may take."""
        self._ends += self._reply_timeout_s + size_bytes / SLOWEST_BYTES_PER_S

    def prolong(self, seconds: float) -> None:
        """Move the end of the session by the time that somebody outside of it needs."""
        self._ends += seconds

    def hold_buffer(self) -> None:
        """From now on the terminal may hold a buffer for us, which has to be freed in any case."""
        self._buffer_held = True

    def free_buffer(self) -> None:
        """Free the buffer after a transfer; the table is complete, so an answer that does not come spoils
        nothing.
        """
        with suppress(TerminalUnavailable, ProtocolViolation):
            self.ask(Command.FREE_DATA, wait_s=FAREWELL_S)
            self._buffer_held = False

    def violation(self, found: Message) -> ProtocolViolation:
        """Given what the terminal did, return the error that says so."""
        return ProtocolViolation(
            Message(
                "{terminal} {found}; the connection was closed, the next poll reads again",
                terminal=self.terminal,
                found=found,
            )
        )

    @property
    def _patience_s(self) -> float:
        return self._reply_timeout_s / self._attempts

    def _send(self, command: int, data: bytes = b"") -> None:
        self._reply_id = (self._reply_id + 1) & 0xFFFF
        self._link.send(Packet(command, self._session_id, self._reply_id, data))

    def _receive(self, deadline: float, silence_s: float) -> Packet:
        while True:
            packet = self._link.receive(deadline, silence_s)
            if packet.command == Command.REG_EVENT:
                self._hear(packet)
                continue
            if packet.reply_id != self._reply_id:
                continue
            if packet.command == Command.ENCRYPTED:
                raise encrypted(self.terminal)
            return packet

    def _hear(self, packet: Packet) -> None:
        """Keep an event and acknowledge it: many terminals send the next one only then. Late answers are let go, and so
        are the events of a terminal that tells of more than can be.
        """
        if packet.command != Command.REG_EVENT:
            return
        if len(self._events) == MOST_EVENTS_KEPT:
            self.events_dropped += 1
            return
        # A body that is longer than any known is nobody's to read; that something was told of is kept.
        self._events.append(packet if len(packet.data) <= LONGEST_EVENT_BYTES else packet._replace(data=b""))
        self._link.send(Packet(Command.ACK_OK, self._session_id, packet.reply_id))
