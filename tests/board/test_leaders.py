"""Leaders' pages and what everybody may see: the reports' own figures, to whom they belong, and no more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, Table, insert
from starlette.testclient import TestClient

from ekinerja_agent.central.access import audit, logins
from ekinerja_agent.central.access.accounts import actor
from ekinerja_agent.central.scored import results
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables import imported
from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.locale.language import Language
from ekinerja_agent.reports import pages
from ekinerja_agent.reports.kinds.sakip import ASPECTS
from ekinerja_agent.usecases.reporting import report_facts
from ekinerja_agent.usecases.reporting.report_facts import Asked
from ekinerja_agent.web.request_context import COOKIE
from tests.board.conftest import EVIL, NOW, County
from tests.journey.conftest import nip
from tests.proof.pages import Page
from tests.proof.scored import a_result

MONTH = date(2026, 9, 1)
PUBLISHED = datetime(2026, 10, 1, tzinfo=UTC)
MEMBERS = {"DINKES": range(1, 62), "PKM": range(71, 73), "DISDIK": range(81, 91)}
HEAD, DISDIK_HEAD = nip(1), nip(81)
SEEN = ("/evaluation?unit={unit}", "/workload?unit={unit}", "/sakip?unit={unit}")


@pytest.fixture
def county(central: Engine) -> County:
    """DINKES with sixty-one people, PKM below it with two, DISDIK with ten; all drafts; plans, norms and SAKIP."""
    operator = actor(central, "root", NOW).account
    for unit, members in MEMBERS.items():
        result = a_result(unit, f"Nama {unit}", [nip(one) for one in members])
        results.save_draft(central, MONTH, result, office=unit, rules_digest="sha256:0", now=NOW)
    with transaction(central) as conn:
        batch = {"kind": "units", "file_name": "f", "digest": "d", "rows": 1, "rejected": 0}
        conn.execute(insert(imported.import_batches).values(**batch, account_id=operator.id, imported_at=NOW))

        def store(table: Table, *rows: dict[str, Any]) -> None:
            conn.execute(insert(table), [{"batch": 1, "row": 1} | row for row in rows])

        zone = {"timezone": "Asia/Makassar"}
        store(
            imported.units,
            zone | {"code": "DINKES", "name": "Dinas Kesehatan", "parent": None, "head_nip": HEAD},
            zone | {"code": "PKM", "name": EVIL, "parent": "DINKES", "head_nip": None},
            zone | {"code": "DISDIK", "name": "Dinas Pendidikan", "parent": None, "head_nip": DISDIK_HEAD},
        )
        everybody = [(unit, nip(one)) for unit, members in MEMBERS.items() for one in members]
        spell = {"status": "pns", "attendance": "terminal", "position": "Pengelola"}
        store(imported.employees, *(spell | {"unit": unit, "nip": one, "name": one} for unit, one in everybody))
        plan = {"name": EVIL, "due_date": date(2026, 9, 15), "target_output": "x", "budget_rp": 5}
        store(imported.plans, *(plan | {"code": f"R-{unit}", "unit": unit} for unit in MEMBERS))
        task = {"job": "Pengelola", "task": "x", "volume_e2": 100, "per": "day", "standard_e2": 100}
        store(imported.workload_tasks, *(task | {"unit": unit} for unit in MEMBERS))
        store(imported.staff, *({"unit": unit, "job": "Pengelola", "people": len(MEMBERS[unit])} for unit in MEMBERS))
        store(
            imported.sakip,
            *(
                {"unit": unit, "year": "2025", "aspect": aspect, "score_e2": 8_000}
                for unit in MEMBERS
                for aspect in ASPECTS
            ),
        )
        work = {"activity_id": "1", "nip": nip(2), "date": date(2026, 9, 7), "start": time(9), "end": time(10)}
        store(imported.activities, work | {"description": "x", "status": "approved", "approved_minutes": 40})
    return County(central, operator)


@pytest.fixture
def inside(county: County) -> Callable[..., TestClient]:
    def _inside(name: str, *roles: str, nip: str | None = None, unit: str | None = None) -> TestClient:
        county.account(name, *roles, nip=nip, unit=unit)
        by = county.operator
        logins.set_password(county.engine, name, "none", must_change=False, by=by, now=county.now)
        logins.begin(county.engine, name, f"token of {name}", address="z", now=county.now)
        browser = county.browser()
        browser.cookies.set(COOKIE, f"token of {name}", domain="board.test", path="/")
        return browser

    return _inside


def publish(county: County, *units: str) -> None:
    for unit in units:
        results.publish(
            county.engine,
            MONTH,
            unit,
            a_result(unit, f"Nama {unit}", [nip(one) for one in MEMBERS[unit]]),
            account=county.operator,
            accepted_pending=None,
            through=None,
            rules_digest="sha256:0",
            now=PUBLISHED,
        )


def looks(county: County) -> list[tuple[str, str, str]]:
    rows = [row for row in audit.rows(county.engine) if row["action"].startswith("look")]
    return [(row["action"], row["subject"], row["details"]["path"]) for row in rows]


def tables(page: str) -> list[list[list[str]]]:
    return [table.rows for table in Page(page).tables]


def test_leaders_see_their_own_units_and_each_look_is_written_down(
    county: County, inside: Callable[..., TestClient]
) -> None:
    head, pay = inside("kepala", "head", nip=HEAD), inside("pay", "payroll")
    for path in SEEN:
        address = path.partition("?")[0]
        for unit in ("DINKES", "PKM"):
            assert head.get(path.format(unit=unit)).status_code == 200, path
            assert looks(county)[-1] == ("look", unit, address)
        refused = head.get(path.format(unit="DISDIK"))
        assert (refused.status_code, looks(county)[-1]) == (403, ("look.refused", "DISDIK", address))
        assert nip(82) not in refused.text
        assert pay.get(path.format(unit="DISDIK")).status_code == 200
    for address in ("/workload", "/sakip"):
        every, own = pay.get(address).text, head.get(address).text
        assert ">DISDIK<" in every
        assert ">PKM<" in own
        assert "DISDIK" not in own
    assert looks(county)[-2:] == [("look", "*", "/workload")] * 2
    assert nip(2) in head.get("/evaluation").text
    assert looks(county)[-1] == ("look", "DINKES", "/evaluation")
    assert "DISDIK" in pay.get("/evaluation").text
    assert looks(county)[-1][1] == "DINKES"


def test_who_leads_nothing_is_refused_and_has_no_links(county: County, inside: Callable[..., TestClient]) -> None:
    employee, idle = inside("budi", "employee", nip=nip(2)), inside("plt", "head", nip=nip(3))
    for path in SEEN:
        for browser in (employee, idle):
            assert browser.get(path.partition("?")[0]).status_code == 403
            assert browser.get(path.format(unit="DINKES")).status_code == 403
        assert county.browser().get(path).headers["location"] == "/login"
    assert all(action == "look.refused" for action, *_ in looks(county))
    assert 'href="/sakip"' not in employee.get("/password").text
    assert 'href="/sakip"' in idle.get("/password").text


@pytest.mark.parametrize("lang", ["id", "en"])
def test_pages_have_the_figures_of_the_reports(
    county: County, inside: Callable[..., TestClient], lang: Language
) -> None:
    browser = inside("op", "operator")
    browser.cookies.set("language", lang, domain="board.test", path="/")
    asked = Asked(MONTH, lang, NOW, offices=frozenset({"DISDIK"}))
    rules, profile = county.site.rules(), county.site.profile()
    for path, made in zip(SEEN, (report_facts.evaluation, report_facts.workload, report_facts.sakip), strict=True):
        with reading(county.engine) as conn:
            report = made(conn, asked, rules, profile=profile).document
        shown = Page(browser.get(path.format(unit="DISDIK")).text)
        written = Page(pages.as_page(report, Formats(lang)))
        assert [table.rows for table in shown.tables] == [table.rows for table in written.tables]
        assert written.keys.items() <= shown.keys.items()


def test_lists_are_searched_and_cut_and_lead_to_people(county: County, inside: Callable[..., TestClient]) -> None:
    browser = inside("op", "operator")
    page = browser.get("/evaluation?unit=DINKES").text
    assert f'href="/person/{nip(2)}/2026-09"' in page
    assert 'href="?unit=DINKES&amp;short=2#people"' in page
    first, second, beyond = (tables(browser.get(f"/evaluation?unit=DINKES{more}").text) for more in PARTS)
    assert [len(rows) for rows in first][:2] == [2, 51]
    assert [len(rows) for rows in second][:2] == [2, 12]
    assert second == beyond
    found = browser.get(f"/evaluation?unit=DINKES&q={nip(2)}").text
    assert [len(rows) for rows in tables(found)][:2] == [1, 2]
    for odd in ("&q=%25", "&q=%00", "&short=-1", "&short=x", f"&q={EVIL}"):
        assert browser.get(f"/evaluation?unit=DINKES{odd}").status_code == 200, odd
    assert browser.get("/evaluation?month=2026-13").status_code == 400


PARTS = ("", "&short=2", "&short=999")


def test_pages_are_small_named_for_ears_and_run_nothing(county: County, inside: Callable[..., TestClient]) -> None:
    browser = inside("op", "operator")
    publish(county, *MEMBERS)
    paths = [*(path.format(unit="PKM") for path in SEEN), "/workload", "/public", "/public/workload", "/public/sakip"]
    for path in paths:
        answer = browser.get(path)
        page = Page(answer.text)
        names = [tag for tag, _ in page.elements]
        assert {"script", "style"}.isdisjoint(names), path
        assert not any(name == "style" or name.startswith("on") for _, given in page.elements for name in given), path
        assert names.count("table") == names.count("caption") > 0, path
        assert names.count("h1") == 1, path
        assert all("title" in names and given["role"] == "img" for tag, given in page.elements if tag == "svg"), path
        ids = [given["id"] for _, given in page.elements if "id" in given]
        assert len(ids) == len(set(ids)), path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert len(answer.content) < 300_000


def test_the_public_sees_a_month_once_all_of_it_is_published_and_nobody_in_it(county: County) -> None:
    browser = county.browser()
    publish(county, "DINKES", "DISDIK")
    assert "DINKES" not in browser.get("/public").text
    assert browser.get("/public?month=2026-09").status_code == 404
    publish(county, "PKM")
    assert "DINKES" not in browser.get("/public").text  # as it was within the hour
    county.later(hours=1)
    shown = {path: browser.get(path).text for path in ("/public", "/public/workload", "/public/sakip")}
    asked = Asked(MONTH, "id", county.now, public=True)
    rules, profile = county.site.rules(), county.site.profile()
    with reading(county.engine) as conn:
        made = (
            report_facts.unit(conn, asked),
            report_facts.workload(conn, asked, rules, profile=profile),
            report_facts.sakip(conn, asked, rules, profile=profile),
        )
    for page, report in zip(shown.values(), made, strict=True):
        assert tables(page) == tables(pages.as_page(report.document, Formats("id")))
        assert not any(nip(one) in page for members in MEMBERS.values() for one in members)
    by_unit = {row[0].split()[0]: row[1:] for row in tables(shown["/public"])[0][1:]}
    assert set(by_unit["PKM"]) == {"•", "–"}  # nothing was published the month before
    assert "•" in by_unit["DISDIK"]  # else the two of PKM were what is missing from the total
    assert by_unit["DINKES"][0] == "61"


def test_no_choice_of_the_public_tells_more(county: County) -> None:
    publish(county, *MEMBERS)
    browser = county.browser()
    plain = browser.get("/public").text
    for more in ("unit=PKM", "office=DINKES", "q=PKM", "date=2026-09-07", "month=2026-09", "month="):
        asked = browser.get(f"/public?{more}").text
        assert (tables(asked), Page(asked).keys) == (tables(plain), Page(plain).keys), more
    assert looks(county) == []
    county.later(minutes=59)
    assert Page(browser.get("/public").text).keys == Page(plain).keys
    county.now += timedelta(minutes=2)
    assert Page(browser.get("/public").text).keys != Page(plain).keys
