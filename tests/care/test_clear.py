"""A clear never loses a punch, whenever it comes; what could lose one is refused with the log as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.collected.disable_trials import record_trial, refuses_while_locked
from ekinerja_agent.central.collected.terminal_list import terminal_rows
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.access import audit as audit_rows
from ekinerja_agent.nouns.errors import EkinerjaError, NeedsAttention, Refused
from ekinerja_agent.simulator import Device
from ekinerja_agent.simulator.codec import Command
from ekinerja_agent.simulator.faults import Close, Fault, at_request, before, on
from ekinerja_agent.simulator.rows import Record
from ekinerja_agent.usecases.care import clear
from tests.care.conftest import Post

WIPE_EVERYTHING, CLEAR, LOCK, UNLOCK, LEAVE, FREE = 14, 15, 1003, 1002, 1001, 1502


def proven(post: Post, *, refuses: bool = True) -> Post:
    serial, firmware = post.device.serial, post.device.model.firmware
    record_trial(post.engine, "lobby", serial, firmware, refuses=refuses, account=post.officer, now=post.device.now())
    return post


def cleared(post: Post, *faults: Fault, transport: str = "tcp") -> clear.Cleared | EkinerjaError:
    with post.served(*faults, transport=transport) as terminal:
        try:
            return clear.clear(terminal, post.desk(), account=post.officer)
        except EkinerjaError as error:
            return error


def assert_nothing_lost(post: Post) -> None:
    kept = {row_bytes(post, record) for record in post.device.log} | post.in_central()
    assert {row_bytes(post, record) for record in post.device.history} <= kept


def row_bytes(post: Post, record: Record) -> bytes:
    return bytes(post.device._encode_record(record))


def assert_well_behaved(post: Post) -> None:
    sent = post.sent()
    assert WIPE_EVERYTHING not in sent
    locks = [received.data for received in post.device.commands if received.command == LOCK]
    assert all(int.from_bytes(seconds, "little") > 0 and len(seconds) == 4 for seconds in locks)
    if CLEAR in sent:
        assert sent.index(LOCK) < sent.index(CLEAR)
    assert not post.device.disabled
    assert sent[-1] == LEAVE


def test_a_proven_terminal_is_cleared_and_its_log_kept_in_a_file(post: Post) -> None:
    table = post.device.log_table()
    done = cleared(proven(post))
    assert isinstance(done, clear.Cleared), done
    assert (done.records, post.device.log) == (5, [])
    assert done.backup.read_bytes() == table
    digest = hashlib.sha256(table).hexdigest()
    assert digest in done.backup.name
    assert done.backup.stat().st_mode & 0o077 == 0
    rows = [(row["action"], row["actor"]) for row in audit.rows(post.engine)][-2:]
    assert rows == [("terminal.clear", "siti"), ("terminal.cleared", "siti")]
    with reading(post.engine) as conn:
        assert digest in conn.scalars(select(audit_rows.c.details).order_by(audit_rows.c.id.desc())).first()
    assert len(post.in_central()) == 5
    assert_well_behaved(post)
    assert FREE in post.sent()


def test_what_comes_after_a_clear_is_read_without_an_alarm(post: Post) -> None:
    cleared(proven(post))
    post.device.punch("1003")
    with post.served() as terminal:
        post.desk().bring_home(terminal)
    assert len(post.in_central()) == 6
    (coverage,) = terminal_rows(post.engine)
    assert "shares no record" not in coverage["state"]
    assert coverage["complete_until"] == post.device.now()


def test_nothing_is_sent_to_clear_what_is_empty(make_post: Callable[[Device], Post]) -> None:
    post = make_post(Device(serial="EMPTY"))
    assert cleared(post) == clear.Cleared("lobby", 0, None)
    assert not {CLEAR, LOCK} & set(post.sent())


@pytest.mark.parametrize("refuses", [None, False])
def test_a_terminal_that_may_record_while_it_is_locked_is_never_locked_or_cleared(
    post: Post, refuses: bool | None
) -> None:
    if refuses is not None:
        proven(post, refuses=refuses)
    error = cleared(post)
    assert isinstance(error, Refused)
    assert error.exit_code == 7
    assert ("--prove" in str(error)) is (refuses is None)
    assert not {CLEAR, LOCK} & set(post.sent())
    assert len(post.device.log) == 5


def test_another_firmware_has_to_be_tried_again(
    make_post: Callable[[Device], Post], make_terminal: Callable[..., Device]
) -> None:
    post = make_post(make_terminal(firmware="Ver 7.0"))
    record_trial(post.engine, "lobby", "CARE1", "Ver 6.60", refuses=True, account=post.officer, now=post.device.now())
    assert isinstance(cleared(post), Refused)


def buffered(make_terminal: Callable[..., Device]) -> Device:
    """A log too long for one answer: it is prepared, read in chunks and freed, with room for punches between."""
    device: Device = make_terminal()
    for minute in range(30):
        device.punch("1001", device.now() - timedelta(days=1, minutes=minute))
    return device


def test_a_punch_between_any_two_steps_is_never_lost(
    make_post: Callable[[Device], Post], make_terminal: Callable[..., Device]
) -> None:
    """What the terminal holds changes with requests only, so before each of them is every instant there is."""
    undisturbed = proven(make_post(buffered(make_terminal)))
    assert isinstance(cleared(undisturbed), clear.Cleared)
    assert Command.READ_BUFFER in undisturbed.sent()
    for number in range(1, len(undisturbed.sent()) + 1):
        post = proven(make_post(buffered(make_terminal)))
        outcome = cleared(post, Fault(strike=at_request(number, lambda device: device.punch("1009"))))
        assert isinstance(outcome, clear.Cleared), (number, outcome)
        assert_nothing_lost(post)
        assert_well_behaved(post)
        with post.served() as terminal:
            post.desk().bring_home(terminal)
        assert {row_bytes(post, record) for record in post.device.history} <= post.in_central()
        post.engine.dispose()
        post.spool.close()


def test_a_lock_that_does_not_hold_is_noticed_before_the_clear(
    make_post: Callable[[Device], Post], make_terminal: Callable[..., Device]
) -> None:
    """The finger said that it refuses; the terminal records all the same."""
    post = proven(make_post(make_terminal(punches_while_disabled=True)))
    locked_read = Fault(strike=before(Command.FREE_SIZES, lambda device: device.punch("1009"), occurrences={4}))
    error = cleared(post, locked_read)
    assert isinstance(error, Refused), error
    assert CLEAR not in post.sent()
    assert_nothing_lost(post)
    assert_well_behaved(post)


def test_somebody_who_punches_before_every_lock_is_not_locked_out_for_ever(
    make_post: Callable[[Device], Post], make_terminal: Callable[..., Device]
) -> None:
    post = proven(make_post(make_terminal()))
    error = cleared(post, Fault(strike=before(LOCK, lambda device: device.punch("1009", ticks(device)))))
    assert isinstance(error, Refused)
    assert "nobody scans" in str(error)
    assert post.sent().count(LOCK) == clear.ROUNDS
    assert CLEAR not in post.sent()
    assert_nothing_lost(post)
    assert_well_behaved(post)


def ticks(device: Device) -> datetime:
    return device.now() - timedelta(minutes=len(device.log))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("command", [LOCK, Command.READ_BUFFER, Command.PREPARE_BUFFER, CLEAR, UNLOCK])
def test_a_terminal_that_breaks_off_loses_nothing(
    make_post: Callable[[Device], Post], make_terminal: Callable[..., Device], command: int, transport: str
) -> None:
    post = proven(make_post(make_terminal()))
    outcome = cleared(post, Fault(alter=on(command, lambda _, __: [Close()])), transport=transport)
    assert isinstance(outcome, EkinerjaError) or not post.device.log
    assert_nothing_lost(post)
    assert post.sent().count(CLEAR) <= 1
    assert WIPE_EVERYTHING not in post.sent()


def test_a_terminal_that_only_says_that_it_cleared_is_told_of(
    make_post: Callable[[Device], Post], make_terminal: Callable[..., Device]
) -> None:
    post = proven(make_post(make_terminal()))
    post.device.clear = lambda: None
    error = cleared(post)
    assert isinstance(error, NeedsAttention)
    assert "still holds 5 records" in str(error)
    assert_well_behaved(post)


def test_only_an_operator_clears(post: Post) -> None:
    proven(post)
    post.officer = replace(post.officer, roles=frozenset({"head"}))
    assert isinstance(cleared(post), Refused)
    assert post.sent() == []


class Finger:
    """Somebody who tries a finger when told to; `at` says on which waits."""

    def __init__(self, device: Device, *, tries: set[str]) -> None:
        self._device, self._tries, self._state = device, tries, ""
        self.told: list[str] = []

    def say(self, sentence: str) -> None:
        self.told.append(sentence)
        self._state = "unlocked" if "is unlocked" in sentence else "locked"

    def wait(self, _seconds: float) -> None:
        if self._state in self._tries:
            self._tries.discard(self._state)
            self._device.punch("1001")


@pytest.mark.parametrize("records_while_locked", [False, True])
def test_a_finger_shows_whether_a_terminal_records_while_it_is_locked(
    make_post: Callable[[Device], Post],
    make_terminal: Callable[..., Device],
    ticking_clock: Callable[[], Callable[[], datetime]],
    records_while_locked: bool,
) -> None:
    device = make_terminal(punches_while_disabled=records_while_locked)
    device.now = ticking_clock()
    post = make_post(device)
    finger = Finger(device, tries={"locked", "unlocked"})
    with post.served() as terminal:
        refuses = clear.prove(terminal, post.desk(), account=post.officer, say=finger.say, wait=finger.wait)
    assert refuses is not records_while_locked
    assert refuses_while_locked(post.engine, "CARE1", device.model.firmware) is refuses
    assert len(finger.told) == 2
    assert_well_behaved(post)


def test_a_finger_that_nobody_tried_proves_nothing(
    make_post: Callable[[Device], Post],
    make_terminal: Callable[..., Device],
    ticking_clock: Callable[[], Callable[[], datetime]],
) -> None:
    device = make_terminal()
    device.now = ticking_clock()
    post = make_post(device)
    finger = Finger(device, tries={"locked"})
    with post.served() as terminal, pytest.raises(Refused, match="no finger"):
        clear.prove(terminal, post.desk(), account=post.officer, say=finger.say, wait=finger.wait)
    assert refuses_while_locked(post.engine, "CARE1", device.model.firmware) is None
    assert_well_behaved(post)
