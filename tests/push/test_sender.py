"""Senders of both dialects written from the vendor's papers alone, with no line of the product: stored = punched.

They send live, are away, owe, repeat what was not acknowledged as it should be, and never forget what was not.
"""

from __future__ import annotations

import http.client
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.push.conftest import Site, pushing

ZONE_HOURS = 8
START = datetime(2026, 11, 29, 22, 0, tzinfo=UTC)
LETS_IN = (0, 3, 1, 14, 203)
REFUSES = (20, 21, 23, 101)


class Sender:
    """A door with a log. `names` are those of the live form; replay has names of its own, and packs the time."""

    def __init__(self, port: int, chance: random.Random) -> None:
        self.port = port
        self.chance = chance
        self.log: list[dict[str, int | str | datetime]] = []
        self.owed: list[int] = []

    def happens(self, at: datetime) -> None:
        wall = (at + timedelta(hours=ZONE_HOURS)).replace(tzinfo=None)
        kind = self.chance.random()
        pin = "0" if kind < 0.2 else str(self.chance.randint(1, 40))
        code = self.chance.choice((8, 102, 206, 27)) if pin == "0" else self.chance.choice(LETS_IN)
        if pin != "0" and kind > 0.9:
            code = self.chance.choice(REFUSES)
        self.owed.append(len(self.log))
        self.log.append({"wall": wall, "pin": pin, "code": code, "index": len(self.log) + 1})

    def live(self, number: int) -> str:
        each = self.log[number]
        fields = [
            f"time={each['wall']:%Y-%m-%d %H:%M:%S}",
            f"pin={each['pin']}",
            "cardno=0",
            f"event={each['code']}",
            "inoutstatus=1",
            "verifytype=15",
            f"index={each['index']}",
        ]
        self.chance.shuffle(fields)
        return "\t".join(fields)

    def later(self, number: int) -> str:
        each = self.log[number]
        wall = each["wall"]
        assert isinstance(wall, datetime)
        days = (wall.year - 2000) * 12 * 31 + (wall.month - 1) * 31 + wall.day - 1
        packed = days * 86_400 + wall.hour * 3_600 + wall.minute * 60 + wall.second
        between = self.chance.choice(["\t", "   "])
        fields = [f"pin={each['pin']}", "verified=15", f"eventtype={each['code']}", "inoutstate=1"]
        return "transaction " + between.join([*fields, f"time_second={packed}", f"index={each['index']}"])

    def send(self, *, away: bool) -> None:
        """Send what is owed, live one by one or as a batch; forget it only if that was answered as it must be."""
        while self.owed:
            batch = self.owed[: 1 if self.chance.random() < 0.5 else 7]
            replay = len(batch) > 1 or away
            lines = [self.later(number) if replay else self.live(number) for number in batch]
            path = "cdata?SN=S1&table=rtlog"
            wanted = "OK"
            if replay:
                path = f"cdata?SN=S1&table=tabledata&tablename=transaction&count={len(batch)}"
                wanted = f"transaction={len(batch)}"
            answer = self.post(path, "\r\n".join(lines) + "\r\n")
            heard = self.chance.random() > 0.2  # else the answer is lost on its way, and it comes again
            if heard and answer.strip() == wanted:
                del self.owed[: len(batch)]
            elif heard:
                raise AssertionError(answer)

    def post(self, path: str, body: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", f"/iclock/{path}", body.encode())
        answer = connection.getresponse().read().decode()
        connection.close()
        return answer


@pytest.mark.parametrize("seed", range(4))
def test_whoever_was_let_in_is_stored_once_however_it_came(seed: int, make_site: Callable[..., Site]) -> None:
    chance = random.Random(seed)
    site = make_site(pushing("t1", "S1"))
    sender = Sender(site.port, chance)
    at = START
    site.now = lambda: at
    for _ in range(12):
        away = chance.random() < 0.4
        for _ in range(chance.randint(1, 9)):
            at += timedelta(seconds=chance.randint(1, 400))
            sender.happens(at)
        sender.send(away=away)
        if chance.random() < 0.3:  # asked for everything again
            sender.owed = list(range(len(sender.log)))
            sender.send(away=True)
    persons = [each for each in sender.log if each["pin"] != "0"]
    let_in = Counter((each["pin"], each["wall"]) for each in persons if each["code"] in LETS_IN)
    stored = Counter((each.pin, each.clock) for each in site.spool.waiting(10_000).punches)
    assert stored == let_in
    apart = {
        (words[1], f"{words[3]} {words[4].rstrip(',')}")
        for note in site.spool.waiting(10_000).notes
        if (words := str(getattr(note, "reason", "")).split())[:1] == ["PIN"]
    }
    assert apart == {(each["pin"], str(each["wall"])) for each in persons if each["code"] in REFUSES}


class Attendance:
    """A terminal in attendance mode with a log. It writes as one of those that were seen: columns with or without more
    of them, named fields of an F22, no table at all, its path typed twice, names in any letters.
    """

    def __init__(self, port: int, chance: random.Random) -> None:
        self.port = port
        self.chance = chance
        self.log: list[tuple[str, datetime]] = []
        self.owed: list[int] = []
        self.named = chance.random() < 0.3
        self.tableless = chance.random() < 0.3
        self.word = not self.named and chance.random() < 0.2
        self.page = chance.choice(("/iclock/cdata", "/iclock/iclock/cdata", "/iclock/cdata.aspx", "//iclock/cdata"))
        self.names = chance.choice((("SN", "table", "Stamp"), ("sn", "TABLE", "stamp"), ("SN", "Table", "STAMP")))
        self.end = chance.choice(("\n", "\r\n"))

    def happens(self, at: datetime) -> None:
        wall = (at + timedelta(hours=ZONE_HOURS)).replace(tzinfo=None)
        self.owed.append(len(self.log))
        self.log.append((str(self.chance.randint(1, 40)), wall))

    def line(self, number: int) -> str:
        pin, wall = self.log[number]
        if self.named:
            fields = [f"time={wall:%Y-%m-%d %H:%M:%S}", f"pin={pin}", "cardno=1233447", "event=0", "verifytype=4"]
            self.chance.shuffle(fields)
            return "\t".join([*fields, f"index={number + 1}"])
        more = self.chance.choice(((), ("0", "1"), ("0", "1", "0", "0", "0"), ("255", "15", "0", "0", "0", "0", "0")))
        columns = "\t".join((pin, f"{wall:%Y-%m-%d %H:%M:%S}", *more))
        return f"ATTLOG\t{columns}" if self.word else columns

    def send(self) -> None:
        while self.owed:
            batch = self.owed[: self.chance.choice((1, 3, 30))]
            serial, table, stamp = self.names
            told = "" if self.tableless else f"&{table}={self.chance.choice(('ATTLOG', 'attlog'))}"
            path = f"{self.page}?{serial}=S1{told}&{stamp}={batch[-1] + 1}"
            body = self.end.join(map(self.line, batch)) + (self.end if self.chance.random() < 0.8 else "")
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            connection.request("POST", path, body.encode())
            answer = connection.getresponse().read().decode().strip()
            connection.close()
            if self.chance.random() < 0.2:
                continue  # the answer is lost on its way
            if answer not in (f"OK: {len(batch)}", f"OK:{len(batch)}"):
                raise AssertionError(answer)
            del self.owed[: len(batch)]


@pytest.mark.parametrize("seed", range(12))
def test_whoever_was_recognised_is_stored_once_however_a_terminal_writes(
    seed: int, make_site: Callable[..., Site]
) -> None:
    chance = random.Random(seed)
    site = make_site(pushing("t1", "S1"))
    sender = Attendance(site.port, chance)
    at = START
    site.now = lambda: at
    for _ in range(12):
        for _ in range(chance.randint(1, 9)):
            at += timedelta(seconds=chance.randint(1, 400))
            sender.happens(at)
        if chance.random() < 0.6:  # else it is away
            sender.send()
        if chance.random() < 0.2:  # asked for everything again
            sender.owed = list(range(len(sender.log)))
    sender.send()
    assert Counter((each.pin, each.clock) for each in site.spool.waiting(10_000).punches) == Counter(sender.log)
    assert site.spool.quarantined() == []
