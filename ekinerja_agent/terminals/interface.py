"""What the collector sees of a terminal: where it is, and what one read of it brought.

Plain values only. Does not know protocols, the spool or configuration files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from ekinerja_agent.nouns.errors import TerminalUnavailable
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.terminal import LogCursor
from ekinerja_agent.terminals.wire import DecodedLog, FreeSizes


@dataclass(frozen=True, slots=True)
class TerminalAddress:
    """Where a terminal is and how to be let in. `transport` is one that a driver is registered for, `zone` that of its
    clock. The comm key is never shown. `first_answer_s` is how long it may take to connect, and to answer for the first
    time; None: as long as any reply.
    """

    terminal: str
    host: str
    zone: ZoneInfo
    port: int = 4370
    transport: str = "tcp"
    comm_key: int | None = field(default=None, repr=False)
    reply_timeout_s: float = 20.0
    first_answer_s: float | None = None


class TailBroke(TerminalUnavailable):
    """Link or protocol broke while only the end of the log was asked for: the next read should be a whole one."""


@dataclass(frozen=True, slots=True)
class LogRead:
    """What one good read brought. Texts are empty and numbers None where the terminal does not tell.

    `began_at` is the host's instant just before the log was prepared: all that was recorded earlier is in
    `log`, or was read before. `offset_s` is terminal clock minus host clock, whether the host can vouch is for the
    caller to know. A `tail` starts with slots that were read before; those from position `new_from` on are new. Of a
    `full` read nothing is known to be new or old. `slot_owners` gives the PIN of each slot number and is filled for
    logs that record only those (8-byte records). `cursor` is where the next read may begin, None if no record told
    the record size. `known_end_gone` tells that the last slot of the read before is not in the log any more; where it
    is, `unread_from` is the position behind it, from which on no read was before.
    `doubts` are sentences for people about what does not fit; none of them makes the log less complete.
    """

    terminal: str
    serial: str
    firmware: str
    sizes: FreeSizes | None
    began_at: datetime
    offset_s: int | None
    log: DecodedLog
    slot_owners: Mapping[int, str]
    received_bytes: int
    cursor: LogCursor | None = None
    new_from: int = 0
    known_end_gone: bool = False
    unread_from: int | None = None
    mode: Literal["full", "tail"] = "full"
    doubts: tuple[Message, ...] = ()


class Terminal(Protocol):
    """A terminal that can be read."""

    def read(
        self,
        *,
        known_record_size: int | None,
        expected_serial: str | None,
        expected_by: str,
        now: Callable[[], datetime],
        cursor: LogCursor | None = None,
        full: bool = False,
        any_known: Callable[[Collection[tuple[str, datetime]]], bool] = bool,
        whose: Callable[[str], str | None] | None = None,
    ) -> LogRead:
        """Return what the terminal holds, or only what is new; see `reading.read_log`."""
        ...
