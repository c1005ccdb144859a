"""A head enters and decides for the units that they lead on the day, by whatever way; elsewhere they are refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from ekinerja_agent.central.access import accounts
from ekinerja_agent.central.access.accounts import Account, actor
from ekinerja_agent.central.imported import corrections, organisation, waiting
from ekinerja_agent.central.imported.batches import store_batch
from ekinerja_agent.central.imported.waiting import ABSENCE, OUTAGE
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables.recorded import terminal_facts
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.rules import Scan
from ekinerja_agent.usecases.deciding import correct, documents
from ekinerja_agent.usecases.deciding.correct import Scanned

NOW = datetime(2026, 9, 30, 2, tzinfo=UTC)
MONDAY = date(2026, 9, 7)
ANI, CHIEF, OTHER, GONE = (f"19900101201501100{n}" for n in range(1, 5))
"""Ani of the health centre below DINKES, its chief, that of DISDIK, and one of DINKES who left in August."""
SCAN = Scanned(ANI, MONDAY, Scan.ARRIVE, time(7, 25))


@pytest.fixture
def siti(central: Engine) -> Account:
    account = actor(central, "siti", NOW).account
    zone, spell = {"timezone": "Asia/Makassar"}, {"name": "Pegawai", "status": "pns", "attendance": "terminal"}
    store(
        central,
        account,
        units=[
            zone | {"code": "DINKES", "name": "Dinas", "head_nip": CHIEF},
            zone | {"code": "PKM", "name": "Puskesmas", "parent": "DINKES"},
            zone | {"code": "DISDIK", "name": "Dinas", "head_nip": OTHER},
            zone | {"code": "OLD", "name": "Kantor", "head_nip": GONE},
        ],
        employees=[
            spell | {"nip": ANI, "unit": "PKM"},
            spell | {"nip": CHIEF, "unit": "DINKES"},
            spell | {"nip": OTHER, "unit": "DISDIK"},
            spell | {"nip": GONE, "unit": "OLD", "valid_to": date(2026, 8, 31)},
        ],
        absences=[{"nip": ANI, "first_day": MONDAY, "last_day": MONDAY, "kind": "izin", "status": "pending"}],
        outages=[
            {
                "terminal": "lobby",
                "starts": datetime(2026, 9, 7, 6),
                "ends": datetime(2026, 9, 7, 9),
                "cause": "listrik",
                "status": "pending",
            }
        ],
    )
    told = {"terminal": "lobby", "office": "PKM", "timezone": "Asia/Makassar", "since": NOW, "enabled": True}
    with transaction(central) as conn:
        conn.execute(insert(terminal_facts).values(told))
    return account


def store(engine: Engine, account: Account, **rows: list[dict[str, Any]]) -> None:
    for kind, facts in rows.items():
        numbered = [row | {"row": number} for number, row in enumerate(facts, 2)]
        with transaction(engine) as conn:
            store_batch(conn, account.id, kind, f"{kind}.csv", "sha256:0", numbered, 0, NOW)


def head(engine: Engine, siti: Account, nip: str) -> Account:
    return accounts.add(engine, f"head-{nip}", roles=["head"], nip=nip, by=siti, now=NOW)


def test_a_head_of_another_unit_decides_nothing_of_this_one(central: Engine, siti: Account) -> None:
    other = head(central, siti, OTHER)
    number = correct.add(central, SCAN, document="Surat", account=siti, now=NOW)
    where = "which head-.* does not head; an operator or the head of that unit"
    with pytest.raises(Refused, match=f"the unit of {ANI} on 2026-09-07 is PKM, {where}"):
        correct.add(central, SCAN, document="Surat", account=other, now=NOW)
    with pytest.raises(Refused, match=where):
        correct.reject(central, number, reason="r", account=other, now=NOW)
    for noun in (ABSENCE, OUTAGE):
        with pytest.raises(Refused, match=f"the unit of {noun.name}/1 on 2026-09-07 is PKM, {where}"):
            documents.approve(central, noun, 1, account=other, now=NOW)
        assert [row["status"] for row in waiting.rows(central, noun)] == ["pending"]
    assert [row["status"] for row in corrections.rows(central)] == ["pending"]


def test_the_head_of_a_unit_above_decides(central: Engine, siti: Account) -> None:
    chief = head(central, siti, CHIEF)
    number = correct.add(central, SCAN, document="Surat", account=siti, now=NOW)
    correct.reject(central, number, reason="r", account=chief, now=NOW)
    for noun in (ABSENCE, OUTAGE):
        documents.approve(central, noun, 1, account=chief, now=NOW)
        assert [row["status"] for row in waiting.rows(central, noun)] == ["approved"]


def test_a_head_who_was_not_there_on_the_day_leads_nothing_on_it(central: Engine, siti: Account) -> None:
    gone = head(central, siti, GONE)
    with reading(central) as conn:
        assert organisation.led_units(conn, gone, date(2026, 8, 31)) == {"OLD"}
        assert organisation.led_units(conn, gone, date(2026, 9, 1)) == set()


def test_a_person_of_two_spells_is_of_the_one_that_began_later(central: Engine, siti: Account) -> None:
    later = {"name": "Ani", "status": "pns", "attendance": "terminal", "nip": ANI, "unit": "DISDIK"}
    store(central, siti, employees=[later | {"valid_from": date(2026, 9, 8)}])
    with reading(central) as conn:
        assert organisation.people_in(conn, "PKM", MONDAY) == [ANI]
        assert organisation.people_in(conn, "PKM", date(2026, 9, 8)) == []
        assert organisation.people_in(conn, "DISDIK", date(2026, 9, 8)) == [ANI, OTHER]
        assert organisation.unit_of(conn, ANI, date(2026, 9, 8)) == "DISDIK"


@pytest.mark.parametrize("named", [True, False], ids=["the unit of the account", "the unit of the person"])
def test_an_office_admin_enters_for_the_office_and_all_below_and_decides_nothing(
    central: Engine, siti: Account, named: bool
) -> None:
    whose = {"unit": "DINKES"} if named else {"nip": CHIEF}
    admin = accounts.add(central, "kepegawaian", roles=["office_admin"], by=siti, now=NOW, **whose)
    number = correct.add(central, SCAN, document="Surat", account=admin, now=NOW)
    with pytest.raises(Refused, match="may not enter or decide"):
        correct.reject(central, number, reason="r", account=admin, now=NOW)
    elsewhere = Scanned(OTHER, MONDAY, Scan.ARRIVE, time(7, 25))
    with pytest.raises(Refused, match="DISDIK, which kepegawaian does not head"):
        correct.add(central, elsewhere, document="Surat", account=admin, now=NOW)


def test_hr_decides_on_absences_and_enters_corrections_of_everybody(central: Engine, siti: Account) -> None:
    hr = accounts.add(central, "bkpsdm", roles=["hr"], by=siti, now=NOW)
    documents.approve(central, ABSENCE, 1, account=hr, now=NOW)
    correct.add(central, SCAN, document="Surat", account=hr, now=NOW)
    with pytest.raises(Refused, match="may not decide on an outage"):
        documents.approve(central, OUTAGE, 1, account=hr, now=NOW)
