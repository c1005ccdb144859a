"""What people see of rules: plans, replays, explanations, adoption by decree, and what a person decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journey.conftest import Installation

MONTH = "2026-09"
SEPTEMBER = [f"2026-09-{day:02}" for day in range(1, 31) if (day + 1) % 7 not in {6, 0}]
MONDAY = "2026-09-07"
UNTIL = "2026-10-02 12:00"


def office(installation: Installation, *people: dict[str, Any]) -> None:
    installation.load("units", [{"code": "DINKES", "name": "Dinas Kesehatan", "timezone": "Asia/Jakarta"}])
    usual = {"unit": "DINKES", "allowance_rp": 4_000_000}
    installation.load("employees", [{**usual, "name": f"Pegawai {one['nip']}", **one} for one in people])
    rows = [{"terminal": "lobby", "pin": str(number), "nip": one["nip"]} for number, one in enumerate(people, 1)]
    installation.load("enrolments", rows)


def punches(installation: Installation, pin: str, *clocks: str) -> None:
    rows = [{"terminal": "lobby", "pin": pin, "clock": clock} for clock in clocks]
    installation.load("punches", rows, "--complete-until", UNTIL)


def month_of(late_on: str) -> list[str]:
    return [f"{day} {'07:40:00' if day == late_on else '07:20:00'}" for day in SEPTEMBER] + [
        f"{day} 16:35:00" for day in SEPTEMBER
    ]


def change_rule(installation: Installation, name: str, old: str, new: str) -> None:
    path: Path = installation.directory / "rules" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_plan_shows_who_a_change_of_rules_would_cost_and_stores_nothing(
    installation: Installation, name_nip: Callable[[int], str]
) -> None:
    late, faultless = name_nip(1), name_nip(2)
    office(installation, {"nip": late}, {"nip": faultless})
    punches(installation, "1", *month_of(MONDAY))
    punches(installation, "2", *month_of("none"))
    before = installation.scores(MONTH)
    plan = ("score", "plan", "--month", MONTH, "--format", "json")
    assert len(json.loads(installation.ok(*plan))) == 2  # nothing is published yet
    installation.ok("period", "close", MONTH, "--yes")
    assert json.loads(installation.ok(*plan)) == []
    change_rule(
        installation,
        "profiles/tpp-model.yaml",
        "{from_min: 1, to_min: 30, deduction_pct: 0.5}",
        "{from_min: 1, to_min: 30, deduction_pct: 1}",
    )
    (change,) = json.loads(installation.ok(*plan))
    assert change["nip"] == late
    assert change["standing_rp"] - change["planned_rp"] == 8_000 == -change["difference_rp"]
    assert (change["standing_discipline_pct"], change["planned_discipline_pct"]) == ("99.5", "99")
    assert installation.scores(MONTH)[late]["allowance"] == before[late]["allowance"]


def test_a_plan_names_the_findings_that_come_and_go(installation: Installation, name_nip: Callable[[int], str]) -> None:
    nip = name_nip(1)
    office(installation, {"nip": nip})
    punches(installation, "1", *month_of(MONDAY))
    installation.scores(MONTH)
    installation.load(
        "absences", [{"nip": nip, "from": MONDAY, "to": MONDAY, "kind": "dinas_luar", "document": "SPT 7"}]
    )
    plan = ("score", "plan", "--month", MONTH, "--against", "draft", "--format", "json")
    (change,) = json.loads(installation.ok(*plan))
    assert change["changes"] == [f"-{MONDAY} TL1 arrive 10 min"]
    assert change["standing"] == "draft"


def test_a_month_is_replayed_as_of_an_instant(installation: Installation, name_nip: Callable[[int], str]) -> None:
    nip = name_nip(1)
    office(installation, {"nip": nip})
    punches(installation, "1", f"{SEPTEMBER[0]} 07:40:00")
    shown = installation.ok(
        *("score", "show", "--month", MONTH, "--nip", nip, "--format", "json"),
        "--now",
        f"{SEPTEMBER[0]}T13:00:00+07:00",
    )
    (document,) = json.loads(shown)
    assert [(day["date"], day["state"]) for day in document["days"]][:2] == [
        (SEPTEMBER[0], "present"),
        (SEPTEMBER[1], "future"),
    ]
    assert [finding["code"] for finding in document["discipline"]["findings"]] == ["TL1"]
    assert json.loads(installation.ok("score", "show", "--month", MONTH, "--format", "json")) == []


def test_values_without_a_decree_hold_the_close_and_a_decree_lets_it_go(
    installation: Installation, name_nip: Callable[[int], str]
) -> None:
    office(installation, {"nip": name_nip(1)})
    punches(installation, "1", *month_of(MONDAY))
    adopted: Path = installation.directory / "rules" / "adopted.yaml"
    decrees = adopted.read_text()
    adopted.unlink()
    refused = installation.run("period", "close", MONTH, "--yes")
    assert refused.code == 7
    assert "split of tpp-model (profiles/tpp-model.yaml:" in refused.err
    assert "adopted.yaml" in refused.err
    assert "missing_scan of tpp-model" not in refused.err  # its source is the text of a rule
    adopted.write_text(decrees)
    installation.ok("period", "close", MONTH, "--yes")


def test_an_anomaly_waits_until_a_person_decides_about_the_terminal(
    installation: Installation, name_nip: Callable[[int], str]
) -> None:
    people = [name_nip(number) for number in range(12)]
    office(installation, *({"nip": nip, "valid_from": MONDAY, "valid_to": MONDAY} for nip in people))
    for number in range(1, 13):
        punches(installation, str(number), f"{MONDAY} 08:40:00", f"{MONDAY} 16:10:00")
    scores = installation.scores(MONTH)
    reasons = {entry["reason"] for score in scores.values() for entry in score["pending"]}
    assert reasons == {
        (
            f"12 of 12 in DINKES share a finding at lobby on {MONDAY}: decide whether it failed "
            "(import outages, approved or rejected)"
        )
    }
    outage = {
        "terminal": "lobby",
        "from": f"{MONDAY} 07:00",
        "to": f"{MONDAY} 09:00",
        "reason": "macet",
        "document": "BA 1",
    }
    installation.load("outages", [{**outage, "status": "rejected"}])
    scores = installation.scores(MONTH)
    assert [score["discipline"]["deduction_pct"] for score in scores.values()] == ["1.25"] * 12
    installation.load("outages", [{**outage, "status": "approved"}])
    scores = installation.scores(MONTH)
    assert {score["discipline"]["deduction_pct"] for score in scores.values()} == {"0"}


@pytest.fixture
def costly(installation: Installation) -> Installation:
    installation.configure(profile="jambi")
    return installation


def test_every_kind_of_finding_is_explained(costly: Installation, name_nip: Callable[[int], str]) -> None:
    nip, witness = name_nip(1), name_nip(99)
    office(costly, {"nip": nip}, {"nip": witness})
    worked = [day for day in SEPTEMBER if day not in {SEPTEMBER[0], SEPTEMBER[1]}]
    punches(costly, "1", *(f"{day} 07:20:00" for day in worked[1:]), *(f"{day} 16:35:00" for day in worked))
    costly.load(
        "absences",
        [{"nip": nip, "from": SEPTEMBER[0], "to": SEPTEMBER[0], "kind": "cuti_sakit", "document": "SKD 11"}],
    )
    costly.load(
        "corrections",
        [{"nip": nip, "date": worked[0], "scan": "arrive", "action": "add", "time": "07:45", "document": "BA 12"}],
    )
    costly.load(
        "events",
        [{"code": "APEL-1", "kind": "apel", "unit": "*", "date": MONDAY, "opens": "07:00", "closes": "07:15"}],
    )
    costly.load("event_attendance", [{"event": "APEL-1", "nip": witness, "status": "present"}])
    costly.load(
        "sanctions",
        [
            {
                "nip": nip,
                "decree": "SK 5/2026",
                "pct": "25",
                "document": "SK 5/2026",
                "from": "2026-08-01",
                "to": "2027-01-31",
            }
        ],
    )
    costly.load(
        "holds", [{"nip": nip, "kind": "lhkpn", "amount_rp": "100000", "document": "Surat 3", "from": "2026-04-01"}]
    )
    costly.load("ratings", [{"nip": nip, "period": "2025", "predicate": "cukup", "document": "SKP 2025"}])
    score = costly.scores(MONTH)[nip]
    codes = {finding["code"] for finding in score["discipline"]["findings"]}
    assert codes == {"CUTI_SAKIT", "TK", "TL1", "APEL"}
    told = costly.ok("score", "explain", nip, MONTH)
    for piece in (
        "document SKD 11",
        "punch   none in the window",
        "punch   correction/1: the scan arrive at 07:45:00, document BA 12",
        "event   APEL-1:",
        "by the rating cukup",
        "SK 5/2026, from 2026-08-01 to 2027-01-31, document SK 5/2026",
        "lhkpn, from 2026-04-01 until further notice, document Surat 3",
        "profiles/jambi.yaml:",
    ):
        assert piece in told, piece
    allowance = score["allowance"]
    assert allowance["sanction_rp"] == 1_000_000
    assert allowance["hold_rp"] == 100_000
    parts = allowance["discipline_rp"] + allowance["performance_rp"]
    assert parts - allowance["sanction_rp"] - allowance["hold_rp"] == allowance["payable_rp"]
