"""What people are told of a terminal that pushes: one sentence for each doubt. Pure: reads what is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.terminal import OK
from ekinerja_agent.spool import PushMemory, PushTrust, UnreadUploads
from ekinerja_agent.usecases.collecting.push_proof import Upload
from ekinerja_agent.usecases.collecting.push_trust import TOLD_FOR, believes_word
from ekinerja_agent.usecases.collecting.push_unread import is_told, sentence

LATE_S = 3600
ATTENDANCE_MODE = Message("attendance")
ACCESS_MODE = Message("access control")
ENCRYPTED_MODE = Message("encrypted")
ENCRYPTED = Message(
    "it asks for encrypted uploads, which are not served; switch encryption off in its communication menu"
)
UNVOUCHED = Message(
    "this host's clock is not vouched for, and the terminal sets its own by it: let a time service keep it"
)
BY_WORD = Message("by word of the terminal: it does not tell how many records it has")

IN_ACCESS_MODE = Message(
    "in access-control mode: its punches are taken; attendance mode (Device Type Setting: T&A PUSH) is better, but the "
    "change can wipe its log and people: bring both home first"
)


def doubts_of(memory: PushMemory, unread: UnreadUploads, trust: PushTrust, at: datetime) -> list[Message]:
    """Given what is remembered of a terminal's uploads, return what people should know of them, one sentence each."""
    told = [memory.state] if memory.state != OK else []
    told += [IN_ACCESS_MODE] if trust.access else []
    told += _of_its_word(trust, at)
    return [*told, sentence(unread)] if is_told(unread, at) else told


def mode_of(memory: PushMemory, trust: PushTrust) -> Message | None:
    """In which mode a terminal showed itself to be by what it sends; None: it did not yet."""
    if memory.state == ENCRYPTED:
        return ENCRYPTED_MODE
    if trust.access:
        return ACCESS_MODE
    return ATTENDANCE_MODE if memory.first_at is not None else None


def state_after(memory: PushMemory, upload: Upload, ahead_s: int | None, tolerance: timedelta) -> Message:
    """What people should know of the clocks of an upload."""
    if ahead_s is not None:
        return Message(
            "its clock is at least {ahead_s} s ahead of this host's; its punches are corrected by that, and flagged",
            ahead_s=ahead_s,
        )
    if not upload.instants:
        return memory.state
    late = upload.arrived_at - upload.instants[-1]
    if late.total_seconds() > LATE_S:
        return Message("its newest record is hours old when it comes: it is catching up, or its clock is behind")
    if late > max(tolerance, timedelta(seconds=1)):
        minutes = int(late.total_seconds()) // 60
        if _is_steadily_late(memory, upload, minutes):
            return Message(
                "its newest record is {minutes} minutes old when it comes: its clock is behind", minutes=minutes
            )
        return Message(
            "its newest record is {minutes} minutes old when it comes: it is catching up, or its clock is behind",
            minutes=minutes,
        )
    return OK


def _is_steadily_late(memory: PushMemory, upload: Upload, minutes: int) -> bool:
    """Whether a record that came alone is as old as that of the upload before: who catches up comes nearer."""
    before = memory.state.values.get("minutes", "") if isinstance(memory.state, Message) else ""
    return len(upload.instants) == 1 and before.isdigit() and abs(int(before) - minutes) <= 1


def _of_its_word(trust: PushTrust, at: datetime) -> Iterator[Message]:
    if trust.other_at is not None and at - trust.other_at < TOLD_FOR:
        yield Message(
            "its serial comes from two addresses, {source} and {other}: what the second brings is stored and vouches "
            "for nothing; find out which is the terminal, and if it has moved: `terminal accept {terminal}`",
            source=trust.source or "?",
            other=trust.other_source or "?",
            terminal=trust.terminal,
        )
    if trust.stamp_back_at is not None and at - trust.stamp_back_at < TOLD_FOR:
        yield Message("its count of what it sent went back: was its log cleared, or does another send in its name?")
    if trust.old_lines and at - trust.old_lines[-1] < TOLD_FOR:
        yield Message(
            "a record came that is older than what was vouched for; look at `punch list` of its day, and ask for its "
            "whole log: `terminal push-request {terminal} reupload`",
            terminal=trust.terminal,
        )
    if trust.told is not None and trust.told != trust.held:
        yield Message(
            "it counts {told} records where {held} are held, so that time stays pending: `terminal push-request "
            "{terminal} reupload`",
            told=trust.told,
            held=trust.held,
            terminal=trust.terminal,
        )


def is_by_word(trust: PushTrust, at: datetime) -> bool:
    """Whether what a terminal proves rests on its word alone."""
    return trust.by_word_at is not None and believes_word(trust, at)


def on_its_wall(terminal: TerminalConfig, at: datetime) -> datetime:
    """Given an instant, return what a right clock of the terminal shows then, naive."""
    return at.astimezone(terminal.timezone).replace(tzinfo=None)


def unproven_since(terminal: TerminalConfig, memory: PushMemory | None) -> datetime | None:
    """Since which clock (naive) nothing is proven; None: no record came since the log was asked for."""
    start = (memory.covered_until or memory.first_at) if memory is not None else None
    return None if start is None else on_its_wall(terminal, start)
