"""Whole tables out of a terminal: prepared and read in chunks, or the old way in one stream.

A table that is returned is complete: index, order and length of every DATA packet, the announced sizes and
the table's own length word agree. Less is never returned. Does not know what the bytes mean. Source: protocol
section 3.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from ekinerja_agent.errors import ProtocolViolation, TerminalRefused, TerminalUnavailable
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

_OUT_OF_ROOM = frozenset((Command.NO_MEMORY, Command.NO_DATA))
_PREPARE = struct.Struct("<bhii")
_CHUNK = struct.Struct("<ii")


class Table(NamedTuple):
    """How to ask for a table: command and function of PREPARE_BUFFER, data of the same command asked the old
    way.
    """

    name: str
    command: Command
    function: int
    old_way: bytes


ATTENDANCE_LOG = Table("attendance log", Command.ATTLOG_RRQ, 0, b"")
USERS = Table("user table", Command.USERTEMP_RRQ, 5, b"\x05")


def read_table(session: Session, table: Table, counted: int | None) -> bytes:
    """Given a session and a table, return all its bytes, length word included; no bytes at all if it is
    empty.

    `counted` is how many entries the terminal says it holds: a refusal means an empty table only where that
    is 0. Raise ProtocolViolation if a packet or a length does not fit, TerminalUnavailable if the terminal
    broke off or was too slow, TerminalRefused if it does not give the table out.
    """
    session.hold_buffer()
    prepared = session.patiently(lambda: _prepare(session, table), SLOW_ATTEMPTS)
    if isinstance(prepared, int):
        prepared = b"".join(_chunks(session, prepared))
        _check_whole(session, prepared)
    session.free_buffer()
    if isinstance(prepared, Packet):
        return session.patiently(lambda: _old_way(session, table, counted), SLOW_ATTEMPTS)
    return prepared


def _prepare(session: Session, table: Table) -> bytes | int | Packet:
    """Return the table if it is small, the size of the buffer that holds it, or the packet that refused."""
    question = _PREPARE.pack(1, table.command, table.function, 0)
    answer = session.ask_slow(Command.PREPARE_BUFFER, question)
    if answer.command in REFUSALS or (answer.command == Command.ACK_OK and not answer.data):
        return answer
    if answer.command != Command.ACK_OK:
        return _check_whole(session, _collect(session, answer, None))
    if len(answer.data) < 5:
        raise session.violation(f"announced the {table.name} with {len(answer.data)} bytes; 5 are needed")
    size = int.from_bytes(answer.data[1:5], "little")
    _check_size(session, size)
    session.expect(size)
    return size


def _chunks(session: Session, size: int) -> Iterator[bytes]:
    chunk = CHUNK_BYTES[session.transport]
    for start in range(0, size, chunk):
        yield session.patiently(partial(_chunk, session, start, min(chunk, size - start)))


def _chunk(session: Session, start: int, length: int) -> bytes:
    return _collect(session, session.ask(Command.READ_BUFFER, _CHUNK.pack(start, length)), length)


def _old_way(session: Session, table: Table, counted: int | None) -> bytes:
    answer = session.ask_slow(table.command, table.old_way)
    if answer.command in REFUSALS or (answer.command == Command.ACK_OK and not answer.data):
        if counted == 0:
            return b""
        if answer.command in _OUT_OF_ROOM:
            raise TerminalUnavailable(
                f"{session.terminal} has no memory free for its {table.name} ({answer.command}); "
                "if this lasts, restart it"
            )
        raise TerminalRefused(
            f"{session.terminal} does not give out its {table.name} ({answer.command}); use its USB file or push"
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
        raise session.violation(f"answered {first.command} where data was asked for")
    if asked is not None and len(data) != asked:
        raise session.violation(f"sent {len(data)} bytes where {asked} were asked for")
    return data


def _announced(session: Session, prepare: Packet, asked: int | None) -> Iterator[bytes]:
    """The DATA packets that an announcement promised. Their session field is a running index: a gap is a
    loss.
    """
    if len(prepare.data) < 4:
        raise session.violation("announced data without its size")
    size = int.from_bytes(prepare.data[:4], "little")
    _check_size(session, size)
    if asked is None:
        session.expect(size)
    elif size != asked:
        raise session.violation(f"announced {size} bytes where {asked} were asked for")
    received = index = 0
    while received < size:
        packet = session.more()
        if packet.command != Command.DATA:
            raise session.violation(f"ended with {packet.command} after {received} of {size} bytes")
        if packet.session != index & 0xFFFF:
            raise session.violation(f"sent data packet {packet.session} where {index} was next")
        if not packet.data or received + len(packet.data) > size:
            raise session.violation(f"sent {len(packet.data)} bytes after {received} of {size}")
        received += len(packet.data)
        index += 1
        yield packet.data
    if (closing := session.more()).command != Command.ACK_OK:
        raise session.violation(f"closed a transfer with {closing.command}")


def _check_size(session: Session, size: int) -> None:
    if size > LARGEST_TABLE_BYTES:
        raise session.violation(f"announced {size} bytes; {LARGEST_TABLE_BYTES} are the most that is possible")


def _check_whole(session: Session, table: bytes) -> bytes:
    """Return the table if its own length word agrees."""
    try:
        table_body(table)
    except ProtocolViolation as error:
        raise session.violation(f"sent a table that is not whole: {error}") from error
    return table
