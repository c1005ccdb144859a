"""Ways in: passwords, sessions, forms from elsewhere, guessing, and what headers promise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from ekinerja_agent.central.access import accounts, audit, logins
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.access import login_failures, sessions
from ekinerja_agent.central.store.tables.access import passwords as kept
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.secrets import passwords
from ekinerja_agent.usecases.access.logins import PER_ADDRESS, PER_PAIR, give_password
from ekinerja_agent.web.request_context import COOKIE, MOST_BODY_BYTES
from tests.board.conftest import LATE, PASSWORD, County, csrf
from tests.journey.conftest import Installation

Enter = Callable[..., TestClient]


def actions(county: County) -> list[str]:
    return [row["action"] for row in audit.rows(county.engine)]


def test_a_first_password_opens_no_page_but_that_which_changes_it(county: County) -> None:
    county.account("budi", "employee", nip=LATE)
    browser = county.browser()
    assert browser.get("/me").headers["location"] == "/login"
    browser.post("/login", data={"name": "budi", "password": "for one login"})
    assert browser.get("/me").headers["location"] == "/password"
    form = {"old": "for one login", "new": PASSWORD, "again": PASSWORD, "csrf": csrf(browser.get("/password").text)}
    assert browser.post("/password", data=form | {"again": "x"}).status_code == 400
    assert browser.post("/password", data=form | {"new": "short", "again": "short"}).status_code == 400
    assert browser.post("/password", data=form | {"new": "for one login", "again": "for one login"}).status_code == 400
    assert browser.get("/me").headers["location"] == "/password"
    assert browser.post("/password", data=form).status_code == 303
    assert browser.get("/me").status_code == 200


def test_the_database_tells_no_password_and_no_token(county: County, enter: Enter) -> None:
    browser = enter("budi", "employee", nip=LATE)
    with reading(county.engine) as conn:
        digests = set(conn.scalars(select(sessions.c.token_digest)))
        hashes = set(conn.scalars(select(kept.c.hash)))
    assert len(digests) == 1
    assert browser.cookies[COOKIE] not in digests
    assert all(one.startswith("$argon2id$") for one in hashes)
    browser.cookies.set(COOKIE, digests.pop(), domain="board.test", path="/")
    assert browser.get("/me").headers["location"] == "/login"


@pytest.mark.parametrize("idle", [True, False])
def test_a_session_ends_when_it_is_idle_and_at_the_latest_after_hours(county: County, enter: Enter, idle: bool) -> None:
    browser = enter("budi", "employee", nip=LATE)
    if idle:
        county.later(minutes=59)
        assert browser.get("/me").status_code == 200
        county.later(minutes=61)
    else:
        for _ in range(15):
            county.later(minutes=47)
            assert browser.get("/me").status_code == 200
        county.later(minutes=20)
    assert browser.get("/me").headers["location"] == "/login"


def test_logout_a_new_password_and_a_disabled_account_end_sessions(county: County, enter: Enter) -> None:
    first = enter("budi", "employee", nip=LATE)
    second = county.browser()
    second.post("/login", data={"name": "budi", "password": PASSWORD})
    form = {"old": PASSWORD, "new": PASSWORD + "!", "again": PASSWORD + "!", "csrf": csrf(second.get("/password").text)}
    assert second.post("/password", data=form).status_code == 303
    assert first.get("/me").headers["location"] == "/login"
    assert second.get("/me").status_code == 200
    stolen = second.cookies[COOKIE]
    second.post("/logout", data={"csrf": csrf(second.get("/me").text)})
    third = county.browser()
    third.cookies.set(COOKIE, stolen, domain="board.test", path="/")
    assert third.get("/me").headers["location"] == "/login"
    third.post("/login", data={"name": "budi", "password": PASSWORD + "!"})
    assert third.get("/me").status_code == 200
    accounts.disable(county.engine, "budi", by=county.operator, now=county.now)
    assert third.get("/me").headers["location"] == "/login"
    assert third.post("/login", data={"name": "budi", "password": PASSWORD + "!"}).status_code == 401
    assert audit.verify(county.engine).rows == len(actions(county))


def test_an_unknown_account_and_a_wrong_password_get_the_same_answer(county: County, enter: Enter) -> None:
    enter("budi", "employee", nip=LATE)
    answers = [
        county.browser().post("/login", data={"name": name, "password": "not that one"}) for name in ("budi", "nobody")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].text == answers[1].text


def test_guessing_an_account_ends_even_for_the_right_password_and_survives_a_restart(
    county: County, enter: Enter
) -> None:
    enter("budi", "employee", nip=LATE)
    guesser = county.browser()
    for _ in range(PER_PAIR):
        assert guesser.post("/login", data={"name": "budi", "password": "a guess"}).status_code == 401
    again = County(county.engine, county.operator)  # a restarted service
    assert again.browser().post("/login", data={"name": "budi", "password": PASSWORD}).status_code == 401
    assert actions(county).count("login.blocked") == 1
    again.later(minutes=16)
    assert again.browser().post("/login", data={"name": "budi", "password": PASSWORD}).status_code == 303


def test_guessing_over_many_accounts_ends_by_the_address_and_is_forgotten(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = [logins.Limit("address 10.20.3.7", PER_ADDRESS)]
    for _ in range(PER_ADDRESS):
        logins.failed(county.engine, limits, address="10.20.3.7", now=county.now)
    county.account("budi", "employee", nip=LATE)
    answer = county.browser().post("/login", data={"name": "budi", "password": "for one login"})
    assert answer.status_code == 401
    county.later(minutes=16)
    logins.failed(county.engine, [logins.Limit("account x", 8)], address="z", now=county.now)
    with reading(county.engine) as conn:
        assert len(conn.scalars(select(login_failures.c.subject)).all()) == 1


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({}, {}),
        ({"csrf": "0" * 64}, {}),
        (None, {"origin": "http://evil.test"}),
        (None, {"origin": "null"}),
        (None, {"sec-fetch-site": "cross-site"}),
    ],
)
def test_a_form_from_elsewhere_is_not_heard(
    county: County, enter: Enter, form: dict[str, str] | None, headers: dict[str, str]
) -> None:
    browser = enter("budi", "employee", nip=LATE)
    sent = {"csrf": csrf(browser.get("/me").text)} if form is None else form
    assert browser.post("/logout", data=sent, headers=headers).status_code == 403
    assert browser.get("/me").status_code == 200


def test_nobody_is_logged_in_from_another_site(county: County) -> None:
    county.account("budi", "employee", nip=LATE)
    form = {"name": "budi", "password": "for one login"}
    assert county.browser().post("/login", data=form, headers={"origin": "http://evil.test"}).status_code == 403
    same = county.browser().post("/login", data=form, headers={"origin": "http://board.test"})
    assert same.status_code == 303


def test_the_token_of_one_session_is_none_of_another(county: County, enter: Enter) -> None:
    mine, other = enter("budi", "employee", nip=LATE), enter("cici", "payroll")
    assert other.post("/logout", data={"csrf": csrf(mine.get("/me").text)}).status_code == 403


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * (MOST_BODY_BYTES + 1), "application/x-www-form-urlencoded", 413),
        (b"a=1&" * 60, "application/x-www-form-urlencoded", 400),
        (b"name=%ff", "application/x-www-form-urlencoded", 400),
        (b"\xff", "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 400),
        (b"name=" + b"a" * 50_000 + b"&password=" + b"b" * 9_000, "application/x-www-form-urlencoded", 401),
        (b"name=%00&password=%00", "application/x-www-form-urlencoded", 401),
    ],
)
def test_a_body_that_cannot_be_meant_is_answered_and_not_kept(
    county: County, body: bytes, kind: str, status: int
) -> None:
    answer = county.browser().post("/login", content=body, headers={"content-type": kind})
    assert answer.status_code == status


def test_every_page_is_private_and_runs_nothing(county: County, enter: Enter) -> None:
    browser = enter("budi", "employee", nip=LATE)
    for path in ("/me", "/password", "/login", "/unit/DINKES/2026-09", "/nothing"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] in {"same-origin", "no-referrer"}


@pytest.mark.parametrize(("secure", "said"), [(True, True), (False, False)])
def test_cookies_are_for_the_browser_alone(county: County, secure: bool, said: bool) -> None:
    county.account("budi", "employee", nip=LATE)
    object.__setattr__(county.site, "secure", lambda: secure)
    cookie = county.browser().post("/login", data={"name": "budi", "password": "for one login"}).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert ("Secure" in cookie) is said


def test_a_language_is_kept_and_leads_nowhere_else(county: County) -> None:
    browser = county.browser()
    assert "Masuk" in browser.get("/login").text
    assert browser.get("/language/en?to=/login").headers["location"] == "/login"
    assert "Log in" in browser.get("/login").text
    for away in ("//evil.test", "https://evil.test", "/\\evil.test", "javascript:1"):
        assert browser.get("/language/id", params={"to": away}).headers["location"] == "/"
    assert browser.get("/language/xx").status_code == 400


def test_only_an_operator_gives_passwords_and_only_good_ones(county: County) -> None:
    payroll = county.account("pay", "payroll")
    with pytest.raises(Refused, match="operator"):
        give_password(county.engine, "pay", by=payroll, now=county.now)
    with pytest.raises(WrongUsage, match="10 to 200"):
        give_password(county.engine, "pay", by=county.operator, now=county.now, password="short")
    with pytest.raises(WrongUsage, match="no account x"):
        give_password(county.engine, "x", by=county.operator, now=county.now)
    made = {give_password(county.engine, "pay", by=county.operator, now=county.now) for _ in range(3)}
    assert len(made) == 3


def test_a_hash_fits_its_password_alone() -> None:
    kept_hash = passwords.hashed(PASSWORD)
    assert passwords.matches(PASSWORD, kept_hash)
    assert not passwords.matches(PASSWORD + " ", kept_hash)
    assert not passwords.matches(PASSWORD, None)
    assert not passwords.matches(PASSWORD, "not a hash")
    assert not passwords.matches("x" * 201, kept_hash)


def test_the_command_prints_a_password_for_one_login(county: County, tmp_path: Path, county_url: str) -> None:
    installation = Installation(tmp_path, county_url)
    installation.ok("account", "add", "dewi", "--role", "payroll")
    printed = installation.ok("account", "password", "dewi").strip()
    browser = county.browser()
    assert browser.post("/login", data={"name": "dewi", "password": printed}).status_code == 303
    assert browser.get("/").headers["location"] == "/password"


def test_another_account_logs_in_where_one_is_and_a_glance_is_no_attempt(county: County, enter: Enter) -> None:
    browser = enter("budi", "employee", nip=LATE)
    county.account("pay", "payroll")
    form = {"name": "pay", "password": "for one login", "csrf": csrf(browser.get("/login").text)}
    assert browser.post("/login", data=form).headers["location"] == "/"
    assert browser.get("/").headers["location"] == "/password"
    assert county.browser().head("/login").status_code == 200
    with reading(county.engine) as conn:
        assert conn.scalars(select(login_failures.c.subject)).all() == []
