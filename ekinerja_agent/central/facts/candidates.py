"""Punches that may be some people's, asked by terminal and PIN: whom other terminals gave the same PIN is not read.

Where every terminal numbers its PINs from 1, a PIN alone leads to everybody who has it anywhere. Does not know whose a
punch is in the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import chain, islice
from typing import Any

import polars as pl
from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    not_,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.sql.selectable import CompoundSelect, TableValuedAlias

from ekinerja_agent.central.collected.pin_owners import SLOT
from ekinerja_agent.central.collected.redatings import current_redatings
from ekinerja_agent.central.facts.scope import Scope, everybody
from ekinerja_agent.central.store.frames import read_frame
from ekinerja_agent.central.store.tables.recorded import punches, redated_punches, slot_owners
from ekinerja_agent.central.versions import not_taken_back
from ekinerja_agent.nouns.punch import EVERY_TERMINAL, Source, punch_names_begin
from ekinerja_agent.scoring.frames.schemas import INSTANT, Schema, empty

CLOCK = pl.Datetime("us")
RECORDED: Schema = {
    "punch_id": pl.String,
    "batch": pl.Int64,
    "terminal": pl.String,
    "pin": pl.String,
    "clock": CLOCK,
    "at": INSTANT,
    "offset_s": pl.Int64,
    "corrected": pl.Boolean,
    "source": pl.String,
}

_PAIRS_AT_ONCE = 10_000
_ONE_DAY = timedelta(days=1)
_TERMINALS = """
    WITH RECURSIVE seen(id) AS (
        SELECT min(punch_id) FROM punches
        UNION ALL
        SELECT (SELECT min(punch_id) FROM punches WHERE punch_id >= substr(id, 1, instr(id, '/') - 1) || '0')
        FROM seen WHERE id IS NOT NULL
    )
    SELECT substr(id, 1, instr(id, '/') - 1) FROM seen WHERE id IS NOT NULL"""
"""Every terminal that has a punch, by one look at the primary key for each; 0 is the character after /."""

Pair = tuple[str, str]
"""A terminal and a PIN as it records it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """By what punches are asked for.

    `named`: the terminals and PINs that an enrolment of these people names, and whether one of them holds on a day that
    is asked for; on other days such a PIN is somebody else's, but a clock that was far off may have shown one.
    `everywhere`: PINs that were theirs on every terminal; `taken`: the terminals on which such a PIN is somebody's by
    name on all days that are asked for.
    """

    named: Mapping[Pair, bool]
    everywhere: frozenset[str]
    taken: frozenset[Pair]


@dataclass(frozen=True, slots=True)
class _Days:
    """From a day before the wanted ones to two after them, by a terminal's clock; a day more at each end by the true
    instant, wherever the terminal stands.
    """

    since: datetime
    until: datetime

    @property
    def values(self) -> dict[str, Any]:
        return {
            "since": self.since,
            "until": self.until,
            "since_text": self.since.isoformat(),
            "until_text": self.until.isoformat(),
            "at_since": self.since.replace(tzinfo=UTC) - _ONE_DAY,
            "at_until": self.until.replace(tzinfo=UTC),
        }


def asked_by(enrolled: pl.DataFrame, wanted: Scope) -> Asked | None:
    """Given the enrolments that may matter to the wanted people, return by what their punches are asked for; None: all
    punches are read, for so many people are wanted.
    """
    if wanted.whose is everybody:
        return None
    days = _days(wanted)
    first, last = days.since.date(), days.until.date() - _ONE_DAY
    rows = list(enrolled.select("terminal", "pin", "nip", "valid_from", "valid_to").iter_rows())
    nips = set(wanted.nips)
    named: dict[Pair, bool] = {}
    for terminal, pin, nip, valid_from, valid_to in rows:
        if nip in nips and terminal != EVERY_TERMINAL:
            held = (valid_from is None or valid_from <= last) and (valid_to is None or first <= valid_to)
            named[terminal, pin] = held or named.get((terminal, pin), False)
    everywhere = frozenset(pin for terminal, pin, nip, *_ in rows if nip in nips and terminal == EVERY_TERMINAL)
    taken = frozenset(
        (terminal, pin)
        for terminal, pin, _, valid_from, valid_to in rows
        if pin in everywhere
        and terminal != EVERY_TERMINAL
        and (valid_from is None or valid_from <= first)
        and (valid_to is None or last <= valid_to)
    )
    return Asked(named, everywhere, taken)


def read_candidates(conn: Connection, asked: Asked | None, wanted: Scope) -> pl.DataFrame:
    """Given by what is asked (None: all punches are wanted), return RECORDED: those whose clock, true instant or
    approved one lies on a wanted day, a day before or two after. Of redated ones the clock shows the true time.

    One row per punch: of several witnesses the collector's, else the earliest file's.
    """
    days = _days(wanted).values
    redated = wanted.has(redated_punches)  # hardly ever has a clock been reset
    if asked is None:
        frames = [read_frame(conn, _all(redated=redated), RECORDED, days)]
    else:
        if wanted.has(slot_owners):
            asked = Asked({**asked.named, **dict.fromkeys(_slots(conn, asked), True)}, asked.everywhere, asked.taken)
        frames = list(_read_asked(conn, asked, days, redated=redated))
    if redated:
        frames.append(_read_redated(conn, asked, days))
    recorded = pl.concat(frames or [empty(RECORDED)])
    if len(frames) > 1 or recorded["batch"].n_unique() > 1:  # one batch holds a punch once
        recorded = recorded.sort("punch_id", "batch").unique("punch_id", keep="first", maintain_order=True)
    return _exact_rather_than_minutes(recorded)


def _exact_rather_than_minutes(recorded: pl.DataFrame) -> pl.DataFrame:
    """Without the punches of files that tell no seconds beside which another witness tells that minute's with them."""
    without = pl.col("source") == Source.MINUTES
    if not recorded.select(without.any()).item():
        return recorded.drop("source")
    minute = pl.col("clock").dt.truncate("1m")
    exact = recorded.filter(~without).select("terminal", "pin", minute=minute).unique()
    doubled = recorded.filter(without).with_columns(minute=minute).join(exact, on=exact.columns, how="semi")
    return recorded.join(doubled, on="punch_id", how="anti", maintain_order="left").drop("source")


def _days(wanted: Scope) -> _Days:
    return _Days(
        datetime.combine(wanted.first, time()) - _ONE_DAY, datetime.combine(wanted.last, time()) + 3 * _ONE_DAY
    )


def _read_asked(conn: Connection, asked: Asked, days: Mapping[str, Any], *, redated: bool) -> Iterator[pl.DataFrame]:
    """One punch may be in two of the frames."""
    dialect = conn.dialect.name
    pairs = iter(asked.named.items())
    if asked.everywhere and dialect == "sqlite":
        pairs = chain(
            ((pair, held) for pair, held in pairs if pair[1] not in asked.everywhere),
            _on_each_terminal(conn, asked),
        )
    while part := list(islice(pairs, _PAIRS_AT_ONCE)):
        yield read_frame(conn, _of_pairs(dialect, redated=redated), RECORDED, {**days, **_pair_values(part)})
    if asked.everywhere and dialect != "sqlite":
        values = {"pins": sorted(asked.everywhere), **_pair_values((pair, True) for pair in sorted(asked.taken))}
        yield read_frame(conn, _of_pins(dialect, redated=redated), RECORDED, {**days, **values})


def _on_each_terminal(conn: Connection, asked: Asked) -> Iterator[tuple[Pair, bool]]:
    """SQLite has no index by PIN, which would cost every punch that is collected, and a look at a whole month costs a
    second: there the PINs are looked for on each terminal that has a punch.
    """
    for terminal in conn.scalars(text(_TERMINALS)).all():
        for pin in asked.everywhere:
            pair = (terminal, pin)
            yield pair, pair not in asked.taken or asked.named.get(pair, False)


@cache
def _all(*, redated: bool) -> Select[Any]:
    return _recorded(or_(_inside(), and_(punches.c.corrected, _truly_inside())), redated=redated)


@cache
def _of_pairs(dialect: str, *, redated: bool) -> CompoundSelect[Any]:
    """Two questions, each of which an index answers: by the clock, and by the true instant if that lies elsewhere."""
    p, asked = punches.c, _pairs(dialect)
    pair = and_(p.terminal == asked.terminal, p.pin == asked.pin)
    held = or_(asked.held, p.corrected)
    by_instant = _recorded(pair, *_far_off(), redated=redated)
    if dialect == "sqlite":
        # The key is the index: its text begins with TERMINAL/PIN/CLOCK.
        begin = _of_each(asked.rows, 3, Text)
        since, until = (begin.concat(bindparam(name, type_=Text)) for name in ("since_text", "until_text"))
        by_clock = _recorded(p.punch_id >= since, p.punch_id < until, held, redated=redated)
        return union_all(by_clock.select_from(asked.rows), by_instant.select_from(asked.rows))
    # One after the other (OFFSET 0), each by the index: a join would walk through everybody's month.
    one = _recorded(pair, _inside(), held, redated=redated)
    found = one.correlate(asked.rows).offset(0).lateral("found")
    by_clock = select(*(found.c[name] for name in RECORDED)).select_from(asked.rows.join(found, true()))
    return union_all(by_clock, by_instant.select_from(asked.rows))


@cache
def _of_pins(dialect: str, *, redated: bool) -> CompoundSelect[Any]:
    """Of PINs on every terminal, but for the pairs on which each is somebody's by name."""
    p, taken = punches.c, _pairs(dialect)
    theirs = p.pin.in_(bindparam("pins"))
    free = or_(p.corrected, tuple_(p.terminal, p.pin).not_in(select(taken.terminal, taken.pin)))
    return union_all(
        _recorded(theirs, _inside(), free, redated=redated), _recorded(theirs, *_far_off(), redated=redated)
    )


def _recorded(*conditions: ColumnElement[bool], redated: bool) -> Select[Any]:
    """As the terminals recorded them, but for those that an approved redating moved."""
    p = punches.c
    query = select(*(p[name] for name in RECORDED)).where(*conditions, not_taken_back(punches.c.batch))
    return query.where(p.punch_id.not_in(select(current_redatings().c.punch_id))) if redated else query


def _inside() -> ColumnElement[bool]:
    p = punches.c
    return and_(p.clock >= bindparam("since"), p.clock < bindparam("until"))


def _truly_inside() -> ColumnElement[bool]:
    p = punches.c
    return and_(p.at >= bindparam("at_since"), p.at < bindparam("at_until"))


def _far_off() -> tuple[ColumnElement[bool], ...]:
    """The clock showed another month; by the instant it is this one."""
    return punches.c.corrected, _truly_inside(), not_(_inside())


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Terminals and PINs in the values of a query, as `rows` of it."""

    rows: TableValuedAlias
    terminal: ColumnElement[str]
    pin: ColumnElement[str]
    held: ColumnElement[bool]


@cache
def _pairs(dialect: str) -> _Pairs:
    columns: tuple[Column[Any], ...] = (Column("terminal", Text), Column("pin", Text), Column("held", Boolean))
    if dialect == "sqlite":
        rows = func.json_each(bindparam("pairs", type_=Text)).table_valued("value", name="asked")
        return _Pairs(rows, *(_of_each(rows, place, one.type) for place, one in enumerate(columns)))
    values = (cast(bindparam(f"{one.name}_of", type_=ARRAY(one.type)), ARRAY(one.type)) for one in columns)
    rows = func.unnest(*values).table_valued(*columns).render_derived(name="asked")
    return _Pairs(rows, *rows.c)


def _of_each(rows: TableValuedAlias, place: int, kind: Any) -> ColumnElement[Any]:
    return func.json_extract(rows.c.value, f"$[{place}]", type_=kind)


def _pair_values(pairs: Iterable[tuple[Pair, bool]]) -> dict[str, Any]:
    """What a query with `_pairs` takes: on SQLite with the beginning of the punches' names."""
    rows = [(*pair, held, punch_names_begin(*pair)) for pair, held in pairs]
    names = ("terminal_of", "pin_of", "held_of")
    return {"pairs": json.dumps(rows), **{name: [row[place] for row in rows] for place, name in enumerate(names)}}


def _read_redated(conn: Connection, asked: Asked | None, days: Mapping[str, Any]) -> pl.DataFrame:
    """Punches that an approved redating puts on these days, as if their clock had shown the true time."""
    values = dict(days)
    if asked is not None:
        values |= {"of": sorted({terminal for terminal, _ in asked.named}), "pins": sorted(asked.everywhere)}
    moved = read_frame(conn, _redated(all_of_them=asked is None), {**RECORDED, "shift_s": pl.Int64}, values)
    return moved.with_columns(
        clock=pl.col("clock") + pl.duration(seconds="shift_s"),
        offset_s=pl.lit(None, pl.Int64),
        corrected=pl.lit(value=False),
    ).drop("shift_s")


@cache
def _redated(*, all_of_them: bool) -> Select[Any]:
    p, r = punches.c, current_redatings()
    near = r.c.at.between(bindparam("at_since"), bindparam("at_until"))
    columns = [r.c.at if name == "at" else p[name] for name in RECORDED]
    query = select(*columns, r.c.shift_s).join(r, r.c.punch_id == p.punch_id).where(near, not_taken_back(p.batch))
    return query if all_of_them else query.where(or_(p.terminal.in_(bindparam("of")), p.pin.in_(bindparam("pins"))))


def _slots(conn: Connection, asked: Asked) -> Iterator[Pair]:
    """The slots that one of these PINs ever had, as their terminals record them: no other can become one of them."""
    pairs = iter(asked.named.items())
    while part := list(islice(pairs, _PAIRS_AT_ONCE)):
        yield from _recorded_slots(conn, _slots_of_pairs(conn.dialect.name), _pair_values(part))
    if asked.everywhere:
        yield from _recorded_slots(conn, _slots_of_pins(), {"pins": sorted(asked.everywhere)})


def _recorded_slots(conn: Connection, query: Select[Any], values: Mapping[str, Any]) -> Iterator[Pair]:
    found = read_frame(conn, query, {"terminal": pl.String, "uid": pl.Int64}, values)
    return ((terminal, f"{SLOT}{uid}") for terminal, uid in found.iter_rows())


@cache
def _slots_of_pairs(dialect: str) -> Select[Any]:
    o, asked = slot_owners.c, _pairs(dialect)
    of_pair = and_(o.terminal == asked.terminal, o.pin == asked.pin)
    return select(o.terminal, o.uid).select_from(asked.rows.join(slot_owners, of_pair)).distinct()


@cache
def _slots_of_pins() -> Select[Any]:
    o = slot_owners.c
    return select(o.terminal, o.uid).where(o.pin.in_(bindparam("pins"))).distinct()
