"""The read path against the simulator, which was written from the same facts with a codec of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.nouns.errors import ProtocolViolation, TerminalRefused, TerminalUnavailable
from ekinerja_agent.simulator import FAULTS, LAYOUTS, Device, Model, populate, serve
from ekinerja_agent.terminals import TerminalAddress, read_log
from ekinerja_agent.terminals.link import Transport

MAKASSAR = ZoneInfo("Asia/Makassar")
NOON = datetime(2026, 9, 7, 4, tzinfo=UTC)


def read(device: Device, transport: Transport, *, faults: Sequence[str] = (), comm_key: int | None = None):
    with serve(device, transport, faults=[FAULTS[name] for name in faults]) as endpoint:
        place = TerminalAddress(
            "dinkes-lobby",
            endpoint.host,
            MAKASSAR,
            port=endpoint.port,
            transport=transport,
            comm_key=comm_key,
            reply_timeout_s=0.8,
        )
        return read_log(place, known_record_size=None, expected_serial=device.serial, now=lambda: NOON)


def device_with(records: int, **model):
    device = Device(model=Model(**model), zone=MAKASSAR, now=lambda: NOON)
    populate(device, users=90, records=records)
    return device


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("records", "comm_key"), [(0, None), (1, None), (3, 1234), (5000, 1234)])
def test_a_read_brings_exactly_what_the_terminal_holds(
    records: int, comm_key: int | None, layout: int, transport: Transport
):
    device = device_with(records, layout=layout, comm_key=comm_key)
    found = read(device, transport, comm_key=comm_key)
    pins = [found.slot_owners[int(record.pin[4:])] if layout == 8 else record.pin for record in found.log.records]
    clocks = [record.clock for record in found.log.records]
    assert list(zip(pins, clocks, strict=True)) == [(record.pin, record.clock) for record in device.log]
    assert (found.log.undecodable, found.offset_s, found.doubts) == ((), 0, ())


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("fault", "undecodable", "offset_s"),
    [
        ("drop-datagram", 0, 0),
        ("old-firmware", 0, 0),
        ("feb30", 1, 0),
        ("drift", 0, 600),
    ],
)
def test_a_fault_that_can_be_lived_with_loses_no_record(
    fault: str, undecodable: int, offset_s: int, transport: Transport
):
    found = read(device_with(2000), transport, faults=[fault])
    assert (len(found.log.records), len(found.log.undecodable)) == (2000, undecodable)
    assert found.offset_s == offset_s


@pytest.mark.parametrize(
    ("fault", "transport", "error"),
    [
        ("hang", "tcp", TerminalUnavailable),
        ("hang", "udp", TerminalUnavailable),
        ("close-mid-transfer", "tcp", TerminalUnavailable),
        ("close-mid-transfer", "udp", TerminalUnavailable),
        ("wrong-checksum", "tcp", ProtocolViolation),
        ("wrong-checksum", "udp", ProtocolViolation),
        ("encrypted", "tcp", TerminalRefused),
        ("encrypted", "udp", TerminalRefused),
    ],
)
def test_a_fault_that_cannot_be_lived_with_is_an_error_never_a_shorter_log(
    fault: str, transport: Transport, error: type[Exception]
):
    with pytest.raises(error, match="dinkes-lobby"):
        read(device_with(2000), transport, faults=[fault])


def test_a_wrong_comm_key_is_named():
    with pytest.raises(TerminalRefused, match="comm_key_file"):
        read(device_with(3, comm_key=1234), "tcp", comm_key=4321)
