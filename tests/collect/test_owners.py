"""Two agents and one terminal: one of them reads it, the other says so and stops, and nothing that was read is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select

from ekinerja_agent.central.access.accounts import actor
from ekinerja_agent.central.collected.owners import owners
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.recorded import punches
from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.nouns.errors import OwnedElsewhere, TemporarilyUnavailable
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.simulator import Device, serve
from ekinerja_agent.usecases.care import terminals
from ekinerja_agent.usecases.collecting.forward import forward
from tests.collect.conftest import Office

NOBODY = create_engine("postgresql+psycopg2://nobody@/nothing?host=/nowhere")


@contextmanager
def two_offices(office_kind: type[Office], folder: Path) -> Iterator[tuple[Any, Any]]:
    for name in ("one", "two"):
        (folder / name).mkdir()
    one, two = office_kind(folder / "one"), office_kind(folder / "two")
    try:
        yield one, two
    finally:
        one.spool.close()
        two.spool.close()


def pins(central: Engine) -> list[str]:
    with reading(central) as conn:
        return sorted(conn.scalars(select(punches.c.pin)))


def accept(office: Office, central: Engine) -> terminals.Accepted:
    terminal = office_terminal(office)
    account = actor(central, "siti", utc_now()).account
    return terminals.accept(office.spool, central, terminal, account=account, now=utc_now())


def office_terminal(office: Office) -> TerminalConfig:
    fields = {"timezone": "Asia/Makassar", "office": "DINKES", "id": "lobby", "address": "127.0.0.1:4370"}
    return TerminalConfig.model_validate(fields, context={"base": office.directory})


def test_the_second_agent_delivers_what_it_read_and_then_leaves_the_terminal_alone(
    central: Engine, office_kind: type[Office], tmp_path: Path
) -> None:
    device = Device()
    device.punch("1001")
    with two_offices(office_kind, tmp_path) as (one, two), serve(device) as endpoint:
        one.poll(endpoint)
        two.poll(endpoint)
        forward(one.spool, central)
        device.punch("1002")
        two.poll(endpoint)  # it has not asked central yet
        assert forward(two.spool, central).delivered == 2
        assert pins(central) == ["1001", "1002"]
        sessions = len(device.commands)
        with pytest.raises(OwnedElsewhere, match=rf"{one.spool.agent}.*terminal accept lobby"):
            two.poll(endpoint)
        assert len(device.commands) == sessions
        assert two.spool.waiting(10).notes == ()
        one.poll(endpoint)
        forward(one.spool, central)
    assert pins(central) == ["1001", "1002"]


def test_a_terminal_that_was_taken_over_is_read_by_the_new_owner_and_no_longer_by_the_old_one(
    central: Engine, office_kind: type[Office], tmp_path: Path
) -> None:
    device = Device()
    device.punch("1001")
    with two_offices(office_kind, tmp_path) as (one, two), serve(device) as endpoint:
        for each in (one, two):
            each.poll(endpoint)
            forward(each.spool, central)
        assert accept(two, central) == terminals.Accepted(taken_from=one.spool.agent)
        device.punch("1002")
        one.poll(endpoint)  # it has not heard of it yet: read once more, and delivered
        assert forward(one.spool, central).delivered == 1
        with pytest.raises(OwnedElsewhere, match=two.spool.agent):
            one.poll(endpoint)
        device.punch("1003")
        two.poll(endpoint)
        forward(two.spool, central)
    assert pins(central) == ["1001", "1002", "1003"]
    assert owners(central, ["lobby"]) == {"lobby": two.spool.agent}


def test_an_agent_learns_that_a_terminal_came_back_to_it_although_it_does_not_read_it(
    central: Engine, office_kind: type[Office], tmp_path: Path
) -> None:
    device = Device()
    with two_offices(office_kind, tmp_path) as (one, two), serve(device) as endpoint:
        for each in (one, two):
            each.poll(endpoint)
            forward(each.spool, central)
        accept(two, central)
        two.spool.learn_owners({"lobby": one.spool.agent})  # an answer that was on its way while somebody accepted
        with pytest.raises(OwnedElsewhere):
            two.poll(endpoint)
        forward(two.spool, central)
        two.poll(endpoint)


def test_accept_that_was_cut_off_before_the_spool_knew_of_it_is_given_again(
    central: Engine, office_kind: type[Office], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device()
    with two_offices(office_kind, tmp_path) as (one, two), serve(device) as endpoint:
        for each in (one, two):
            each.poll(endpoint)
            forward(each.spool, central)
        with monkeypatch.context() as patch:
            patch.setattr(two.spool, "learn_owners", _no_room)
            with pytest.raises(TemporarilyUnavailable):
                accept(two, central)
        assert accept(two, central) == terminals.Accepted(taken_from=one.spool.agent)
        two.poll(endpoint)


def test_while_central_is_away_each_goes_on_as_it_last_heard(
    central: Engine, office_kind: type[Office], tmp_path: Path
) -> None:
    device = Device()
    with two_offices(office_kind, tmp_path) as (one, two), serve(device) as endpoint:
        for each in (one, two):
            each.poll(endpoint)
            forward(each.spool, central)
        device.punch("1001")
        for _ in range(2):
            one.poll(endpoint)
            with pytest.raises(TemporarilyUnavailable):
                forward(one.spool, NOBODY)
        assert [pin for pin, _ in one.waiting()] == ["1001"]
        with pytest.raises(OwnedElsewhere):
            two.poll(endpoint)


def test_an_accepted_terminal_of_ones_own_forgets_its_serial_as_before(
    central: Engine, office_kind: type[Office], tmp_path: Path
) -> None:
    with two_offices(office_kind, tmp_path) as (one, _), serve(Device(serial="OLD1")) as endpoint:
        one.poll(endpoint)
        forward(one.spool, central)
        assert accept(one, central) == terminals.Accepted(forgotten_serial="OLD1")
        assert one.spool.state("lobby").serial is None


def _no_room(*_: object) -> None:
    raise TemporarilyUnavailable("the disk is full")
