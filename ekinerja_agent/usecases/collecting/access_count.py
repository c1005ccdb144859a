"""What a terminal's own count proves in access-control mode, where it counts doors too and all that it ever had.

Promises that nothing is proven while it may have more than came, and that one answer in which a record was on its way
proves nothing. Pure: decision 61 is the reason of every line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from ekinerja_agent.nouns.punch import Quarantined
from ekinerja_agent.spool.push_trust import PushTrust
from ekinerja_agent.terminals.identity import FUTURE_REASON
from ekinerja_agent.terminals.push_access import name_of
from ekinerja_agent.terminals.push_text import PushedLog
from ekinerja_agent.usecases.collecting.push_trust import Answer, is_bound


def answered_all(
    trust: PushTrust, number: int, count: int | None, held: int, source: str | None, at: datetime
) -> Answer:
    """Given what came for a question for all its records (`count` None: it refuses) and how many were ever held, return
    what it means. What nobody asked, or asked elsewhere, means nothing.

    So many as it had before it came here are never sent. If as many lack now as lacked when that was known, all that
    came since is held. Fewer may be a record that arrived while it counted, or a log that was cleared or is full: that
    is believed once two answers agree, and proves nothing of the time before them.
    """
    if number != trust.asked_number or source != trust.asked_from or not is_bound(trust, source):
        return Answer(trust)
    done = replace(trust, asked_number=None, unanswered=0)
    if count is None:
        return Answer(replace(done, gives_count=trust.gives_count or False))
    counted_at = None if trust.asked_until is None else trust.asked_until - timedelta(days=1)
    done = replace(done, gives_count=True, told=count, told_at=at, unconfirmed=None, unconfirmed_since=None)
    return _weighed(trust, done, count, held, counted_at)


def _weighed(trust: PushTrust, done: PushTrust, count: int, held: int, counted_at: datetime | None) -> Answer:
    lacking = count - held
    if lacking == 0 and (trust.never_sent or 0) >= 0:  # below, its log was cleared: as many may lack as it lost
        return Answer(replace(done, held=held, never_sent=0), trust.asked_since, trust.asked_at)
    if lacking == trust.never_sent and trust.never_sent_since is not None:
        return Answer(replace(done, held=count), _later(trust, trust.never_sent_since), trust.asked_at)
    if trust.never_sent is not None and lacking > trust.never_sent:
        return Answer(replace(done, held=count - (lacking - trust.never_sent)))
    if lacking == trust.unconfirmed and trust.unconfirmed_since is not None:
        known = replace(done, held=count, never_sent=lacking, never_sent_since=trust.unconfirmed_since)
        return Answer(known, _later(trust, trust.unconfirmed_since), trust.asked_at)
    return Answer(replace(done, held=held, unconfirmed=lacking, unconfirmed_since=counted_at))


def _later(trust: PushTrust, since: datetime) -> datetime:
    return max(trust.asked_since or since, since)


def names_of_others(pushed: PushedLog, unread: Iterable[Quarantined]) -> Iterator[str]:
    """Given an upload and what of its records nobody could read, name all of it that is no punch and that it counts."""
    apart = (f"{each.clock}|{each.pin}|{each.code}" for each in pushed.apart)
    bad = (name for each in unread if each.reason != FUTURE_REASON and (name := name_of(each.raw)) is not None)
    seen: Counter[str] = Counter()
    for name in (*pushed.events, *apart, *bad):
        seen[name] += 1
        yield f"{name}|{seen[name]}"  # what happened twice in one upload is two
