"""Lets another person decide on a batch that moves what somebody is paid.

Promises that what is approved keeps the rules of its kind at that moment, whatever else was imported since. Does not
know whose money moves by how much.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ekinerja_agent.central.imported import waiting_batches
from ekinerja_agent.central.imported.import_lookups import StoredFacts
from ekinerja_agent.central.kinds import QUARANTINE
from ekinerja_agent.central.store.engine import in_transaction
from ekinerja_agent.nouns.errors import ProblemsFound, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.kinds import KINDS
from ekinerja_agent.usecases.importing.reading.judging import Draft, Importer

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.central.imported.waiting_batches import HeldBatch
    from ekinerja_agent.rules import RuleBook


def approve(
    engine: Engine,
    account: Account,
    batch: int,
    *,
    rules: RuleBook | None,
    profile: str,
    sheet: Mapping[str, Any],
    reason: str | None = None,
    now: datetime,
) -> HeldBatch:
    """Given a batch that waits, let it count; return it as it was. `rules` and `profile` are as for its import; `sheet`
    is what the account was shown, for the audit log.

    Raise Refused if the account brought it or may not decide on it, ProblemsFound if its rows contradict what was
    stored since.
    """

    def work(conn: Connection) -> HeldBatch:
        one = waiting_batches.wait_to_decide(conn, batch)
        if one.kind != QUARANTINE:
            _judge(conn, one, rules, profile, now)
        waiting_batches.decide(conn, one, approved=True, reason=reason, account=account, sheet=sheet, now=now)
        return one

    return in_transaction(engine, work)


def _judge(conn: Connection, one: HeldBatch, rules: RuleBook | None, profile: str, now: datetime) -> None:
    importer = Importer(one.imported_by, None, vouches=False)
    draft = Draft(one.file, importer, now.date(), StoredFacts(conn), rules, profile=profile)
    draft.rows = waiting_batches.rows_of(conn, one)
    KINDS[one.kind].judge(draft)
    if draft.problems:
        raise ProblemsFound(draft.problems)


def reject(engine: Engine, account: Account, batch: int, *, reason: str, now: datetime) -> HeldBatch:
    """Given a batch that waits, let it never count; return it as it was. Its rows stay.

    Raise WrongUsage without a reason, Refused if the account may not decide on it.
    """
    if not reason.strip():
        raise WrongUsage(Message("rejecting a batch needs a reason"))

    def work(conn: Connection) -> HeldBatch:
        one = waiting_batches.wait_to_decide(conn, batch)
        waiting_batches.decide(conn, one, approved=False, reason=reason, account=account, sheet={}, now=now)
        return one

    return in_transaction(engine, work)
