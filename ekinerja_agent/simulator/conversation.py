"""What a terminal says to one client: request packets in, answer packets out, live events when they are due.

Follows protocol sections 2, 3 and 5. Does not know sockets, threads or faults. A buffer is a copy of the
table taken when it was prepared (unless the model keeps none), and lasts until it is freed or the client leaves.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from functools import partial

from ekinerja_agent.simulator.codec import (
    Command,
    Packet,
    Reply,
    comm_key_fits,
    encode_packet,
    pack_clock,
    unpack_clock,
)
from ekinerja_agent.simulator.device import Device, Received
from ekinerja_agent.simulator.enrolling import Enrolling
from ekinerja_agent.simulator.faults.script import Transport
from ekinerja_agent.simulator.rows import Record, encode_event, encode_table

ATTENDANCE_EVENT = 1
_WAITING_EVENTS = 256
_UDP_PAYLOAD_BYTES = 1024
_INLINE_BYTES = 1016
"""The largest table that answers 1503 at once: with its header it fills the 1024 bytes that clients read."""

_PREPARE_BUFFER = struct.Struct("<bhii")
_TABLE_FINGERS = 2
_TABLE_USERS = 5
_CAPTURED_PIN_WIDTH = b"\x09"


class Conversation:
    """One client's talk with a terminal, from its first packet until `over`; `restarts` tells that the terminal starts
    again once the answer is sent.

    `on_record` is called, in the thread that punches, whenever an event may be due: whoever owns the socket
    should then ask `next_event`.
    """

    def __init__(self, device: Device, transport: Transport, connection: int, on_record: Callable[[], None]) -> None:
        self.over = False
        self.restarts = False
        self._device = device
        self._transport = transport
        self._connection = connection
        self._on_record = on_record
        self._session: int | None = None
        self._authorised = False
        self._buffer: Callable[[], bytes] | None = None
        self._enrolling = Enrolling(device)
        self._starts = device.starts
        self._events: deque[Record] = deque(maxlen=_WAITING_EVENTS)
        self._stop_listening: Callable[[], None] | None = None
        self._unacknowledged_since: float | None = None
        self._answers: dict[int, Callable[[Packet], list[Packet]]] = {
            Command.EXIT: self._exit,
            Command.ENABLE: self._enable,
            Command.DISABLE: self._disable,
            Command.RESTART: self._restart,
            Command.REFRESH_DATA: self._ok,
            Command.START_VERIFY: self._ok,
            Command.CANCEL_CAPTURE: self._ok,
            Command.PIN_WIDTH: lambda request: self._ok(request, _CAPTURED_PIN_WIDTH),
            Command.VERSION: lambda request: self._ok(request, device.model.firmware.encode() + b"\0"),
            Command.FREE_SIZES: lambda request: self._ok(request, free_sizes(device)),
            Command.OPTIONS_RRQ: self._option,
            Command.GET_TIME: self._get_time,
            Command.SET_TIME: self._set_time,
            Command.PREPARE_BUFFER: self._prepare_buffer,
            Command.READ_BUFFER: self._read_buffer,
            Command.FREE_DATA: self._free_data,
            Command.ATTLOG_RRQ: lambda request: self._bulk(request, device.log_table()),
            Command.USERTEMP_RRQ: lambda request: self._bulk(request, device.user_table()),
            Command.TEMPLATES_RRQ: lambda request: self._bulk(request, device.finger_table()),
            Command.GET_TEMPLATE: self._get_template,
            Command.CLEAR_ATTLOG: self._clear_log,
            Command.CLEAR_DATA: self._clear_data,
            Command.REG_EVENT: self._register_events,
            **{command: partial(self._change, act) for command, act in self._enrolling.acts().items()},
        }

    @property
    def connection(self) -> int:
        """The number of this client, counted from 1."""
        return self._connection

    @property
    def lost(self) -> bool:
        """Whether the terminal lost power or started again, and so forgot this client."""
        return self._starts != self._device.starts

    def answer(self, request: Packet) -> list[bytes]:
        """Given a request, return the encoded packets of its answer; none if it acknowledges an event."""
        self._device.commands.append(
            Received(
                self._device.now(),
                self._connection,
                request.command,
                request.session,
                request.reply_id,
                request.data,
            )
        )
        return [encode_packet(packet) for packet in self._reply(request)]

    def _reply(self, request: Packet) -> list[Packet]:
        if request.command == Command.CONNECT:
            return self._connect(request)
        if request.command == Command.AUTH and self._session is not None:
            return self._authorise(request)
        if not self._authorised or request.session != self._session:
            return [Packet(Reply.UNAUTHORISED, self._session or 0, request.reply_id)]
        if request.command == Reply.OK:
            self._unacknowledged_since = None
            self._on_record()
            return []
        known = self._answers.get(request.command)
        return known(request) if known else [self._say(Reply.UNKNOWN, request)]

    def leave(self) -> None:
        """Forget the client: its buffer and its wish for events end with the connection."""
        self.over = True
        self._authorised = False
        self._buffer = None
        self._listen(wanted=False)

    # -- events ----------------------------------------------------------------------------------------

    def next_event(self, monotonic_s: float) -> Packet | None:
        """Given the time, return the next live event if one may leave now, else None."""
        if not self._events or self.event_due_s(monotonic_s) > monotonic_s:
            return None
        self._unacknowledged_since = monotonic_s
        body = encode_event(self._events.popleft(), self._device.model.event_bytes)
        return Packet(Command.REG_EVENT, ATTENDANCE_EVENT, 0, body)

    def event_due_s(self, monotonic_s: float) -> float:
        """Given the time, return when the next event may leave; infinity if none waits."""
        if not self._events:
            return float("inf")
        if self._unacknowledged_since is None:
            return monotonic_s
        return self._unacknowledged_since + self._device.model.event_patience_s

    def _listen(self, *, wanted: bool) -> None:
        if self._stop_listening:
            self._stop_listening()
        self._stop_listening = self._device.listen(self._note_record) if wanted else None
        self._events.clear()
        self._unacknowledged_since = None

    def _note_record(self, record: Record) -> None:
        self._events.append(record)
        self._on_record()

    def _register_events(self, request: Packet) -> list[Packet]:
        mask = int.from_bytes(request.data[:4], "little")
        self._listen(wanted=bool(mask & ATTENDANCE_EVENT))
        return self._ok(request)

    # -- coming and going ------------------------------------------------------------------------------

    def _say(self, reply: int, request: Packet, data: bytes = b"") -> Packet:
        return Packet(reply, self._session or 0, request.reply_id, data)

    def _ok(self, request: Packet, data: bytes = b"") -> list[Packet]:
        return [self._say(Reply.OK, request, data)]

    def _connect(self, request: Packet) -> list[Packet]:
        self.leave()
        self.over = False
        self._session = next(self._device.sessions)
        self._authorised = self._device.model.comm_key is None
        return [self._say(Reply.OK if self._authorised else Reply.UNAUTHORISED, request)]

    def _authorise(self, request: Packet) -> list[Packet]:
        key = self._device.model.comm_key
        if key is None or comm_key_fits(key, self._session or 0, request.data):
            self._authorised = True
            return self._ok(request)
        return [self._say(Reply.UNAUTHORISED, request)]

    def _exit(self, request: Packet) -> list[Packet]:
        self.leave()
        return self._ok(request)

    # -- the terminal itself ---------------------------------------------------------------------------

    def _enable(self, request: Packet) -> list[Packet]:
        self._device.enable()
        return self._ok(request)

    def _disable(self, request: Packet) -> list[Packet]:
        self._device.disable(int.from_bytes(request.data[:4], "little"))
        return self._ok(request)

    def _restart(self, request: Packet) -> list[Packet]:
        self.restarts = True
        return self._ok(request)

    def _option(self, request: Packet) -> list[Packet]:
        key = request.data.split(b"\0", 1)[0].decode(errors="replace")
        value = self._device.option(key)
        if value is None:
            return [self._say(Reply.UNKNOWN, request)]
        return self._ok(request, f"{key}={value}\0".encode())

    def _get_time(self, request: Packet) -> list[Packet]:
        return self._ok(request, pack_clock(self._device.clock()).to_bytes(4, "little"))

    def _set_time(self, request: Packet) -> list[Packet]:
        if len(request.data) < 4:
            return [self._say(Reply.ERROR, request)]
        try:
            clock = unpack_clock(int.from_bytes(request.data[:4], "little"))
        except ValueError:
            return [self._say(Reply.ERROR, request)]
        self._device.set_clock(clock)
        return self._ok(request)

    def _clear_log(self, request: Packet) -> list[Packet]:
        self._device.clear()
        return self._ok(request)

    def _clear_data(self, request: Packet) -> list[Packet]:
        self._device.wipe()
        return self._ok(request)

    # -- people ----------------------------------------------------------------------------------------

    def _change(self, act: Callable[[bytes], bool], request: Packet) -> list[Packet]:
        return [self._say(Reply.OK if act(request.data) else Reply.ERROR, request)]

    def _get_template(self, request: Packet) -> list[Packet]:
        template = self._enrolling.template(request.data)
        # Clients take one byte off its end: it is not part of the template.
        return [self._say(Reply.ERROR, request)] if template is None else self._bulk(request, template + b"\0")

    # -- tables ----------------------------------------------------------------------------------------

    def _prepare_buffer(self, request: Packet) -> list[Packet]:
        if len(request.data) != _PREPARE_BUFFER.size:
            return [self._say(Reply.ERROR, request)]
        _, table, function, _ = _PREPARE_BUFFER.unpack(request.data)
        read = self._reader(table, function)
        content = read()
        self._buffer = (lambda: content) if self._device.model.holds_snapshot else read
        size = len(content)
        if size <= _INLINE_BYTES:
            return [self._say(Reply.DATA, request, content)]
        return self._ok(request, struct.pack("<BIII", 0, size, size, self._free_memory_bytes()))

    def _reader(self, table: int, function: int) -> Callable[[], bytes]:
        if table == Command.ATTLOG_RRQ:
            return self._device.log_table
        if table == Command.USERTEMP_RRQ and function == _TABLE_USERS:
            return self._device.user_table
        if table == Command.TEMPLATES_RRQ and function == _TABLE_FINGERS:
            return self._device.finger_table
        # Whatever else is asked for: a table without a row.
        return lambda: encode_table(b"")

    def _free_memory_bytes(self) -> int:
        return 64 * (self._device.model.capacity - len(self._device.log))

    def _read_buffer(self, request: Packet) -> list[Packet]:
        if self._buffer is None or len(request.data) != 8:
            return [self._say(Reply.ERROR, request)]
        start, size = struct.unpack("<ii", request.data)
        content = self._buffer()
        if start < 0 or size <= 0 or start + size > len(content):
            return [self._say(Reply.ERROR, request)]
        step = self._device.model.offset_step_bytes
        start = start - start % step if step else 0
        asked = content[start : start + size]
        if size <= min(self._device.model.lone_data_bytes, self._payload_bytes()):
            return [self._say(Reply.DATA, request, asked)]
        return self._bulk(request, asked)

    def _payload_bytes(self) -> int:
        return _UDP_PAYLOAD_BYTES if self._transport == "udp" else self._device.model.data_payload_bytes

    def _free_data(self, request: Packet) -> list[Packet]:
        self._buffer = None
        self._enrolling.forget()
        return self._ok(request)

    def _bulk(self, request: Packet, content: bytes) -> list[Packet]:
        """PREPARE_DATA, DATA with a running index as session, and an ACK whose session means nothing."""
        step = self._payload_bytes()
        pieces = [content[start : start + step] for start in range(0, len(content), step)]
        return [
            self._say(Reply.PREPARE_DATA, request, struct.pack("<II", len(content), step)),
            *(Packet(Reply.DATA, index & 0xFFFF, request.reply_id, piece) for index, piece in enumerate(pieces)),
            Packet(Reply.OK, len(content) & 0xFFFF, request.reply_id),
        ]


def free_sizes(device: Device) -> bytes:
    """Given a terminal, return its answer to FREE_SIZES: the i32 fields of protocol section 2."""
    model = device.model
    fields = [0] * (model.free_sizes_bytes // 4)
    users, records = len(device.users), device.counted_records()
    fingers = len(device.fingers)
    fields[4], fields[6], fields[8] = users, fingers, records
    fields[14:17] = model.finger_capacity, model.user_capacity, model.capacity
    fields[17:20] = model.finger_capacity - fingers, model.user_capacity - users, model.capacity - records
    return struct.pack(f"<{len(fields)}i", *fields)
