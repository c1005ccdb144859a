"""What silence does, once a day: a superior's to activities, anybody's to requests for leave and travel.

A deadline of n days after a day counts from the start of the n-th day after it in the unit's zone. Of two activities at
one time it approves one. Run again for the same instant it changes nothing. Does not know what a decision costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from ekinerja_agent.central.access.audit import SYSTEM
from ekinerja_agent.central.imported import activities, leave_requests
from ekinerja_agent.central.imported.activities import Activity, Step
from ekinerja_agent.central.imported.leave_requests import LeaveRequest
from ekinerja_agent.central.imported.superiors_of import facts_of
from ekinerja_agent.county.posts import Posts
from ekinerja_agent.county.superiors import Superiors
from ekinerja_agent.nouns.errors import NeedsAttention, NoRule
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import RuleBook, Settled
from ekinerja_agent.usecases.care import clocks

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_ISO_DATE = 10


@dataclass(frozen=True, slots=True)
class DeadlineRun:
    """What one run did: activities that the next superior may decide too, that were approved or rejected, and requests
    that were rejected.
    """

    escalated: int
    approved: int
    rejected: int
    requests_rejected: int

    @property
    def total(self) -> int:
        """How much changed."""
        return self.escalated + self.approved + self.rejected + self.requests_rejected


def run(engine: Engine, rules: RuleBook, *, profile: str, now: datetime, by: str = SYSTEM) -> DeadlineRun:
    """Given the instant, do what the rules say of all that nobody decided in time.

    `profile` serves units that name none; `by` is the account that ran it. A day that no rule covers waits.
    """

    def judge(conn: Connection, waiting: Sequence[Activity] | Sequence[LeaveRequest]) -> _Judge:
        rows = facts_of(conn, {one.nip for one in waiting})
        posts = Posts(rows, profile)
        return _Judge(rules, posts, Superiors(rows, posts), _Clock(posts, now))

    def activities_of(conn: Connection, waiting: Sequence[Activity]) -> Iterator[tuple[Activity, Step]]:
        return _one_at_a_time(conn, judge(conn, waiting).activities(waiting))

    def requests_of(conn: Connection, waiting: Sequence[LeaveRequest]) -> Iterator[tuple[LeaveRequest, str]]:
        return judge(conn, waiting).leave_requests(waiting)

    counts = activities.settle_silent(engine, activities_of, now=now, by=by)
    rejected = leave_requests.reject_silent(engine, requests_of, now=now, by=by)
    return DeadlineRun(
        counts.get("escalated", 0), counts.get(EntryStatus.APPROVED, 0), counts.get(EntryStatus.REJECTED, 0), rejected
    )


def run_today(
    engine: Engine, rules: RuleBook, *, profile: str, now: datetime, synchronised: bool, by: str = SYSTEM
) -> DeadlineRun:
    """As `run`, at the instant that this host's clock shows; `synchronised` is the kernel's word on it.

    Raise NeedsAttention if other clocks contradict it: a clock that jumped ahead would end everybody's time to decide.
    """
    doubt = clocks.doubt(engine, now, synchronised=synchronised)
    if doubt is not None:
        raise NeedsAttention(
            Message(
                "nothing was approved or rejected because nobody decided it in time: {doubt}, or name the instant "
                "with --now",
                doubt=doubt,
            )
        )
    return run(engine, rules, profile=profile, now=now, by=by)


def _one_at_a_time(conn: Connection, settled: Iterator[tuple[Activity, Step]]) -> Iterator[tuple[Activity, Step]]:
    """What overlaps is kept from being entered; what was entered before that, or came back by an objection, is not
    approved beside another one.
    """
    steps = list(settled)
    days = [one.day for one, step in steps if step.status == EntryStatus.APPROVED]
    taken: dict[tuple[str, date], list[Activity]] = {}
    if days:
        nips = {one.nip for one, step in steps if step.status == EntryStatus.APPROVED}
        for one in activities.approved_of(conn, nips, min(days), max(days)):
            taken.setdefault((one.nip, one.day), []).append(one)
    for one, step in steps:
        beside = taken.setdefault((one.nip, one.day), [])
        other = (
            next((each for each in beside if each.shares_time(one)), None)
            if step.status == EntryStatus.APPROVED
            else None
        )
        if other is not None:
            reason = Message(
                "overlaps {activity_id} ({start}-{end})",
                activity_id=other.activity_id,
                start=f"{other.start:%H:%M}",
                end=f"{other.end:%H:%M}",
            )
            yield one, Step(EntryStatus.REJECTED, EntryStatus.REJECTED, one.first_tier, one.last_tier, reason=reason)
            continue
        if step.status == EntryStatus.APPROVED:
            beside.append(one)
        yield one, step


class _Clock:
    """Which date a person's calendar shows at one instant."""

    def __init__(self, posts: Posts, now: datetime) -> None:
        self._posts, self._now = posts, now

    def today(self, nip: str, day: date) -> date:
        return self._now.astimezone(self._posts.zone(nip, day) or UTC).date()

    def date_of(self, instant: datetime, nip: str) -> date:
        return instant.astimezone(self._posts.zone(nip, instant.date()) or UTC).date()


@dataclass(frozen=True, slots=True)
class _Judge:
    rules: RuleBook
    posts: Posts
    superiors: Superiors
    clock: _Clock

    def activities(self, waiting: Sequence[Activity]) -> Iterator[tuple[Activity, Step]]:
        for one in waiting:
            step = self._step(one)
            if step is not None:
                yield one, step

    def leave_requests(self, waiting: Sequence[LeaveRequest]) -> Iterator[tuple[LeaveRequest, str]]:
        for one in waiting:
            asked = _date(one.requested_at) or self.clock.date_of(one.imported_at, one.nip)
            try:
                days = self.rules.profile(self.posts.profile(one.nip, asked)).request_silence.on(asked).value
            except NoRule:
                continue
            if days is not None and self.clock.today(one.nip, asked) >= asked + timedelta(days=days):
                yield one, Message("requested on {day}, and nobody decided it within {days} days", day=asked, days=days)

    def _step(self, one: Activity) -> Step | None:
        try:
            rule = self.rules.profile(self.posts.profile(one.nip, one.day)).superior_silence.on(one.day).value
        except NoRule:
            return None
        waited = (self.clock.today(one.nip, one.day) - one.waits_from).days
        if rule.settle_days is not None and waited >= rule.settle_days and rule.becomes is not Settled.WAITS:
            status = EntryStatus(rule.becomes)
            return Step(
                status,
                status,
                one.first_tier,
                one.last_tier,
                approved_minutes=one.minutes if status == EntryStatus.APPROVED else None,
                reason=Message("no superior decided it within {days} days", days=rule.settle_days),
                silent_nip=self._silent(one),
            )
        escalates = rule.escalate_days is not None and waited >= rule.escalate_days
        if escalates and one.first_tier == one.last_tier and self._has_next(one):
            return Step(
                "escalated",
                EntryStatus.PENDING,
                one.first_tier,
                one.last_tier + 1,
                waits_from=one.waits_from,
                reason=Message("the superior did not decide it within {days} days", days=rule.escalate_days),
                silent_nip=self._silent(one),
            )
        return None

    def _silent(self, one: Activity) -> str | None:
        chain = self.superiors.chain(one.nip, one.day)
        return chain[one.first_tier] if one.first_tier < len(chain) else None

    def _has_next(self, one: Activity) -> bool:
        return one.last_tier + 1 < len(self.superiors.chain(one.nip, one.day))


def _date(moment: str | None) -> date | None:
    return None if moment is None else date.fromisoformat(moment[:_ISO_DATE])
