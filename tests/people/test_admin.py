"""Reading people by our own checked way, changing them through pyzk in a process of its own: over real sockets."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from ekinerja_agent.nouns.errors import ProtocolViolation, TerminalRefused, TerminalUnavailable
from ekinerja_agent.simulator import Device, Fault, Model, named_fault
from ekinerja_agent.simulator.faults import Alter, Close, HalfClose, Transport, Wait, on
from ekinerja_agent.terminals.admin import Delete, Restart, Write, carry_out
from ekinerja_agent.terminals.client import open_at
from ekinerja_agent.terminals.people import Staffed, read_people
from ekinerja_agent.terminals.wire.people import encode_person
from tests.people.conftest import Served
from tests.proof.box import until

SAVE = 110
LOG_COMMANDS = {13, 14, 15}


def writes(staffed: Staffed) -> list[Write]:
    crew = staffed.crew
    return [Write(encode_person(person, crew.size, None).row, person.fingers) for person in crew.people]


def children() -> list[str]:
    """The processes of this one that exist or are zombies."""
    me = str(os.getpid())
    stats = [path.read_text() for path in Path("/proc").glob("[0-9]*/stat") if path.exists()]
    return [stat for stat in stats if stat.rpartition(")")[2].split()[1] == me]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(("layout", "key"), [(16, 0), (16, None), (40, 131_071), (49, 999_999)])
def test_people_come_to_an_empty_terminal_byte_for_byte(
    make_staffed: Callable[..., Device],
    read_staffed: Callable[..., Staffed],
    served: Served,
    transport: Transport,
    layout: Literal[16, 40, 49],
    key: int | None,
) -> None:
    source = make_staffed(users=12, layout=layout)
    # With these sessions the key 131071 runs over 32 bits while it is scrambled.
    target = Device(serial="NEW1", model=Model(layout=layout, comm_key=key), sessions=itertools.count(0xFF00))
    found = read_staffed(source)
    with served(target, transport=transport) as open_place:
        place = replace(open_place, comm_key=key)
        carry_out(place, "NEW1", writes(found))
        with open_at(place) as client:
            assert read_people(client, "lobby", "NEW1", "devices.yaml").crew == found.crew
    assert target.users == source.users
    assert target.fingers == source.fingers
    assert LOG_COMMANDS.isdisjoint(received.command for received in target.commands)
    assert {received.connection for received in target.commands} == {1, 2}  # no connection that only probes


def test_privilege_group_zones_password_and_card_are_kept(
    make_staffed: Callable[..., Device], read_staffed: Callable[..., Staffed], served: Served
) -> None:
    source = make_staffed(users=1)
    user = replace(source.users["1001"], privilege=6, group=7, zones=b"\1\0\2", password="4711", card=99)
    source.keep_user(user)
    target = Device(serial="NEW1")
    with served(target) as place:
        carry_out(place, "NEW1", writes(read_staffed(source)))
    assert target.users["1001"] == user


def test_a_deletion_and_a_restart(make_staffed: Callable[..., Device], served: Served) -> None:
    device = make_staffed()
    with served(device) as place:
        carry_out(place, "SRC1", [Delete(2), Restart()])
    assert set(device.users) == {"1001", "1003", "1004"}
    assert device.starts == 2


def test_nothing_is_written_to_another_serial(
    make_staffed: Callable[..., Device], read_staffed: Callable[..., Staffed], served: Served
) -> None:
    target = Device(serial="OTHER")
    with served(target) as place, pytest.raises(TerminalRefused, match="serial OTHER answers where NEW1 was read"):
        carry_out(place, "NEW1", writes(read_staffed(make_staffed())))
    assert not target.users


def test_a_wrong_comm_key_is_refused(
    make_staffed: Callable[..., Device], read_staffed: Callable[..., Staffed], served: Served
) -> None:
    target = Device(serial="NEW1", model=Model(comm_key=5))
    with served(target) as place, pytest.raises(TerminalRefused, match="Unauthenticated"):
        carry_out(place, "NEW1", writes(read_staffed(make_staffed())))


def test_a_full_terminal_refuses_and_says_which_step(
    make_staffed: Callable[..., Device], read_staffed: Callable[..., Staffed], served: Served
) -> None:
    target = Device(serial="NEW1", model=Model(user_capacity=2))
    with served(target) as place, pytest.raises(TerminalRefused, match="take the user of slot 3"):
        carry_out(place, "NEW1", writes(read_staffed(make_staffed())))
    assert len(target.users) == 2


@pytest.mark.parametrize("name", ["close-mid-transfer", "wrong-checksum", "half-close", "garbage", "slow-drip=200"])
def test_a_read_that_went_wrong_is_an_error_never_fewer_people(
    make_staffed: Callable[..., Device], served: Served, name: str
) -> None:
    device = make_staffed(users=40)
    went_wrong = pytest.raises((TerminalUnavailable, ProtocolViolation))
    with served(device, named_fault(name), reply_timeout_s=0.5) as place, went_wrong, open_at(place) as client:
        read_people(client, "lobby", None, "nobody")


@pytest.mark.parametrize("name", ["drop-datagram", "lose-answers=7", "duplicate-datagram", "reorder-datagrams"])
def test_over_udp_lost_and_repeated_datagrams_change_nothing(
    make_staffed: Callable[..., Device], read_staffed: Callable[..., Staffed], served: Served, name: str
) -> None:
    device = make_staffed(users=40)
    with served(device, named_fault(name), transport="udp") as place, open_at(place) as client:
        assert read_people(client, "lobby", None, "nobody").crew == read_staffed(device).crew


def test_old_firmware_gives_its_fingers_out_the_old_way(
    make_staffed: Callable[..., Device], read_staffed: Callable[..., Staffed], served: Served
) -> None:
    device = make_staffed(users=40)
    with served(device, named_fault("old-firmware")) as place, open_at(place) as client:
        assert read_people(client, "lobby", None, "nobody").crew == read_staffed(device).crew


@pytest.mark.parametrize(
    "stuck",
    [
        pytest.param(lambda _, steps: [Wait(60), *steps], id="silent"),
        pytest.param(lambda *_: [HalfClose(), Wait(60)], id="half closed"),
        pytest.param(lambda *_: [Close(), Wait(0)], id="closed"),
    ],
)
def test_a_step_that_hangs_is_ended_in_time_without_a_zombie_and_the_terminal_stays_open(
    make_staffed: Callable[..., Device], read_staffed: Callable[..., Staffed], served: Served, stuck: Alter
) -> None:
    target = Device(serial="NEW1")
    before = len(children())
    steps = writes(read_staffed(make_staffed()))
    with served(target, Fault(alter=on(SAVE, stuck, occurrences={3})), reply_timeout_s=0.3) as place:
        with pytest.raises(TerminalUnavailable, match=r"take the user of slot 3.*; 2 of 4 steps were done before"):
            carry_out(place, "NEW1", steps)
        assert len(children()) == before
        assert not target.disabled
        assert target.punch("1001") is not None
    with served(target) as place:
        carry_out(place, "NEW1", steps)  # again, and it is whole
    assert len(target.users) == 4
    assert len(target.fingers) == 8


def test_over_udp_lost_answers_are_asked_again_until_all_is_done(
    make_staffed: Callable[..., Device], read_staffed: Callable[..., Staffed], served: Served
) -> None:
    target = make_staffed(serial="NEW1", users=8)
    source = make_staffed(users=6, fingers=1)
    steps = [*(Delete(uid) for uid in range(1, 9)), *writes(read_staffed(source))]
    with served(target, named_fault("lose-answers=11"), transport="udp", reply_timeout_s=0.4) as place:
        carry_out(place, "NEW1", steps)
    assert (target.users, target.fingers) == (source.users, source.fingers)


def test_over_udp_a_terminal_that_answers_no_more_is_left(
    make_staffed: Callable[..., Device], read_staffed: Callable[..., Staffed], served: Served
) -> None:
    silent = Fault(alter=on(SAVE, lambda *_: []))
    steps = writes(read_staffed(make_staffed()))
    target = Device(serial="NEW1")
    left = pytest.raises(TerminalUnavailable, match="0 of 4 steps")
    with served(target, silent, transport="udp", reply_timeout_s=0.2) as place, left:
        carry_out(place, "NEW1", steps)


def test_a_terminal_that_is_slow_but_answers_is_waited_for(
    make_staffed: Callable[..., Device], read_staffed: Callable[..., Staffed], served: Served
) -> None:
    target = Device(serial="NEW1", model=Model(packet_gap_s=0.05))
    with served(target) as place:
        carry_out(place, "NEW1", writes(read_staffed(make_staffed())))
    assert len(target.fingers) == 8


def test_the_process_ends_when_its_parent_dies(served: Served) -> None:
    hangs = Fault(alter=on(11, lambda _, steps: [Wait(60), *steps]))
    script = (
        "import sys; from zoneinfo import ZoneInfo\n"
        "from ekinerja_agent.terminals import TerminalAddress\n"
        "from ekinerja_agent.terminals.admin import Delete, carry_out\n"
        "carry_out(TerminalAddress('a', '127.0.0.1', ZoneInfo('UTC'), int(sys.argv[1]), 'tcp', None, 50.0), 'X', [])"
    )
    device = Device()
    with served(device, hangs) as place:
        with subprocess.Popen([sys.executable, "-c", script, str(place.port)]) as parent:
            child = until(lambda: _child_of(parent.pid), "a process of its own")
            until(lambda: any(received.command == 11 for received in device.commands), "it waits for the terminal")
            parent.send_signal(signal.SIGKILL)
        until(lambda: _state(child) == "Z", "the process ends with its parent")


def _child_of(parent: int) -> int | None:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat, words = path.read_text(), (path.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if stat.rpartition(")")[2].split()[1] == str(parent) and b"admin.child" in words:
            return int(path.parent.name)
    return None


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
