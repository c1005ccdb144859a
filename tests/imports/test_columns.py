"""The columns of a file and the pages that list them come from the declaration of the kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Boolean, Column, Date, Integer, MetaData, Table, Text

from ekinerja_agent.central import kinds
from ekinerja_agent.central.kinds import FACT_KINDS, FactKind
from ekinerja_agent.usecases.importing.kinds import KINDS
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.shapes import words
from tests.proof import import_pages

UNPAID = kinds.Pay(kinds.Guard.NO_SCORE)


@pytest.fixture
def parkings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A made-up kind of fact, with its one declaration."""
    table = Table(
        "parkings",
        MetaData(),
        *(Column(name, Integer, nullable=False) for name in ("id", "batch", "row")),
        *(Column("driver", Text, nullable=False), Column("first_day", Date, nullable=False), Column("fee_rp", Integer)),
        *(Column("place", Text, nullable=False), Column("paid", Boolean), Column("seen_by", Text)),
    )
    declared = FactKind(
        table, ("driver",), "driver", None, UNPAID, in_files={"first_day": "from"}, worked_out=("seen_by", "paid")
    )
    monkeypatch.setitem(FACT_KINDS, "parkings", declared)


def test_a_made_up_kind_has_the_columns_of_its_table_as_files_call_them(parkings: None) -> None:
    found = columns("parkings", {"place": "lawn"}, place=words("lawn", "yard"))
    assert [(one.name, one.target, one.required, one.default) for one in found] == [
        ("driver", "driver", True, None),
        ("from", "first_day", True, None),
        ("fee_rp", "fee_rp", False, None),
        ("place", "place", False, "lawn"),
    ]
    driver, first_day, fee, place = (one.shape.allowed for one in found)
    assert (driver, place) == ("any text", "lawn, yard")
    assert first_day.startswith("a date YYYY-MM-DD")
    assert fee.startswith("whole rupiah")


def test_a_column_that_no_file_has_or_nothing_tells_is_refused(parkings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="files of parkings have no column seen_by"):
        columns("parkings", seen_by=words("a"))
    declared = FACT_KINDS["parkings"]
    monkeypatch.setitem(FACT_KINDS, "parkings", FactKind(declared.table, ("driver",), "driver", None, UNPAID))
    with pytest.raises(ValueError, match="may hold in paid: nothing tells the shape of BOOLEAN"):
        columns("parkings")


@pytest.mark.parametrize("kind", FACT_KINDS.values(), ids=lambda kind: kind.name)
def test_a_declaration_tells_of_columns_that_its_table_has_and_every_told_one_is_in_its_files(kind: FactKind) -> None:
    assert {*kind.in_files, *kind.worked_out} <= set(kind.table.c.keys())
    assert [one.target for one in KINDS[kind.name].fields] == [column.name for column in kind.file_columns]
    assert not set(kinds._OF_EVERY_ROW) & {column.name for column in kind.file_columns}


@pytest.mark.parametrize("path", import_pages.PAGES, ids=lambda path: path.stem)
def test_the_pages_list_what_is_declared(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    assert written == import_pages.page(import_pages.PAGES[path]), "run: python -m tests.proof.import_pages"
