"""Are the rule files right, and do they define what is chosen?"""

from __future__ import annotations

from collections.abc import Iterator

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.watching.doctor.finding import Finding, of_problem
from ekinerja_agent.usecases.watching.doctor.host import Host


def check(host: Host) -> Iterator[Finding]:
    """Yield each problem of the rule files, and each profile and schedule in use that none of them defines."""
    yield from map(of_problem, host.rules.problems)
    if host.rules.book is None:
        return
    profiles, schedules = host.chosen
    for kind, chosen, defined in (
        ("profile", profiles, host.rulebook.profiles),
        ("schedule", schedules, host.rulebook.schedules),
    ):
        for name in sorted(chosen - defined.keys()):
            text = Message("agent.yaml, a unit or a person chooses it, and no rule file defines this {kind}", kind=kind)
            what_to_do = Message(
                "add it to {rules}, or choose one of {defined}",
                rules=host.config.agent.rules,
                defined=", ".join(sorted(defined)),
            )
            yield Finding(name, text, what_to_do)
