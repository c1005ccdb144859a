"""Whatever happens between and during reads of a log's tail, what is collected is what whole reads bring."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekinerja_agent.nouns.errors import ProtocolViolation, TerminalUnavailable
from ekinerja_agent.simulator import Device, Switchboard, serve
from ekinerja_agent.simulator.codec import Command
from ekinerja_agent.simulator.faults import Fault, before, named_fault
from tests.collect.conftest import Office
from tests.collect.logs import SIZES, START, punch_on, punched, truth

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("punch"), st.integers(1, 40)),
        st.tuples(st.just("again"), st.integers(1, 70)),
        st.tuples(st.just("back"), st.integers(1, 400)),
        st.tuples(st.just("drop"), st.sampled_from([1, 7, 64, 130])),
        st.tuples(st.sampled_from(["reset", "ahead", "impossible"]), st.integers(1, 70)),
        st.tuples(st.sampled_from(["blank", "clear", "whole"]), st.just(0)),
        st.tuples(st.just("poll"), st.just(0)),
        st.tuples(st.just("poll"), st.just(0)),
    ),
    max_size=14,
)


@settings(max_examples=40)
@given(steps=STEPS, layout=st.sampled_from(SIZES))
def test_tails_bring_exactly_the_punches_that_whole_reads_bring(
    office_kind: Callable[[Path], Any], steps: list[tuple[str, int]], layout: int
) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two, Switchboard() as board:
        tails, wholes = office_kind(Path(one)), office_kind(Path(two))
        device = punched(150, layout=layout)
        endpoint = board.connect(device)
        try:
            for step, number in [("poll", 0), *steps, ("poll", 0)]:
                take(step, number, device)
                if step in {"poll", "whole"}:
                    tails.poll(endpoint, full=step == "whole")
                    wholes.poll(endpoint, tail_read=False)
                    ids = [{punch.punch_id for punch in each.spool.waiting(99_999).punches} for each in (tails, wholes)]
                    assert ids[0] == ids[1]
        finally:
            tails.spool.close()
            wholes.spool.close()


def take(step: str, number: int, device: Device) -> None:
    if step == "punch":
        punch_on(device, number)
    elif step == "again" and len(device.log) >= number:
        device.write(device.log[-number])
    elif step == "back":
        device.punch("1001", START - timedelta(seconds=7 * number))
    elif step in {"reset", "ahead"}:
        for second in range(number % 60):
            device.punch("1001", datetime(2000 if step == "reset" else 2098, 1, 1, 0, 5, second))
    elif step == "impossible" and device.log:
        february = (26 * 372 + 31 + 29) * 86_400
        device.write(replace(device.log[-1], packed_time=february + number))
    elif step == "drop":
        device.delete_oldest(number)
    elif step == "blank":
        device.leave_blank_slot()
    elif step == "clear":
        device.clear()


def wrap_and_punch(device: Device) -> None:
    """What a full log does: the oldest go when somebody punches."""
    device.delete_oldest(57)
    punch_on(device, 57)


@pytest.mark.parametrize("occurrence", [1, 2, 3])
@pytest.mark.parametrize("command", [Command.PREPARE_BUFFER, Command.READ_BUFFER])
@pytest.mark.parametrize("whole", [True, False], ids=["full", "tail"])
@pytest.mark.parametrize("act", [wrap_and_punch, lambda device: punch_on(device, 1)], ids=["wrap", "punch"])
def test_a_log_that_moves_while_it_is_read_loses_nothing_even_without_a_copy_of_it(
    office: Office, act: Callable[[Device], None], command: int, occurrence: int, whole: bool
) -> None:
    device = punched(3_000)
    moving = Fault(strike=before(command, act, occurrences={occurrence}))
    with serve(device) as endpoint:
        office.poll(endpoint)
    with serve(device, faults=[named_fault("no-snapshot"), moving]) as endpoint:
        for full in whole, False, False:
            punch_on(device, 1)
            try:
                office.poll(endpoint, full=full)
            except (ProtocolViolation, TerminalUnavailable):
                continue
    with serve(device) as endpoint:
        office.poll(endpoint, full=False)
    assert office.waiting() == truth(device)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    "name",
    "hang close-mid-transfer cut-connection=4000 slow-drip wrong-checksum garbage stray-acks drop-datagram=3 reboot=2 "
    "old-firmware ignore-offset round-offset=64 no-snapshot punch-within late-counts blank-slot wrap=57 wrap=999 feb30 "
    "half-close lose-answers=9".split(),
)
def test_whatever_goes_wrong_between_good_tails_nothing_is_lost_or_doubled(
    office: Office, name: str, transport: str
) -> None:
    device = punched(3_000, capacity=3_100)
    with serve(device, transport) as endpoint:
        office.poll(endpoint, transport=transport)
    with serve(device, transport, faults=[named_fault(name)]) as endpoint:
        for _ in range(3):
            punch_on(device, 3)
            try:
                office.poll(endpoint, transport=transport, reply_timeout_s=0.15)
            except (ProtocolViolation, TerminalUnavailable):
                continue
    with serve(device, transport) as endpoint:
        punch_on(device, 3)
        office.poll(endpoint, transport=transport, full=False)
    undecodable = [record for record in device.history if record.packed_time % (31 * 86_400) >= 29 * 86_400]
    assert len(office.waiting()) == len(device.history) - (len(undecodable) if name == "feb30" else 0)
    assert len(set(office.spool.waiting(99_999).punches)) == len(office.waiting())
