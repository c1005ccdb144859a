"""One terminal, read, pushing and brought as USB files of every form: a punch counts once, whatever comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.access.accounts import Account, actor
from ekinerja_agent.central.collected.punch_list import punch_rows, quarantined
from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.simulator import Device, Record, serve
from ekinerja_agent.simulator.codec import pack_time, unpack_time
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting import collect
from ekinerja_agent.usecases.collecting.forward import forward
from ekinerja_agent.usecases.collecting.push import Receiver
from ekinerja_agent.usecases.importing.imports import ImportFile
from ekinerja_agent.usecases.importing.punch_imports import CUT_OFF, KnownTerminals, PunchesImported, import_punches

ZONE = ZoneInfo("Asia/Makassar")
START = datetime(2026, 9, 7, 0, 0, tzinfo=UTC)
NOW = START + timedelta(hours=6)
SERIAL = "CKJN204860123"
NAMED = f"{SERIAL}_attlog.dat"


class Ways:
    """A terminal with thirty punches, two of them at once, and a day that does not exist; and all ways to central."""

    def __init__(self, directory: Path, central: Engine) -> None:
        self.directory, self.central = directory, central
        self.account: Account = actor(central, "root", NOW)[0]
        self.spool = Spool(directory / "spool.db", lambda: NOW)
        device = self.device = Device(serial=SERIAL, zone=ZONE, now=lambda: NOW)
        device.punch("1001", START)
        device.write(Record(1, "1001", pack_time((2026, 2, 30), (7, 0, 0))))
        for number in range(1, 30):
            for _ in range(1 + (number == 11)):
                device.punch(str(1001 + number % 7), START + timedelta(minutes=number))
        self.log = list(device.log)
        self.impossible = self.log[1]

    def read(self) -> None:
        with serve(self.device) as endpoint:
            place = {"transport": "tcp", "address": f"{endpoint.host}:{endpoint.port}", "serial": SERIAL}
            terminal = TerminalConfig.model_validate(
                {"id": "lobby", "office": "A", "timezone": ZONE.key} | place, context={"base": self.directory}
            )
            collect.poll(
                terminal,
                self.spool,
                state_dir=self.directory,
                tolerance_s=120,
                reply_timeout_s=5,
                host_clock_trusted=True,
                now=lambda: NOW,
            )
        forward(self.spool, self.central, now=lambda: NOW)

    def push(self) -> None:
        written = {"id": "lobby", "office": "A", "transport": "none", "push": "true", "serial": SERIAL}
        terminal = TerminalConfig.model_validate(written | {"timezone": ZONE.key})
        receiver = Receiver(
            self.spool, [terminal], tolerance_s=120, host_clock_trusted=lambda: True, most_body_bytes=1 << 20
        )
        for part in (self.log[:20], self.log[10:]):
            receiver.receive(terminal, self.text(part, fields=7), complete=True, arrived_at=NOW)
        receiver.close()
        forward(self.spool, self.central, now=lambda: NOW)

    def bring(self, name: str, content: bytes, terminal: str | None = None, **options: datetime) -> PunchesImported:
        known = KnownTerminals(zones={"lobby": ZONE.key}, serials={SERIAL: "lobby"})
        file = ImportFile(name, content)
        return import_punches(
            self.central, self.account, "attlog", file, now=NOW, known=known, terminal=terminal, **options
        )

    def files(self) -> None:
        """Every form: two files that overlap, the same one twice, one that was cut off."""
        self.bring(NAMED, self.text(self.log[:20], end=b"\r\n", begin=b"\xef\xbb\xbf", padded=True))
        self.bring("1_attlog.dat", self.text(self.log[10:], fields=2), "lobby")
        self.bring("1_attlog.dat", self.text(self.log[10:], fields=2), "lobby")
        self.bring(NAMED.lower(), self.text(self.log, name="王小明 𠀀".encode("gb18030")))
        self.bring("half.dat", self.text(self.log)[:-15], "lobby")

    def text(
        self,
        records: list[Record],
        *,
        end: bytes = b"\n",
        fields: int = 5,
        begin: bytes = b"",
        name: bytes = b"",
        padded: bool = False,
    ) -> bytes:
        lines = []
        for record in records:
            time = "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*unpack_time(record.packed_time))
            parts = [record.pin.rjust(9) if padded else record.pin, time, "1", "0", "0", "0", "0"][:fields]
            lines.append("\t".join(parts).encode() + (b"\t" + name if name else b"") + end)
        return begin + b"".join(lines)

    def stored(self) -> Counter[tuple[str, datetime]]:
        return Counter((row["pin"], row["clock"]) for row in punch_rows(self.central))

    def punched(self) -> Counter[tuple[str, datetime]]:
        return Counter((record.pin, record.clock) for record in self.log if record is not self.impossible)


@pytest.fixture
def ways(tmp_path: Path, central: Engine) -> Iterator[Ways]:
    ways = Ways(tmp_path, central)
    yield ways
    ways.spool.close()


@pytest.mark.parametrize(
    "order", [("read", "push", "files"), ("push", "files", "read"), ("files", "read", "push")], ids="-".join
)
def test_whatever_comes_first_a_punch_counts_once(order: tuple[str, ...], ways: Ways) -> None:
    for way in order:
        steps: Callable[[], None] = getattr(ways, way)
        steps()
        assert ways.stored() == ways.punched()
    assert sum(ways.stored().values()) == 31
    assert any(b"2026-02-30" in row["raw"] for row in quarantined(ways.central))


def test_a_file_that_was_cut_off_claims_no_completeness(ways: Ways) -> None:
    until = datetime(2026, 9, 7, 12, 0)
    good = ways.text(ways.log[2:])
    whole = ways.bring(NAMED, good, complete_until=until)
    assert [each.terminal for each in whole.covered] == ["lobby"]
    within_a_number = ways.bring(NAMED, good[:-2], complete_until=until)
    assert (within_a_number.punches, within_a_number.covered) == (30, ())
    assert within_a_number.uncovered == {"lobby": CUT_OFF}
    within_a_time = ways.bring(NAMED, good[:-10], complete_until=until)
    assert (within_a_time.punches, len(within_a_time.quarantined), within_a_time.covered) == (29, 1, ())
    assert ways.bring(NAMED, good + b"\0" * 512, complete_until=until).uncovered != {"lobby": CUT_OFF}


def test_a_serial_that_only_a_collector_told_of_names_the_terminal(ways: Ways) -> None:
    ways.read()
    nothing = KnownTerminals(zones={}, serials={})
    file = ImportFile(NAMED, ways.text(ways.log))
    import_punches(ways.central, ways.account, "attlog", file, now=NOW, known=nothing)
    assert ways.stored() == ways.punched()
    with pytest.raises(WrongUsage, match="has the serial of lobby"):
        import_punches(ways.central, ways.account, "attlog", file, now=NOW, known=nothing, terminal="gate")
