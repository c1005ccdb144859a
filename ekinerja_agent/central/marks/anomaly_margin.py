"""How near an office is to a mass anomaly: counted by each whole run of the office, read before one person is scored.

A person who is scored alone moves each count by one at most, up or down. As long as that cannot make a mass anomaly nor
end one, nobody else needs to be looked at. Does not know what a finding is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache

import polars as pl
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Select,
    Update,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from ekinerja_agent.central.store.frames import write_frame
from ekinerja_agent.central.store.tables.scored import DRAFT, results, shared_findings
from ekinerja_agent.rules import WHOLE_PPM


def save(conn: Connection, period: str, office: str, shared: pl.DataFrame) -> None:
    """Given SHARED of a whole run of one office, put it in place of what was counted before."""
    s = shared_findings.c
    conn.execute(delete(shared_findings).where(s.period == period, s.office == office))
    key = (pl.lit(period).alias("period"), pl.lit(office).alias("office"))
    write_frame(conn, shared_findings, shared.select(*key, pl.all()))


def note_scored(conn: Connection, period: str, offices: Collection[str], people: int) -> None:
    """Given how many people of these offices are scored without the others, remember that the counts moved by up to
    so many.
    """
    conn.execute(_moved(), {"in_period": period, "offices": sorted(offices), "people": people})


@cache
def _moved() -> Update:
    s = shared_findings.c
    people: BindParameter[int] = bindparam("people", type_=BigInteger)
    ours = update(shared_findings).where(s.period == bindparam("in_period"), s.office.in_(bindparam("offices")))
    return ours.values(scored_since=s.scored_since + people)


def crowded(conn: Connection, period: str, people: Mapping[str, int], *, least_people: int) -> set[str]:
    """Given how many people of each office are to be scored, return the offices of which all must be: those people
    might make or end a mass anomaly, which takes `least_people` at least.

    A scan of which the last whole run saw nothing is new: only they can share a finding there.
    """
    values = {"period": period, "least_people": least_people}
    return {
        office
        for office, count in people.items()
        if count >= least_people or conn.scalar(_near(), {**values, "office": office, "people": count})
    }


@cache
def _near() -> Select[tuple[bool]]:
    """Whether so many people of the office might make or end a mass anomaly, or nobody counted yet."""
    people: BindParameter[int] = bindparam("people", type_=BigInteger)
    s, r = shared_findings.c, results.c
    ours = (s.period == bindparam("period")) & (s.office == bindparam("office"))
    moved = s.scored_since + people
    near = (s.affected + moved >= s.least_people) & (
        (s.affected + moved) * WHOLE_PPM >= s.share_ppm * (s.expected - moved)
    )
    drafts = select(func.count()).where(
        r.period == bindparam("period"), r.revision == DRAFT, r.unit == bindparam("office")
    )
    enough = drafts.scalar_subquery() + people >= bindparam("least_people", type_=BigInteger)
    return select(or_(exists().where(ours, near), ~exists().where(ours) & enough))
