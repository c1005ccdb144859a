"""Publishes a month for payroll, office by office, and says why it cannot.

Promises that nothing is published that was not scored a moment before with the rules in force, and that a pending day
is published only with a person's reason, and a second person's where there is one. Does not know SQL or how a point is
made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ekinerja_agent.central import facts
from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.central.closing import periods, signatures
from ekinerja_agent.central.scored import results
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import NeedsAttention, Refused
from ekinerja_agent.nouns.messages import Message, joined, unpack
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.nouns.status_words import status_word
from ekinerja_agent.nouns.statuses import PeriodStatus
from ekinerja_agent.rulebook import unadopted, unadopted_schedules
from ekinerja_agent.scoring import score_month
from ekinerja_agent.usecases.deciding import objections
from ekinerja_agent.usecases.month import adjust
from ekinerja_agent.usecases.month.score import EASTERNMOST, WESTERNMOST

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.central.scored.adjustments import Adjusted
    from ekinerja_agent.central.scored.results import UnitPeriod
    from ekinerja_agent.rules import RuleBook
    from ekinerja_agent.scoring.frames.schemas import MonthFacts, MonthResult

SHOWN_DAYS = 10
"""How many pending days a refusal lists; `score show` and `period status` have all of them."""

_MAY_CLOSE = (PeriodStatus.OPEN, PeriodStatus.REOPENED)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A month that may be published: the fresh result of each office.

    `accepted_pending` has the reason a person gave, for the offices that had a pending day; `unsigned` has by office
    the pending days (NIP, day) for which another person has to sign before it is published. `adjusted` has by office
    what it pays of earlier months, and `told` sentences about people whom this close leaves out. `accepted_days` has a
    line for each pending day: who signs sees whom that spares what. `through` is the last day that was judged; None:
    the month's.
    """

    month: date
    through: date | None
    offices: tuple[str, ...]
    people: int
    accepted_pending: Mapping[str, str]
    unsigned: Mapping[str, frozenset[signatures.Day]]
    rules_digest: str
    by_office: Mapping[str, MonthResult]
    adjusted: Mapping[str, Sequence[Adjusted]]
    told: tuple[Message, ...]
    accepted_days: tuple[Message, ...]

    @property
    def differences_rp(self) -> list[int]:
        """What each person whom an earlier month is adjusted for gets more, or less."""
        return [one.difference_rp for each in self.adjusted.values() for part in each for one in part.differences]


@dataclass(frozen=True, slots=True)
class ClosedUnit:
    """One unit of a month that is published now."""

    unit: str
    people: int
    revision: int
    adjusted: int
    adjusted_rp: int


def prepare(
    engine: Engine,
    rules: RuleBook,
    month: date,
    *,
    profile: str,
    now: datetime,
    account: Account,
    offices: Sequence[str] | None = None,
    accept_pending: str | None = None,
    through: date | None = None,
) -> Prepared:
    """Given a month, score the offices (None: every one that is still open) afresh and return what may be published.

    With `through` the month may be closed before its end, as budgets want it in December: days after that day cost
    nobody anything, and what they bring is an adjustment of a later month. Raise Refused (7) if the month (`through`:
    that day) is not over, an office is closed already, a value in use is neither the text of a law nor adopted by a
    decree, a finding is disputed, or a day is pending and `accept_pending` has no reason or the day is the account's
    own, or if the account may not close. Nothing is published.
    """
    require(account, Deed.CLOSE_MONTH)
    _refuse_before_its_end(month, through, now)
    if accept_pending is not None and not accept_pending.strip():
        raise Refused(Message("--accept-pending needs a reason in words; it is kept with the published month"))
    chosen = _open_offices(engine, month, offices)
    by_office: dict[str, MonthResult] = {}
    accepted: dict[str, MonthResult] = {}
    in_use = _InUse()
    for office in chosen:
        office_facts = facts.month_facts(engine, month, profile=profile, now=now, offices=[office], through=through)
        by_office[office] = score_month(office_facts, rules)
        in_use.add(office_facts, by_office[office])
        if accept_pending is not None and by_office[office].pending.height:
            accepted[office] = score_month(replace(office_facts, accept_pending=True), rules)
    pending = {office: result for office, result in by_office.items() if result.pending.height}
    reasons_against: list[Message] = []
    if pending and accept_pending is None:
        reasons_against.append(_why_pending(month, pending))
    elif own := _own_pending(pending, account):
        reasons_against.append(own)
    if lines := _unadopted_lines(rules, month, in_use):
        reasons_against.append(_why_unadopted(month, lines))
    if disputed := objections.against_closing(engine, month, by_office.values()):
        reasons_against.append(disputed)
    due = adjust.due(engine, rules, month, chosen, profile=profile, now=now)
    reasons_against += _unadopted_of_adjustments(rules, due)
    if reasons_against:
        raise Refused(joined("\n\n", reasons_against))
    reasons = {office: accept_pending for office in pending if accept_pending is not None}
    by_office |= accepted
    told = list(due.waiting)
    for office, result in by_office.items():
        paid = periods.paid_elsewhere(engine, month, result.people["nip"].to_list(), office)
        by_office[office] = adjust.without_people(result, paid)
        told += (
            Message(
                "{nip} was paid for {month} by {unit} and is not paid again", nip=nip, month=f"{month:%Y-%m}", unit=unit
            )
            for nip, unit in paid.items()
        )
    return Prepared(
        month,
        through,
        tuple(chosen),
        sum(result.people.height for result in by_office.values()),
        reasons,
        _unsigned(engine, month, pending, account),
        rules.digest,
        by_office,
        due.by_office,
        tuple(told),
        tuple(_who_profits(pending)),
    )


def sign(engine: Engine, prepared: Prepared, *, account: Account, now: datetime) -> Message:
    """Given what `prepare` returned, sign for the days that another person has to sign for too; return what to do next.

    Nothing is published.
    """
    signed = signatures.signatures_of(engine, prepared.month, prepared.unsigned)
    missing = {
        office: days
        for office, days in prepared.unsigned.items()
        if not any(one.account_id == account.id and one.days >= days for one in signed.get(office, ()))
    }
    if missing:
        reason = next(iter(prepared.accepted_pending.values()))
        signatures.sign(engine, prepared.month, missing, reason=reason, account=account, now=now)
    one_office = len(prepared.offices) == 1
    units, count = ", ".join(sorted(prepared.unsigned)), sum(map(len, prepared.unsigned.values()))
    same = f"period close {prepared.month:%Y-%m}" + (f" --office {prepared.offices[0]}" if one_office else "")
    same += "" if prepared.through is None else f" --through {prepared.through}"
    return Message(
        "{account} has signed that {count} pending days of {units} count as present. Nothing is published yet: "
        'another person who agrees runs `ekinerja-agent {same} --accept-pending "reason"` too, which closes the month',
        account=account.name,
        count=count,
        units=units,
        same=same,
    )


def publish(engine: Engine, prepared: Prepared, *, account: Account, now: datetime) -> list[ClosedUnit]:
    """Given what `prepare` returned, publish it office by office; from then on the database refuses any change.

    Raise Refused while another person has to sign for a pending day.
    """
    if prepared.unsigned:
        raise Refused(
            Message(
                "another person signs for the pending days of {unsigned} first",
                unsigned=", ".join(sorted(prepared.unsigned)),
            )
        )
    closed = []
    for office, result in prepared.by_office.items():
        adjusted = prepared.adjusted.get(office, ())
        revision = results.publish(
            engine,
            prepared.month,
            office,
            result,
            account=account,
            accepted_pending=prepared.accepted_pending.get(office),
            through=prepared.through,
            rules_digest=prepared.rules_digest,
            now=now,
            adjusted=adjusted,
        )
        moved = [one.difference_rp for each in adjusted for one in each.differences]
        closed.append(ClosedUnit(office, result.people.height, revision, len(moved), sum(moved)))
    return closed


def status(engine: Engine, month: date) -> Iterator[UnitPeriod]:
    """Given a month, yield each unit's state, its people and pending days, and its newest close and payment."""
    yield from results.period_status(engine, month)


def _refuse_before_its_end(month: date, through: date | None, now: datetime) -> None:
    if through is None:
        if (now + EASTERNMOST).date() <= last_day(month):
            raise Refused(
                Message(
                    "{month} is not over; a month is published after its last day, or with --through DATE after "
                    "that day",
                    month=f"{month:%Y-%m}",
                )
            )
        return
    if through.replace(day=1) != month or through == last_day(month):
        raise Refused(
            Message(
                "--through {through} is no day of {month} before its last; name the last day that is judged, or "
                "leave it out to judge the whole month",
                through=through,
                month=f"{month:%Y-%m}",
            )
        )
    if (now + WESTERNMOST).date() <= through:
        raise Refused(Message("--through {through} is not over; close after that day", through=through))


@dataclass(frozen=True, slots=True)
class _InUse:
    """The profiles and schedules by which a month is judged and paid."""

    profiles: set[str] = field(default_factory=set)
    schedules: set[str] = field(default_factory=set)

    def add(self, office: MonthFacts, result: MonthResult) -> None:
        self.profiles.update(result.people["profile"].unique())
        self.profiles.update(_profiles_of_days(office, result))
        self.schedules.update(name.partition("/")[0] for name in result.days["schedule"].unique())


def _profiles_of_days(office: MonthFacts, result: MonthResult) -> set[str]:
    """The profiles of the units in which somebody served, where they are others than that of the first day."""
    served = set(result.days["unit"].unique())
    return {
        profile or office.profile
        for unit, profile in office.units.select("unit", "profile").iter_rows()
        if unit in served
    }


def _unadopted_lines(rules: RuleBook, month: date, in_use: _InUse) -> list[Message]:
    last = last_day(month)
    values: list[tuple[str, Any]] = [
        (Message("{name} of {profile}", name=name, profile=profile), citation)
        for profile in sorted(in_use.profiles)
        for name, citation in unadopted(rules, profile, month, last)
    ]
    values += unadopted_schedules(rules, in_use.schedules, month, last)
    return [
        Message(
            "  {name} ({place}, mark {mark}): {source}",
            name=name,
            place=citation.place,
            mark=citation.mark,
            source=citation.source,
        )
        for name, citation in values
    ]


def _unadopted_of_adjustments(rules: RuleBook, due: adjust.Due) -> Iterator[Message]:
    """Nobody is adjusted by a value without a decree either."""
    by_month: dict[date, _InUse] = {}
    for month, office, result in due.judged:
        by_month.setdefault(month, _InUse()).add(office, result)
    for month, in_use in by_month.items():
        if lines := _unadopted_lines(rules, month, in_use):
            yield _why_unadopted(month, lines)


def _why_unadopted(month: date, lines: Sequence[str]) -> Message:
    return joined(
        "\n",
        [
            Message(
                "{month} cannot be closed or adjusted: {count} values in use are neither the text of a law nor "
                "adopted by a decree, and nobody is deducted without one.",
                month=f"{month:%Y-%m}",
                count=len(lines),
            ),
            *lines,
            Message("Name the decree of each in adopted.yaml of the rules directory, for example"),
            "  adopted:",
            "    - {value: missing_scan, profile: tpp-model, decree: Perbup 12/2026, date: 2026-01-05, by: Bupati}",
        ],
    )


def _open_offices(engine: Engine, month: date, offices: Sequence[str] | None) -> list[str]:
    states = {row.unit: row for row in results.period_status(engine, month)}
    for office in offices or ():
        if office not in states:
            raise NeedsAttention(
                Message(
                    "no employee of unit {office} has a spell of duty in {month}; units of that month: {units}",
                    office=repr(office),
                    month=f"{month:%Y-%m}",
                    units=", ".join(states) or Message("none"),
                )
            )
        if states[office].state not in _MAY_CLOSE:
            raise Refused(_why_shut(month, states[office]))
    chosen = list(offices) if offices else [unit for unit, row in states.items() if row.state in _MAY_CLOSE]
    if not chosen:
        raise Refused(
            Message("{month} has no open unit: every unit is closed", month=f"{month:%Y-%m}")
            if states
            else Message("{month} has no open unit: no employee has a spell of duty in it", month=f"{month:%Y-%m}")
        )
    return chosen


def _why_shut(month: date, row: UnitPeriod) -> Message:
    shut: dict[str, object] = {
        "unit": row.unit,
        "state": status_word(row.state),
        "month": f"{month:%Y-%m}",
        "revision": row.revision,
    }
    if row.state == PeriodStatus.PAID:
        return Message(
            "{unit} is {state} for {month} (revision {revision}); what came later is paid as an adjustment when a "
            "later month is closed",
            **shut,
        )
    return Message(
        "{unit} is {state} for {month} (revision {revision}); another person opens it with `ekinerja-agent period "
        "reopen {month} --office {unit}`",
        **shut,
    )


def _unsigned(
    engine: Engine, month: date, pending: Mapping[str, MonthResult], account: Account
) -> dict[str, frozenset[signatures.Day]]:
    """Pending days for which nobody else has signed. Where nobody else could, one person signs alone."""
    if not pending or signatures.is_alone(engine, account):
        return {}
    signed = signatures.signatures_of(engine, month, pending)
    lacking = {}
    for office, result in pending.items():
        days = frozenset(result.pending.select("nip", "date").iter_rows())
        if not any(one.account_id != account.id and one.days >= days for one in signed.get(office, ())):
            lacking[office] = days
    return lacking


def _own_pending(pending: Mapping[str, MonthResult], account: Account) -> Message | None:
    """Nobody accepts their own days: why not, or None."""
    for office, result in pending.items():
        if account.nip is not None and account.nip in result.pending["nip"]:
            return Message(
                "{account} has a pending day in {office}, which would count as present; another person accepts it, "
                "or close the other units with --office",
                account=account.name,
                office=office,
            )
    return None


def _who_profits(pending: Mapping[str, MonthResult]) -> list[Message]:
    """A line for each pending day: whose it is, why it waits, and what would be found if it did not."""
    return [
        joined(": ", [f"  {office} {row['date']} {row['nip']}", _reason_and_cost(row)])
        for office, result in pending.items()
        for row in result.pending.iter_rows(named=True)
    ]


def _reason_and_cost(row: Mapping[str, Any]) -> Message:
    reason = unpack(row["message"])
    if row["would_cost"] is None:
        return reason
    return Message("{reason}; as far as is known: {findings}", reason=reason, findings=row["would_cost"])


def _why_pending(month: date, pending: Mapping[str, MonthResult]) -> Message:
    rows = _who_profits(pending)
    lines = rows[:SHOWN_DAYS]
    if len(rows) > SHOWN_DAYS:
        lines.append(
            Message("  … and {count} more; `ekinerja-agent score show` lists all", count=len(rows) - SHOWN_DAYS)
        )
    advice = Message(
        "Bring the missing punches or documents and close again, or sign that these days count as present: "
        '--accept-pending "reason"'
    )
    head = Message("{month} cannot be closed: {days} days are pending.", month=f"{month:%Y-%m}", days=len(rows))
    return joined("\n", [head, *lines, advice])
