"""Which terminals' logs must be complete before a person's silence means absence, day by day.

A person needs the terminals that their enrolments name; `*` means the enabled terminals of their unit of the day, else
of the nearest unit above that has some. A terminal list that changes within a day holds on that day before and after:
people used both. Before the first day that a collector told of an office, the list of that first day stands: the logs
that it then read reach further back.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import zip_longest
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import Connection, select

from ekinerja_agent.central.store.tables.recorded import terminal_facts
from ekinerja_agent.nouns.punch import EVERY_TERMINAL
from ekinerja_agent.scoring.frames.schemas import DUTY_TERMINALS, Schema
from ekinerja_agent.scoring.frames.steps import collect, covers

TERMINALS: Schema = {
    # When an enabled terminal served an office; dates included, null = open.
    "office": pl.String,
    "terminal": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}
_DEEPEST_UNIT = 20
"""Units above each other; more would be a circle."""


def read_terminals(conn: Connection) -> pl.DataFrame:
    """Given a connection, return TERMINALS by the collectors' dated lists."""
    f = terminal_facts.c
    told = conn.execute(
        select(f.terminal, f.since, f.office, f.timezone, f.enabled).order_by(f.terminal, f.since)
    ).all()
    rows = []
    for row, after in zip_longest(told, told[1:]):
        if not row.enabled:
            continue
        next_change = after if after is not None and after.terminal == row.terminal else None
        rows.append(
            {
                "office": row.office,
                "terminal": row.terminal,
                "valid_from": row.since.astimezone(ZoneInfo(row.timezone)).date(),
                "valid_to": next_change and next_change.since.astimezone(ZoneInfo(row.timezone)).date(),
            }
        )
    first: dict[str | None, date] = {}
    for each in rows:
        first[each["office"]] = min(each["valid_from"], first.get(each["office"], each["valid_from"]))
    for each in rows:
        if each["valid_from"] == first[each["office"]]:
            each["valid_from"] = None
    return pl.DataFrame(rows, schema=TERMINALS)


def duty_terminals(
    spells: pl.DataFrame,
    units: pl.DataFrame,
    enrolled: pl.DataFrame,
    terminals: pl.DataFrame,
    first: date,
    last: date,
) -> pl.DataFrame:
    """Given spells, units, the people's enrolments and TERMINALS, return DUTY_TERMINALS of the days `first` to `last`.

    A day before and a day after come along, for nights.
    """
    since, until = first - timedelta(days=1), last + timedelta(days=1)
    enrolments, served = (_within(frame.lazy(), since, until) for frame in (enrolled, spells))
    named = enrolments.filter(pl.col("terminal") != EVERY_TERMINAL).select(*DUTY_TERMINALS)
    everywhere = enrolments.filter(pl.col("terminal") == EVERY_TERMINAL).select("nip", "valid_from", "valid_to")
    posts = collect(_both(everywhere, served.select("nip", "unit", "valid_from", "valid_to"), on="nip"))
    found = [named]
    if posts.height:
        serving = _serving(posts["unit"].unique(), units, terminals, since, until)
        found.append(_both(posts.lazy(), serving, on="unit").select(*DUTY_TERMINALS))
    return collect(pl.concat(found).unique().sort("nip", "terminal", "valid_from"))


def _serving(wanted: pl.Series, units: pl.DataFrame, terminals: pl.DataFrame, since: date, until: date) -> pl.LazyFrame:
    """The terminals that serve each unit: unit, terminal, valid_from, valid_to."""
    days = pl.DataFrame({"day": pl.date_range(since, until, eager=True)}).lazy()
    parents = _on_days(units, days).select("day", place="unit", above="parent").unique(["day", "place"], keep="first")
    there = _on_days(terminals, days).select("day", "terminal", place="office").unique()
    parents, there = (collect(frame).lazy() for frame in (parents, there))
    searching = wanted.to_frame("unit").lazy().join(days, how="cross").with_columns(place="unit")
    found = []
    for _ in range(_DEEPEST_UNIT):
        found.append(searching.join(there, on=["day", "place"]).select("unit", "day", "terminal"))
        above = collect(
            searching.join(there, on=["day", "place"], how="anti")
            .join(parents, on=["day", "place"])
            .drop_nulls("above")
            .select("unit", "day", place="above")
        )
        if above.is_empty():
            break
        searching = above.lazy()
    return _runs(pl.concat(found))


def _runs(on_days: pl.LazyFrame) -> pl.LazyFrame:
    """Consecutive days become one row: unit, terminal, valid_from, valid_to."""
    keys = ["unit", "terminal"]
    broken = (pl.col("day") - pl.col("day").shift(1).over(keys)) != pl.duration(days=1)
    return (
        on_days.sort(*keys, "day")
        .with_columns(run=broken.fill_null(value=False).cast(pl.Int64).cum_sum().over(keys))
        .group_by(*keys, "run")
        .agg(valid_from=pl.col("day").min(), valid_to=pl.col("day").max())
        .drop("run")
    )


def _on_days(dated: pl.DataFrame, days: pl.LazyFrame) -> pl.LazyFrame:
    return (
        dated.lazy()
        .join(days, how="cross")
        .filter(
            covers("day"),
        )
    )


def _within(dated: pl.LazyFrame, since: date, until: date) -> pl.LazyFrame:
    """The rows that hold on one of the days, cut to them."""
    return dated.with_columns(
        valid_from=pl.max_horizontal("valid_from", pl.lit(since)), valid_to=pl.min_horizontal("valid_to", pl.lit(until))
    ).filter(pl.col("valid_from") <= pl.col("valid_to"))


def _both(one: pl.LazyFrame, other: pl.LazyFrame, *, on: str) -> pl.LazyFrame:
    """Rows of equal `on` for the days on which both hold."""
    joined = one.join(other, on=on, suffix="_other")
    return (
        joined.with_columns(
            valid_from=pl.max_horizontal("valid_from", "valid_from_other"),
            valid_to=pl.min_horizontal("valid_to", "valid_to_other"),
        )
        .filter(pl.col("valid_from") <= pl.col("valid_to"))
        .drop("valid_from_other", "valid_to_other")
    )
