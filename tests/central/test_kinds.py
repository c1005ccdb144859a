"""A kind of fact is declared once: who forgets it is told so, and one declaration is enough for all the way."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Column, Date, Engine, ForeignKey, Integer, MetaData, Table, Text, insert, select

from ekinerja_agent.central import kinds
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.facts import scope
from ekinerja_agent.central.imported import pay_moves
from ekinerja_agent.central.imported.batches import BatchReceipt, revoke, store_batch, wait_turn_of_kind
from ekinerja_agent.central.imported.decisions import with_decisions
from ekinerja_agent.central.kinds import FACT_KINDS, FactKind, Guard, Reading, Touches, Turn, Whom
from ekinerja_agent.central.marks import whom_it_touches
from ekinerja_agent.central.schema import live_sql
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.columns import metadata, serial_key
from ekinerja_agent.central.store.tables.imported import import_batches
from ekinerja_agent.central.store.tables.recorded import stale_days
from ekinerja_agent.central.versions import current, fact_table
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.usecases.importing.kinds import KINDS

NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)


def test_every_table_of_imported_facts_is_declared() -> None:
    tables = {table.name for table in metadata.tables.values() if {"batch", "row"} <= set(table.c.keys())}
    forgotten = sorted(tables - set(FACT_KINDS))
    assert forgotten == [], "give each a FactKind in ekinerja_agent/central/kinds.py"
    assert sorted(set(FACT_KINDS) - tables) == [], "declared, and there is no such table"


def test_every_kind_of_import_is_declared_and_every_declared_kind_can_be_imported() -> None:
    assert sorted(set(KINDS) - set(FACT_KINDS)) == [], "give each a FactKind in ekinerja_agent/central/kinds.py"
    assert sorted(set(FACT_KINDS) - set(KINDS)) == [], "give each a module in usecases/importing/kinds/"
    assert not set(kinds.PUNCH_KINDS) & set(FACT_KINDS)


@pytest.mark.parametrize("kind", FACT_KINDS.values(), ids=lambda kind: kind.name)
def test_a_declaration_names_columns_that_its_table_has(kind: FactKind) -> None:
    columns = set(kind.table.c.keys())
    assert set(kind.key) <= columns
    assert kind.looked_up_by in kind.key, "current() may be narrowed by columns of the key alone"
    assert kind.looked_up_by in {next(iter(index.columns)).name for index in kind.table.indexes}, "a search reads all"
    if kind.touches is not None:
        assert set(kind.touches.columns) <= columns
        assert kind.touches.days.reading in whom_it_touches._READ
        assert kind.touches.others is None or kind.touches.others in whom_it_touches._OTHERS
    assert set(kind.pay.harmless) <= {column.name for column in kind.file_columns} - set(kind.key)
    assert kind.pay.only is None or kind.pay.only in pay_moves._ONLY
    assert (kind.pay.guard is Guard.NO_SCORE) == (kind.touches is None)
    if kind.pay.guard is Guard.DECIDED:
        assert "status" in columns, "a row that nobody decides counts at once"
    if kind.decisions is not None:
        assert kind.turn is not None, "who decides must not pass by a file"
        assert {key.column.table for key in kind.decisions.foreign_keys} >= {kind.table}


@pytest.fixture
def parking(central: Engine, monkeypatch: pytest.MonkeyPatch) -> Table:
    """A made-up kind of fact: where somebody parked on a day. Its one declaration is all that is said of it."""
    own = MetaData()
    table = Table(
        "parkings",
        own,
        serial_key(),
        Column("batch", ForeignKey(import_batches.c.id), nullable=False),
        Column("row", Integer, nullable=False),
        Column("driver", Text, nullable=False, index=True),
        Column("day", Date, nullable=False),
        Column("until", Date, nullable=False),
        Column("place", Text, nullable=False),
        Column("status", Text, nullable=False),
    )
    decisions = Table(
        "parking_decisions",
        own,
        Column("parking", ForeignKey(table.c.id), primary_key=True),
        Column("status", Text, nullable=False),
        Column("account_id", ForeignKey(accounts.c.id)),
    )
    days = kinds.Days(Reading.SPAN, ("day", "until"))
    touches = Touches(Whom.PERSON, "driver", days, night_before=True)
    declared = FactKind(
        table, ("driver", "day"), "driver", touches, kinds.Pay(kinds.Guard.DECIDED), decisions, Turn(0x7061726B)
    )
    monkeypatch.setitem(FACT_KINDS, table.name, declared)
    with transaction(central) as conn:
        own.create_all(conn)
    return table


def park(engine: Engine, account: Account, place: str, **values: Any) -> BatchReceipt:
    row = {"row": 2, "driver": "1", "day": date(2026, 9, 7), "until": date(2026, 9, 8), "place": place}
    with transaction(engine) as conn:
        wait_turn_of_kind(conn, "parkings", None)
        return store_batch(
            conn, account.id, "parkings", "p.csv", "sha256:0", [row | {"status": "pending"} | values], 0, NOW
        )


def standing(engine: Engine) -> list[tuple[str, str]]:
    with reading(engine) as conn:
        rows = with_decisions(conn, "parkings", current(fact_table("parkings")))
        return [(row["place"], row["status"]) for row in rows]


def marks_taken(engine: Engine) -> dict[str, set[date]]:
    """The marks that there are, which are gone afterwards."""
    marks: dict[str, set[date]] = {}
    with transaction(engine) as conn:
        for row in conn.execute(select(stale_days)).all():
            marks.setdefault(row.terminal, set()).add(row.day)
        conn.execute(stale_days.delete())
    return marks


def test_a_made_up_kind_needs_one_declaration_to_be_stored_replaced_decided_marked_and_taken_back(
    central: Engine, operator: Account, parking: Table
) -> None:
    seventh = date(2026, 9, 7)
    first = park(central, operator, "lawn")
    assert (first.stored, first.new_versions, standing(central)) == (1, 0, [("lawn", "pending")])
    assert marks_taken(central) == {"nip:1": {seventh + timedelta(days=n) for n in (-1, 0, 1)}}

    again = park(central, operator, "lawn")
    assert (again.stored, again.unchanged, marks_taken(central)) == (0, 1, {})

    second = park(central, operator, "yard", until=seventh)
    assert (second.stored, second.new_versions, standing(central)) == (1, 1, [("yard", "pending")])
    assert marks_taken(central) == {"nip:1": {seventh + timedelta(days=n) for n in (-1, 0, 1)}}

    with transaction(central) as conn:
        (number,) = conn.scalars(select(parking.c.id).where(parking.c.batch == second.batch))
        decided = {"parking": number, "status": "approved", "account_id": operator.id}
        conn.execute(insert(parking.metadata.tables["parking_decisions"]).values(**decided))
    assert standing(central) == [("yard", "approved")]

    assert revoke(central, second.batch, operator, "wrong place", NOW)
    assert standing(central) == [("lawn", "pending")]
    assert marks_taken(central) == {"nip:1": {seventh + timedelta(days=n) for n in (-1, 0, 1)}}


def test_the_database_has_to_keep_the_rows_of_a_declared_kind(central: Engine, parking: Table) -> None:
    with reading(central) as conn:
        (told,) = live_sql.differences(conn)
    assert told.startswith(f"{parking.name} can be changed: its guard")
    with transaction(central) as conn:
        live_sql.install(conn)
    with reading(central) as conn:
        assert list(live_sql.differences(conn)) == []


def test_a_kind_that_no_score_depends_on_leaves_no_mark(
    central: Engine, operator: Account, parking: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        FACT_KINDS, "parkings", FactKind(parking, ("driver", "day"), "driver", None, kinds.Pay(kinds.Guard.NO_SCORE))
    )
    assert not FACT_KINDS["parkings"].scored
    batch = park(central, operator, "lawn").batch
    revoke(central, batch, operator, "wrong place", NOW)
    assert marks_taken(central) == {}


def test_a_month_asks_for_rows_of_a_made_up_kind(parking: Table) -> None:
    asked = str(scope._kinds_told.__wrapped__(scope.these))
    assert f"FROM {parking.name} \nWHERE {parking.name}.driver IN" in asked


def test_a_word_that_no_kind_has_is_answered_with_all_kinds() -> None:
    with pytest.raises(WrongUsage, match="'parkings' is not a kind of facts; allowed: absences, activities"):
        kinds.fact_kind("parkings")
