"""Serves simulated terminals: one thread carries the ports of any number of them, on loopback by default.

Does not know what is said on a port (`tcp_port`, `udp_port`, `conversation`) or what goes wrong there (`faults`).
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType

from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.simulator.answers import Answers
from ekinerja_agent.simulator.device import Device
from ekinerja_agent.simulator.faults.script import Fault, Transport
from ekinerja_agent.simulator.ports import NEVER_S, Port
from ekinerja_agent.simulator.tcp_port import TcpPort
from ekinerja_agent.simulator.udp_port import UdpPort

_WAITING_CLIENTS = 16
_LOOK_AFTER_THREAD_S = 1.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a terminal can be reached. `close()` pulls the plug; closing again does nothing."""

    host: str
    port: int
    transport: Transport
    close: Callable[[], None]


class Switchboard:
    """One thread that carries the ports of any number of terminals, until the `with` block ends.

    `clock` (monotonic seconds) tells when what is to come later is due.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._bell, self._bell_rope = socket.socketpair()
        self._bell.setblocking(False)
        self._bell_rope.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._orders: deque[Callable[[], None]] = deque()
        self._awake: set[Port] = set()
        self._due_s: dict[Port, float] = {}
        self._ports: set[Port] = set()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="switchboard", daemon=True)

    def __enter__(self) -> Switchboard:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._order(self._stop)
        self._thread.join()
        self._selector.close()
        self._bell.close()
        self._bell_rope.close()

    def connect(
        self,
        device: Device,
        transport: Transport = "tcp",
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        faults: Iterable[Fault] = (),
    ) -> Endpoint:
        """Given a terminal and a free address (port 0: any), serve it there until the endpoint is closed.

        Each fault is prepared on the terminal first. A terminal may have several endpoints, TCP and UDP say.
        Raise TemporarilyUnavailable if the address is not free.
        """
        chosen = tuple(faults)
        sock = _bind(transport, host, port)
        for fault in chosen:
            if fault.prepare:
                fault.prepare(device)
        kind = TcpPort if transport == "tcp" else UdpPort
        bound = int(sock.getsockname()[1])
        opened: list[Port] = []

        def open_port() -> None:
            opened.append(kind(self, device, sock, Answers(device, transport, chosen)))
            self._ports.update(opened)

        if not self._order(open_port):
            sock.close()
            raise RuntimeError("a Switchboard serves only inside its `with` block")
        return Endpoint(host, bound, transport, lambda: self._close(opened[0]))

    # -- what ports call: in the switchboard's thread, `wake` in any -----------------------------------

    def watch(self, sock: socket.socket, events: int, port: Port) -> None:
        """Tell the port when these events happen at the socket; replaces what was asked for it before."""
        known = self._selector.get_map().get(sock)
        if known is None:
            self._selector.register(sock, events, port)
        elif known.events != events:
            self._selector.modify(sock, events, port)

    def unwatch(self, sock: socket.socket) -> None:
        """Tell nobody of the socket any more."""
        if sock in self._selector.get_map():
            self._selector.unregister(sock)

    def wake(self, port: Port) -> None:
        """Let the port be pumped soon."""
        self._awake.add(port)
        if threading.current_thread() is not self._thread:
            self._ring()

    # -- the thread ------------------------------------------------------------------------------------

    def _ring(self) -> None:
        try:
            self._bell_rope.send(b"\0")
        except BlockingIOError:
            # The bell is ringing already.
            return

    def _close(self, port: Port) -> None:
        self._order(lambda: self._drop(port))

    def _order(self, work: Callable[[], None]) -> bool:
        """Do this in the switchboard's thread, return once it is done; False if the thread does not run."""
        if threading.current_thread() is self._thread:
            work()
            return True
        if not self._thread.is_alive():
            return False
        done = threading.Event()

        def work_and_tell() -> None:
            work()
            done.set()

        self._orders.append(work_and_tell)
        self._ring()
        while self._thread.is_alive() and not done.wait(_LOOK_AFTER_THREAD_S):
            continue
        return done.is_set()

    def _drop(self, port: Port) -> None:
        if port in self._ports:
            self._ports.discard(port)
            self._due_s.pop(port, None)
            port.close()

    def _stop(self) -> None:
        for port in tuple(self._ports):
            self._drop(port)
        self._stopping = True

    def _run(self) -> None:
        while not self._stopping:
            for key, events in self._selector.select(self._timeout_s()):
                if key.data is None:
                    self._bell.recv(4096)
                elif key.data in self._ports:
                    key.data.ready(key.fileobj, events)
                    self._awake.add(key.data)
            while self._orders:
                self._orders.popleft()()
            self._pump_ports()

    def _timeout_s(self) -> float | None:
        if self._awake or self._orders:
            return 0.0
        if not self._due_s:
            return None
        return max(0.0, min(self._due_s.values()) - self._clock())

    def _pump_ports(self) -> None:
        now_s = self._clock()
        due = {port for port, at_s in self._due_s.items() if at_s <= now_s}
        while self._awake:
            due.add(self._awake.pop())
        for port in due & self._ports:
            again_s = port.pump(now_s)
            if again_s == NEVER_S:
                self._due_s.pop(port, None)
            else:
                self._due_s[port] = again_s


def _bind(transport: Transport, host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM)
    try:
        if transport == "tcp":
            # A terminal that was switched off comes back at its port at once.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        if transport == "tcp":
            sock.listen(_WAITING_CLIENTS)
    except OSError as error:
        sock.close()
        raise TemporarilyUnavailable(
            Message(
                "{host}:{port} ({transport}) cannot be used: {reason}; name an address of this machine and a port "
                "that no other program uses",
                host=host,
                port=port,
                transport=transport,
                reason=error.strerror,
            )
        ) from error
    sock.setblocking(False)
    return sock


@contextmanager
def serve(
    device: Device,
    transport: Transport = "tcp",
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    faults: Iterable[Fault] = (),
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Endpoint]:
    """Given a terminal, serve it until the block ends: `Switchboard.connect` with a thread of its own."""
    with Switchboard(clock) as board:
        yield board.connect(device, transport, port, host=host, faults=faults)
