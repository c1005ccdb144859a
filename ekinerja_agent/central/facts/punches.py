"""Punches given to people, on columns: by the enrolments of the punch's day, with the instants that scoring takes.

The same rule for single punches stands in `collected/pin_owners.py`; a test holds both to the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import polars as pl
from sqlalchemy import Connection, Select, bindparam, select

from ekinerja_agent.central.collected.pin_owners import SLOT
from ekinerja_agent.central.facts.candidates import Asked, read_candidates
from ekinerja_agent.central.facts.scope import Scope
from ekinerja_agent.central.store.frames import read_frame
from ekinerja_agent.central.store.tables.imported import enrolments
from ekinerja_agent.central.store.tables.recorded import slot_owners, terminal_facts
from ekinerja_agent.central.versions import current
from ekinerja_agent.nouns.punch import EVERY_TERMINAL
from ekinerja_agent.scoring.frames.schemas import INSTANT, PUNCHES, Schema
from ekinerja_agent.scoring.frames.steps import collect, covers

_OWNERS: Schema = {"terminal": pl.String, "uid": pl.Int64, "pin": pl.String, "seen_at": INSTANT}
_ZONES: Schema = {"terminal": pl.String, "timezone": pl.String, "since": INSTANT}


def read_punches(
    conn: Connection,
    enrolled: pl.DataFrame,
    *,
    asked: Asked | None,
    spells: Callable[[], pl.DataFrame],
    units: pl.DataFrame,
    wanted: Scope,
) -> pl.DataFrame:
    """Given the enrolments that may matter, return PUNCHES from a day before the wanted ones to two after.

    `asked` None reads all; `spells` are everybody's, read only where needed. A punch of an imported terminal whose zone
    nobody told takes the zone of the units of the people enrolled by name on it, if that is one zone, else the zone of
    the person's own unit.
    """
    recorded = _on_their_day(read_candidates(conn, asked, wanted))
    if wanted.has(slot_owners):
        recorded = _resolve_slots(conn, recorded)
    owned = _owned(recorded, enrolled)
    located = _located(conn, owned, spells, units)
    shifted = pl.when("corrected").then(pl.duration(seconds="offset_s")).otherwise(pl.duration(seconds=0))
    return collect(
        located.lazy()
        .with_columns(clock_at=pl.col("at") + shifted)
        .drop_nulls("at")
        .select(*PUNCHES)
        .sort("nip", "at", "punch_id")
    )


def _on_their_day(recorded: pl.DataFrame) -> pl.DataFrame:
    """With the true local day of each: day."""
    clock = pl.when("corrected").then(pl.col("clock") - pl.duration(seconds="offset_s")).otherwise("clock")
    return recorded.with_columns(day=clock.dt.date())


def _resolve_slots(conn: Connection, recorded: pl.DataFrame) -> pl.DataFrame:
    """Slot numbers become PINs: of the owner seen last at or before the punch, else of the one seen first after it."""
    by_slot = recorded.filter(pl.col("pin").str.starts_with(SLOT), pl.col("at").is_not_null())
    if by_slot.is_empty():
        return recorded
    terminals = by_slot["terminal"].unique().to_list()
    owners = (
        read_frame(conn, _owners(), _OWNERS, {"terminals": terminals})
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


@cache
def _owners() -> Select[Any]:
    o = slot_owners.c
    return select(o.terminal, o.uid, o.pin, o.seen_at).where(o.terminal.in_(bindparam("terminals")))


def _owned(recorded: pl.DataFrame, enrolled: pl.DataFrame) -> pl.DataFrame:
    """The punches with the person whose enrolment holds on their day; a named terminal beats every terminal."""
    everywhere = pl.col("terminal") == EVERY_TERMINAL
    # Never by PIN alone where a terminal is named: of a county's terminals each may have a PIN 1.
    owned = _held(recorded, enrolled.filter(~everywhere), ["terminal", "pin"], rank=0)
    anywhere = enrolled.filter(everywhere).drop("terminal")
    if not anywhere.is_empty():
        owned = pl.concat([owned, _held(recorded, anywhere, ["pin"], rank=1)])
    found = collect(owned)
    if enrolled["pin"].is_duplicated().any() and found["punch_id"].is_duplicated().any():
        found = found.sort("punch_id", "rank", "id").unique("punch_id", keep="first", maintain_order=True)
    return found.drop("rank", "id")


def _held(recorded: pl.DataFrame, enrolled: pl.DataFrame, keys: list[str], *, rank: int) -> pl.LazyFrame:
    """The punches that an enrolment of their day gives to somebody, with its id."""
    return (
        recorded.lazy()
        .join(enrolled.lazy(), on=keys, how="inner")
        .filter(
            covers("day"),
        )
        .select(
            *("punch_id", "terminal", "nip", "clock", "at", "offset_s", "corrected", "day", "id"),
            rank=pl.lit(rank, pl.Int8),
        )
    )


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
    return collect(newest.select("terminal", told_zone="timezone"))


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
