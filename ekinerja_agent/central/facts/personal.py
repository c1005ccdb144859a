"""Facts about single people besides spells, punches and documents, in the frames that are scored.

Of each fact the newest row stands that was not taken back. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl
from sqlalchemy import ColumnElement, Connection, case, select

from ekinerja_agent.central.batches import current
from ekinerja_agent.central.facts.columns import read_frame
from ekinerja_agent.central.tables.imported import (
    allowances,
    assignments,
    correction_decisions,
    corrections,
    holds,
    ratings,
    rosters,
    sanctions,
)
from ekinerja_agent.rules import CORRECTION
from ekinerja_agent.scoring.frames import ALLOWANCES, ASSIGNMENTS, CORRECTIONS, HOLDS, RATINGS, ROSTERS, Schema

Wanted = Callable[[ColumnElement[str]], ColumnElement[bool]]
"""Given a column of NIPs, the condition that asks for the wanted people."""

APPROVED = "approved"
_ONE_DAY = timedelta(days=1)
_E4_PER_RUPIAH = 10_000


def read_rosters(conn: Connection, wanted: Wanted, first: date, last: date) -> pl.DataFrame:
    """Given the people and days wanted, return ROSTERS of these days and of one beside them on each side."""
    row = (
        current(rosters, wanted(rosters.c.nip), rosters.c.date.between(first - _ONE_DAY, last + _ONE_DAY)).subquery().c
    )
    told = read_frame(conn, select(row.nip, row.date.label("day"), row.shifts.label("shift")), ROSTERS).with_columns(
        pl.col("shift").str.split(" ")
    )
    return told.explode("shift").sort("nip", "day", "shift")


def read_corrections(conn: Connection, wanted: Wanted, first: date, last: date) -> pl.DataFrame:
    """Given the people and days wanted, return CORRECTIONS; what a command decided beats what the row says."""
    d = correction_decisions.c
    near = corrections.c.date.between(first - _ONE_DAY, last + _ONE_DAY)
    row = current(corrections, wanted(corrections.c.nip), near).subquery()
    c = row.c
    decided = case((d.approved, APPROVED), else_="rejected")
    query = select(
        c.nip,
        c.date.label("day"),
        c.scan,
        c.action,
        c.time,
        case((d.correction.is_(None), c.status), else_=decided).label("status"),
        c.id,
    ).select_from(row.outerjoin(correction_decisions, d.correction == c.id))
    shape: Schema = {**{name: kind for name, kind in CORRECTIONS.items() if name != "reference"}, "id": pl.Int64}
    return (
        read_frame(conn, query, shape)
        .with_columns(reference=pl.format(CORRECTION + "{}", "id"))
        .sort("nip", "day", "id")
        .select(*CORRECTIONS)
    )


def read_allowances(conn: Connection, wanted: Wanted) -> pl.DataFrame:
    """Given the people wanted, return ALLOWANCES: an amount, or a basic amount times a percentage, exact."""
    row = current(allowances, wanted(allowances.c.nip)).subquery().c
    names = ("nip", "criterion", "amount_rp", "basic_rp", "pct_bp", "valid_from", "valid_to")
    shape: Schema = {
        **{name: kind for name, kind in ALLOWANCES.items() if name != "amount_e4"},
        **dict.fromkeys(("amount_rp", "basic_rp", "pct_bp"), pl.Int64),
    }
    told = read_frame(conn, select(*(row[name] for name in names)), {name: shape[name] for name in names})
    amount = pl.coalesce(pl.col("amount_rp") * _E4_PER_RUPIAH, pl.col("basic_rp") * pl.col("pct_bp"))
    return told.with_columns(amount_e4=amount).select(*ALLOWANCES).sort("nip", "criterion", "valid_from")


def read_takings(conn: Connection, wanted: Wanted) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Given the people wanted, return HOLDS and SANCTIONS."""
    frames = []
    for table in (holds, sanctions):
        row = current(table, wanted(table.c.nip)).subquery().c
        frames.append(read_frame(conn, select(*(row[name] for name in HOLDS)), HOLDS).sort("nip", "valid_from"))
    return frames[0], frames[1]


def read_assignments(conn: Connection, wanted: Wanted) -> pl.DataFrame:
    """Given the people wanted, return ASSIGNMENTS."""
    row = current(assignments, wanted(assignments.c.nip)).subquery().c
    return read_frame(conn, select(*(row[name] for name in ASSIGNMENTS)), ASSIGNMENTS).sort("nip", "valid_from")


def read_ratings(conn: Connection, wanted: Wanted) -> pl.DataFrame:
    """Given the people wanted, return RATINGS: the approved ones, the newest of those that are valid coming last."""
    row = current(ratings, wanted(ratings.c.nip)).subquery().c
    query = select(*(row[name] for name in RATINGS), row.id).where(row.status == APPROVED)
    return read_frame(conn, query, {**RATINGS, "id": pl.Int64}).sort("nip", "valid_from", "id").select(*RATINGS)
