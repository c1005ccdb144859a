"""The life of an activity through commands: entered, decided by the superior of the day, disputed, or left waiting."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.journey.conftest import Installation, Prepared, nip
from tests.proof.commands import Outcome
from tests.proof.people import acting_as

ANI, BUDI, CICI, HEAD, REGENT = nip(1), nip(2), nip(3), nip(8), nip(9)
MAKASSAR = ZoneInfo("Asia/Makassar")
As = Callable[[str], None]


@pytest.fixture
def today() -> str:
    """The day in Makassar, asked once: it may end while a test runs."""
    return datetime.now(MAKASSAR).date().isoformat()


@pytest.fixture
def acting(become: As) -> As:
    """Lets another operating-system user run the next commands."""
    return become


def begin(installation: Installation) -> None:
    """DINKES below KAB: Ani is led by Budi, Budi by the head, the head by the regent; Cici by the head."""
    with acting_as("admin"):
        installation.load(
            "units",
            [
                {"code": "KAB", "name": "Kabupaten", "timezone": "Asia/Makassar", "head_nip": REGENT},
                {"code": "DINKES", "name": "Dinas", "timezone": "Asia/Makassar", "parent": "KAB", "head_nip": HEAD},
            ],
        )
        people = {
            ANI: ("Ani", BUDI),
            BUDI: ("Budi", ""),
            CICI: ("Cici", ""),
            HEAD: ("Kepala", ""),
            REGENT: ("Bupati", ""),
        }
        installation.load(
            "employees",
            [
                {
                    "nip": number,
                    "name": name,
                    "unit": "KAB" if number == REGENT else "DINKES",
                    "status": "pns",
                    "attendance": "terminal",
                    "allowance_rp": 4_000_000,
                    "supervisor_nip": superior,
                }
                for number, (name, superior) in people.items()
            ],
        )
        for user, number in {"ani": ANI, "budi": BUDI, "cici": CICI, "head": HEAD, "regent": REGENT}.items():
            installation.account("add", user, "--role", "employee", "--nip", number, "--os-user", user)


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, prepared: Prepared, acting: As, tmp_path: Path) -> Iterator[Installation]:
    """Those units and people; the administrator runs what follows."""
    acting("admin")
    with prepared(request.param, begin).copied(tmp_path) as copy:
        yield copy


def activities(office: Installation, *options: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(office.ok("activity", "list", "--format", "json", *options))
    return rows


def history(office: Installation, name: str) -> list[tuple[str, str, str]]:
    rows = json.loads(office.ok("activity", "history", name, "--format", "json"))
    return [(row["step"], row["status"], row["by"]) for row in rows]


def enter(office: Installation, day: str, start: str, end: str, *options: str) -> str:
    office.ok(*("activity", "add", "--date", day, "--start", start, "--end", end, "--description", "Rapat"), *options)
    (found,) = (row["id"] for row in activities(office) if row["start"].startswith(start))
    return str(found)


def refused(outcome: Outcome, *told: str) -> None:
    assert outcome.code == 7, outcome
    assert all(word in outcome.err for word in told), outcome.err


def test_an_activity_is_decided_and_disputed_by_those_whose_turn_it_is(
    office: Installation, acting: As, today: str
) -> None:
    acting("ani")
    name = enter(office, today, "00:00", "01:30")
    refused(office.run("activity", "approve", name), "own", "the superior")
    for user in ("admin", "cici", "head"):
        acting(user)
        refused(office.run("activity", "approve", name), user)
    acting("budi")
    assert office.run("activity", "approve", name, "--minutes", "91").code == 2
    office.ok("activity", "return", name, "--reason", "belum jelas")
    acting("ani")
    office.ok("activity", "submit", name)
    acting("budi")
    office.ok("activity", "approve", name, "--minutes", "60")
    refused(office.run("activity", "reject", name, "--reason", "x"), "approved")
    acting("ani")
    office.ok("activity", "object", name, "--reason", "90 menit")
    acting("budi")
    refused(office.run("activity", "approve", name), HEAD)
    acting("head")
    office.ok("activity", "approve", name)
    assert history(office, name) == [
        ("entered", "pending", "ani"),
        ("returned", "returned", "budi"),
        ("submitted", "pending", "ani"),
        ("approved", "approved", "budi"),
        ("objected", "pending", "ani"),
        ("approved", "approved", "head"),
    ]
    (row,) = activities(office)
    assert (row["status"], row["approved_minutes"], row["decided_by"]) == ("approved", 90, HEAD)
    audited = [row["action"] for row in json.loads(office.ok("audit", "list", "--format", "json"))]
    steps = [f"activity.{step}" for step, _, _ in history(office, name)[1:]]
    assert sorted(action for action in audited if action.startswith("activity.")) == sorted(steps)


def test_what_nobody_decided_is_withdrawn_by_the_person_and_its_time_is_free(
    office: Installation, acting: As, today: str
) -> None:
    acting("ani")
    name = enter(office, today, "00:00", "01:30")
    acting("budi")
    refused(office.run("activity", "withdraw", name), "is not", ANI)
    acting("ani")
    office.ok("activity", "withdraw", name)
    for again in ("withdraw", "submit"):
        refused(office.run("activity", again, name), "withdrawn")
    other = enter(office, today, "00:30", "01:00")
    acting("budi")
    refused(office.run("activity", "approve", name), "withdrawn")
    office.ok("activity", "approve", other)
    acting("ani")
    refused(office.run("activity", "withdraw", other), "approved")
    assert history(office, name) == [("entered", "pending", "ani"), ("withdrawn", "withdrawn", "ani")]
    acting("admin")
    same = {"id": name, "nip": ANI, "date": today, "start": "00:00", "end": "01:30", "description": "Rapat"}
    office.load("activities", [same | {"status": "pending"}])
    assert [row["status"] for row in activities(office) if row["id"] == name] == ["withdrawn"]


def test_nobody_is_above_the_highest(office: Installation, acting: As, today: str) -> None:
    acting("head")
    name = enter(office, today, "00:00", "01:00")
    acting("regent")
    office.ok("activity", "reject", name, "--reason", "tidak")
    acting("head")
    refused(office.run("activity", "object", name, "--reason", "x"), "nobody is above")
    acting("regent")
    own = enter(office, today, "02:00", "03:00")
    refused(office.run("activity", "approve", own), "own")


def test_who_acts_for_the_head_decides_and_nobody_decides_what_they_entered(
    office: Installation, acting: As, today: str
) -> None:
    acting("admin")
    office.load(
        "assignments", [{"nip": CICI, "unit": "DINKES", "kind": "plh", "document": "SPT 1", "valid_from": today}]
    )
    office.account("add", "clerk", "--role", "operator", "--nip", CICI, "--os-user", "clerk")
    acting("clerk")
    entered = enter(office, today, "00:00", "01:00", "--nip", ANI)
    refused(office.run("activity", "approve", entered), "entered")
    acting("budi")
    refused(office.run("activity", "approve", entered), CICI)
    acting("cici")
    office.ok("activity", "approve", entered)


def test_an_entry_that_breaks_a_rule_is_refused_and_a_draft_waits_for_its_person(
    office: Installation, acting: As, today: str
) -> None:
    acting("ani")
    name = enter(office, today, "00:00", "01:00", "--draft")
    long_ago = (date.fromisoformat(today) - timedelta(days=2)).isoformat()
    add = ("activity", "add", "--description", "Rapat", "--start", "00:30", "--end", "02:00", "--date")
    refused(office.run(*add, today), "overlaps", name)
    refused(office.run(*add, long_ago), "2 days after its day")
    refused(office.run(*add, today, "--nip", BUDI), "ani")
    acting("budi")
    refused(office.run("activity", "approve", name), "draft")
    refused(office.run("activity", "submit", name), "budi")
    acting("ani")
    office.ok(*add, today, "--replaces", name)
    (row,) = activities(office)
    assert (row["id"], row["start"], row["status"]) == (name, "00:30:00", "pending")


def work(name: str, day: str, start: str, end: str, entered: str, **more: str) -> dict[str, str]:
    row = {"id": name, "nip": ANI, "date": f"2026-09-{day}", "start": start, "end": end, "description": "Rapat"}
    return {**row, "status": "pending", "entered_at": f"2026-09-{entered}", **more}


S24 = [
    work("A", "10", "08:00", "10:00", "10"),
    work("B", "10", "09:30", "10:30", "10"),
    work("C", "10", "13:00", "15:00", "11"),
    work("D", "08", "08:00", "11:00", "10"),
]


def test_s24_a_silent_superior_at_banjarmasin(office: Installation) -> None:
    office.configure(profile="banjarmasin")
    office.load("activities", S24)
    told = {row["id"]: (row["status"], row["reason"]) for row in activities(office)}
    assert told == {
        "A": ("pending", None),
        "B": ("rejected", "overlaps A (08:00-10:00)"),
        "C": ("pending", None),
        "D": ("rejected", "entered on 2026-09-10, 2 days after its day; allowed: on its day or 1 day after it"),
    }
    office.ok("activity", "silence", "--now", "2026-09-14T19:45:00+08:00")
    assert {row["status"] for row in activities(office) if row["id"] in "AC"} == {"pending"}
    for _ in range(2):  # the second run finds nothing to do
        office.ok("activity", "silence", "--now", "2026-09-15T19:45:00+08:00")
    assert history(office, "A") == [("entered", "pending", "admin"), ("approved", "approved", "system")]
    flagged = {row["id"]: (row["decided_by"], row["silent_nip"]) for row in activities(office, "--by-silence")}
    assert flagged == {"A": ("system", BUDI), "C": ("system", BUDI)}
    assert office.scores("2026-09")[ANI]["performance"]["approved_minutes"] == 240


def test_by_default_the_next_superior_may_decide_before_silence_approves(office: Installation, acting: As) -> None:
    office.load("activities", S24[:1])
    office.ok("activity", "silence", "--now", "2026-09-12T23:59:00+08:00")
    acting("head")
    refused(office.run("activity", "approve", "A"), BUDI)
    acting("admin")
    office.ok("activity", "silence", "--now", "2026-09-13T00:00:00+08:00")
    assert history(office, "A")[1:] == [("escalated", "pending", "system")]
    acting("head")
    office.ok("activity", "reject", "A", "--reason", "tidak")
    acting("admin")
    office.ok("activity", "silence", "--now", "2026-09-30T00:00:00+08:00")
    assert activities(office)[0]["status"] == "rejected"


def test_scoring_a_month_does_what_silence_does_and_the_day_is_scored_with_it(office: Installation) -> None:
    office.load("activities", S24[:1])
    shown = office.scores("2026-09")[ANI]
    assert shown["performance"]["approved_minutes"] == 120
    office.ok("score", "run", "--month", "2026-09", "--changed")
    assert activities(office)[0]["decided_by"] == "system"


def test_sending_the_same_again_undoes_no_decision_and_a_returned_one_waits_anew(
    office: Installation, acting: As
) -> None:
    office.load("activities", S24[:1])
    acting("budi")
    office.ok("activity", "return", "A", "--reason", "belum jelas")
    acting("admin")
    office.load("activities", S24[:1])
    office.ok("activity", "silence")
    assert activities(office)[0]["status"] == "pending", "the superior has days again, counted from today"
    acting("budi")
    office.ok("activity", "approve", "A", "--minutes", "30")
    acting("admin")
    office.load("activities", S24[:1])
    (row,) = activities(office)
    assert (row["status"], row["approved_minutes"], row["decided_by"]) == ("approved", 30, BUDI)


def test_s24_a_silent_request_for_leave_at_tulang_bawang(office: Installation) -> None:
    office.configure(profile="tulang-bawang")
    leave = {"nip": ANI, "from": "2026-09-01", "to": "2026-09-01", "kind": "cuti_tahunan", "document": "SI 1"}
    office.load("absences", [leave | {"requested_at": "2026-09-01", "status": "pending"}])
    office.load("enrolments", [{"terminal": "T", "pin": "1", "nip": ANI}])
    office.load(
        "punches",
        [{"terminal": "T", "pin": "1", "clock": "2026-09-02 07:20:00"}],
        "--complete-until",
        "2026-10-01 00:00",
    )

    def first_day() -> dict[str, Any]:
        document = office.scores("2026-09")[ANI]
        found = [row for row in document["discipline"]["findings"] if row["date"] == "2026-09-01"]
        waits = [row["reason"] for row in document["pending"] if row["date"] == "2026-09-01"]
        return {"found": [(row["code"], row["deduction_rp"]) for row in found], "waits": waits}

    office.ok("activity", "silence", "--now", "2026-09-04T23:00:00+08:00")
    shown = office.ok("score", "show", "--month", "2026-09", "--format", "json", "--now", "2026-09-04T23:00:00+08:00")
    (document,) = (one for one in json.loads(shown) if one["nip"] == ANI)
    assert [row["date"] for row in document["pending"]] == ["2026-09-01"]
    office.ok("activity", "silence", "--now", "2026-09-05T23:00:00+08:00")
    assert first_day() == {"found": [("TK", 24_000)], "waits": []}


def test_minutes_that_attendance_contradicts_are_listed_before_anybody_decides(office: Installation) -> None:
    office.load("enrolments", [{"terminal": "T", "pin": "1", "nip": ANI}])
    clocks = [{"terminal": "T", "pin": "1", "clock": f"2026-09-10 {at}:00"} for at in ("09:00", "14:00")]
    office.load("punches", clocks, "--complete-until", "2026-10-01 00:00")
    office.load("activities", [S24[0], S24[2], work("E", "09", "08:00", "09:00", "09")])
    rows = json.loads(office.ok("activity", "check", "--month", "2026-09", "--format", "json"))
    assert [(row["activity"], row["cause"], row["minutes"], row["counted_minutes"]) for row in rows] == [
        ("E", "absent", 60, 60),
        ("A", "before_arriving", 60, 120),
        ("C", "after_leaving", 60, 120),
    ]


def test_a_type_with_a_standard_counts_at_most_that_time(office: Installation) -> None:
    office.load("activity_standards", [{"type": "surat", "name": "Surat keluar", "standard_minutes": 15}])
    office.load("activities", [work("A", "10", "08:00", "10:00", "10", type="surat", volume="3")])
    assert office.scores("2026-09")[ANI]["performance"]["approved_minutes"] == 45
    wrong = office.directory / "wrong.csv"
    wrong.write_text(
        "id,nip,date,start,end,description,type,volume,status\n"
        f"X,{ANI},2026-09-11,08:00,10:00,Surat,surat,tiga,pending\n"
    )
    outcome = office.run("import", "activities", str(wrong))
    assert outcome.code == 5
    assert "wrong.csv:2: volume: 'tiga'; allowed: a number" in outcome.err


def test_a_file_cannot_make_anybody_approve_themselves(office: Installation) -> None:
    own = work("A", "10", "08:00", "10:00", "10", status="approved", decided_by=ANI)
    office.load("activities", [own])
    assert activities(office)[0]["status"] == "pending"
