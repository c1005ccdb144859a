"""What an employee disputes is decided on the board by those who may, and never by the person or who entered it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from starlette.testclient import TestClient

from ekinerja_agent.central.access import accounts
from ekinerja_agent.central.closing import objections
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.usecases.deciding import objections as disputing
from tests.board.conftest import EVIL, HEAD, LATE, OTHER, County, csrf
from tests.board.test_pages import MONTH, Reading, looks
from tests.proof.at_once import at_once

Enter = Callable[..., TestClient]
PATH = "/objections"


def dispute(browser: TestClient) -> None:
    form = {"csrf": csrf(browser.get("/me").text), "date": "2026-09-07", "code": "TL3", "scan": "arrive"}
    assert browser.post(f"/me/{MONTH}/objection", data=form | {"reason": EVIL}).status_code == 303


def decide(browser: TestClient, number: str, do: str, reason: str = "Surat tugas ada") -> int:
    form = {"csrf": csrf(browser.get("/password").text), "number": number, "do": do, "reason": reason}
    return browser.post(PATH, data=form).status_code


def standing(county: County) -> list[tuple[str, str | None]]:
    with reading(county.engine) as conn:
        return [(row["status"], row["decided_by"]) for row in objections.rows(conn)]


@pytest.mark.parametrize(("do", "status"), [("accept", "accepted"), ("reject", "rejected")])
def test_the_head_of_the_unit_decides_and_the_person_reads_it(
    county: County, enter: Enter, do: str, status: str
) -> None:
    budi, head = enter("budi", "employee", nip=LATE), enter("kepala", "head", nip=HEAD)
    dispute(budi)
    page = head.get(PATH)
    assert EVIL in Reading(page.text).text
    assert "script" not in Reading(page.text).tags
    assert 'id="objection-1"' in page.text
    assert "/objections#objection-1" in head.get(f"/person/{LATE}/{MONTH}").text
    for number, word, reason, code in (
        ("1", do, "", 400),
        ("1", "x", "r", 400),
        ("x", do, "r", 400),
        ("7", do, "r", 404),
    ):
        assert decide(head, number, word, reason) == code
    assert standing(county) == [("pending", None)]
    assert decide(head, "1", do) == 303
    assert standing(county) == [(status, "kepala")]
    assert decide(head, "1", do) == 400
    assert 'id="objection-1"' not in head.get(PATH).text
    assert "Surat tugas ada" in budi.get("/me").text
    assert ("kepala", "look", LATE) in looks(county)


def test_nobody_decides_on_themselves_for_other_units_or_without_the_role(county: County, enter: Enter) -> None:
    dispute(enter("budi", "employee", "operator", nip=LATE))
    other = enter("cici", "head", "payroll", nip=OTHER)
    people = [county.browser(), enter("cece", "employee", nip=OTHER), enter("pay", "payroll"), other]
    county_operator = enter("op", "operator")
    own = county.browser()
    own.post("/login", data={"name": "budi", "password": "kuda laut hijau"})
    assert [one.get(PATH).status_code for one in (*people, own)] == [303, 403, 403, 200, 200]
    assert ['id="objection-1"' in one.get(PATH).text for one in (other, own, county_operator)] == [False, False, True]
    assert [decide(one, "1", "accept") for one in (*people[1:], own)] == [403, 403, 400, 400]
    assert people[0].post(PATH, data={"number": "1", "do": "accept", "reason": "r"}).status_code == 303
    assert standing(county) == [("pending", None)]
    assert decide(county_operator, "1", "accept") == 303


def test_a_head_objects_for_the_people_of_their_units_alone(county: County) -> None:
    finding = objections.Disputed(LATE, county.now.date().replace(day=7), "TL3", "arrive")
    dispute = partial(disputing.add, county.engine, finding, reason="Budi menelepon", now=county.now)
    with pytest.raises(Refused, match="a head of the person's unit"):
        dispute(account=county.account("cici", "head", nip=OTHER))
    assert standing(county) == []
    dispute(account=county.account("kepala", "head", nip=HEAD))
    assert standing(county) == [("pending", None)]


def test_who_entered_an_objection_for_another_does_not_see_it_to_decide(county: County, enter: Enter) -> None:
    operator = enter("op", "operator")
    account = next(one for one in accounts.list_accounts(county.engine) if one.name == "op")
    finding = objections.Disputed(LATE, county.now.date().replace(day=7), "TL3", "arrive")
    disputing.add(county.engine, finding, reason="Budi menelepon", account=account, now=county.now)
    assert "Budi menelepon" not in operator.get(PATH).text
    assert decide(operator, "1", "accept") == 400
    assert "Budi menelepon" in enter("op2", "operator").get(PATH).text


def test_what_many_dispute_and_decide_at_once_is_entered_and_decided_once(county: County) -> None:
    budi = county.account("budi", "employee", nip=LATE)
    heads = [county.account(f"op{number}", "operator") for number in range(6)]
    finding = objections.Disputed(LATE, county.now.date().replace(day=7), "TL3", "arrive")
    enter = partial(disputing.add, county.engine, finding, reason="r", account=budi, now=county.now)
    entered = at_once([enter] * 6)
    assert [type(one) for one in entered].count(Refused) == 5
    (number,) = (one for one in entered if isinstance(one, int))
    said = {"accepted": False, "reason": "r", "now": county.now}
    decided = at_once([partial(disputing.decide, county.engine, number, account=head, **said) for head in heads])
    assert [type(one) for one in decided].count(Refused) == 5
    assert [status for status, _ in standing(county)] == ["rejected"]
