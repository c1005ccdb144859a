"""Does a rule in use end soon, with nothing behind it?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from typing import Any

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rulebook.adoption import profile_values, schedule_values
from ekinerja_agent.rules import Dated, Timeline
from ekinerja_agent.usecases.watching.doctor.finding import Finding
from ekinerja_agent.usecases.watching.doctor.host import Host

SOON = timedelta(days=60)


def check(host: Host) -> Iterator[Finding]:
    """Yield each value in use that ends within 60 days, or ended already, and that no other value follows."""
    book, today = host.rulebook, host.now().date()
    ends: dict[tuple[str, str], Finding] = {}
    for values in chain(
        [book.unexcused],
        *(profile_values(profile) for profile in host.profiles),
        *(schedule_values(book.schedule(name)) for name in host.schedules),
    ):
        last = _last(values)
        if last is not None and last.last is not None and last.last <= today + SOON:
            ends.setdefault((values.name, last.citation.place), _finding(values.name, last, last.last, today))
    yield from ends.values()


def _last(values: Timeline[Any]) -> Dated[Any] | None:
    return values.entries[-1] if values.entries else None


def _finding(name: str, entry: Dated[Any], last: date, today: date) -> Finding:
    place = entry.citation.place
    text = (
        Message("ended on {day} ({place}); no day after it can be scored", day=last, place=place)
        if last < today
        else Message("ends on {day} ({place}); no day after it can be scored", day=last, place=place)
    )
    what_to_do = Message(
        "add the value that follows, with its date and source, or take its `to` away if the decree was prolonged"
    )
    return Finding(name, text, what_to_do)
