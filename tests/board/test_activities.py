"""An employee enters what was done, the superior of the day decides it: both by forms, by the rules of the commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from starlette.testclient import TestClient

from ekinerja_agent.central.imported import activities
from ekinerja_agent.central.imported.batches import store_batch
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.rules import Timeline
from ekinerja_agent.web.app import create_app
from tests.board.conftest import EVIL, EVIL_NIP, HEAD, LATE, OTHER, County, csrf
from tests.board.test_pages import Reading

Enter = Callable[..., TestClient]
WORK = {"date": "2026-09-29", "start": "09:00", "end": "10:00", "description": EVIL, "do": "enter"}


def send(browser: TestClient, path: str, form: dict[str, str]) -> int:
    token = csrf(browser.get("/password").text)
    return browser.post(path, data=form | {"csrf": token}).status_code


def standing(county: County) -> list[dict[str, Any]]:
    with reading(county.engine) as conn:
        return activities.rows(conn)


def test_what_an_employee_enters_is_approved_with_minutes_by_the_superior(county: County, enter: Enter) -> None:
    budi, head = enter("budi", "employee", nip=LATE), enter("kepala", "head", nip=HEAD)
    assert send(budi, "/activities", WORK) == 303
    (one,) = standing(county)
    assert (one["nip"], one["status"], one["entered_by"]) == (LATE, "pending", "budi")
    waiting = head.get("/activities/waiting").text
    assert one["id"] in waiting
    assert "<script" not in waiting
    assert send(head, "/activities/waiting", {"id": one["id"], "do": "approve", "minutes": "61"}) == 400
    assert send(head, "/activities/waiting", {"id": one["id"], "do": "approve", "minutes": "45"}) == 303
    (one,) = standing(county)
    assert (one["status"], one["approved_minutes"], one["decided_by"]) == ("approved", 45, HEAD)
    assert one["id"] not in head.get("/activities/waiting").text
    assert "45" in budi.get("/activities").text


def test_a_draft_is_corrected_sent_returned_and_sent_again(county: County, enter: Enter) -> None:
    budi, head = enter("budi", "employee", nip=LATE), enter("kepala", "head", nip=HEAD)
    assert send(budi, "/activities", WORK | {"do": "draft"}) == 303
    (one,) = standing(county)
    assert one["status"] == "draft"
    assert one["id"] not in head.get("/activities/waiting").text
    assert "09:00" in budi.get(f"/activities?month=2026-09&edit={one['id']}").text
    assert send(budi, "/activities", WORK | {"replaces": one["id"], "end": "11:00"}) == 303
    assert send(head, "/activities/waiting", {"id": one["id"], "do": "return", "reason": ""}) == 400
    assert send(head, "/activities/waiting", {"id": one["id"], "do": "return", "reason": "Lampirkan hasil"}) == 303
    assert "Lampirkan hasil" in budi.get("/activities").text
    assert send(budi, "/activities", {"do": "submit", "id": one["id"]}) == 303
    assert send(head, "/activities/waiting", {"id": one["id"], "do": "reject", "reason": "Bukan tugas"}) == 303
    (one,) = standing(county)
    assert (one["status"], f"{one['end']:%H:%M}") == ("rejected", "11:00")


def test_what_waits_is_withdrawn_by_its_author_alone(county: County, enter: Enter) -> None:
    budi, head = enter("budi", "employee", nip=LATE), enter("kepala", "head", nip=HEAD)
    assert send(budi, "/activities", WORK) == 303
    (one,) = standing(county)
    withdraw = {"do": "withdraw", "id": one["id"]}
    assert 'value="withdraw"' in budi.get("/activities?month=2026-09").text
    assert send(head, "/activities", withdraw) == 400
    assert send(budi, "/activities", withdraw) == 303
    assert send(budi, "/activities", withdraw) == 400
    assert [row["status"] for row in standing(county)] == ["withdrawn"]
    assert one["id"] not in head.get("/activities/waiting").text
    assert 'value="withdraw"' not in budi.get("/activities?month=2026-09").text
    assert send(budi, "/activities", WORK) == 303


def test_nobody_touches_the_activity_of_another(county: County, enter: Enter) -> None:
    budi, cici, kepala = (
        enter("budi", "employee", nip=LATE),
        enter("cici", "employee", "head", nip=OTHER),
        enter("kepala", "head", nip=HEAD),
    )
    op = enter("operatornya", "operator", nip=EVIL_NIP)
    assert send(budi, "/activities", WORK | {"do": "draft"}) == 303
    (one,) = standing(county)
    for other in (cici, op):
        assert send(other, "/activities", {"do": "submit", "id": one["id"]}) == 400
        assert send(other, "/activities", WORK | {"replaces": one["id"]}) == 400
        assert one["id"] not in other.get(f"/activities?edit={one['id']}").text.replace(f"edit={one['id']}", "")
    assert send(budi, "/activities", {"do": "submit", "id": one["id"]}) == 303
    for form in ({"do": "approve"}, {"do": "reject", "reason": "x"}):
        for other in (budi, cici, op):
            assert send(other, "/activities/waiting", {"id": one["id"], **form}) == 400
    assert one["id"] not in cici.get("/activities/waiting").text
    assert one["id"] in kepala.get("/activities/waiting").text
    assert standing(county)[0]["status"] == "pending"


def test_what_cannot_be_meant_is_told_and_kept_in_the_form(county: County, enter: Enter) -> None:
    budi = enter("budi", "employee", nip=LATE)
    wrongs = ({"date": "2026-10-05"}, {"date": ""}, {"start": "x"}, {"end": "08:00"}, {"description": ""})
    for wrong in (*wrongs, {"do": ""}):
        token = csrf(budi.get("/password").text)
        answer = budi.post("/activities", data=WORK | {"output": "Laporan 7"} | wrong | {"csrf": token})
        if wrong == {"do": ""}:
            assert answer.status_code == 303
            continue
        assert answer.status_code == 400, wrong
        assert "Laporan 7" in answer.text
    assert budi.post("/activities", data=WORK).status_code == 403
    assert len(standing(county)) == 1


def test_an_account_without_a_person_has_no_activities(county: County, enter: Enter) -> None:
    browser = enter("pay", "payroll")
    assert browser.get("/activities").status_code == 404
    assert browser.get("/activities/waiting").status_code == 404


def test_an_entry_of_a_day_without_a_roster_row_waits_and_both_are_told_why(county: County, enter: Enter) -> None:
    rules, only_on_duty = county.site.rules(), county.site
    model = rules.profiles["tpp-model"]
    strict = [replace(dated, value=replace(dated.value, inside_duty=True)) for dated in model.activities]
    changed = replace(model, activities=Timeline("activities", tuple(strict)))
    book = replace(rules, profiles={**rules.profiles, "tpp-model": changed})
    county.app = create_app(lambda: None, site=replace(only_on_duty, rules=lambda: book))
    nurse = {"nip": LATE, "name": "Budi", "unit": "DINKES", "status": "pns", "attendance": "terminal"}
    store(county, "employees", nurse | {"schedule": "three-shifts"})
    store(county, "rosters", {"nip": LATE, "date": date(2026, 9, 28), "shifts": "OFF"})
    budi, head = enter("budi", "employee", nip=LATE), enter("kepala", "head", nip=HEAD)
    assert send(budi, "/activities", WORK | {"date": "2026-09-28"}) == 400
    assert send(budi, "/activities", WORK) == 303
    (one,) = standing(county)
    assert (one["status"], one["reason"]) == ("pending", None)
    told = "belum ada yang tahu apakah 09:00-10:00 berada dalam jam dinas 2026-09-29 (tidak ada baris roster)"
    assert told in Reading(budi.get("/activities").text).text
    assert told in Reading(head.get("/activities/waiting").text).text
    store(county, "rosters", {"nip": LATE, "date": date(2026, 9, 29), "shifts": "pagi"})
    assert told not in Reading(budi.get("/activities").text).text
    assert send(head, "/activities/waiting", {"id": one["id"], "do": "approve"}) == 303


def store(county: County, kind: str, row: dict[str, Any]) -> None:
    with transaction(county.engine) as conn:
        store_batch(conn, county.operator.id, kind, f"{kind}.csv", "sha256:0", [row | {"row": 2}], 0, county.now)
