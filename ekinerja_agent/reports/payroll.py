"""What payroll reads, as a table whose columns have the names of the view: for offices that pay from a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ekinerja_agent.reports.document import Column, Kind, Table

NAME = "payroll_scores_v1"


def lay_out(columns: Sequence[str], rows: Iterable[Mapping[str, str | int | None]]) -> Table:
    """Given columns and rows of the view, return them as a table; money and percentages are numbers."""
    shaped = tuple(Column(name, name, _kind(name)) for name in columns)
    return Table(NAME, NAME, shaped, tuple(tuple(row[name] for name in columns) for row in rows))


def _kind(column: str) -> Kind:
    if column.endswith("_rp"):
        return "rupiah"
    if column.endswith("_pct"):
        return "number"
    return "whole" if column == "revision" else "text"
