"""Takes what terminals push (ADMS) into the spool, and answers what they ask.

Promises that an upload is on disk when `receive` or `keep_unread` returns, that a terminal that is read as well counts
once, and that what is known to hold no punch is not kept. Does not know HTTP. Used by several threads; one terminal's
requests are taken one after the other. Reads of the same terminal may go on beside: they share no row of what is
remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.nouns.coverage import ClockReading, Coverage
from ekinerja_agent.nouns.delivery import Note
from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.punch import Source
from ekinerja_agent.nouns.terminal import OK
from ekinerja_agent.spool import PushMemory, PushRequest, PushTrust, RequestKind, Spool, UnreadUploads
from ekinerja_agent.terminals.identity import quarantine_holes, to_punches
from ekinerja_agent.terminals.push_access import names_fields
from ekinerja_agent.terminals.push_text import (
    ACCESS_COUNT,
    TRY_AGAIN_AFTER_S,
    DeviceFacts,
    access_lines,
    count_command,
    option_lines,
    parse_info,
    parse_options,
    parse_results,
    parse_table_count,
    parse_upload,
    whole_lines,
)
from ekinerja_agent.terminals.set_apart import set_apart
from ekinerja_agent.usecases.collecting.access_count import answered_all, names_of_others
from ekinerja_agent.usecases.collecting.push_desk import CONTACT_KEPT_EVERY, Desk, Table
from ekinerja_agent.usecases.collecting.push_doubts import (
    Arrival,
    corrected_by,
    is_ahead,
    is_turned_on,
    judge_upload,
    with_newest,
    with_proven,
)
from ekinerja_agent.usecases.collecting.push_proof import (
    Upload,
    begin_anew,
    brings_old,
    ends_fresh,
    noted,
    vouch_by_count,
    vouch_by_word,
)
from ekinerja_agent.usecases.collecting.push_state import ENCRYPTED, on_its_wall, state_after, unproven_since
from ekinerja_agent.usecases.collecting.push_trust import (
    NOTHING,
    Brought,
    answered,
    believes_word,
    foreign_between,
    foreign_name,
    is_bound,
    keeps_no_order,
    question,
    seen_from,
    with_foreign,
    with_old_line,
    without_foreign,
)
from ekinerja_agent.usecases.collecting.push_unread import sentence, unread_of_log, unread_records
from ekinerja_agent.yamlfile.scalars import IpNetwork

HEARD_WITHIN = CONTACT_KEPT_EVERY + 4 * timedelta(seconds=TRY_AGAIN_AFTER_S)
"""A terminal that is well is heard of sooner, by what the handshake tells it, even if some tries fail."""
ASK_AGAIN_AFTER = timedelta(minutes=5)
"""A command whose answer does not come was lost on its way."""
THREADS = 4
"""The spool takes one writer at a time; the others read and decode meanwhile."""
MOST_EVENTS = 2_000_000
"""Of so many lines with nobody in them the names are kept; behind them no count proves anything: a disk has an end."""
EVERYTHING = "0"
NO_OPERATIONS = "9999"
READ_AGAIN = "DATA QUERY tablename=transaction,fielddesc=*,filter=*"
"""What a terminal in access-control mode is told instead of CHECK."""
WORDS: dict[RequestKind, str] = {"reupload": "CHECK", "info": "INFO"}
"""What a person can tell a terminal to do: to look again what the server has, and to tell about itself."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What an upload brought: lines taken (to acknowledge), punches that are new, records that wait for a person.

    `no_room` tells that more of the latter came than may be kept of one terminal; the upload is not to be acknowledged.
    `brought` speaks for its stamp.
    """

    lines: int
    new: int
    quarantined: int
    no_room: bool = False
    brought: Brought = NOTHING


class Command(NamedTuple):
    """What a terminal is told to do, and the number under which it answers."""

    number: int
    text: str


class Receiver:
    """Given the spool and the terminals that push, serve them until `close`. `host_clock_trusted` tells whether this
    host's clock can vouch for a terminal's; `proxies` are those whose word on where a terminal is counts, `listed` all
    terminals of devices.yaml. Work is done in its `threads`.
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
        listed: Sequence[TerminalConfig] = (),
    ) -> None:
        self.by_serial = {each.serial: each for each in terminals if each.push and each.enabled and each.serial}
        self.most_body_bytes = most_body_bytes
        self.proxies = tuple(proxies)
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="push")
        self._spool = spool
        self._desk = Desk(
            spool,
            self.by_serial.values(),
            tolerance_s=tolerance_s,
            host_clock_trusted=host_clock_trusted,
            listed=listed,
        )

    def close(self) -> None:
        """Let begun work end, and take no more; the spool may be closed then."""
        self.threads.shutdown(wait=True)

    def options(self, terminal: TerminalConfig, at: datetime, source: str | None = None) -> str:
        """Given a terminal that asks what to send, return the answer: everything at first contact, then what is new.
        Who asks from another address than the one its serial is bound to is told of nothing that was sent.

        Raise OwnedElsewhere if another agent has the terminal.
        """
        self._desk.require_mine(terminal)
        with self._desk.locks[terminal.id]:
            trust = self._desk.trust(terminal, source, at)
            if is_bound(trust, source):
                memory = self._greeted(terminal, trust, at)
            else:
                memory = PushMemory(terminal.id, trust.serial)
                self._spool.add((), trust=trust)
        if trust.access:
            return access_lines(terminal.serial or "", registered=True)
        return option_lines(
            terminal.serial or "",
            attlog_stamp=memory.attlog_stamp or EVERYTHING,
            operlog_stamp=memory.operlog_stamp or NO_OPERATIONS,
            utc_offset=at.astimezone(terminal.timezone).utcoffset() or timedelta(0),
            most_body_bytes=self.most_body_bytes,
        )

    def is_of_access(self, terminal: TerminalConfig, at: datetime, *, access: bool, source: str | None = None) -> None:
        """Note by what a terminal sends in which mode it is; the newest sign from its own address wins."""
        with self._desk.locks[terminal.id]:
            trust = self._desk.trust(terminal, source, at)
            if trust.access != access and is_bound(trust, source):
                self._spool.add((), trust=replace(trust, access=access))

    def queried(self, terminal: TerminalConfig, number: int, source: str | None = None) -> None:
        """Note that the last packet of what a terminal was asked for has come; it may send no other answer."""
        trust = self._spool.push_trust(terminal.id, terminal.serial or "")
        if is_bound(trust, source):
            self._spool.answered(terminal.id, number, 0)

    def _greeted(self, terminal: TerminalConfig, trust: PushTrust, at: datetime) -> PushMemory:
        memory = self._desk.remembered(terminal, at)
        wanted = [each for each in self._spool.push_requests(terminal.id) if each.kind == "reupload"]
        if wanted or not memory.everything_asked:
            memory = begin_anew(memory)
            self._desk.forget_stamp(terminal)
            trust = replace(trust, day_only=False, told=None, held=None)
        memory = replace(memory, state=OK if memory.state == ENCRYPTED else memory.state)
        self._desk.keep(terminal, memory, at, trust=trust)
        for request in wanted:
            self._spool.answered(terminal.id, request.number, 0)
        return memory

    def receive(
        self,
        terminal: TerminalConfig,
        body: bytes,
        *,
        complete: bool,
        arrived_at: datetime,
        source: str | None = None,
    ) -> Stored:
        """Given an ATTLOG body, store it; when this returns it may be acknowledged, if it was complete.

        Of a body that was cut off the whole lines are stored, and vouch for nothing. Raise TemporarilyUnavailable or
        NeedsAttention if nothing can be stored now, OwnedElsewhere or Refused if this agent must not.
        """
        self._desk.require_mine(terminal)
        pushed = parse_upload(body if complete else whole_lines(body))
        decoded = pushed.decoded
        if not pushed.lines:
            self.contact(terminal, arrived_at, source=source)
            return Stored(0, 0, 0)
        with self._desk.locks[terminal.id]:
            trust, bound, memory = self._desk.sender(terminal, source, arrived_at)
            unread = self._desk.unread(terminal, memory)
            clock_rule, measured = self._desk.clock_rule(terminal, decoded, arrived_at)
            turned = measured is not None and is_turned_on(trust, memory, arrived_at)
            by_arrival, clock_rule = clock_rule, self._desk.rule_of_reads(terminal) if turned else clock_rule
            keys = {(record.pin, record.clock) for record in decoded.records}
            punches, waiting = to_punches(
                terminal.id,
                decoded,
                clock_rule=clock_rule,
                source=Source.PUSH,
                read_at=arrived_at,
                known=self._spool.known_counts(terminal.id, keys),
            )
            known = Arrival(
                trust, self._desk.reads(terminal), terminal.timezone, self._desk.tolerance, arrived_at, turned
            )
            new_at = [at for punch in punches if (at := punch.at) is not None]
            punches, doubtful = judge_upload(punches, known)
            doubtful = [(corrected_by(punch, by_arrival), doubt) for punch, doubt in doubtful]
            aside = {each.position for each in waiting}
            apart = set_apart(terminal.id, pushed.apart, clock_rule=clock_rule, read_at=arrived_at)
            # Whose moment is known holds that person's day in central; the others could lie anywhere.
            anywhere = [*waiting, *(each for each in apart if each.apart is None)]
            holes = [(hole.start, hole.end) for hole in quarantine_holes(decoded, anywhere, clock_rule=clock_rule)]
            # One that is ahead of its time becomes a punch later, and would count twice.
            unread_records = [*waiting]
            waiting += apart
            usable = [
                each for each in decoded.records if each.position not in aside and not is_ahead(each.clock, known)
            ]
            last = max([slot.position for slots in (decoded.records, decoded.undecodable) for slot in slots], default=0)
            upload = Upload(
                arrived_at=arrived_at,
                instants=[at for record in usable if (at := clock_rule.at(record.clock)) is not None],
                new=new_at,
                holes=holes,
                ends_usable=bool(usable) and usable[-1].position == last and measured is None,
                complete=complete,
            )
            kind, waiting = unread_of_log(terminal.id, decoded, waiting, body if complete else b"", arrived_at)
            unread, kept = self._desk.admitted(memory, unread, kind, waiting, arrived_at, bound=bound)
            tolerance = self._desk.tolerance
            covered: list[Coverage] = []
            others: Iterable[str] = ()
            if bound:
                trust, memory, covered = self._weighed(trust, memory, upload, measured, unread)
                doubted = {punch.at for punch, _ in doubtful}
                trust = with_newest(trust, (at for at in upload.instants if at not in doubted))
                trust = without_foreign(trust, (foreign_name(record) for record in usable))
                columns = any(not names_fields(record.raw) for record in usable)
                trust = replace(trust, access=trust.access and not columns, events=trust.events + len(pushed.events))
                others = names_of_others(pushed, unread_records) if trust.events < MOST_EVENTS else ()
            else:
                trust = with_foreign(trust, (f"{punch.clock_text}|{punch.pin}" for punch in punches))
            notes: list[Note] = [*(kept or ()), *covered]
            if measured is not None:
                notes.append(ClockReading(terminal.id, arrived_at, measured, trusted=True))
            # A clock that was ahead is told of until an upload shows it within the tolerance.
            ahead_s = 0 if measured is None and ends_fresh(upload, tolerance) else measured
            new = self._desk.keep(
                terminal, memory, arrived_at, punches, notes, ahead_s, unread, trust, doubtful=doubtful, others=others
            )
        newest = max((record.clock for record in usable), default=None)
        brought = Brought(pushed.lines if complete and usable else 0, new, newest, bound)
        return Stored(pushed.lines, new, quarantined=len(kept or ()), no_room=kept is None, brought=brought)

    def _weighed(
        self, trust: PushTrust, memory: PushMemory, upload: Upload, ahead_s: int | None, unread: UnreadUploads
    ) -> tuple[PushTrust, PushMemory, list[Coverage]]:
        """What is remembered after an upload of the terminal itself, and what that proves if its word is taken."""
        at, tolerance = upload.arrived_at, self._desk.tolerance
        if brings_old(memory, upload):
            trust = with_old_line(trust, at)
        memory = replace(noted(memory, upload), out_of_order=keeps_no_order(trust, at))
        covered: list[Coverage] = []
        if believes_word(trust, at):
            memory, covered = vouch_by_word(memory, upload, tolerance=tolerance, unread=unread.holes)
            trust = replace(trust, by_word_at=at if covered else trust.by_word_at)
            trust = with_proven(
                trust, ((each.start or each.end, each.end) for each in covered if each.kind == "proven")
            )
        if ends_fresh(upload, tolerance):
            trust = replace(trust, right_at=at)
        return trust, replace(memory, state=state_after(memory, upload, ahead_s, tolerance)), covered

    def keep_unread(
        self,
        terminal: TerminalConfig,
        kind: str,
        body: bytes,
        *,
        complete: bool,
        arrived_at: datetime,
        source: str | None = None,
    ) -> Stored:
        """Given the body of an upload that nobody here can read, and how to show its kind, keep it raw; when this
        returns it may be acknowledged, if it was complete. What was kept before is not kept twice.

        Raise TemporarilyUnavailable if no room is left for it, and as `receive` does.
        """
        self._desk.require_mine(terminal)
        records = unread_records(terminal.id, kind, body if complete else whole_lines(body), arrived_at)
        if not records:
            self.contact(terminal, arrived_at, source=source)
            return Stored(0, 0, 0)
        with self._desk.locks[terminal.id]:
            trust, bound, memory = self._desk.sender(terminal, source, arrived_at)
            unread = self._desk.unread(terminal, memory)
            unread, kept = self._desk.admitted(memory, unread, kind, records, arrived_at, bound=bound)
            self._desk.keep(terminal, memory, arrived_at, notes=kept or (), unread=unread, trust=trust)
        if kept is None:
            raise TemporarilyUnavailable(sentence(unread))
        return Stored(len(records), 0, quarantined=len(kept))

    def refused(self, terminal: TerminalConfig, at: datetime, source: str | None = None) -> None:
        """Note that an upload was refused that may hold punches: what comes next must not vouch for the time before.

        It goes to disk with what is kept next, and that is before anything vouches. What a stranger was refused is no
        punch that waits in the terminal.
        """
        if is_bound(self._spool.push_trust(terminal.id, terminal.serial or ""), source):
            self._desk.refused(terminal, at)

    def acknowledged(
        self,
        terminal: TerminalConfig,
        table: Table,
        stamp: str,
        brought: Brought = NOTHING,
        at: datetime | None = None,
    ) -> None:
        """Given an upload that is acknowledged now, the stamp behind it and what it brought, note that it need not come
        again, as far as the stamp speaks of nothing else.

        That an upload was longer than it said may show only when it is stored: its stamp must not be kept with it. It
        goes to disk with what is kept next; one that is lost makes a terminal send more, and that counts once.
        """
        with self._desk.locks[terminal.id]:
            self._desk.stamped(terminal, table, stamp, brought, at or utc_now())

    def contact(
        self, terminal: TerminalConfig, at: datetime, told: DeviceFacts | None = None, source: str | None = None
    ) -> None:
        """Note that a terminal was heard of, and what it told of itself; on disk once a minute, or where it is news."""
        with self._desk.locks[terminal.id]:
            known = self._spool.push_trust(terminal.id, terminal.serial or "")
            trust = seen_from(known, source, at)
            if not is_bound(trust, source):
                if known.other_source != source or at - (known.other_at or at) >= CONTACT_KEPT_EVERY:
                    self._spool.add((), trust=trust)
                return
            kept = self._spool.push_state(terminal.id)
            memory = self._desk.remembered(terminal, at, kept)
            if told is not None:
                memory = replace(
                    memory,
                    firmware=told.firmware or memory.firmware,
                    users=memory.users if told.users is None else told.users,
                    records=memory.records if told.records is None else told.records,
                )
            if kept is None or trust != known or self._is_news(memory, kept, at):
                self._desk.keep(terminal, memory, at, trust=trust)
            else:
                self._desk.heard_now(terminal, at)

    def _is_news(self, memory: PushMemory, kept: PushMemory, at: datetime) -> bool:
        """Whether what is remembered now is to be kept at once, and not with what is kept next."""
        if kept.contact_at is None or at - kept.contact_at >= CONTACT_KEPT_EVERY:
            return True
        return kept != replace(
            memory, contact_at=kept.contact_at, attlog_stamp=kept.attlog_stamp, operlog_stamp=kept.operlog_stamp
        )

    def described(
        self, terminal: TerminalConfig, at: datetime, *, info: str = "", options: bytes = b"", source: str | None = None
    ) -> None:
        """Given what a terminal says of itself with a poll (`info`) or as options, note the little that is of use."""
        self.contact(terminal, at, parse_info(info) if info else parse_options(options), source)

    def refuse_encryption(self, terminal: TerminalConfig, at: datetime, source: str | None = None) -> None:
        """Note that a terminal asked for encrypted uploads, for people to see."""
        with self._desk.locks[terminal.id]:
            trust, _, memory = self._desk.sender(terminal, source, at)
            self._desk.keep(terminal, replace(memory, state=ENCRYPTED), at, trust=trust)

    def next_command(self, terminal: TerminalConfig, at: datetime, source: str | None = None) -> Command | None:
        """Given a terminal that polls, return what it has to be told now: what a person asked it for, or to count its
        records; or None.
        """
        with self._desk.locks[terminal.id]:
            trust = self._desk.trust(terminal, source, at)
            memory = self._spool.push_state(terminal.id)
            for request in self._spool.push_requests(terminal.id) if is_bound(trust, source) else ():
                if request.sent_at is None or at - request.sent_at >= ASK_AGAIN_AFTER:
                    self._spool.sent(request)
                    again = trust.access and request.kind == "reupload"
                    return Command(request.number, READ_AGAIN if again else WORDS[request.kind])
            asked = question(
                trust,
                source,
                at,
                on_its_wall(terminal, at),
                unproven_since(terminal, memory),
                memory.contact_at if memory else None,
            )
            if asked is None or asked.asked_since is None or asked.asked_until is None:
                return None
            self._spool.add((), trust=asked)
            span = asked.asked_since, asked.asked_until
            return Command(asked.asked_number or 0, ACCESS_COUNT if asked.access else count_command(*span))

    def results(
        self, terminal: TerminalConfig, body: bytes, at: datetime, source: str | None = None
    ) -> list[PushRequest]:
        """Given the answers of a terminal to commands, note them; return the requests that are done by that.

        A terminal that agreed to look again what the server has is done when it asks for that.
        """
        trust = self._spool.push_trust(terminal.id, terminal.serial or "")
        waiting = {request.number: request for request in self._spool.push_requests(terminal.id)}
        done = []
        for result in parse_results(body):
            # In access-control mode the number comes by itself; this tells only that none will come.
            if result.number == trust.asked_number and not (trust.access and result.returned >= 0):
                self._counted(terminal, result.number, result.counted, at, source)
            request = waiting.get(result.number) if is_bound(trust, source) else None
            if request is None or (request.kind == "reupload" and result.returned >= 0 and not trust.access):
                continue
            if self._spool.answered(terminal.id, result.number, result.returned):
                done.append(replace(request, returned=result.returned))
        told = parse_options(body)
        self.contact(terminal, at, told if any(request.kind == "info" for request in done) else None, source)
        return done

    def counted_all(
        self, terminal: TerminalConfig, body: bytes, number: int, at: datetime, source: str | None = None
    ) -> bool:
        """Given what a terminal in access-control mode answers to the question how many records it has, weigh it;
        return whether it is such an answer.
        """
        count = parse_table_count(body)
        if count is None:
            return False
        self.contact(terminal, at, source=source)
        self._counted(terminal, number, count, at, source)
        return True

    def _counted(
        self, terminal: TerminalConfig, number: int, count: int | None, at: datetime, source: str | None
    ) -> None:
        """Weigh the count that a terminal gives of its own records against those that are held."""
        with self._desk.locks[terminal.id]:
            trust = self._desk.trust(terminal, source, at)
            since, until = trust.asked_since, trust.asked_until
            if since is None or until is None:
                return
            if trust.access:
                held = self._spool.held_in_all(terminal.id) - len(trust.foreign)
                answer = answered_all(trust, number, count, held, source, at)
            else:
                held = self._spool.held_between(terminal.id, since, until) - foreign_between(trust, since, until)
                answer = answered(trust, number, count, held, source, at)
            trust = answer.trust
            covered: list[Coverage] = []
            memory = self._desk.remembered(terminal, at, bound=is_bound(trust, source))
            if answer.since is not None and answer.until is not None and memory.state == OK and memory.everything_asked:
                start = answer.since.replace(tzinfo=terminal.timezone).astimezone(UTC)
                unread = self._desk.unread(terminal, memory).holes
                memory, covered = vouch_by_count(
                    memory, start, answer.until, tolerance=self._desk.tolerance, unread=unread
                )
                # What was not in its log when it counted was made later, wherever it had been silent.
                trust = with_proven(trust, [(start, max(start, answer.until - self._desk.tolerance))])
            self._desk.keep(terminal, memory, at, notes=covered, trust=trust)
