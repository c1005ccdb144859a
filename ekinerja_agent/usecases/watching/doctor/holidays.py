"""Are the holidays of this year known, and from October on those of the next?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.watching.doctor.finding import Finding
from ekinerja_agent.usecases.watching.doctor.host import Host

ASKED_FROM_MONTH = 10
"""The joint decree of the ministers (SKB) on next year's holidays comes in September or October."""


def check(host: Host) -> Iterator[Finding]:
    """Yield each year of which no month can be scored because its holidays are not in the rule files."""
    for year in needed_years(host.now().date()):
        if year not in host.rulebook.holiday_years:
            file = host.config.agent.rules / "holidays" / f"{year}.yaml"
            yield Finding(
                str(year),
                Message("its holidays are missing, so no month of {year} can be scored", year=year),
                Message(
                    "run: ekinerja-agent config holidays {year} > {file}, and compare it with the decree (SKB)",
                    year=year,
                    file=file,
                ),
            )


def needed_years(today: date) -> tuple[int, ...]:
    """Given a day, return the years that must be known by then."""
    return (today.year, today.year + 1) if today.month >= ASKED_FROM_MONTH else (today.year,)
