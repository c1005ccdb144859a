"""A scan that was forgotten or is somebody else's: entered by one, decided by another, and not too often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.access import accounts, audit
from ekinerja_agent.central.access.accounts import Account, actor
from ekinerja_agent.central.facts import month_facts
from ekinerja_agent.central.imported import corrections
from ekinerja_agent.central.imported.batches import revoke, store_batch
from ekinerja_agent.central.scored import results
from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import Citation, Dated, RuleBook, Scan, Timeline
from ekinerja_agent.usecases.deciding import correct
from ekinerja_agent.usecases.importing.imports import Imported, ImportFile, import_facts

ANI, BUDI = "199001012015011001", "198609262015051001"
NOW = datetime(2026, 9, 30, 2, tzinfo=UTC)
SEPTEMBER = date(2026, 9, 1)
RULES = Path(__file__).parents[2] / "config" / "rules"
HEADER = "nip,date,scan,action,time,document,requested_by,status,decided_by\n"


@pytest.fixture(scope="session")
def shipped() -> RuleBook:
    return load_rulebook(RULES)


@pytest.fixture
def rules(shipped: RuleBook) -> RuleBook:
    """The shipped rules, where tpp-model lets two corrections be approved in a month."""
    two = Dated(date(2021, 1, 1), None, 2, Citation("Perbup 5/2026, Pasal 9", "V", "tpp-model.yaml:1"))
    model = replace(shipped.profiles["tpp-model"], corrections_per_month=Timeline("corrections_per_month", (two,)))
    return replace(shipped, profiles={**shipped.profiles, "tpp-model": model})


@pytest.fixture
def siti(central: Engine) -> Account:
    """An operator, and an office with two people."""
    account = actor(central, "siti", NOW).account
    for kind, *rows in (
        ("units", {"code": "DINKES", "name": "Dinas", "timezone": "Asia/Makassar", "head_nip": BUDI}),
        (
            "employees",
            *(
                {"nip": nip, "name": "Ani", "unit": "DINKES", "status": "pns", "attendance": "terminal"}
                for nip in (ANI, BUDI)
            ),
        ),
        ("enrolments", {"terminal": "lobby", "pin": "1", "nip": ANI}),
    ):
        numbered = [{**row, "row": n} for n, row in enumerate(rows, 2)]
        with transaction(central) as conn:
            store_batch(conn, account.id, str(kind), "f.csv", "sha256:0", numbered, 0, NOW)
    return account


@pytest.fixture
def budi(central: Engine, siti: Account) -> Account:
    """Another person who may decide, and who is an employee."""
    return accounts.add(central, "budi", roles=["head"], nip=BUDI, by=siti, now=NOW, os_user="budi")


Enter = Callable[..., int]


@pytest.fixture
def enter(central: Engine, siti: Account) -> Enter:
    def entered(day: int = 7, at: time | None = time(7, 25), **changes: Any) -> int:
        usual = {"nip": ANI, "scan": Scan.ARRIVE, "account": siti, "document": "Surat 1"}
        given = {**usual, **changes}
        scanned = correct.Scanned(given["nip"], date(2026, 9, day), given["scan"], at)
        return correct.add(central, scanned, document=given["document"], account=given["account"], now=NOW)

    return entered


def scored(engine: Engine) -> list[tuple[Any, ...]]:
    frame = month_facts(engine, SEPTEMBER, profile="tpp-model", now=NOW).corrections
    return frame.select("reference", "day", "scan", "action", "time", "status").rows()


def approve(engine: Engine, number: int, account: Account, rules: RuleBook) -> None:
    correct.approve(engine, number, rules=rules, profile="tpp-model", account=account, now=NOW)


def bring(engine: Engine, account: Account, rules: RuleBook, *rows: str) -> Imported:
    file = ImportFile("corrections.csv", (HEADER + "\n".join(rows) + "\n").encode())
    return import_facts(engine, account, "corrections", file, now=NOW, rules=rules, profile="tpp-model")


def test_a_correction_counts_once_another_person_approved_it(
    central: Engine, enter: Enter, budi: Account, rules: RuleBook
) -> None:
    number = enter()
    row = (f"correction/{number}", date(2026, 9, 7), "arrive", "add", time(7, 25))
    assert scored(central) == [(*row, "pending")]
    approve(central, number, budi, rules)
    assert scored(central) == [(*row, "approved")]
    assert results.seen_stale(central, SEPTEMBER).of_people()[ANI] >= {date(2026, 9, 7)}
    actions = [(entry["actor"], entry["action"], entry["subject"]) for entry in audit.rows(central)]
    subject = f"correction/{number}"
    assert [entry for entry in actions if entry[2] == subject] == [
        ("siti", "correction.add", subject),
        ("budi", "correction.approve", subject),
    ]


def test_a_rejected_correction_never_counts_and_says_why(central: Engine, enter: Enter, budi: Account) -> None:
    number = enter(at=None)
    correct.reject(central, number, reason="tanpa bukti", account=budi, now=NOW)
    assert [row[3:] for row in scored(central)] == [("void", None, "rejected")]
    (row,) = corrections.rows(central)
    assert (row["status"], row["decided_by"], row["reason"], row["entered_by"]) == (
        *("rejected", "budi", "tanpa bukti", "siti"),
    )


def test_nobody_decides_on_what_they_entered_or_on_themselves(
    central: Engine, enter: Enter, siti: Account, budi: Account, rules: RuleBook
) -> None:
    own, about_budi = enter(), enter(nip=BUDI)
    with pytest.raises(Refused, match=f"siti entered correction/{own}; another person decides"):
        approve(central, own, siti, rules)
    with pytest.raises(Refused, match=f"correction/{about_budi} is about budi"):
        approve(central, about_budi, budi, rules)
    with pytest.raises(Refused):
        correct.reject(central, own, reason="r", account=siti, now=NOW)
    assert {row[-1] for row in scored(central)} == {"pending"}


def test_who_asked_for_it_in_a_file_does_not_decide_on_it(
    central: Engine, siti: Account, budi: Account, rules: RuleBook
) -> None:
    clerk = accounts.add(central, "clerk", roles=["operator"], by=siti, now=NOW, os_user="clerk")
    bring(central, clerk, rules, f"{ANI},2026-09-07,arrive,add,07:25,Surat 1,{BUDI},,")
    (row,) = corrections.rows(central, status="pending")
    with pytest.raises(Refused, match="budi entered"):
        approve(central, row["number"], budi, rules)
    approve(central, row["number"], siti, rules)
    assert corrections.rows(central, status="pending") == []


def test_a_decision_is_made_once(central: Engine, enter: Enter, budi: Account, rules: RuleBook) -> None:
    number = enter()
    approve(central, number, budi, rules)
    with pytest.raises(Refused, match="is approved already; a decision is made once"):
        correct.reject(central, number, reason="r", account=budi, now=NOW)


def test_one_scan_has_one_correction_at_a_time(
    central: Engine, enter: Enter, siti: Account, budi: Account, rules: RuleBook
) -> None:
    first = enter()
    with pytest.raises(Refused, match=f"correction/{first} for the same scan is not decided yet"):
        enter(at=time(7, 0))
    approve(central, first, budi, rules)
    with pytest.raises(Refused, match="is approved already; to change it, take it back first: import revoke"):
        enter(at=time(7, 0))
    (row,) = corrections.rows(central)
    revoke(central, row["batch"], siti, "salah jam", NOW)
    assert scored(central) == []
    second = enter(at=time(7, 0))
    approve(central, second, budi, rules)
    assert scored(central)[0][0] == f"correction/{second}"


def test_after_a_rejection_a_better_one_may_be_entered(central: Engine, enter: Enter, budi: Account) -> None:
    correct.reject(central, enter(), reason="tanpa bukti", account=budi, now=NOW)
    again = enter(document="Surat 2")
    assert [row[0] for row in scored(central)] == [f"correction/{again}"]


def test_one_that_was_taken_back_or_replaced_is_not_decided(
    central: Engine, enter: Enter, siti: Account, budi: Account, rules: RuleBook
) -> None:
    number = enter()
    revoke(central, corrections.rows(central)[0]["batch"], siti, "r", NOW)
    with pytest.raises(Refused, match="was taken back with batch"):
        approve(central, number, budi, rules)
    replaced = enter()
    feed = replace(siti, feeds=frozenset({"corrections"}))
    bring(central, feed, rules, f"{ANI},2026-09-07,arrive,add,07:10,Surat 2,,,")
    with pytest.raises(Refused, match="was replaced by correction/"):
        approve(central, replaced, budi, rules)


def test_beyond_the_months_limit_an_approval_is_refused_with_the_limit_its_source_and_the_count(
    central: Engine, enter: Enter, budi: Account, rules: RuleBook
) -> None:
    for day in (7, 8):
        approve(central, enter(day), budi, rules)
    third = enter(9)
    with pytest.raises(Refused) as caught:
        approve(central, third, budi, rules)
    assert caught.value.exit_code == 7
    assert f"{ANI} has 2 approved corrections in 2026-09, and tpp-model lets 2" in str(caught.value)
    assert "Perbup 5/2026, Pasal 9" in str(caught.value)
    correct.reject(central, third, reason="lebih dari batas", account=budi, now=NOW)


def test_the_limit_is_of_one_person_and_one_month(
    central: Engine, enter: Enter, siti: Account, budi: Account, rules: RuleBook
) -> None:
    for day in (7, 8):
        approve(central, enter(day), budi, rules)
    august = correct.Scanned(ANI, date(2026, 8, 31), Scan.LEAVE, time(16, 5))
    number = correct.add(central, august, document="Surat", account=siti, now=NOW)
    approve(central, number, budi, rules)
    other = accounts.add(central, "citra", roles=["head"], unit="DINKES", by=siti, now=NOW, os_user="citra")
    approve(central, enter(9, nip=BUDI), other, rules)


def test_a_correction_that_an_approved_outage_caused_is_outside_the_limit(
    central: Engine, enter: Enter, siti: Account, budi: Account, rules: RuleBook
) -> None:
    outage = {"terminal": "lobby", "cause": "mati listrik", "status": "approved", "row": 2}
    outage |= {"starts": datetime(2026, 9, 7, 7), "ends": datetime(2026, 9, 7, 8)}
    with transaction(central) as conn:
        store_batch(conn, siti.id, "outages", "f.csv", "sha256:0", [outage], 0, NOW)
    for day in (7, 8, 9):
        approve(central, enter(day), budi, rules)
    with pytest.raises(Refused, match="lets 2 be approved"):
        approve(central, enter(10), budi, rules)
    outage |= {"starts": datetime(2026, 9, 10, 7), "ends": datetime(2026, 9, 10, 8)}
    with transaction(central) as conn:
        store_batch(conn, siti.id, "outages", "f.csv", "sha256:0", [outage], 0, NOW)
    approve(central, corrections.rows(central, status="pending")[0]["number"], budi, rules)


def test_rows_of_a_feed_beyond_the_limit_are_kept_as_rejected(central: Engine, siti: Account, rules: RuleBook) -> None:
    rows = [f"{ANI},2026-09-0{n},arrive,add,07:25,Surat,,," for n in (7, 8, 9)]
    done = bring(central, siti, rules, *rows)
    assert [problem.line for problem in done.rejected] == [4]
    assert "lets 2 be approved in a month" in str(done.rejected[0])
    assert [row[-1] for row in scored(central)] == ["approved", "approved", "rejected"]
    again = bring(central, siti, rules, *rows)
    assert (again.stored, again.unchanged) == (0, 3)


def test_a_file_never_takes_away_what_is_approved_even_when_others_filled_the_limit(
    central: Engine, siti: Account, enter: Enter, budi: Account, rules: RuleBook
) -> None:
    row = f"{ANI},2026-09-09,arrive,add,07:25,Surat,,,"
    bring(central, siti, rules, row)
    approve(central, enter(7), budi, rules)
    done = bring(central, siti, rules, f"{ANI},2026-09-08,arrive,add,07:25,Surat,,,", row)
    assert [problem.line for problem in done.rejected] == [2]
    assert [one[-1] for one in scored(central)] == ["approved", "rejected", "approved"]


def test_bringing_a_decided_row_again_keeps_its_decision_and_its_name(
    central: Engine, siti: Account, budi: Account, rules: RuleBook
) -> None:
    clerk = replace(siti, feeds=frozenset())
    row = f"{ANI},2026-09-07,arrive,add,07:25,Surat 1,,,"
    bring(central, clerk, rules, row)
    (before,) = corrections.rows(central)
    approve(central, before["number"], budi, rules)
    again = bring(central, clerk, rules, row)
    assert (again.stored, again.unchanged) == (0, 1)
    assert scored(central)[0][0] == f"correction/{before['number']}"
    assert scored(central)[0][-1] == "approved"


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"document": " "}, WrongUsage, "--document"),
        ({"nip": "198001012010011009"}, WrongUsage, "no employee has the NIP"),
        ({"account": "employee"}, Refused, "an operator or a head of unit may"),
    ],
)
def test_what_cannot_be_meant_is_not_entered(
    central: Engine, enter: Enter, siti: Account, changes: dict[str, Any], error: type[Exception], words: str
) -> None:
    if "account" in changes:
        changes = {"account": replace(siti, roles=frozenset({"employee"}))}
    with pytest.raises(error, match=words):
        enter(**changes)
    assert corrections.rows(central) == []


def test_a_day_to_come_and_a_number_that_is_none_are_wrong_usage(
    central: Engine, siti: Account, budi: Account, rules: RuleBook
) -> None:
    october = correct.Scanned(ANI, date(2026, 10, 5), Scan.ARRIVE, time(7, 30))
    with pytest.raises(WrongUsage, match="is not yet"):
        correct.add(central, october, document="Surat", account=siti, now=NOW)
    with pytest.raises(WrongUsage, match="there is no correction/99"):
        approve(central, 99, budi, rules)
    with pytest.raises(WrongUsage, match="--reason"):
        correct.reject(central, 99, reason="", account=budi, now=NOW)
