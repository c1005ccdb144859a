"""The worked examples, from files that people import to what `score show` prints, to the last digit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journey.conftest import Installation

EXAMPLES = {
    example["id"]: example
    for example in json.loads((Path(__file__).parents[1] / "examples" / "examples.json").read_text())["examples"]
}
UNTIL = "2026-10-02 12:00"


def people_of_single_days(
    installation: Installation, nips: list[str], cases: list[tuple[str, list[str]]], *, zone: str, until: str = UNTIL
) -> None:
    """One person per case, on duty on that one day only, whose punches are these."""
    installation.load("units", [{"code": "DINKES", "name": "Dinas Kesehatan", "timezone": zone}])
    installation.load(
        "employees",
        [
            {
                "nip": nip,
                "name": f"Pegawai {nip}",
                "unit": "DINKES",
                "allowance_rp": 4_000_000,
                "valid_from": day,
                "valid_to": day,
            }
            for nip, (day, _) in zip(nips, cases, strict=True)
        ],
    )
    installation.load(
        "enrolments",
        [{"terminal": "lobby", "pin": str(index), "nip": nip} for index, nip in enumerate(nips, 1)],
    )
    punches = [
        {"terminal": "lobby", "pin": str(index), "clock": f"{day} {_seconds(clock)}"}
        for index, (day, clocks) in enumerate(cases, 1)
        for clock in clocks
    ]
    installation.load("punches", punches, "--complete-until", until)


def _seconds(clock: str) -> str:
    return clock if clock.count(":") == 2 else f"{clock}:00"


def pct(number: float) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".")


def test_s01_every_boundary_of_the_lateness_classes(installation: Installation, name_nip: Callable[[int], str]) -> None:
    example = EXAMPLES["S01"]
    rows = example["expected"]["rows"]
    nips = [name_nip(number) for number in range(len(rows))]
    day = example["inputs"]["date"]
    cases = [(day, [row["punch_in"]] * bool(row["punch_in"]) + ["16:00:00"]) for row in rows]
    people_of_single_days(installation, nips, cases, zone=example["timezone"])
    scores = installation.scores("2026-09")
    for nip, row in zip(nips, rows, strict=True):
        score = scores[nip]
        (shown,) = score["days"]
        assert shown["late_minutes"] == row["late_minutes"]
        assert score["discipline"]["deduction_pct"] == pct(row["deduction_pct"])
        found = [(finding["code"], finding["deduction_pct"]) for finding in score["discipline"]["findings"]]
        # A missing arrive is TAM with the percentage of class 4 (reading of the rules, section 9).
        code = row["class"] if row["punch_in"] else "TAM"
        assert found == ([(code, pct(row["deduction_pct"]))] if code else [])
        assert score["pending"] == []


def test_s02_every_boundary_of_leaving_early(installation: Installation, name_nip: Callable[[int], str]) -> None:
    example = EXAMPLES["S02"]
    expected = example["expected"]
    rows = [(example["inputs"][day], row) for day in ("monday", "friday") for row in expected[day]]
    nips = [name_nip(number) for number in range(len(rows))]
    cases = [(day, ["07:30:00", row["punch_out"]]) for day, row in rows]
    people_of_single_days(installation, nips, cases, zone=example["timezone"])
    scores = installation.scores("2026-09")
    for nip, (_, row) in zip(nips, rows, strict=True):
        score = scores[nip]
        assert score["days"][0]["early_minutes"] == row["early_minutes"]
        assert [finding["code"] for finding in score["discipline"]["findings"]] == [row["class"]] * bool(row["class"])
        assert score["discipline"]["deduction_pct"] == pct(row["deduction_pct"])


def test_s03_a_friday_late_and_early(installation: Installation, name_nip: Callable[[int], str]) -> None:
    example = EXAMPLES["S03"]
    inputs, expected = example["inputs"], example["expected"]
    cases = [(inputs["date"], [inputs["punch_in"], inputs["punch_out"]])]
    people_of_single_days(installation, [name_nip(0)], cases, zone=example["timezone"])
    score = installation.scores("2026-09")[name_nip(0)]
    (day,) = score["days"]
    assert (day["late_minutes"], day["early_minutes"]) == (
        expected["late_minutes"],
        expected["early_minutes"],
    )
    assert day["worked_minutes"] == expected["worked_minutes_net"]
    assert day["required_minutes"] == expected["required_minutes_net"]
    assert score["discipline"]["deduction_pct"] == pct(expected["deduction_pct"])
    assert score["unexcused"]["bank_minutes_year"] == expected["pp94_bank_minutes"]


def test_s04_ramadan_starts_on_the_decided_day(installation: Installation, name_nip: Callable[[int], str]) -> None:
    example = EXAMPLES["S04"]
    days = example["inputs"]["days"]
    nips = [name_nip(0), name_nip(1)]
    cases = [(day["date"], [day["punch_in"], day["punch_out"]]) for day in days]
    people_of_single_days(installation, nips, cases, zone=example["timezone"], until="2026-03-02 12:00")
    scores = installation.scores("2026-02")
    for nip, expected in zip(nips, example["expected"]["days"], strict=True):
        day = scores[nip]["days"][0]
        assert (day["late_minutes"], day["early_minutes"]) == (
            expected["late_minutes"],
            expected["early_minutes"],
        )
        assert scores[nip]["discipline"]["deduction_pct"] == pct(expected["deduction_pct"])


def test_s08_four_scans_a_day(installation: Installation, name_nip: Callable[[int], str]) -> None:
    example = EXAMPLES["S08"]
    installation.configure(profile=example["ruleset"])
    inputs = example["inputs"]["days"]
    nips = [name_nip(number) for number in range(len(inputs))]
    people_of_single_days(
        installation, nips, [("2026-09-07", day["punches"]) for day in inputs], zone=example["timezone"]
    )
    card = nips[[day["id"] for day in inputs].index("E")]
    installation.load(
        "absences",
        [
            {
                "nip": card,
                "from": "2026-09-07",
                "to": "2026-09-07",
                "kind": "kartu_kendali",
                "document": "undangan 5",
                "status": "approved",
            }
        ],
    )
    scores = installation.scores("2026-09")
    codes = {"break_out": "TAK", "break_in": "TAI", "out": "TAP"}
    for nip, expected in zip(nips, example["expected"]["days"], strict=True):
        discipline = scores[nip]["discipline"]
        assert discipline["deduction_pct"] == pct(expected["deduction_pct"]), expected["id"]
        missing = [finding["code"] for finding in discipline["findings"] if finding["minutes"] is None]
        assert missing == [codes[scan] for scan in expected.get("missing", [])]
        if "break_overstay_minutes" in expected:
            assert [f["minutes"] for f in discipline["findings"]] == [expected["break_overstay_minutes"]]


@pytest.mark.parametrize("case", ["proportional", "over_target"])
def test_s12_performance_is_proportional_and_capped(
    installation: Installation, name_nip: Callable[[int], str], case: str
) -> None:
    example = EXAMPLES["S12"]
    inputs, expected = example["inputs"], example["expected"][case]
    minutes = inputs["validated_minutes"] if case == "proportional" else inputs["second_case_minutes"]
    nip = name_nip(0)
    installation.load("units", [{"code": "DINKES", "name": "Dinas Kesehatan", "timezone": "Asia/Jakarta"}])
    installation.load("employees", [{"nip": nip, "name": "Ayu", "unit": "DINKES", "allowance_rp": inputs["tpp_idr"]}])
    installation.load("enrolments", [{"terminal": "lobby", "pin": "1", "nip": nip}])
    days = [f"2026-09-{day:02}" for day in range(1, 31) if (day + 1) % 7 not in {6, 0}]
    assert len(days) == 22
    punches = [
        {"terminal": "lobby", "pin": "1", "clock": f"{day} {clock}"}
        for day in days
        for clock in ("07:20:00", "16:35:00")
    ]
    installation.load("punches", punches, "--complete-until", UNTIL)
    per_day = [minutes // 22 + (index < minutes % 22) for index in range(22)]
    installation.load(
        "activities",
        [
            {
                "id": f"A{index}",
                "nip": nip,
                "date": day,
                "start": "08:00",
                "end": "16:00",
                "description": "Pelayanan",
                "status": "approved",
                "approved_minutes": spent,
            }
            for index, (day, spent) in enumerate(zip(days, per_day, strict=True))
        ],
    )
    score = installation.scores("2026-09")[nip]
    assert score["working_days"] == 22
    assert score["performance"]["target_minutes"] == inputs["target_minutes"]
    assert score["performance"]["approved_minutes"] == minutes
    assert score["performance"]["score_pct"] == pct(expected["productivity_pct"])
    assert score["discipline"]["score_pct"] == "100"
    if case == "proportional":
        assert score["allowance"]["performance_rp"] == expected["productivity_idr"]


@pytest.mark.parametrize(("week", "key"), [(range(7, 12), "normal_minutes"), (range(23, 28), "ramadan_minutes")])
def test_v01_the_week_has_the_minutes_of_the_decree(
    installation: Installation, name_nip: Callable[[int], str], week: range, key: str
) -> None:
    month = "2026-09" if key == "normal_minutes" else "2026-02"
    nip = name_nip(0)
    installation.load("units", [{"code": "DINKES", "name": "Dinas Kesehatan", "timezone": "Asia/Jakarta"}])
    installation.load("employees", [{"nip": nip, "name": "Ayu", "unit": "DINKES"}])
    days = installation.scores(month)[nip]["days"]
    dates = {f"{month}-{day:02}" for day in week}
    required = [day["required_minutes"] for day in days if day["date"] in dates]
    assert len(required) == 5
    assert sum(required) == EXAMPLES["V01"]["expected"][key]
