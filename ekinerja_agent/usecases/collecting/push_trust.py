"""How far a pushing terminal is believed: whence it comes, which stamp is kept, and its own count of its records.

Promises that nothing is proven by contact, by a stamp or by another address than the one a serial is bound to. Pure:
decision 57 is the reason of every line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ekinerja_agent.spool.push_trust import PushTrust
from ekinerja_agent.terminals.wire import Record

ASK_EVERY = timedelta(hours=1)
"""How often a terminal is asked for its count; so it is asked after the last duty of a day, and before a close."""
ASK_SOONER = timedelta(minutes=10)
"""Records that were on their way when it counted are there then."""
WAIT_FOR_ANSWER = timedelta(minutes=5)
MOST_UNANSWERED = 3
ASK_ANEW = timedelta(days=1)
"""Who gives no count is asked again after so long: its firmware may have changed."""
SOURCE_GONE = timedelta(minutes=10)
"""The address that a serial is bound to is still there if it was heard of within this."""
OTHER_SPAN = timedelta(days=7)
LEAST_KNOWN = 20
"""So many records of so many days are known to the terminal itself: who gives their number from elsewhere has moved."""
TOLD_FOR = timedelta(days=1)
MOST_FOREIGN = 500
HABIT = 3
HABIT_WITHIN = timedelta(days=7)
"""So many uploads of old records within so long are no accident: such a terminal does not keep the order of its log."""
FIRST_CLOCK = datetime(2001, 1, 1)  # noqa: DTZ001 - a terminal's clock has no zone
_FIRST_TIME_STAMP = 300_000_000
"""Smaller ones count lines: as a time they would lie before 2010."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What an upload brought that speaks for its stamp: lines that are punches, how many of them new, the newest clock
    (naive), and whether it came from where the serial is bound to.
    """

    lines: int = 0
    new: int = 0
    newest: datetime | None = None
    bound: bool = True


NOTHING = Brought()
"""What an upload without a line brings."""


def seen_from(trust: PushTrust, source: str | None, at: datetime) -> PushTrust:
    """Given whence a terminal is heard of now, return what is remembered. The first source of a serial is bound to it;
    without a source nothing is said.
    """
    trust = trust if trust.known_since is not None else replace(trust, known_since=at)
    if source is None or trust.source == source:
        return trust
    if trust.source is None:
        return replace(trust, source=source)
    return replace(trust, other_source=source, other_at=at)


def is_bound(trust: PushTrust, source: str | None) -> bool:
    """Whether what comes from there is this terminal's own word."""
    return source is None or trust.source is None or source == trust.source


def stamp_after(trust: PushTrust, kept: str | None, stamp: str, brought: Brought, at: datetime) -> PushTrust | None:
    """Given the stamp that is kept and one that comes with an upload, return what is remembered if it may be kept;
    None: it may not.

    It goes no further than what was seen: by as many lines as came, or by the time between their clocks.
    """
    if not brought.bound or not brought.lines or brought.newest is None:
        return None
    newest = max(brought.newest, trust.stamp_clock or brought.newest)
    moved = replace(trust, stamp_clock=newest)
    if kept is None or not kept.isdigit():
        return moved
    growth = int(stamp) - int(kept)
    if growth < 0:
        return replace(moved, stamp_back_at=at)
    if growth <= brought.lines:
        return replace(moved, stamp_counts=trust.stamp_counts or growth > 0)
    passed_s = int((newest - (trust.stamp_clock or newest)).total_seconds())
    by_time = int(kept) >= _FIRST_TIME_STAMP and not trust.stamp_counts
    return moved if by_time and growth <= passed_s else None


def believes_word(trust: PushTrust, at: datetime) -> bool:
    """Whether a terminal is taken at its word: it was asked for its count and does not give it, or never asks what to
    do.
    """
    if trust.gives_count is None:
        return trust.asked_at is None and trust.known_since is not None and at - trust.known_since >= ASK_EVERY
    return not trust.gives_count


def with_old_line(trust: PushTrust, at: datetime) -> PushTrust:
    """Given that an upload brought a record that is older than what was vouched for, remember it."""
    return replace(trust, old_lines=(*trust.old_lines, at)[-HABIT:])


def keeps_no_order(trust: PushTrust, at: datetime) -> bool:
    """Whether a terminal was seen often of late not to send its log in order."""
    return sum(at - each < HABIT_WITHIN for each in trust.old_lines) >= HABIT


def question(
    trust: PushTrust,
    source: str | None,
    at: datetime,
    local: datetime,
    since: datetime | None,
    contact: datetime | None,
) -> PushTrust | None:
    """Given a terminal that asks what to do, the same instant on its wall (naive), since which clock nothing is proven
    (naive; None: it never sent a record) and when its own source was heard of, return what is remembered once it is
    asked for its count; None: it need not be asked now.
    """
    bound = is_bound(trust, source)
    if trust.access and not bound:  # a number of all that it ever had tells nobody apart
        return None
    if not bound and contact is not None and at - contact < SOURCE_GONE:
        return None
    mine = trust.asked_from == source or trust.asked_from is None
    if trust.asked_number is not None and trust.asked_at is not None and (mine or not bound):
        if at - trust.asked_at < WAIT_FOR_ANSWER:
            return None
        unanswered = trust.unanswered + (1 if mine else 0)
        trust = replace(trust, unanswered=unanswered)
        if bound and trust.gives_count is None and unanswered >= MOST_UNANSWERED:
            trust = replace(trust, gives_count=False)
    elif trust.asked_at is not None and at - trust.asked_at < _pause(trust):
        return None
    start = since if since is not None else local
    if trust.day_only:
        start = max(start, datetime.combine(local.date(), datetime.min.time()))
    if not bound:
        start = min(start, local - OTHER_SPAN)
    number = int(at.timestamp())
    if number == trust.asked_number:
        number += 1
    return replace(
        trust,
        asked_number=number,
        asked_at=at,
        asked_since=max(start, FIRST_CLOCK).replace(microsecond=0),
        asked_until=(local + timedelta(days=1)).replace(microsecond=0),
        asked_from=source,
    )


def _pause(trust: PushTrust) -> timedelta:
    if trust.gives_count is False:
        return ASK_ANEW
    return ASK_SOONER if trust.told != trust.held else ASK_EVERY


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer to the question for a count means: what is remembered, and from which clock on (naive) all is
    held that the terminal had at the instant `until`; None: that is not shown.
    """

    trust: PushTrust
    since: datetime | None = None
    until: datetime | None = None


def answered(trust: PushTrust, number: int, count: int | None, held: int, source: str | None, at: datetime) -> Answer:
    """Given what came for a question (`count` None: it refuses) and how many records of the span are held, return what
    it means. What nobody asked, or asked elsewhere, means nothing.
    """
    if number != trust.asked_number or source != trust.asked_from:
        return Answer(trust)
    done = replace(trust, asked_number=None, unanswered=0)
    bound = is_bound(trust, source)
    if count is None:
        # Who gave its count once is not taken at its word because somebody says that it does not.
        return Answer(replace(done, gives_count=trust.gives_count or False) if bound else done)
    done = replace(done, told=count, held=held, told_at=at)
    if not bound:
        if count != held or held < LEAST_KNOWN:
            return Answer(done)
        done = replace(done, source=source, other_source=trust.source, other_at=at)
    equal = count == held
    done = replace(done, gives_count=True, day_only=not equal)
    return Answer(done, trust.asked_since, trust.asked_at) if equal else Answer(done)


def with_foreign(trust: PushTrust, names: Iterable[str]) -> PushTrust:
    """Given what only another address brought, remember it; what is too much makes counts unequal, and proves less."""
    return replace(trust, foreign=tuple(dict.fromkeys((*trust.foreign, *names)))[:MOST_FOREIGN])


def without_foreign(trust: PushTrust, names: Iterable[str]) -> PushTrust:
    """Given what the terminal itself brought, it is its own."""
    own = set(names)
    return replace(trust, foreign=tuple(each for each in trust.foreign if each not in own)) if trust.foreign else trust


def foreign_name(record: Record) -> str:
    """Return how a record is named among those that another address brought."""
    return f"{record.clock.isoformat()}|{record.pin}"


def foreign_between(trust: PushTrust, since: datetime, until: datetime) -> int:
    """How many of those lie between two clocks, both included."""
    first, last = since.isoformat(), until.isoformat()
    return sum(first <= name.partition("|")[0] <= last for name in trust.foreign)
