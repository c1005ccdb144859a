"""Can this host's clock vouch for those of the terminals?"""

from __future__ import annotations

from collections.abc import Iterator

from ekinerja_agent.central.collected.clock_votes import server_ahead_s
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.care.clocks import CENTRAL_AGREES_WITHIN_S
from ekinerja_agent.usecases.watching.doctor.finding import CannotCheck, Finding
from ekinerja_agent.usecases.watching.doctor.host import Host


def check(host: Host) -> Iterator[Finding]:
    """Yield that central's clock shows another time, or that nobody keeps this host's."""
    ahead_s = central_ahead_s(host)
    if ahead_s is not None and abs(ahead_s) > CENTRAL_AGREES_WITHIN_S:
        yield Finding(
            None,
            Message("its clock is {seconds} s behind that of central", seconds=f"{abs(ahead_s):.0f}")
            if ahead_s > 0
            else Message("its clock is {seconds} s ahead of that of central", seconds=f"{abs(ahead_s):.0f}"),
            Message("let a time service (chrony, systemd-timesyncd) keep the clocks of both machines"),
        )
    elif not vouches(host):
        yield Finding(
            None,
            Message("no time service keeps its clock, so wrong clocks of terminals are neither corrected nor set"),
            Message("install and start a time service: apt install chrony, or timedatectl set-ntp true"),
        )


def vouches(host: Host) -> bool:
    """Whether offsets measured by this host count: a time service keeps its clock, or central's clock agrees."""
    ahead_s = central_ahead_s(host)
    return host.synchronised or (ahead_s is not None and abs(ahead_s) <= CENTRAL_AGREES_WITHIN_S)


def central_ahead_s(host: Host) -> float | None:
    """By how many seconds central's clock is ahead of this host's; None if there is no other clock to ask."""
    try:
        return server_ahead_s(host.central, host.now())
    except CannotCheck:
        return None
