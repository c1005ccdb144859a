"""The worked examples of events, months, ladders and ratings, from files that people import to `score show`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journey.conftest import Installation

EXAMPLES = {
    example["id"]: example
    for example in json.loads((Path(__file__).parents[1] / "examples" / "examples.json").read_text())["examples"]
}
SEPTEMBER = [f"2026-09-{day:02}" for day in range(1, 31) if (day + 1) % 7 not in {6, 0}]
UNTIL = "2026-10-02 12:00"


def office(installation: Installation, zone: str, *people: dict[str, Any]) -> None:
    """A unit, its people, each with the PIN of their place in the row, on one terminal."""
    installation.load("units", [{"code": "DINKES", "name": "Dinas Kesehatan", "timezone": zone}])
    usual = {"unit": "DINKES", "allowance_rp": 4_000_000}
    installation.load("employees", [{**usual, "name": f"Pegawai {one['nip']}", **one} for one in people])
    rows = [{"terminal": "lobby", "pin": str(number), "nip": one["nip"]} for number, one in enumerate(people, 1)]
    installation.load("enrolments", rows)


def punches(installation: Installation, days: dict[str, tuple[str | None, str | None]], pin: str = "1") -> None:
    rows = [
        {"terminal": "lobby", "pin": pin, "clock": f"{day} {clock}"}
        for day, clocks in days.items()
        for clock in clocks
        if clock
    ]
    installation.load("punches", rows, "--complete-until", UNTIL)


def pct(number: float) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".")


def test_s07_apel_by_weekday_with_its_exemptions(installation: Installation, name_nip: Callable[[int], str]) -> None:
    example = EXAMPLES["S07"]
    installation.configure(profile=example["ruleset"])
    days = example["inputs"]["days"]
    nips = [name_nip(number) for number in range(len(days))]
    people = [
        {"nip": nip, "valid_from": day["date"], "valid_to": day["date"]} for nip, day in zip(nips, days, strict=True)
    ]
    witness = name_nip(99)
    office(installation, example["timezone"], *people, {"nip": witness})
    for number, day in enumerate(days, 1):
        clocks = ("07:30:00", "15:00:00") if day["ramadan"] else ("07:20:00", "16:35:00")
        if day["document"] is None:
            punches(installation, {day["date"]: clocks}, str(number))
    events = [
        {
            "code": f"APEL-{day['date']}",
            "kind": "apel",
            "unit": "*",
            "date": day["date"],
            "opens": "07:15",
            "closes": "07:45",
        }
        for day in days
    ]
    installation.load("events", events)
    installation.load(
        "event_attendance",
        [{"event": event["code"], "nip": witness, "status": "present"} for event in events]
        + [
            {"event": f"APEL-{day['date']}", "nip": nip, "status": "present"}
            for nip, day in zip(nips, days, strict=True)
            if day["apel_attended"]
        ],
    )
    installation.load(
        "absences",
        [
            {"nip": nip, "from": day["date"], "to": day["date"], "kind": day["document"], "document": "SPT 1"}
            for nip, day in zip(nips, days, strict=True)
            if day["document"]
        ],
    )
    scores = {**installation.scores("2026-02"), **installation.scores("2026-09")}
    for nip, day, expected in zip(nips, days, example["expected"]["days"], strict=True):
        found = [(f["code"], f["deduction_pct"]) for f in scores[nip]["discipline"]["findings"]]
        cost = expected["apel_deduction_pct"]
        assert found == ([("APEL", pct(cost))] if cost else []), day
        assert scores[nip]["pending"] == []


@pytest.mark.parametrize(("profile", "key"), [("tpp-model", "first_wins"), ("bali-last", "last_wins")])
def test_s09_the_first_or_the_last_of_several_scans(
    installation: Installation, name_nip: Callable[[int], str], profile: str, key: str
) -> None:
    example = EXAMPLES["S09"]
    inputs, expected = example["inputs"], example["expected"][key]
    installation.configure(profile=profile)
    nip, day = name_nip(0), inputs["date"]
    office(installation, example["timezone"], {"nip": nip, "valid_from": day, "valid_to": day})
    rows = [{"terminal": "lobby", "pin": "1", "clock": f"{day} {clock}"} for clock in inputs["raw"]]
    installation.load("punches", rows, "--complete-until", UNTIL)
    score = installation.scores("2026-09")[nip]
    (shown,) = score["days"]
    assert shown["scans"]["arrive"] == expected["punch_in"]
    assert shown["late_minutes"] == expected["late_minutes"]
    assert score["discipline"]["deduction_pct"] == pct(expected["deduction_pct"])


def test_s11_a_whole_month(installation: Installation, name_nip: Callable[[int], str]) -> None:
    example = EXAMPLES["S11"]
    inputs, expected = example["inputs"], example["expected"]
    nip, witness = name_nip(0), name_nip(99)
    office(installation, example["timezone"], {"nip": nip, "allowance_rp": inputs["tpp_idr"]}, {"nip": witness})
    days: dict[str, tuple[str | None, str | None]] = dict.fromkeys(SEPTEMBER, ("07:20:00", "16:35:00"))
    days |= dict.fromkeys(SEPTEMBER[:3], ("07:40:00", "16:35:00"))  # 3 x TL1
    days[SEPTEMBER[3]] = ("08:45:00", "16:35:00")  # TL3
    days |= {SEPTEMBER[5]: ("07:20:00", "15:50:00"), SEPTEMBER[6]: ("07:20:00", "15:50:00")}  # 2 x PSW1
    days[SEPTEMBER[7]] = ("07:20:00", None)  # no scan when leaving
    for gone in SEPTEMBER[8:12]:  # TK, dinas luar, two days of annual leave
        del days[gone]
    punches(installation, days)
    documents = ((SEPTEMBER[9], "dinas_luar"), (SEPTEMBER[10], "cuti_tahunan"), (SEPTEMBER[11], "cuti_tahunan"))
    installation.load(
        "absences", [{"nip": nip, "from": day, "to": day, "kind": kind, "document": kind} for day, kind in documents]
    )
    monday = "2026-09-21"
    installation.load(
        "events",
        [{"code": "APEL-1", "kind": "apel", "unit": "*", "date": monday, "opens": "07:15", "closes": "07:30"}],
    )
    installation.load("event_attendance", [{"event": "APEL-1", "nip": witness, "status": "present"}])
    worked = sorted(days)
    minutes = [390 + (index < inputs["validated_minutes"] - 390 * len(worked)) for index in range(len(worked))]
    assert sum(minutes) == inputs["validated_minutes"]
    installation.load(
        "activities",
        [
            {
                "id": f"A{day}",
                "nip": nip,
                "date": day,
                "start": "08:00",
                "end": "16:00",
                "description": "Pelayanan",
                "status": "approved",
                "approved_minutes": spent,
            }
            for day, spent in zip(worked, minutes, strict=True)
        ],
    )
    score = installation.scores("2026-09")[nip]
    assert score["working_days"] == inputs["working_days"]
    assert score["discipline"]["deduction_pct"] == pct(expected["discipline_deduction_pct"])
    assert score["discipline"]["score_pct"] == pct(expected["discipline_score_pct"])
    assert score["performance"]["score_pct"] == pct(expected["productivity_pct"])
    allowance = score["allowance"]
    assert allowance["discipline_rp"] == expected["discipline_idr"]
    assert allowance["performance_rp"] == expected["productivity_idr"]
    assert allowance["payable_rp"] == expected["total_idr"]
    assert score["pending"] == []


def test_s12_by_threshold_and_with_the_factor_of_banjarmasin(
    installation: Installation, name_nip: Callable[[int], str]
) -> None:
    installation.configure(profile="banjarmasin")
    reached, missed = name_nip(0), name_nip(1)
    office(installation, "Asia/Makassar", {"nip": reached}, {"nip": missed})
    for pin in ("1", "2"):
        punches(installation, dict.fromkeys(SEPTEMBER, ("07:20:00", "16:35:00")), pin)
    rows = []
    for nip, total in ((reached, 6_750), (missed, 6_075)):
        spent = [total // 22 + (index < total % 22) for index in range(22)]
        rows += [
            {
                "id": f"{nip}{day}",
                "nip": nip,
                "date": day,
                "start": "08:00",
                "end": "16:00",
                "description": "x",
                "status": "approved",
                "approved_minutes": minutes,
            }
            for day, minutes in zip(SEPTEMBER, spent, strict=True)
        ]
    installation.load("activities", rows)
    scores = installation.scores("2026-09")
    assert [scores[nip]["performance"]["score_pct"] for nip in (reached, missed)] == ["100", "0"]
    assert [scores[nip]["allowance"]["payable_rp"] for nip in (reached, missed)] == [3_480_000, 1_392_000]
    assert scores[reached]["allowance"]["multiplier_pct"] == "87"


def test_s19_minutes_become_days_on_the_ladder(installation: Installation, name_nip: Callable[[int], str]) -> None:
    example = EXAMPLES["S19"]
    inputs, expected = example["inputs"], example["expected"]
    nip = name_nip(0)
    office(installation, example["timezone"], {"nip": nip})
    worked = SEPTEMBER[inputs["full_days_absent"] :]
    days: dict[str, tuple[str | None, str | None]] = {}
    for index, day in enumerate(worked):  # ten days 62 minutes late, ten days 31 minutes early
        end = "16:30:00" if day in {"2026-09-04", "2026-09-11", "2026-09-18", "2026-09-25"} else "16:00:00"
        hour, minute = int(end[:2]), int(end[3:5])
        early = f"{(hour * 60 + minute - 31) // 60:02}:{(hour * 60 + minute - 31) % 60:02}:00"
        days[day] = ("08:32:00", end) if index < 10 else ("07:30:00", early)
    punches(installation, days)
    unexcused = installation.scores("2026-09")[nip]["unexcused"]
    assert unexcused["days"] == inputs["full_days_absent"]
    assert unexcused["bank_minutes_year"] == expected["bank_minutes"]
    assert unexcused["converted_days"] == expected["converted_days"]
    assert unexcused["days_this_year"] == expected["total_days"]
    assert unexcused["threshold"] == "TT"  # teguran tertulis


@pytest.mark.parametrize(("profile", "key"), [("jambi", "jambi_ratio"), ("permenaker-15-2024", "kemnaker_ratio")])
def test_s22_the_matrix_of_ratings_and_what_each_is_worth(
    installation: Installation, name_nip: Callable[[int], str], profile: str, key: str
) -> None:
    example = EXAMPLES["S22"]
    rows = example["expected"]["rows"]
    installation.configure(profile=profile)
    day = SEPTEMBER[0]
    nips = [name_nip(number) for number in range(len(rows) + 1)]
    office(installation, example["timezone"], *({"nip": nip, "valid_from": day, "valid_to": day} for nip in nips))
    for number in range(1, len(nips) + 1):
        punches(installation, {day: ("07:20:00", "16:05:00")}, str(number))
    words = {"di atas": "di_atas", "sesuai": "sesuai", "di bawah": "di_bawah"}
    installation.load(
        "ratings",
        [
            {
                "nip": nip,
                "period": "2025",
                "result": words[row["hasil"]],
                "behaviour": words[row["perilaku"]],
                "document": "SKP 2025",
            }
            for nip, row in zip(nips, rows, strict=False)
        ],
    )
    scores = installation.scores("2026-09")
    for nip, row in zip(nips, rows, strict=False):
        performance = scores[nip]["performance"]
        assert performance["rating"] == row["predikat"].lower().replace(" ", "_")
        assert performance["score_pct"] == str(row[key])
        if profile == "jambi":
            assert scores[nip]["allowance"]["performance_rp"] == row["productivity_60pct_of_4m_jambi_idr"]
    unrated = scores[nips[-1]]
    if profile == "jambi":
        assert unrated["performance"]["score_pct"] == str(example["expected"]["jambi_no_skp_ratio"])
    else:
        assert [entry["reason"] for entry in unrated["pending"]] == ["no approved rating is valid on 2026-09-01"]
