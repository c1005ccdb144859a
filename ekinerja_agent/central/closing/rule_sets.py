"""The rules by which months were closed, whole, by their digest; and who accepted them.

Promises that what was used can be read again for ever, whatever becomes of the files. Does not know what a rule means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, exists, insert, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account, another_may, require
from ekinerja_agent.central.store.engine import in_transaction, reading, wait_turn
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.periods import period_events, rule_acceptances, rule_sets
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message

_LOCK = 0x72756C65
"""One set kept or accepted at a time."""


@dataclass(frozen=True, slots=True)
class LastUsed:
    """The rules of the newest close: its period (YYYY-MM); `text` None: they were used before texts were kept."""

    period: str
    digest: str
    text: str | None


def last_used(engine: Engine) -> LastUsed | None:
    """Given the database, return the rules of the newest close; None: there was none."""
    e, s = period_events.c, rule_sets.c
    query = select(e.period, e.rules_digest, s.text).outerjoin(rule_sets, s.digest == e.rules_digest)
    with reading(engine) as conn:
        row = conn.execute(query.order_by(e.id.desc()).limit(1)).one_or_none()
    return None if row is None else LastUsed(*row)


def may_close_by(engine: Engine, digest: str, account: Account) -> bool:
    """Given rules, tell whether the account may close a month by them: they were used before, another person accepted
    them, nobody else could, or no month was ever closed.
    """
    e, a = period_events.c, rule_acceptances.c
    with reading(engine) as conn:
        return (
            not conn.scalar(select(exists().where(e.id > 0)))
            or bool(conn.scalar(select(exists().where(e.rules_digest == digest))))
            or bool(conn.scalar(select(exists().where(a.digest == digest, a.account_id != account.id))))
            or not another_may(conn, account, Deed.ACCEPT_RULES)
        )


def keep(engine: Engine, digest: str, text: str, *, account: Account, now: datetime) -> None:
    """Given rules by which a month will be closed now, keep their text, unless it is kept."""

    def work(conn: Connection) -> None:
        wait_turn(conn, _LOCK)
        if _keep(conn, digest, text, now):
            audit.append(conn, account.name, "rules.keep", digest, {}, now)

    in_transaction(engine, work)


def accept(
    engine: Engine, digest: str, text: str, *, changes: Mapping[str, Any], account: Account, now: datetime
) -> bool:
    """Given rules, keep their text and that the account accepts them; `changes` is what it was shown, for the audit
    log. Return False if it accepted them before. Raise Refused if it may not.
    """
    require(account, Deed.ACCEPT_RULES)
    a = rule_acceptances.c

    def work(conn: Connection) -> bool:
        wait_turn(conn, _LOCK)
        if conn.scalar(select(exists().where(a.digest == digest, a.account_id == account.id))):
            return False
        _keep(conn, digest, text, now)
        conn.execute(insert(rule_acceptances).values(digest=digest, account_id=account.id, accepted_at=now))
        audit.append(conn, account.name, "rules.accept", digest, changes, now)
        return True

    return in_transaction(engine, work)


def text_of(engine: Engine, digest: str) -> str:
    """Given a digest, or its beginning where no other has it, return the text. Raise WrongUsage if none is kept."""
    s = rule_sets.c
    with reading(engine) as conn:
        found = list(conn.scalars(select(s.text).where(s.digest.startswith(digest, autoescape=True)).limit(2)))
    if len(found) != 1:
        raise WrongUsage(
            Message(
                "{digest} names no set of rules that is kept, or more than one; `ekinerja-agent rules list` has all",
                digest=digest,
            )
        )
    return str(found[0])


def rows(engine: Engine) -> list[dict[str, Any]]:
    """Given the database, return all that are kept, newest first: digest, kept_at, accepted_by, periods."""
    s, a, e = rule_sets.c, rule_acceptances.c, period_events.c
    with reading(engine) as conn:
        accepted: dict[str, list[str]] = {}
        names = select(a.digest, accounts.c.name).join(accounts, accounts.c.id == a.account_id)
        for row in conn.execute(names.order_by(a.accepted_at)):
            accepted.setdefault(row.digest, []).append(row.name)
        used: dict[str, list[str]] = {}
        for row in conn.execute(select(e.rules_digest, e.period).distinct().order_by(e.period)):
            used.setdefault(row.rules_digest, []).append(row.period)
        return [
            {
                "digest": row.digest,
                "kept_at": row.kept_at,
                "accepted_by": accepted.get(row.digest, []),
                "periods": used.get(row.digest, []),
            }
            for row in conn.execute(select(s.digest, s.kept_at).order_by(s.kept_at.desc(), s.digest))
        ]


def _keep(conn: Connection, digest: str, text: str, now: datetime) -> bool:
    """Tell whether it was not kept before."""
    if conn.scalar(select(exists().where(rule_sets.c.digest == digest))):
        return False
    conn.execute(insert(rule_sets).values(digest=digest, text=text, kept_at=now))
    return True
