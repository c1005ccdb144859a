"""What is remembered of pushing terminals while they are served, and how it goes to disk with what they brought.

Promises that what came and what is remembered are written in one transaction. Whoever changes something holds the lock
of that terminal. Does not know what uploads say.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.nouns.coverage import ClockReading
from ekinerja_agent.nouns.delivery import Note
from ekinerja_agent.nouns.errors import OwnedElsewhere, Refused
from ekinerja_agent.nouns.messages import Message, joined
from ekinerja_agent.nouns.punch import Contradiction, Punch, Quarantined
from ekinerja_agent.nouns.terminal import OK, TerminalStatus
from ekinerja_agent.spool import PushMemory, PushTrust, Spool, TerminalMemory, UnreadUploads
from ekinerja_agent.terminals.drift import shown
from ekinerja_agent.terminals.identity import LATEST_AHEAD, ClockRule
from ekinerja_agent.terminals.wire import DecodedLog
from ekinerja_agent.usecases.collecting import one_serial
from ekinerja_agent.usecases.collecting.push_proof import heard
from ekinerja_agent.usecases.collecting.push_state import BY_WORD, UNVOUCHED, doubts_of, is_by_word
from ekinerja_agent.usecases.collecting.push_trust import Brought, is_bound, seen_from, stamp_after
from ekinerja_agent.usecases.collecting.push_unread import with_hole, with_room

Table = Literal["ATTLOG", "OPERLOG"]
"""Of what a terminal sends: those of which it is told how much it sent already."""
CONTACT_KEPT_EVERY = timedelta(minutes=1)
"""A heartbeat comes every few seconds; on disk this is enough to know when a terminal was away for ten minutes."""
SLOT_RECORD_BYTES = 8


class Sender(NamedTuple):
    """Who sends: how far the terminal is believed, whether it is the terminal itself, what is remembered of it."""

    trust: PushTrust
    bound: bool
    memory: PushMemory


class Desk:
    """Given the spool, the terminals that are served, by how many seconds a clock may be wrong, and what tells whether
    this host's clock can vouch for a terminal's: what is known of each terminal. `listed` is devices.yaml.
    """

    def __init__(
        self,
        spool: Spool,
        terminals: Iterable[TerminalConfig],
        *,
        tolerance_s: int,
        host_clock_trusted: Callable[[], bool],
        listed: Sequence[TerminalConfig] = (),
    ) -> None:
        self.spool = spool
        self.tolerance_s = tolerance_s
        self.tolerance = timedelta(seconds=tolerance_s)
        self.locks = {each.id: threading.Lock() for each in terminals}
        self._listed = listed
        self._host_clock_trusted = host_clock_trusted
        self._contacts: dict[str, datetime] = {}
        self._stamps: dict[tuple[str, Table], str] = {}
        self._refused_at: dict[str, datetime] = {}

    def heard_now(self, terminal: TerminalConfig, at: datetime) -> None:
        """Note that a terminal was heard of; on disk with what is kept next."""
        self._contacts[terminal.id] = at

    def refused(self, terminal: TerminalConfig, at: datetime) -> None:
        """Note that the terminal was refused an upload; on disk with what is kept next."""
        self._refused_at[terminal.id] = max(at, self._refused_at.get(terminal.id, at))

    def forget_stamp(self, terminal: TerminalConfig) -> None:
        """The log of a terminal is asked for from its beginning."""
        self._stamps.pop((terminal.id, "ATTLOG"), None)

    def stamped(self, terminal: TerminalConfig, table: Table, stamp: str, brought: Brought, at: datetime) -> None:
        """Given the stamp of an acknowledged upload and what that brought, keep it as far as it speaks of that."""
        if table == "OPERLOG":
            self._stamps[terminal.id, table] = stamp
            return
        memory = self.spool.push_state(terminal.id)
        trust = self.spool.push_trust(terminal.id, terminal.serial or "")
        kept = self._stamps.get((terminal.id, table), memory.attlog_stamp if memory else None)
        moved = stamp_after(trust, kept, stamp, brought, at)
        if moved is not None:
            self._stamps[terminal.id, table] = stamp
            self.spool.add((), trust=moved)

    def unread(self, terminal: TerminalConfig, memory: PushMemory) -> UnreadUploads:
        """Return what is known of uploads that nobody could read, those refused since it was kept included."""
        unread = self.spool.unread_uploads(terminal.id)
        refused_at = self._refused_at.get(terminal.id)
        return unread if refused_at is None else with_hole(unread, memory.covered_until, refused_at)

    def admitted(
        self,
        memory: PushMemory,
        unread: UnreadUploads,
        kind: str,
        records: list[Quarantined],
        at: datetime,
        *,
        bound: bool = True,
    ) -> tuple[UnreadUploads, list[Quarantined] | None]:
        """Given records for the quarantine and what kind of upload nobody can read (empty: it was read), return what
        is to be remembered, and those that are news; None if there is no room for them.

        Records that came before are none that happened since, and a stranger's leave no hole.
        """
        news = self.spool.untold(records) if records else []
        with_them = with_room(unread, news, at) if news else unread
        if with_them is None:
            unread = replace(unread, kind=kind or unread.kind or "attlog", seen_at=at, refused=True)
            return (with_hole(unread, memory.covered_until, at) if bound else unread), None
        if kind:
            with_them = replace(with_them, kind=kind, seen_at=at, refused=with_them.refused and not news)
        return with_hole(with_them, memory.covered_until, at) if kind and news and bound else with_them, news

    def require_mine(self, terminal: TerminalConfig) -> None:
        """Raise OwnedElsewhere or Refused if this agent must not take the uploads of a terminal."""
        owner = self.spool.owned_elsewhere().get(terminal.id)
        if owner is not None:
            raise OwnedElsewhere(
                Message(
                    "{terminal} belongs to the agent {owner}; if this one ({agent}) shall take its uploads, run: "
                    "ekinerja-agent terminal accept {terminal}",
                    terminal=terminal.id,
                    owner=owner,
                    agent=self.spool.agent,
                )
            )
        refused = one_serial.counts_twice(terminal, self.spool.pinned(terminal.serial), self._listed)
        if refused is not None:
            raise Refused(refused)
        reads = self.spool.state(terminal.id) if terminal.transport != "none" else None
        if reads is not None and reads.record_size == SLOT_RECORD_BYTES:
            raise Refused(
                Message(
                    "{terminal} is read as well, and its log names slots, not PINs: each punch would count twice; "
                    "take `push: true` out of devices.yaml, or set `transport: none`",
                    terminal=terminal.id,
                )
            )

    def trust(self, terminal: TerminalConfig, source: str | None, at: datetime) -> PushTrust:
        """Return how far a terminal is believed, once it is heard of from there."""
        return seen_from(self.spool.push_trust(terminal.id, terminal.serial or ""), source, at)

    def sender(self, terminal: TerminalConfig, source: str | None, at: datetime) -> Sender:
        """Return who sends, once a terminal, or somebody in its name, is heard of from there."""
        trust = self.trust(terminal, source, at)
        bound = is_bound(trust, source)
        return Sender(trust, bound, self.remembered(terminal, at, bound=bound))

    def remembered(
        self, terminal: TerminalConfig, at: datetime, kept: PushMemory | None = None, *, bound: bool = True
    ) -> PushMemory:
        """Return what is known of a terminal, once it is heard of now, by itself or (not `bound`) by somebody in its
        name. Another serial is another terminal.
        """
        serial = terminal.serial or ""
        memory = kept or self.spool.push_state(terminal.id)
        if memory is None or memory.serial != serial:
            self._contacts.pop(terminal.id, None)
            for table in ("ATTLOG", "OPERLOG"):
                self._stamps.pop((terminal.id, table), None)
            memory = PushMemory(terminal.id, serial)
        memory = replace(memory, operlog_stamp=self._stamps.get((terminal.id, "OPERLOG"), memory.operlog_stamp))
        if memory.everything_asked:
            stamp = self._stamps.get((terminal.id, "ATTLOG"), memory.attlog_stamp)
            memory = replace(memory, attlog_stamp=stamp)
        return heard(memory, at, self._contacts.get(terminal.id)) if bound else memory

    def clock_rule(
        self, terminal: TerminalConfig, decoded: DecodedLog, arrived_at: datetime
    ) -> tuple[ClockRule, int | None]:
        """Return how this upload's clocks become instants, and by how much the terminal is ahead at least; None if it
        is not seen to be.

        A record that comes before its own time was made by a clock that is ahead, by so much at least: nothing was
        punched later than it arrived. How far a clock is behind an upload cannot tell; reads of the terminal can.
        """
        trusted = self._host_clock_trusted()
        rule = self.rule_of_reads(terminal)
        ahead_s = _ahead_s(terminal, decoded, rule, arrived_at) if trusted else None
        if ahead_s is None:
            return rule, None
        own = shown(ClockReading(terminal.id, arrived_at, ahead_s, trusted=True), terminal.timezone)
        return ClockRule(terminal.timezone, ahead_s, self.tolerance_s, (own,)), ahead_s

    def reads(self, terminal: TerminalConfig) -> TerminalMemory | None:
        """Return what is known of reads of the same log; None: it is not read."""
        return self.spool.state(terminal.id) if terminal.transport != "none" else None

    def rule_of_reads(self, terminal: TerminalConfig) -> ClockRule:
        """Return how clocks become instants by what reads of the terminal have measured."""
        memory = self.reads(terminal) or TerminalMemory(terminal.id)
        readings = tuple(shown(each, terminal.timezone) for each in memory.clock_readings)
        return ClockRule(terminal.timezone, readings[-1].offset_s if readings else None, self.tolerance_s, readings)

    def keep(
        self,
        terminal: TerminalConfig,
        memory: PushMemory,
        at: datetime,
        punches: Iterable[Punch] = (),
        notes: Iterable[Note] = (),
        ahead_s: int | None = None,
        unread: UnreadUploads | None = None,
        trust: PushTrust | None = None,
        doubtful: Sequence[tuple[Punch, Contradiction]] = (),
        others: Iterable[str] = (),
    ) -> int:
        """Write what came and what is remembered in one transaction; return how many punches are new."""
        told = [*notes]
        unread = unread or self.unread(terminal, memory)
        trust = trust or self.trust(terminal, None, at)
        # Who is read as well has a richer status from there; who has another owner is told of by that one.
        if terminal.transport == "none" and terminal.id not in self.spool.owned_elsewhere():
            told.append(self._status(terminal, memory, unread, trust, at, ahead_s))
        nothing = unread == UnreadUploads(terminal.id)
        added = self.spool.add(
            punches,
            told,
            push=memory,
            unread=None if nothing else unread,
            trust=trust,
            doubtful=doubtful,
            others=others,
        )
        if memory.contact_at is not None:
            self._contacts[terminal.id] = memory.contact_at
        refused_at = self._refused_at.get(terminal.id)
        if refused_at is not None and any(end is not None and end >= refused_at for _, end in unread.holes):
            del self._refused_at[terminal.id]
        return added.new

    def _status(
        self,
        terminal: TerminalConfig,
        memory: PushMemory,
        unread: UnreadUploads,
        trust: PushTrust,
        at: datetime,
        ahead_s: int | None,
    ) -> TerminalStatus:
        doubts = doubts_of(memory, unread, trust, at)
        if not self._host_clock_trusted():
            doubts.append(UNVOUCHED)
        if is_by_word(trust, at):
            doubts.append(BY_WORD)
        return TerminalStatus(
            terminal=terminal.id,
            address="",
            serial=memory.serial,
            firmware=memory.firmware or "",
            records=memory.records,
            capacity=None,
            users=memory.users,
            clock_offset_s=ahead_s,
            last_contact=memory.contact_at or at,
            state=joined("; ", doubts) if doubts else OK,
        )


def _ahead_s(terminal: TerminalConfig, decoded: DecodedLog, rule: ClockRule, arrived_at: datetime) -> int | None:
    """By how many seconds the clocks of an upload are ahead of its arrival, the most of all; None if not by more than
    the tolerance, once what reads have measured is taken off. What is ahead by a day waits for a person.
    """
    local = arrived_at.astimezone(terminal.timezone).replace(tzinfo=None)
    tolerance = timedelta(seconds=rule.tolerance_s)
    ahead = [record.clock - local for record in decoded.records if record.clock - local <= LATEST_AHEAD]
    if not any(each - rule.correction(local + each) > tolerance for each in ahead):
        return None
    return int(max(ahead).total_seconds())
