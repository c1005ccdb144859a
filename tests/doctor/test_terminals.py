"""What the doctor finds at the terminals: a simulated one with each fault, and a service that reads beside it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading

import pytest

from ekinerja_agent.central.collected.owners import claim
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.simulator import Fault, Model, named_fault
from ekinerja_agent.simulator.faults import Occasion, on
from ekinerja_agent.simulator.faults.script import Step
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting.terminal_lock import turn
from ekinerja_agent.usecases.watching.doctor import State, terminals
from ekinerja_agent.usecases.watching.doctor.parallel import ask_all
from tests.doctor.conftest import Ward
from tests.proof.box import PATIENCE_S, until

pytestmark = pytest.mark.long

CONNECT, REG_EVENT = 1000, 500


def words(ward: Ward, name: str) -> tuple[str, str]:
    """The only finding of the only terminal that is ill: what was found and what to do."""
    (found,) = ward.wrong("terminals")
    assert found.subject == name
    return found.finding, found.what_to_do


def test_a_terminal_that_is_away(ward: Ward) -> None:
    ward.terminals.append({"id": "away", "office": "A", "timezone": "Asia/Jakarta", "address": "127.0.0.1:1"})
    ward.configure()
    finding, what_to_do = words(ward, "away")
    assert "cannot be reached" in finding
    assert "power" in what_to_do


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_terminals_that_hang_hold_nobody(ward: Ward, transport: str) -> None:
    for number in range(6):
        ward.terminal(f"hung-{number}", named_fault("hang"), transport=transport)
    assert [each.subject for each in ward.wrong("terminals")] == [f"hung-{number}" for number in range(6)]


def test_terminals_are_asked_in_parallel(ward: Ward) -> None:
    """Each answers once all of them were asked: one after the other, none of them would answer in time."""
    all_asked = threading.Barrier(6)

    def together(_: Occasion, steps: list[Step]) -> list[Step]:
        all_asked.wait(PATIENCE_S)
        return steps

    for number in range(6):
        ward.terminal(f"gate-{number}", Fault(alter=on(CONNECT, together)))
    ward.configure(poll={"timeout": "10s"})
    assert ward.wrong("terminals") == []


def test_a_terminal_that_answers_a_byte_at_a_time_is_left(ward: Ward) -> None:
    ward.terminal("slow", named_fault("slow-drip=300"))
    finding, _ = words(ward, "slow")
    assert "did not complete its answer in time" in finding


def test_a_terminal_that_outlasts_every_patience_is_left_behind(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminals, "ROUND_S", 0.2)
    ward.terminal("hung", named_fault("hang"))
    finding, _ = words(ward, "hung")
    assert "within 0 s" in finding


def test_another_serial_than_the_pinned_one_and_than_the_written_one(ward: Ward) -> None:
    ward.terminal("gate", serial="OTHER")
    finding, what_to_do = words(ward, "gate")
    assert finding == "gate answered with serial SN-gate, devices.yaml says OTHER"
    assert "terminal accept gate" in what_to_do


def test_a_terminal_that_was_replaced(empty_ward: Ward) -> None:
    device = empty_ward.terminal()
    empty_ward.collect()
    device.serial = "NEW"
    finding, _ = words(empty_ward, "lobby")
    assert finding == "lobby answered with serial NEW, its first contact says SN-lobby"


def test_a_comm_key_that_is_missing_wrong_or_right(ward: Ward) -> None:
    key = ward.directory / "key"
    key.write_text("999\n")
    key.chmod(0o600)
    ward.terminal("locked", model=Model(comm_key=1234), comm_key_file=str(key))
    finding, what_to_do = words(ward, "locked")
    assert "refuses the comm key" in finding
    assert "Comm." in what_to_do
    key.write_text("1234\n")
    assert ward.wrong("terminals") == []
    key.unlink()
    states = {(each.check, each.state) for each in ward.examine() if each.state is not State.OK}
    assert {("config", State.WRONG), ("terminals", State.SKIPPED)} <= states


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_encrypted_firmware(ward: Ward, transport: str) -> None:
    ward.terminal("crypt", named_fault("encrypted"), transport=transport)
    assert "encrypted firmware" in words(ward, "crypt")[0]


def test_a_terminal_that_hangs_up(ward: Ward) -> None:
    ward.terminal("strange", named_fault("cut-connection=30"))
    finding, _ = words(ward, "strange")
    assert "closed the connection" in finding


@pytest.mark.parametrize(
    ("said", "finding", "what_to_do"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "break the protocol", "attendance terminal has this address"),
        (b"\xaa\x01\x00\x00\x55", "language of an access panel", "correct the address"),
    ],
)
def test_what_is_no_attendance_terminal(ward: Ward, said: bytes, finding: str, what_to_do: str) -> None:
    def answer(server: socket.socket) -> None:
        client, _ = server.accept()
        with client:
            client.recv(100)
            client.sendall(said)
            client.recv(100)

    with socket.create_server(("127.0.0.1", 0)) as server:
        stranger = threading.Thread(target=answer, args=(server,))
        stranger.start()
        place = f"127.0.0.1:{server.getsockname()[1]}"
        ward.terminals.append({"id": "other", "office": "A", "timezone": "Asia/Jakarta", "address": place})
        ward.configure()
        found = words(ward, "other")
        stranger.join()
    assert finding in found[0]
    assert what_to_do in found[1]


def test_a_clock_beyond_the_tolerance(ward: Ward) -> None:
    device = ward.terminal("gate")
    device.jump_clock(110)
    assert ward.wrong("terminals") == []
    device.jump_clock(90)
    finding, what_to_do = words(ward, "gate")
    assert finding == "its clock is 200 s ahead of this host's, 120 s are tolerated"
    assert what_to_do == "run: ekinerja-agent terminal clock gate --set"


def test_where_nobody_knows_whose_clock_is_wrong_the_host_comes_first(empty_ward: Ward) -> None:
    empty_ward.terminal().jump_clock(-600)
    (found,) = empty_ward.wrong("terminals", synchronised=False)
    assert found.finding == "its clock is 600 s behind this host's, 120 s are tolerated"
    assert "mend this host's own clock first" in found.what_to_do


def test_a_log_that_fills_up(ward: Ward) -> None:
    device = ward.terminal("gate", model=Model(capacity=10))
    for _ in range(6):
        device.punch("1001")
    assert ward.wrong("terminals") == []
    device.punch("1001")
    finding, what_to_do = words(ward, "gate")
    assert "80 % full (8 of 10)" in finding
    assert "terminal clear gate" in what_to_do


def test_a_terminal_of_another_agent_is_left_to_it(ward: Ward) -> None:
    device = ward.terminal("gate")
    claim(ward.central, "other-host-1a2b3c", ["gate"], ward.now)
    asked = len(device.commands)
    finding, what_to_do = words(ward, "gate")
    assert "other-host-1a2b3c" in finding
    assert "terminal accept gate" in what_to_do
    assert len(device.commands) == asked


def test_while_central_is_away_owners_are_those_last_told(empty_ward: Ward) -> None:
    device = empty_ward.terminal()
    empty_ward.poll()
    with Spool(empty_ward.state / "spool.db") as spool:
        spool.learn_owners({"lobby": "other-host-1a2b3c"})
    asked = len(device.commands)
    assert "other-host-1a2b3c" in words(empty_ward, "lobby")[0]
    assert len(device.commands) == asked


def test_disabled_terminals_and_those_that_only_push_are_not_asked(ward: Ward) -> None:
    place = {"office": "A", "timezone": "Asia/Jakarta"}
    ward.terminals += [
        {"id": "off", "address": "127.0.0.1:1", "enabled": False} | place,
        {"id": "push", "transport": "none"} | place,
    ]
    ward.configure()
    assert ward.wrong("terminals") == []


def test_only_questions_are_asked(ward: Ward) -> None:
    device = ward.terminal("gate", model=Model(comm_key=0))
    ward.examine()
    # CONNECT, AUTH, OPTIONS_RRQ (serial), GET_FREE_SIZES, GET_TIME, EXIT
    assert [received.command for received in device.commands] == [1000, 1102, 11, 50, 201, 1001]


def test_a_terminal_that_the_service_reads_is_waited_for(ward: Ward) -> None:
    device = ward.terminal("gate")
    mine, over = threading.Event(), threading.Event()

    def read() -> None:
        with turn("gate", ward.state):
            mine.set()
            over.wait()

    reader = threading.Thread(target=read)
    reader.start()
    mine.wait()
    threading.Timer(0.5, over.set).start()
    assert ward.wrong("terminals") == []
    reader.join()
    assert device.commands


def test_a_service_that_listens_gives_way_and_listens_on(empty_ward: Ward) -> None:
    device = empty_ward.terminal(mode="live")
    device.now = utc_now
    command = [sys.executable, "-m", "ekinerja_agent", "--config", str(empty_ward.agent), "run"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as service:
        try:
            listening = lambda: [received.command for received in device.commands].count(REG_EVENT)  # noqa: E731
            until(lambda: listening() > 0, "what the service does")
            before = listening()
            assert empty_ward.wrong("terminals") == []
            until(lambda: listening() > before, "what the service does")
            device.punch("1002")
            with Spool(empty_ward.state / "spool.db", read_only=True) as spool:
                until(lambda: len(spool.known_counts("lobby")) == 2, "what the service does")
        finally:
            service.terminate()


def test_a_terminal_that_is_read_for_long_is_skipped(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn.__wrapped__, "__kwdefaults__", {"patience_s": 0.1})
    with turn("lobby", ward.state):
        skipped = [each for each in ward.examine() if each.state is State.SKIPPED]
    assert [(each.check, each.subject) for each in skipped] == [("terminals", "lobby")]
    assert "being read" in skipped[0].finding


def test_answers_come_in_the_order_of_the_questions() -> None:
    answered = [threading.Event() for _ in range(5)]

    def ask(number: int) -> int:
        """The later the question, the earlier its answer."""
        if number < 4:
            answered[number + 1].wait(PATIENCE_S)
        answered[number].set()
        return number

    assert ask_all(ask, range(5), workers=5, within_s=PATIENCE_S) == [0, 1, 2, 3, 4]


def test_who_does_not_answer_in_time_is_none() -> None:
    over = threading.Event()

    def ask(number: int) -> int:
        if number == 1:
            over.wait(PATIENCE_S)
        return number

    assert ask_all(ask, range(3), workers=2, within_s=2) == [0, None, 2]
    over.set()


def test_one_terminal_under_two_ids_is_told_although_nobody_read_it_yet(ward: Ward) -> None:
    ward.terminal("t1")
    address = ward.terminals[-1]["address"].replace("127.0.0.1", "localhost")
    ward.terminals.append(ward.terminals[-1] | {"id": "t2", "address": address})
    ward.configure()
    finding, what_to_do = words(ward, "t2")
    assert "serial SN-t1" in finding
    assert "already the one of t1" in finding
    assert "take t2 out of devices.yaml" in what_to_do


def test_two_addresses_that_are_swapped_are_named_as_such(ward: Ward) -> None:
    for name in ("t1", "t2"):
        ward.terminal(name)
        ward.poll(name)
    _, one, two = ward.terminals
    one["address"], two["address"] = two["address"], one["address"]
    ward.configure()
    found = ward.wrong("terminals")
    assert [each.subject for each in found] == ["t1", "t2"]
    assert "the addresses of t1 and t2 are swapped" in found[0].finding
    assert all("exchange their addresses" in each.what_to_do for each in found)
