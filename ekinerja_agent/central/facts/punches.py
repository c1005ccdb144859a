"""Punches given to people, on columns: by the enrolments of the punch's day, with the instants that scoring takes.

The same rule for single punches stands in `enrolled.py`; a test holds both to the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, Select, bindparam, false, or_, select, text

from ekinerja_agent.central.batches import current
from ekinerja_agent.central.enrolled import EVERY_TERMINAL, SLOT
from ekinerja_agent.central.facts.columns import read_frame
from ekinerja_agent.central.facts.wanted import MANY, Wanted
from ekinerja_agent.central.redatings import standing
from ekinerja_agent.central.tables.imported import enrolments, import_revocations
from ekinerja_agent.central.tables.recorded import punches, redated_punches, slot_owners, terminal_facts
from ekinerja_agent.model import punch_names_begin
from ekinerja_agent.scoring.frames import INSTANT, PUNCHES, Schema
from ekinerja_agent.scoring.steps import worked_out

CLOCK = pl.Datetime("us")

_RECORDED: Schema = {
    "punch_id": pl.String,
    "batch": pl.Int64,
    "terminal": pl.String,
    "pin": pl.String,
    "clock": CLOCK,
    "at": INSTANT,
    "offset_s": pl.Int64,
    "corrected": pl.Boolean,
}
_OWNERS: Schema = {"terminal": pl.String, "uid": pl.Int64, "pin": pl.String, "seen_at": INSTANT}
_ZONES: Schema = {"terminal": pl.String, "timezone": pl.String, "since": INSTANT}
_FEW = 300
"""Ranges of the primary key; SQLite refuses an expression of a thousand parts."""
_TERMINALS = """
    WITH RECURSIVE seen(id) AS (
        SELECT min(punch_id) FROM punches
        UNION ALL
        SELECT (SELECT min(punch_id) FROM punches WHERE punch_id >= substr(id, 1, instr(id, '/') - 1) || '0')
        FROM seen WHERE id IS NOT NULL
    )
    SELECT substr(id, 1, instr(id, '/') - 1) FROM seen WHERE id IS NOT NULL"""
"""Every terminal that has a punch, by one look at the primary key for each; 0 is the character after /."""


def read_punches(
    conn: Connection,
    enrolled: pl.DataFrame,
    *,
    pins: Sequence[str] | None,
    spells: Callable[[], pl.DataFrame],
    units: pl.DataFrame,
    wanted: Wanted,
) -> pl.DataFrame:
    """Given the enrolments of the PINs in question, return PUNCHES from a day before the wanted ones to two after.

    `pins` None reads all; `spells` are everybody's, read only where needed. A punch of an imported terminal whose zone
    nobody told takes the zone of the units of the people enrolled by name on it, if that is one zone, else the zone of
    the person's own unit.
    """
    recorded = _recorded(conn, pins, wanted)
    if wanted.has(slot_owners):
        recorded = _resolve_slots(conn, recorded)
    owned = _owned(recorded, enrolled)
    located = _located(conn, owned, spells, units)
    shifted = pl.when("corrected").then(pl.duration(seconds="offset_s")).otherwise(pl.duration(seconds=0))
    return worked_out(
        located.lazy()
        .with_columns(clock_at=pl.col("at") + shifted)
        .drop_nulls("at")
        .select(*PUNCHES)
        .sort("nip", "at", "punch_id")
    )


def _recorded(conn: Connection, pins: Sequence[str] | None, wanted: Wanted) -> pl.DataFrame:
    """One row per punch: of several witnesses the collector's, else the earliest file's. `day`: its true local day."""
    since = datetime.combine(wanted.first, time()) - timedelta(days=1)
    until = datetime.combine(wanted.last, time()) + timedelta(days=3)
    values: dict[str, Any] = {
        "since": since,
        "until": until,
        "at_since": since.replace(tzinfo=UTC) - timedelta(days=1),
        "at_until": until.replace(tzinfo=UTC),
    }
    standing_punches, moved_punches = _punches(named=False), _redated(named=False)
    if pins is not None and len(pins) <= MANY:
        values["pins"] = [*pins, *(_slots(conn, pins) if wanted.has(slot_owners) else ())]
        standing_punches, moved_punches = _punches(named=True), _redated(named=True)
        if (by_key := _by_key(conn, values["pins"])) is not None:
            standing_punches, moved_punches = standing_punches.where(by_key), moved_punches.where(by_key)
    recorded = read_frame(conn, standing_punches, _RECORDED, values)
    # Hardly ever has a clock been reset.
    if wanted.has(redated_punches):
        moved = read_frame(conn, moved_punches, {**_RECORDED, "shift_s": pl.Int64}, values)
        recorded = pl.concat([recorded, _as_redated(moved)])
    if recorded["batch"].n_unique() > 1:  # one batch holds a punch once
        recorded = recorded.sort("punch_id", "batch").unique("punch_id", keep="first", maintain_order=True)
    clock = pl.when("corrected").then(pl.col("clock") - pl.duration(seconds="offset_s")).otherwise("clock")
    return recorded.with_columns(day=clock.dt.date())


@cache
def _punches(*, named: bool) -> Select[Any]:
    """As the terminals recorded them, but for those that an approved redating moved."""
    p = punches.c
    inside = (p.clock >= bindparam("since")) & (p.clock < bindparam("until"))
    # A clock that was far off may show any date: such a punch is found by its instant.
    moved = p.corrected & (p.at >= bindparam("at_since")) & (p.at < bindparam("at_until"))
    standing_by = p.punch_id.not_in(select(standing().c.punch_id))
    return select(*(p[name] for name in _RECORDED)).where(or_(inside, moved), standing_by, *_wanted(named=named))


@cache
def _redated(*, named: bool) -> Select[Any]:
    """Punches that an approved redating puts between two local times."""
    p, r = punches.c, standing()
    near = r.c.at.between(bindparam("at_since"), bindparam("at_until"))
    columns = [r.c.at if name == "at" else p[name] for name in _RECORDED]
    query = select(*columns, r.c.shift_s).join(r, r.c.punch_id == p.punch_id)
    return query.where(near, *_wanted(named=named))


def _wanted(*, named: bool) -> list[ColumnElement[bool]]:
    standing_batch = punches.c.batch.not_in(select(import_revocations.c.batch))
    return [standing_batch, punches.c.pin.in_(bindparam("pins"))] if named else [standing_batch]


def _as_redated(moved: pl.DataFrame) -> pl.DataFrame:
    """As if their clock had shown the true time."""
    return moved.with_columns(
        clock=pl.col("clock") + pl.duration(seconds="shift_s"),
        offset_s=pl.lit(None, pl.Int64),
        corrected=pl.lit(value=False),
    ).drop("shift_s")


def _slots(conn: Connection, pins: Sequence[str]) -> list[str]:
    """The slot numbers, as PINs, that one of these PINs ever had on a terminal: no other can become one of them."""
    return [f"{SLOT}{uid}" for uid in conn.scalars(_owned_slots(), {"pins": list(pins)})]


@cache
def _owned_slots() -> Select[Any]:
    return select(slot_owners.c.uid).where(slot_owners.c.pin.in_(bindparam("pins"))).distinct()


def _by_key(conn: Connection, pins: Sequence[str]) -> ColumnElement[bool] | None:
    """On SQLite the condition for punches of a few PINs by the primary key, whose text begins with TERMINAL/PIN/: an
    index by PIN would cost every collected punch, and there a look at a whole month costs a second.
    """
    if conn.dialect.name != "sqlite" or len(pins) > _FEW:
        return None
    terminals = list(conn.scalars(text(_TERMINALS)))
    if len(pins) * len(terminals) > _FEW:
        return None
    key = punches.c.punch_id
    begins = [punch_names_begin(terminal, pin) for terminal in terminals for pin in pins]
    return or_(false(), *((key > begin) & (key < f"{begin[:-1]}0") for begin in begins))


def _resolve_slots(conn: Connection, recorded: pl.DataFrame) -> pl.DataFrame:
    """Slot numbers become PINs: of the owner seen last at or before the punch, else of the one seen first after it."""
    by_slot = recorded.filter(pl.col("pin").str.starts_with(SLOT), pl.col("at").is_not_null())
    if by_slot.is_empty():
        return recorded
    o = slot_owners.c
    owners = (
        read_frame(conn, select(o.terminal, o.uid, o.pin, o.seen_at), _OWNERS)
        .select("terminal", "seen_at", pl.col("pin").alias("owner"), pin=pl.format(SLOT + "{}", "uid"))
        .sort("seen_at", "owner")
    )
    keys = ["terminal", "pin"]
    first_seen = owners.unique(keys, keep="first", maintain_order=True).select(*keys, first_owner="owner")
    resolved = (
        by_slot.sort("at")
        .join_asof(owners, left_on="at", right_on="seen_at", by=keys, check_sortedness=False)
        .join(first_seen, on=keys, how="left")
        .select("punch_id", known=pl.coalesce("owner", "first_owner"))
    )
    return (
        recorded.join(resolved, on="punch_id", how="left").with_columns(pin=pl.coalesce("known", "pin")).drop("known")
    )


def _owned(recorded: pl.DataFrame, enrolled: pl.DataFrame) -> pl.DataFrame:
    """The punches with the person whose enrolment holds on their day; a named terminal beats every terminal."""
    holds = (
        ((pl.col("terminal_enrolled") == pl.col("terminal")) | (pl.col("terminal_enrolled") == EVERY_TERMINAL))
        & (pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("day")))
        & (pl.col("valid_to").is_null() | (pl.col("day") <= pl.col("valid_to")))
    )
    owned = recorded.lazy().join(enrolled.lazy(), on="pin", how="inner", suffix="_enrolled").filter(holds)
    if enrolled["pin"].is_duplicated().any():
        everywhere = pl.col("terminal_enrolled") == EVERY_TERMINAL
        owned = owned.sort("punch_id", everywhere, "id").unique("punch_id", keep="first", maintain_order=True)
    return worked_out(owned.select("punch_id", "terminal", "nip", "clock", "at", "offset_s", "corrected", "day"))


def _located(
    conn: Connection, owned: pl.DataFrame, spells: Callable[[], pl.DataFrame], units: pl.DataFrame
) -> pl.DataFrame:
    """Punches whose terminal had no known zone get their instant."""
    lost = owned.filter(pl.col("at").is_null())
    if lost.is_empty():
        return owned
    everybody = spells()
    named = _named(conn, lost["terminal"].unique().to_list())
    zones = (
        lost.join(told_zones(conn), on="terminal", how="left")
        .join(_zones_of_named(named, everybody, units), on="terminal", how="left")
        .join(_zones_of_people(lost, everybody, units), on="punch_id", how="left")
        .with_columns(zone=pl.coalesce("told_zone", "named_zone", "own_zone"))
        .drop("told_zone", "named_zone", "own_zone")
    )
    parts = [owned.filter(pl.col("at").is_not_null())]
    for zone in zones["zone"].drop_nulls().unique().sort():
        at = pl.col("clock").dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        here = zones.filter(pl.col("zone") == zone)
        parts.append(here.with_columns(at=at.dt.convert_time_zone("UTC")).select(owned.columns))
    return pl.concat(parts)


def told_zones(conn: Connection) -> pl.DataFrame:
    """Given a connection, return the zone that a collector told last: terminal, told_zone."""
    f = terminal_facts.c
    told = read_frame(conn, select(f.terminal, f.timezone, f.since), _ZONES).lazy().sort("since")
    newest = told.unique("terminal", keep="last", maintain_order=True)
    return worked_out(newest.select("terminal", told_zone="timezone"))


def _named(conn: Connection, terminals: Sequence[str]) -> pl.DataFrame:
    """Everybody who is enrolled by name on these terminals, whichever office is asked for: terminal, nip."""
    row = current(enrolments, enrolments.c.terminal.in_(terminals)).subquery().c
    return read_frame(conn, select(row.terminal, row.nip), {"terminal": pl.String, "nip": pl.String}).unique()


def _zones_of_named(named: pl.DataFrame, spells: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """The one zone of the units of everybody enrolled by name on a terminal: terminal, named_zone."""
    zone_of_unit = units.select("unit", "timezone").unique()
    return (
        named.join(spells.select("nip", "unit").unique(), on="nip")
        .join(zone_of_unit, on="unit")
        .group_by("terminal")
        .agg(pl.col("timezone").unique().sort())
        .filter(pl.col("timezone").list.len() == 1)
        .select("terminal", named_zone=pl.col("timezone").list.first())
    )


def _zones_of_people(lost: pl.DataFrame, spells: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """The zone of the person's own unit on the punch's day: punch_id, own_zone."""

    def holds(suffix: str) -> pl.Expr:
        since, until = pl.col(f"valid_from{suffix}"), pl.col(f"valid_to{suffix}")
        return (since.is_null() | (since <= pl.col("day"))) & (until.is_null() | (pl.col("day") <= until))

    return (
        lost.select("punch_id", "nip", "day")
        .join(spells.select("nip", "unit", "valid_from", "valid_to"), on="nip")
        .filter(holds(""))
        .join(units.select("unit", "timezone", "valid_from", "valid_to"), on="unit", suffix="_unit")
        .filter(holds("_unit"))
        .unique("punch_id", keep="first")
        .select("punch_id", own_zone="timezone")
    )
