"""On which days a row holds is the same for rows, in frames and in SQL."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Date, MetaData, Table, create_engine, insert, select

from ekinerja_agent.central.versions import holds_on
from ekinerja_agent.county.spans import first_day, holds, is_over, latest
from ekinerja_agent.scoring.frames.steps import covers

DAYS = st.integers(0, 4).map(lambda number: date(2026, 9, 1) + timedelta(days=number))
ROWS = st.lists(st.fixed_dictionaries({"valid_from": st.none() | DAYS, "valid_to": st.none() | DAYS}), min_size=1)
TABLE = Table("spans", MetaData(), Column("valid_from", Date), Column("valid_to", Date))


@given(ROWS, DAYS)
def test_rows_frames_and_sql_agree(rows: list[dict[str, Any]], day: date) -> None:
    held = [row for row in rows if holds(row, day)]
    schema = {"valid_from": pl.Date, "valid_to": pl.Date}
    frame = pl.DataFrame(rows, schema=schema).with_columns(day=pl.lit(day)).filter(covers("day"))
    assert frame.select("valid_from", "valid_to").to_dicts() == held
    engine = create_engine("sqlite://")
    with engine.begin() as conn:
        TABLE.create(conn)
        conn.execute(insert(TABLE), rows)
        found = conn.execute(select(TABLE).where(*holds_on(TABLE.c, day))).mappings()
        assert [dict(row) for row in found] == held
    engine.dispose()
    assert not any(is_over(row, day) for row in held)
    last = latest(rows, day)
    assert (last is None) == (not held)
    assert last is None or all(first_day(row) <= first_day(last) for row in held)
