"""Decides on absences and outages that wait, by whoever may, and never on what they entered.

Does not know what a document excuses.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ekinerja_agent.central.imported import waiting
from ekinerja_agent.county.access import anywhere
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.central.imported.waiting import Noun


def approve(engine: Engine, noun: Noun, number: int, *, account: Account, now: datetime) -> str:
    """Given the number of an absence or outage that waits, let it count; return whom it is about: a NIP, a terminal.

    Raise WrongUsage if there is none, Refused if the account brought it, is the person or may not decide, or if it is
    decided.
    """
    _require_decider(noun, account)
    row = waiting.decide(engine, noun, number, approved=True, reason=None, account=account, now=now)
    return str(row[noun.subject])


def reject(engine: Engine, noun: Noun, number: int, *, reason: str, account: Account, now: datetime) -> str:
    """Given the number of one that waits and why, let it never count; return and raise as `approve` does."""
    _require_decider(noun, account)
    if not reason.strip():
        raise WrongUsage(Message("a rejection needs --reason; the person reads it"))
    row = waiting.decide(engine, noun, number, approved=False, reason=reason, account=account, now=now)
    return str(row[noun.subject])


def _require_decider(noun: Noun, account: Account) -> None:
    if not anywhere(account, noun.deciding):
        raise Refused(
            Message(
                "{account} may not decide on an {name}; an operator or a head of unit may",
                account=account.name,
                name=noun.name,
            )
        )
