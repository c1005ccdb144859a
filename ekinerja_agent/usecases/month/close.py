"""Publishes a month for payroll, office by office, and says why it cannot.

Promises that what is published is what was shown: it is scored once more under the lock, and where anything came out
otherwise meanwhile nothing is published (decision 55). A pending day is published only with a person's reason, and a
second person's where there is one. Does not know SQL or how a point is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.central.closing import periods, rule_sets, signatures
from ekinerja_agent.central.closing.objections import wait_turn_to_object
from ekinerja_agent.central.scored import results
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import NeedsAttention, Refused
from ekinerja_agent.nouns.messages import Message, joined, unpack
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.nouns.status_words import status_word
from ekinerja_agent.nouns.statuses import PeriodStatus
from ekinerja_agent.rulebook import canonical_text, short_lived, short_lived_sentence, unadopted, unadopted_schedules
from ekinerja_agent.usecases.deciding import objections
from ekinerja_agent.usecases.month import adjust, changed_rules, office_draft
from ekinerja_agent.usecases.month.office_draft import InUse, OfficeDraft
from ekinerja_agent.usecases.month.score import EASTERNMOST, WESTERNMOST

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.central.scored.adjustments import Adjusted
    from ekinerja_agent.central.scored.results import UnitPeriod
    from ekinerja_agent.central.store.engine import Readable
    from ekinerja_agent.rules import RuleBook

SHOWN_DAYS = 10
"""How many pending days a refusal lists; `score show` and `period status` have all of them."""

_MAY_CLOSE = (PeriodStatus.OPEN, PeriodStatus.REOPENED)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A month that may be published: the fresh draft of each office, and how it was made.

    `revisions` are those that stood when the drafts were made; an office that was never closed has none.
    `accepted_pending` has the reason a person gave, for the offices that had a pending day; `unsigned` has by office
    the pending days (NIP, day) for which another person has to sign before it is published. `due` is what the offices
    pay of earlier months, and `told` are sentences about people whom this close leaves out. `accepted_days` has a line
    for each pending day: who signs sees whom that spares what.
    """

    how: office_draft.HowScored
    revisions: Mapping[str, int]
    accepted_pending: Mapping[str, str]
    unsigned: Mapping[str, frozenset[signatures.Day]]
    by_office: Mapping[str, OfficeDraft]
    due: adjust.Due
    told: tuple[Message, ...]
    accepted_days: tuple[Message, ...]

    @property
    def month(self) -> date:
        """The month's first day."""
        return self.how.month

    @property
    def through(self) -> date | None:
        """The last day that was judged; None: the month's."""
        return self.how.through

    @property
    def offices(self) -> tuple[str, ...]:
        """The offices that would be closed."""
        return tuple(self.by_office)

    @property
    def people(self) -> int:
        """How many people would be published."""
        return sum(draft.result.people.height for draft in self.by_office.values())

    @property
    def adjusted(self) -> Mapping[str, Sequence[Adjusted]]:
        """By office what it pays of earlier months."""
        return self.due.by_office

    @property
    def differences_rp(self) -> list[int]:
        """What each person whom an earlier month is adjusted for gets more, or less."""
        return [one.difference_rp for each in self.adjusted.values() for part in each for one in part.differences]


@dataclass(frozen=True, slots=True)
class ClosedUnit:
    """One unit of a month that is published now."""

    unit: str
    people: int
    payable_rp: int
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
    decree, the rules changed and no other person accepted them, a finding is disputed, or a day is pending and
    `accept_pending` has no reason or the day is the account's own, or if the account may not close. Nothing is
    published.
    """
    require(account, Deed.CLOSE_MONTH)
    _refuse_before_its_end(month, through, now)
    if accept_pending is not None and not accept_pending.strip():
        raise Refused(Message("--accept-pending needs a reason in words; it is kept with the published month"))
    how = office_draft.HowScored(rules, month, profile, now, through, accept_pending is not None)
    revisions = _open_offices(engine, month, offices)
    in_use = InUse()
    by_office = {office: office_draft.draft_of(engine, how, office, in_use) for office in revisions}
    pending = {office: draft for office, draft in by_office.items() if draft.pending}
    reasons_against: list[Message] = []
    if pending and accept_pending is None:
        reasons_against.append(_why_pending(month, pending))
    elif own := _own_pending(pending, account):
        reasons_against.append(own)
    if lines := _unadopted_lines(rules, month, in_use):
        reasons_against.append(_why_unadopted(month, lines))
    if unaccepted := changed_rules.against_closing(engine, rules, account):
        reasons_against.append(unaccepted)
    if disputed := objections.against_closing(engine, month, (draft.plain for draft in by_office.values())):
        reasons_against.append(disputed)
    due = adjust.due(engine, rules, month, revisions.keys(), profile=profile, now=now)
    reasons_against += _unadopted_of_adjustments(rules, due)
    if reasons_against:
        raise Refused(joined("\n\n", reasons_against))
    told = [*due.waiting, *changed_rules.before_close(engine, rules), *_short_lived(rules, month, in_use)]
    if signatures.is_alone(engine, account):
        told.append(Message("{account} closes alone: there is nobody else who could sign", account=account.name))
    told += (
        Message(
            "{nip} was paid for {month} by {unit} and is not paid again", nip=nip, month=f"{month:%Y-%m}", unit=unit
        )
        for draft in by_office.values()
        for nip, unit in draft.paid.items()
    )
    return Prepared(
        how,
        revisions,
        {office: accept_pending for office in pending if accept_pending is not None},
        _unsigned(engine, month, pending, account),
        by_office,
        due,
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


def publish(
    engine: Engine, prepared: Prepared, *, account: Account, now: datetime, rules: RuleBook | None = None
) -> list[ClosedUnit]:
    """Given what `prepare` returned, publish it office by office; from then on the database refuses any change.

    `rules` are those in force by now. Raise Refused while another person has to sign for a pending day, and where
    anything that the draft was made of came otherwise since: nothing of that office is published then.
    """
    require(account, Deed.CLOSE_MONTH)
    if prepared.unsigned:
        raise Refused(
            Message(
                "another person signs for the pending days of {unsigned} first",
                unsigned=", ".join(sorted(prepared.unsigned)),
            )
        )
    if rules is not None and rules.digest != prepared.how.rules.digest:
        raise Refused(_moved(prepared, prepared.offices[0], Message("the rules")))
    used = prepared.how.rules
    rule_sets.keep(engine, used.digest, canonical_text(used), account=account, now=now)
    closed = []
    for office, draft in prepared.by_office.items():
        adjusted = prepared.adjusted.get(office, ())

        def refuse_what_moved(conn: Connection, office: str = office) -> None:
            wait_turn_to_object(conn)
            if moved := _what_moved(conn, prepared, office, account):
                raise Refused(_moved(prepared, office, moved))

        revision = results.publish(
            engine,
            prepared.month,
            office,
            draft.result,
            account=account,
            accepted_pending=prepared.accepted_pending.get(office),
            through=prepared.through,
            rules_digest=prepared.how.rules.digest,
            now=now,
            adjusted=adjusted,
            look_first=refuse_what_moved,
        )
        moved = [one.difference_rp for each in adjusted for one in each.differences]
        people = draft.result.people
        payable_rp = int(people["payable_rp"].sum())
        closed.append(ClosedUnit(office, people.height, payable_rp, revision, len(moved), sum(moved)))
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


def _what_moved(conn: Connection, prepared: Prepared, office: str, account: Account) -> Message | None:
    """What of an office is no longer as it was when its draft was made, asked under the lock; None: nothing is."""
    month, before = prepared.month, prepared.by_office[office]
    closing = periods.closings(conn, f"{month:%Y-%m}").get(office)
    if (0 if closing is None else closing.revision) != prepared.revisions[office]:
        return Message("its revision")
    again = office_draft.draft_of(conn, prepared.how, office)
    if objections.against_closing(conn, month, [again.plain]):
        return Message("an objection")
    if again.pending and _unsigned(conn, month, {office: again}, account):
        return Message("who signed for its pending days")
    if prepared.due.has_moved(conn, office):
        return Message("what it pays of earlier months")
    return None if before.equals(again) else Message("a fact that its scores are made of")


def _moved(prepared: Prepared, office: str, moved: Message) -> Message:
    return Message(
        "{office} is not published for {month}: {moved} changed since the draft was made that you saw. Score anew: run "
        "`ekinerja-agent period close {month}` again and look at what it shows",
        office=office,
        month=f"{prepared.month:%Y-%m}",
        moved=moved,
    )


def _unadopted_lines(rules: RuleBook, month: date, in_use: InUse) -> list[Message]:
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


def _short_lived(rules: RuleBook, month: date, in_use: InUse) -> Iterator[Message]:
    for one in short_lived(rules, sorted(in_use.profiles), sorted(in_use.schedules), month, last_day(month)):
        yield short_lived_sentence(one)


def _unadopted_of_adjustments(rules: RuleBook, due: adjust.Due) -> Iterator[Message]:
    """Nobody is adjusted by a value without a decree either."""
    by_month: dict[date, InUse] = {}
    for month, office, result in due.judged:
        by_month.setdefault(month, InUse()).add(office, result)
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


def _open_offices(engine: Engine, month: date, offices: Sequence[str] | None) -> dict[str, int]:
    """The offices to close, and the revision in which each stands; 0: it was never closed."""
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
    return {office: states[office].revision or 0 for office in chosen}


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
    source: Readable, month: date, pending: Mapping[str, OfficeDraft], account: Account
) -> dict[str, frozenset[signatures.Day]]:
    """Pending days for which nobody else has signed. Where nobody else could, one person signs alone."""
    if not pending or signatures.is_alone(source, account):
        return {}
    signed = signatures.signatures_of(source, month, pending)
    lacking = {}
    for office, draft in pending.items():
        days = draft.pending
        if not any(one.account_id != account.id and one.days >= days for one in signed.get(office, ())):
            lacking[office] = days
    return lacking


def _own_pending(pending: Mapping[str, OfficeDraft], account: Account) -> Message | None:
    """Nobody accepts their own days: why not, or None."""
    for office, draft in pending.items():
        if account.nip is not None and account.nip in draft.plain.pending["nip"]:
            return Message(
                "{account} has a pending day in {office}, which would count as present; another person accepts it, "
                "or close the other units with --office",
                account=account.name,
                office=office,
            )
    return None


def _who_profits(pending: Mapping[str, OfficeDraft]) -> list[Message]:
    """A line for each pending day: whose it is, why it waits, and what would be found if it did not."""
    return [
        joined(": ", [f"  {office} {row['date']} {row['nip']}", _reason_and_cost(row)])
        for office, draft in pending.items()
        for row in draft.plain.pending.iter_rows(named=True)
    ]


def _reason_and_cost(row: Mapping[str, Any]) -> Message:
    reason = unpack(row["message"])
    if row["would_cost"] is None:
        return reason
    return Message("{reason}; as far as is known: {findings}", reason=reason, findings=row["would_cost"])


def _why_pending(month: date, pending: Mapping[str, OfficeDraft]) -> Message:
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
