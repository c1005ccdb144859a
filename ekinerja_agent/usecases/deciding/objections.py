"""Lets people dispute a finding before the close, and keeps a close from passing over it.

Promises that a disputed finding is not published undecided, and that an accepted objection is followed by the fact that
makes it true. Does not know how a point is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from datetime import date, datetime
from typing import TYPE_CHECKING

from ekinerja_agent.central import facts
from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.central.closing import objections, periods
from ekinerja_agent.central.closing.objections import Disputed, Objection, ReviewedDraft
from ekinerja_agent.central.imported import organisation
from ekinerja_agent.central.scored import board, results
from ekinerja_agent.central.store.engine import in_transaction
from ekinerja_agent.county import access
from ekinerja_agent.county.access import Bar, Deed
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message, joined
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.nouns.status_words import status_word
from ekinerja_agent.nouns.statuses import ObjectionStatus, PeriodStatus

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.central.store.engine import Readable
    from ekinerja_agent.scoring.frames.schemas import MonthResult

_SHOWN = (PeriodStatus.OPEN, PeriodStatus.REOPENED)


def add(engine: Engine, finding: Disputed, *, reason: str, account: Account, now: datetime) -> int:
    """Given a finding and why it is wrong, enter the objection; return its number.

    Raise Refused if somebody objects for a person whose unit they do not head, or if the person's office is closed.
    """
    if account.nip != finding.nip:
        require(account, Deed.OBJECT)
    if not reason.strip():
        raise WrongUsage(Message("an objection needs --reason: what is wrong with the finding"))
    month = finding.day.replace(day=1)

    def enter(conn: Connection) -> int:
        objections.wait_turn_to_object(conn)
        if _bar(conn, account, Deed.OBJECT, finding) is not None:
            raise Refused(Message("the person, an operator or a head of the person's unit objects to that"))
        home = facts.homes_of(conn, month, [finding.nip]).get(finding.nip)
        state = periods.state_of(conn, month, home)
        if state not in _SHOWN:
            raise Refused(
                Message(
                    "{home} is {state} for {month}; what is published changes by a correction or a document",
                    home=home,
                    state=status_word(state),
                    month=f"{month:%Y-%m}",
                )
            )
        return objections.add(conn, finding, reason=reason, account=account, now=now)

    return in_transaction(engine, enter)


def decide(engine: Engine, number: int, *, accepted: bool, reason: str, account: Account, now: datetime) -> Objection:
    """Given an objection's number, decide it; return it as it was.

    Raise Refused if this account may not: a head decides for the people of the units that they head.
    """
    require(account, Deed.DECIDE_OBJECTION)
    if not reason.strip():
        raise WrongUsage(Message("a decision needs --reason; the person reads it"))

    def work(conn: Connection) -> Objection:
        objections.wait_turn_to_object(conn)
        one = objections.find(conn, number)
        bar = _bar(conn, account, Deed.DECIDE_OBJECTION, one.finding, brought=one.account_id == account.id)
        if bar is Bar.ELSEWHERE:
            raise Refused(Message("an operator or a head of the person's unit decides that"))
        if bar is not None:
            raise Refused(
                Message(
                    "{account} entered objection {number} or is the person; another person decides it",
                    account=account.name,
                    number=one.number,
                )
            )
        objections.decide(conn, one, accepted=accepted, reason=reason, account=account, now=now)
        return one

    return in_transaction(engine, work)


def _bar(conn: Connection, account: Account, deed: Deed, finding: Disputed, *, brought: bool = False) -> Bar | None:
    """Why the account may not; the unit is that of the person's score, led at the end of its month."""
    return access.barred(
        account,
        deed,
        unit=board.unit_of(conn, finding.nip, finding.day.replace(day=1)),
        nip=finding.nip,
        day=last_day(finding.day),
        leads=organisation.leads(conn, account),
        tends=organisation.tends(conn, account),
        brought=brought,
    )


def decides_for(conn: Connection, account: Account, day: date) -> Set[str] | None:
    """Given an account that may decide and a day of the month, return the units whose objections it decides: those that
    it heads at the end of that month; None: all.
    """
    everywhere = access.everywhere(account, Deed.DECIDE_OBJECTION)
    return None if everywhere else organisation.led_units(conn, account, last_day(day))


def review(engine: Engine, month: date, office: str | None = None) -> Iterator[ReviewedDraft]:
    """Given a month (its first day) and an office (None: all), yield the drafts of those that are not closed."""
    shown = {row.unit for row in results.period_status(engine, month) if row.state in _SHOWN}
    for draft in objections.review(engine, month):
        if draft.unit in shown and office in {None, draft.unit}:
            yield draft


def against_closing(source: Readable, month: date, scored: Iterable[MonthResult]) -> Message | None:
    """Given the fresh results of a month, say which objections keep it from being closed; None: none does."""
    columns = ("nip", "date", "code", "scan")
    standing = {Disputed(*row) for result in scored for row in result.findings.select(*columns).iter_rows()}
    against = [one for one in objections.of_month(source, month) if one.finding in standing]
    lines = [
        Message(
            "  objection {number}: {nip} {day} {code} is not decided"
            if one.status == ObjectionStatus.PENDING
            else "  objection {number}: {nip} {day} {code} is accepted, and the finding stands",
            number=one.number,
            nip=one.finding.nip,
            day=one.finding.day,
            code=one.finding.code,
        )
        for one in against
        if one.status in {ObjectionStatus.PENDING, ObjectionStatus.ACCEPTED}
    ]
    if not lines:
        return None
    advice = Message(
        "Decide it with `ekinerja-agent objection decide N accept|reject`; bring the correction or document of one "
        "that is accepted."
    )
    head = Message("{month} cannot be closed: {count} findings are disputed.", month=f"{month:%Y-%m}", count=len(lines))
    return joined("\n", [head, *lines, advice])
