"""Clears a terminal's log, and only when nothing can be lost by it; everything else is refused.

The invariant: a record leaves the terminal only after central was asked for it and had it, while the terminal was
locked and was known, by a finger, to record nothing while it is locked. What stands in the way ends the attempt with
the terminal unlocked and its log as it was. An interruption at any step leaves at worst a terminal that unlocks itself
after the seconds of its lock, and a log that stands or is in central and in a file. Does not know why a log should go.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.central.collected.disable_trials import record_trial, refuses_while_locked
from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.county.access import Deed
from ekinerja_agent.files.durable import write_whole
from ekinerja_agent.files.plain import read_plain
from ekinerja_agent.nouns.errors import NeedsAttention, Refused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.spool import TerminalMemory
from ekinerja_agent.terminals.changing import LONGEST_LOCK_S, Caretaker, open_caretaker
from ekinerja_agent.usecases.care.verify import Desk, Verified, WholeLog, compare, read_whole, verify
from ekinerja_agent.usecases.collecting.places import place_of
from ekinerja_agent.usecases.collecting.terminal_lock import turn

if TYPE_CHECKING:
    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.config import TerminalConfig

ROUNDS = 3
"""Somebody may punch between the first verification and the lock; so often it is brought home and begun again."""
SPARE_S = 60
"""How much longer than twice its read a lock lasts: central is asked meanwhile."""
TRIAL_LOCK_S = 60
TRIAL_WAIT_S = 45
"""How long a person has for a finger, once locked and once unlocked; the lock itself lasts longer than that."""
_LOOK_EVERY_S = 5


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was cleared: how many records, and the file that keeps the log as it was (None: there was nothing)."""

    terminal: str
    records: int
    backup: Path | None


def clear(terminal: TerminalConfig, desk: Desk, *, account: Account) -> Cleared:
    """Given a terminal whose log is in central, clear that log and return what it was.

    Raise Refused, with the log as it was, if the account is no operator, a record is not in central, this kind of
    terminal is not known to refuse punches while it is locked, or the lock would not last; NeedsAttention if the
    terminal still holds records afterwards. A terminal that breaks off in the middle unlocks itself.
    """
    require(account, Deed.TEND_TERMINALS)
    for _ in range(ROUNDS):
        verified = verify(terminal, desk)
        if verified.missing:
            raise Refused(
                Message(
                    "{terminal} holds {on_terminal} records, {missing} of them are not in central ({first} is the "
                    "first); see `ekinerja-agent spool status`",
                    terminal=terminal.id,
                    on_terminal=verified.on_terminal,
                    missing=len(verified.missing),
                    first=verified.missing[0],
                )
            )
        if verified.purged:
            raise Refused(
                Message(
                    "{terminal} holds {purged} records that retention took from central ({first} is the first), so "
                    "no copy would be left; clear it in its own menu",
                    terminal=terminal.id,
                    purged=len(verified.purged),
                    first=verified.purged[0],
                )
            )
        if not verified.on_terminal:
            return Cleared(terminal.id, 0, None)
        _require_trial(terminal, desk, verified.log)
        _save(terminal, desk, verified.log)
        cleared = _clear_locked(terminal, desk, account, _lock_s(terminal, desk, verified))
        if cleared is not None:
            return cleared
    raise Refused(
        Message(
            "{terminal} got new punches each time before it could be locked; clear it when nobody scans",
            terminal=terminal.id,
        )
    )


def prove(
    terminal: TerminalConfig,
    desk: Desk,
    *,
    account: Account,
    say: Callable[[Message], None],
    wait: Callable[[float], None] = time.sleep,
) -> bool:
    """Given a terminal and a person in front of it, find out and keep whether it refuses punches while it is locked.

    `say` tells the person what to do, `wait` lets seconds pass. The same finger has to be seen after the unlock: a
    finger that nobody tried proves nothing. Raise Refused if it was not seen, or the terminal tells no time.
    """
    require(account, Deed.TEND_TERMINALS)
    with turn(terminal.id, desk.state_dir), open_caretaker(place_of(terminal, desk.reply_timeout_s)) as client:
        before = read_whole(client, terminal, desk)
        locked_at = _told_time(client, terminal)
        with client.locked(TRIAL_LOCK_S):
            say(
                Message(
                    "{terminal} is locked. Try a finger at it now; in {seconds} s it will be unlocked.",
                    terminal=terminal.id,
                    seconds=TRIAL_WAIT_S,
                )
            )
            _pass(client, wait)
            unlocked_at = _told_time(client, terminal)
        say(
            Message(
                "{terminal} is unlocked. Try the same finger again within {seconds} s.",
                terminal=terminal.id,
                seconds=TRIAL_WAIT_S,
            )
        )
        _pass(client, wait)
        after = read_whole(client, terminal, desk)
    known = {record.punch_id for record in before.records}
    fresh = [r.clock for r in after.records if r.clock and r.punch_id not in known and r.clock >= locked_at]
    # A terminal shows whole seconds: one that is doubtful counts as recorded while locked.
    accepted = any(clock <= unlocked_at for clock in fresh)
    if not accepted and not fresh:
        raise Refused(
            Message(
                "{terminal} recorded no finger after it was unlocked, so nothing shows that anybody tried one while "
                "it was locked; run the command again with somebody at the terminal",
                terminal=terminal.id,
            )
        )
    record_trial(
        desk.engine,
        terminal.id,
        after.serial,
        after.firmware,
        refuses=not accepted,
        account=account,
        now=desk.now(),
    )
    return not accepted


def _require_trial(terminal: TerminalConfig, desk: Desk, log: WholeLog) -> None:
    refuses = refuses_while_locked(desk.engine, log.serial, log.firmware)
    if refuses is None:
        raise Refused(
            Message(
                "nobody has tried yet whether {terminal} (serial {serial}, {firmware}) refuses punches while it is "
                "locked; with somebody at the terminal, run `ekinerja-agent terminal clear {terminal} --prove`",
                terminal=terminal.id,
                serial=log.serial,
                firmware=log.firmware,
            )
        )
    if not refuses:
        raise Refused(
            Message(
                "{terminal} (serial {serial}, {firmware}) records punches while it is locked: a clear could lose "
                "one; clear it in its own menu when nobody scans, after `terminal verify`",
                terminal=terminal.id,
                serial=log.serial,
                firmware=log.firmware,
            )
        )


def _lock_s(terminal: TerminalConfig, desk: Desk, verified: Verified) -> int:
    """Long enough to read the log twice and to ask a few questions."""
    seconds = math.ceil(2 * verified.log.took_s + 4 * desk.reply_timeout_s + SPARE_S)
    if seconds > LONGEST_LOCK_S:
        raise Refused(
            Message(
                "{terminal} would have to be locked for {seconds} s, {most} s are the most; its link is too slow, "
                "clear it in its own menu when nobody scans, after `terminal verify`",
                terminal=terminal.id,
                seconds=seconds,
                most=LONGEST_LOCK_S,
            )
        )
    return seconds


def _clear_locked(terminal: TerminalConfig, desk: Desk, account: Account, lock_s: int) -> Cleared | None:
    """Lock, read again, ask central again, clear, look; None if a punch came before the lock."""
    with turn(terminal.id, desk.state_dir), open_caretaker(place_of(terminal, desk.reply_timeout_s)) as client:
        ends_s = time.monotonic() + lock_s
        with client.locked(lock_s):
            log = read_whole(client, terminal, desk)
            _require_trial(terminal, desk, log)
            if compare(terminal.id, log, desk).lacking:
                return None
            backup = _save(terminal, desk, log)
            cleared = Cleared(terminal.id, len(log.records), backup)
            _record("terminal.clear", cleared, desk, account)
            _require_quiet(client, terminal, log)
            if time.monotonic() > ends_s - 2 * desk.reply_timeout_s - SPARE_S / 2:
                raise Refused(
                    Message(
                        "{terminal} answered so slowly that its lock could end too early; try again later",
                        terminal=terminal.id,
                    )
                )
            client.clear_log()
            left = read_whole(client, terminal, desk)
            if left.records or (left.sizes and left.sizes.records):
                raise NeedsAttention(
                    Message(
                        "{terminal} answered that its log is cleared and still holds {records} records (it counts "
                        "{counted}); all of them are in central",
                        terminal=terminal.id,
                        records=len(left.records),
                        counted=left.sizes.records if left.sizes else Message("none"),
                    )
                )
        memory = desk.spool.state(terminal.id) or TerminalMemory(terminal.id)
        desk.spool.remember(replace(memory, records=0, cursor=None))
    _record("terminal.cleared", cleared, desk, account)
    return cleared


def _require_quiet(client: Caretaker, terminal: TerminalConfig, log: WholeLog) -> None:
    """A count that grew while the terminal was locked says that the lock does not hold, whatever a finger showed."""
    now, then = client.sizes(), log.sizes
    if now and then and now.records != then.records:
        raise Refused(
            Message(
                "{terminal} counted {records} records when it was locked and counts {now} now: it records while it "
                "is locked, or counts late; its log stands",
                terminal=terminal.id,
                records=then.records,
                now=now.records,
            )
        )


def _save(terminal: TerminalConfig, desk: Desk, log: WholeLog) -> Path:
    """Keep the log's bytes in a file of their own that is on disk, and reads back equal, when this returns."""
    folder = desk.state_dir / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(log.raw).hexdigest()
    path = folder / f"{terminal.id}-{digest}.attlog"
    write_whole(path, log.raw)
    if hashlib.sha256(read_plain(path)).hexdigest() != digest:
        raise NeedsAttention(
            Message("{path} does not read back as it was written; look at the disk, nothing was cleared", path=path)
        )
    return path


def _record(action: str, cleared: Cleared, desk: Desk, account: Account) -> None:
    """Before the clear and after it: an answer that is lost on the way leaves the first row alone."""
    backup = cleared.backup
    details = {
        "records": cleared.records,
        "backup": backup.name if backup else None,
        "digest": f"sha256:{hashlib.sha256(read_plain(backup)).hexdigest()}" if backup else None,
    }
    with transaction(desk.engine) as conn:
        audit.append(conn, account.name, action, cleared.terminal, details, desk.now())


def _told_time(client: Caretaker, terminal: TerminalConfig) -> datetime:
    clock = client.clock()
    if clock is None:
        raise Refused(
            Message(
                "{terminal} does not tell its time, so a finger cannot be dated; set its clock first",
                terminal=terminal.id,
            )
        )
    return clock


def _pass(client: Caretaker, wait: Callable[[float], None]) -> None:
    """Let the person's time pass, and keep the connection alive meanwhile."""
    client.wait(TRIAL_WAIT_S)
    for _ in range(TRIAL_WAIT_S // _LOOK_EVERY_S):
        wait(_LOOK_EVERY_S)
        client.clock()
