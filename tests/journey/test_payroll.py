"""What happens to a month after it is closed: another revision, the payment, and what payroll reads meanwhile."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from openpyxl import load_workbook

from ekinerja_agent.host import os_user
from tests.journey.conftest import Installation, sql
from tests.proof.people import acting_as

BEFORE, MONTH, NEXT = "2026-08", "2026-09", "2026-10"
MONDAY = "2026-09-07"
UNTIL = "2026-11-03 12:00"
DAYS = {
    BEFORE: [f"2026-08-{day:02}" for day in range(1, 32) if (day + 5) % 7 not in {6, 0}],
    MONTH: [f"2026-09-{day:02}" for day in range(1, 31) if (day + 1) % 7 not in {6, 0}],
    NEXT: [f"2026-10-{day:02}" for day in range(1, 32) if (day + 3) % 7 not in {6, 0}],
}

As = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def acting(installation: Installation) -> As:
    """Other people's logins: operators, each with a NIP of nobody here."""

    @contextmanager
    def as_user(name: str) -> Iterator[None]:
        known = {row["name"] for row in json.loads(installation.ok("account", "list", "--format", "json"))}
        if name not in known:
            installation.account("add", name, "--role", "operator", "--os-user", name)
        with acting_as(name):
            yield

    return as_user


def rows(
    installation: Installation, view: str = "payroll_scores_v1", order: str = "period, nip, revision"
) -> list[Any]:
    return sql(installation.url, f"select * from {view} order by {order}")


def county(
    installation: Installation, *nips: str, late: Sequence[str] = (MONDAY,), months: Sequence[str] = (MONTH, NEXT)
) -> None:
    """Two offices of one terminal each; the first person comes 75 minutes late on these days."""
    installation.load("units", [{"code": code, "name": code, "timezone": "Asia/Jakarta"} for code in ("BKD", "DINKES")])
    installation.load(
        "employees",
        [
            {"nip": nip, "name": f"Pegawai {nip[-3:]}", "unit": ("DINKES", "BKD")[n % 2], "allowance_rp": 4_000_000}
            for n, nip in enumerate(nips)
        ],
    )
    installation.load("enrolments", [{"terminal": "lobby", "pin": str(n), "nip": nip} for n, nip in enumerate(nips)])
    installation.load(
        "punches",
        [
            {"terminal": "lobby", "pin": str(n), "clock": f"{day} {clock}"}
            for n, _ in enumerate(nips)
            for day in chain.from_iterable(DAYS[month] for month in months)
            for clock in ("08:45:00" if n == 0 and day in late else "07:20:00", "16:35:00")
        ],
        "--complete-until",
        UNTIL,
    )


def forgive(installation: Installation, acting: As, nip: str, day: str = MONDAY) -> None:
    """The late scan is corrected, with another person's approval."""
    shown = installation.ok("correction", "add", nip, day, "arrive", "--time", "07:15", "--document", "SK 9")
    number = shown.split()[0].removeprefix("correction/")
    with acting("sari"):
        installation.ok("correction", "approve", number, "--yes")


def test_a_month_is_reopened_by_another_person_and_closed_as_the_next_revision(
    installation: Installation, acting: As, name_nip: Callable[[int], str]
) -> None:
    late, other = name_nip(1), name_nip(2)
    county(installation, late, other)
    installation.ok("period", "close", MONTH, "--yes")
    first = {row["nip"]: row for row in rows(installation)}
    assert first[late]["payable_rp"] == first[other]["payable_rp"] - 20_000
    forgive(installation, acting, late)

    own = installation.run("period", "reopen", MONTH, "--office", "DINKES", "--reason", "SK 9")
    assert (own.code, "another person" in own.err) == (7, True)
    with acting("sari"):
        said = installation.ok("period", "reopen", MONTH, "--office", "DINKES", "--reason", "SK 9")
        assert said == "2026-09 DINKES: open again; revision 1 stands until it is closed.\n"
        again = installation.run("period", "reopen", MONTH, "--office", "DINKES", "--reason", "SK 9")
        assert (again.code, "reopened" in again.err) == (7, True)
    assert {row["nip"]: row for row in rows(installation)} == first, "what is published stands until the next close"
    states = json.loads(installation.ok("period", "status", MONTH, "--format", "json"))
    assert [(row["unit"], row["state"], row["revision"]) for row in states] == [
        ("BKD", "closed", 1),
        ("DINKES", "reopened", 1),
    ]

    assert installation.ok("period", "close", MONTH, "--yes") == "2026-09 DINKES: 1 people published, revision 2.\n"
    standing = {row["nip"]: row for row in rows(installation)}
    assert standing[other] == first[other]
    assert (standing[late]["revision"], standing[late]["payable_rp"]) == (2, first[other]["payable_rp"])
    assert rows(installation, "payroll_findings_v1", "nip") == []
    revisions = rows(installation, "payroll_revisions_v1")
    assert [(row["nip"], row["revision"]) for row in revisions] == [(late, 1), (late, 2), (other, 1)]
    assert revisions[0] == first[late]
    (shown,) = json.loads(installation.ok("score", "show", "--month", MONTH, "--nip", late, "--format", "json"))
    assert shown["allowance"]["payable_rp"] == standing[late]["payable_rp"]
    actions = json.loads(installation.ok("audit", "list", "--format", "json"))
    (reopened,) = [row for row in actions if row["action"] == "period.reopen"]
    assert (reopened["actor"], reopened["details"]["reason"]) == ("sari", "SK 9")
    installation.ok("db", "check")


def test_who_left_an_office_is_not_in_its_next_revision(
    installation: Installation, acting: As, name_nip: Callable[[int], str]
) -> None:
    moved, stays = name_nip(1), name_nip(3)
    county(installation, moved, name_nip(2), stays)
    installation.ok("period", "close", MONTH, "--yes")
    installation.load("employees", [{"nip": moved, "name": "Pindah", "unit": "BKD", "allowance_rp": 4_000_000}])
    with acting("sari"):
        installation.ok("period", "reopen", MONTH, "--reason", "mutasi")
        installation.ok("period", "close", MONTH, "--yes", "--office", "DINKES")
    assert [row["nip"] for row in rows(installation)] == [name_nip(2), stays], "nobody is in two offices"
    installation.ok("period", "close", MONTH, "--yes", "--office", "BKD")
    standing = [(row["nip"], row["unit_code"], row["revision"]) for row in rows(installation)]
    assert standing == [(moved, "BKD", 2), (name_nip(2), "BKD", 2), (stays, "DINKES", 2)]


def test_what_is_paid_is_never_reopened(installation: Installation, acting: As, name_nip: Callable[[int], str]) -> None:
    county(installation, name_nip(1), name_nip(2))
    assert installation.run("payroll", "mark-paid", "--month", MONTH, "--document", "SP2D 1", "--yes").code == 7
    installation.ok("period", "close", MONTH, "--yes")
    paid = ("payroll", "mark-paid", "--month", MONTH, "--office", "DINKES", "--document", "SP2D 1")
    installation.ok("payroll", "export", "--month", MONTH, "--out", str(installation.directory / "gaji.csv"))
    asked = installation.run(*paid)
    assert (asked.code, "--yes" in asked.err) == (2, True)
    assert installation.pay(MONTH, "SP2D 1", "--office", "DINKES") == "2026-09 DINKES: revision 1 is paid by SP2D 1.\n"
    twice = installation.run(*paid, "--yes")
    assert (twice.code, "already, by SP2D 1" in twice.err) == (7, True)

    with acting("sari"):
        for office in (("--office", "DINKES"), ()):
            refused = installation.run("period", "reopen", MONTH, *office, "--reason", "r")
            assert (refused.code, "SP2D 1" in refused.err) == (7, True)
        installation.ok("period", "reopen", MONTH, "--office", "BKD", "--reason", "r")
    waits = installation.run("payroll", "mark-paid", "--month", MONTH, "--document", "SP2D 2", "--yes")
    assert (waits.code, "close it again" in waits.err) == (7, True)
    installation.ok("period", "close", MONTH, "--yes")
    installation.pay(MONTH, "SP2D 2", "--office", "BKD")

    shown = [(row["unit_code"], row["revision"], row["paid_document"]) for row in rows(installation)]
    assert shown == [("DINKES", 1, "SP2D 1"), ("BKD", 2, "SP2D 2")]
    assert all(row["paid_at"] is not None for row in rows(installation))
    revisions = [(row["revision"], row["paid_document"]) for row in rows(installation, "payroll_revisions_v1")]
    assert revisions == [(1, "SP2D 1"), (1, None), (2, "SP2D 2")]
    states = json.loads(installation.ok("period", "status", MONTH, "--format", "json"))
    assert [(row["state"], row["paid_document"]) for row in states] == [("paid", "SP2D 2"), ("paid", "SP2D 1")]
    again = installation.run("period", "close", MONTH, "--office", "DINKES", "--yes")
    assert (again.code, "is paid" in again.err) == (7, True)


def test_a_payroll_role_may_record_a_payment_and_an_employee_may_not(
    installation: Installation, name_nip: Callable[[int], str], become: Callable[[str], None]
) -> None:
    county(installation, name_nip(1))
    installation.ok("period", "close", MONTH, "--yes")
    for name, role in (("bendahara", "payroll"), ("ayu", "employee")):
        installation.account("add", name, "--role", role, "--os-user", name)
    become("ayu")
    commands = (
        ("period", "reopen", MONTH, "--reason", "r"),
        ("payroll", "mark-paid", "--month", MONTH, "--document", "SP2D 1", "--yes"),
        ("payroll", "export", "--month", MONTH, "--out", str(installation.directory / "gaji.csv")),
    )
    for command in commands:
        refused = installation.run(*command)
        assert (refused.code, "operator or payroll" in refused.err) == (7, True)
    become("bendahara")
    for command in (commands[2], commands[1]):
        installation.ok(*command)


def test_an_export_has_the_rows_of_the_view_and_runs_no_formula(
    installation: Installation, name_nip: Callable[[int], str]
) -> None:
    nip = name_nip(1)
    county(installation, nip, name_nip(2))
    bad = {"nip": nip, "name": '=HYPERLINK("http://x")', "unit": "DINKES", "allowance_rp": 4_000_000}
    installation.load("employees", [bad])
    empty = installation.run("payroll", "export", "--month", MONTH, "--out", str(installation.directory / "gaji.csv"))
    assert (empty.code, "nothing is published" in empty.err) == (5, True)
    installation.ok("period", "close", MONTH, "--yes")
    view = sql(installation.url, "select * from payroll_scores_v1 order by unit_code, nip")

    path = installation.directory / "gaji.csv"
    said = installation.ok("payroll", "export", "--month", MONTH, "--out", str(path))
    with path.open(newline="") as file:
        written = list(csv.DictReader(file))
    assert list(written[0]) == list(view[0])
    for row, seen in zip(written, view, strict=True):
        for name in ("nip", "unit_code", "discipline_pct", "performance_pct", "payable_rp", "revision"):
            assert row[name] == str(seen[name])
        assert row["paid_at"] == ""
        assert row["published_at"].endswith("+00:00")
    assert [row["name"] for row in written if row["nip"] == nip] == ["'" + bad["name"]]
    actions = json.loads(installation.ok("audit", "list", "--format", "json"))
    (entry,) = [row for row in actions if row["action"] == "payroll.export"]
    assert entry["details"]["rows"] == 2
    assert entry["details"]["digest"] == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    assert entry["details"]["digest"] in said
    assert path.stat().st_mode & 0o077 == 0

    book = installation.directory / "gaji.xlsx"
    installation.ok("payroll", "export", "--month", MONTH, "--office", "DINKES", "--out", str(book))
    header, person = load_workbook(book).active.rows
    assert [cell.value for cell in header] == list(view[0])
    cells = {name.value: cell for name, cell in zip(header, person, strict=True)}
    (seen,) = [row for row in view if row["unit_code"] == "DINKES"]
    assert (cells["name"].value, cells["name"].data_type) == (bad["name"], "s")
    assert (cells["payable_rp"].value, cells["nip"].value) == (seen["payable_rp"], nip)
    assert str(cells["discipline_pct"].value) == str(seen["discipline_pct"])
    wrong = installation.run("payroll", "export", "--month", MONTH, "--out", "gaji.pdf")
    assert (wrong.code, ".csv or .xlsx" in wrong.err) == (2, True)


def test_a_disputed_finding_holds_the_close_until_another_person_decides_and_facts_follow(
    installation: Installation, acting: As, name_nip: Callable[[int], str]
) -> None:
    late, other = name_nip(1), name_nip(2)
    county(installation, late, other)
    objection = ("objection", "add", late, MONDAY, "TL3", "--scan", "arrive", "--reason", "mesin antre")
    unknown = installation.run(*objection)
    assert (unknown.code, "score run" in unknown.err) == (5, True)
    installation.ok("score", "run", "--month", MONTH)
    assert installation.ok(*objection).startswith("objection 1 waits.")
    assert installation.run(*objection).code == 7
    drafts = json.loads(installation.ok("period", "review", MONTH, "--format", "json"))
    assert [(row["nip"], row["findings"], row["objections"]) for row in drafts] == [(other, 0, 0), (late, 1, 1)]

    installation.ok("period", "close", MONTH, "--office", "BKD", "--yes")
    held = installation.run("period", "close", MONTH, "--yes")
    assert (held.code, "objection 1" in held.err, "is not decided" in held.err) == (7, True, True)
    own = installation.run("objection", "decide", "1", "accept", "--reason", "r")
    assert (own.code, "another person decides" in own.err) == (7, True)
    with acting("sari"):
        installation.ok("objection", "decide", "1", "accept", "--reason", "benar")
        twice = installation.run("objection", "decide", "1", "reject", "--reason", "r")
        assert (twice.code, "accepted already" in twice.err) == (7, True)
    held = installation.run("period", "close", MONTH, "--yes")
    assert (held.code, "is accepted, and the finding stands" in held.err) == (7, True)
    forgive(installation, acting, late)
    installation.ok("period", "close", MONTH, "--yes")
    assert json.loads(installation.ok("period", "review", MONTH, "--format", "json")) == []
    (listed,) = json.loads(installation.ok("objection", "list", "--month", MONTH, "--format", "json"))
    assert (listed["status"], listed["decided_by"], listed["decision"]) == ("accepted", "sari", "benar")
    closed = installation.run(*objection)
    assert (closed.code, "is closed" in closed.err) == (7, True)


def test_a_rejected_objection_lets_the_month_go_and_the_head_of_the_unit_rejects_it(
    installation: Installation, name_nip: Callable[[int], str], become: Callable[[str], None]
) -> None:
    late, other = name_nip(1), name_nip(3)
    county(installation, late, name_nip(2), other)
    installation.ok("score", "run", "--month", MONTH)
    installation.account("add", "ayu", "--role", "employee", "--nip", late, "--os-user", "ayu")
    for name, unit in (("budi", "BKD"), ("cici", "DINKES")):
        installation.account("add", name, "--role", "head", "--unit", unit, "--os-user", name)
    first = os_user.acting()
    become("ayu")
    strange = installation.run("objection", "add", other, MONDAY, "TK", "--reason", "r")
    assert (strange.code, "operator or hr or head or office_admin" in strange.err) == (7, True)
    installation.ok("objection", "add", late, MONDAY, "TL3", "--scan", "arrive", "--reason", "macet")
    decision = ("objection", "decide", "1", "reject", "--reason", "macet bukan alasan")
    become("budi")
    elsewhere = installation.run(*decision)
    assert (elsewhere.code, "head of the person's unit" in elsewhere.err) == (7, True)
    become("cici")
    installation.ok(*decision)
    become(first)
    installation.ok("period", "close", MONTH, "--yes")
    assert [row["code"] for row in rows(installation, "payroll_findings_v1", "nip")] == ["TL3"]


def paid(installation: Installation, *nips: str, pending: bool = False) -> None:
    county(installation, *nips)
    reason = ("--accept-pending", "listrik padam") if pending else ()
    installation.ok("period", "close", MONTH, "--yes", *reason)
    installation.pay(MONTH, "SP2D 1")


def adjusted(installation: Installation) -> list[tuple[Any, ...]]:
    columns = "adjustment_id period for_period nip unit_code from_revision to_revision difference_rp".split()
    found = rows(installation, "payroll_adjustments_v1", "for_period, nip, to_revision")
    return [tuple(row[name] for name in columns) for row in found]


def test_what_comes_after_the_payment_is_paid_once_with_the_next_month(
    installation: Installation, acting: As, name_nip: Callable[[int], str]
) -> None:
    late, other = name_nip(1), name_nip(2)
    paid(installation, late, other)
    before = rows(installation)
    forgive(installation, acting, late)
    installation.ok("score", "run", "--month", MONTH)

    installation.ok("period", "close", NEXT, "--office", "BKD", "--yes")
    assert adjusted(installation) == [], "another office does not pay it"
    said = installation.ok("period", "close", NEXT, "--yes")
    assert "2026-10 DINKES: 1 adjustments of paid months, Rp 20,000." in said
    expected = [(f"2026-09/{late}/2", NEXT, MONTH, late, "DINKES", 1, 2, 20_000)]
    assert adjusted(installation) == expected
    (one,) = rows(installation, "payroll_adjustments_v1", "nip")
    assert one["reason"] == f"-{MONDAY} TL3 arrive 75 min"
    assert [row for row in rows(installation) if row["period"] == MONTH] == before, "what was paid is final"
    assert [row for row in rows(installation, "payroll_revisions_v1") if row["period"] == MONTH] == before
    shown = json.loads(installation.ok("score", "show", "--month", MONTH, "--nip", late, "--format", "json"))
    assert shown[0]["discipline"]["findings"] == [], "the score that is known is shown"
    assert json.loads(installation.ok("score", "plan", "--month", MONTH, "--format", "json")) == []

    with acting("sari"):
        installation.ok("period", "reopen", NEXT, "--reason", "r")
        installation.ok("period", "close", NEXT, "--yes")
    assert adjusted(installation) == expected, "a new revision of the month that paid does not pay again"
    installation.ok("db", "check")
    installation.ok("audit", "verify")


def test_a_change_after_a_change_is_the_difference_to_what_was_adjusted(
    installation: Installation, acting: As, name_nip: Callable[[int], str]
) -> None:
    late, day = name_nip(1), "2026-08-03"
    county(installation, late, late=[day], months=(BEFORE, MONTH, NEXT))
    for month in (BEFORE, MONTH):
        installation.ok("period", "close", month, "--yes")
        if month == BEFORE:
            installation.pay(BEFORE, "SP2D")
            forgive(installation, acting, late, day)
    (correction,) = json.loads(installation.ok("correction", "list", "--format", "json"))
    revoke = ("import", "revoke", str(correction["batch"]), "--reason", "SK 9 dicabut", "--yes")
    assert installation.run(*revoke).code == 7, "another operator takes it back too"
    with acting("sari"):
        installation.ok(*revoke)
    installation.ok("period", "close", NEXT, "--yes")
    (first, second) = adjusted(installation)
    assert (first[1], *first[5:]) == (MONTH, 1, 2, 20_000)
    assert (second[1], *second[5:]) == (NEXT, 2, 3, -20_000)


def test_money_that_a_person_signed_for_is_not_taken_back(
    installation: Installation, acting: As, name_nip: Callable[[int], str]
) -> None:
    nip = name_nip(1)
    county(installation, nip)
    absent = {"nip": nip, "from": MONDAY, "to": MONDAY, "kind": "izin", "document": "S 1", "status": "pending"}
    installation.load("absences", [absent])
    assert installation.run("period", "close", MONTH, "--yes").code == 7
    installation.ok("period", "close", MONTH, "--yes", "--accept-pending", "belum diputus")
    installation.pay(MONTH, "SP2D 1")
    (before,) = rows(installation)
    installation.load("absences", [absent | {"status": "rejected"}])
    closed = installation.run("period", "close", NEXT, "--yes")
    assert closed.code == 0, closed
    assert "a person signed" in closed.err
    assert adjusted(installation) == []
    assert [row for row in rows(installation) if row["period"] == MONTH] == [before]


def test_who_moved_after_the_payment_is_paid_the_difference_and_nothing_twice(
    installation: Installation, acting: As, name_nip: Callable[[int], str]
) -> None:
    late, other = name_nip(1), name_nip(2)
    county(installation, late, other)
    installation.ok("period", "close", MONTH, "--office", "DINKES", "--yes")
    installation.pay(MONTH, "SP2D 1")
    installation.load("employees", [{"nip": late, "name": "Pindah", "unit": "BKD", "allowance_rp": 4_000_000}])
    forgive(installation, acting, late)
    closed = installation.run("period", "close", MONTH, "--yes")
    assert closed.code == 0, closed
    assert f"{late} was paid for 2026-09 by DINKES" in closed.err
    assert [(row["nip"], row["unit_code"]) for row in rows(installation)] == [(late, "DINKES"), (other, "BKD")]
    installation.ok("period", "close", NEXT, "--yes")
    assert adjusted(installation) == [(f"2026-09/{late}/2", NEXT, MONTH, late, "BKD", 1, 2, 20_000)]


def test_who_has_no_spell_any_more_loses_nothing_by_a_machine(
    installation: Installation, name_nip: Callable[[int], str]
) -> None:
    gone, stays = name_nip(1), name_nip(3)
    paid(installation, gone, name_nip(2), stays)
    left = {"nip": gone, "name": "Keluar", "unit": "DINKES", "valid_from": "2026-12-01"}
    (batch,) = [
        row["batch"]
        for row in json.loads(installation.ok("import", "list", "--format", "json"))
        if row["kind"] == "employees"
    ]
    installation.ok("import", "revoke", str(batch), "--reason", "salah berkas", "--yes")
    usual = {"name": "Tetap", "allowance_rp": 4_000_000}
    installation.load("employees", [left, {**usual, "nip": stays, "unit": "DINKES"}])
    closed = installation.run("period", "close", NEXT, "--yes")
    assert closed.code == 0, closed
    assert f"{gone} was paid by DINKES for 2026-09 and has no spell of duty" in closed.err
    assert f"{name_nip(2)} has another score for 2026-09, paid by BKD" in closed.err
    assert adjusted(installation) == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("period", "reopen", MONTH, "--office", "DINKES", "--reason", "r"), 5, "never closed"),
        (("period", "reopen", MONTH, "--reason", "r"), 7, "no office that is closed"),
        (("period", "reopen", MONTH, "--reason", " "), 7, "reason in words"),
    ],
)
def test_a_month_that_is_not_closed_cannot_go_on(
    installation: Installation, name_nip: Callable[[int], str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    county(installation, name_nip(1))
    refused = installation.run(*arguments)
    assert refused.code == code
    assert words in refused.err


def test_a_month_that_is_closed_before_its_end_costs_nothing_for_days_to_come_and_adjusts_them_later(
    installation: Installation, name_nip: Callable[[int], str]
) -> None:
    """Budgets end in December: a month is paid before it is over, and what its last days bring comes with a later one.

    14 of the 22 working days lie up to the 18th; of the target of 6,750 minutes 8/22 are credited, rounded up.
    """
    nip, late = name_nip(1), "2026-09-21"
    county(installation, nip, late=[MONDAY, late])
    absent = {"nip": nip, "from": MONDAY, "to": MONDAY, "kind": "izin", "document": "S 1", "status": "pending"}
    installation.load("absences", [absent])
    close = ("period", "close", MONTH, "--through", "2026-09-18", "--yes")
    assert "1 days are pending" in installation.run(*close).err
    installation.ok(*close, "--accept-pending", "belum diputus")
    (shown,) = json.loads(installation.ok("score", "show", "--month", MONTH, "--nip", nip, "--format", "json"))
    assert shown["discipline"]["findings"] == []
    assert (shown["days_present"], shown["performance"]["credited_minutes"]) == (14, 2455)
    (status,) = json.loads(installation.ok("period", "status", MONTH, "--format", "json"))
    assert (status["state"], status["through"]) == ("closed", "2026-09-18")

    installation.pay(MONTH, "SP2D 1")
    before = rows(installation)
    installation.ok("period", "close", NEXT, "--yes")
    (one,) = rows(installation, "payroll_adjustments_v1", "nip")
    assert f"+{late} TL3 arrive 75 min" in one["reason"], "nobody signed for that day"
    assert one["difference_rp"] < -20_000, "the minutes that were credited were not worked either"
    assert [row for row in rows(installation) if row["period"] == MONTH] == before
    installation.ok("db", "check")


@pytest.mark.parametrize(
    ("through", "words"),
    [
        ("2026-10-01", "is no day of 2026-09 before its last"),
        ("2026-09-30", "is no day of 2026-09 before its last"),
        ("2026-08-31", "is no day of 2026-09 before its last"),
    ],
)
def test_a_day_through_which_a_month_cannot_be_closed(
    installation: Installation, name_nip: Callable[[int], str], through: str, words: str
) -> None:
    county(installation, name_nip(1))
    refused = installation.run("period", "close", MONTH, "--through", through, "--yes")
    assert refused.code == 7
    assert words in refused.err
    assert rows(installation) == []


def test_a_day_that_is_not_over_is_not_judged(installation: Installation, name_nip: Callable[[int], str]) -> None:
    running = datetime.now(UTC).date() + timedelta(days=1)
    if running.day == 1 or (running + timedelta(days=1)).day == 1:
        running = (running + timedelta(days=3)).replace(day=2)
    county(installation, name_nip(1))
    refused = installation.run("period", "close", f"{running:%Y-%m}", "--through", str(running), "--yes")
    assert refused.code == 7
    assert "is not over; close after that day" in refused.err
