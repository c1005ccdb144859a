"""What a ZK terminal answers over TCP or UDP: facts about itself, and whole tables.

Whatever happens inside `open_terminal`, the terminal's buffer is freed, the session ended and the socket
closed. Only reads: nothing here disables, clears or writes. Does not know what the bytes of a table mean.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import TypeVar

from ekinerja_agent.nouns.errors import ProtocolViolation, TerminalRefused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.interface import TerminalAddress
from ekinerja_agent.terminals.link import Link, Transport, spoken
from ekinerja_agent.terminals.session import Session
from ekinerja_agent.terminals.transfer import (
    ATTENDANCE_LOG,
    REFUSALS,
    TEMPLATES,
    USERS,
    HeldTable,
    held_table,
    read_table,
    read_the_old_way,
)
from ekinerja_agent.terminals.wire import (
    ATTENDANCE,
    Command,
    FreeSizes,
    Packet,
    decode_free_sizes,
    decode_option,
    decode_time,
)
from ekinerja_agent.terminals.wire.values import decode_fact

Answer = TypeVar("Answer")


@contextmanager
def open_terminal(
    terminal: str,
    host: str,
    port: int,
    *,
    transport: Transport = "tcp",
    comm_key: int | None = None,
    reply_timeout_s: float = 20.0,
    first_answer_s: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Client]:
    """Given where a terminal is, return a context with a client that is connected and let in.

    `reply_timeout_s` is for one reply, `first_answer_s` for connecting and for the first one if it shall be less; a
    table may take as long as its size allows, the rest of the session twelve replies, by a `clock` of monotonic
    seconds. Raise TerminalUnavailable if the terminal does not answer, TerminalRefused if it does not let us in.
    """
    with open_session(
        terminal,
        host,
        port,
        transport=transport,
        comm_key=comm_key,
        reply_timeout_s=reply_timeout_s,
        first_answer_s=first_answer_s,
        clock=clock,
    ) as (session, link):
        yield Client(session, link)


def open_at(place: TerminalAddress) -> AbstractContextManager[Client]:
    """As `open_terminal`, given where a terminal is as one value."""
    return open_terminal(
        place.terminal,
        place.host,
        place.port,
        transport=spoken(place.transport),
        comm_key=place.comm_key,
        reply_timeout_s=place.reply_timeout_s,
        first_answer_s=place.first_answer_s,
    )


@contextmanager
def open_session(
    terminal: str,
    host: str,
    port: int,
    *,
    transport: Transport,
    comm_key: int | None,
    reply_timeout_s: float,
    first_answer_s: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[Session, Link]]:
    """As `open_terminal`, for those who bring a client of their own."""
    with Link(
        terminal,
        host,
        port,
        transport,
        send_s=reply_timeout_s,
        connect_s=first_answer_s or reply_timeout_s,
        clock=clock,
    ) as link:
        session = Session(link, reply_timeout_s)
        try:
            session.connect(comm_key, first_answer_s)
            yield session, link
        except BaseException:
            session.abandon()
            raise
        session.leave()


class Client:
    """A terminal that let us in. `open_terminal` makes it and says good-bye for it."""

    def __init__(self, session: Session, link: Link) -> None:
        self._session = session
        self._link = link

    @property
    def received_bytes(self) -> int:
        """What came from the terminal so far, headers included."""
        return self._link.received_bytes

    @property
    def events_dropped(self) -> int:
        """How many events came that were too many to keep."""
        return self._session.events_dropped

    def option(self, key: str) -> str | None:
        """Given the name of an option, return its value, None if the terminal does not have it."""
        return self._fact(lambda data: decode_option(data, key), Command.OPTIONS_RRQ, key.encode("ascii") + b"\0")

    def firmware(self) -> str | None:
        """The firmware's version in its own words."""
        return self._fact(decode_fact, Command.VERSION)

    def sizes(self) -> FreeSizes | None:
        """What the terminal says it holds: a hint only."""
        return self._fact(decode_free_sizes, Command.GET_FREE_SIZES)

    def clock(self) -> datetime | None:
        """What the terminal's clock shows, naive; None if it does not tell, or shows a date that does not
        exist.
        """
        return self._fact(decode_time, Command.GET_TIME)

    def read_log(self, counted: int | None = None) -> bytes:
        """The whole attendance log; see `transfer.read_table`."""
        return read_table(self._session, ATTENDANCE_LOG, counted)

    def held_log(self) -> AbstractContextManager[bytes | HeldTable | None]:
        """The attendance log as the terminal holds it for a while; see `transfer.held_table`."""
        return held_table(self._session, ATTENDANCE_LOG)

    def read_log_the_old_way(self, counted: int | None = None) -> bytes:
        """The whole attendance log without a buffer; see `transfer.read_the_old_way`."""
        return read_the_old_way(self._session, ATTENDANCE_LOG, counted)

    def read_users(self, counted: int | None = None) -> bytes:
        """The whole user table; see `transfer.read_table`."""
        return read_table(self._session, USERS, counted)

    def read_templates(self, counted: int | None = None) -> bytes:
        """The whole table of fingerprints; see `transfer.read_table`."""
        return read_table(self._session, TEMPLATES, counted)

    def ask_for_events(self) -> None:
        """Let the terminal tell of punches until the connection ends. Raise TerminalRefused if it does not do that."""
        mask = ATTENDANCE.to_bytes(4, "little")
        answer = self._session.patiently(lambda: self._session.ask(Command.REG_EVENT, mask))
        if answer.command in REFUSALS:
            raise TerminalRefused(
                Message(
                    "{terminal} does not tell of punches as they happen ({command}); mode: poll in devices.yaml "
                    "reads it all the same",
                    terminal=self._session.terminal,
                    command=answer.command,
                )
            )
        if answer.command != Command.ACK_OK:
            raise self._session.violation(Message("answered {command} to REG_EVENT", command=answer.command))

    def events(self, wait_s: float) -> list[Packet]:
        """What the terminal told since the last call; see `Session.events`."""
        return self._session.events(wait_s)

    def _fact(self, decode: Callable[[bytes], Answer], command: Command, data: bytes = b"") -> Answer | None:
        """Given a question with one small answer, return that, decoded; None if just this question is
        refused.
        """
        answer = self._session.patiently(lambda: self._session.ask(command, data))
        if answer.command in REFUSALS:
            return None
        if answer.command != Command.ACK_OK:
            raise self._session.violation(
                Message("answered {command} to {request}", command=answer.command, request=command.name)
            )
        try:
            return decode(answer.data)
        except ProtocolViolation as error:
            raise self._session.violation(
                Message("gave an answer to {command} that cannot be read: {error}", command=command.name, error=error)
            ) from error
