"""A terminal that pushes (ADMS), in software: it keeps its log, sends what it believes is new, and tries again.

Has its own formatting and HTTP by http.client; shares no line with the receiver. Every fault is a field. Time is what
the caller says, so that a month can be played in a second.
"""

from __future__ import annotations

import gzip
import http.client
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class PushRecord:
    """One line of the log. `clock` is what the terminal showed, naive."""

    pin: str
    clock: datetime
    status: int = 0
    verify: int = 1

    @property
    def time_text(self) -> str:
        """The clock as it is written."""
        return f"{self.clock:%Y-%m-%d %H:%M:%S}"

    @property
    def packed(self) -> int:
        """The clock as one number: twelve months of 31 days from the year 2000 on."""
        days = ((self.clock.year - 2000) * 12 + self.clock.month - 1) * 31 + self.clock.day - 1
        return days * 86_400 + (self.clock.hour * 60 + self.clock.minute) * 60 + self.clock.second

    def line(self, fields: int = 7) -> str:
        """Return the line of an upload with so many fields, 2 to 12."""
        values = [self.pin, self.time_text, str(self.status), str(self.verify), *"00000000"]
        return "\t".join(values[:fields])


class Unanswered(Exception):
    """The server did not answer, or not with what ends a request."""


@dataclass
class PushDevice:
    """Given where the server is, a terminal with an empty log.

    `fast_s` is by how much its clock is ahead. With `newest_first` it sends what just happened before what it owes.
    `batch` is the most lines of one upload, `gzipped` whether it compresses them, `counts` whether it tells how many
    records it has.
    """

    host: str
    port: int
    serial: str
    zone: ZoneInfo
    fast_s: int = 0
    fields: int = 7
    batch: int = 50
    newest_first: bool = False
    gzipped: bool = False
    counts: bool = True
    line_end: str = "\n"
    timeout_s: float = 20.0
    log: list[PushRecord] = field(default_factory=list)
    acknowledged: set[int] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    _connection: http.client.HTTPConnection | None = None

    def punch(self, pin: str, at: datetime) -> None:
        """Somebody was recognised at an instant."""
        local = (at + timedelta(seconds=self.fast_s)).astimezone(self.zone).replace(tzinfo=None, microsecond=0)
        self.log.append(PushRecord(pin, local))

    def greet(self) -> str:
        """Ask what to send; begin from the start if the server says so. Return the answer."""
        answer = self.request("GET", f"/iclock/cdata?SN={self.serial}&options=all&pushver=2.2.14&language=69")
        for line in answer.splitlines():
            name, _, value = line.partition("=")
            if name == "ATTLOGStamp":
                known = int(value) if value.isdigit() else 0
                self.acknowledged = {number for number in self.acknowledged if number < known}
        return answer

    def upload(self) -> int:
        """Send what is owed, batch by batch; return how many uploads were acknowledged. Raise Unanswered."""
        uploads = 0
        while owed := [number for number in range(len(self.log)) if number not in self.acknowledged]:
            batch = owed[-1:] if self.newest_first and len(owed) > 1 and uploads == 0 else owed[: self.batch]
            self.send(batch)
            self.acknowledged.update(batch)
            uploads += 1
        return uploads

    def send(self, numbers: list[int]) -> str:
        """Send these lines of the log once more or for the first time; return the answer. Raise Unanswered."""
        headers = {"Content-Type": "text/plain"}
        content = self.body(numbers).encode()
        if self.gzipped:
            headers["Content-Encoding"], content = "gzip", gzip.compress(content)
        answer = self.request("POST", self.path(numbers), content, headers)
        if not answer.startswith(f"OK: {len(numbers)}"):
            raise Unanswered(answer)
        return answer

    def path(self, numbers: list[int]) -> str:
        """Where these lines are sent."""
        return f"/iclock/cdata?SN={self.serial}&table=ATTLOG&Stamp={max(numbers) + 1}"

    def body(self, numbers: list[int]) -> str:
        """What is sent for these lines."""
        return self.line_end.join(self.log[number].line(self.fields) for number in numbers) + self.line_end

    def beat(self) -> str:
        """Ask for commands and do what is asked; return the answer."""
        answer = self.request("GET", f"/iclock/getrequest?SN={self.serial}")
        if answer.startswith("C:"):
            _, number, command = answer.strip().split(":", 2)
            self.asked.append(command)
            result = self._counted(command) if command.startswith("VERIFY SUM") else f"Return=0&CMD={command}"
            self.request("POST", f"/iclock/devicecmd?SN={self.serial}", f"ID={number}&{result}\n".encode())
            if command == "CHECK":
                self.greet()
        return answer

    def _counted(self, command: str) -> str:
        """How many records of its log lie between two clocks, both included."""
        span = dict(part.split("=") for part in command.removeprefix("VERIFY SUM ATTLOG ").split("\t"))
        if not self.counts:
            return "Return=-1&CMD=VERIFY SUM"
        between = [record for record in self.log if span["StartTime"] <= str(record.clock) <= span["EndTime"]]
        asked = "&".join(f"{name}={value}" for name, value in span.items())
        return f"Return=0&CMD=VERIFY SUM&{asked}&AttLogSum={len(between)}"

    def request(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> str:
        """Send one request and return the text of a good answer. Raise Unanswered for every other."""
        kept, self._connection = self._connection, None
        try:
            connection, answer, text = self._exchange(kept, method, path, body, headers or {})
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(str(error)) from error
        if answer.will_close:
            connection.close()
        else:
            self._connection = connection
        if answer.status != 200:
            raise Unanswered(f"{answer.status} {text}")
        return text

    def _exchange(
        self, kept: http.client.HTTPConnection | None, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse, str]:
        """Send a request and read its answer; a connection that was kept and is gone is opened again, once."""
        connection = kept or http.client.HTTPConnection(self.host, self.port, timeout=self.timeout_s)
        try:
            connection.request(method, path, body if method == "POST" else None, headers)
            answer = connection.getresponse()
            return connection, answer, answer.read().decode("ascii", "replace")
        except ConnectionError:
            connection.close()
            if kept is None:
                raise
            return self._exchange(None, method, path, body, headers)
        except (OSError, http.client.HTTPException):
            connection.close()
            raise

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
