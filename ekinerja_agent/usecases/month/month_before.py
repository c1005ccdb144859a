"""What whoever closes or reviews a month sees beside it: the month before, and what still waits for another person.

Says what differs most, and judges nothing of it. Does not know what may be closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from ekinerja_agent.central.imported import waiting_batches
from ekinerja_agent.central.scored import month_before as stored
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.month_days import month_after

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.scored.month_before import PaidPerson
    from ekinerja_agent.scoring.frames.schemas import MonthResult

SHOWN: Final = 5
"""How many people each part of the comparison names."""


def of_close(engine: Engine, month: date, scored: Iterable[MonthResult]) -> list[Message]:
    """Given a month (its first day) and its fresh results, return the sentences that stand before the close."""
    now = stored.of_results(scored)
    with reading(engine) as conn:
        before = stored.published(conn, month_after(month, -1))
        waiting = waiting_batches.waiting(conn)
    return [*_compared(month, now, before), *map(_waits, waiting)]


def of_review(engine: Engine, month: date, office: str | None) -> list[Message]:
    """Given a month (its first day) and an office (None: all), return the sentences that stand with its review."""
    with reading(engine) as conn:
        now = {nip: one for nip, one in stored.drafted(conn, month).items() if office is None or one.unit == office}
        before = stored.published(conn, month_after(month, -1))
        waiting = waiting_batches.waiting(conn)
    return [*_compared(month, now, before), *map(_waits, waiting)]


def _waits(one: waiting_batches.HeldBatch) -> Message:
    return Message(
        "batch {batch} ({kind}, {file}, by {account}) moves what somebody is paid and waits for another person; until "
        "then it does not count: `ekinerja-agent import waiting {batch}`",
        batch=one.batch,
        kind=one.kind,
        file=one.file,
        account=one.imported_by,
    )


def _compared(month: date, now: Mapping[str, PaidPerson], before: Mapping[str, PaidPerson]) -> Iterator[Message]:
    """Nothing where the month before was not published here: a regency that starts has none."""
    if not before:
        return
    earlier = f"{month_after(month, -1):%Y-%m}"
    same = [nip for nip in now if nip in before]
    yield _sums(earlier, now, before, same)
    yield from _rises(now, before)
    yield from _exempt(now, before)
    yield from _profiles(now, before, same)


def _sums(
    earlier: str, now: Mapping[str, PaidPerson], before: Mapping[str, PaidPerson], same: Sequence[str]
) -> Message:
    return Message(
        "beside {earlier}: Rp {now} for {people} people; of them {same} were paid Rp {before} then, and get Rp "
        "{same_now} now",
        earlier=earlier,
        now=_rupiah(sum(one.payable_rp for one in now.values())),
        people=len(now),
        same=len(same),
        before=_rupiah(sum(before[nip].payable_rp for nip in same)),
        same_now=_rupiah(sum(now[nip].payable_rp for nip in same)),
    )


def _rises(now: Mapping[str, PaidPerson], before: Mapping[str, PaidPerson]) -> Iterator[Message]:
    rises = sorted(
        ((one.payable_rp - (before[nip].payable_rp if nip in before else 0), nip) for nip, one in now.items()),
        key=lambda rise: (-rise[0], rise[1]),
    )
    for rise, nip in rises[:SHOWN]:
        if rise > 0:
            yield Message(
                "  rises most: {nip} {name} ({unit}), Rp {before} > Rp {now}",
                nip=nip,
                name=now[nip].name,
                unit=now[nip].unit,
                before=_rupiah(before[nip].payable_rp) if nip in before else Message("not paid"),
                now=_rupiah(now[nip].payable_rp),
            )


def _exempt(now: Mapping[str, PaidPerson], before: Mapping[str, PaidPerson]) -> Iterator[Message]:
    exempt = [nip for nip, one in now.items() if one.exempt and not (nip in before and before[nip].exempt)]
    for nip in exempt[:SHOWN]:
        yield Message(
            "  newly exempt, asked for no scan: {nip} {name} ({unit})", nip=nip, name=now[nip].name, unit=now[nip].unit
        )
    if len(exempt) > SHOWN:
        yield Message("  and {count} more newly exempt", count=len(exempt) - SHOWN)


def _profiles(
    now: Mapping[str, PaidPerson], before: Mapping[str, PaidPerson], same: Sequence[str]
) -> Iterator[Message]:
    other = [nip for nip in same if now[nip].profile != before[nip].profile]
    for nip in other[:SHOWN]:
        yield Message(
            "  other profile: {nip} {name} ({unit}), {before} > {now}",
            nip=nip,
            name=now[nip].name,
            unit=now[nip].unit,
            before=before[nip].profile,
            now=now[nip].profile,
        )
    if len(other) > SHOWN:
        yield Message("  and {count} more with another profile", count=len(other) - SHOWN)


def _rupiah(amount: int) -> str:
    return f"{amount:,}"
