"""Where a terminal of devices.yaml is, and which serial has to answer there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message, as_message
from ekinerja_agent.terminals import TerminalAddress

if TYPE_CHECKING:
    from ekinerja_agent.config import TerminalConfig


def require_pollable(terminal: TerminalConfig) -> None:
    """Given a terminal of devices.yaml, return if it has a place to poll it at. Raise WrongUsage as `place_of`."""
    if terminal.transport == "none" or terminal.address is None:
        raise _no_place(terminal)


def expected_serial(terminal: TerminalConfig, pinned: str | None) -> tuple[str | None, Message]:
    """Given a terminal and the serial that its first contact pinned, return which has to answer (None: any), and who
    says so.
    """
    return terminal.serial or pinned, as_message("devices.yaml") if terminal.serial else Message("its first contact")


def place_of(terminal: TerminalConfig, reply_timeout_s: float, first_answer_s: float | None = None) -> TerminalAddress:
    """Given a terminal of devices.yaml, return where it is and how to be let in. Raise WrongUsage if it only pushes, or
    is only imported.
    """
    if terminal.transport == "none" or terminal.address is None:
        raise _no_place(terminal)
    return TerminalAddress(
        terminal=terminal.id,
        host=terminal.address.host,
        port=terminal.address.port,
        zone=terminal.timezone,
        transport=terminal.transport,
        comm_key=terminal.comm_key() if terminal.comm_key_file else None,
        reply_timeout_s=reply_timeout_s,
        first_answer_s=first_answer_s,
    )


def _no_place(terminal: TerminalConfig) -> WrongUsage:
    if terminal.push:
        return WrongUsage(
            Message(
                "{terminal} only pushes (transport none in devices.yaml): nobody can reach it, it sends its punches "
                "and sets its clock by itself; to have its whole log again run: ekinerja-agent terminal "
                "push-request {terminal} reupload",
                terminal=terminal.id,
            )
        )
    return WrongUsage(
        Message(
            "{terminal} has transport none in devices.yaml: it cannot be polled, only imported", terminal=terminal.id
        )
    )
