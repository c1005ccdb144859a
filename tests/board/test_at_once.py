"""Many readers at the same moment, over sockets of a real server: each holds one connection at most, and a form that is
sent ten times enters one activity.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from datetime import date, time
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from ekinerja_agent.central.imported import activities
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.usecases.deciding import activities as life
from ekinerja_agent.usecases.deciding.activities import Desk, Work
from ekinerja_agent.web.request_context import COOKIE, FORMS_AT_ONCE
from ekinerja_agent.web.server import WebServer, bind
from ekinerja_agent.yamlfile.scalars import HostPort
from tests.board.conftest import HEAD, LATE, OTHER, County, csrf
from tests.proof.at_once import at_once
from tests.proof.one_connection import OneConnection

Enter = Callable[..., TestClient]
Send = Callable[[TestClient, str, dict[str, str]], Callable[[], int]]
WORK = {"date": "2026-09-29", "start": "09:00", "end": "10:00", "description": "Rapat", "do": "enter"}
APPROVALS = 40
"""More than the pool has connections, each of which took two."""


@pytest.fixture
def served(county: County) -> Iterator[int]:
    """The port of a server that shows the county."""
    listener = bind(HostPort("127.0.0.1", 0), "agent.yaml")
    server = WebServer(listener, county.app)
    yield listener.getsockname()[1]
    server.stop()


@pytest.fixture
def send(served: int) -> Send:
    """Given somebody who is logged in, makes what sends a form over a connection of its own, and returns the status."""

    def prepared(browser: TestClient, path: str, form: dict[str, str]) -> Callable[[], int]:
        body = urlencode(form | {"csrf": csrf(browser.get("/password").text)})
        headers = {"Cookie": f"{COOKIE}={browser.cookies[COOKIE]}", "Content-Type": "application/x-www-form-urlencoded"}

        def sent() -> int:
            connection = http.client.HTTPConnection("127.0.0.1", served, timeout=120)
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            connection.close()
            return answer.status

        return sent

    return prepared


def statuses(county: County) -> list[str]:
    with reading(county.engine) as conn:
        return [row["status"] for row in activities.rows(conn)]


def test_a_form_that_is_sent_ten_times_at_once_enters_one_activity(county: County, enter: Enter, send: Send) -> None:
    budi = enter("budi", "employee", nip=LATE)
    assert at_once([send(budi, "/activities", WORK)] * 10) == [303] * 10
    assert statuses(county) == ["pending"]


def test_of_ten_forms_that_overlap_one_is_taken(county: County, enter: Enter, send: Send) -> None:
    budi = enter("budi", "employee", nip=LATE)
    forms = [send(budi, "/activities", WORK | {"start": f"09:{n:02}", "end": f"10:{n:02}"}) for n in range(10)]
    assert sorted(map(int, map(str, at_once(forms)))) == [303] + [400] * 9
    assert statuses(county) == ["pending"]


def test_a_draft_that_is_sent_to_the_superior_ten_times_at_once_is_one(
    county: County, enter: Enter, send: Send
) -> None:
    budi = enter("budi", "employee", nip=LATE)
    assert send(budi, "/activities", WORK | {"do": "draft"})() == 303
    with reading(county.engine) as conn:
        (draft,) = activities.rows(conn)
    again = send(budi, "/activities", WORK | {"replaces": draft["id"], "end": "11:00"})
    assert at_once([again] * 10) == [303] * 10
    assert statuses(county) == ["pending"]


def test_forty_approvals_at_once_are_all_heard(
    county: County, enter: Enter, send: Send, connections: OneConnection
) -> None:
    """Each holds one connection at most: the fixture `connections` of all tests sees to it."""
    budi, head = county.account("budi", "employee", nip=LATE), enter("kepala", "head", nip=HEAD)
    desk = Desk(county.engine, county.site.rules(), county.site.profile(), budi, county.now)
    minutes = range(0, 10 * APPROVALS, 10)
    starts = [(time(at // 60, at % 60), time((at + 10) // 60, (at + 10) % 60)) for at in minutes]
    ids = [life.add(desk, Work(LATE, date(2026, 9, 29), start, end, "Rapat")) for start, end in starts]
    forms = [send(head, "/activities/waiting", {"id": one, "do": "approve"}) for one in ids]
    before = connections.opened
    assert at_once(forms) == [303] * APPROVALS
    assert connections.opened - before == 2 * APPROVALS, "one to know who asks, one to decide"
    assert statuses(county) == ["approved"] * APPROVALS


@pytest.mark.parametrize(
    ("path", "looked"), [("/me", False), (f"/person/{LATE}/2026-09", True), ("/activities", False)]
)
def test_a_persons_page_takes_one_transaction_to_read_and_one_to_note_the_look(
    county: County, enter: Enter, connections: OneConnection, path: str, looked: bool
) -> None:
    head = enter("kepala", "head", nip=HEAD)
    before = connections.opened
    assert head.get(path).status_code == 200
    assert connections.opened - before == 1 + looked


def test_a_look_that_was_refused_is_written_down_before_it_is_answered(county: County, enter: Enter) -> None:
    cici = enter("cici", "employee", nip=OTHER)
    assert cici.get(f"/person/{LATE}/2026-09").status_code == 403
    with county.engine.connect() as conn:
        actions = conn.exec_driver_sql("select action from audit where actor = 'cici' order by id").scalars().all()
    assert actions[-1] == "look.refused"


def test_a_session_stays_open_while_it_is_used_and_that_is_noted_once_a_minute(
    county: County, enter: Enter, connections: OneConnection
) -> None:
    budi = enter("budi", "employee", nip=LATE)
    for minutes, noted in ((2, 1), (0, 0), (50, 1), (50, 1)):
        county.later(minutes=minutes)
        before = connections.opened
        assert budi.get("/me").status_code == 200
        assert connections.opened - before == 1 + noted


def test_whoever_waits_for_a_turn_holds_no_connection(enter: Enter, send: Send, connections: OneConnection) -> None:
    form = send(enter("budi", "employee", nip=LATE), "/activities", WORK)
    connections.most = 0
    assert at_once([form] * (2 * APPROVALS)) == [303] * (2 * APPROVALS)
    assert 1 <= connections.most <= FORMS_AT_ONCE
