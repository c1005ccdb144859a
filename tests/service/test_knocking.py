"""A terminal that was away is read soon after it is back, however long its own turn still rests."""

from __future__ import annotations

import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest

from ekinerja_agent.config import load
from ekinerja_agent.daemon.centre import Centre
from ekinerja_agent.daemon.collecting import Collector
from ekinerja_agent.daemon.running import Runner
from ekinerja_agent.nouns.errors import TemporarilyUnavailable, TerminalUnavailable
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.simulator import Device, serve
from ekinerja_agent.simulator.codec import Command
from ekinerja_agent.simulator.faults import Fault, Wait, on
from ekinerja_agent.spool import Spool, TerminalMemory
from ekinerja_agent.terminals.client import open_terminal
from ekinerja_agent.usecases.collecting import polling_schedule
from ekinerja_agent.usecases.watching.health.journal import Journal
from tests.proof.box import PATIENCE_S, Box, ended, until

HOUR_S = 3_600.0


def test_a_terminal_whose_turn_comes_once_a_day_is_read_within_a_minute_or_so_of_its_return(tmp_path: Path) -> None:
    device = Device()
    device.punch("1001")
    with serve(device) as endpoint:
        port = endpoint.port
    with ended(Box(tmp_path)) as box:
        box.configure(endpoint, roles=["collect"], poll={"every": "1d", "timeout": "20s"})
        process = box.start()
        until(lambda: box.has_event("terminal.away"), "the terminal is away")
        with serve(device, port=port):
            until(box.punches, "its punch in central")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_a_queue_that_cannot_be_read_for_a_moment_ends_one_knock_and_not_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling_schedule, "_FIRST_KNOCK_S", (0.0, 0.0))
    monkeypatch.setattr(polling_schedule, "_NEXT_KNOCK_S", 0.0)
    device = Device()
    device.punch("1001")
    with serve(device) as endpoint:
        port = endpoint.port
    Box(tmp_path).configure(endpoint, roles=["collect"], poll={"every": "1d", "timeout": "5s"})
    config, journal = load(tmp_path / "agent.yaml"), Journal()
    with Spool(tmp_path / "spool.db") as spool:
        collector = Collector(config, spool, Centre(lambda: config.agent.central, journal), Runner(journal))
        collector.poll_in_turn(config.polled[0])
        failures = iter([TemporarilyUnavailable(Message("the disk is full"))])
        state = spool.state

        def full_once(terminal: str) -> TerminalMemory | None:
            for failure in failures:
                raise failure
            return state(terminal)

        monkeypatch.setattr(spool, "state", full_once)
        with serve(device, port=port):
            collector.start()
            try:
                until(lambda: spool.waiting(9).punches, "its punch in the queue")
            finally:
                collector.end()


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_knock_gives_up_where_nobody_answers_whatever_patience_later_replies_have(kind: socket.SocketKind) -> None:
    tcp = kind == socket.SOCK_STREAM
    with closing(socket.socket(socket.AF_INET, kind)) as here:
        here.bind(("127.0.0.1", 0))
        if tcp:
            here.listen()
        place = here.getsockname()
        with (
            pytest.raises(TerminalUnavailable),
            open_terminal(
                "lobby", *place, transport="tcp" if tcp else "udp", reply_timeout_s=HOUR_S, first_answer_s=0.1
            ),
        ):
            raise AssertionError("somebody let us in")


def test_who_let_us_in_has_all_patience_from_then_on() -> None:
    slow = Fault(alter=on(Command.GET_TIME, lambda _, steps: [Wait(0.5), *steps]))
    with (
        serve(Device(), faults=[slow]) as endpoint,
        open_terminal("lobby", endpoint.host, endpoint.port, reply_timeout_s=HOUR_S, first_answer_s=0.3) as client,
    ):
        assert client.clock() is not None
