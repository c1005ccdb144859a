"""Terminals that push, within a schedule: how uploads are lost, repeated, cut, sent anew and made up by others.

The terminal's log is that of the simulated device on the wall; it is sent by the pushing terminal of the simulator over
real sockets. Does not know how often what happens, nor what is polled.
"""

from __future__ import annotations

import http.client
import re
import socket
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from ekinerja_agent.simulator import Record
from ekinerja_agent.simulator.access_device import AccessDevice
from ekinerja_agent.simulator.codec import unpack_time
from ekinerja_agent.simulator.push_device import PushDevice, PushRecord, Unanswered
from tests.proof.soak.truth import Truth

BATCHES = (7, 60, 200)
"""The most lines of one upload."""
MOST_TRIES = 20
"""Of a terminal with which nothing is wrong: it meets its server at once."""
NO_DATE = datetime(2000, 1, 1)
_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class _AsRecorded(PushRecord):
    """A line of the log; its date, `time`, need not exist."""

    time: str = ""
    number: int = 0

    @property
    def time_text(self) -> str:
        return self.time

    @property
    def packed(self) -> int:
        return self.number


def begin_of_line(record: Record) -> bytes:
    """Given a record, return the part of its line that every upload has: PIN and time."""
    return f"{record.pin}\t{_time_of(record)}".encode()


def named_live(record: Record) -> bytes:
    """The same of a line whose fields are named, as it happens."""
    return f"pin={record.pin}\ttime={_time_of(record)}".encode()


def named_later(record: Record) -> bytes:
    """And as it is sent later."""
    return f"pin={record.pin}\ttime_second={record.packed_time}".encode()


FORMS = (begin_of_line, named_live, named_later)
"""How the line of a record begins in whatever an upload looks like, or what is in it."""


class Uploads:
    """Given a terminal on a wall, its zone, where to send its log, and chance, send it."""

    def __init__(self, wall: Truth, zone: ZoneInfo, port: int, chance: Random) -> None:
        self.wall = wall
        self._chance = chance
        self._port = port
        self._sender = (
            _access(wall, zone, port, chance) if chance.random() < 0.4 else _attendance(wall, zone, port, chance)
        )

    @property
    def keeps_order(self) -> bool:
        """Whether its uploads are in the order of its log and its clock was never ahead: then what they vouch for is
        never more than is stored (decision 36).
        """
        ahead = any(self._is_ahead(record) for record in tuple(self.wall.device.history))
        return not self._sender.newest_first and not ahead

    def send(self) -> str:
        """Send what is owed; return what became of it."""
        try:
            self._greet()
            while owed := self._owed():
                newest = self._sender.newest_first and len(owed) > 1 and self._chance.random() < 0.5
                self._deliver(owed[-1:] if newest else owed[: self._sender.batch])
        except Unanswered as error:
            return f"not all: {str(error)[:100]}"
        return "all"

    def send_all(self, *, anew: bool) -> bool:
        """Nothing is wrong any more: send what is owed, or (`anew`) what the server asked for; return whether it was
        taken.
        """
        for _ in range(MOST_TRIES):
            try:
                if anew:
                    self._held()  # it counts what it holds now
                    self._sender.beat()
                anew = False
            except Unanswered:
                continue
            if self.send() == "all":
                return True
        return False

    def lose_answer(self) -> str:
        """The upload is taken, and the terminal never hears of it."""
        return self._once(self._owed()[: self._sender.batch])

    def repeat(self) -> str:
        """Send once more what was acknowledged, as after a power cut of the terminal."""
        done = sorted(self._sender.acknowledged & self._held())[-self._sender.batch :]
        return self._once(done[self._chance.randint(0, max(0, len(done) - 1)) :])

    def cut(self) -> str:
        """The line breaks within an upload."""
        numbers = self._owed()[: self._sender.batch]
        body = self._body(numbers)
        sent = body[: self._chance.randint(0, len(body))]
        return self._raw(self._head(numbers, len(body)), sent) if body else "nothing owed"

    def count_wrong(self) -> str:
        """Announce less than is sent."""
        numbers = self._owed()[: self._sender.batch]
        body = self._body(numbers)
        return self._raw(self._head(numbers, self._chance.randint(0, len(body) - 1)), body) if body else "nothing owed"

    def anew(self) -> str:
        """Ask for commands; a terminal that was asked for its log sends all of it again."""
        self._held()  # it counts what it holds now
        try:
            self._sender.beat()
        except Unanswered as error:
            return f"unanswered: {error}"
        return self.send()

    def forget(self) -> str:
        """The terminal loses its memory of what it sent, and believes the server's; one that sends the newest first
        would lose punches by itself.
        """
        if self._sender.newest_first:
            return "has its own memory"
        try:
            told = re.search(r"(?m)^ATTLOGStamp=(\d+)$", self._sender.greet())
        except Unanswered as error:
            return f"unanswered: {error}"
        known = int(told[1]) if told else 0
        self._sender.acknowledged = set(range(known))
        return f"believes that {known} were taken"

    def made_up(self) -> str:
        """Somebody sends punches under the serial of this terminal from elsewhere, and under another from here."""
        line = f"4\t{self.wall.device.clock():%Y-%m-%d %H:%M:%S}\t0\t1\n".encode()
        answers = []
        for serial, source in ((self._sender.serial, "127.0.0.2"), (f"{self._sender.serial}X", "127.0.0.1")):
            connection = http.client.HTTPConnection(
                "127.0.0.1", self._port, timeout=_PATIENCE_S, source_address=(source, 0)
            )
            connection.request("POST", f"/iclock/cdata?SN={serial}&table=ATTLOG&Stamp=9", line)
            answers.append(connection.getresponse().status)
            connection.close()
        return f"answers {answers}"

    def close(self) -> None:
        """Hang up."""
        self._sender.close()

    # -- the log -----------------------------------------------------------------------------------------

    def _greet(self) -> None:
        """Terminals ask what to send when they start; here that is now and then."""
        if not self._sender.acknowledged or self._chance.random() < 0.1:
            self._sender.greet()

    def _owed(self) -> list[int]:
        held = self._held()
        return [number for number in range(len(self._sender.log)) if number in held - self._sender.acknowledged]

    def _held(self) -> set[int]:
        """Which of all that was ever recorded is still in the terminal."""
        history = tuple(self.wall.device.history)
        for record in history[len(self._sender.log) :]:
            self._sender.log.append(_line_of(record))
        inside = {id(record) for record in self.wall.device.log}
        return {number for number, record in enumerate(history) if id(record) in inside}

    def _deliver(self, numbers: list[int]) -> None:
        """Send, and note what any such upload must have brought."""
        self._sender.send(numbers)
        self._sender.acknowledged.update(numbers)
        history = self.wall.device.history
        keys = (self.wall.key(history[number]) for number in numbers)
        self.wall.seen |= Counter(key for key in keys if key is not None)
        done = self._sender.acknowledged
        self.wall.read = max(self.wall.read, next((n for n in range(len(history)) if n not in done), len(history)))

    def _once(self, numbers: list[int]) -> str:
        if not numbers:
            return "nothing to send"
        try:
            return self._sender.send(numbers).strip()
        except Unanswered as error:
            return f"unanswered: {str(error)[:100]}"

    def _body(self, numbers: list[int]) -> bytes:
        return self._sender.body(numbers).encode() if numbers else b""

    def _head(self, numbers: list[int], length: int) -> bytes:
        if not numbers:
            return b""
        return f"POST {self._sender.path(numbers)} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()

    def _raw(self, head: bytes, body: bytes) -> str:
        """Send bytes as they are and say no more; return the first line of the answer, if there is one."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=_PATIENCE_S) as connection:
            connection.sendall(head + body)
            connection.shutdown(socket.SHUT_WR)
            came = b""
            try:
                while more := connection.recv(65_536):
                    came += more
            except ConnectionError:
                pass
        return came.partition(b"\r\n")[0].decode() or "hung up"

    def _is_ahead(self, record: Record) -> bool:
        key = self.wall.key(record)
        return key is not None and record.at is not None and key[1] > self.wall.device.place_time(record.at)


def _line_of(record: Record) -> PushRecord:
    return _AsRecorded(record.pin, NO_DATE, record.status, record.verify, _time_of(record), record.packed_time)


def _attendance(wall: Truth, zone: ZoneInfo, port: int, chance: Random) -> PushDevice:
    return PushDevice(
        *("127.0.0.1", port, wall.device.serial, zone),
        fields=chance.choice((4, 7, 12)),
        batch=chance.choice(BATCHES),
        newest_first=chance.random() < 0.15,
        gzipped=chance.random() < 0.2,
        line_end=chance.choice(("\n", "\n", "\r\n")),
        timeout_s=_PATIENCE_S,
    )


def _access(wall: Truth, zone: ZoneInfo, port: int, chance: Random) -> AccessDevice:
    return AccessDevice(
        *("127.0.0.1", port, wall.device.serial, zone),
        had_before=chance.choice((0, 300)),
        newest_first=chance.random() < 0.15,
        batch=chance.choice(BATCHES),
        counts=chance.random() < 0.7,
        doubled=chance.random() < 0.3,
        shouts=chance.random() < 0.3,
        silent_on_query=chance.random() < 0.3,
        line_end=chance.choice(("\n", "\r\n")),
        timeout_s=_PATIENCE_S,
    )


def _time_of(record: Record) -> str:
    return "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*unpack_time(record.packed_time))
