"""What somebody with a browser, or with something that looks like one, does to the pages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ekinerja_agent.central.access import audit
from ekinerja_agent.web.app import create_app
from tests.board.conftest import LATE, County, csrf

NO_TOKENS = ["%C3%A9", "%F0%9F%92%A3" * 64, "%ED%B2%80", "%00", "a" * 64, "%FF", "a" * 60_000]


@pytest.mark.parametrize("token", NO_TOKENS)
def test_t29_a_form_whose_token_is_any_bytes_is_refused_and_no_error(county: County, token: str) -> None:
    """Before: letters outside ASCII were answered with 500."""
    county.account("op", "operator")
    browser = county.enter("op")
    assert csrf(browser.get("/password").text) != token
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.post("/logout", content="csrf=a", headers=form | {"origin": "http://[::1"}).status_code == 403
    answer = browser.post("/logout", content=f"csrf={token}", headers=form)
    assert answer.status_code in {400, 403}
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/login/", "/units/", "/activity/", "//evil.test/", "/\\evil.test/", "/public//"])
def test_t29_no_answer_leads_to_the_host_that_a_visitor_named(county: County, path: str) -> None:
    """Before: `/login/` was sent on to whatever `Host` said."""
    answer = county.browser().get(path, headers={"host": "evil.test"})
    assert "evil" not in answer.headers.get("location", "")


@pytest.mark.parametrize("host", ["evil.test", "", "board.test.evil.test", "[::1", "board.test@evil.test", "é"])
def test_t29_pages_answer_under_their_own_names_alone_where_these_are_told(county: County, host: str) -> None:
    site = replace(county.site, hosts=lambda: ("Board.test",))
    county.app = create_app(lambda: None, site=site)
    browser = county.browser()
    assert browser.get("/login", headers={"host": host.encode()}).status_code == 400
    assert browser.get("/login", headers={"host": "board.test:8460"}).status_code == 200
    assert browser.get("/health", headers={"host": host.encode()}).status_code != 400


def test_t29_who_asks_in_vain_without_end_fills_no_audit_log(county: County) -> None:
    """Before: each refused request added a row, with as much of the address as there was."""
    county.account("budi", "employee", nip=LATE)
    browser = county.enter("budi")
    for number in range(75):
        assert browser.get(f"/unit/{'x' * 15_000}{number}/2026-09").status_code == 403

    def refused() -> list[tuple[str, dict[str, str]]]:
        rows = [row for row in audit.rows(county.engine) if row["action"] == "look.refused"]
        return [(row["subject"], row["details"]) for row in rows]

    assert len(refused()) == 60
    assert max(len(subject) + len(str(details)) for subject, details in refused()) < 500
    began = county.now
    for _ in range(4):  # a session that is not used for a while ends
        assert browser.get("/password").status_code == 200
        county.later(minutes=16)
    browser.get("/password")
    assert refused()[60:] == [("", {"more": 15, "since": began.isoformat()})]
    assert browser.get("/unit/DISDIK/2026-09").status_code == 403
    assert [subject for subject, _ in refused()[61:]] == ["DISDIK"]
