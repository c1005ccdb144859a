"""What pages say, to whom, and what is written down of each look."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from ekinerja_agent.central.access import audit
from tests.board.conftest import EVIL, EVIL_NIP, HEAD, LATE, OTHER, County, csrf

Enter = Callable[..., TestClient]
MONTH = "2026-09"


class Reading(HTMLParser):
    """The words of a page, its tags, and that each table and field has a name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.inline: list[str] = []
        self.captions = self.tables = 0
        self.fields: set[str] = set()
        self.labels: set[str] = set()
        self.feed(page)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        self.tables += tag == "table"
        self.captions += tag == "caption"
        if tag in {"input", "select", "textarea"} and given.get("type") != "hidden":
            self.fields.add(given["id"] or "")
        if tag == "label":
            self.labels.add(given["for"] or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def looks(county: County) -> list[tuple[str, str, str]]:
    return [
        (row["actor"], row["action"], row["subject"])
        for row in audit.rows(county.engine)
        if row["action"].startswith("look")
    ]


def test_an_employee_reads_why_a_point_was_lost(county: County, enter: Enter) -> None:
    browser = enter("budi", "employee", nip=LATE)
    assert browser.get("/").headers["location"] == "/me"
    page = Reading(browser.get("/me").text)
    for said in ("Budi", "TL3", "08:40:00", "70", "a: 08:40:00", "late_early_classes"):
        assert said in page.text
    browser.cookies.set("language", "en", domain="board.test", path="/")
    assert "Why points were lost" in Reading(browser.get(f"/me/{MONTH}").text).text
    assert looks(county) == []


@pytest.mark.parametrize("path", ["/person/{other}/2026-09", "/person/{other}/2020-01", "/unit/DISDIK/2026-09"])
@pytest.mark.parametrize("role", ["employee", "head"])
def test_nobody_reads_other_peoples_data_by_its_address(county: County, enter: Enter, path: str, role: str) -> None:
    browser = enter("kepala", role, nip=HEAD)
    answer = browser.get(path.format(other=OTHER))
    assert answer.status_code == 403
    assert "Cici" not in answer.text
    assert [look[:2] for look in looks(county)] == [("kepala", "look.refused")]


OF_ROLES = {
    # role: its unit's day, another's, a person of its unit, another, the county
    "office_admin": (200, 403, 200, 403, False),
    "hr": (200, 200, 200, 200, True),
    "leader": (200, 200, 403, 403, True),
    "auditor": (200, 200, 200, 200, True),
}


@pytest.mark.parametrize("role", OF_ROLES)
def test_who_reads_the_county_or_looks_after_an_office_reads_that_alone(
    county: County, enter: Enter, role: str
) -> None:
    reader = enter(role, role, unit="DINKES")
    pages = ("/unit/PKM/2026-09", "/unit/DISDIK/2026-09", f"/person/{LATE}/2026-09", f"/person/{OTHER}/2026-09")
    *statuses, reads_county = OF_ROLES[role]
    assert [reader.get(page).status_code for page in pages] == statuses
    listed = reader.get("/").text
    assert ("Dinas Kesehatan" in listed, "Dinas Pendidikan" in listed) == (True, reads_county)
    assert "/objections" not in listed


def test_a_person_that_does_not_exist_is_refused_like_one_that_does(county: County, enter: Enter) -> None:
    browser = enter("kepala", "head", nip=HEAD)
    known, unknown = (browser.get(f"/person/{nip}/{MONTH}") for nip in (OTHER, "199912312020011999"))
    assert (known.status_code, unknown.status_code) == (403, 403)
    assert known.text.replace(OTHER, "") == unknown.text.replace("199912312020011999", "")


def test_a_head_sees_the_tree_below_and_each_look_is_written_down(county: County, enter: Enter) -> None:
    browser = enter("kepala", "head", nip=HEAD)
    start = Reading(browser.get("/").text).text
    assert "Puskesmas" in start
    assert "Pendidikan" not in start
    assert browser.get("/unit/PKM/2026-09").status_code == 200
    assert browser.get(f"/person/{EVIL_NIP}/{MONTH}").status_code == 200
    assert browser.get(f"/person/{HEAD}/{MONTH}").status_code == 200
    assert looks(county) == [("kepala", "look", "PKM"), ("kepala", "look", EVIL_NIP)]


def test_a_unit_s_day_tells_who_is_late_and_finds_people(county: County, enter: Enter) -> None:
    browser = enter("op", "operator")
    page = Reading(browser.get("/unit/DINKES/2026-09-07").text).text
    assert "Budi" in page
    assert "08:40" in page
    late = Reading(browser.get("/unit/DINKES/2026-09-07?state=late").text).text
    assert "Budi" in late
    assert "Kepala" not in late
    assert "Budi" not in Reading(browser.get("/unit/DINKES/2026-09-07?q=kepa").text).text
    assert "Budi" in Reading(browser.get(f"/unit/DINKES/2026-09?q={LATE[:10]}&page=1").text).text
    for odd in ("?page=0", "?page=-1", "?page=99999999999", "?page=x", "?state=nothing", "?q=%25", "?q=%00"):
        assert browser.get(f"/unit/DINKES/2026-09-07{odd}").status_code == 200, odd


def test_what_people_wrote_is_never_markup(county: County, enter: Enter) -> None:
    browser = enter("op", "operator")
    for path in (
        "/unit/PKM/2026-09",
        "/unit/PKM/2026-09-07",
        f"/person/{EVIL_NIP}/{MONTH}",
        f"/unit/PKM/2026-09?q={EVIL}",
    ):
        text = browser.get(path).text
        page = Reading(text)
        assert "script" not in page.tags
        assert EVIL in page.text or "?q=" in path
        assert page.inline == []


def test_an_address_without_a_day_is_answered(county: County, enter: Enter) -> None:
    browser = enter("op", "operator")
    days = ("/unit/DINKES/2026-13", "/unit/DINKES/x", "/unit/DINKES/2026-9-7", "/person/1/0000-01", "/unit/%00/2026-09")
    for path in days:
        assert browser.get(path).status_code == 400, path


def test_every_page_is_named_for_ears_and_has_no_inline_code(county: County, enter: Enter) -> None:
    browser = enter("op", "operator", nip=HEAD)
    paths = ("/", "/me", "/password", "/unit/DINKES/2026-09", "/unit/DINKES/2026-09-07", "/me/2020-01")
    for path in (*paths, f"/person/{LATE}/{MONTH}"):
        answer = browser.get(path)
        page = Reading(answer.text)
        assert page.inline == [], path
        assert {"script", "style"}.isdisjoint(page.tags), path
        assert page.tables == page.captions, path
        assert page.fields <= page.labels, path
        assert page.tags.count("h1") == 1, path
        assert 'class="skip" href="#main"' in answer.text
        assert len(answer.content) < 300_000


def test_only_operators_see_terminals(county: County, enter: Enter) -> None:
    assert 'id="live"' in enter("op", "operator").get("/").text
    assert 'id="live"' not in enter("pay", "payroll").get("/").text


def test_a_person_disputes_a_finding_of_their_own_once(county: County, enter: Enter) -> None:
    browser, head = enter("budi", "employee", nip=LATE), enter("kepala", "head", nip=HEAD)
    form = {"csrf": csrf(browser.get("/me").text), "date": "2026-09-07", "code": "TL3", "scan": "arrive"}
    path = f"/me/{MONTH}/objection"
    assert browser.post(path, data=form | {"reason": ""}).status_code == 400
    assert browser.post(path, data=form | {"reason": EVIL, "code": "TL9"}).status_code == 404
    assert browser.post("/me/2026-08/objection", data=form | {"reason": EVIL}).status_code == 403
    assert browser.post(path, data=form | {"reason": EVIL}).status_code == 303
    assert browser.post(path, data=form | {"reason": EVIL}).status_code == 403
    for shown in (browser.get("/me").text, head.get(f"/person/{LATE}/{MONTH}").text):
        assert EVIL in Reading(shown).text
        assert "script" not in Reading(shown).tags
    assert f"/{MONTH}/objection" not in head.get(f"/person/{LATE}/{MONTH}").text
