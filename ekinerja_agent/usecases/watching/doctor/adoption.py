"""Is every value in use the text of a law, or adopted by a decree?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ekinerja_agent.nouns.messages import Message, joined
from ekinerja_agent.nouns.month_days import month_after
from ekinerja_agent.rulebook import ADOPTED, unadopted, unadopted_schedules
from ekinerja_agent.usecases.watching.doctor.finding import Finding
from ekinerja_agent.usecases.watching.doctor.host import Host

SHOWN = 8


def check(host: Host) -> Iterator[Finding]:
    """Yield each profile in use, and the schedules in use, with values that no decree adopted: their months cannot be
    closed. Values of last month and of this one are asked for.
    """
    today = host.now().date()
    days = (month_after(today, -1), today)
    for profile in host.profiles:
        names = [name for name, _ in unadopted(host.rulebook, profile.name, *days)]
        yield from _finding(host, profile.name, names)
    yield from _finding(host, "schedules", _schedules(host, *days))


def _schedules(host: Host, first: date, last: date) -> list[str]:
    return [name for name, _ in unadopted_schedules(host.rulebook, host.schedules, first, last)]


def _finding(host: Host, subject: str, names: list[str]) -> Iterator[Finding]:
    if names:
        shown = joined(", ", names[:SHOWN])
        more = len(names) - SHOWN
        yield Finding(
            subject,
            Message(
                "values in use are not adopted, so no month can be closed: {names} and {count} more",
                names=shown,
                count=more,
            )
            if more > 0
            else Message("values in use are not adopted, so no month can be closed: {names}", names=shown),
            Message(
                "name the decree of each in {file}; `config check` lists them all",
                file=host.config.agent.rules / ADOPTED,
            ),
        )
