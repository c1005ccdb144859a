"""One full read: the right terminal first, then its log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.nouns.errors import TerminalRefused
from ekinerja_agent.terminals import DRIVERS, AmbiguousLog, TerminalAddress, read_log
from ekinerja_agent.terminals.interface import LogRead
from ekinerja_agent.terminals.link import Transport
from tests.terminals.conftest import Encode, Script, Serve, Words

NOON = datetime(2026, 9, 7, 4, 0, 0, 250_000, tzinfo=UTC)
MAKASSAR = ZoneInfo("Asia/Makassar")
CLOCK = datetime(2026, 9, 7, 12, 0, 0)
SIZES = (8, 16, 40, 49)


Read = Callable[..., LogRead]


@pytest.fixture
def read(serve: Serve):
    """`read(script)` reads the log of a peer that follows the script."""

    def once(
        script: Script,
        transport: Transport = "tcp",
        *,
        known: int | None = None,
        expected: str | None = None,
        now: Callable[[], datetime] = lambda: NOON,
        reply_timeout_s: float = 5,
    ):
        with serve(script, transport) as (host, port, _):
            place = TerminalAddress(
                "dinkes-lobby",
                host,
                MAKASSAR,
                port=port,
                transport=transport,
                reply_timeout_s=reply_timeout_s,
            )
            return DRIVERS[transport](place).read(
                known_record_size=known, expected_serial=expected, expected_by="devices.yaml:12", now=now
            )

    return once


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("size", SIZES)
def test_five_thousand_records_come_as_they_were_punched(
    scripted: type[Words], read: Read, encode: type[Encode], size: int, transport: Transport
):
    punched = [(1001 + n % 90, CLOCK - timedelta(seconds=61 * (5000 - n))) for n in range(5000)]
    script = scripted.script(
        log=encode.table(*(encode.record(size, pin, clock) for pin, clock in punched)),
        users=encode.table(*(encode.user28(pin, pin + 10_000) for pin in range(1001, 1091))),
        counted=(90, 5000),
    )
    found = read(script, transport)
    prefix = "uid:" if size == 8 else ""
    assert [(record.pin, record.clock) for record in found.log.records] == [
        (f"{prefix}{pin}", clock) for pin, clock in punched
    ]
    assert (found.log.record_size, found.mode, found.doubts) == (size, "full", ())
    assert found.received_bytes > 5000 * size
    assert found.slot_owners == ({pin: str(pin + 10_000) for pin in range(1001, 1091)} if size == 8 else {})
    assert script.said_goodbye()


def test_what_the_terminal_says_of_itself_comes_along(scripted: type[Words], read: Read):
    found = read(scripted.script(counted=(3, 0), clock=CLOCK))
    assert (found.terminal, found.serial, found.firmware) == (
        "dinkes-lobby",
        "CKJN204860123",
        "Ver 6.60 Apr 28 2017",
    )
    assert (found.sizes.users, found.sizes.records, found.sizes.records_capacity) == (3, 0, 100_000)
    assert (found.log.records, found.log.record_size, found.doubts) == ((), None, ())


@pytest.mark.parametrize("drift_s", [0, 1, -1, 600, -86_400])
def test_the_offset_is_terminal_minus_host_and_equal_clocks_give_zero(scripted: type[Words], read: Read, drift_s: int):
    assert read(scripted.script(clock=CLOCK + timedelta(seconds=drift_s))).offset_s == drift_s


def test_the_offset_counts_from_the_middle_of_the_round_trip_and_the_read_begins_before_the_log(
    scripted: type[Words], read: Read
):
    script, moments = scripted.script(clock=CLOCK), []

    def now():
        moments.append(script.commands())
        return NOON + timedelta(seconds=4 * len(moments) - 6)

    found = read(script, now=now)
    assert [(201 in commands, 1503 in commands) for commands in moments] == [
        (False, False),
        (True, False),
        (True, False),
    ]
    assert found.offset_s == 0
    assert found.began_at == NOON + timedelta(seconds=6)


def test_another_serial_stops_before_the_log_is_asked_for(scripted: type[Words], read: Read):
    script = scripted.script(serial="5678")
    with pytest.raises(TerminalRefused) as caught:
        read(script, expected="1234")
    assert str(caught.value) == (
        "dinkes-lobby answered with serial 5678, devices.yaml:12 says 1234; if the terminal was replaced, give "
        "it a new id, or pin this serial with `terminal accept dinkes-lobby`"
    )
    assert not {1503, 13} & set(script.commands())
    assert script.said_goodbye()


@pytest.mark.parametrize("command", [2000, 2001])
def test_a_terminal_without_a_serial_is_not_believed(scripted: type[Words], read: Read, command: int):
    script = scripted.script()
    script.on[11] = lambda request: [script.reply(request, command, b"~SerialNumber=\0" * (command == 2000))]
    with pytest.raises(TerminalRefused, match="does not tell its serial number"):
        read(script)
    assert 1503 not in script.commands()


def test_the_known_record_size_decides_where_one_record_fits_two(
    scripted: type[Words], read: Read, encode: type[Encode]
):
    script = scripted.script(log=encode.table(encode.record(16, 13, CLOCK, verify=0)))
    with pytest.raises(AmbiguousLog, match=r"^dinkes-lobby: ") as caught:
        read(script)
    assert caught.value.raw == script.log
    assert script.said_goodbye()
    assert [record.pin for record in read(script, known=16).log.records] == ["13"]


def test_a_date_that_does_not_exist_stops_neither_the_log_nor_the_clock(
    scripted: type[Words], read: Read, encode: type[Encode]
):
    february = encode.time(datetime(2026, 2, 28)) + 2 * 86400
    rows = [encode.record(40, 1001, CLOCK + timedelta(seconds=n)) for n in range(5)]
    script = scripted.script(log=encode.table(*rows, encode.record(40, 1001, february)))
    script.on[201] = lambda request: [script.reply(request, 2000, february.to_bytes(4, "little"))]
    found = read(script)
    assert (len(found.log.records), len(found.log.undecodable)) == (5, 1)
    assert found.offset_s is None
    assert found.doubts == ("the terminal's clock does not show a possible time",)


def test_a_log_shorter_than_the_terminals_count_is_a_doubt_and_a_longer_one_is_not(
    scripted: type[Words], read: Read, encode: type[Encode]
):
    rows = [encode.record(40, 1001, CLOCK + timedelta(seconds=n)) for n in range(5)]
    assert read(scripted.script(log=encode.table(*rows), counted=(1, 9))).doubts == (
        "the terminal counted 9 records, its log holds 5",
    )
    assert read(scripted.script(log=encode.table(*rows), counted=(1, 4))).doubts == ()
    assert read(scripted.script(log=encode.table(*rows, b"\0" * 40), counted=(1, 6))).doubts == ()


def test_unclear_slot_owners_are_a_doubt_and_the_punches_come_anyway(
    scripted: type[Words], read: Read, encode: type[Encode]
):
    rows = [encode.record(8, 7, CLOCK + timedelta(seconds=n)) for n in range(40)]
    found = read(scripted.script(log=encode.table(*rows), users=encode.table(b"x" * 30)))
    assert (len(found.log.records), found.slot_owners) == (40, {})
    assert "the owners of the slots are not known" in found.doubts[0]


def test_the_comm_key_is_never_shown():
    assert "987654" not in repr(TerminalAddress("t", "10.0.0.1", MAKASSAR, comm_key=987654))


def test_read_log_is_what_the_drivers_do(scripted: type[Words], serve: Serve):
    with serve(scripted.script()) as (host, port, _):
        found = read_log(
            TerminalAddress("t", host, MAKASSAR, port=port),
            known_record_size=40,
            expected_serial="CKJN204860123",
            now=lambda: NOON,
        )
    assert (found.serial, found.log.record_size) == ("CKJN204860123", 40)
