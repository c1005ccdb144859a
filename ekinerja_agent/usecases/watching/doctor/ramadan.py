"""Is Ramadan of this year known? That of the next is not asked for: it is decided (isbat) the evening before."""

from __future__ import annotations

from collections.abc import Iterator

from ekinerja_agent.nouns.errors import NoRule
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.watching.doctor.finding import Finding
from ekinerja_agent.usecases.watching.doctor.host import Host


def check(host: Host) -> Iterator[Finding]:
    """Yield this year if its first and last day of Ramadan are not in the rule files."""
    today = host.now().date()
    try:
        host.rulebook.ramadan_on(today)
    except NoRule:
        file = host.config.agent.rules / "ramadan.yaml"
        yield Finding(
            str(today.year),
            Message(
                "its first and last day of Ramadan are missing, so months of {year} cannot be scored", year=today.year
            ),
            Message("add them to {file} as soon as the isbat decision is known", file=file),
        )
