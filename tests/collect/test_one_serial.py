"""One terminal under two ids: the second one is told whose the serial is, and no punch is stored twice."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.access.accounts import actor
from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.nouns.errors import Refused, SerialOfAnother
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.terminal import TerminalStatus
from ekinerja_agent.simulator import Device, Endpoint, Fault, serve
from ekinerja_agent.simulator.faults import before
from ekinerja_agent.spool import TerminalMemory
from ekinerja_agent.usecases.care import terminals
from tests.collect.conftest import Office

GET_TIME = 201


def listed(office: Office, *entries: tuple[str, Endpoint], **more: Any) -> tuple[TerminalConfig, ...]:
    fields = {"timezone": "Asia/Makassar", "office": "DINKES"} | more
    return tuple(
        TerminalConfig.model_validate(
            fields | {"id": name, "address": f"{place.host}:{place.port}"}, context={"base": office.directory}
        )
        for name, place in entries
    )


def told_of(office: Office, terminal: str) -> str:
    """What central is told of a terminal's state."""
    (status,) = (
        note
        for note in office.spool.waiting(100).notes
        if isinstance(note, TerminalStatus) and note.terminal == terminal
    )
    return str(status.state)


def test_the_second_address_of_a_terminal_is_refused_and_stores_nothing(office: Office) -> None:
    device = Device(serial="X1")
    device.punch("1001")
    with serve(device) as endpoint:
        office.poll(endpoint, terminal={"id": "t1"})
        with pytest.raises(SerialOfAnother, match=r"t2 answered with serial X1, .* already the one of t1"):
            office.poll(endpoint, terminal={"id": "t2", "address": f"localhost:{endpoint.port}"})
        office.poll(endpoint, terminal={"id": "t1"})
    assert [pin for pin, _ in office.waiting()] == ["1001"]
    assert "already the one of t1" in told_of(office, "t2")
    assert office.spool.pinned() == {"t1": "X1"}


def test_a_serial_that_devices_yaml_names_at_another_id_is_that_ones(office: Office) -> None:
    with serve(Device(serial="X1")) as endpoint:
        named = listed(office, ("gate", endpoint), serial="X1")
        with pytest.raises(SerialOfAnother, match="already the one of gate"):
            office.poll(endpoint, terminal={"id": "t2"}, listed=named)
    assert office.spool.pinned() == {}


def test_of_two_first_contacts_at_the_same_time_one_pins_the_serial(office: Office) -> None:
    """The other one pins it after the first was asked whose it is."""
    device = Device(serial="X1")
    device.punch("1001")
    other = before(GET_TIME, lambda _: office.spool.remember(TerminalMemory("t1", serial="X1")))
    with (
        serve(device, faults=[Fault(strike=other)]) as endpoint,
        pytest.raises(SerialOfAnother, match="already the one of t1"),
    ):
        office.poll(endpoint, terminal={"id": "t2"})
    assert office.waiting() == []
    assert "already the one of t1" in told_of(office, "t2")


def test_a_terminal_that_an_older_version_read_under_two_ids_stays_with_the_upper_one(office: Office) -> None:
    device = Device(serial="X1")
    with serve(device) as endpoint, serve(Device(serial="X2")) as elsewhere:
        office.poll(endpoint, terminal={"id": "upper"})
        office.poll(elsewhere, terminal={"id": "below"})
        with sqlite3.connect(office.directory / "spool.db") as db:
            db.execute("UPDATE memory SET serial = 'X1'")
        device.punch("1001")
        both = listed(office, ("upper", endpoint), ("below", endpoint))
        with pytest.raises(SerialOfAnother, match="already the one of upper"):
            office.poll(endpoint, terminal={"id": "below"}, listed=both)
        office.poll(endpoint, terminal={"id": "upper"}, listed=both)
    assert [punch.terminal for punch in office.spool.waiting(10).punches] == ["upper"]


def test_swapped_addresses_are_named_as_such_and_each_keeps_its_serial(office: Office) -> None:
    with serve(Device(serial="X1")) as one, serve(Device(serial="X2")) as two:
        office.poll(one, terminal={"id": "t1"})
        office.poll(two, terminal={"id": "t2"})
        swapped = listed(office, ("t1", two), ("t2", one))
        for name, place in (("t1", two), ("t2", one)):
            with pytest.raises(SerialOfAnother, match=r"the addresses of t\d and t\d are swapped"):
                office.poll(place, terminal={"id": name}, listed=swapped)
            assert "are swapped" in told_of(office, name)
    assert office.spool.pinned() == {"t1": "X1", "t2": "X2"}


def test_one_address_given_to_two_is_not_called_swapped(office: Office) -> None:
    with serve(Device(serial="X1")) as one, serve(Device(serial="X2")) as two:
        office.poll(one, terminal={"id": "t1"})
        office.poll(two, terminal={"id": "t2"})
        with pytest.raises(SerialOfAnother, match="t1 answered with serial X2, and that is already the one of t2"):
            office.poll(two, terminal={"id": "t1"}, listed=listed(office, ("t1", two), ("t2", two)))


def test_accept_refuses_the_serial_of_another_id_and_forgets_nothing(office: Office, central: Engine) -> None:
    account = actor(central, "siti", utc_now()).account
    with serve(Device(serial="X1")) as one, serve(Device(serial="X2")) as two, serve(Device(serial="X3")) as new:
        office.poll(one, terminal={"id": "t1"})
        office.poll(two, terminal={"id": "t2"})

        def accept(*entries: tuple[str, Endpoint]) -> terminals.Accepted:
            places = listed(office, *entries)
            more: dict[str, Any] = {"state_dir": office.directory, "listed": places}
            return terminals.accept(office.spool, central, places[0], account=account, now=utc_now(), **more)

        with pytest.raises(Refused, match="already the one of t2"):
            accept(("t1", two), ("t2", two))
        with pytest.raises(Refused, match="the addresses of t1 and t2 are swapped"):
            accept(("t1", two), ("t2", one))
        assert office.spool.pinned() == {"t1": "X1", "t2": "X2"}
        assert accept(("t1", new), ("t2", two)).forgotten_serial == "X1"
    assert office.spool.pinned() == {"t2": "X2"}
