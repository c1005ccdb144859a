"""What operators, heads and employees do to decide where they may not, to undo what was decided, or to count twice."""

from __future__ import annotations

import json
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from ekinerja_agent.central.access import accounts
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.imported import activities, waiting
from ekinerja_agent.central.imported.import_lookups import StoredFacts
from ekinerja_agent.central.imported.waiting import ABSENCE, OUTAGE
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables.recorded import terminal_facts
from ekinerja_agent.nouns.errors import ProblemsFound, Refused
from ekinerja_agent.usecases.deciding import activities as life
from ekinerja_agent.usecases.deciding import documents, objections
from ekinerja_agent.usecases.deciding.activities import Desk, Work
from ekinerja_agent.usecases.importing.imports import Imported, ImportFile, import_facts
from tests.board.conftest import HEAD, LATE, OTHER, County
from tests.board.test_activities import send as post
from tests.board.test_at_once import WORK, Enter, Send
from tests.journey.conftest import Installation
from tests.proof.at_once import at_once
from tests.proof.one_connection import OneConnection
from tests.proof.people import acting_as

DAY = "2026-09-29"
APPROVED: dict[str, tuple[str, str, str]] = {
    # kind: columns, what counts, and what one operator brings instead
    "activities": (
        "id,nip,date,start,end,description,status,decided_by",
        f"a1,{LATE},{DAY},08:00,09:00,Rapat,approved,{HEAD}",
        f"a1,{LATE},{DAY},08:00,08:10,Rapat,rejected,{HEAD}",
    ),
    "absences": (
        "nip,from,to,kind,document,status",
        f"{LATE},2026-09-08,2026-09-09,dinas_luar,ST 1,approved",
        f"{LATE},2026-09-08,2026-09-08,dinas_luar,ST 1,approved",
    ),
    "corrections": (
        "nip,date,scan,action,time,document,status",
        f"{LATE},2026-09-07,arrive,add,07:15,SK 1,approved",
        f"{LATE},2026-09-07,arrive,add,08:15,SK 1,approved",
    ),
    "outages": (
        "terminal,from,to,reason,status",
        "a,2026-09-07 06:00:00,2026-09-07 09:00:00,listrik,approved",
        "a,2026-09-07 06:00:00,2026-09-07 06:01:00,listrik,approved",
    ),
    "ratings": (
        "nip,period,predicate,document,status",
        f"{LATE},2025,sangat_baik,SKP,approved",
        f"{LATE},2025,kurang,SKP,approved",
    ),
    "plan_progress": (
        "plan,month,planned_pct,physical_pct,status",
        "P1,2026-08,50,50,approved",
        "P1,2026-08,50,10,approved",
    ),
}


def bring(county: County, kind: str, *lines: str, by: Account) -> Imported:
    file = ImportFile(f"{kind}.csv", "\n".join(lines).encode())
    return import_facts(
        county.engine, by, kind, file, now=county.now, rules=county.site.rules(), profile=county.site.profile()
    )


def standing(engine: Engine, kind: str) -> list[dict[str, Any]]:
    with reading(engine) as conn:
        return [dict(row) for row in StoredFacts(conn).rows(kind)]


def second(county: County) -> tuple[Account, Account]:
    """The first operator, who is no feed from here on, and a second one."""
    accounts.add(county.engine, "sari", roles=["operator"], os_user="sari", by=county.operator, now=county.now)
    first, other = (accounts.actor(county.engine, name, county.now).account for name in ("root", "sari"))
    return first, other


@pytest.mark.parametrize("kind", APPROVED)
def test_t42_what_was_approved_is_not_changed_by_an_operator_who_is_no_feed(county: County, kind: str) -> None:
    """`import activities act2.csv` by sari, a pending row with the same id and a later day of entry: rejected 1, and
    `activity list` showed a1 `rejected`, 60 minutes less at once. Every kind that is decided had this way.
    """
    header, counts, instead = APPROVED[kind]
    if kind == "plan_progress":
        bring(
            county,
            "plans",
            "code,unit,name,due_date,target_output",
            "P1,DINKES,Rencana,2026-12-31,1",
            by=county.operator,
        )
    bring(county, kind, header, counts, by=county.operator)
    before = standing(county.engine, kind)
    assert [row["status"] for row in before] == ["approved"]
    _, sari = second(county)
    for claimed in ("approved", "rejected", "pending"):
        changed = instead.replace(",approved", f",{claimed}").replace(",rejected", f",{claimed}")
        with pytest.raises(ProblemsFound, match=r"differs from what .* approved; allowed: the same row"):
            bring(county, kind, header, changed, by=sari)
    assert bring(county, kind, header, counts, by=sari).unchanged == 1
    assert standing(county.engine, kind) == before


def test_t42_no_rule_of_today_takes_away_what_a_superior_approved(county: County) -> None:
    """The same row once more, entered long after its day, was rejected for that."""
    header, counts, _ = APPROVED["activities"]
    bring(county, "activities", header, counts, by=county.operator)
    before = standing(county.engine, "activities")
    _, sari = second(county)
    late = counts.replace("approved", "pending")
    again = bring(county, "activities", f"{header},entered_at", f"{late},2026-11-20 08:00:00", by=sari)
    assert (again.rejected, again.unchanged) == ((), 1)
    assert standing(county.engine, "activities") == before


def test_t42_who_approved_may_bring_a_change_and_another_person_decides_it(county: County) -> None:
    first, sari = second(county)
    header, row, instead = (text.replace("approved", "pending") for text in APPROVED["absences"])
    bring(county, "absences", header, row, by=first)
    documents.approve(county.engine, ABSENCE, 1, account=sari, now=county.now)
    with pytest.raises(ProblemsFound, match="differs from what sari approved"):
        bring(county, "absences", header, instead, by=first)
    assert bring(county, "absences", header, instead, by=sari).new_versions == 1
    with pytest.raises(Refused, match="another person"):
        documents.approve(county.engine, ABSENCE, 2, account=sari, now=county.now)
    documents.approve(county.engine, ABSENCE, 2, account=first, now=county.now)


@pytest.fixture
def foreign(county: County) -> None:
    """What waits in DINKES, and a head of DISDIK, who leads nobody there."""
    with transaction(county.engine) as conn:
        told = {"terminal": "a", "office": "DINKES", "timezone": "Asia/Makassar", "since": county.now, "enabled": True}
        conn.execute(insert(terminal_facts).values(told))
    unit = "code,name,timezone,head_nip"
    bring(county, "units", unit, f"DISDIK,Dinas Pendidikan,Asia/Makassar,{OTHER}", by=county.operator)
    for kind in ("absences", "outages", "corrections"):
        header, row, _ = (text.replace("approved", "pending") for text in APPROVED[kind])
        bring(county, kind, header, row, by=county.operator)
    accounts.add(
        county.engine, "kepala", roles=["head"], nip=OTHER, os_user="kepala", by=county.operator, now=county.now
    )


COMMANDS = {
    "corrections": ("correction", "approve", "1", "--yes"),
    "absences": ("absence", "approve", "1", "--yes"),
    "outages": ("outage", "approve", "1", "--yes"),
}


@pytest.mark.parametrize("kind", COMMANDS)
def test_t16_a_head_of_another_office_decides_nothing_by_command(
    county: County, county_url: str, foreign: None, tmp_path: Path, kind: str
) -> None:
    """`LOGNAME=kepala correction approve 1 --yes` of a head of another office: "correction/1 of 199001012015011002 on
    2026-09-07 is approved."
    """
    installation = Installation(tmp_path, county_url)
    with acting_as("kepala"):
        for command in (COMMANDS[kind], (COMMANDS[kind][0], "reject", "1", "--reason", "r")):
            refused = installation.run(*command)
            assert (refused.code, "is DINKES, which kepala does not head" in refused.err) == (7, True), refused
    listed = json.loads(installation.ok(COMMANDS[kind][0], "list", "--format", "json"))
    assert [row["status"] for row in listed] == ["pending"]


def test_t16_a_head_of_another_office_decides_nothing_by_page(county: County, foreign: None) -> None:
    disputed = objections.objections.Disputed(LATE, date(2026, 9, 7), "TL3", "arrive")
    number = objections.add(county.engine, disputed, reason="mesin antre", account=county.operator, now=county.now)
    budi = county.account("budi", "employee", nip=LATE)
    desk = Desk(county.engine, county.site.rules(), county.site.profile(), budi, county.now)
    activity = life.add(desk, Work(LATE, date(2026, 9, 29), time(9), time(10), "Rapat"))
    county.account("kepala2", "head", nip=OTHER)
    browser = county.enter("kepala2")
    assert activity not in browser.get("/activities/waiting").text
    assert post(browser, "/activities/waiting", {"id": activity, "do": "approve"}) in {400, 403}
    assert "mesin antre" not in browser.get("/objections").text
    assert post(browser, "/objections", {"number": str(number), "do": "accept", "reason": "ya"}) in {400, 403}
    with reading(county.engine) as conn:
        assert [row["status"] for row in activities.rows(conn)] == ["pending"]
    assert [row["status"] for row in waiting.rows(county.engine, OUTAGE)] == ["pending"]


def test_t11_one_activity_that_is_posted_ten_times_at_once_is_one_row(county: County, enter: Enter, send: Send) -> None:
    """Ten threads that called `activities.add` with the same hour got ten numbers, and there were ten rows."""
    budi = enter("budi", "employee", nip=LATE)
    assert at_once([send(budi, "/activities", WORK)] * 10) == [303] * 10
    forms = [send(budi, "/activities", WORK | {"start": "09:30", "end": f"10:{n:02}"}) for n in range(5)]
    assert at_once(forms) == [400] * 5
    with reading(county.engine) as conn:
        assert [row["status"] for row in activities.rows(conn)] == ["pending"]


def test_t12_many_approvals_at_once_hold_one_connection_each(
    county: County, enter: Enter, send: Send, connections: OneConnection
) -> None:
    """One approval held two connections at once, the second inside the transaction of the first: sixteen waited for
    each other, and after half a minute for nothing. The fixture `connections` fails every test that does that.
    """
    budi, head = county.account("budi", "employee", nip=LATE), enter("kepala", "head", nip=HEAD)
    desk = Desk(county.engine, county.site.rules(), county.site.profile(), budi, county.now)
    hours = [(time(7 + n // 3, n % 3 * 20), time(7 + n // 3, n % 3 * 20 + 19)) for n in range(18)]
    ids = [life.add(desk, Work(LATE, date(2026, 9, 29), start, end, "Rapat")) for start, end in hours]
    forms = [send(head, "/activities/waiting", {"id": one, "do": "approve"}) for one in ids]
    before = connections.opened
    assert at_once(forms) == [303] * 18
    assert connections.opened - before == 2 * 18
