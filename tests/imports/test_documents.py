"""Absences and outages that wait: what somebody else decides, of which version of a row, and what a file says later."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from ekinerja_agent.central.access import accounts
from ekinerja_agent.central.access.accounts import Account, actor
from ekinerja_agent.central.imported import waiting
from ekinerja_agent.central.imported.batches import store_batch
from ekinerja_agent.central.imported.waiting import ABSENCE, OUTAGE, Noun
from ekinerja_agent.central.marks import changed_days
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables.recorded import stale_days
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.usecases.deciding import documents
from ekinerja_agent.usecases.importing.imports import Imported, ImportFile, import_facts, revoke_batch

ANI = "199001012015011001"
NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)
FILES = {
    "absences": ("nip,from,to,kind,document,status", f"{ANI},2026-09-07,2026-09-08,izin,S 1,"),
    "outages": ("terminal,from,to,reason,document,status", "lobby,2026-09-07 06:00,2026-09-07 09:00,listrik,BA 1,"),
}
NOUNS = pytest.mark.parametrize("noun", [ABSENCE, OUTAGE], ids=lambda noun: noun.name)


@pytest.fixture
def siti(central: Engine) -> Account:
    """The first operator, whose decisions in a file count."""
    account = actor(central, "siti", NOW).account
    person = {"nip": ANI, "name": "Ani", "unit": "U", "status": "pns", "attendance": "terminal", "row": 2}
    with transaction(central) as conn:
        store_batch(conn, account.id, "employees", "e.csv", "sha256:0", [person], 0, NOW)
    return account


@pytest.fixture
def tono(central: Engine, siti: Account) -> Account:
    """An operator who vouches for nothing."""
    return accounts.add(central, "tono", roles=["operator"], by=siti, now=NOW)


def bring(central: Engine, who: Account, noun: Noun, status: str = "", document: str = "") -> Imported:
    header, row = FILES[noun.kind]
    content = f"{header}\n{row}{status}\n"
    file = ImportFile("f.csv", (content.replace(" 1,", f" {document},") if document else content).encode())
    return import_facts(central, who, noun.kind, file, now=NOW, profile="tpp-model")


def listed(central: Engine, noun: Noun) -> list[tuple[Any, ...]]:
    return [(row["number"], row["status"], row["decided_by"]) for row in waiting.rows(central, noun)]


@NOUNS
def test_a_decision_stays_with_the_row_when_the_same_file_comes_again(
    central: Engine, siti: Account, tono: Account, noun: Noun
) -> None:
    bring(central, tono, noun)
    documents.approve(central, noun, 1, account=siti, now=NOW)
    again = bring(central, tono, noun)
    assert (again.stored, again.unchanged) == (0, 1)
    assert listed(central, noun) == [(1, "approved", "siti")]
    with reading(central) as conn:
        subject = changed_days.of_person(ANI) if noun is ABSENCE else "lobby"
        assert conn.scalars(select(stale_days.c.day).where(stale_days.c.terminal == subject)).all()


@NOUNS
def test_a_newer_version_waits_for_its_own_decision(central: Engine, siti: Account, tono: Account, noun: Noun) -> None:
    bring(central, tono, noun)
    bring(central, tono, noun, document="2")
    with pytest.raises(Refused, match=f"{noun.name}/1 was replaced by {noun.name}/2; decide that one"):
        documents.approve(central, noun, 1, account=siti, now=NOW)
    documents.reject(central, noun, 2, reason="tanpa bukti", account=siti, now=NOW)
    assert listed(central, noun) == [(2, "rejected", "siti")]


@NOUNS
def test_what_was_taken_back_or_came_decided_is_decided_by_nobody(
    central: Engine, siti: Account, tono: Account, noun: Noun
) -> None:
    taken = bring(central, tono, noun)
    revoke_batch(central, siti, taken.batch or 0, "r", now=NOW)
    with pytest.raises(Refused, match=f"{noun.name}/1 was taken back with batch"):
        documents.approve(central, noun, 1, account=siti, now=NOW)
    bring(central, siti, noun, status="approved")
    with pytest.raises(Refused, match=f"{noun.name}/2 is approved already"):
        documents.reject(central, noun, 2, reason="r", account=tono, now=NOW)


@NOUNS
def test_an_employee_decides_on_nothing(central: Engine, siti: Account, tono: Account, noun: Noun) -> None:
    bring(central, tono, noun)
    ayu = accounts.add(central, "ayu", roles=["employee"], by=siti, now=NOW)
    with pytest.raises(Refused, match=f"ayu may not decide on an {noun.name}"):
        documents.approve(central, noun, 1, account=ayu, now=NOW)
