"""What every report is made of before it is a page, a workbook or a csv file: words, figures and tables.

A report's module counts its figures and lays them out here, in one language; pages.py, workbook.py and plain.py write
them. So a number cannot differ between the three. A percentage stays its exact text, money whole rupiah. Knows no HTML
and no file format.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Literal

from ekinerja_agent.reports.charts import Chart

Kind = Literal["text", "whole", "percent", "points", "number", "rupiah", "day", "date"]
"""How a column's values are written: words, whole numbers, exact percentages as text, differences with
their sign as text, exact numbers as text, whole rupiah, days of the month that the report is of, other dates.
"""


class Unsaid(Enum):
    """Stands in a cell of a public edition whose number is not told."""

    WITHHELD = "withheld"


WITHHELD = Unsaid.WITHHELD
WITHHELD_SIGN = "•"

Cell = str | int | date | Unsaid | None
"""A value of a table: None does not exist, WITHHELD exists and is not told."""


@dataclass(frozen=True, slots=True)
class Column:
    """`key` is the name in csv, the same in every language; `heading` is read by people.

    What stands `beneath` is shown on a page below the row's first cell, without a column of its own. What is `unbroken`
    stays on one line there: a code with hyphens.
    """

    key: str
    heading: str
    kind: Kind = "text"
    beneath: bool = False
    unbroken: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; the first column names the row.

    `key` is unique in its document. `wide` tables are set smaller on paper; those that are not `on_page` are too long
    for it and stand in the workbook or csv alone.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    wide: bool = False
    on_page: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart whose bars stand upright (`columns`) or lie (`rows`). A table beside it has its numbers."""

    chart: Chart
    form: Literal["columns", "rows"]


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and what stands below it, in this order: paragraphs, pictures, tables.

    `titled` tables have their title above them; a section's only table need not.
    """

    key: str
    title: str
    paragraphs: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    titled: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence that a reader must not miss. `warn`: the numbers are not what they seem without it."""

    strong: str
    text: str
    warn: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its name, large at the top."""

    label: str
    value: Cell
    kind: Kind = "whole"


@dataclass(frozen=True, slots=True)
class Document:
    """A report in one language. `main` is the key of the table that csv holds; the workbook has all of them.

    `facts` say of what and when it was made. `internal` reports are not for the public; those that are not `personal`
    neither name persons nor count few of them.
    """

    title: str
    period: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    main: str
    notices: tuple[Notice, ...] = ()
    figures: tuple[Figure, ...] = ()
    internal: bool = True
    personal: bool = True

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables, in reading order."""
        return tuple(table for section in self.sections for table in section.tables)

    @property
    def main_table(self) -> Table:
        """The table that stands for the report where there is room for one."""
        return next(table for table in self.tables if table.key == self.main)


@dataclass(frozen=True, slots=True)
class Edition:
    """For whom a report is made and when. `made_at` carries the zone in which instants are shown."""

    month: date
    made_at: datetime
    public: bool = False
