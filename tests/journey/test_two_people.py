"""Two people for every exception: who entered, asked or closed cannot decide alone, another person can.

Every way by which somebody may get more or less than terminals and rules say is here, through its commands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from ekinerja_agent.host import os_user
from tests.journey.conftest import Installation, Prepared, nip
from tests.proof.people import acting_as

MONTH, MONDAY = "2026-09", "2026-09-07"
DAYS = [f"2026-09-{day:02}" for day in range(1, 31) if (day + 1) % 7 not in {6, 0}]
As = Callable[[str], AbstractContextManager[None]]


def begin(installation: Installation) -> None:
    """An office with one person who came late on a Monday and another who did not; September is scored."""
    late, other = nip(1), nip(2)
    installation.load("units", [{"code": "DINKES", "name": "Dinas", "timezone": "Asia/Jakarta"}])
    people = [{"nip": nip, "name": f"Pegawai {nip[-3:]}", "unit": "DINKES"} for nip in (late, other)]
    installation.load("employees", [row | {"allowance_rp": 4_000_000} for row in people])
    installation.load(
        "enrolments", [{"terminal": "lobby", "pin": row["nip"][-3:], "nip": row["nip"]} for row in people]
    )
    punches = [
        {"terminal": "lobby", "pin": nip[-3:], "clock": f"{day} {clock}"}
        for nip in (late, other)
        for day in DAYS
        for clock in ("08:45:00" if (nip, day) == (late, MONDAY) else "07:20:00", "16:35:00")
    ]
    installation.load("punches", punches, "--complete-until", "2026-11-03 12:00")
    installation.ok("score", "run", "--month", MONTH)


def begin_with_others(installation: Installation) -> None:
    """The same with other logins: sari is an operator, ani an operator and the person who came late, tono no authorised
    feed.
    """
    begin(installation)
    for name, person in (("sari", None), ("ani", nip(1)), ("tono", None)):
        more = ("--nip", person) if person else ()
        installation.account("add", name, "--role", "operator", "--os-user", name, *more)


@pytest.fixture(params=["sqlite", "postgresql"])
def county(request: pytest.FixtureRequest, prepared: Prepared, tmp_path: Path) -> Iterator[Installation]:
    """That office; where a test acts as others, with their logins."""
    prepare = begin_with_others if "acting" in request.fixturenames else begin
    with prepared(request.param, prepare).copied(tmp_path) as copy:
        yield copy


@pytest.fixture
def acting(county: Installation) -> As:
    return acting_as


def correct(county: Installation, late: str) -> None:
    county.ok("correction", "add", late, MONDAY, "arrive", "--time", "07:15", "--document", "SK 9")


def dispute(county: Installation, late: str) -> None:
    county.ok("objection", "add", late, MONDAY, "TL3", "--scan", "arrive", "--reason", "mesin antre")


def close(county: Installation, _: str) -> None:
    county.ok("period", "close", MONTH, "--yes")


def let_one_sign(county: Installation, late: str) -> None:
    """A pending day of the person who came late, and the first of two signatures."""
    correct(county, late)
    signed = county.run(*ACCEPT)
    assert (signed.code, "Nothing is published yet: another person who agrees runs" in signed.err) == (7, True), signed
    (status,) = json.loads(county.ok("period", "status", MONTH, "--format", "json"))
    assert (status["state"], status["signed_by"]) == ("open", [os_user.acting()])


def ask_to_take_back(county: Installation, _: str) -> None:
    asked = county.run("import", "revoke", PUNCHES, "--reason", "r", "--yes")
    assert (asked.code, "and it still counts: another person who agrees runs" in asked.err) == (7, True), asked
    batch = next(
        row for row in json.loads(county.ok("import", "list", "--format", "json")) if str(row["batch"]) == PUNCHES
    )
    assert (batch["revoked_by"], batch["asked_by"]) == (None, [os_user.acting()])


PUNCHES = "4"
ACCEPT = ("period", "close", MONTH, "--accept-pending", "mesin rusak", "--yes")
EXCEPTIONS = {
    # What one person began; how it is decided; whether the person it is about may not decide either.
    "a correction is approved": (correct, ("correction", "approve", "1", "--yes"), True),
    "a correction is rejected": (correct, ("correction", "reject", "1", "--reason", "r"), True),
    "an objection is accepted": (dispute, ("objection", "decide", "1", "accept", "--reason", "r"), True),
    "an objection is rejected": (dispute, ("objection", "decide", "1", "reject", "--reason", "r"), True),
    "a closed month is opened again": (close, ("period", "reopen", MONTH, "--reason", "r"), False),
    "pending days count as present": (let_one_sign, ACCEPT, False),
    "a batch is taken back": (ask_to_take_back, ("import", "revoke", PUNCHES, "--reason", "r", "--yes"), False),
}


@pytest.mark.parametrize("what", EXCEPTIONS)
def test_one_person_alone_decides_no_exception(
    county: Installation, acting: As, name_nip: Callable[[int], str], what: str
) -> None:
    begin, decide, has_person = EXCEPTIONS[what]
    begin(county, name_nip(1))
    alone = county.run(*decide)
    assert (alone.code, "another person" in alone.err or "another operator" in alone.err) == (7, True), alone
    if has_person:
        with acting("ani"):
            own = county.run(*decide)
            assert (own.code, "another person" in own.err) == (7, True), own
    with acting("sari"):
        county.ok(*decide)
    county.verified()


CLAIMS = {
    # kind: a row that claims to be decided, the column by which it is found again
    "corrections": {"date": MONDAY, "scan": "arrive", "action": "add", "time": "07:15", "document": "SK"},
    "absences": {"from": MONDAY, "to": MONDAY, "kind": "izin", "document": "SI"},
    "outages": {"terminal": "lobby", "from": f"{MONDAY} 06:00:00", "to": f"{MONDAY} 09:00:00", "reason": "listrik"},
    "ratings": {"period": "2026", "predicate": "baik", "document": "SKP"},
}


@pytest.mark.parametrize("kind", CLAIMS)
def test_a_decision_in_a_file_of_somebody_who_vouches_for_nothing_waits(
    county: Installation, acting: As, name_nip: Callable[[int], str], kind: str
) -> None:
    before = _payable(county)
    row = CLAIMS[kind] | {"status": "approved"} | ({} if kind == "outages" else {"nip": name_nip(1)})
    path = county.directory / f"{kind}.csv"
    path.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    with acting("tono"):
        told = county.run("import", kind, str(path))
    assert (told.code, "they enter as pending and wait for an account that may decide" in told.err) == (0, True), told
    if kind == "ratings":
        assert _payable(county) == before
        return
    waits = county.run("period", "close", MONTH, "--yes")
    assert (waits.code, "1 days are pending" in waits.err) == (7, True), waits


def test_nobody_accepts_pending_days_of_their_own(
    county: Installation, acting: As, name_nip: Callable[[int], str]
) -> None:
    correct(county, name_nip(1))
    accept = ("period", "close", MONTH, "--accept-pending", "mesin rusak", "--yes")
    with acting("ani"):
        own = county.run(*accept)
        assert (own.code, "ani has a pending day in DINKES" in own.err) == (7, True), own
    assert json.loads(county.ok("period", "status", MONTH, "--format", "json"))[0]["state"] == "open"
    with acting("sari"):
        assert county.run(*accept).code == 7, "the first of two signatures"
    county.ok(*accept)
    (entry,) = json.loads(county.ok("audit", "list", "--action", "period.close", "--format", "json"))
    assert entry["actor"] == os_user.acting()
    (entry,) = json.loads(county.ok("audit", "list", "--action", "period.sign", "--format", "json"))
    assert (entry["actor"], entry["details"]) == ("sari", {"unit": "DINKES", "days": 1, "reason": "mesin rusak"})


def test_a_signature_holds_for_the_days_that_were_shown_and_no_others(
    county: Installation, acting: As, name_nip: Callable[[int], str]
) -> None:
    let_one_sign(county, name_nip(1))
    newcomer = name_nip(3)
    county.load("employees", [{"nip": newcomer, "name": "Baru", "unit": "DINKES", "allowance_rp": 4_000_000}])
    county.load("enrolments", [{"terminal": "gate", "pin": "3", "nip": newcomer}])
    with acting("sari"):
        more = county.run(*ACCEPT)
        assert (more.code, "sari has signed that 23 pending days" in more.err) == (7, True), more
    county.ok(*ACCEPT)


def test_one_person_where_there_is_nobody_else_signs_alone(
    county: Installation, name_nip: Callable[[int], str]
) -> None:
    correct(county, name_nip(1))
    county.account("add", "ayu", "--role", "employee", "--os-user", "ayu")
    county.ok(*ACCEPT)
    county.ok("import", "revoke", PUNCHES, "--reason", "r", "--yes")


def test_who_may_not_close_does_not_sign_either(
    county: Installation, acting: As, name_nip: Callable[[int], str]
) -> None:
    correct(county, name_nip(1))
    county.account("add", "ayu", "--role", "employee", "--os-user", "ayu")
    with acting("ayu"):
        refused = county.run(*ACCEPT)
    assert (refused.code, "this needs the role operator or payroll" in refused.err) == (7, True), refused


DOCUMENTS = {"absence": "absences", "outage": "outages"}


@pytest.mark.parametrize("noun", DOCUMENTS)
def test_a_document_that_waits_is_decided_by_another_person(
    county: Installation, acting: As, name_nip: Callable[[int], str], noun: str
) -> None:
    late_pays = _payable(county)[name_nip(1)]
    with acting("tono"):
        county.load(DOCUMENTS[noun], [CLAIMS[DOCUMENTS[noun]] | _of(noun, name_nip(1)) | {"status": "approved"}])
        (waits,) = json.loads(county.ok(noun, "list", "--status", "pending", "--format", "json"))
        number = str(waits["number"])
        assert (waits["entered_by"], waits["decided_by"]) == ("tono", None)
        own = county.run(noun, "approve", number, "--yes")
        assert (own.code, f"tono entered {noun}/1; another person decides" in own.err) == (7, True), own
    if noun == "absence":
        with acting("ani"):
            about = county.run(noun, "reject", number, "--reason", "r")
            assert (about.code, "is about ani; another person" in about.err) == (7, True), about
    with acting("sari"):
        county.ok(noun, "approve", f"{noun}/{number}", "--yes")
        again = county.run(noun, "reject", number, "--reason", "r")
        assert (again.code, "is approved already; a decision is made once" in again.err) == (7, True), again
    (decided,) = json.loads(county.ok(noun, "list", "--format", "json"))
    assert (decided["status"], decided["decided_by"]) == ("approved", "sari")
    if noun == "outage":
        assert _payable(county)[name_nip(1)] > late_pays
    county.ok("period", "close", MONTH, "--yes")
    county.verified()


@pytest.mark.parametrize("noun", DOCUMENTS)
def test_a_document_that_is_rejected_costs_what_it_would_have_excused(
    county: Installation, acting: As, name_nip: Callable[[int], str], noun: str
) -> None:
    before = _payable(county)
    with acting("tono"):
        county.load(DOCUMENTS[noun], [CLAIMS[DOCUMENTS[noun]] | _of(noun, name_nip(1))])
    assert county.run("period", "close", MONTH, "--yes").code == 7
    with acting("sari"):
        empty = county.run(noun, "reject", "1", "--reason", " ")
        assert empty.code == 2
        county.ok(noun, "reject", "1", "--reason", "tanpa bukti")
    assert _payable(county) == before
    (decided,) = json.loads(county.ok(noun, "list", "--status", "rejected", "--format", "json"))
    assert decided["reason"] == "tanpa bukti"
    strange = county.run(noun, "approve", "9", "--yes")
    assert (strange.code, f"there is no {noun}/9" in strange.err) == (2, True), strange


def _of(noun: str, nip: str) -> dict[str, str]:
    return {} if noun == "outage" else {"nip": nip}


def test_what_is_paid_is_changed_by_nobody_and_not_by_two(county: Installation, acting: As) -> None:
    county.ok("period", "close", MONTH, "--yes")
    county.pay(MONTH, "SP2D 1")
    for name in (os_user.acting(), "sari"):
        with acting(name):
            for command in (("period", "reopen", MONTH, "--reason", "r"), ("period", "close", MONTH, "--yes")):
                assert county.run(*command).code == 7


def _payable(county: Installation) -> dict[str, Any]:
    return {nip: one["allowance"]["payable_rp"] for nip, one in county.scores(MONTH).items()}
