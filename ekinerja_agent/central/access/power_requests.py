"""Changes of power that somebody asked for, and what another operator decided of them.

Promises one decision each, and that what is decided on is what was asked for. The database itself refuses who confirms
their own. Does not know what a change does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.account_rows import Account, account_of
from ekinerja_agent.central.access.powers import Change, ChangeKind, change_of
from ekinerja_agent.central.store.tables.access import accounts, power_decisions, power_requests
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message

ALONE_AFTER: Final = timedelta(days=14)
"""After so long whoever asked disables an operator alone, if nobody refused: that one may be gone for good."""


@dataclass(frozen=True, slots=True)
class PowerRequest:
    """A change that somebody asked for; `asker` is the account as it is today, `before` the other one as it was.

    `asked_as` is the operating-system user who asked. `alone_from`: from then on the asker may confirm it too.
    """

    number: int
    change: Change
    before: dict[str, Any] | None
    asker: Account
    asked_as: str | None
    asked_at: datetime
    alone_from: datetime | None
    confirmed: bool | None


def ask(conn: Connection, change: Change, before: Account | None, *, by: Account, now: datetime) -> int:
    """Given a change that another operator has to confirm, keep it; return its number."""
    alone_from = now + ALONE_AFTER if change.kind is ChangeKind.DISABLE else None
    number: int = conn.execute(
        insert(power_requests)
        .values(
            kind=str(change.kind),
            account=change.name,
            wanted=json.dumps(change.as_json(), sort_keys=True),
            before=None if before is None else json.dumps(facts_of(before), sort_keys=True),
            account_id=by.id,
            asked_as=by.os_user,
            asked_at=now,
            alone_from=alone_from,
        )
        .returning(power_requests.c.id)
    ).scalar_one()
    details = {"request": number, "kind": str(change.kind), "wanted": change.as_json()}
    audit.append(conn, by.name, "account.ask", change.name, details, now)
    return number


def waiting(conn: Connection) -> list[PowerRequest]:
    """Return what nobody decided yet, oldest first."""
    query = _query().where(power_decisions.c.request.is_(None)).order_by(power_requests.c.id)
    return [_request(row) for row in conn.execute(query).mappings()]


def find(conn: Connection, number: int) -> PowerRequest:
    """Given a number, return the request that waits. Raise WrongUsage if there is none, Refused if it is decided."""
    row = conn.execute(_query().where(power_requests.c.id == number)).mappings().one_or_none()
    if row is None:
        raise WrongUsage(Message("no change of accounts has the number {number}; see: account waiting", number=number))
    found = _request(row)
    if found.confirmed is not None:
        word = Message("confirmed") if found.confirmed else Message("refused")
        raise Refused(Message("change {number} is {word} already", number=number, word=word))
    return found


def decide(conn: Connection, one: PowerRequest, *, confirmed: bool, by: Account, now: datetime) -> None:
    """Given a request that waits, keep what an operator decided of it."""
    conn.execute(
        insert(power_decisions).values(request=one.number, confirmed=confirmed, account_id=by.id, decided_at=now)
    )


def facts_of(account: Account) -> dict[str, Any]:
    """Return what somebody who confirms a change of the account has to know of it, as JSON holds it."""
    return {
        "roles": sorted(account.roles),
        "feeds": sorted(account.feeds),
        "unit": account.unit,
        "nip": account.nip,
        "os_user": account.os_user,
        "disabled": account.disabled_at is not None,
    }


def _query() -> Any:
    q, d = power_requests.c, power_decisions.c
    return (
        select(
            *(q.id, q.kind, q.account, q.wanted, q.before, q.asked_as, q.asked_at, q.alone_from, d.confirmed),
            *(column.label(f"asker_{column.name}") for column in accounts.c),
        )
        .join(accounts, accounts.c.id == q.account_id)
        .outerjoin(power_decisions, d.request == q.id)
    )


def _request(row: Any) -> PowerRequest:
    return PowerRequest(
        number=row["id"],
        change=change_of(row["kind"], row["account"], json.loads(row["wanted"])),
        before=None if row["before"] is None else json.loads(row["before"]),
        asker=account_of({column.name: row[f"asker_{column.name}"] for column in accounts.c}),
        asked_as=row["asked_as"],
        asked_at=row["asked_at"],
        alone_from=row["alone_from"],
        confirmed=row["confirmed"],
    )
