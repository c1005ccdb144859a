"""Tables out of a terminal: prepared and read in chunks, whole or any stretch, or the old way in one stream.

A table that is returned is complete: index, order and length of every DATA packet, the announced sizes and
the table's own length word agree, and its chunks join. Less is never returned. Does not
know what the bytes mean. Source: protocol section 3.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from ekinerja_agent.nouns.errors import ProtocolViolation, TerminalRefused, TerminalUnavailable
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.session import Session
from ekinerja_agent.terminals.wire import Command, Packet
from ekinerja_agent.terminals.wire.log import table_body

CHUNK_BYTES = {"tcp": 0xFFC0, "udp": 16 * 1024}
LARGEST_TABLE_BYTES = 64 << 20
"""More than a million records; a greater size is noise, not a table to wait for."""
SLOW_ATTEMPTS = 2
"""How often a question that makes the terminal work is asked over UDP: each time waits the full reply
timeout.
"""
REFUSALS = frozenset((Command.ACK_ERROR, Command.ACK_UNKNOWN, Command.NO_MEMORY, Command.NO_DATA))
"""Answers that refuse one question and leave the session usable."""

_SEAM_BYTES = 256
"""Where two chunks meet, so much is read once more, from a multiple of 64: the chunks themselves begin at such."""
_OUT_OF_ROOM = frozenset((Command.NO_MEMORY, Command.NO_DATA))
_PREPARE = struct.Struct("<bhii")
_CHUNK = struct.Struct("<ii")


class Table(NamedTuple):
    """How to ask for a table: command and function of PREPARE_BUFFER, data of the same command asked the old
    way.
    """

    name: Message
    command: Command
    function: int
    old_way: bytes


ATTENDANCE_LOG = Table(Message("attendance log"), Command.ATTLOG_RRQ, 0, b"")
USERS = Table(Message("user table"), Command.USERTEMP_RRQ, 5, b"\x05")
TEMPLATES = Table(Message("fingerprint table"), Command.TEMPLATES_RRQ, 2, b"\x02")


class StretchRefused(ProtocolViolation):
    """The terminal has no such stretch in its buffer, or does not give it out; the session goes on."""


class ChunksDoNotJoin(StretchRefused):
    """A stretch came in chunks that do not follow each other; the session goes on."""


class HeldTable:
    """A table that the terminal holds for us, `size_bytes` long, until the block of `held_table` ends."""

    def __init__(self, session: Session, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._session = session

    def stretch(self, start: int, length: int) -> bytes:
        """Given where to begin and how much, return exactly that much of what the terminal sends for it.

        Whether it truly begins there is for the caller to find out: the answer does not say. Chunks do follow each
        other. Raise StretchRefused, ChunksDoNotJoin, ProtocolViolation or TerminalUnavailable.
        """
        self._session.expect(length)
        table = b"".join(self._chunks(start, length))
        chunk = CHUNK_BYTES[self._session.transport]
        if length > chunk:
            seam = chunk - _SEAM_BYTES // 2
            across = table[seam : seam + _SEAM_BYTES]
            if next(self._chunks(start + seam, len(across))) != across:
                raise ChunksDoNotJoin(
                    Message(
                        "{terminal} does not join the chunks of its table: it mistakes where they begin, or moved "
                        "the table while it was read",
                        terminal=self._session.terminal,
                    )
                )
        return table

    def whole(self) -> bytes | None:
        """Return the whole table, None if it cannot be had in chunks."""
        try:
            return _check_whole(self._session, self.stretch(0, self.size_bytes))
        except ChunksDoNotJoin:
            return None

    def _chunks(self, start: int, length: int) -> Iterator[bytes]:
        most = CHUNK_BYTES[self._session.transport]
        for place in range(start, start + length, most):
            yield self._session.patiently(partial(_chunk, self._session, place, min(most, start + length - place)))


@contextmanager
def held_table(session: Session, table: Table) -> Iterator[bytes | HeldTable | None]:
    """Given a session and a table, return a context with the table if it is small, else with what the terminal holds.

    None: it knows no buffers, or has no room for one. The buffer is freed at the end. Raise as `read_table`.
    """
    session.hold_buffer()
    prepared = session.patiently(lambda: _prepare(session, table), SLOW_ATTEMPTS)
    yield HeldTable(session, prepared) if isinstance(prepared, int) else prepared
    session.free_buffer()


def read_table(session: Session, table: Table, counted: int | None) -> bytes:
    """Given a session and a table, return all its bytes, length word included; no bytes at all if it is
    empty.

    `counted` is how many entries the terminal says it holds: a refusal means an empty table only where that
    is 0. Raise ProtocolViolation if a packet or a length does not fit, TerminalUnavailable if the terminal
    broke off or was too slow, TerminalRefused if it does not give the table out.
    """
    with held_table(session, table) as held:
        whole = held.whole() if isinstance(held, HeldTable) else held
    return read_the_old_way(session, table, counted) if whole is None else whole


def read_the_old_way(session: Session, table: Table, counted: int | None) -> bytes:
    """As `read_table`, without a buffer: in one stream, which begins again if something is lost."""
    return session.patiently(lambda: _old_way(session, table, counted), SLOW_ATTEMPTS)


def _prepare(session: Session, table: Table) -> bytes | int | None:
    """Return the table if it is small, the size of the buffer that holds it, or None if that was refused."""
    question = _PREPARE.pack(1, table.command, table.function, 0)
    answer = session.ask_slow(Command.PREPARE_BUFFER, question)
    if answer.command in REFUSALS or (answer.command == Command.ACK_OK and not answer.data):
        return None
    if answer.command != Command.ACK_OK:
        return _check_whole(session, _collect(session, answer, None))
    if len(answer.data) < 5:
        raise session.violation(
            Message(
                "announced the {table} with {length} bytes; 5 are needed", table=table.name, length=len(answer.data)
            )
        )
    size = int.from_bytes(answer.data[1:5], "little")
    _check_size(session, size)
    return size


def _chunk(session: Session, start: int, length: int) -> bytes:
    answer = session.ask(Command.READ_BUFFER, _CHUNK.pack(start, length))
    if answer.command in REFUSALS:
        raise StretchRefused(
            Message(
                "{terminal} answered {command} where data was asked for",
                terminal=session.terminal,
                command=answer.command,
            )
        )
    return _collect(session, answer, length)


def _old_way(session: Session, table: Table, counted: int | None) -> bytes:
    answer = session.ask_slow(table.command, table.old_way)
    if answer.command in REFUSALS or (answer.command == Command.ACK_OK and not answer.data):
        if counted == 0:
            return b""
        if answer.command in _OUT_OF_ROOM:
            raise TerminalUnavailable(
                Message(
                    "{terminal} has no memory free for its {table} ({command}); if this lasts, restart it",
                    terminal=session.terminal,
                    table=table.name,
                    command=answer.command,
                )
            )
        raise TerminalRefused(
            Message(
                "{terminal} does not give out its {table} ({command}); use its USB file or push",
                terminal=session.terminal,
                table=table.name,
                command=answer.command,
            )
        )
    return _check_whole(session, _collect(session, answer, None))


def _collect(session: Session, first: Packet, asked: int | None) -> bytes:
    """Given the first packet of a bulk answer and how many bytes were asked for, return its bytes, all of
    them.
    """
    if first.command == Command.DATA:
        data = first.data
    elif first.command == Command.PREPARE_DATA:
        data = b"".join(_announced(session, first, asked))
    else:
        raise session.violation(Message("answered {command} where data was asked for", command=first.command))
    if asked is not None and len(data) != asked:
        raise session.violation(
            Message("sent {length} bytes where {asked} were asked for", length=len(data), asked=asked)
        )
    return data


def _announced(session: Session, prepare: Packet, asked: int | None) -> Iterator[bytes]:
    """The DATA packets that an announcement promised. Their session field is a running index: a gap is a
    loss.
    """
    if len(prepare.data) < 4:
        raise session.violation(Message("announced data without its size"))
    size = int.from_bytes(prepare.data[:4], "little")
    _check_size(session, size)
    if asked is None:
        session.expect(size)
    elif size != asked:
        raise session.violation(Message("announced {size} bytes where {asked} were asked for", size=size, asked=asked))
    received = index = 0
    pace = session.pace()
    while received < size:
        packet = session.more(pace(received))
        if packet.command != Command.DATA:
            raise session.violation(
                Message(
                    "ended with {command} after {received} of {size} bytes",
                    command=packet.command,
                    received=received,
                    size=size,
                )
            )
        if packet.session != index & 0xFFFF:
            raise session.violation(
                Message("sent data packet {number} where {expected} was next", number=packet.session, expected=index)
            )
        if not packet.data or received + len(packet.data) > size:
            raise session.violation(
                Message(
                    "sent {length} bytes after {received} of {size}",
                    length=len(packet.data),
                    received=received,
                    size=size,
                )
            )
        received += len(packet.data)
        index += 1
        yield packet.data
    if (closing := session.more()).command != Command.ACK_OK:
        raise session.violation(Message("closed a transfer with {command}", command=closing.command))


def _check_size(session: Session, size: int) -> None:
    if size > LARGEST_TABLE_BYTES:
        raise session.violation(
            Message("announced {size} bytes; {most} are the most that is possible", size=size, most=LARGEST_TABLE_BYTES)
        )


def _check_whole(session: Session, table: bytes) -> bytes:
    """Return the table if its own length word agrees."""
    try:
        table_body(table)
    except ProtocolViolation as error:
        raise session.violation(Message("sent a table that is not whole: {error}", error=error)) from error
    return table
