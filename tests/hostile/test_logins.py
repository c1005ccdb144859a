"""What somebody does at the door of the pages to guess a password, or to keep another person out."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from ekinerja_agent.central.access import audit, logins
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.access import login_failures
from ekinerja_agent.usecases.access import logins as entering
from ekinerja_agent.usecases.access.logins import PER_ADDRESS, PER_PAIR
from ekinerja_agent.web.app import create_app
from ekinerja_agent.web.request_context import COOKIE, DEVICE_COOKIE
from tests.board.conftest import LATE, OTHER, PASSWORD, County

HOME, AWAY = "10.20.3.8", "10.9.9.9"


@pytest.fixture
def door(county: County) -> County:
    """The pages behind a proxy of ours, and Budi, who chose a password on a browser of his."""
    county.site = replace(county.site, proxies=lambda: [ip_network("10.20.3.7")])
    county.app = create_app(lambda: None, site=county.site)
    county.account("budi", "employee", nip=LATE)
    return county


def tries(browser: TestClient, name: str, password: str, source: str = AWAY) -> int:
    form = {"name": name, "password": password}
    return browser.post("/login", data=form, headers={"x-forwarded-for": source}).status_code


def known_device(door: County, name: str) -> TestClient:
    """A browser on which somebody entered before and went away."""
    entered, browser = door.enter(name), door.browser()
    browser.cookies.set(DEVICE_COOKIE, entered.cookies[DEVICE_COOKIE], domain="board.test", path="/")
    return browser


def guess(door: County, name: str, times: int, source: str = AWAY) -> None:
    for _ in range(times):
        assert tries(door.browser(), name, "a guess", source) == 401


def test_t34_eight_wrong_passwords_of_somebody_keep_nobody_else_out(door: County) -> None:
    """Eight calls of `log_in` with a guess from 10.9.9.9, then one with the right password from 10.20.3.7: None."""
    known = known_device(door, "budi")
    guess(door, "budi", PER_PAIR)
    assert tries(door.browser(), "budi", PASSWORD) == 401, "who guessed waits, whatever they type now"
    assert tries(door.browser(), "budi", PASSWORD, HOME) == 303
    guess(door, "budi", PER_PAIR, HOME)
    assert tries(door.browser(), "budi", PASSWORD, HOME) == 401
    assert tries(known, "budi", PASSWORD, HOME) == 303, "a device of before still gets in"
    door.later(minutes=16)
    assert tries(door.browser(), "budi", PASSWORD) == 303


def test_t34_a_whole_office_behind_one_address_gets_in_with_its_devices(door: County) -> None:
    known = known_device(door, "budi")
    for number in range(PER_ADDRESS):
        guess(door, f"somebody{number}", 1, HOME)
    assert tries(door.browser(), "budi", PASSWORD, HOME) == 401
    assert tries(known, "budi", PASSWORD, HOME) == 303


def test_t34_who_guesses_from_many_places_is_slowed_down_and_still_keeps_no_device_out(
    door: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "PER_ACCOUNT", 10)
    known = known_device(door, "budi")
    for number in range(10):
        guess(door, "budi", 1, f"10.9.{number}.9")
    assert tries(door.browser(), "budi", PASSWORD, "10.9.77.9") == 401
    assert tries(known, "budi", PASSWORD) == 303
    assert tries(door.browser(), "budi", PASSWORD, "10.9.77.9") == 401, "a login elsewhere gives no new guesses"


def test_t34_a_network_of_addresses_is_one_place(door: County) -> None:
    door.enter("budi")
    for number in range(PER_PAIR):
        guess(door, "budi", 1, f"2001:db8::{number + 1:x}")
    assert tries(door.browser(), "budi", PASSWORD, "2001:db8::ffff") == 401
    assert tries(door.browser(), "budi", PASSWORD, "2001:db8:1::1") == 303


def test_t34_a_device_has_its_own_eight_and_nobody_makes_one_up(door: County) -> None:
    known = known_device(door, "budi")
    door.account("cici", "employee", nip=OTHER)
    other = known_device(door, "cici")
    guess(door, "budi", PER_PAIR)
    mine = known.cookies[DEVICE_COOKIE]
    for made_up in (
        other.cookies[DEVICE_COOKIE],
        f"{mine.partition('.')[0]}.{'0' * 64}",
        f"{other.cookies[DEVICE_COOKIE].partition('.')[0]}.{mine.partition('.')[2]}",
        mine.upper(),
        "." * 9_000,
        "\u00e9".encode().decode("latin-1"),
    ):
        browser = door.browser()
        headers = {"x-forwarded-for": AWAY, "cookie": f"{DEVICE_COOKIE}={made_up}".encode("latin-1")}
        answer = browser.post("/login", data={"name": "budi", "password": PASSWORD}, headers=headers)
        assert answer.status_code == 401, made_up
    for _ in range(PER_PAIR):
        assert tries(known, "budi", "a guess", HOME) == 401
    assert tries(known, "budi", PASSWORD, HOME) == 401
    assert tries(door.browser(), "budi", PASSWORD, HOME) == 303


def test_t34_a_new_password_ends_the_devices_of_before_but_the_one_it_was_chosen_on(door: County) -> None:
    known = known_device(door, "budi")
    before = known.cookies[DEVICE_COOKIE]
    door.account("cici", "employee", nip=OTHER)
    form = {"name": "cici", "password": "for one login"}
    assert known.post("/login", data=form).headers["location"] == "/"
    (name, *marks), (same, *earlier) = known.cookies[DEVICE_COOKIE].split("."), before.split(".")
    assert (name, marks[1:]) == (same, earlier), "one device, on which two people entered"
    known.cookies.delete(COOKIE, domain="board.test", path="/")
    entering.give_password(door.engine, "budi", by=door.operator, now=door.now, password="for one login")
    guess(door, "budi", PER_PAIR, HOME)
    assert tries(known, "budi", "for one login", HOME) == 401


def test_t34_nothing_tells_whether_an_account_exists(door: County, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is typed: the same answers after as many tries, the same work, and no device where nobody got in."""
    door.enter("budi")
    checked: list[bool] = []
    right = entering.passwords.matches
    monkeypatch.setattr(entering.passwords, "matches", lambda typed, kept: checked.append(True) or right(typed, kept))

    def seen(name: str, source: str) -> list[tuple[int, str, bool, int]]:
        shown = []
        for _ in range(PER_PAIR + 2):
            checked.clear()
            form = {"name": name, "password": "a guess"}
            answer = door.browser().post("/login", data=form, headers={"x-forwarded-for": source})
            shown.append((answer.status_code, answer.text, DEVICE_COOKIE in answer.cookies, len(checked)))
        return shown

    assert seen("budi", "10.9.1.1") == seen("nobody", "10.9.1.2")
    assert len({row["subject"] for row in audit.rows(door.engine) if row["action"] == "login.blocked"}) == 1


def test_t34_failures_without_end_fill_no_table_and_free_nobody_who_waits(
    door: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logins, "MOST_SUBJECTS", 12)
    door.enter("budi")
    guess(door, "budi", PER_PAIR)
    for number in range(20):
        guess(door, f"somebody{number}", 1, f"10.9.{number}.1")
    with reading(door.engine) as conn:
        assert (conn.scalar(select(func.count()).select_from(login_failures)) or 0) <= 12
    assert tries(door.browser(), "budi", PASSWORD) == 401


def test_t34_an_operator_lets_somebody_in_at_once(door: County) -> None:
    door.enter("budi")
    guess(door, "budi", PER_PAIR, HOME)
    assert tries(door.browser(), "budi", PASSWORD, HOME) == 401
    assert logins.unlock(door.engine, "budi", by=door.operator, now=door.now) == 2
    assert tries(door.browser(), "budi", PASSWORD, HOME) == 303
