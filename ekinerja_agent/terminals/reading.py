"""One read of a ZK terminal, in the order that makes it trustworthy.

First who it is, then what it says of itself, then its clock, then its log. Not a byte of the log is believed
before the serial is the expected one. Does not know the spool or configuration files, and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ekinerja_agent.nouns.errors import NeedsAttention, ProtocolViolation, SerialOfAnother, TerminalRefused
from ekinerja_agent.nouns.messages import Message, joined
from ekinerja_agent.nouns.terminal import LogCursor
from ekinerja_agent.terminals.client import Client, open_at
from ekinerja_agent.terminals.fetch import AnyKnown, Fetched, Origin, fetch_log
from ekinerja_agent.terminals.interface import LogRead, TerminalAddress
from ekinerja_agent.terminals.wire import AmbiguousLog, FreeSizes, readable_users

FILLING_PCT = 80
"""From here on a log is said to fill up: some terminals drop the oldest records when it is full, some refuse new
ones (protocol section 6).
"""
SLOT_RECORD_SIZE = 8
"""Records of this size hold a slot number instead of the PIN, so the user table has to be read as well."""


@dataclass(frozen=True, slots=True)
class ZkTerminal:
    """A terminal on port 4370, over TCP or UDP."""

    place: TerminalAddress

    def read(
        self,
        *,
        known_record_size: int | None,
        expected_serial: str | None,
        expected_by: str = "devices.yaml",
        now: Callable[[], datetime],
        cursor: LogCursor | None = None,
        full: bool = False,
        any_known: AnyKnown = bool,
        whose: Callable[[str], str | None] | None = None,
    ) -> LogRead:
        """As `read_log`, for this place."""
        return read_log(
            self.place,
            known_record_size=known_record_size,
            expected_serial=expected_serial,
            expected_by=expected_by,
            now=now,
            cursor=cursor,
            full=full,
            any_known=any_known,
            whose=whose,
        )


def read_log(
    place: TerminalAddress,
    *,
    known_record_size: int | None,
    expected_serial: str | None,
    expected_by: str = "devices.yaml",
    now: Callable[[], datetime],
    cursor: LogCursor | None = None,
    full: bool = False,
    any_known: AnyKnown = bool,
    whose: Callable[[str], str | None] | None = None,
) -> LogRead:
    """Given where a terminal is, return all that it holds, or only what is new since `cursor` where that is proven.

    `expected_serial` None takes any serial (the first contact); `expected_by` says where the expected one is
    written, for the message. `known_record_size` is the one of the last read of this serial. `now` is the
    host's clock (aware). `full` asks for the whole log and for a new judgement whether its tail can be read.
    `any_known` tells whether a punch of one of these (PIN, clock) was ever kept; without it, every one may have been.
    `whose` tells whether a serial is another id's, and whose. Raise TerminalUnavailable, ProtocolViolation or
    TerminalRefused as the client does, SerialOfAnother, TailBroke if a tail could not be read, and AmbiguousLog with
    the raw log if its records cannot be told apart.
    """
    with open_at(place) as client:
        serial = checked_serial(client, place.terminal, expected_serial, expected_by, whose)
        firmware = client.firmware() or ""
        sizes = client.sizes()
        offset_s = clock_offset(client, place.zone, now)
        began_at = now()
        try:
            fetched = fetch_log(
                client,
                Origin(serial, firmware, place.transport),
                cursor=cursor,
                full=full,
                any_known=any_known,
                record_size=known_record_size,
                counted=sizes.records if sizes else None,
                at=began_at,
            )
        except AmbiguousLog as error:
            raise AmbiguousLog(joined(": ", (place.terminal, error)), error.raw) from error
        slot_owners, user_doubts = _slot_owners(client, fetched, sizes)
        received_bytes, events_dropped = client.received_bytes, client.events_dropped
    return LogRead(
        terminal=place.terminal,
        serial=serial,
        firmware=firmware,
        sizes=sizes,
        began_at=began_at,
        offset_s=offset_s,
        log=fetched.log,
        slot_owners=slot_owners,
        received_bytes=received_bytes,
        cursor=fetched.cursor,
        new_from=fetched.new_from,
        known_end_gone=fetched.known_end_gone,
        unread_from=fetched.unread_from,
        mode=fetched.mode,
        doubts=(*_doubts(sizes, offset_s, fetched, events_dropped), *user_doubts),
    )


def checked_serial(
    client: Client,
    terminal: str,
    expected: str | None,
    expected_by: str,
    whose: Callable[[str], str | None] | None = None,
) -> str:
    """Given who is expected (None: anybody) and what tells whose a serial is if it is another id's, return the serial.
    Raise TerminalRefused if another one answers, or none, SerialOfAnother if it is the one of another id.
    """
    serial = client.option("~SerialNumber")
    if not serial:
        raise TerminalRefused(
            Message(
                "{terminal} does not tell its serial number, so its punches cannot be told from another terminal's; "
                "use its USB file or push",
                terminal=terminal,
            )
        )
    if whose is not None and (other := whose(serial)) is not None:
        raise SerialOfAnother(terminal, serial, other)
    if expected is not None and serial != expected:
        raise TerminalRefused(
            Message(
                "{terminal} answered with serial {serial}, {who} says {expected}; if the terminal was replaced, "
                "give it a new id, or pin this serial with `terminal accept {terminal}`",
                terminal=terminal,
                serial=serial,
                who=expected_by,
                expected=expected,
            )
        )
    return serial


def clock_offset(client: Client, zone: ZoneInfo, now: Callable[[], datetime]) -> int | None:
    """Terminal clock minus host clock in whole seconds, at the middle of the round trip; None if the clock is
    unknown.

    A terminal shows whole seconds that have begun, so the host's seconds are cut the same way: equal clocks
    give 0.
    """
    asked_at = now()
    clock = client.clock()
    if clock is None:
        return None
    middle = (asked_at + (now() - asked_at) / 2).astimezone(zone)
    return int((clock - middle.replace(tzinfo=None, microsecond=0)).total_seconds())


def _slot_owners(client: Client, fetched: Fetched, sizes: FreeSizes | None) -> tuple[dict[int, str], list[Message]]:
    """Whose PIN each slot stands for, and what is doubtful about that. The punches do not depend on it."""
    if fetched.log.record_size != SLOT_RECORD_SIZE or not fetched.brings_records:
        return {}, []
    if fetched.broke_off:
        return {}, [Message("the owners of the slots are not known: the terminal broke off while its tail was judged")]
    try:
        users, damaged = readable_users(client.read_users(sizes.users if sizes else None))
    except (NeedsAttention, ProtocolViolation) as error:
        return {}, [Message("the owners of the slots are not known: {error}", error=error)]
    doubts = []
    if damaged:
        doubts.append(
            Message("{damaged} rows of its user table cannot be read: their slots are nobody's", damaged=damaged)
        )
    return {user.uid: user.pin for user in users}, doubts


def _doubts(sizes: FreeSizes | None, offset_s: int | None, fetched: Fetched, events_dropped: int) -> list[Message]:
    doubts = []
    if events_dropped:
        doubts.append(
            Message(
                "it told of {events_dropped} events more than can be while it was read; look what stands at its "
                "address",
                events_dropped=events_dropped,
            )
        )
    if offset_s is None:
        doubts.append(Message("the terminal's clock does not show a possible time"))
    counted = sizes.records if sizes else None
    if counted is not None and counted > fetched.held_slots:
        doubts.append(
            Message(
                "the terminal counted {counted} records, its log holds {held_slots}",
                counted=counted,
                held_slots=fetched.held_slots,
            )
        )
    capacity = sizes.records_capacity if sizes else None
    if capacity and fetched.held_slots * 100 >= capacity * FILLING_PCT:
        filled_pct = fetched.held_slots * 100 // capacity
        doubts.append(
            Message(
                "the log is {filled_pct} % full: run `terminal clear` before it refuses or drops punches",
                filled_pct=filled_pct,
            )
        )
    return doubts
