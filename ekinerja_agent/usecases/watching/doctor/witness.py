"""Is the central database the newest copy that witnesses of this host saw, with every payment they saw?"""

from __future__ import annotations

from collections.abc import Iterator

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.watching.doctor.finding import Finding
from ekinerja_agent.usecases.watching.doctor.host import Host
from ekinerja_agent.usecases.witnessing import compare, witnesses


def check(host: Host) -> Iterator[Finding]:
    """Yield that an older copy stands in the database's place, and each payment that went with the newer one."""
    seen = witnesses.of_host(host.config)
    lost = compare.lost(host.central, seen)
    if lost.ends:
        yield Finding(
            "central",
            Message(
                "this is an older copy, or its audit log was written anew: a witness noted the end {end}",
                end=lost.newest,
            ),
            Message("find out who put it back with `ekinerja-agent audit verify`, then write it down: audit settle"),
        )
    for sentence in lost.payments:
        text, what_to_do = sentence.halves()
        yield Finding("payments", text, what_to_do or Message("note the payment again"))
