"""The state of one terminal: who is enrolled, what was punched, what its clock says, whether it has power.

Promises the truth about itself: `history` keeps every record that was ever written, with the instant of its
punch, whatever the log lost since, and `commands` every command that was received. Safe to use from several
threads. Does not know packets or sockets.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count
from typing import TypeVar

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.simulator.codec import pack_clock
from ekinerja_agent.simulator.model import Model
from ekinerja_agent.simulator.rows import (
    Finger,
    Record,
    User,
    encode_event,
    encode_finger,
    encode_table,
    encode_user,
    record_encoder,
)

_Listener = TypeVar("_Listener")

_REMEMBERED_COMMANDS = 100_000
_CLOCK_WITHOUT_BATTERY = datetime(2000, 1, 1)  # noqa: DTZ001 - a terminal's clock has no zone


@dataclass(frozen=True, slots=True)
class Received:
    """One command as it arrived at the instant `at`. `connection` counts the clients from 1."""

    at: datetime
    connection: int
    command: int
    session: int
    reply_id: int
    data: bytes


@dataclass
class Device:
    """A terminal. `now` is the host's clock (aware), `zone` the place's time zone, None for this machine's.

    The terminal's own clock is `now` in `zone` plus `offset_s` and what it drifted since; a simulated `now`
    therefore drives all of it. `sessions` yields the session numbers it will hand out. FREE_SIZES counts
    `count_lag` records fewer than there are.
    """

    serial: str = "SIM0000000001"
    model: Model = field(default_factory=Model)
    now: Callable[[], datetime] = utc_now
    zone: tzinfo | None = None
    offset_s: float = 0.0
    count_lag: int = 0
    refused_punches: int = 0
    users: dict[str, User] = field(default_factory=dict, init=False)
    fingers: dict[tuple[int, int], Finger] = field(default_factory=dict, init=False)
    log: list[Record] = field(default_factory=list, init=False)
    history: list[Record] = field(default_factory=list, init=False)
    commands: deque[Received] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_COMMANDS), init=False)
    sessions: Iterator[int] = field(default_factory=lambda: (1 + n * 0x3A6D % 0xFFFE for n in count(1)))

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._encode_record = record_encoder(self.model.layout)
        self._rows = bytearray()
        self._pin_of_slot: dict[int, str] = {}
        self._blank_slot = False
        self._listeners: list[Callable[[Record], None]] = []
        self._disabled = False
        self._enable_again_at: datetime | None = None
        self._drift_s_per_day = 0.0
        self._drifts_since = self.now()
        self._starts = 1
        self._powered = True
        self._power_back_at: datetime | None = None
        self._start_listeners: list[Callable[[], None]] = []

    # -- the clock -------------------------------------------------------------------------------------

    def place_time(self, at: datetime | None = None) -> datetime:
        """Given an instant (None: now), return the place's true local time, naive; a naive `at` is it."""
        at = self.now() if at is None else at
        return at if at.tzinfo is None else at.astimezone(self.zone).replace(tzinfo=None)

    def instant(self, at: datetime | None = None) -> datetime:
        """Given an instant or the place's true local time, naive (None: now), return the instant in UTC."""
        at = self.now() if at is None else at
        return (at if at.tzinfo or self.zone is None else at.replace(tzinfo=self.zone)).astimezone(UTC)

    def error_s(self, at: datetime | None = None) -> float:
        """Given an instant (None: now), return by how many seconds the terminal's clock is ahead then."""
        drifting_s = (self.instant(at) - self._drifts_since).total_seconds()
        return self.offset_s + self._drift_s_per_day * drifting_s / 86_400

    def clock(self, at: datetime | None = None) -> datetime:
        """Given an instant or true local time (None: now), return what the terminal shows, in whole seconds."""
        self._notice_power()
        return (self.place_time(at) + timedelta(seconds=self.error_s(at))).replace(microsecond=0)

    def set_clock(self, clock: datetime) -> None:
        """Let the terminal show this clock from now on, as SET_TIME or a person does."""
        self._drifts_since = self.now()
        self.offset_s = (clock - self.place_time()).total_seconds()

    def jump_clock(self, seconds: float) -> None:
        """Let the clock jump forward, or back by a negative number."""
        self.offset_s += seconds

    def drift(self, seconds_per_day: float) -> None:
        """Let the clock gain so many seconds a day from now on (negative: lose); what it gained stays."""
        self.offset_s, self._drifts_since = self.error_s(), self.now()
        self._drift_s_per_day = seconds_per_day

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
                raise WrongUsage(
                    Message(
                        "slot {uid} of terminal {serial} belongs to another PIN; choose a free one",
                        uid=uid,
                        serial=self.serial,
                    )
                )
            return self.keep_user(User(uid, pin, name, privilege))

    def keep_user(self, user: User) -> User:
        """Write a user as a client does: whoever had the slot is gone, and so are the fingers of the PIN's old slot.

        Raise WrongUsage if this model cannot hold the user.
        """
        with self._lock:
            self._check_that_it_fits(user)
            holder, known = self._pin_of_slot.get(user.uid), self.users.get(user.pin)
            if holder is not None and holder != user.pin:
                self.delete_user(holder)
            if known and known.uid != user.uid:
                self.delete_user(known.pin)
                known = None
            if known is None and len(self.users) >= self.model.user_capacity:
                raise WrongUsage(
                    Message(
                        "terminal {serial} is full: it holds {most} users",
                        serial=self.serial,
                        most=self.model.user_capacity,
                    )
                )
            self.users[user.pin] = user
            self._pin_of_slot[user.uid] = user.pin
            return user

    def enrol_finger(self, pin: str, number: int = 0, template: bytes = b"", valid: int = 1) -> Finger:
        """Enrol a finger of a PIN that is enrolled; without a template one is made up. Return it."""
        with self._lock:
            uid = self.users[pin].uid
            made_up = bytes((uid * 7 + number * 31 + place * 13) % 251 for place in range(400 + 37 * number))
            return self.keep_finger(Finger(uid, number, template or made_up, valid))

    def keep_finger(self, finger: Finger) -> Finger:
        """Write a template as a client does. Raise WrongUsage if there is no such slot, or no room."""
        with self._lock:
            if finger.uid not in self._pin_of_slot:
                raise WrongUsage(
                    Message("terminal {serial} has nobody in slot {uid}", serial=self.serial, uid=finger.uid)
                )
            key = (finger.uid, finger.number)
            if key not in self.fingers and len(self.fingers) >= self.model.finger_capacity:
                raise WrongUsage(
                    Message(
                        "terminal {serial} is full: it holds {most} fingers",
                        serial=self.serial,
                        most=self.model.finger_capacity,
                    )
                )
            self.fingers[key] = finger
            return finger

    def forget_finger(self, uid: int, number: int) -> bool:
        """Forget a template and return whether there was one."""
        with self._lock:
            return self.fingers.pop((uid, number), None) is not None

    def _check_that_it_fits(self, user: User) -> None:
        """What cannot be written is refused here, not in the middle of an answer."""
        sample = Record(user.uid, user.pin, 0)
        encode_user(user, self.model.user_row_bytes, self.model.names)
        encode_event(sample, self.model.event_bytes)
        self._encode_record(sample)

    def delete_user(self, pin: str) -> None:
        """Forget a user and the fingers; the slot is free for somebody else, the log keeps what it recorded."""
        with self._lock:
            uid = self.users.pop(pin).uid
            del self._pin_of_slot[uid]
            for key in [key for key in self.fingers if key[0] == uid]:
                del self.fingers[key]

    def pin_of(self, uid: int) -> str | None:
        """Given a slot, return whose it is, or None."""
        return self._pin_of_slot.get(uid)

    def _free_slot(self) -> int:
        if len(self.users) >= self.model.user_capacity:
            raise WrongUsage(
                Message(
                    "terminal {serial} is full: it holds {most} users",
                    serial=self.serial,
                    most=self.model.user_capacity,
                )
            )
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
            shown = pack_clock(self.clock(at))
            return self.write(Record(user.uid, pin, shown, verify, status, work_code, self.instant(at)))

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
            if place == len(self.log):
                self._blank_slot = False
            self.log.insert(place, record)
            self._rows[place * len(row) : place * len(row)] = row
            self.history.append(record)
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(record)
        return record

    def leave_blank_slot(self) -> None:
        """Let the log end with a row of zeros, which is counted, and which the next punch fills (section 3)."""
        self._blank_slot = True

    def delete_oldest(self, records: int) -> None:
        """Forget the first records of the log, as some firmware does when it is full."""
        self.delete_range(0, records)

    def delete_range(self, first: int, end: int) -> None:
        """Forget the records from position `first` up to but not including `end`; what follows moves down."""
        with self._lock:
            del self.log[first:end]
            del self._rows[first * self.model.layout : end * self.model.layout]

    def clear(self) -> None:
        """Forget the whole log (CLEAR_ATTLOG); `history` still knows it."""
        with self._lock:
            self.log.clear()
            self._rows.clear()
            self._blank_slot = False

    def wipe(self) -> None:
        """Forget log and users (CLEAR_DATA): what no collector may ever ask for."""
        with self._lock:
            self.clear()
            self.users.clear()
            self.fingers.clear()
            self._pin_of_slot.clear()

    # -- what a client reads ---------------------------------------------------------------------------

    def log_table(self) -> bytes:
        """Return a copy of the log as the table that goes over the wire."""
        with self._lock:
            return encode_table(self._rows + bytes(self.model.layout) if self._blank_slot else self._rows)

    def counted_records(self) -> int:
        """Return how many records FREE_SIZES claims: a hint, late by `count_lag`, the blank slot included."""
        with self._lock:
            return max(0, len(self.log) + self._blank_slot - self.count_lag)

    def user_table(self) -> bytes:
        """Return the users by slot as the table that goes over the wire."""
        with self._lock:
            users = sorted(self.users.values(), key=lambda user: user.uid)
            rows = (encode_user(user, self.model.user_row_bytes, self.model.names) for user in users)
            return encode_table(b"".join(rows))

    def finger_table(self) -> bytes:
        """Return the fingerprint templates by slot and finger as the table that goes over the wire."""
        with self._lock:
            return encode_table(b"".join(encode_finger(self.fingers[key]) for key in sorted(self.fingers)))

    def option(self, key: str) -> str | None:
        """Given the name of an option, return its value, or None if this terminal does not know it."""
        return {
            "~SerialNumber": self.serial,
            "~Platform": self.model.platform,
            "~DeviceName": self.model.device_name,
            "~OS": "1",
            "~OEMVendor": "ZKTeco Inc.",
            "~ProductTime": "2014-08-23 10:11:12",
            "~ZKFPVersion": self.model.fingerprints,
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
        """Lock it; 0 seconds means until somebody enables it, as does a model that does not enable itself."""
        limited = seconds and self.model.enables_itself
        self._enable_again_at = self.now() + timedelta(seconds=seconds) if limited else None
        self._disabled = True

    def listen(self, listener: Callable[[Record], None]) -> Callable[[], None]:
        """Call `listener` with each record from now on, in the thread that punches; return what ends that."""
        return self._add(self._listeners, listener)

    def _add(self, listeners: list[_Listener], listener: _Listener) -> Callable[[], None]:
        with self._lock:
            listeners.append(listener)

        def stop() -> None:
            with self._lock:
                if listener in listeners:
                    listeners.remove(listener)

        return stop

    # -- power -----------------------------------------------------------------------------------------

    @property
    def powered(self) -> bool:
        """Whether it has power; without it nothing is recorded and nothing is answered."""
        self._notice_power()
        return self._powered

    @property
    def starts(self) -> int:
        """How often it was started or went off: what was agreed with a client before the last time is forgotten."""
        return self._starts

    def power_off(self, seconds: float | None = None) -> None:
        """Take the power away, for so long (None: until `power_on`). The log stays, sessions and locks end."""
        with self._lock:
            self._powered = False
            self._power_back_at = None if seconds is None else self.now() + timedelta(seconds=seconds)
        self._forget_clients()

    def power_on(self) -> None:
        """Give the power back, now; a model that does not keep its clock starts at 2000-01-01."""
        with self._lock:
            if not self._powered:
                self._start(back_at=self.now())

    def reboot(self) -> None:
        """Start again at once: sessions, held buffers and locks are forgotten, the log and the clock are kept."""
        self._forget_clients()

    def listen_to_starts(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` whenever it goes off or starts, in the thread that causes it; return what ends that."""
        return self._add(self._start_listeners, listener)

    def _notice_power(self) -> None:
        with self._lock:
            if self._power_back_at is not None and self.now() >= self._power_back_at:
                self._start(self._power_back_at)

    def _start(self, back_at: datetime) -> None:
        self._powered, self._power_back_at = True, None
        if not self.model.keeps_clock:
            self.set_clock(_CLOCK_WITHOUT_BATTERY + (self.now() - back_at))

    def _forget_clients(self) -> None:
        with self._lock:
            self._starts += 1
            self.enable()
            listeners = tuple(self._start_listeners)
        for listener in listeners:
            listener()
