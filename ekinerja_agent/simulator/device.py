"""The state of one terminal: who is enrolled, what was punched, what its clock says, how much it can hold.

Promises the truth about itself: `history` keeps every record that was ever written, whatever the log lost
since, and `commands` every command that was received. Safe to use from several threads. Does not know packets
or sockets.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from itertools import count
from typing import Literal

from ekinerja_agent.errors import WrongUsage
from ekinerja_agent.model import utc_now
from ekinerja_agent.simulator.codec import pack_clock
from ekinerja_agent.simulator.rows import (
    EVENT_SIZES,
    Layout,
    Record,
    User,
    UserSize,
    encode_event,
    encode_table,
    encode_user,
    record_encoder,
)

_REMEMBERED_COMMANDS = 100_000


@dataclass(frozen=True, slots=True)
class Received:
    """One command as it arrived at the instant `at`. `connection` counts the clients from 1."""

    at: datetime
    connection: int
    command: int
    session: int
    reply_id: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Model:
    """What kind of terminal this is; nothing here changes while it runs.

    `layout` and `user_size` are bytes per row (`user_size` None: 28 with records of 8 and 16, else 72).
    `event_size` is the body of a live event (None: 12 with 28-byte users, else 32). `free_sizes_bytes` is 80,
    92 or 112. `data_payload_bytes` is the most that one DATA packet carries on TCP (captured: 1008, 65528,
    65536); on UDP it is 1024. Answers to 1504 up to `lone_data_bytes` come as one DATA without PREPARE_DATA.
    `packet_gap_s` is the pause after every packet: real terminals are slow, and some clients only work
    because of it. `comm_key` None asks for no key; 0 is a key too: some firmware wants it.
    `when_full` tells what a full log does: delete its oldest `oldest_deleted` records at once, or refuse the
    punch.
    """

    layout: Layout = 40
    user_size: UserSize | None = None
    event_size: int | None = None
    free_sizes_bytes: Literal[80, 92, 112] = 80
    data_payload_bytes: int = 65_528
    lone_data_bytes: int = 0
    packet_gap_s: float = 0.0
    comm_key: int | None = None
    capacity: int = 100_000
    user_capacity: int = 10_000
    when_full: Literal["delete-oldest", "refuse"] = "delete-oldest"
    oldest_deleted: int = 100
    punches_while_disabled: bool = False
    firmware: str = "Ver 6.60 Aug 23 2014"
    platform: str = "ZEM760_TFT"
    device_name: str = "K20"

    def __post_init__(self) -> None:
        if self.event_bytes not in EVENT_SIZES:
            raise WrongUsage(f"no terminal sends events of {self.event_bytes} bytes; choose one of {EVENT_SIZES}")

    @property
    def user_row_bytes(self) -> UserSize:
        if self.user_size is not None:
            return self.user_size
        return 28 if self.layout in {8, 16} else 72

    @property
    def event_bytes(self) -> int:
        if self.event_size is not None:
            return self.event_size
        return 12 if self.user_row_bytes == 28 else 32


@dataclass
class Device:
    """A terminal. `now` is the host's clock (aware), `zone` the place's time zone, None for this machine's.

    The terminal's own clock is `now` in `zone` plus `offset_s`; a simulated `now` therefore drives all of it.
    `sessions` yields the session numbers it will hand out.
    """

    serial: str = "SIM0000000001"
    model: Model = field(default_factory=Model)
    now: Callable[[], datetime] = utc_now
    zone: tzinfo | None = None
    offset_s: float = 0.0
    powered: bool = True
    refused_punches: int = 0
    users: dict[str, User] = field(default_factory=dict, init=False)
    log: list[Record] = field(default_factory=list, init=False)
    history: list[Record] = field(default_factory=list, init=False)
    commands: deque[Received] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_COMMANDS), init=False)
    sessions: Iterator[int] = field(default_factory=lambda: (1 + n * 0x3A6D % 0xFFFE for n in count(1)))

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._encode_record = record_encoder(self.model.layout)
        self._rows = bytearray()
        self._pin_of_slot: dict[int, str] = {}
        self._listeners: list[Callable[[Record], None]] = []
        self._disabled = False
        self._enable_again_at: datetime | None = None

    # -- the clock -------------------------------------------------------------------------------------

    def place_time(self, at: datetime | None = None) -> datetime:
        """Given an instant (None: now), return the place's true local time, naive; a naive `at` is it."""
        at = self.now() if at is None else at
        return at if at.tzinfo is None else at.astimezone(self.zone).replace(tzinfo=None)

    def clock(self) -> datetime:
        """Return what the terminal shows now (naive, whole seconds)."""
        return (self.place_time() + timedelta(seconds=self.offset_s)).replace(microsecond=0)

    def set_clock(self, clock: datetime) -> None:
        """Let the terminal show this clock from now on, as SET_TIME or a person does."""
        self.offset_s = (clock - self.place_time()).total_seconds()

    # -- people and punches ----------------------------------------------------------------------------

    def enrol(self, pin: str, name: str = "", *, uid: int | None = None, privilege: int = 0) -> User:
        """Enrol a PIN in the given or the lowest free slot, or rename it, and return the user.

        Raise WrongUsage if the PIN cannot be held by this model, or the slot or the terminal is full.
        """
        with self._lock:
            known = self.users.get(pin)
            if uid is None:
                uid = known.uid if known else self._free_slot()
            if self._pin_of_slot.get(uid, pin) != pin:
                raise WrongUsage(f"slot {uid} of terminal {self.serial} belongs to another PIN; choose a free one")
            user = User(uid, pin, name, privilege)
            self._check_that_it_fits(user)
            if known:
                del self._pin_of_slot[known.uid]
            self.users[pin] = user
            self._pin_of_slot[uid] = pin
            return user

    def _check_that_it_fits(self, user: User) -> None:
        """What cannot be written is refused here, not in the middle of an answer."""
        sample = Record(user.uid, user.pin, 0)
        encode_user(user, self.model.user_row_bytes)
        encode_event(sample, self.model.event_bytes)
        self._encode_record(sample)

    def delete_user(self, pin: str) -> None:
        """Forget a user; the slot is free for somebody else, and the log keeps what the slot recorded."""
        with self._lock:
            del self._pin_of_slot[self.users.pop(pin).uid]

    def _free_slot(self) -> int:
        if len(self.users) >= self.model.user_capacity:
            raise WrongUsage(f"terminal {self.serial} is full: it holds {self.model.user_capacity} users")
        following = len(self.users) + 1
        if following not in self._pin_of_slot:
            return following
        return next(uid for uid in count(1) if uid not in self._pin_of_slot)

    def punch(
        self, pin: str, at: datetime | None = None, verify: int = 1, status: int = 0, work_code: int = 0
    ) -> Record | None:
        """Given whose finger and when (an instant, or naive true local time; None: now), return the record.

        The record shows the terminal's clock at that moment. A PIN that was never enrolled is enrolled first.
        Return None where a real terminal records nothing: without power, disabled, or full and refusing.
        """
        with self._lock:
            if not self.powered or (self.disabled and not self.model.punches_while_disabled):
                self.refused_punches += 1
                return None
            user = self.users.get(pin) or self.enrol(pin)
            clock = self.place_time(at) + timedelta(seconds=self.offset_s)
            return self.write(Record(user.uid, pin, pack_clock(clock), verify, status, work_code))

    def write(self, record: Record, position: int | None = None) -> Record | None:
        """Write a record as it stands at the end of the log, or before `position`, and tell who listens.

        Return it, or None if the log is full and this model refuses.
        """
        with self._lock:
            row = self._encode_record(record)
            if len(self.log) >= self.model.capacity:
                if self.model.when_full == "refuse":
                    self.refused_punches += 1
                    return None
                self.delete_oldest(self.model.oldest_deleted)
            place = len(self.log) if position is None else position
            self.log.insert(place, record)
            self._rows[place * len(row) : place * len(row)] = row
            self.history.append(record)
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(record)
        return record

    def delete_oldest(self, records: int) -> None:
        """Forget the first records of the log, as some firmware does when it is full."""
        with self._lock:
            del self.log[:records]
            del self._rows[: records * self.model.layout]

    def clear(self) -> None:
        """Forget the whole log (CLEAR_ATTLOG); `history` still knows it."""
        with self._lock:
            self.log.clear()
            self._rows.clear()

    def wipe(self) -> None:
        """Forget log and users (CLEAR_DATA): what no collector may ever ask for."""
        with self._lock:
            self.clear()
            self.users.clear()
            self._pin_of_slot.clear()

    # -- what a client reads ---------------------------------------------------------------------------

    def log_table(self) -> bytes:
        """Return a copy of the log as the table that goes over the wire."""
        with self._lock:
            return encode_table(bytes(self._rows))

    def user_table(self) -> bytes:
        """Return the users by slot as the table that goes over the wire."""
        with self._lock:
            users = sorted(self.users.values(), key=lambda user: user.uid)
            return encode_table(b"".join(encode_user(user, self.model.user_row_bytes) for user in users))

    def option(self, key: str) -> str | None:
        """Given the name of an option, return its value, or None if this terminal does not know it."""
        return {
            "~SerialNumber": self.serial,
            "~Platform": self.model.platform,
            "~DeviceName": self.model.device_name,
            "~OS": "1",
            "~OEMVendor": "ZKTeco Inc.",
            "~ProductTime": "2014-08-23 10:11:12",
            "~ZKFPVersion": "10",
            "ZKFaceVersion": "0",
            "FaceFunOn": "0",
            "~PIN2Width": "9",
            "~SSR": "1",
            "~ExtendFmt": "0",
            "~UserExtFmt": "0",
            "CompatOldFirmware": "0",
            "WorkCode": "0",
            "MAC": "00:17:61:00:00:01",
            "IPAddress": "127.0.0.1",
            "NetMask": "255.0.0.0",
            "GATEIPAddress": "0.0.0.0",  # noqa: S104 - what a terminal without a gateway reports; nothing is bound
        }.get(key)

    # -- being used ------------------------------------------------------------------------------------

    @property
    def disabled(self) -> bool:
        """Whether a client locked it; a lock with a time limit ends by itself (section 2)."""
        if self._disabled and self._enable_again_at is not None and self.now() >= self._enable_again_at:
            self.enable()
        return self._disabled

    def enable(self) -> None:
        self._disabled, self._enable_again_at = False, None

    def disable(self, seconds: int) -> None:
        """Lock it; 0 seconds means until somebody enables it."""
        self._enable_again_at = self.now() + timedelta(seconds=seconds) if seconds else None
        self._disabled = True

    def listen(self, listener: Callable[[Record], None]) -> Callable[[], None]:
        """Call `listener` with each record from now on, in the thread that punches; return what ends that."""
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop
