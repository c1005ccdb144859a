"""What the rules say otherwise than those of the newest close, and lets another person accept them before the next one.

Promises that nobody closes alone by rules that only they have seen. Does not know what a rule does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from ekinerja_agent.central.closing import rule_sets
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rulebook import Difference, canonical_text, differences

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.rules import RuleBook

SHOWN: Final = 5
"""How many changes a close names; `rules compare` has all."""
AUDITED: Final = 50


@dataclass(frozen=True, slots=True)
class ChangedRules:
    """Rules beside those of the newest close: its period; None: there was none. Where no text of those is kept, as of
    closes from before there was any (`is_known` False), all values are `changes`.
    """

    digest: str
    period: str | None
    is_known: bool
    changes: tuple[Difference, ...]


def compare(engine: Engine, rules: RuleBook) -> ChangedRules:
    """Given the rules in force, return what they say otherwise than those of the newest close."""
    last = rule_sets.last_used(engine)
    if last is None:
        return ChangedRules(rules.digest, None, is_known=True, changes=())
    if last.digest == rules.digest:
        return ChangedRules(rules.digest, last.period, is_known=True, changes=())
    changes = differences(last.text, canonical_text(rules))
    return ChangedRules(rules.digest, last.period, is_known=last.text is not None, changes=changes)


def against_closing(engine: Engine, rules: RuleBook, account: Account) -> Message | None:
    """Given the rules in force, say why the account may not close a month by them; None: it may."""
    if rule_sets.may_close_by(engine, rules.digest, account):
        return None
    return Message(
        "the rules are others than those by which months were closed so far. Another person who agrees looks at what "
        "changed with `ekinerja-agent rules compare` and runs `ekinerja-agent rules accept {digest}`",
        digest=rules.digest,
    )


def before_close(engine: Engine, rules: RuleBook) -> list[Message]:
    """Given the rules in force, return what stands before a close: what changed since the newest one."""
    changed = compare(engine, rules)
    if changed.period is None or (changed.is_known and not changed.changes):
        return []
    if not changed.is_known:
        return [
            Message(
                "rules changed since the close of {period}, of which no text is kept; all values: `ekinerja-agent "
                "rules compare`",
                period=changed.period,
            )
        ]
    lines = [
        Message(
            "rules changed since the close of {period}: {count} values",
            period=changed.period,
            count=len(changed.changes),
        )
    ]
    lines += [
        Message(
            "  {where} {first}: {old} > {new}",
            where=one.where,
            first=one.first or "",
            old=_short(one.old),
            new=_short(one.new),
        )
        for one in changed.changes[:SHOWN]
    ]
    if len(changed.changes) > SHOWN:
        lines.append(Message("  and {count} more: `ekinerja-agent rules compare`", count=len(changed.changes) - SHOWN))
    return lines


def accept(engine: Engine, rules: RuleBook, digest: str, *, account: Account, now: datetime) -> bool:
    """Given the rules in force and the digest that the account means, keep that it accepts them. Return False if it did
    before. Raise Refused if the files say something else by now, or if the account may not.
    """
    if digest != rules.digest:
        raise Refused(
            Message(
                "the rule files say {found}, not {digest}; look at them again with `ekinerja-agent rules compare`",
                found=rules.digest,
                digest=digest,
            )
        )
    changed = compare(engine, rules)
    return rule_sets.accept(
        engine, digest, canonical_text(rules), changes=_for_audit(changed), account=account, now=now
    )


def _for_audit(changed: ChangedRules) -> dict[str, Any]:
    every = [{"where": one.where, "first": one.first, "old": one.old, "new": one.new} for one in changed.changes]
    details: dict[str, Any] = {"since": changed.period, "changes": every[:AUDITED]}
    if len(every) > AUDITED:
        digest = sha256(json.dumps(every, sort_keys=True).encode()).hexdigest()
        details |= {"changes_in_all": len(every), "changes_digest": f"sha256:{digest}"}
    return details


def _short(text: str | None) -> str:
    """As much of a value as a line holds."""
    most = 160
    return "-" if text is None else text if len(text) <= most else f"{text[:most]}…"
