"""A terminal that pushes in access-control mode, in software: a door that tells of persons, refusals and itself.

Has its own formatting of what the vendor's papers show; shares no line with the receiver. It registers, sends what
happens as it happens and later what it owes, answers queries, and forgets a record only for the one answer that ends
it. Every fault is a field. Time is what the caller says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from ekinerja_agent.simulator.push_device import PushDevice, PushRecord, Unanswered

NOBODY = "0"
LET_IN = 0


@dataclass
class AccessDevice:
    """Given where the server is, a terminal with an empty log.

    `fast_s` is by how much its clock is ahead. `had_before` are so many records of before it knew this server. With
    `newest_first` it sends what just happened before what it owes. `batch` is the most lines of one upload of what it
    owes. `counts` tells whether it answers how many records it has, `doubled` whether its address was typed with a
    path, `shouts` whether it writes names in capitals, `blanks` whether blanks stand for tabs in what it sends later,
    `silent_on_query` whether it sends no result behind the packets of a query. `chance` mixes the order of fields.
    """

    host: str
    port: int
    serial: str
    zone: ZoneInfo
    fast_s: int = 0
    had_before: int = 0
    newest_first: bool = False
    batch: int = 50
    counts: bool = True
    doubled: bool = False
    shouts: bool = False
    blanks: bool = False
    silent_on_query: bool = False
    line_end: str = "\r\n"
    timeout_s: float = 20.0
    chance: Random | None = None
    log: list[PushRecord] = field(default_factory=list)
    events: dict[int, int] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    registered: bool = False
    _wire: PushDevice | None = None

    def punch(self, pin: str, at: datetime, event: int = LET_IN) -> None:
        """Somebody was recognised at an instant, and the door did with them what the event says."""
        local = (at + timedelta(seconds=self.fast_s)).astimezone(self.zone).replace(tzinfo=None, microsecond=0)
        self.events[len(self.log)] = event
        self.log.append(PushRecord(pin, local, verify=15))

    def door(self, at: datetime, event: int = 206) -> None:
        """Something happened at the door, to nobody."""
        self.punch(NOBODY, at, event)

    def greet(self) -> str:
        """Introduce itself as it does when it starts; return the first answer. Raise Unanswered unless every step is
        answered as it must be: it would wait for ever.
        """
        told = self.request("GET", "cdata?SN={sn}&pushver=3.1.2&options=all&DeviceType=acc&PushOptionsFlag=1")
        if "GET OPTION" in told:
            raise Unanswered("answered as an attendance terminal")
        about = "DeviceType=acc,~DeviceName=SIM,FirmVer=Ver 9.9.9,~OEMVendor=CONTOH CO., LTD.,authKey=rahasia"
        code = self.request("POST", "registry?SN={sn}", about.encode())
        if not re.fullmatch(r"RegistryCode=\S{1,32}\s*", code):
            raise Unanswered(f"no registration: {code}")
        parameters = self.request("POST", "push?SN={sn}")
        if "SessionID=" not in parameters or "registry" in parameters:
            raise Unanswered(f"no parameters: {parameters}")
        self.registered = True
        self.request("POST", "cdata?SN={sn}&table=options", f"~SerialNumber={self.serial},FWVersion=9.9".encode())
        return told

    def ask_time(self, at: datetime) -> None:
        """Ask for the time. Raise Unanswered if the clock would be set to another one than `at`."""
        told = self.request("GET", "rtdata?SN={sn}&type=time").strip()
        greenwich = PushRecord(NOBODY, at.astimezone(UTC).replace(tzinfo=None))
        wanted = f"DateTime={greenwich.packed},ServerTZ={at.astimezone(self.zone):%z}"
        if told != wanted:
            raise Unanswered(f"the clock would jump: {told}, and not {wanted}")

    def idle(self, at: datetime) -> None:
        """What it sends all the time: an empty heartbeat, the state of the door, and now and then its people."""
        local = at.astimezone(self.zone)
        state = f"time={local:%Y-%m-%d %H:%M:%S}\tsensor=01\trelay=00\talarm=0000000000000000\tdoor=01{self.line_end}"
        self._ends("cdata?SN={sn}&table=rtlog", "", "OK")
        self._ends("cdata?SN={sn}&table=rtstate", state, "OK")
        self.request("GET", "ping?SN={sn}")
        people = "user uid=1\tpin=1\tpassword=13579\tname=SITI\nuser uid=2\tpin=2\tpassword=\tname=\n"
        self._ends("cdata?SN={sn}&table=tabledata&tablename=user&count=2", people, "user=2")
        picture = "biophoto pin=1\tfilename=1.jpg\ttype=9\tsize=16\t\ncontent=/9j/4AAQSkZJRgAB"
        self._ends("cdata?SN={sn}&table=tabledata&tablename=biophoto&count=1", picture, "biophoto=1")

    def upload(self) -> int:
        """Send what is owed: the last record as it happens, what is older later; return how many uploads were taken."""
        uploads = 0
        while owed := [number for number in range(len(self.log)) if number not in self.acknowledged]:
            newest = self.newest_first and len(owed) > 1 and uploads == 0
            batch = owed[-1:] if newest else owed[: self.batch]
            self.send(batch)
            self.acknowledged.update(batch)
            uploads += 1
        return uploads

    def send(self, numbers: Sequence[int]) -> str:
        """Send these lines of the log once more or for the first time; return the answer. Raise Unanswered for any but
        the one that ends it.
        """
        wanted = "OK" if len(numbers) == 1 else f"transaction={len(numbers)}"
        return self._ends(self._page(numbers), self.body(numbers), wanted)

    def path(self, numbers: Sequence[int]) -> str:
        """Where these lines are sent."""
        return self._where(self._page(numbers))

    def _page(self, numbers: Sequence[int]) -> str:
        """One line is sent as it happens, several are what is owed."""
        if len(numbers) == 1:
            return "cdata?SN={sn}&table=rtlog"
        return f"cdata?SN={{sn}}&table=tabledata&tablename=transaction&count={len(numbers)}"

    def body(self, numbers: Sequence[int]) -> str:
        """What is sent for these lines."""
        lines = [self._live(number) if len(numbers) == 1 else self._later(number) for number in numbers]
        return "".join(line + self.line_end for line in lines)

    def beat(self) -> str:
        """Ask for commands and do what is asked; return the answer."""
        answer = self.request("GET", "getrequest?SN={sn}")
        if answer.startswith("C:"):
            _, number, command = answer.strip().split(":", 2)
            self.asked.append(command)
            self._done(number, command, self._do(number, command))
        return answer

    def request(self, method: str, path: str, body: bytes = b"") -> str:
        """Send one request and return the text of a good answer; `{sn}` stands for its serial. Raise Unanswered for
        every other.
        """
        if self._wire is None:
            self._wire = PushDevice(self.host, self.port, self.serial, self.zone, timeout_s=self.timeout_s)
        return self._wire.request(method, self._where(path), body, {"Content-Type": "application/push;charset=UTF-8"})

    def _where(self, path: str) -> str:
        """The path of a request as this terminal writes it."""
        page, sign, query = path.partition("?")
        if self.shouts:
            query = re.sub(r"(^|&)(\w+)=", lambda found: f"{found[1]}{found[2].upper()}=", query)
        begin = "/iclock/iclock/" if self.doubled else "/iclock/"
        return begin + page + sign + query.replace("{sn}", self.serial)

    def close(self) -> None:
        """Hang up."""
        if self._wire is not None:
            self._wire.close()

    def _do(self, number: str, command: str) -> int:
        """What a command returns; negative: it is not done."""
        if command == "DATA COUNT transaction":
            if not self.counts:
                return -13
            has = self.had_before + len(self.log)
            where = f"querydata?SN={{sn}}&type=count&cmdid={number}&tablename=transaction&count=1&packcnt=1&packidx=1"
            self._ends(where, f"transaction={has}", "OK")
            return has
        if command.startswith("DATA QUERY tablename=transaction"):
            packets = list(self._packets())
            for place, packet in enumerate(packets, 1):
                where = (
                    f"querydata?SN={{sn}}&type=tabledata&cmdid={number}&tablename=transaction&count={len(packet)}"
                    f"&packcnt={len(packets)}&packidx={place}"
                )
                body = "".join(self._later(each) + self.line_end for each in packet)
                self._ends(where, body, f"transaction={len(packet)}")
            return len(self.log)
        return 0 if command in ("CHECK", "INFO") else -13

    def _done(self, number: str, command: str, returned: int) -> None:
        if self.silent_on_query and returned >= 0 and command.startswith("DATA QUERY"):
            return
        told = f"ID={number}&Return={returned}&CMD={command.split(' tablename', maxsplit=1)[0]}{self.line_end}"
        self._ends("devicecmd?SN={sn}", told, "OK")

    def _packets(self) -> Iterator[range]:
        for first in range(0, len(self.log), self.batch):
            yield range(first, min(first + self.batch, len(self.log)))

    def _live(self, number: int) -> str:
        record = self.log[number]
        fields = [
            f"pin={record.pin}\ttime={record.time_text}",
            "cardno=0",
            "eventaddr=1",
            f"event={self.events.get(number, LET_IN)}",
            f"inoutstatus={record.status}",
            f"verifytype={record.verify}",
            "index=0",
            "maskflag=0",
        ]
        if self.chance is not None:
            self.chance.shuffle(fields)
        return "\t".join(fields)

    def _later(self, number: int) -> str:
        record = self.log[number]
        fields = [
            "cardno=0",
            f"pin={record.pin}\ttime_second={record.packed}",
            f"verified={record.verify}",
            "doorid=1",
            f"eventtype={self.events.get(number, LET_IN)}",
            f"inoutstate={record.status}",
            f"index={number + 1}",
        ]
        line = "transaction " + "\t".join(fields)
        return line.replace("\t", "   ") if self.blanks else line

    def _ends(self, path: str, body: str, wanted: str) -> str:
        answer = self.request("POST", path, body.encode())
        if answer.strip() != wanted:
            raise Unanswered(answer)
        return answer
