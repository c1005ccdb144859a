"""Takes what terminals push (ADMS) into the spool, and answers what they ask.

Promises that an upload is on disk when `receive` or `keep_unread` returns, that a terminal that is read as well counts
once, and that what is known to hold no punch is not kept. Does not know HTTP. Used by several threads; one terminal's
requests are taken one after the other. Reads of the same terminal may go on beside: they share no row of what is
remembered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.nouns.coverage import ClockReading
from ekinerja_agent.nouns.delivery import Note
from ekinerja_agent.nouns.errors import OwnedElsewhere, Refused, TemporarilyUnavailable
from ekinerja_agent.nouns.messages import Message, joined
from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from ekinerja_agent.nouns.terminal import OK, TerminalStatus
from ekinerja_agent.spool import PushMemory, PushRequest, RequestKind, Spool, TerminalMemory, UnreadUploads
from ekinerja_agent.terminals.drift import shown
from ekinerja_agent.terminals.identity import LATEST_AHEAD, ClockRule, quarantine_holes, to_punches
from ekinerja_agent.terminals.push_text import (
    NAMED_FIELDS,
    TRY_AGAIN_AFTER_S,
    DeviceFacts,
    is_text,
    option_lines,
    parse_info,
    parse_options,
    parse_results,
    parse_upload,
    whole_lines,
)
from ekinerja_agent.terminals.wire import DecodedLog
from ekinerja_agent.usecases.collecting.push_proof import Upload, begin_anew, ends_fresh, heard, vouch
from ekinerja_agent.usecases.collecting.push_unread import is_told, sentence, unread_records, with_hole, with_room
from ekinerja_agent.yamlfile.scalars import IpNetwork

CONTACT_KEPT_EVERY = timedelta(minutes=1)
"""A heartbeat comes every few seconds; on disk this is enough to know when a terminal was away for ten minutes."""
HEARD_WITHIN = CONTACT_KEPT_EVERY + 4 * timedelta(seconds=TRY_AGAIN_AFTER_S)
"""A terminal that is well is heard of sooner, by what the handshake tells it, even if some tries fail."""
ASK_AGAIN_AFTER = timedelta(minutes=5)
"""A command whose answer does not come was lost on its way."""
READ_LATELY = timedelta(days=1)
"""Who was not read for longer is one that only pushes, for as long as that lasts."""
SLOT_RECORD_BYTES = 8
THREADS = 4
"""The spool takes one writer at a time; the others read and decode meanwhile."""
EVERYTHING = "0"
NO_OPERATIONS = "9999"
WORDS: dict[RequestKind, str] = {"reupload": "CHECK", "info": "INFO"}
"""All that a terminal is ever told to do: to look again what the server has, and to tell about itself."""

Table = Literal["ATTLOG", "OPERLOG"]
"""Of what a terminal sends: those of which it is told how much it sent already."""


ENCRYPTED = Message(
    "it asks for encrypted uploads, which are not served; switch encryption off in its communication menu"
)
UNVOUCHED = Message(
    "this host's clock is not vouched for, and the terminal sets its own by it: let a time service keep it"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What an upload brought: lines taken (to acknowledge), punches that are new, records that wait for a person.

    `no_room` tells that more of the latter came than may be kept of one terminal; the upload is not to be acknowledged.
    """

    lines: int
    new: int
    quarantined: int
    no_room: bool = False


class Receiver:
    """Given the spool and the terminals that push, serve them until `close`. `host_clock_trusted` tells whether this
    host's clock can vouch for a terminal's; `proxies` are those whose word on where a terminal is counts. Work is done
    in its `threads`.
    """

    def __init__(
        self,
        spool: Spool,
        terminals: Iterable[TerminalConfig],
        *,
        tolerance_s: int,
        host_clock_trusted: Callable[[], bool],
        most_body_bytes: int,
        proxies: Iterable[IpNetwork] = (),
    ) -> None:
        self.by_serial = {each.serial: each for each in terminals if each.push and each.enabled and each.serial}
        self.most_body_bytes = most_body_bytes
        self.proxies = tuple(proxies)
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="push")
        self._spool = spool
        self._tolerance_s = tolerance_s
        self._host_clock_trusted = host_clock_trusted
        self._locks = {each.id: threading.Lock() for each in self.by_serial.values()}
        self._contacts: dict[str, datetime] = {}
        self._stamps: dict[tuple[str, Table], str] = {}
        self._refused_at: dict[str, datetime] = {}

    def close(self) -> None:
        """Let begun work end, and take no more; the spool may be closed then."""
        self.threads.shutdown(wait=True)

    def options(self, terminal: TerminalConfig, at: datetime) -> str:
        """Given a terminal that asks what to send, return the answer: everything at first contact, then what is new.

        Raise OwnedElsewhere if another agent has the terminal.
        """
        self._require_mine(terminal)
        with self._locks[terminal.id]:
            memory = self._remembered(terminal, at)
            wanted = [each for each in self._spool.push_requests(terminal.id) if each.kind == "reupload"]
            if wanted or not memory.everything_asked:
                memory = begin_anew(memory)
                self._stamps.pop((terminal.id, "ATTLOG"), None)
            self._keep(terminal, replace(memory, state=OK if memory.state == ENCRYPTED else memory.state), at)
            for request in wanted:
                self._spool.answered(terminal.id, request.number, 0)
        return option_lines(
            terminal.serial or "",
            attlog_stamp=memory.attlog_stamp or EVERYTHING,
            operlog_stamp=memory.operlog_stamp or NO_OPERATIONS,
            utc_offset=at.astimezone(terminal.timezone).utcoffset() or timedelta(0),
            most_body_bytes=self.most_body_bytes,
        )

    def receive(self, terminal: TerminalConfig, body: bytes, *, complete: bool, arrived_at: datetime) -> Stored:
        """Given an ATTLOG body, store it; when this returns it may be acknowledged, if it was complete.

        Of a body that was cut off the whole lines are stored, and vouch for nothing. Raise TemporarilyUnavailable or
        NeedsAttention if nothing can be stored now, OwnedElsewhere or Refused if this agent must not.
        """
        self._require_mine(terminal)
        decoded = parse_upload(body if complete else whole_lines(body))
        with self._locks[terminal.id]:
            memory = self._remembered(terminal, arrived_at)
            unread = self._unread(terminal, memory)
            clock_rule, measured = self._clock_rule(terminal, decoded, arrived_at)
            keys = {(record.pin, record.clock) for record in decoded.records}
            punches, waiting = to_punches(
                terminal.id,
                decoded,
                clock_rule=clock_rule,
                source=Source.PUSH,
                read_at=arrived_at,
                known=self._spool.known_counts(terminal.id, keys),
            )
            aside = {each.position for each in waiting}
            usable = [record for record in decoded.records if record.position not in aside]
            last = max([slot.position for slots in (decoded.records, decoded.undecodable) for slot in slots], default=0)
            upload = Upload(
                arrived_at=arrived_at,
                instants=[at for record in usable if (at := clock_rule.at(record.clock)) is not None],
                new=[at for punch in punches if (at := punch.at) is not None],
                holes=[(hole.start, hole.end) for hole in quarantine_holes(decoded, waiting, clock_rule=clock_rule)],
                ends_usable=bool(usable) and usable[-1].position == last and measured is None,
                complete=complete,
            )
            kind, waiting = _unread_of_log(terminal.id, decoded, waiting, body if complete else b"", arrived_at)
            unread, kept = self._admitted(memory, unread, kind, waiting, arrived_at)
            tolerance = timedelta(seconds=self._tolerance_s)
            memory, covered = vouch(memory, upload, tolerance=tolerance, unread=unread.holes)
            memory = replace(memory, state=self._state(terminal, memory, upload, measured, bool(covered)))
            notes: list[Note] = [*(kept or ()), *covered]
            if measured is not None:
                notes.append(ClockReading(terminal.id, arrived_at, measured, trusted=True))
            # A clock that was ahead is told of until an upload shows it within the tolerance.
            ahead_s = 0 if measured is None and ends_fresh(upload, tolerance) else measured
            new = self._keep(terminal, memory, arrived_at, punches, notes, ahead_s, unread)
        lines = len(decoded.records) + len(decoded.undecodable)
        return Stored(lines, new, quarantined=len(kept or ()), no_room=kept is None)

    def keep_unread(
        self, terminal: TerminalConfig, kind: str, body: bytes, *, complete: bool, arrived_at: datetime
    ) -> Stored:
        """Given the body of an upload that nobody here can read, and how to show its kind, keep it raw; when this
        returns it may be acknowledged, if it was complete. What was kept before is not kept twice.

        Raise TemporarilyUnavailable if no room is left for it, and as `receive` does.
        """
        self._require_mine(terminal)
        records = unread_records(terminal.id, kind, body if complete else whole_lines(body), arrived_at)
        if not records:
            self.contact(terminal, arrived_at)
            return Stored(0, 0, 0)
        with self._locks[terminal.id]:
            memory = self._remembered(terminal, arrived_at)
            unread, kept = self._admitted(memory, self._unread(terminal, memory), kind, records, arrived_at)
            self._keep(terminal, memory, arrived_at, notes=kept or (), unread=unread)
        if kept is None:
            raise TemporarilyUnavailable(sentence(unread))
        return Stored(len(records), 0, quarantined=len(kept))

    def refused(self, terminal: TerminalConfig, at: datetime) -> None:
        """Note that an upload was refused that may hold punches: what comes next must not vouch for the time before.

        It goes to disk with what is kept next, and that is before anything vouches.
        """
        self._refused_at[terminal.id] = max(at, self._refused_at.get(terminal.id, at))

    def acknowledged(self, terminal: TerminalConfig, table: Table, stamp: str) -> None:
        """Given an upload that is acknowledged now, and the stamp behind it, note that it need not come again.

        That an upload was longer than it said may show only when it is stored: its stamp must not be kept with it. It
        goes to disk with what is kept next; one that is lost makes a terminal send more, and that counts once.
        """
        self._stamps[terminal.id, table] = stamp

    def contact(self, terminal: TerminalConfig, at: datetime, told: DeviceFacts | None = None) -> None:
        """Note that a terminal was heard of, and what it told of itself; on disk once a minute, or where it is news."""
        with self._locks[terminal.id]:
            kept = self._spool.push_state(terminal.id)
            memory = self._remembered(terminal, at, kept)
            if told is not None:
                memory = replace(
                    memory,
                    firmware=told.firmware or memory.firmware,
                    users=memory.users if told.users is None else told.users,
                    records=memory.records if told.records is None else told.records,
                )
            if kept is None or self._is_news(memory, kept, at):
                self._keep(terminal, memory, at)
            else:
                self._contacts[terminal.id] = at

    def _is_news(self, memory: PushMemory, kept: PushMemory, at: datetime) -> bool:
        """Whether what is remembered now is to be kept at once, and not with what is kept next."""
        if kept.contact_at is None or at - kept.contact_at >= CONTACT_KEPT_EVERY:
            return True
        return kept != replace(
            memory, contact_at=kept.contact_at, attlog_stamp=kept.attlog_stamp, operlog_stamp=kept.operlog_stamp
        )

    def described(self, terminal: TerminalConfig, at: datetime, *, info: str = "", options: bytes = b"") -> None:
        """Given what a terminal says of itself with a poll (`info`) or as options, note the little that is of use."""
        self.contact(terminal, at, parse_info(info) if info else parse_options(options))

    def refuse_encryption(self, terminal: TerminalConfig, at: datetime) -> None:
        """Note that a terminal asked for encrypted uploads, for people to see."""
        with self._locks[terminal.id]:
            self._keep(terminal, replace(self._remembered(terminal, at), state=ENCRYPTED), at)

    def next_command(self, terminal: TerminalConfig, at: datetime) -> PushRequest | None:
        """Given a terminal that polls, return what a person asked it for and it has to be told now, or None."""
        for request in self._spool.push_requests(terminal.id):
            if request.sent_at is None or at - request.sent_at >= ASK_AGAIN_AFTER:
                self._spool.sent(request)
                return request
        return None

    def results(self, terminal: TerminalConfig, body: bytes, at: datetime) -> list[PushRequest]:
        """Given the answers of a terminal to commands, note them; return the requests that are done by that.

        A terminal that agreed to look again what the server has is done when it asks for that.
        """
        waiting = {request.number: request for request in self._spool.push_requests(terminal.id)}
        done = []
        for result in parse_results(body):
            request = waiting.get(result.number)
            if request is None or (request.kind == "reupload" and result.returned >= 0):
                continue
            if self._spool.answered(terminal.id, result.number, result.returned):
                done.append(replace(request, returned=result.returned))
        told = parse_options(body)
        self.contact(terminal, at, told if any(request.kind == "info" for request in done) else None)
        return done

    def _state(
        self, terminal: TerminalConfig, memory: PushMemory, upload: Upload, ahead_s: int | None, fresh: bool
    ) -> Message:
        """What people should know after an upload. While reads vouch for the terminal, its order does not matter."""
        if memory.out_of_order and not self._is_read(terminal, upload.arrived_at):
            return Message(
                "its uploads are not in the order of its log, so they vouch for no time; `terminal push-request "
                "{terminal} reupload`",
                terminal=terminal.id,
            )
        if ahead_s is not None:
            return Message(
                "its clock is at least {ahead_s} s ahead of this host's; its punches are corrected by that, and "
                "flagged",
                ahead_s=ahead_s,
            )
        if fresh:
            return OK
        if not upload.instants:
            return memory.state
        late_s = int((upload.arrived_at - upload.instants[-1]).total_seconds())
        if late_s > 3600:
            return Message("its newest record is hours old when it comes: it is catching up, or its clock is behind")
        return OK if memory.state != ENCRYPTED else memory.state

    def _is_read(self, terminal: TerminalConfig, at: datetime) -> bool:
        reads = self._spool.state(terminal.id) if terminal.transport != "none" else None
        return reads is not None and reads.last_read_at is not None and at - reads.last_read_at < READ_LATELY

    def _unread(self, terminal: TerminalConfig, memory: PushMemory) -> UnreadUploads:
        """What is known of uploads that nobody could read, those included that were refused since it was kept."""
        unread = self._spool.unread_uploads(terminal.id)
        refused_at = self._refused_at.get(terminal.id)
        return unread if refused_at is None else with_hole(unread, memory.covered_until, refused_at)

    def _admitted(
        self, memory: PushMemory, unread: UnreadUploads, kind: str, records: list[Quarantined], at: datetime
    ) -> tuple[UnreadUploads, list[Quarantined] | None]:
        """Given records for the quarantine and what kind of upload nobody can read (empty: it was read), return what
        is to be remembered, and those that are news; None if there is no room for them.

        Records that came before are none that happened since.
        """
        news = self._spool.untold(records) if records else []
        with_them = with_room(unread, news, at) if news else unread
        if with_them is None:
            unread = replace(unread, kind=kind or unread.kind or "attlog", seen_at=at, refused=True)
            return with_hole(unread, memory.covered_until, at), None
        if kind:
            with_them = replace(with_them, kind=kind, seen_at=at, refused=with_them.refused and not news)
        return with_hole(with_them, memory.covered_until, at) if kind and news else with_them, news

    def _require_mine(self, terminal: TerminalConfig) -> None:
        owner = self._spool.owned_elsewhere().get(terminal.id)
        if owner is not None:
            raise OwnedElsewhere(
                Message(
                    "{terminal} belongs to the agent {owner}; if this one ({agent}) shall take its uploads, run: "
                    "ekinerja-agent terminal accept {terminal}",
                    terminal=terminal.id,
                    owner=owner,
                    agent=self._spool.agent,
                )
            )
        reads = self._spool.state(terminal.id) if terminal.transport != "none" else None
        if reads is not None and reads.record_size == SLOT_RECORD_BYTES:
            raise Refused(
                Message(
                    "{terminal} is read as well, and its log names slots, not PINs: each punch would count twice; "
                    "take `push: true` out of devices.yaml, or set `transport: none`",
                    terminal=terminal.id,
                )
            )

    def _remembered(self, terminal: TerminalConfig, at: datetime, kept: PushMemory | None = None) -> PushMemory:
        """What is known of a terminal, once it is heard of now. Another serial is another terminal."""
        serial = terminal.serial or ""
        memory = kept or self._spool.push_state(terminal.id)
        if memory is None or memory.serial != serial:
            self._contacts.pop(terminal.id, None)
            for table in ("ATTLOG", "OPERLOG"):
                self._stamps.pop((terminal.id, table), None)
            memory = PushMemory(terminal.id, serial)
        memory = replace(memory, operlog_stamp=self._stamps.get((terminal.id, "OPERLOG"), memory.operlog_stamp))
        if memory.everything_asked:
            stamp = self._stamps.get((terminal.id, "ATTLOG"), memory.attlog_stamp)
            memory = replace(memory, attlog_stamp=stamp)
        return heard(memory, at, self._contacts.get(terminal.id))

    def _clock_rule(
        self, terminal: TerminalConfig, decoded: DecodedLog, arrived_at: datetime
    ) -> tuple[ClockRule, int | None]:
        """How this upload's clocks become instants, and by how much the terminal is ahead at least; None if it is not
        seen to be.

        A record that comes before its own time was made by a clock that is ahead, by so much at least: nothing was
        punched later than it arrived. How far a clock is behind an upload cannot tell; reads of the terminal can.
        """
        trusted = self._host_clock_trusted()
        reads = self._spool.state(terminal.id) if terminal.transport != "none" else None
        readings = tuple(
            shown(each, terminal.timezone) for each in (reads or TerminalMemory(terminal.id)).clock_readings
        )
        rule = ClockRule(terminal.timezone, readings[-1].offset_s if readings else None, self._tolerance_s, readings)
        ahead_s = _ahead_s(terminal, decoded, rule, arrived_at) if trusted else None
        if ahead_s is None:
            return rule, None
        own = shown(ClockReading(terminal.id, arrived_at, ahead_s, trusted=True), terminal.timezone)
        return ClockRule(terminal.timezone, ahead_s, self._tolerance_s, (own,)), ahead_s

    def _keep(
        self,
        terminal: TerminalConfig,
        memory: PushMemory,
        at: datetime,
        punches: Iterable[Punch] = (),
        notes: Iterable[Note] = (),
        ahead_s: int | None = None,
        unread: UnreadUploads | None = None,
    ) -> int:
        """Write what came and what is remembered in one transaction; return how many punches are new."""
        told = [*notes]
        unread = unread or self._unread(terminal, memory)
        # Who is read as well has a richer status from there; who has another owner is told of by that one.
        if terminal.transport == "none" and terminal.id not in self._spool.owned_elsewhere():
            told.append(self._status(terminal, memory, unread, at, ahead_s))
        nothing = unread == UnreadUploads(terminal.id)
        added = self._spool.add(punches, told, push=memory, unread=None if nothing else unread)
        self._contacts[terminal.id] = at
        refused_at = self._refused_at.get(terminal.id)
        if refused_at is not None and any(end is not None and end >= refused_at for _, end in unread.holes):
            del self._refused_at[terminal.id]
        return added.new

    def _status(
        self,
        terminal: TerminalConfig,
        memory: PushMemory,
        unread: UnreadUploads,
        at: datetime,
        ahead_s: int | None,
    ) -> TerminalStatus:
        doubts = doubts_of(memory, unread, at)
        if not self._host_clock_trusted():
            doubts.append(UNVOUCHED)
        return TerminalStatus(
            terminal=terminal.id,
            address="",
            serial=memory.serial,
            firmware=memory.firmware or "",
            records=memory.records,
            capacity=None,
            users=memory.users,
            clock_offset_s=ahead_s,
            last_contact=at,
            state=joined("; ", doubts) if doubts else OK,
        )


def doubts_of(memory: PushMemory, unread: UnreadUploads, at: datetime) -> list[Message]:
    """Given what is remembered of a terminal's uploads, return what people should know of them, one sentence each."""
    told = [memory.state] if memory.state != OK else []
    return [*told, sentence(unread)] if is_told(unread, at) else told


def _unread_of_log(
    terminal: str, decoded: DecodedLog, waiting: list[Quarantined], body: bytes, at: datetime
) -> tuple[str, list[Quarantined]]:
    """Given what of an ATTLOG body waits for a person, return of what kind it is, if nobody here can read that kind
    (empty: single bad lines), and what is to be kept.

    What is no text falls into lines by chance, and its bytes between them would be lost: it is kept whole.
    """
    if decoded.undecodable and not is_text(body):
        torn = {each.position for each in decoded.undecodable}
        kind = "attlog/packed"
        return kind, [*unread_records(terminal, kind, body, at), *(one for one in waiting if one.position not in torn)]
    named = any(each.reason == NAMED_FIELDS for each in decoded.undecodable)
    return "attlog/key=value" if named else "", waiting


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
