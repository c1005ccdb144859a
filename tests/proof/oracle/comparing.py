"""Where two readings of a month differ, in words: which person, which day, which value. Does not know who is right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

import polars as pl

from ekinerja_agent.scoring.frames.schemas import MonthResult
from tests.proof.oracle.rows import DayRow, FindingRow, OracleResult, PendingRow, PersonRow

Rows = dict[tuple[Any, ...], list[dict[str, Any]]]


def differences(engine: MonthResult, oracle: OracleResult) -> list[str]:
    """Given the engine's result and the oracle's, return one sentence per value that differs; none if they agree."""
    return [
        *_compare("", engine.people, oracle.people, PersonRow, ("nip",)),
        *_compare("", engine.days, oracle.days, DayRow, ("nip", "date")),
        *_compare("finding ", engine.findings, oracle.findings, FindingRow, ("nip", "date")),
        *_compare("pending ", engine.pending, oracle.pending, PendingRow, ("nip", "date")),
    ]


def _compare(what: str, frame: pl.DataFrame, plain: Sequence[Any], kind: type, keys: tuple[str, ...]) -> Iterator[str]:
    names = [column.name for column in fields(kind)]
    found = _keyed([dict(zip(names, row, strict=True)) for row in frame.select(names).iter_rows()], keys)
    expected = _keyed([asdict(row) for row in plain], keys)
    for key in sorted(found.keys() | expected.keys()):
        where = " ".join(map(str, key))
        engine_rows, oracle_rows = found.get(key, []), expected.get(key, [])
        if len(engine_rows) != len(oracle_rows):
            both = f"{_short(engine_rows, keys)}, of the oracle {_short(oracle_rows, keys)}"
            yield f"{where}: {what}rows of the engine {both}"
            continue
        for number, (engine_row, oracle_row) in enumerate(zip(engine_rows, oracle_rows, strict=True), start=1):
            for name in names:
                if engine_row[name] != oracle_row[name]:
                    of = f" ({what}{number} of {len(engine_rows)}: {engine_row.get('code', '')})" if what else ""
                    yield f"{where}: {name}{of} is {engine_row[name]} by the engine, {oracle_row[name]} by the oracle"


def _keyed(rows: Sequence[dict[str, Any]], keys: tuple[str, ...]) -> Rows:
    keyed: Rows = defaultdict(list)
    for row in rows:
        keyed[tuple(row[key] for key in keys)].append(row)
    return dict(keyed)


def _short(rows: Sequence[dict[str, Any]], keys: tuple[str, ...]) -> list[str]:
    return [" ".join(str(value) for name, value in row.items() if name not in keys and value) for row in rows]
