"""What the collector sees of a terminal: where it is, and what one read of it brought.

Plain values only. Does not know protocols, the spool or configuration files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from ekinerja_agent.terminals.wire import DecodedLog, FreeSizes


@dataclass(frozen=True, slots=True)
class TerminalAddress:
    """Where a terminal is and how to be let in. `zone` is that of its clock. The comm key is never shown."""

    terminal: str
    host: str
    zone: ZoneInfo
    port: int = 4370
    transport: Literal["tcp", "udp"] = "tcp"
    comm_key: int | None = field(default=None, repr=False)
    reply_timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class LogRead:
    """What one complete read brought. Texts are empty and numbers None where the terminal does not tell.

    `began_at` is the host's instant just before the log was prepared: all that was recorded earlier is in
    `log`. `offset_s` is terminal clock minus host clock, whether the host can vouch is for the caller to
    know. `slot_owners` gives the PIN of each slot number and is filled for logs that record only those
    (8-byte records). `doubts` are sentences for people about what does not fit; none of them makes the log
    less complete.
    """

    terminal: str
    serial: str
    firmware: str
    platform: str
    device_name: str
    sizes: FreeSizes | None
    began_at: datetime
    offset_s: int | None
    log: DecodedLog
    slot_owners: Mapping[int, str]
    received_bytes: int
    mode: Literal["full"] = "full"
    doubts: tuple[str, ...] = ()


class Terminal(Protocol):
    """A terminal that can be read."""

    def read(
        self,
        *,
        known_record_size: int | None,
        expected_serial: str | None,
        expected_by: str,
        now: Callable[[], datetime],
    ) -> LogRead:
        """Return all that the terminal holds; see `reading.read_log`."""
        ...
