"""What would be published of one office: scored from what central holds at one moment, and scored again to see that it
still holds when it is published.

Promises that two drafts of the same facts and rules are equal, to the last finding. Does not know why one may not be
published, and stores nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from ekinerja_agent.central import facts
from ekinerja_agent.central.closing import periods
from ekinerja_agent.scoring import score_month
from ekinerja_agent.usecases.month import adjust

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ekinerja_agent.central.closing.signatures import Day
    from ekinerja_agent.central.store.engine import Readable
    from ekinerja_agent.rules import RuleBook
    from ekinerja_agent.scoring.frames.schemas import MonthFacts, MonthResult


@dataclass(frozen=True, slots=True)
class HowScored:
    """By what a month (its first day) is scored: the rules, the profile of units that name none, the instant, and the
    last day that is judged (None: the month's). `accept`: pending days count as present.
    """

    rules: RuleBook
    month: date
    profile: str
    now: datetime
    through: date | None = None
    accept: bool = False


@dataclass(frozen=True, slots=True)
class InUse:
    """The profiles and schedules by which a month is judged and paid."""

    profiles: set[str] = field(default_factory=set)
    schedules: set[str] = field(default_factory=set)

    def add(self, office: MonthFacts, result: MonthResult) -> None:
        """Given the facts of an office and what came of them, add what they were judged by."""
        self.profiles.update(result.people["profile"].unique())
        self.profiles.update(_profiles_of_days(office, result))
        self.schedules.update(name.partition("/")[0] for name in result.days["schedule"].unique())


@dataclass(frozen=True, slots=True)
class OfficeDraft:
    """One office's month. `plain` is what was scored, its pending days included; `result` is what would be published:
    with the pending days as present where that is accepted, and without the people whom another office was paid for
    (`paid`: NIP to that office).
    """

    plain: MonthResult
    result: MonthResult
    paid: Mapping[str, str]

    @property
    def pending(self) -> frozenset[Day]:
        """The pending days."""
        return frozenset(self.plain.pending.select("nip", "date").iter_rows())

    def equals(self, other: OfficeDraft) -> bool:
        """Given a draft that was made later, tell whether it is the same."""
        return self.paid == other.paid and all(
            getattr(getattr(self, of), part).equals(getattr(getattr(other, of), part))
            for of in ("plain", "result")
            for part in ("people", "days", "findings", "pending")
        )


def draft_of(source: Readable, how: HowScored, office: str, in_use: InUse | None = None) -> OfficeDraft:
    """Given the database, or one moment of it, score an office and return what would be published of it.

    What it was judged by is added to `in_use`.
    """
    office_facts = facts.month_facts(
        source, how.month, profile=how.profile, now=how.now, offices=[office], through=how.through
    )
    plain = score_month(office_facts, how.rules)
    if in_use is not None:
        in_use.add(office_facts, plain)
    accepts = how.accept and plain.pending.height
    result = score_month(replace(office_facts, accept_pending=True), how.rules) if accepts else plain
    paid = periods.paid_elsewhere(source, how.month, result.people["nip"].to_list(), office)
    return OfficeDraft(plain, adjust.without_people(result, paid), paid)


def _profiles_of_days(office: MonthFacts, result: MonthResult) -> set[str]:
    """The profiles of the units in which somebody served, where they are others than that of the first day."""
    served = set(result.days["unit"].unique())
    return {
        profile or office.profile
        for unit, profile in office.units.select("unit", "profile").iter_rows()
        if unit in served
    }
