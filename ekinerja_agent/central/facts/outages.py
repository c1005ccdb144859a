"""When terminals could not record, as instants: outages are imported in local time of the terminal's place.

Judges nothing: whom an outage excuses is not known here.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import cache
from typing import Any

import polars as pl
from sqlalchemy import Connection, Select, bindparam, select

from ekinerja_agent.central.facts.candidates import CLOCK
from ekinerja_agent.central.facts.punches import told_zones
from ekinerja_agent.central.facts.scope import Scope, Whose
from ekinerja_agent.central.imported.decisions import outage_status
from ekinerja_agent.central.store.tables.imported import outage_decisions, outages
from ekinerja_agent.central.versions import current
from ekinerja_agent.scoring.frames.schemas import OUTAGES, Schema

_TOLD: Schema = {
    "terminal": pl.String,
    "starts": CLOCK,
    "ends": CLOCK,
    "status": pl.String,
    "document": pl.String,
}


def read_outages(
    conn: Connection, enrolled: pl.DataFrame, spells: pl.DataFrame, units: pl.DataFrame, wanted: Scope
) -> pl.DataFrame:
    """Given enrolments, spells, units and the month that is wanted, return OUTAGES that touch it, a day before it, or
    two after it.

    A terminal that no collector told of lies in the zones of the units of the people enrolled by name on it: in each of
    them, if they are several, so that no reading of the time costs anybody.
    """
    since = datetime.combine(wanted.first - timedelta(days=1), time())
    until = datetime.combine(wanted.last + timedelta(days=3), time())
    told = wanted.read(conn, outages, _outages, _TOLD, since=since, until=until)
    if told.is_empty():
        return pl.DataFrame(schema=OUTAGES)
    zones = told_zones(conn).rename({"told_zone": "zone"})
    guessed = (
        enrolled.join(zones, on="terminal", how="anti")
        .join(spells.select("nip", "unit").unique(), on="nip")
        .join(units.select("unit", zone="timezone").unique(), on="unit")
        .select("terminal", "zone")
        .unique()
    )
    placed = told.join(pl.concat([zones, guessed]), on="terminal", how="inner")
    parts = [pl.DataFrame(schema=OUTAGES)]
    for (zone,), rows in placed.group_by("zone", maintain_order=True):
        instants = [
            pl.col(clock)
            .dt.replace_time_zone(str(zone), ambiguous="earliest", non_existent="null")
            .dt.convert_time_zone("UTC")
            .alias(name)
            for clock, name in (("starts", "start"), ("ends", "end"))
        ]
        parts.append(rows.with_columns(instants).select(*OUTAGES))
    return pl.concat(parts).sort("terminal", "start", "end")


@cache
def _outages(_whose: Whose) -> Select[Any]:
    row = current(outages).subquery()
    told = (outage_status(row).label(name) if name == "status" else row.c[name] for name in _TOLD)
    decided = row.outerjoin(outage_decisions, outage_decisions.c.outage == row.c.id)
    return select(*told).select_from(decided).where(row.c.ends > bindparam("since"), row.c.starts < bindparam("until"))
