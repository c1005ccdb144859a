"""Does the central database answer, has it the right schema, and what does `db check` say of it?"""

from __future__ import annotations

from collections.abc import Iterator

from ekinerja_agent.nouns.errors import EkinerjaError
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.watching.doctor.finding import Finding, finding_of
from ekinerja_agent.usecases.watching.doctor.host import Host


def check(host: Host) -> Iterator[Finding]:
    """Yield why the database cannot be used, or what is wrong in it."""
    if (asked := host.config.agent.central.unprotected_host) is not None:
        yield Finding(
            "central",
            Message(
                "{asked} is asked without TLS: who is on the line reads names, and may answer in its place", asked=asked
            ),
            Message("give central.sslmode verify-full and central.sslrootcert in agent.yaml; how: docs/database.md"),
        )
    found = host.central_or_why
    if isinstance(found, EkinerjaError):
        away = Message("start it, or mend the line to it; what is collected waits in the spool")
        yield finding_of(
            found.message, "central", away if found.retryable else Message("run: ekinerja-agent db upgrade")
        )
    else:
        for flaw in host.central_flaws:
            yield finding_of(flaw, "central", Message("compare with the latest backup before anything is changed"))
