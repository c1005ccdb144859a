"""Is the audit log unbroken, is what was published what was closed, and is this the newest copy of the database?

The last is asked of witnesses: whoever noted an earlier end of the log. Changes nothing, and trusts no single witness:
each is named with what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ekinerja_agent.central.access import audit, published, restores
from ekinerja_agent.central.access.audit import End
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.witnessing import notes

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.central.access.restores import Restore
    from ekinerja_agent.usecases.witnessing.notes import Witnessed

SETTLED = restores.SETTLED


@dataclass(frozen=True, slots=True)
class Seen:
    """One end of the log that a witness noted; `at` None: it does not say when. `payment` is one that it saw."""

    witness: Message | str
    end: End
    at: datetime | None = None
    payment: Witnessed | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of it: the end of the log, each witness with the newest end that it noted, what is wrong, and what is
    worth knowing.
    """

    end: End
    witnesses: tuple[Seen, ...]
    wrong: tuple[Message, ...]
    told: tuple[Message, ...]


def of_file(noted: Iterable[Witnessed], name: str) -> list[Seen]:
    """Given what the witness of this host noted and its name, return it to be compared."""
    return [Seen(name, one.end, one.at, one if one.what == notes.PAID else None) for one in noted]


def compare(engine: Engine, seen: Sequence[Seen]) -> Compared:
    """Given what witnesses noted, look at the log, at what is published and at every witness.

    Raise CheckFailed if the log itself is broken: nothing else can be said then.
    """
    with reading(engine) as conn:
        end = audit.walk(conn)
        found = published.verify(conn)
        past = restores.restores(conn)
        strange = audit.not_of(conn, {one.end for one in seen})
    wrong = list(found.wrong)
    newest = {one.witness: one for one in sorted(seen, key=lambda one: one.end.rows)}
    for witness in newest:
        lost = [one for one in seen if one.witness == witness and one.end in strange and not _settled(one, past)]
        if lost:
            wrong.append(_older(lost, end))
    if not seen:
        wrong.append(
            Message(
                "no witness: an older copy cannot be seen. `ekinerja-agent audit head` prints the end of the log; note "
                "it where who owns the database cannot reach it, and compare with --head"
            )
        )
    told = [_restored(one) for one in past]
    if found.before_digests:
        told.append(
            Message(
                "published before digests were kept: {count} closes, as they stood then", count=found.before_digests
            )
        )
    return Compared(end, tuple(newest.values()), tuple(wrong), tuple(told))


@dataclass(frozen=True, slots=True)
class Lost:
    """The ends that witnesses noted and this log never had, and sentences on the payments that were lost with them."""

    ends: tuple[End, ...]
    payments: tuple[Message, ...]

    @property
    def newest(self) -> End:
        """The longest log that was noted."""
        return max(self.ends)


def lost(engine: Engine, seen: Sequence[Seen]) -> Lost:
    """Given what witnesses noted, return what this copy of the database never had, what is written down left out."""
    with reading(engine) as conn:
        strange = audit.not_of(conn, {one.end for one in seen})
        past = restores.restores(conn)
    ends = {one.end for one in seen if one.end in strange and not _settled(one, past)}
    payments = [one.payment for one in seen if one.payment is not None]
    return Lost(tuple(sorted(ends)), tuple(_lost_payment(unit, one) for unit, one in lost_payments(engine, payments)))


def settle(engine: Engine, lost: Lost, *, reason: str, account: Account, now: datetime) -> None:
    """Given what is lost and why that is meant, write it into the log."""
    restores.record(
        engine,
        restores.SETTLED,
        reason,
        replaces=lost.newest,
        lost=[str(one) for one in lost.payments],
        actor=account.name,
        now=now,
    )


def _lost_payment(unit: str, one: Witnessed) -> Message:
    return Message(
        "{unit} was paid for {period} by {document} (revision {revision}, Rp {payable_rp}), and this copy does not "
        "know it; note it again: ekinerja-agent payroll mark-paid --month {period} --office {unit} --document "
        "{document}",
        unit=unit,
        period=one.period,
        document=one.document,
        revision=one.revisions[unit],
        payable_rp=f"{one.payable_rp.get(unit, 0):,}",
    )


def lost_payments(engine: Engine, noted: Iterable[Witnessed]) -> list[tuple[str, Witnessed]]:
    """Given what the witness of this host noted, return the payments that the database does not know, with their unit.

    Those whose end the log still has were taken out of it; the others were lost with an older copy.
    """
    known = published.payments(engine)
    return [(unit, one) for (period, unit), one in notes.payments(noted).items() if (period, unit) not in known]


def _settled(one: Seen, past: Sequence[Restore]) -> bool:
    """Whether a restore that is in the log says that this end was lost by it."""
    return any(
        restore.replaces is not None
        and one.end.rows <= restore.replaces.rows
        and (one.at is None or one.at <= restore.at)
        for restore in past
    )


def _older(lost: Sequence[Seen], end: End) -> Message:
    newest = max(lost, key=lambda one: one.end.rows)
    told: dict[str, Any] = {
        "witness": newest.witness,
        "noted": newest.end,
        "since": "" if newest.at is None else f"{newest.at:%Y-%m-%d %H:%M} UTC",
        "rows": end.rows,
        "payments": ", ".join(
            f"{one.payment.period} {unit} ({one.payment.document})"
            for one in lost
            if one.payment is not None
            for unit in one.payment.revisions
        )
        or Message("none"),
    }
    return Message(
        "this is an older copy of the database, or its log was written anew: {witness} noted the end {noted} "
        "({since}), and the log of {rows} rows never had it. Payments noted there since: {payments}. Find out who put "
        "it back; a restore that is meant is written down with `ekinerja-agent audit settle`",
        **told,
    )


def _restored(one: Restore) -> Message:
    return Message(
        "{day}: {actor} restored {backup}, of {head}; it replaced {replaces}",
        day=f"{one.at:%Y-%m-%d %H:%M} UTC",
        actor=one.actor,
        backup=one.backup,
        head=one.head,
        replaces=one.replaces if one.replaces is not None else Message("nothing that is known"),
    )
