"""How many records a terminal in access-control mode says that it has, and what that proves of what is held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.punch import Quarantined
from ekinerja_agent.nouns.terminal import TerminalStatus
from tests.push.conftest import Site, pushing
from tests.push.test_http import get, post, status, text

AT = datetime(2026, 11, 30, 0, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TOLERANCE = timedelta(seconds=120)


class Door:
    """A terminal that has so many records of before, and counts what it has."""

    def __init__(self, site: Site, before: int = 0) -> None:
        self.site = site
        self.has = before
        self.at(AT)
        site.raw(get("cdata?SN=S1&options=all&DeviceType=acc"))

    def at(self, moment: datetime) -> None:
        self.site.now = lambda: moment

    def records(self, moment: datetime, *events: tuple[str, int], lost: int = 0) -> None:
        """PIN and event of what happens at an instant; the last `lost` never come."""
        self.at(moment)
        self.has += len(events)
        local = moment + timedelta(hours=7)
        lines = [
            f"time={local:%Y-%m-%d %H:%M:%S}\tpin={pin}\tcardno=0\tevent={event}\tverifytype=15\tindex=0"
            for pin, event in events[: len(events) - lost]
        ]
        assert status(self.site.raw(post("\r\n".join(lines).encode(), path="cdata?SN=S1&table=rtlog"))) == 200

    def asks(self, moment: datetime, *, off_by: int = 0) -> str:
        """Ask for commands, and answer the question for the count if it is one."""
        self.at(moment)
        told = text(self.site.raw(get("getrequest?SN=S1")))
        if "DATA COUNT" in told:
            number = told.split(":")[1]
            path = f"querydata?SN=S1&type=count&cmdid={number}&tablename=transaction&count=1&packcnt=1&packidx=1"
            assert text(self.site.raw(post(f"transaction={self.has + off_by}\r\n".encode(), path=path))) == "OK\n"
            done = f"ID={number}&Return={self.has}&CMD=DATA COUNT\n".encode()
            assert text(self.site.raw(post(done, path="devicecmd?SN=S1"))) == "OK\n"
        return told

    def proven(self) -> list[tuple[datetime | None, datetime]]:
        return [(each.start, each.end) for each in self.site.notes(Coverage)]

    def state(self) -> str:
        (told,) = self.site.notes(TerminalStatus)
        return str(told.state)


@pytest.fixture
def new_door(make_site: Callable[..., Site]) -> Callable[..., Door]:
    return lambda before=0: Door(make_site(pushing("t1", "S1", timezone="Asia/Jakarta")), before)


MORNING = (("4711", 0), ("0", 206), ("3003", 23), ("0", 206), ("4712", 3), ("0", 8))


def test_as_many_as_it_has_are_held_doors_and_what_is_set_apart_included(new_door: Callable[..., Door]) -> None:
    door = new_door()
    door.records(AT, *MORNING)
    door.records(AT, *MORNING, lost=0)
    door.has = len(MORNING)  # it sent them twice
    assert door.asks(AT + MINUTE).endswith(":DATA COUNT transaction\n")
    door.asks(AT + 2 * HOUR)
    assert door.proven()[-1][1] == AT + 2 * HOUR - TOLERANCE
    assert door.proven()[0][0] == AT
    assert "counts" not in door.state()
    assert "by word" not in door.state()


def test_what_it_had_before_it_came_here_lacks_for_ever_and_hides_nothing_that_came_since(
    new_door: Callable[..., Door],
) -> None:
    door = new_door(5_000)
    door.records(AT, *MORNING)
    door.asks(AT + MINUTE)
    assert door.proven() == []
    door.asks(AT + 12 * MINUTE)
    assert door.proven() == [(AT + MINUTE, AT + 12 * MINUTE - TOLERANCE)], (
        "both answers agree: what came between is held"
    )
    door.records(AT + HOUR, ("4711", 0), ("4712", 0), lost=1)
    door.asks(AT + 2 * HOUR)
    assert len(door.proven()) == 1, "one that it has is not held"
    assert "it counts 5008 records where 5007 are held" in door.state()
    door.records(AT + HOUR, ("4711", 0), ("4712", 0))  # asked for it again
    door.has -= 2
    door.asks(AT + 2 * HOUR + 12 * MINUTE)
    since = door.proven()[1:]
    assert (since[0][0], since[-1][1]) == (AT + 10 * MINUTE, AT + 2 * HOUR + 10 * MINUTE)
    assert "counts" not in door.state()


def test_a_record_on_its_way_while_it_counted_is_no_proof_and_no_new_beginning(new_door: Callable[..., Door]) -> None:
    door = new_door(100)
    door.records(AT, *MORNING)
    door.asks(AT + MINUTE)
    door.asks(AT + 12 * MINUTE)
    before = door.proven()
    assert before
    door.records(AT + HOUR, ("4711", 0))
    door.asks(AT + 2 * HOUR, off_by=-1)  # it counted, and one came before its answer was weighed
    assert door.proven() == before
    door.asks(AT + 2 * HOUR + 12 * MINUTE)
    assert door.proven()[-1][1] == AT + 2 * HOUR + 10 * MINUTE


def test_a_log_that_was_cleared_proves_nothing_of_what_it_lost(new_door: Callable[..., Door]) -> None:
    door = new_door()
    door.records(AT, *MORNING)
    door.asks(AT + 10 * MINUTE)
    before = door.proven()
    door.records(AT + HOUR, ("4711", 0), ("4712", 0), lost=1)
    door.has = 0
    door.asks(AT + 2 * HOUR)
    assert door.proven() == before
    door.asks(AT + 2 * HOUR + 12 * MINUTE)
    (start, end) = door.proven()[-1]
    assert (start, end) == (AT + 2 * HOUR, AT + 2 * HOUR + 10 * MINUTE)
    door.records(AT + 3 * HOUR, *MORNING, ("4711", 0), lost=7)
    assert door.has == 7, "as many as it lost by the clearing"
    proven = door.proven()
    door.asks(AT + 4 * HOUR)
    assert door.proven() == proven


def test_who_gives_no_count_is_taken_at_its_word_and_who_gave_one_never(new_door: Callable[..., Door]) -> None:
    door = new_door(7)
    for minutes in (0, 6, 12, 18):  # it never answers
        door.at(AT + minutes * MINUTE)
        door.site.raw(get("getrequest?SN=S1"))
    door.records(AT + 20 * MINUTE, ("4711", 0))
    door.records(AT + 30 * MINUTE, ("4711", 3))
    assert door.proven()[-1][1] == AT + 28 * MINUTE
    assert "by word of the terminal" in door.state()
    door.asks(AT + 26 * HOUR)
    door.asks(AT + 26 * HOUR + 12 * MINUTE)
    before = door.proven()
    door.records(AT + 27 * HOUR, ("4711", 0))
    assert door.proven() == before
    assert "by word" not in door.state()


@pytest.mark.parametrize("path", ["querydata?SN=S1&type=count", "querydata?SN=S1&type=count&cmdid=7&tablename=user"])
def test_a_count_that_nobody_asked_for_means_nothing_and_leaves_no_hole(
    new_door: Callable[..., Door], path: str
) -> None:
    door = new_door()
    door.records(AT, *MORNING)
    table = "user" if "user" in path else "transaction"
    assert status(door.site.raw(post(f"{table}=6".encode(), path=path))) == 200
    assert door.proven() == []
    assert [each.code for each in door.site.notes(Quarantined)] == ["23"]
    assert status(door.site.raw(post(b"4711\t2026-11-30 07:00:00", path="querydata?SN=S1&type=count"))) == 200
    assert len(door.site.notes(Quarantined)) == 2, "what is no count is kept"


def test_a_flood_of_doors_fills_no_disk_and_proves_nothing(
    new_door: Callable[..., Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ekinerja_agent.usecases.collecting.push.MOST_EVENTS", 6)
    door = new_door()
    for minutes in range(4):
        door.records(AT + minutes * MINUTE, *MORNING)
    assert door.site.spool.held_in_all("t1") < 4 * len(MORNING)
    door.asks(AT + 10 * MINUTE)
    assert door.proven() == []


def test_from_another_address_nobody_is_asked_and_nothing_is_counted(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(pushing("t1", "S1", timezone="Asia/Jakarta"))
    door = Door(site)
    door.records(AT, *MORNING)
    stranger = "X-Forwarded-For: 10.20.3.99\r\n"
    site.receiver.proxies = (ip_network("127.0.0.1/32"),)
    door.at(AT + 2 * HOUR)
    assert text(site.raw(get("getrequest?SN=S1", stranger))) == "OK\n"
    site.raw(post(b"time=2026-11-30 08:00:00\tpin=1\tevent=206", path="cdata?SN=S1&table=rtlog", more=stranger))
    site.receiver.proxies = ()
    door.asks(AT + 2 * HOUR + MINUTE)
    assert door.proven()[-1][1] == AT + 2 * HOUR + MINUTE - TOLERANCE
