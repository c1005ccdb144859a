"""What a stranger on an office's network does in the name of a terminal that pushes: its serial is printed on the case.

What was tried before is said of commit b497ae6, with its receiver behind its own server, as `Site` is here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.terminal import TerminalStatus
from tests.push.conftest import ZONE, Site, make_site, site
from tests.push.test_http import get, post, status, text

__all__ = ["make_site", "site"]

SEVEN = datetime(2026, 9, 6, 23, 0, tzinfo=UTC)
"""Seven in the morning in Makassar."""
MINUTE = timedelta(minutes=1)
TERMINAL = "X-Forwarded-For: 10.20.3.15\r\n"
STRANGER = "X-Forwarded-For: 10.20.3.99\r\n"
"""By the word of the proxy in front of the receiver: two addresses on one network."""


@pytest.fixture
def behind_proxy(site: Site) -> Site:
    """The receiver takes what this host says of where a request came from."""
    site.receiver.proxies = (ip_network("127.0.0.1/32"),)
    site.now = lambda: SEVEN
    return site


def line(at: datetime, pin: str = "1001") -> bytes:
    return f"{pin}\t{at.astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M:%S}\t0\t1\n".encode()


def upload(site: Site, at: datetime, *records: bytes, who: str = TERMINAL, stamp: int = 9999) -> bytes:
    site.now = lambda: at
    return site.raw(post(b"".join(records), path=f"cdata?SN=S1&table=ATTLOG&Stamp={stamp}", more=who))


def greet(site: Site, who: str = TERMINAL) -> str:
    return text(site.raw(get("cdata?SN=S1&options=all", who)))


def answer(site: Site, at: datetime, count: Callable[[int], str], who: str = TERMINAL) -> str:
    """Ask for commands at an instant; answer a question for the count with what this makes of its number."""
    site.now = lambda: at
    told = text(site.raw(get("getrequest?SN=S1", who)))
    if "VERIFY SUM" in told:
        body = count(int(told.split(":")[1])).encode()
        assert status(site.raw(post(body, path="devicecmd?SN=S1", more=who))) == 200
    return told


def counts(number: int) -> Callable[[int], str]:
    return lambda asked: f"ID={asked}&Return=0&CMD=VERIFY SUM&AttLogSum={number}"


def refuses(asked: int) -> str:
    return f"ID={asked}&Return=-1&CMD=VERIFY SUM"


def vouched(site: Site, at: datetime) -> bool:
    return any(note.start is None or note.start <= at < note.end for note in site.notes(Coverage))


def state(site: Site) -> str:
    (told,) = site.notes(TerminalStatus)
    return str(told.state)


@pytest.mark.parametrize("body", [b"", b"\n", b"1001\t2026-02-30 07:00:00\t0\t1\n"])
@pytest.mark.parametrize("who", [TERMINAL, STRANGER])
def test_t23_a_stamp_without_a_line_that_is_a_punch_is_given_to_no_terminal(
    behind_proxy: Site, body: bytes, who: str
) -> None:
    """Before: `POST /iclock/cdata?SN=S1&table=ATTLOG&Stamp=4000000000` without a body, then
    `GET /iclock/cdata?SN=S1&options=all` answered `ATTLOGStamp=4000000000`.
    """
    site = behind_proxy
    greet(site)
    upload(site, SEVEN, line(SEVEN), stamp=1)
    assert status(upload(site, SEVEN, body, who=who, stamp=4_000_000_000)) == 200
    assert "ATTLOGStamp=1\n" in greet(site)


@pytest.mark.parametrize("stamp", [3, 4_000_000_000])
def test_t23_a_stamp_speaks_of_no_more_lines_than_came(behind_proxy: Site, stamp: int) -> None:
    """Before: one line of one's own, with the same stamp, did the same."""
    site = behind_proxy
    greet(site)
    upload(site, SEVEN, line(SEVEN), stamp=1)
    upload(site, SEVEN + MINUTE, line(SEVEN + MINUTE), stamp=stamp)
    assert "ATTLOGStamp=1\n" in greet(site)
    upload(site, SEVEN + 2 * MINUTE, line(SEVEN + MINUTE), line(SEVEN + 2 * MINUTE), stamp=3)
    assert "ATTLOGStamp=3\n" in greet(site)


def test_t23_the_stamp_of_another_address_is_given_to_no_terminal(behind_proxy: Site) -> None:
    site = behind_proxy
    greet(site)
    upload(site, SEVEN, line(SEVEN), stamp=1)
    upload(site, SEVEN + MINUTE, line(SEVEN + MINUTE), who=STRANGER, stamp=2)
    assert "ATTLOGStamp=1\n" in greet(site)
    assert "ATTLOGStamp=0\n" in greet(site, STRANGER)
    assert len(site.punched()) == 2
    assert "10.20.3.99" in state(site)


def test_t23_a_stamp_that_goes_back_is_told(behind_proxy: Site) -> None:
    site = behind_proxy
    greet(site)
    upload(site, SEVEN, line(SEVEN), line(SEVEN, "2"), stamp=2)
    upload(site, SEVEN + MINUTE, line(SEVEN + MINUTE), stamp=1)
    upload(site, SEVEN + 2 * MINUTE, line(SEVEN + 2 * MINUTE), stamp=2)
    assert "went back" in state(site)


def test_t24_heartbeats_and_a_fresh_line_prove_nothing_over_a_backlog(behind_proxy: Site) -> None:
    """Before: a terminal without network from 07:00; `GET getrequest` each five minutes and one line of 16:30 by
    somebody else: Coverage(07:00, 16:28, proven).
    """
    site = behind_proxy
    greet(site)
    upload(site, SEVEN, line(SEVEN), stamp=1)
    evening = SEVEN + timedelta(hours=9, minutes=30)
    at = SEVEN
    while at < evening:  # the backlog stays in the terminal, and somebody speaks in its name
        answer(site, at, counts(1), who=STRANGER)
        at += 20 * MINUTE
    upload(site, evening, line(evening), who=STRANGER)
    answer(site, evening + MINUTE, counts(2), who=STRANGER)
    assert site.notes(Coverage) == []
    backlog = [line(SEVEN + minute * MINUTE) for minute in (10, 20, 30)]
    upload(site, evening + 20 * MINUTE, line(SEVEN), *backlog, line(evening + 20 * MINUTE), stamp=5)
    answer(site, evening + 80 * MINUTE, counts(5))
    assert vouched(site, SEVEN + 15 * MINUTE)
    assert vouched(site, evening + 70 * MINUTE)


def test_t24_who_has_the_same_address_still_has_to_know_the_count(behind_proxy: Site) -> None:
    """Before: the same from the address of the office's router was believed too."""
    site = behind_proxy
    greet(site)
    upload(site, SEVEN, line(SEVEN), stamp=1)
    answer(site, SEVEN, counts(1))
    evening = SEVEN + timedelta(hours=9)
    for minute in range(0, 540, 20):
        site.now = lambda at=SEVEN + minute * MINUTE: at
        site.raw(get("ping?SN=S1", TERMINAL))
    upload(site, evening, line(evening))
    assert not vouched(site, SEVEN + 60 * MINUTE)
    answer(site, evening + MINUTE, counts(30))  # the terminal: a backlog of 28
    assert not vouched(site, SEVEN + 60 * MINUTE)
    assert "30 records where 2 are held" in state(site)
    answer(site, evening + 15 * MINUTE, refuses)  # somebody else: it gave its count before
    upload(site, evening + 16 * MINUTE, line(evening + 16 * MINUTE))
    assert not vouched(site, SEVEN + 60 * MINUTE)


def test_t24_a_terminal_that_gives_no_count_is_believed_from_its_own_address_and_people_see_that(
    behind_proxy: Site,
) -> None:
    site = behind_proxy
    greet(site)
    answer(site, SEVEN, refuses)
    upload(site, SEVEN, line(SEVEN))
    upload(site, SEVEN + 5 * MINUTE, line(SEVEN + 5 * MINUTE))
    assert vouched(site, SEVEN + 2 * MINUTE)
    assert "by word of the terminal" in state(site)
    upload(site, SEVEN + 9 * MINUTE, line(SEVEN + 9 * MINUTE), who=STRANGER)
    assert not vouched(site, SEVEN + 6 * MINUTE)


def test_t24_what_only_a_stranger_brought_is_not_held_of_the_terminal(behind_proxy: Site) -> None:
    """One line by a stranger must neither make up for one that is missing nor make the count unequal for ever."""
    site = behind_proxy
    greet(site)
    upload(site, SEVEN, line(SEVEN), stamp=1)
    upload(site, SEVEN + 3 * MINUTE, line(SEVEN + MINUTE, "666"), who=STRANGER)
    answer(site, SEVEN + 5 * MINUTE, counts(2))
    assert not vouched(site, SEVEN + 2 * MINUTE)
    answer(site, SEVEN + 20 * MINUTE, counts(1))
    assert vouched(site, SEVEN + 2 * MINUTE)


@pytest.mark.parametrize("who", [TERMINAL, STRANGER])
def test_t25_one_old_line_takes_nothing_of_what_comes_later(behind_proxy: Site, who: str) -> None:
    """Before: one line of 07:03 behind a proof up to 07:08, and no later upload ever proved a minute."""
    site = behind_proxy
    greet(site)
    answer(site, SEVEN, refuses)
    for minute in (0, 5, 10):
        upload(site, SEVEN + minute * MINUTE, line(SEVEN + minute * MINUTE))
    upload(site, SEVEN + 11 * MINUTE, line(SEVEN + 3 * MINUTE, "7"), who=who)
    upload(site, SEVEN + 15 * MINUTE, line(SEVEN + 15 * MINUTE))
    assert vouched(site, SEVEN + 12 * MINUTE)


def test_t25_an_old_line_that_is_no_punch_costs_the_minutes_between_its_neighbours(behind_proxy: Site) -> None:
    site = behind_proxy
    greet(site)
    answer(site, SEVEN, refuses)
    upload(site, SEVEN, line(SEVEN))
    records = [
        line(SEVEN + MINUTE),
        b"7\t2000-01-01 00:00:07\t0\t1\n",
        line(SEVEN + 2 * MINUTE),
        line(SEVEN + 9 * MINUTE),
    ]
    upload(site, SEVEN + 9 * MINUTE, *records)
    assert [vouched(site, SEVEN + second * timedelta(seconds=1)) for second in (30, 90, 150, 400)] == [
        True,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("request_of", ["upload", "poll"])
def test_t26_a_flood_in_its_name_takes_nothing_of_the_terminals_own_requests(
    behind_proxy: Site, request_of: str
) -> None:
    """Before: 101 `GET ping?SN=S1` in a second from anywhere, and the terminal's own upload got 429."""
    site = behind_proxy
    flood = [status(site.raw(get("ping?SN=S1", STRANGER))) for _ in range(125)]
    assert 429 in flood
    if request_of == "upload":
        assert status(upload(site, SEVEN, line(SEVEN))) == 200
    else:
        assert status(site.raw(get("getrequest?SN=S1", TERMINAL))) == 200


def test_t26_refusing_a_stranger_leaves_no_hole_in_what_the_terminal_vouches_for(behind_proxy: Site) -> None:
    """Before: `POST cdata?SN=S1&table=rtlog` without a length, each minute, and nothing was vouched for any more."""
    site = behind_proxy
    greet(site)
    answer(site, SEVEN, refuses)
    upload(site, SEVEN, line(SEVEN))
    site.now = lambda: SEVEN + 5 * MINUTE
    refused = site.raw(f"POST /iclock/cdata?SN=S1&table=rtlog HTTP/1.1\r\nHost: x\r\n{STRANGER}\r\n".encode())
    assert status(refused) == 411
    site.raw(post(b"apa saja\n", path="cdata?SN=S1&table=sesuatubaru", more=STRANGER))
    upload(site, SEVEN + 9 * MINUTE, line(SEVEN + 9 * MINUTE))
    assert vouched(site, SEVEN + 3 * MINUTE)
