"""What one operator, or whoever keeps the rule files, does to be paid more or to let a friend be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.store.engine import connect, transaction
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.errors import Refused
from tests.journey.conftest import Installation, Prepared, installation, prepared, sql
from tests.journey.conftest import nip as nip_of
from tests.proof.people import acting_as

__all__ = ["installation", "prepared"]

MONTH, BEFORE, MONDAY = "2026-10", "2026-09", "2026-10-05"
FRIEND, OTHER = nip_of(1), nip_of(2)
WEEKDAYS = [
    f"{month}-{day:02}"
    for month, first in ((BEFORE, 1), (MONTH, 3))
    for day in range(1, 31)
    if (day + first) % 7 not in {6, 0}
]


def county(box: Installation, *, others: bool = True) -> Installation:
    """An office that closed September; in October somebody came late on a Monday. With `others` budi is a second
    operator and sari of payroll.
    """
    box.load("units", [{"code": "DINKES", "name": "Dinas", "timezone": "Asia/Jakarta"}])
    people = [{"nip": nip, "name": f"Pegawai {nip[-3:]}", "unit": "DINKES"} for nip in (FRIEND, OTHER)]
    box.load("employees", [row | {"allowance_rp": 4_000_000} for row in people])
    box.load("enrolments", [{"terminal": "lobby", "pin": row["nip"][-3:], "nip": row["nip"]} for row in people])
    punches = [
        {"terminal": "lobby", "pin": nip[-3:], "clock": f"{day} {clock}"}
        for nip in (FRIEND, OTHER)
        for day in WEEKDAYS
        for clock in ("08:45:00" if (nip, day) == (FRIEND, MONDAY) else "07:20:00", "16:35:00")
    ]
    box.load("punches", punches, "--complete-until", "2026-11-03 12:00")
    if others:
        box.account("add", "budi", "--role", "operator", "--os-user", "budi")
        box.account("add", "sari", "--role", "payroll", "--os-user", "sari")
    box.ok("period", "close", BEFORE, "--yes")
    box.ok("score", "run", "--month", MONTH)
    return box


@pytest.fixture(params=["sqlite", "postgresql"])
def box(request: pytest.FixtureRequest, prepared: Prepared, tmp_path: Path) -> Iterator[Installation]:
    """That office with both others, on SQLite and on PostgreSQL."""
    with prepared(request.param, county).copied(tmp_path) as copy:
        yield copy


def payable(box: Installation) -> dict[str, int]:
    """What the drafts of the open month pay."""
    return {nip: document["allowance"]["payable_rp"] for nip, document in box.scores(MONTH).items()}


ATTACKS: dict[str, tuple[str, dict[str, Any]]] = {
    "an allowance": ("allowances", {"nip": FRIEND, "criterion": "beban", "amount_rp": 24_500_000}),
    "an allowance of the spell": (
        "employees",
        {"nip": FRIEND, "name": "Pegawai", "unit": "DINKES", "allowance_rp": 24_500_000},
    ),
    "no scan is asked of a person": (
        "employees",
        {"nip": FRIEND, "name": "Pegawai", "unit": "DINKES", "allowance_rp": 4_000_000, "attendance": "exempt"},
    ),
    "somebody new who never came": (
        "employees",
        {"nip": nip_of(9), "name": "Hantu", "unit": "DINKES", "allowance_rp": 9_000_000, "attendance": "exempt"},
    ),
    "no duty on a day that is over": ("rosters", {"nip": FRIEND, "date": MONDAY, "shift": "OFF"}),
    "a day off for one unit": (
        "calendar",
        {"date": MONDAY, "unit": "DINKES", "kind": "libur_daerah", "name": "Libur", "source": "SK"},
    ),
    "another profile": (
        "units",
        {"code": "DINKES", "name": "Dinas", "timezone": "Asia/Jakarta", "profile": "four-scan-example"},
    ),
    "what acting for a post adds": (
        "assignments",
        {"nip": FRIEND, "unit": "DINKES", "kind": "plt", "document": "SK", "valid_from": "2026-10-01"},
    ),
}


def test_t37_what_one_operator_imports_to_pay_somebody_waits_for_another(box: Installation) -> None:
    """On b497ae6, one operator, a second idle, September closed; `score show` after each `import`: payable_rp of the
    friend 1,580,000, then 9,677,500 (allowance), 9,800,000 (exempt), 11,760,000 (plt); the ghost is paid 3,600,000.
    `audit list`: {"digest": …, "file": "09-rosters.csv", "kind": "rosters", "rejected": 0, "stored": 1}, no person.
    """
    before, counted = payable(box), len(ATTACKS)
    with acting_as("budi"):
        for kind, row in ATTACKS.values():
            box.load(kind, [row])
    assert payable(box) == before
    waiting = json.loads(box.ok("import", "waiting", "--format", "json"))
    assert [(one["kind"], one["imported_by"]) for one in waiting] == [(kind, "budi") for kind, _ in ATTACKS.values()]
    first = waiting[0]["batch"]
    listed = {one["batch"]: one["status"] for one in json.loads(box.ok("import", "list", "--format", "json"))}
    assert list(listed.values()).count("waiting") == counted
    with acting_as("budi"):
        own = box.run("import", "approve", str(first), "--yes")
    assert (own.code, "budi imported batch" in own.err) == (7, True), own
    (row,) = [row for row in audits(box, "import") if row["subject"] == f"batch {first}"]
    assert row["details"]["changes"] == [
        {
            "of": {"nip": FRIEND, "criterion": "beban", "valid_from": None},
            "old": None,
            "new": {"amount_rp": 24_500_000},
        }
    ]
    _the_database_refuses(box, first)
    of_all = json.loads(box.ok("import", "waiting", str(waiting[6]["batch"]), "--format", "json"))
    assert {one["nip"] for one in of_all if one["difference_rp"] < 0} == {FRIEND, OTHER}, "of a unit: of everybody"
    with acting_as("sari"):
        shown = box.run("import", "approve", str(first), "--yes", "--format", "json")
    (line,) = [line for line in json.loads(shown.out) if line["month"] == MONTH]
    after = payable(box)
    assert (line["nip"], line["before_rp"], line["after_rp"]) == (FRIEND, before[FRIEND], after[FRIEND])
    assert after[FRIEND] > 5 * before[FRIEND]
    assert line["difference_rp"] == after[FRIEND] - before[FRIEND]
    (row,) = audits(box, "import.approve")
    moved = {one["month"]: (one["before_rp"], one["after_rp"]) for one in row["details"]["sheet"]["moved"]}
    assert (row["actor"], moved[MONTH]) == ("sari", (before[FRIEND], after[FRIEND]))
    with acting_as("sari"):
        box.ok("import", "approve", str(waiting[2]["batch"]), "--yes")
    after = payable(box)
    closing = box.run("period", "close", MONTH)
    assert f"  rises most: {FRIEND} Pegawai (DINKES), Rp {1_600_000:,} > Rp {after[FRIEND]:,}" in closing.err, closing
    assert f"  newly exempt, asked for no scan: {FRIEND}" in closing.err
    assert f"batch {waiting[3]['batch']} (employees, " in closing.err
    assert f"  newly exempt, asked for no scan: {FRIEND}" in box.run("period", "review", MONTH).err
    with acting_as("sari"):
        for one in (waiting[1], *waiting[3:]):
            box.ok("import", "reject", str(one["batch"]), "--reason", "tidak ada SK")
    assert payable(box) == after
    statuses = [one["status"] for one in json.loads(box.ok("import", "list", "--format", "json"))]
    assert statuses.count("rejected") == counted - 2
    again = box.run("import", "approve", str(waiting[1]["batch"]), "--yes")
    assert (again.code, "does not wait for a decision" in again.err) == (7, True), again
    box.ok("audit", "verify")


HARMLESS: dict[str, tuple[str, dict[str, Any]]] = {
    "another superior": (
        "employees",
        {
            "nip": OTHER,
            "name": "Pegawai Dua",
            "unit": "DINKES",
            "allowance_rp": 4_000_000,
            "supervisor_nip": FRIEND,
        },
    ),
    "a unit in which nobody is": ("units", {"code": "BARU", "name": "Baru", "timezone": "Asia/Jakarta"}),
    "somebody in a unit that was never closed": (
        "employees",
        {"nip": nip_of(9), "name": "Baru", "unit": "BARU", "allowance_rp": 4_000_000},
    ),
    "a PIN that nobody used yet": ("enrolments", {"terminal": "lobby", "pin": "9", "nip": OTHER}),
    "a shift to come": ("rosters", {"nip": OTHER, "date": "2099-01-05", "shift": "OFF"}),
}


def test_what_moves_nobody_s_pay_waits_for_nobody_and_a_used_pin_does(box: Installation) -> None:
    with acting_as("budi"):
        for kind, row in HARMLESS.values():
            box.load(kind, [row])
        assert json.loads(box.ok("import", "waiting", "--format", "json")) == []
        # Whoever used it until the day before keeps their punches; the friend of the operator would get these.
        box.load(
            "enrolments",
            [
                {"terminal": "lobby", "pin": OTHER[-3:], "nip": OTHER, "valid_to": "2026-10-04"},
                {"terminal": "lobby", "pin": OTHER[-3:], "nip": FRIEND, "valid_from": "2026-10-05"},
            ],
        )
    ((batch, kind),) = [
        (one["batch"], one["kind"]) for one in json.loads(box.ok("import", "waiting", "--format", "json"))
    ]
    assert kind == "enrolments"
    with acting_as("budi"):  # whoever brought it may take it back
        box.ok("import", "reject", str(batch), "--reason", "salah orang")


def _the_database_refuses(box: Installation, batch: int) -> None:
    """Whatever program asks: the importer, and a second decision."""
    engine = connect(box.url)
    budi = sql(box.url, "select id from accounts where name = 'budi'")[0]["id"]
    decision = (
        "insert into batch_decisions (batch, approved, account_id, decided_at) "
        "values ({}, true, {}, '2026-11-04 00:00:00')"
    )
    with pytest.raises(Refused, match="nobody approves what they imported"), transaction(engine) as conn:
        conn.exec_driver_sql(decision.format(batch, budi))
    with pytest.raises(Refused), transaction(engine) as conn:
        conn.exec_driver_sql(f"delete from held_batches where batch = {batch}")
    engine.dispose()


def audits(box: Installation, action: str) -> list[dict[str, Any]]:
    return [row for row in json.loads(box.ok("audit", "list", "--format", "json")) if row["action"] == action]


def test_t38_rules_that_changed_are_seen_by_another_person_and_stay_readable(box: Installation) -> None:
    """On b497ae6, `absence_day` 0 for two days (2026-10-05 to 2026-10-06, "by my own word", `mark: V`) in tpp-model:
    `period close 2026-10 --yes`: "2026-10 DINKES: 2 people published, revision 1.", exit 0, nothing on standard error;
    the file put back, `rules_digest` of payroll_scores_v1 is sha256:d012763d…, and no command tells what it stood for.
    """
    first = json.loads(box.ok("rules", "list", "--format", "json"))
    assert [(one["periods"], one["accepted_by"]) for one in first] == [([BEFORE], [])]
    profile = box.directory / "rules" / "profiles" / "tpp-model.yaml"
    shipped = profile.read_text()
    profile.write_text(with_two_days(shipped))
    adopted = box.directory / "rules" / "adopted.yaml"
    decree = adopted.read_text()
    adopted.unlink()
    unadopted = box.run("period", "close", MONTH, "--yes")
    assert (unadopted.code, "(profiles/tpp-model.yaml:" in unadopted.err, "mark V)" in unadopted.err) == (7, True, True)
    adopted.write_text(decree)
    with acting_as("budi"):
        refused = box.run("period", "close", MONTH, "--yes")
        assert (refused.code, "Another person who agrees looks at what changed" in refused.err) == (7, True), refused
        digest = refused.err.split("rules accept ")[1].split("`")[0]
        box.ok("rules", "accept", digest, "--yes")  # one's own is not enough
        assert box.run("period", "close", MONTH, "--yes").code == 7
    _the_database_refuses_rules(box, digest)
    with acting_as("sari"):
        shown = json.loads(box.ok("rules", "compare", "--format", "json"))
        assert ("profiles tpp-model absence_day", "2026-10-05") in [(one["where"], one["first"]) for one in shown]
        box.ok("rules", "accept", digest, "--yes")
    with acting_as("budi"):
        closing = box.run("period", "close", MONTH, "--yes")
    assert closing.code == 0, closing
    assert "rules changed since the close of 2026-09" in closing.err
    assert "holds from 2026-10-05 to 2026-10-06 alone, less than a month" in closing.err
    profile.write_text(shipped)
    text = box.ok("rules", "show", digest)
    assert f"sha256:{sha256(text.encode()).hexdigest()}" == digest
    assert '"first":"2026-10-05"' in text
    assert "Perbup 1/2026" in text, "what a decree adopted is part of it"
    assert sql(box.url, f"select count(*) as n from payroll_scores_v1 where rules_digest = '{digest}'") == [{"n": 2}]


def with_two_days(profile: str) -> str:
    """The profile with a value that holds for two days by its own word: who did not come loses nothing."""
    start = profile.index("absence_day:")
    end = profile.index("base:", start)
    source = "source: by my own word, mark: V"
    values = (
        "{from: 2021-01-01, to: 2026-10-04, value: 3",
        "{from: 2026-10-05, to: 2026-10-06, value: 0",
        "{from: 2026-10-07, value: 3",
    )
    return profile[:start] + "absence_day:\n" + "".join(f"  - {one}, {source}}}\n" for one in values) + profile[end:]


def _the_database_refuses_rules(box: Installation, digest: str) -> None:
    engine = connect(box.url)
    budi = sql(box.url, "select id from accounts where name = 'budi'")[0]["id"]
    close = (
        "insert into period_events (period, unit, event, revision, rules_digest, account_id, at) "
        f"values ('2026-11', 'DINKES', 'closed', 1, '{digest}', {budi}, '2026-11-04 00:00:00')"
    )
    with pytest.raises(Refused, match="accepted by another person first"), transaction(engine) as conn:
        conn.exec_driver_sql(close)
    engine.dispose()


def test_one_person_who_closes_alone_is_named_as_such_everywhere(installation: Installation) -> None:
    """(h) On b497ae6 nothing told a close of a county with one operator from one that two people could have seen."""
    box = county(installation, others=False)
    (status,) = json.loads(box.ok("period", "status", BEFORE, "--format", "json"))
    assert status["alone"] is True
    (row,) = audits(box, "period.close")
    assert row["details"]["alone"] is True
    assert "closes alone: there is nobody else who could sign" in box.run("period", "close", MONTH).err
    box.load("allowances", [{"nip": FRIEND, "criterion": "beban", "amount_rp": 5_000_000}])
    assert audits(box, "import")[-1]["details"]["alone"] is True
    box.account("add", "sari", "--role", "payroll", "--os-user", "sari")
    box.ok("period", "close", MONTH, "--yes")
    (status,) = json.loads(box.ok("period", "status", MONTH, "--format", "json"))
    assert status["alone"] is False


def test_t13_a_record_that_no_proven_log_had_waits_for_another_person(box: Installation) -> None:
    """On b497ae6, the log of the lobby proven by reads, `import punches` of one row (07:10 of the late Monday):
    "stored 1", then `score show`: payable_rp 1,580,000 became 1,600,000, no finding; the audit row says stored: 1.
    """
    engine = connect(box.url)
    proven = Coverage("lobby", datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
    deliver(engine, Delivery(punches=(), notes=(proven,)), datetime(2026, 11, 2, 1, tzinfo=UTC))
    engine.dispose()
    late = box.scores(MONTH)[FRIEND]
    assert [one["code"] for one in late["discipline"]["findings"]] == ["TL3"]
    rows = {
        "makes the late Monday early": {"terminal": "lobby", "pin": FRIEND[-3:], "clock": f"{MONDAY} 07:10:00"},
        "changes nothing": {"terminal": "lobby", "pin": OTHER[-3:], "clock": f"{MONDAY} 07:40:00"},
        "before the proven stretch": {"terminal": "lobby", "pin": OTHER[-3:], "clock": "2026-08-31 07:10:00"},
    }
    with acting_as("budi"):
        box.load("punches", list(rows.values()))
    doubtful = json.loads(box.ok("punch", "doubtful", "list", "--format", "json"))
    assert [(one["nip"], one["status"]) for one in doubtful] == [(OTHER, "pending"), (FRIEND, "pending")]
    added = audits(box, "import")[-1]["details"]
    assert (added["stored"], added["doubtful"]) == (1, 2)
    assert {"terminal": "lobby", "pin": FRIEND[-3:], "nip": FRIEND, "days": [MONDAY]} in added["added"]
    scores = box.scores(MONTH)
    assert [one["date"] for one in scores[FRIEND]["pending"]] == [MONDAY], "it could change that day"
    assert scores[OTHER]["pending"] == [], "and it could not change this one"
    number = str(doubtful[1]["number"])
    with acting_as("budi"):
        own = box.run("punch", "doubtful", "approve", number, "--yes")
    assert (own.code, "budi entered doubt/" in own.err) == (7, True), own
    with acting_as("sari"):
        box.ok("punch", "doubtful", "reject", str(doubtful[0]["number"]), "--reason", "tidak ada di mesin")
        box.ok("punch", "doubtful", "approve", number, "--yes")
        again = box.run("punch", "doubtful", "approve", number, "--yes")
    assert (again.code, "is decided already" in again.err) == (7, True), again
    scores = box.scores(MONTH)
    assert (scores[FRIEND]["discipline"]["findings"], scores[FRIEND]["pending"]) == ([], [])
    (row,) = audits(box, "punch.doubtful.approve")
    assert (row["actor"], row["details"]["nip"], row["details"]["clock"]) == ("sari", FRIEND, f"{MONDAY} 07:10:00")


def test_t17_a_rejected_objection_is_entered_again_only_once_the_draft_is_another(box: Installation) -> None:
    """On b497ae6 the same `objection add` after each `objection decide N reject` was taken, and after each `period
    close` ended with 7: "1 findings are disputed".
    """
    dispute = ("objection", "add", FRIEND, MONDAY, "TL3", "--scan", "arrive", "--reason", "mesin antre")
    box.ok(*dispute)
    with acting_as("budi"):
        box.ok("objection", "decide", "1", "reject", "--reason", "tidak")
    again = box.run(*dispute)
    assert (again.code, "objection 1 to 2026-10-05 TL3" in again.err, "was rejected" in again.err) == (7, True, True)
    with acting_as("budi"):
        other = box.run(*dispute)
    assert other.code == 7, other
    engine = connect(box.url)
    repeated = (
        "insert into objections (period, nip, date, code, scan, reason, account_id, entered_at, seen) select period, "
        "nip, date, code, scan, reason, account_id, entered_at, seen from objections where id = 1"
    )
    with pytest.raises(Refused, match="disputed again only once"), transaction(engine) as conn:
        conn.exec_driver_sql(repeated)
    engine.dispose()
    # Another punch: fifteen minutes less.
    box.load("punches", [{"terminal": "lobby", "pin": FRIEND[-3:], "clock": f"{MONDAY} 08:40:00"}])
    box.ok("score", "run", "--month", MONTH)
    number = box.ok(*dispute).split()[1]
    with acting_as("budi"):
        box.ok("objection", "decide", number, "reject", "--reason", "tidak")
    box.ok("period", "close", MONTH, "--yes")
