"""Facts about single people besides spells, punches and documents, in the frames that are scored.

Of each fact the newest row stands that was not taken back. Judges nothing.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import polars as pl
from sqlalchemy import (
    Connection,
    Date,
    Select,
    Table,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from ekinerja_agent.central.collected.doubts import waits_for_people
from ekinerja_agent.central.collected.pin_owners import SLOT
from ekinerja_agent.central.collected.set_apart import waits
from ekinerja_agent.central.facts.scope import AFTER, BEFORE, Scope, Whose
from ekinerja_agent.central.store.tables.imported import (
    allowances,
    assignments,
    correction_decisions,
    corrections,
    enrolments,
    holds,
    ratings,
    rosters,
    sanctions,
)
from ekinerja_agent.central.store.tables.recorded import doubtful_punches, quarantine, set_apart, slot_owners
from ekinerja_agent.central.versions import current, not_taken_back
from ekinerja_agent.nouns.duty import Scan
from ekinerja_agent.nouns.punch import EVERY_TERMINAL
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import APART, CORRECTION, DOUBT
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
_WHOSE: Schema = {"id": pl.Int64, "nip": pl.String, "clock": pl.Datetime("us")}
_DOUBTED: Schema = {**_WHOSE, **dict.fromkeys(("made_since", "made_until"), pl.Datetime("us"))}
_SET_APART: Schema = {**_WHOSE, "terminal": pl.String, "code": pl.String}
_NOON = 12
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
    """Given who is wanted, return CORRECTIONS; what a command decided beats what the row says.

    A record that waits, because it contradicts what was proven or because nobody knows whether it is a presence, could
    serve any scan in whose window it lies: it stands here as an addition that waits for a decision, of each scan of its
    day, and of the later scans of the night before. So do the first and the last moment at which it can have been made,
    if its clock was wrong: no moment between them is kinder.
    """
    told = wanted.read(conn, corrections, _corrections, _CORRECTED)
    referred = told.lazy().with_columns(reference=pl.format(CORRECTION + "{}", "id"))
    found = collect(referred.sort("nip", "day", "id").select(*CORRECTIONS))
    near = pl.col("clock").dt.date().is_between(*(wanted.values[name] for name in ("before", "after")))
    doubts = _moments(wanted.read(conn, doubtful_punches, _doubts, _DOUBTED)).filter(near)
    apart = wanted.read(conn, set_apart, _set_apart, _SET_APART).filter(near)
    waiting = [
        collect(_as_additions(rows, named))
        for rows, named in (
            (doubts, pl.format(DOUBT + "{}", "id")),
            (apart, pl.format(APART + "{}/{}/{}", "id", "terminal", "code")),
        )
        if not rows.is_empty()
    ]
    return pl.concat([found, *waiting])


def _moments(doubts: pl.DataFrame) -> pl.DataFrame:
    """One row for each time at which a record may have been made: id, nip, clock."""
    times = [doubts.select("id", "nip", clock=pl.col(name)) for name in ("clock", "made_since", "made_until")]
    return pl.concat(times).drop_nulls("clock")


def _as_additions(doubts: pl.DataFrame, reference: pl.Expr) -> pl.LazyFrame:
    scans = pl.LazyFrame({"scan": list(map(str, Scan)), "earlier": [0] * len(Scan)})
    nightly = scans.filter(pl.col("scan") != Scan.ARRIVE).with_columns(earlier=pl.lit(1, pl.Int64))
    of_a_night = pl.col("clock").dt.hour() < _NOON
    return (
        doubts.lazy()
        .unique(["id", "nip", "clock"])
        .join(pl.concat([scans, nightly]), how="cross")
        .filter((pl.col("earlier") == 0) | of_a_night)
        .with_columns(
            day=pl.col("clock").dt.date() - pl.duration(days="earlier"),
            action=pl.lit("add"),
            time=pl.col("clock").dt.time(),
            status=pl.lit(EntryStatus.PENDING),
            reference=reference,
        )
        .sort("nip", "day", "id", "scan")
        .select(*CORRECTIONS)
    )


@cache
def _doubts(whose: Whose) -> Select[Any]:
    """Whose it may be: of a terminal that is named and of every one alike, for a day too many costs nobody anything."""
    p, o = doubtful_punches.c, slot_owners.c
    e = current(enrolments, whose(enrolments.c.nip)).subquery().c
    slot = exists().where(
        o.terminal == p.terminal, o.pin == e.pin, cast(o.uid, Text) == func.substr(p.pin, len(SLOT) + 1)
    )
    return select(p.id, e.nip, p.clock, p.made_since, p.made_until).where(
        or_(e.pin == p.pin, and_(p.pin.startswith(SLOT), slot)),
        e.terminal.in_([p.terminal, EVERY_TERMINAL]),
        waits_for_people(),
    )


@cache
def _set_apart(whose: Whose) -> Select[Any]:
    """Whose it may be, as of a doubtful record."""
    s, q = set_apart.c, quarantine.c
    e = current(enrolments, whose(enrolments.c.nip)).subquery().c
    return (
        select(s.id, e.nip, s.clock, s.terminal, s.code)
        .join(quarantine, q.quarantine_id == s.quarantine_id)
        .where(
            e.pin == s.pin,
            e.terminal.in_([s.terminal, EVERY_TERMINAL]),
            type_coerce(func.date(s.clock), Date).between(BEFORE, AFTER),
            *(waits(set_apart), not_taken_back(q.batch)),
        )
    )


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
