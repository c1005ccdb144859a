"""What a device or a stranger on an office's network does to whoever reads terminals."""

from __future__ import annotations

import json
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.nouns.errors import TerminalUnavailable
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.simulator import Device, Model, serve
from ekinerja_agent.simulator.codec import Command, Packet, Reply, encode_packet, frame
from ekinerja_agent.terminals import TerminalAddress
from ekinerja_agent.terminals.client import open_at
from ekinerja_agent.terminals.live import listen
from ekinerja_agent.terminals.reading import ZkTerminal
from tests.cli_listing.test_listing import printed

MEGABYTE = 1_000_000
REPLY_TIMEOUT_S = 0.25


@contextmanager
def flooding(event: bytes, answers: int) -> Iterator[TerminalAddress]:
    """A terminal that gives so many answers and from then on says this without end, whatever it is asked."""

    def flood(here: socket.socket) -> None:
        with suppress(OSError), here.accept()[0] as line:
            for number in range(answers):
                line.recv(65_536)
                line.sendall(frame(encode_packet(Packet(Reply.OK, 7, number))))
            while True:
                line.sendall(event)

    with socket.create_server(("127.0.0.1", 0)) as here:
        thread = threading.Thread(target=flood, args=(here,))
        thread.start()
        yield TerminalAddress(
            "lobby", "127.0.0.1", ZoneInfo("Asia/Jakarta"), here.getsockname()[1], reply_timeout_s=REPLY_TIMEOUT_S
        )
        here.shutdown(socket.SHUT_RDWR)
        thread.join()


def event(body: bytes) -> bytes:
    return frame(encode_packet(Packet(Command.REG_EVENT, 1, 0, body)))


EVENTS = {"small": event(b"1001".ljust(32, b"\0")), "large": event(b"x" * 60_000)}


@pytest.mark.parametrize("said", EVENTS.values(), ids=EVENTS)
def test_t27_events_without_end_cost_little_memory_and_end_with_the_deadline_of_the_poll(said: bytes) -> None:
    """Before: `terminal poll` had 1.66 GB after 11 seconds."""
    tracemalloc.start()
    try:
        with (
            flooding(said, answers=1) as place,
            pytest.raises(TerminalUnavailable, match="did not complete its answer in time"),
            open_at(place) as client,
        ):
            client.sizes()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 20 * MEGABYTE


@pytest.mark.parametrize("said", EVENTS.values(), ids=EVENTS)
def test_t27_who_listens_to_events_without_end_keeps_a_thousand_and_counts_the_others(said: bytes) -> None:
    with suppress(TerminalUnavailable), flooding(said, answers=2) as place, listen(place) as listener:
        while not listener.events_dropped:
            with suppress(TerminalUnavailable):
                listener.counted()
        told = listener.punches(0)
        assert len(told) == 1_000
        assert (told[0] is None) == (len(said) > 1_000)


WORDS = ["\x1b[2J\x1b]0;root\x07", "A\r\nSet-Cookie: b", "\x9b31m", "\u202e1234", "S" * 5_000]


@pytest.mark.parametrize("said", WORDS, ids=ascii)
def test_t28_what_a_device_calls_itself_reaches_nobody_raw(said: str) -> None:
    """Before: serial number and firmware went to the operator's screen as they came."""
    with serve(Device(serial=said, model=Model(firmware=said))) as endpoint:
        place = TerminalAddress("lobby", endpoint.host, ZoneInfo("Asia/Jakarta"), endpoint.port)
        read = ZkTerminal(place).read(known_record_size=None, expected_serial=None, expected_by="", now=utc_now)
    for told in (read.serial, read.firmware):
        assert told.isprintable()
        assert 0 < len(told) <= 64


def test_t28_no_text_becomes_a_formula_and_numbers_stay_numbers() -> None:
    """b497ae6: only columns that were thought of were kept from it, and a PIN or a serial number was not."""
    row = {"offset_s": -5, "text": "-5", "share": "+0.50", "pin": "=HYPERLINK(1)", "name": "+62 Ahmad", "plain": "a=b"}
    columns = list(row)
    assert printed([row], columns, "csv").splitlines()[1] == "-5,-5,+0.50,'=HYPERLINK(1),'+62 Ahmad,a=b"
    assert json.loads(printed([row], columns, "json")) == [row]


STEERING = "A\x1b[2J\x9b31m\u202egnp.exe\x07"


@pytest.mark.parametrize("fmt", ["table", "csv", "json"])
def test_t28_no_form_lets_out_what_steers_a_screen(fmt: str) -> None:
    shown = printed([{"serial": STEERING, "note": "two\nlines"}], ["serial", "note"], fmt)
    assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(shown)
    assert "gnp.exe" in shown
    if fmt == "json":
        assert json.loads(shown) == [{"serial": STEERING, "note": "two\nlines"}]
