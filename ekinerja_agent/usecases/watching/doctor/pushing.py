"""Are the terminals that push to this host heard of, and are they well?

Promises to ask the spool alone: nobody can ask such a terminal anything. One of another agent is left to that agent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.collecting import one_serial
from ekinerja_agent.usecases.collecting.push import HEARD_WITHIN
from ekinerja_agent.usecases.collecting.push_state import doubts_of
from ekinerja_agent.usecases.watching.doctor.finding import Finding, finding_of
from ekinerja_agent.usecases.watching.doctor.host import Host

if TYPE_CHECKING:
    from ekinerja_agent.config import TerminalConfig
    from ekinerja_agent.spool import PushMemory, PushTrust, UnreadUploads


def check(host: Host) -> Iterator[Finding]:
    """Yield each terminal with `push: true` that was never heard of, or not lately, or is not well by its uploads."""
    pushing = host.config.pushing
    if not pushing:
        return
    with host.spool() as spool:
        elsewhere, pinned = spool.owned_elsewhere(), spool.pinned()
        known = {
            each.id: (
                spool.push_state(each.id),
                spool.unread_uploads(each.id),
                spool.push_trust(each.id, each.serial or ""),
            )
            for each in pushing
        }
    for terminal in pushing:
        if owner := elsewhere.get(terminal.id):
            text = Message("the agent {owner} takes its uploads, so this one does not", owner=owner)
            what_to_do = Message(
                "take it out of devices.yaml, or run: ekinerja-agent terminal accept {terminal}", terminal=terminal.id
            )
            yield Finding(terminal.id, text, what_to_do)
        elif refused := one_serial.counts_twice(terminal, pinned, host.config.terminals):
            yield finding_of(refused, terminal.id)
        else:
            yield from _signs(host, terminal, *known[terminal.id])


def _signs(
    host: Host, terminal: TerminalConfig, memory: PushMemory | None, unread: UnreadUploads, trust: PushTrust
) -> Iterator[Finding]:
    if memory is None or memory.contact_at is None or memory.serial != terminal.serial:
        yield Finding(
            terminal.id,
            Message("no terminal with serial {serial} was ever heard of", serial=terminal.serial),
            Message(
                "write this host's address and the port of web.listen into its menu (Comm. > Cloud Server), and its "
                "serial into devices.yaml"
            ),
        )
        return
    if host.now() - memory.contact_at > HEARD_WITHIN:
        local = memory.contact_at.astimezone(terminal.timezone).strftime("%Y-%m-%d %H:%M")
        yield Finding(
            terminal.id,
            Message("it was last heard of at {local}", local=local),
            Message(
                "see that the service runs here, then check the power and network of the terminal and the server in "
                "its menu (Comm. > Cloud Server); it keeps its punches"
            ),
        )
    for doubt in doubts_of(memory, unread, trust, host.now()):
        yield finding_of(doubt, terminal.id)
