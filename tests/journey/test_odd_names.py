"""What SQL, drivers and formats use for themselves may stand in names: a unit `%%` is not a unit `%`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

from ekinerja_agent.nouns.punch import punch_name
from tests.journey.conftest import Installation, sql

MONTH = "2026-09"
WORKDAYS = [date(2026, 9, day) for day in range(1, 31) if date(2026, 9, day).isoweekday() <= 5]
WORDS = ["PLAIN", "%", "%%", "%%%%", "%s", "%(x)s", "%d%%", "50%%_", "50%_", "%25", "%41"]


def test_each_unit_pin_and_name_is_its_own(installation: Installation, name_nip: Callable[[int], str]) -> None:
    nips = {word: name_nip(number) for number, word in enumerate(WORDS, 1)}
    installation.load("units", [{"code": word, "name": f"Dinas {word}", "timezone": "Asia/Makassar"} for word in WORDS])
    person = {"allowance_rp": 4_000_000, "position": "Analis %s 100%%"}
    people = [person | {"nip": nips[word], "name": f"Ani {word}", "unit": word} for word in WORDS]
    installation.load("employees", people)
    installation.load("enrolments", [{"terminal": "lobby", "pin": word, "nip": nips[word]} for word in WORDS])
    clocks = [f"{day} {clock}" for day in WORKDAYS for clock in ("07:45:00", "16:40:00")]
    punches = [{"terminal": "lobby", "pin": word, "clock": clock} for word in WORDS for clock in clocks]
    installation.load("punches", punches, "--complete-until", "2026-10-02 12:00")
    approved = {"date": "2026-09-07", "start": "08:00", "end": "09:00", "status": "approved", "approved_minutes": 60}
    activities = [{"id": f"a{word}", "nip": nips[word], "description": f"rapat {word} 100%"} for word in WORDS]
    installation.load("activities", [approved | activity for activity in activities])

    drafts = installation.scores(MONTH)
    assert set(drafts) == set(nips.values())
    plain = drafts[nips["PLAIN"]]
    assert plain["discipline"]["score_pct"] == "89"
    for nip in nips.values():
        assert (drafts[nip]["allowance"], drafts[nip]["performance"]) == (plain["allowance"], plain["performance"]), nip

    excused = {
        "date": "2026-09-01",
        "scan": "arrive",
        "action": "add",
        "time": "07:20",
        "document": "100% %s",
        "status": "approved",
    }
    installation.load("corrections", [excused | {"nip": nips[word]} for word in WORDS])
    corrected = installation.scores(MONTH)
    for word in WORDS:
        assert corrected[nips[word]]["discipline"]["score_pct"] == "89.5", word
        shown = json.loads(installation.ok("score", "show", "--month", MONTH, "--format", "json", "--office", word))
        assert [document["nip"] for document in shown] == [nips[word]]
        explained = installation.ok("score", "explain", nips[word], MONTH)
        assert punch_name("lobby", word, "2026-09-02T07:45:00", 1) in explained
        assert [row["pin"] for row in listed(installation, word)] == [word] * len(clocks)

    installation.ok("period", "close", MONTH, "--yes")
    paid = sql(installation.url, "select nip, unit_code, payable_rp from payroll_scores_v1")
    assert {row["nip"]: row["unit_code"] for row in paid} == {nips[word]: word for word in WORDS}
    assert len({row["payable_rp"] for row in paid}) == 1
    for word in WORDS:
        for report, said in (("daily", f",{word},"), ("monthly", f",Ani {word},"), ("unit", f"{word},Dinas {word},")):
            file = installation.directory / f"{report}.csv"
            installation.ok("report", report, "--month", MONTH, "--office", word, "--out", str(file))
            assert said in file.read_text()
    page = installation.directory / "all.html"
    installation.ok("report", "monthly", "--month", MONTH, "--out", str(page))
    assert [word for word in WORDS if f"Ani {word} <" not in page.read_text()] == []


def listed(installation: Installation, unit: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(installation.ok("punch", "list", "--office", unit, "--format", "json"))
    return found
