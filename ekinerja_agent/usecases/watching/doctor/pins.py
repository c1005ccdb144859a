"""Does everybody who punches have a name?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta

from ekinerja_agent.central.collected.unknown_pins import unknown_pins
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.watching.doctor.finding import Finding
from ekinerja_agent.usecases.watching.doctor.host import Host

LOOKED_BACK = timedelta(days=31)
ZONES_APART = timedelta(days=1)
SHOWN = 10


def check(host: Host) -> Iterator[Finding]:
    """Yield each terminal on which PINs punched in the last month that belong to nobody."""
    now = host.now().astimezone(UTC).replace(tzinfo=None)
    for terminal, pins in unknown_pins(host.central, now - LOOKED_BACK, now + ZONES_APART).items():
        shown, more = ", ".join(pins[:SHOWN]), len(pins) - SHOWN
        yield Finding(
            terminal,
            Message(
                "PINs that belong to nobody punched in the last {days} days: {pins} and {count} more",
                days=LOOKED_BACK.days,
                pins=shown,
                count=more,
            )
            if more > 0
            else Message(
                "PINs that belong to nobody punched in the last {days} days: {pins}", days=LOOKED_BACK.days, pins=shown
            ),
            Message("see `ekinerja-agent punch unmatched`, then `import enrolments`; the old punches are assigned too"),
        )
