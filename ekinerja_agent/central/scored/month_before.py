"""What each person of a month gets, as much of it as one month is laid beside another for. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, exists, select

from ekinerja_agent.central.scored.scorecards import newest_revision
from ekinerja_agent.central.store.tables.scored import DRAFT, result_days, results
from ekinerja_agent.nouns.duty import DayState
from ekinerja_agent.scoring.frames.schemas import MonthResult


@dataclass(frozen=True, slots=True)
class PaidPerson:
    """A person's month: what is paid by which profile; `exempt` where a day of it asked for no scan."""

    name: str
    unit: str
    profile: str
    payable_rp: int
    exempt: bool


def published(conn: Connection, month: date) -> Mapping[str, PaidPerson]:
    """Given a month (its first day), return by NIP what is published and stands."""
    return _read(conn, month, drafts=False)


def drafted(conn: Connection, month: date) -> Mapping[str, PaidPerson]:
    """Given a month (its first day), return by NIP what is drafted."""
    return _read(conn, month, drafts=True)


def of_results(scored: Iterable[MonthResult]) -> Mapping[str, PaidPerson]:
    """Given results that are not stored, return by NIP what they pay."""
    found = {}
    for result in scored:
        exempt = set(result.days.filter(result.days["state"] == DayState.EXEMPT)["nip"])
        columns = ("nip", "name", "unit", "profile", "payable_rp")
        for nip, name, unit, profile, payable_rp in result.people.select(columns).iter_rows():
            found[nip] = PaidPerson(name, unit, profile, payable_rp, nip in exempt)
    return found


def _read(conn: Connection, month: date, *, drafts: bool) -> Mapping[str, PaidPerson]:
    r, d = results.c, result_days.c
    of_day = (d.period == r.period, d.nip == r.nip, d.revision == r.revision, d.state == DayState.EXEMPT)
    stands = r.revision == DRAFT if drafts else (r.revision > DRAFT) & (r.revision == newest_revision(results))
    query = select(r.nip, r.name, r.unit, r.profile, r.payable_rp, exists().where(*of_day).label("exempt"))
    rows = conn.execute(query.where(r.period == f"{month:%Y-%m}", stands))
    return {row.nip: PaidPerson(row.name, row.unit, row.profile, row.payable_rp, bool(row.exempt)) for row in rows}
