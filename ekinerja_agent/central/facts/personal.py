"""Facts about single people besides spells, punches and documents, in the frames that are scored.

Of each fact the newest row stands that was not taken back. Judges nothing.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import polars as pl
from sqlalchemy import Connection, Select, Table, Text, case, literal, select

from ekinerja_agent.central.facts.scope import AFTER, BEFORE, Scope, Whose
from ekinerja_agent.central.store.tables.imported import (
    allowances,
    assignments,
    correction_decisions,
    corrections,
    holds,
    ratings,
    rosters,
    sanctions,
)
from ekinerja_agent.central.versions import current
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import CORRECTION
from ekinerja_agent.scoring.frames.schemas import (
    ALLOWANCES,
    ASSIGNMENTS,
    CORRECTIONS,
    HOLDS,
    RATINGS,
    ROSTERS,
    Schema,
    empty,
)
from ekinerja_agent.scoring.frames.steps import collect

_E4_PER_RUPIAH = 10_000
_CORRECTED: Schema = {**{name: kind for name, kind in CORRECTIONS.items() if name != "reference"}, "id": pl.Int64}
_ALLOWED: Schema = {
    **dict.fromkeys(("nip", "criterion"), pl.String),
    **dict.fromkeys(("amount_rp", "basic_rp", "pct_bp"), pl.Int64),
    **dict.fromkeys(("valid_from", "valid_to"), pl.Date),
}


def read_rosters(conn: Connection, wanted: Scope) -> pl.DataFrame:
    """Given who is wanted, return ROSTERS of the days of the month and of one beside them on each side."""
    told = wanted.read(conn, rosters, _rosters, ROSTERS)
    if told.is_empty():
        return told
    by_shift = told.lazy().with_columns(pl.col("shift").str.split(" ")).explode("shift")
    return collect(by_shift.sort("nip", "day", "shift"))


@cache
def _rosters(whose: Whose) -> Select[Any]:
    row = current(rosters, whose(rosters.c.nip), rosters.c.date.between(BEFORE, AFTER)).subquery().c
    return select(row.nip, row.date.label("day"), row.shifts.label("shift"))


def read_corrections(conn: Connection, wanted: Scope) -> pl.DataFrame:
    """Given who is wanted, return CORRECTIONS; what a command decided beats what the row says."""
    told = wanted.read(conn, corrections, _corrections, _CORRECTED)
    referred = told.lazy().with_columns(reference=pl.format(CORRECTION + "{}", "id"))
    return collect(referred.sort("nip", "day", "id").select(*CORRECTIONS))


@cache
def _corrections(whose: Whose) -> Select[Any]:
    d = correction_decisions.c
    row = current(corrections, whose(corrections.c.nip), corrections.c.date.between(BEFORE, AFTER)).subquery()
    c = row.c
    decided = case((d.approved, literal(EntryStatus.APPROVED, Text)), else_=literal(EntryStatus.REJECTED, Text))
    return select(
        c.nip,
        c.date.label("day"),
        c.scan,
        c.action,
        c.time,
        case((d.correction.is_(None), c.status), else_=decided).label("status"),
        c.id,
    ).select_from(row.outerjoin(correction_decisions, d.correction == c.id))


def read_allowances(conn: Connection, wanted: Scope) -> pl.DataFrame:
    """Given who is wanted, return ALLOWANCES: an amount, or a basic amount times a percentage, exact."""
    told = wanted.read(conn, allowances, partial(_standing, allowances, tuple(_ALLOWED)), _ALLOWED)
    if told.is_empty():
        return empty(ALLOWANCES)
    amount = pl.coalesce(pl.col("amount_rp") * _E4_PER_RUPIAH, pl.col("basic_rp") * pl.col("pct_bp"))
    exact = told.lazy().with_columns(amount_e4=amount).select(*ALLOWANCES)
    return collect(exact.sort("nip", "criterion", "valid_from"))


def read_takings(conn: Connection, wanted: Scope) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Given who is wanted, return HOLDS and SANCTIONS."""
    held, fined = (_read_dated(conn, table, HOLDS, wanted) for table in (holds, sanctions))
    return held, fined


def read_assignments(conn: Connection, wanted: Scope) -> pl.DataFrame:
    """Given who is wanted, return ASSIGNMENTS."""
    return _read_dated(conn, assignments, ASSIGNMENTS, wanted)


def _read_dated(conn: Connection, table: Table, schema: Schema, wanted: Scope) -> pl.DataFrame:
    return wanted.read(conn, table, partial(_standing, table, tuple(schema)), schema).sort("nip", "valid_from")


@cache
def _standing(table: Table, names: tuple[str, ...], whose: Whose) -> Select[Any]:
    row = current(table, whose(table.c.nip)).subquery().c
    return select(*(row[name] for name in names))


def read_ratings(conn: Connection, wanted: Scope) -> pl.DataFrame:
    """Given who is wanted, return RATINGS: the approved ones, the newest of those that are valid coming last."""
    told = wanted.read(conn, ratings, _ratings, {**RATINGS, "id": pl.Int64})
    return collect(told.lazy().sort("nip", "valid_from", "id").select(*RATINGS))


@cache
def _ratings(whose: Whose) -> Select[Any]:
    row = current(ratings, whose(ratings.c.nip)).subquery().c
    return select(*(row[name] for name in RATINGS), row.id).where(row.status == EntryStatus.APPROVED)
