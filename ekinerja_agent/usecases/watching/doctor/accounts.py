"""Does a change of accounts wait for somebody who confirms it?"""

from __future__ import annotations

from collections.abc import Iterator

from ekinerja_agent.central.access.accounts import waiting
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.watching.doctor.finding import Finding
from ekinerja_agent.usecases.watching.doctor.host import Host


def check(host: Host) -> Iterator[Finding]:
    """Yield each change of power that another operator has neither confirmed nor refused."""
    for one in waiting(host.central):
        yield Finding(
            one.change.name,
            Message(
                "{asker} asked on {day} for a change of this account that gives power, number {number}: {kind}",
                asker=one.asker.name,
                day=f"{one.asked_at:%Y-%m-%d}",
                number=one.number,
                kind=str(one.change.kind),
            ),
            Message(
                "another operator looks at it with `ekinerja-agent account waiting`, then `account confirm` or "
                "`account refuse`"
            ),
        )
