"""What holds for every page of the board, also for one that is added tomorrow: it is asked by its route.

Nobody reads another person's data by its address, no form is heard without the session's token, nonsense is
answered, and an Indonesian page says nothing in English.
"""

from __future__ import annotations

import html
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.routing import Route
from starlette.testclient import TestClient

from ekinerja_agent.web import request_context
from ekinerja_agent.web.app import board_routes
from ekinerja_agent.web.request_context import COOKIE
from ekinerja_agent.web.server import WebServer, bind
from ekinerja_agent.yamlfile.scalars import HostPort
from tests.board.conftest import EVIL_NIP, HEAD, LATE, OTHER, County, csrf
from tests.proof.english import english_in

Enter = Callable[..., TestClient]
PUBLIC = {"/login", "/logout", "/language/{lang}", "/static/board.css"}
DAYS = ("2026-09", "2026-09-07", "2026-09-30")


def routes(county: County, method: str) -> list[str]:
    return sorted(
        one.path for one in board_routes(county.site) if isinstance(one, Route) and method in (one.methods or ())
    )


def paths(county: County, nip: str, unit: str, method: str = "GET") -> list[str]:
    """Every address that may lead to a person or a unit; what a place of a route is not known for is a month."""
    known = {"nip": nip, "unit": unit, "lang": "id"}
    found: dict[str, None] = {}
    for route in routes(county, method):
        for day in DAYS:
            found[re.sub(r"\{(\w+)(:\w+)?\}", lambda place, day=day: known.get(place[1], day), route)] = None
    return list(found)


def test_nobody_reads_another_persons_data_by_any_address(county: County, enter: Enter) -> None:
    stranger = county.browser()
    for path in paths(county, OTHER, "DISDIK"):
        answer = stranger.get(path)
        public = "/login" in path or path.startswith(("/language", "/static", "/public"))
        assert public or answer.headers.get("location") == "/login", path
        assert OTHER not in answer.text
    roles = {"employee": (LATE,), "head": (HEAD,), "payroll": (None,), "operator": (None,)}
    readers = {role: enter(role, role, nip=nip) for role, (nip,) in roles.items()}
    nobody = enter("nobody", "employee")
    for path in paths(county, OTHER, "DISDIK"):
        for browser in (readers["employee"], readers["head"], nobody):
            text = browser.get(path).text
            assert "Cici" not in text, path
            assert text.count(OTHER) == path.count(OTHER) * text.count(path), path
    for path in paths(county, EVIL_NIP, "PKM"):
        text = readers["employee"].get(path).text
        assert "alert(" not in text, path
    shown = [role for role, browser in readers.items() if "Cici" in browser.get("/unit/DISDIK/2026-09").text]
    assert shown == ["payroll", "operator"]


@pytest.mark.parametrize("county_url", ["sqlite"], indirect=True)
def test_no_indonesian_page_says_anything_in_english(county: County, enter: Enter) -> None:
    browser = enter("kepala", "head", "operator", "payroll", nip=HEAD)
    browser.get("/language/id")
    token = csrf(browser.get("/password").text)
    asked = [(path, browser.get(path)) for path in paths(county, LATE, "DINKES") if not path.startswith("/language")]
    wrong = {
        "csrf": token,
        "id": "7",
        "number": "7",
        "start": "25",
        "end": "x",
        "do": "approve",
        "old": "a",
        "new": "b",
    }
    asked += [
        (path, browser.post(path, data=wrong)) for path in paths(county, LATE, "DINKES", "POST") if "/log" not in path
    ]
    assert len(asked) > 20
    for path, answer in asked:
        text = html.unescape(re.sub(r"<[^>]+>", " ", answer.text))
        assert english_in(text) == [], path


def test_no_form_is_heard_without_the_token_of_the_session(county: County, enter: Enter) -> None:
    browser, other = enter("kepala", "head", "operator", nip=HEAD), enter("budi", "employee", nip=LATE)
    foreign = csrf(other.get("/password").text)
    asked = [path for path in paths(county, HEAD, "DINKES", "POST") if path != "/login"]
    assert len(asked) > 5
    for path in asked:
        for form in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": foreign}):
            assert browser.post(path, data=form).status_code == 403, path
        own = {"csrf": csrf(browser.get("/password").text)}
        for headers in ({"origin": "http://evil.test"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
            assert browser.post(path, data=own, headers=headers).status_code == 403, path
    assert browser.get("/password").status_code == 200


def test_a_token_that_was_there_before_the_login_is_worth_nothing(county: County) -> None:
    county.account("budi", "employee", nip=LATE)
    browser = county.browser()
    browser.cookies.set(COOKIE, "planted", domain="board.test", path="/")
    answer = browser.post("/login", data={"name": "budi", "password": "for one login"})
    assert "planted" not in answer.headers["set-cookie"]
    victim = county.browser()
    victim.cookies.set(COOKIE, "planted", domain="board.test", path="/")
    assert victim.get("/password").headers["location"] == "/login"
    first = answer.cookies[COOKIE]
    again = county.browser()
    again.cookies.set(COOKIE, first, domain="board.test", path="/")
    form = {"name": "budi", "password": "for one login", "csrf": csrf(again.get("/password").text)}
    assert again.post("/login", data=form).cookies[COOKIE] != first
    old = county.browser()
    old.cookies.set(COOKIE, first, domain="board.test", path="/")
    assert old.get("/password").headers["location"] == "/login"


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30)


@pytest.mark.parametrize("county_url", ["sqlite"], indirect=True)
def test_nonsense_is_answered(county: County, enter: Enter) -> None:
    browser = enter("kepala", "head", "operator", nip=HEAD)
    token = csrf(browser.get("/password").text)
    every = sorted(set(routes(county, "GET") + routes(county, "POST")) - {"/logout", "/login", "/password"})

    @settings(max_examples=80, database=None, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from(every),
        st.lists(
            WORDS | st.sampled_from([*DAYS, HEAD, "DINKES", "9999-12-31", "0001-01", "-1"]), min_size=4, max_size=4
        ),
        st.dictionaries(WORDS | st.sampled_from("q state page month edit to".split()), WORDS, max_size=3),
        st.none()
        | st.dictionaries(
            WORDS
            | st.sampled_from("do id number date code scan reason start end minutes replaces description".split()),
            WORDS | st.sampled_from("submit withdraw object accept reject approve return draft 2026-09-07 TL3".split()),
            max_size=6,
        ),
    )
    @example("/unit/{unit}/{when}", ["DINKES", "9999-12-31", "", ""], {}, None)
    def ask(route: str, words: list[str], query: dict[str, str], form: dict[str, str] | None) -> None:
        given_words = iter(words)
        path = re.sub(r"\{\w+(:\w+)?\}", lambda _: quote(next(given_words), safe=""), route)
        if form is None:
            answer = browser.get(path, params=query)
        else:
            answer = browser.post(path, params=query, data=form | {"csrf": token})
        assert answer.status_code in {200, 303, 307, 400, 403, 404, 405}, (path, query, form)

    ask()
    assert browser.get("/password").status_code == 200


@contextmanager
def served(county: County) -> Iterator[Callable[[bytes], bytes]]:
    """A real server; yields what sends bytes and returns what came until the connection ended."""
    listener = bind(HostPort("127.0.0.1", 0), "agent.yaml")
    server = WebServer(listener, county.app)

    def send(sent: bytes) -> bytes:
        with socket.create_connection(listener.getsockname(), timeout=120) as connection:
            connection.sendall(sent)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    try:
        yield send
    finally:
        server.stop()


@pytest.mark.parametrize("county_url", ["sqlite"], indirect=True)
def test_a_form_that_does_not_end_is_hung_up_on(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_context, "FORM_WITHIN_S", 0.2)
    head = b"POST /login HTTP/1.1\r\nHost: board.test\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    with served(county) as send:
        assert send(head + b"Content-Length: 500\r\n\r\nname=bu").startswith(b"HTTP/1.1 408")
        assert send(head + b"Content-Length: 70000\r\n\r\n" + b"x" * 66_000).startswith(b"HTTP/1.1 413")
        assert send(head + b"Content-Length: 3\r\nConnection: close\r\n\r\na=1").startswith(b"HTTP/1.1 401")
