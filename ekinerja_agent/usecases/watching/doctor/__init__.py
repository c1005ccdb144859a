"""Finds what really breaks on this host and says what to do about each: `ekinerja-agent doctor`.

Promises to change nothing, to look on although central is away, a terminal hangs or the configuration is wrong, and to
say of each check how it came out. A new check is a module with one function `check(host)` that yields findings, and a
line in `CHECKS`; what it may look at is in `host`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ekinerja_agent.nouns.errors import EkinerjaError, Refused
from ekinerja_agent.nouns.messages import Message, as_message
from ekinerja_agent.usecases.watching.doctor import (
    accounts,
    adoption,
    backups,
    clock,
    configuration,
    coverage,
    database,
    disk,
    holidays,
    permissions,
    pins,
    pushing,
    ramadan,
    rule_ends,
    rulefiles,
    spool,
    terminals,
    witness,
)
from ekinerja_agent.usecases.watching.doctor.finding import SEE_FINDING, CannotCheck, Finding, State, finding_of
from ekinerja_agent.usecases.watching.doctor.host import Host

__all__ = ["CHECKS", "Check", "Host", "Outcome", "State", "examine"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at, on hosts of every role or of one."""

    name: str
    run: Callable[[Host], Iterator[Finding]]
    role: Literal["collect", "score", "web"] | None = None


CHECKS: tuple[Check, ...] = (
    Check("config", configuration.check),
    Check("permissions", permissions.check),
    Check("disk", disk.check),
    Check("database", database.check),
    Check("backups", backups.check),
    Check("clock", clock.check),
    Check("spool", spool.check, "collect"),
    Check("terminals", terminals.check, "collect"),
    Check("pushing", pushing.check, "web"),
    Check("coverage", coverage.check),
    Check("witness", witness.check, "score"),
    Check("pins", pins.check, "score"),
    Check("accounts", accounts.check, "score"),
    Check("rules", rulefiles.check, "score"),
    Check("holidays", holidays.check, "score"),
    Check("ramadan", ramadan.check, "score"),
    Check("rule_ends", rule_ends.check, "score"),
    Check("adoption", adoption.check, "score"),
)
"""In the order in which they are worth mending."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of the answer: a finding of a check, or that it found nothing (`ok`) or could not look (`skipped`)."""

    check: str
    subject: str | None
    state: State
    finding: Message | None = None
    what_to_do: Message | None = None


def examine(host: Host) -> Iterator[Outcome]:
    """Given a host, yield how each check of its roles came out, as soon as it is known."""
    for check in CHECKS:
        if not _is_of(host, check):
            continue
        found = _findings(host, check)
        for one in found:
            yield Outcome(check.name, one.subject, one.state, one.text, one.what_to_do)
        if not found:
            yield Outcome(check.name, None, State.OK)


def _is_of(host: Host, check: Check) -> bool:
    try:
        return check.role is None or check.role in host.config.agent.roles
    except CannotCheck:
        return True


def _findings(host: Host, check: Check) -> list[Finding]:
    found: list[Finding] = []
    try:
        for one in check.run(host):
            found.append(one)  # noqa: PERF402 - what was found before a check broke off is told
    except CannotCheck as why:
        text, what_to_do = as_message(why).halves()
        found.append(Finding(None, text, what_to_do or SEE_FINDING, State.SKIPPED))
    except Refused as why:  # the rights of this host's login end here
        found.append(replace(finding_of(why.message), state=State.SKIPPED))
    except EkinerjaError as error:
        found.append(finding_of(error.message))
    except OSError as error:
        found.append(Finding(None, as_message(error), Message("run this as the user of the service, or as root")))
    return found
