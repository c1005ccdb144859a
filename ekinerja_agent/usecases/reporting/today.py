"""A unit's day while it runs, from the punches that are in central. Stores nothing; does not know who looks.

Promises the plan, the matching of punches and the coverage of scoring, before any scoring ran.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ekinerja_agent.central import facts
from ekinerja_agent.central.imported import organisation
from ekinerja_agent.central.scored.board import PAGE, Listed, PageQuery
from ekinerja_agent.nouns.duty import ShownState
from ekinerja_agent.nouns.messages import Message, unpack
from ekinerja_agent.scoring.discipline.running import day_so_far

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ekinerja_agent.rules import RuleBook


@dataclass(frozen=True, slots=True)
class PersonToday:
    """One duty of a day that runs, a row of `scoring.running.SO_FAR`. `reason`: why it is pending, else None."""

    nip: str
    name: str
    schedule: str
    timezone: str
    state: ShownState
    arrive_at: datetime | None
    leave_at: datetime | None
    late_minutes: int | None
    reason: Message | None


@dataclass(frozen=True, slots=True)
class UnitToday:
    """What is known at the instant `at`: the people of the unit by name, and for each terminal that one of them uses
    up to when its log is complete (None: not within these days).
    """

    at: datetime
    people: Sequence[PersonToday]
    terminals: Mapping[str, datetime | None]

    def listed(self, wanted: PageQuery) -> Listed[PersonToday]:
        """Given which rows are wanted, return one page of them."""
        text = wanted.text.casefold()
        found = [
            one
            for one in self.people
            if (text in one.name.casefold() or one.nip.startswith(wanted.text)) and wanted.state in {None, one.state}
        ]
        since = (wanted.page - 1) * PAGE
        return Listed(found[since : since + PAGE], len(found), Counter(one.state for one in self.people))


def unit_today(conn: Connection, rules: RuleBook, unit: str, day: date, *, profile: str, now: datetime) -> UnitToday:
    """Given a unit and the day that its calendar shows at `now`, return what is known of it.

    `profile` serves units that name none. Raise as `score_month` does.
    """
    nips = organisation.people_in(conn, unit, day)
    known = facts.day_facts(conn, day, profile=profile, now=now, nips=nips)
    people, terminals = day_so_far(known, day, rules)
    found = [_person(row) for row in people.iter_rows(named=True)]
    by_name = sorted(found, key=lambda one: (one.name, one.nip))
    return UnitToday(now, by_name, dict(terminals.iter_rows()))


def _person(row: dict[str, Any]) -> PersonToday:
    told = row.pop("message")
    return PersonToday(**row | {"state": ShownState(row["state"]), "reason": told and unpack(told)})
