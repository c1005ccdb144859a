"""The columns of a kind's files, read from its declaration: which there are, in which order, and which must be filled.

A module of a kind adds what a table cannot say: the words that are allowed, and what an empty cell means. Knows no
single kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Column, Date, Text, Time

from ekinerja_agent.central.kinds import fact_kind
from ekinerja_agent.central.store.tables.columns import Clock
from ekinerja_agent.usecases.importing.reading.judging import Field
from ekinerja_agent.usecases.importing.reading.shapes import (
    DATE,
    LOCAL_TIME,
    MOMENT,
    PERCENT_PPM,
    RUPIAH,
    TEXT,
    TIME,
    Shape,
)

_BY_END: Final[Mapping[str, Shape]] = {"_rp": RUPIAH, "_ppm": PERCENT_PPM, "ed_at": MOMENT}
_BY_TYPE: Final[Mapping[type, Shape]] = {Date: DATE, Time: TIME, Clock: LOCAL_TIME, Text: TEXT}
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def columns(name: str, defaults: Mapping[str, Any] = _NOTHING, /, **shapes: Shape) -> tuple[Field, ...]:
    """Given a kind, what an empty cell means, and the shapes that its table does not tell, by columns of that, return
    the columns of its files. A cell must be filled where the table has no null and no default is given.

    Raise ValueError for a column that files of the kind do not have, or whose shape nothing tells.
    """
    declared = fact_kind(name)
    there = declared.file_columns
    if strangers := (shapes.keys() | defaults.keys()) - {column.name for column in there}:
        raise ValueError(f"files of {name} have no column {', '.join(sorted(strangers))}")
    return tuple(
        Field(
            declared.in_files.get(column.name, column.name),
            shapes.get(column.name) or _shape(name, column),
            required=not column.nullable and column.name not in defaults,
            default=defaults.get(column.name),
            column=column.name,
        )
        for column in there
    )


def _shape(kind: str, column: Column[Any]) -> Shape:
    """What the name of a column says of its unit, else what its type does."""
    for end, shape in _BY_END.items():
        if column.name.endswith(end):
            return shape
    for of_type, shape in _BY_TYPE.items():
        if isinstance(column.type, of_type):
            return shape
    raise ValueError(f"say what a file of {kind} may hold in {column.name}: nothing tells the shape of {column.type}")
