"""Adds or takes away a scan by a document: one person enters the correction, another one decides.

Promises that nobody decides on what they entered or on themselves, and that no more are approved in a month than the
rule lets. Does not know what a scan costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from ekinerja_agent.central.imported import corrections
from ekinerja_agent.county.access import Deed, anywhere
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.usecases.importing.kinds.corrections import Limits

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.rules import RuleBook, Scan


@dataclass(frozen=True, slots=True)
class Scanned:
    """Which scan is meant: of whom, of the duty that starts on which day, and when it truly was (None: it goes)."""

    nip: str
    day: date
    scan: Scan
    at: time | None


def add(engine: Engine, scanned: Scanned, *, document: str, account: Account, now: datetime) -> int:
    """Given a scan and the document that proves it, enter the correction; return its number.

    Raise WrongUsage if it cannot be meant, Refused if the account may not, or while another one of the scan counts.
    """
    _require_power(account, Deed.ENTER_CORRECTION)
    if not document.strip():
        raise WrongUsage(Message("a correction needs --document: the letter or form that proves it"))
    if scanned.day > now.date() + timedelta(days=1):  # the latest day that anybody's calendar shows
        raise WrongUsage(Message("{day} is not yet; a correction is about a duty that has begun", day=scanned.day))
    return corrections.request(
        engine,
        nip=scanned.nip,
        day=scanned.day,
        scan=str(scanned.scan),
        action="void" if scanned.at is None else "add",
        at=scanned.at,
        document=document,
        account=account,
        now=now,
    )


def approve(
    engine: Engine, number: int, *, rules: RuleBook, profile: str, account: Account, now: datetime
) -> corrections.Correction:
    """Given a correction's number, let it count; return it. `profile` is that of units that name none.

    Raise Refused if the account entered it, is the person, or may not decide; if it is decided; or if the month's limit
    is reached. Raise NoRule if no limit covers the day.
    """
    _require_power(account, Deed.DECIDE_CORRECTION)

    def judge(one: corrections.Correction, person: corrections.OnePerson) -> None:
        limits = Limits(person.rows, rules, profile)
        fact = {"nip": one.nip, "date": one.day, "time": one.at, "status": EntryStatus.APPROVED}
        reached = limits.reached(fact, person.rows(corrections.KIND))
        if reached is not None:
            raise Refused(
                Message("{reference} cannot be approved: {reached}", reference=one.reference, reached=reached)
            )

    return corrections.decide(engine, number, approved=True, reason=None, account=account, now=now, judge=judge)


def reject(engine: Engine, number: int, *, reason: str, account: Account, now: datetime) -> corrections.Correction:
    """Given a correction's number and why, let it never count; return it. Raise as `approve` does."""
    _require_power(account, Deed.DECIDE_CORRECTION)
    if not reason.strip():
        raise WrongUsage(Message("a rejection needs --reason; the person reads it"))
    return corrections.decide(
        engine, number, approved=False, reason=reason, account=account, now=now, judge=lambda _one, _person: None
    )


def _require_power(account: Account, deed: Deed) -> None:
    if not anywhere(account, deed):
        raise Refused(
            Message(
                "{account} may not enter or decide corrections; an operator or a head of unit may", account=account.name
            )
        )
