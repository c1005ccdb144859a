"""A terminal that pushes to a server on the spool of an installation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ekinerja_agent.usecases.collecting import collect
from tests.push.conftest import Site, pushing
from tests.push.test_http import get, post, status

if TYPE_CHECKING:
    from tests.journey.conftest import Installation

MAKASSAR = ZoneInfo("Asia/Makassar")
MONTH = "2026-09"
WORKDAYS = [date(2026, 9, day) for day in range(1, 31) if date(2026, 9, day).isoweekday() <= 5]
NOBODY_READS = "sesuatubaru"


class Gate:
    """It comes at a time that the test says."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.terminal = {"id": "gate", "office": "DINKES", "transport": "none", "push": True, "serial": "S1"}
        self.terminal["timezone"] = "Asia/Makassar"
        installation.configure(terminals=[self.terminal])
        (installation.directory / "state").mkdir()
        config = pushing("gate", "S1", office="DINKES")
        self.site = Site(installation.directory / "state" / "spool.db", [config])
        collect.announce(self.site.spool, [config], now=datetime(2026, 8, 1, tzinfo=MAKASSAR))

    def at(self, day: date, clock: time) -> datetime:
        moment = datetime.combine(day, clock, MAKASSAR)
        self.site.now = lambda: moment
        return moment

    def log(self, day: date, clock: time, *pins: str) -> None:
        at = self.at(day, clock)
        body = "".join(f"{pin}\t{at:%Y-%m-%d %H:%M:%S}\t0\t1\n" for pin in pins).encode()
        assert status(self.site.raw(post(body, path="cdata?SN=S1&table=ATTLOG&Stamp=9"))) == 200

    def enrol(self, people: Mapping[str, str]) -> None:
        """Given PIN to NIP, let these work at its office."""
        load = self.installation.load
        load("units", [{"code": "DINKES", "name": "Dinas", "timezone": "Asia/Makassar"}])
        load(
            "employees",
            [{"nip": n, "name": "Ani", "unit": "DINKES", "allowance_rp": 4_000_000} for n in people.values()],
        )
        load("enrolments", [{"terminal": "gate", "pin": pin, "nip": n} for pin, n in people.items()])

    def face(self, day: date, clock: time, pin: str) -> None:
        at = self.at(day, clock)
        body = f"time={at:%Y-%m-%d %H:%M:%S}\tpin={pin}\tevent=3\tinoutstatus=0\tverifytype=15\tindex=140\r\n".encode()
        assert status(self.site.raw(post(body, path=f"cdata?SN=S1&table={NOBODY_READS}"))) == 200

    def beats(self, day: date, first: time, last: time) -> None:
        moment, end = self.at(day, first), datetime.combine(day, last, MAKASSAR)
        while moment < end:
            self.site.raw(get("ping?SN=S1"))
            moment = self.at(day, (moment + timedelta(minutes=5)).time())
