"""What is worth telling, and when: changes of conditions, and once in a while what lasts. Pure.

Promises one message for what changes together, silence while nothing changes, and that a restart tells nothing twice.
News waits a while (`gather`) for other news; what is over before it was told is never told. That terminals of an office
are back waits until all of them are, but not for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ekinerja_agent.usecases.watching.health.conditions import Condition, Key, Verdicts, conditions_of

LONGEST_WAIT_FOR_OTHERS = timedelta(minutes=20)
"""A terminal that is back is noticed after at most a quarter of an hour."""
FORGOTTEN_AFTER = timedelta(days=7)
"""What could not be judged for so long (a terminal that was taken out, say) is told of no more."""


@dataclass(frozen=True, slots=True)
class News:
    """One condition that stands or stood: since when, when it was last told (None: not yet), when it was last judged,
    and since when it is over (None: it stands).
    """

    condition: Condition
    since: datetime
    judged_at: datetime
    told_at: datetime | None = None
    over_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """One message: what began, what is over, and what still stands. Each is the last that was known of it."""

    began: tuple[News, ...] = ()
    over: tuple[News, ...] = ()
    lasting: tuple[News, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.began or self.over or self.lasting)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long news is gathered, and after how long what lasts is told again."""

    gather: timedelta = timedelta(minutes=2)
    repeat: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Memory:
    """All that is known of conditions, by key."""

    known: Mapping[Key, News] = field(default_factory=dict)


def advance(memory: Memory, verdicts: Verdicts, at: datetime, pace: Pace) -> tuple[Memory, Digest]:
    """Given what was known, new verdicts and their instant, return what is known now and what to tell, if anything."""
    known = {key: each for key, each in memory.known.items() if at - each.judged_at < FORGOTTEN_AFTER}
    for key, verdict in verdicts.items():
        after = _judged(known.pop(key, None), verdict, at)
        if after is not None:
            known[key] = after
    began = [each for each in known.values() if each.told_at is None]
    over = [each for each in known.values() if each.over_at is not None]
    lasting = [each for each in known.values() if each.told_at is not None and each.over_at is None]
    ready = any(at - each.since >= pace.gather for each in began) or _any_ready(over, lasting, at, pace)
    still = [each for each in lasting if each.judged_at == at]
    again = any(at - each.told_at >= pace.repeat for each in still if each.told_at is not None)
    if not (ready or again):
        return Memory(known), Digest()
    told = {each.condition.key: replace(each, told_at=at) for each in (*began, *(still if again else ()))}
    kept = {key: each for key, each in known.items() if each.over_at is None}
    return Memory(kept | told), Digest(_sorted(began), _sorted(over), _sorted(still if again else ()))


def _judged(before: News | None, verdict: Condition | None, at: datetime) -> News | None:
    """What is known of one condition after a verdict; None if there is nothing to remember."""
    if verdict is not None:
        if before is None:
            return News(verdict, since=at, judged_at=at)
        return replace(before, condition=verdict, judged_at=at, over_at=None)
    if before is None or before.told_at is None:
        return None
    return replace(before, judged_at=at, over_at=before.over_at or at)


def _any_ready(over: list[News], lasting: list[News], at: datetime, pace: Pace) -> bool:
    """Whether what is over may be told: nothing of its kind and office lasts, or it waited long enough."""
    lasts = {_group(each) for each in lasting}
    for each in over:
        waited = at - each.over_at if each.over_at is not None else timedelta(0)
        if waited >= LONGEST_WAIT_FOR_OTHERS or (waited >= pace.gather and _group(each) not in lasts):
            return True
    return False


def _group(known: News) -> tuple[str, str]:
    return known.condition.key.code, known.condition.office


def _sorted(known: Iterable[News]) -> tuple[News, ...]:
    by_key = {each.condition.key: each for each in known}
    return tuple(by_key[each.key] for each in conditions_of({key: each.condition for key, each in by_key.items()}))
