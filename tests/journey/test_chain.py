"""The whole chain, from a terminal that speaks the protocol to the rows that payroll reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.simulator import Device, Endpoint, serve
from tests.journey.conftest import Installation, sql

MAKASSAR = ZoneInfo("Asia/Makassar")
MONTH = "2026-09"
WORKDAYS = [date(2026, 9, day) for day in range(1, 31) if date(2026, 9, day).isoweekday() <= 5]


def terminal(endpoint: Endpoint | None, name: str, office: str) -> dict[str, Any]:
    address = f"{endpoint.host}:{endpoint.port}" if endpoint else "127.0.0.1:9"
    return {"id": name, "office": office, "address": address, "timezone": "Asia/Makassar"}


def diligent_month(device: Device, *pins: str) -> None:
    """Punctual people, with a record on the evening before, so that the log's begin lies before the month."""
    device.punch(pins[0], at=datetime(2026, 8, 31, 16, 5))
    for day in WORKDAYS:
        for pin in pins:
            device.punch(pin, at=datetime.combine(day, datetime.min.time()) + timedelta(hours=7, minutes=20))
        for pin in pins:
            device.punch(pin, at=datetime.combine(day, datetime.min.time()) + timedelta(hours=16, minutes=40))


def county(installation: Installation, people: dict[str, tuple[str, str, str]]) -> None:
    """People by NIP: (unit, terminal, pin)."""
    units = sorted({unit for unit, _, _ in people.values()})
    installation.load("units", [{"code": unit, "name": unit.title(), "timezone": "Asia/Makassar"} for unit in units])
    installation.load(
        "employees",
        [
            {"nip": nip, "name": f"Pegawai {nip[-3:]}", "unit": unit, "allowance_rp": 4_000_000}
            for nip, (unit, _, _) in people.items()
        ],
    )
    installation.load(
        "enrolments", [{"terminal": where, "pin": pin, "nip": nip} for nip, (_, where, pin) in people.items()]
    )


def test_a_terminal_that_was_off_costs_nobody_anything_and_holds_the_close(
    installation: Installation, name_nip: Callable[[int], str]
) -> None:
    here, there = name_nip(1), name_nip(2)
    device = Device(zone=MAKASSAR)
    diligent_month(device, "1001")
    with serve(device) as endpoint:
        installation.configure(terminals=[terminal(endpoint, "lobby", "DINKES"), terminal(None, "gate", "CAMAT")])
        county(installation, {here: ("DINKES", "lobby", "1001"), there: ("CAMAT", "gate", "2001")})
        polled = installation.run("terminal", "poll", "--format", "json")
    assert polled.code == 4
    assert "gate" in polled.err
    assert [row["new"] for row in json.loads(polled.out)] == [2 * len(WORKDAYS) + 1]

    scores = installation.scores(MONTH)
    assert scores[here]["pending"] == []
    assert scores[there]["discipline"] == {"score_pct": "100", "deduction_pct": "0", "findings": []}
    assert [entry["date"] for entry in scores[there]["pending"]] == [day.isoformat() for day in WORKDAYS]
    assert "gate" in scores[there]["pending"][0]["reason"]
    assert scores[there]["status"] == "pending"

    refused = installation.run("period", "close", MONTH, "--yes")
    assert refused.code == 7
    assert "22 days are pending" in refused.err
    assert "gate" in refused.err
    assert sql(installation.url, "select * from payroll_scores_v1") == []

    installation.ok("period", "close", MONTH, "--yes", "--accept-pending", "listrik kantor camat padam")
    published = {document["nip"]: document for document in json.loads(show(installation))}
    assert published[there]["status"] == "published"
    assert published[there]["days_present"] == 22
    assert published[there]["discipline"]["deduction_pct"] == "0"


def test_an_end_that_other_programs_write_for_an_open_one_is_open(
    installation: Installation, name_nip: Callable[[int], str]
) -> None:
    plain, spelt = name_nip(1), name_nip(2)
    since, until = {"valid_from": "1900-01-01"}, {"valid_to": "9999-12-31"}
    zone = {"name": "Dinas", "timezone": "Asia/Makassar"}
    installation.load("units", [zone | {"code": "DINKES"}, zone | {"code": "BKD"} | since | until])
    person = {"name": "Ani", "allowance_rp": 4_000_000}
    installation.load("employees", [person | {"nip": plain, "unit": "DINKES"}])
    installation.load("employees", [person | {"nip": spelt, "unit": "BKD"} | since | until])
    installation.load("enrolments", [{"terminal": "lobby", "pin": "1", "nip": plain}])
    installation.load("enrolments", [{"terminal": "lobby", "pin": "2", "nip": spelt} | since | until])
    clocks = [f"{day} {clock}" for day in WORKDAYS for clock in ("07:45:00", "16:40:00")]
    punches = [{"terminal": "lobby", "pin": pin, "clock": clock} for pin in "12" for clock in clocks]
    installation.load("punches", punches, "--complete-until", "2026-10-02 12:00")
    installation.load("absences", [{"nip": spelt, "from": "2026-12-01", "to": "9999-12-31", "kind": "tugas_belajar"}])
    scores = installation.scores(MONTH)
    assert scores[spelt]["allowance"] == scores[plain]["allowance"]
    for nip in (plain, spelt):
        found = [(one["date"], one["code"]) for one in scores[nip]["discipline"]["findings"]]
        assert found == [(day.isoformat(), "TL1") for day in WORKDAYS]


def show(installation: Installation, *options: str) -> str:
    return str(installation.ok("score", "show", "--month", MONTH, "--format", "json", *options))


def test_payroll_reads_what_score_show_prints_and_nobody_can_change_it(
    installation: Installation, name_nip: Callable[[int], str]
) -> None:
    late = name_nip(1)
    device = Device(zone=MAKASSAR)
    diligent_month(device, "1002")
    device.punch("1001", at=datetime(2026, 9, 1, 16, 5))
    with serve(device) as endpoint:
        installation.configure(terminals=[terminal(endpoint, "lobby", "DINKES")])
        county(installation, {late: ("DINKES", "lobby", "1001"), name_nip(2): ("DINKES", "lobby", "1002")})
        installation.ok("terminal", "poll")
    installation.scores(MONTH)
    installation.ok("period", "close", MONTH, "--yes")

    documents = json.loads(show(installation))
    rows = sql(installation.url, "select * from payroll_scores_v1 order by nip")
    assert len(rows) == len(documents) == 2
    for row, document in zip(rows, sorted(documents, key=lambda d: d["nip"]), strict=True):
        allowance = document["allowance"]
        assert row["period"] == MONTH
        assert row["revision"] == 1
        assert str(row["discipline_pct"]) == document["discipline"]["score_pct"]
        assert str(row["performance_pct"]) == document["performance"]["score_pct"]
        assert str(row["multiplier_pct"]) == allowance["multiplier_pct"]
        for name in ("discipline_rp", "performance_rp", "payable_rp", "hold_rp", "sanction_rp"):
            assert row[name] == allowance[name]
        assert row["allowance_base_rp"] == allowance["base_rp"]
        assert row["rules_digest"] == document["rules"]
    findings = sql(installation.url, "select * from payroll_findings_v1 order by nip, date")
    shown = [finding for document in documents for finding in document["discipline"]["findings"]]
    assert [(str(row["date"]), row["code"], str(row["deduction_pct"])) for row in findings] == [
        (finding["date"], finding["code"], finding["deduction_pct"]) for finding in shown
    ]
    assert findings

    again = installation.run("period", "close", MONTH, "--yes")
    assert again.code == 7
    assert "closed" in again.err


def test_explain_leads_from_a_rupiah_to_the_source_and_the_raw_bytes(
    installation: Installation, name_nip: Callable[[int], str]
) -> None:
    nip = name_nip(1)
    device = Device(zone=MAKASSAR)
    device.punch("1001", at=datetime(2026, 8, 31, 16, 5))
    late = device.punch("1001", at=datetime(2026, 9, 1, 8, 45, 11))
    assert late
    device.punch("1001", at=datetime(2026, 9, 1, 16, 5))
    raw = device.log_table()[4 + 40 : 4 + 80].hex()
    with serve(device) as endpoint:
        installation.configure(terminals=[terminal(endpoint, "lobby", "DINKES")])
        county(installation, {nip: ("DINKES", "lobby", "1001")})
        installation.ok("terminal", "poll")
    score = installation.scores(MONTH)[nip]
    explained = installation.ok("score", "explain", nip, MONTH)
    finding = score["discipline"]["findings"][0]
    assert (finding["code"], finding["minutes"], finding["deduction_rp"]) == ("TL3", 75, 20_000)
    for part in (
        "TL3",
        "Rp 20,000",
        finding["source"],
        "profiles/tpp-model.yaml:",
        "lobby/1001/2026-09-01T08:45:11/1",
        raw,
    ):
        assert part in explained


def test_a_pin_without_a_person_is_kept_and_assigned_later(
    installation: Installation, name_nip: Callable[[int], str]
) -> None:
    nip = name_nip(1)
    device = Device(zone=MAKASSAR)
    diligent_month(device, "1001")
    with serve(device) as endpoint:
        installation.configure(terminals=[terminal(endpoint, "lobby", "DINKES")])
        installation.load("units", [{"code": "DINKES", "name": "Dinkes", "timezone": "Asia/Makassar"}])
        installation.load("employees", [{"nip": nip, "name": "Ayu", "unit": "DINKES"}])
        installation.ok("terminal", "poll")
    unmatched = json.loads(installation.ok("punch", "unmatched", "--format", "json"))
    assert [(row["pin"], row["punches"]) for row in unmatched] == [("1001", 2 * len(WORKDAYS) + 1)]
    before = installation.scores(MONTH)[nip]
    assert before["unexcused"]["days"] == 0, "without an enrolment silence is pending, never absence"
    installation.load("enrolments", [{"terminal": "*", "pin": "1001", "nip": nip}])
    assert json.loads(installation.ok("punch", "unmatched", "--format", "json")) == []
    after = installation.scores(MONTH)[nip]
    assert (after["days_present"], after["pending"]) == (22, [])


def test_an_import_that_is_taken_back_leaves_what_the_terminal_said(
    installation: Installation, name_nip: Callable[[int], str]
) -> None:
    nip = name_nip(1)
    device = Device(zone=MAKASSAR)
    diligent_month(device, "1001")
    with serve(device) as endpoint:
        installation.configure(terminals=[terminal(endpoint, "lobby", "DINKES")])
        county(installation, {nip: ("DINKES", "lobby", "1001")})
        installation.load(
            "punches",
            [
                {"terminal": "lobby", "pin": "1001", "clock": f"{record.clock:%Y-%m-%d %H:%M:%S}"}
                for record in device.log
            ],
        )
        installation.ok("terminal", "poll")
    (batch,) = [
        row["batch"]
        for row in json.loads(installation.ok("import", "list", "--format", "json"))
        if row["kind"] == "punches"
    ]

    def listed() -> list[str]:
        rows = json.loads(installation.ok("punch", "list", "--format", "json"))
        return [row["punch_id"] for row in rows]

    both = listed()
    assert len(both) == len(set(both)) == 2 * len(WORKDAYS) + 1
    installation.ok("import", "revoke", str(batch), "--reason", "salah berkas", "--yes")
    assert listed() == both


def test_a_month_that_is_not_over_is_not_closed(installation: Installation, name_nip: Callable[[int], str]) -> None:
    county(installation, {name_nip(1): ("DINKES", "lobby", "1")})
    running = datetime.now(UTC).astimezone(timezone(timedelta(hours=9)))  # where days end first
    refused = installation.run("period", "close", f"{running:%Y-%m}", "--yes")
    assert refused.code == 7
    assert "not over" in refused.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("score", "run", "--month", "2019-05"), 6, "2019"),
        (("score", "run", "--month", "Mei"), 2, "2026-09"),
        (("score", "explain", "199001012015011001", MONTH), 5, "score run"),
        (("terminal", "poll", "nowhere"), 2, "nowhere"),
        (("period", "close", MONTH, "--yes"), 7, "no employee"),
        (("import", "units", "missing.csv"), 2, "missing.csv"),
    ],
)
def test_wrong_input_ends_with_a_sentence_and_the_right_code(
    installation: Installation, name_nip: Callable[[int], str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    if arguments[0] == "score" and arguments[1] == "run":
        county(installation, {name_nip(1): ("DINKES", "lobby", "1")})
    outcome = installation.run(*arguments)
    assert outcome.code == code, outcome
    assert words in outcome.err
    assert "Traceback" not in outcome.err


def test_a_wrong_configuration_is_told_with_its_place(installation: Installation) -> None:
    (installation.directory / "agent.yaml").write_text("roles: [collect, skore]\npol: {}\n")
    outcome = installation.run("terminal", "list")
    assert outcome.code == 3
    assert "agent.yaml:1:" in outcome.err
    assert "agent.yaml:2:1: pol" in outcome.err


def test_the_state_directory_appears_when_it_is_needed(
    installation: Installation, name_nip: Callable[[int], str]
) -> None:
    assert not (installation.directory / "state").exists()
    installation.ok("spool", "status")
    assert Path(installation.directory / "state" / "spool.db").exists()
    assert name_nip(1)
