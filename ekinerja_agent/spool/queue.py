"""Durable local queue of punches: what was added is on disk, at least once, and no id is ever forgotten.

Does not know what central is, nor what a terminal is. One SQLite file serves several processes and threads at once. The
file is never deleted or overwritten here, whatever state it is in.

What coverage may claim. A coverage note says "all records of this stretch are in central", so it leaves only behind all
punches added before it, and it stays as long as a punch that it vouches for is rejected. That punch was read after the
coverage before it was proven and before the first coverage behind it, hence it lies within that first one, or, if it
was made after the read had begun that brought it, within the next: these two, and every other that overlaps one of
them, are held back. Coverage of other stretches goes on.
"""

from __future__ import annotations

import secrets
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from ekinerja_agent.files.plain import require_plain
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.delivery import Delivery, Note, Receipt
from ekinerja_agent.nouns.errors import NeedsAttention, TemporarilyUnavailable
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.messages import Message, pack, unpack
from ekinerja_agent.nouns.punch import Contradiction, Punch, Quarantined, punch_name
from ekinerja_agent.spool import note_queue, pushes
from ekinerja_agent.spool.memory import TerminalMemory, read_memory, read_serials, write_memory
from ekinerja_agent.spool.note_queue import add_note, free_notes, next_call
from ekinerja_agent.spool.notes import encode_note, quarantine_key
from ekinerja_agent.spool.other_records import add_others, count_others
from ekinerja_agent.spool.push_trust import PushTrust, forget_trust, read_trust, write_trust
from ekinerja_agent.spool.pushes import PushMemory, PushRequest, RequestKind
from ekinerja_agent.spool.results import Added, RejectedPunch, SpoolCounts
from ekinerja_agent.spool.rows import COLUMNS, doubt_of, punch_of
from ekinerja_agent.spool.schema import APPLICATION_ID, FIRST_SCHEMA, SCHEMA_VERSION, STEPS
from ekinerja_agent.spool.unread import UnreadUploads, read_unread, write_unread
from ekinerja_agent.spool.waiting_punches import insert_punches, last_seq, runs

BUSY_TIMEOUT_S = 30.0
_CACHE_KIB = 512
"""SQLite keeps what it once took."""

_AUDIT_HEAD = "audit/head"
"""What central told of its audit log, among what was told of slots and records."""
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

Key = tuple[str, datetime]
"""PIN and clock: what the occurrences of a punch have in common at one terminal."""


class Spool:
    """Given a path, open or create the spool there. Raise NeedsAttention if the file is damaged, newer or not ours.

    `read_only` looks at a spool that exists and changes nothing of it: an older one is then refused too.
    """

    def __init__(self, path: Path | str, now: Callable[[], datetime] = utc_now, *, read_only: bool = False) -> None:
        self.path = Path(path)
        self._now = now
        self._lock = threading.RLock()
        self._agent: str | None = None
        require_plain(self.path)
        with self._translated():
            place = f"{self.path.absolute().as_uri()}?mode=ro" if read_only else self.path
            self._db = sqlite3.connect(
                place, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, uri=read_only
            )
            try:
                if read_only:
                    self._look()
                else:
                    self._open()
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. What was added stays."""
        with self._lock:
            self._db.close()

    def known_counts(self, terminal: str, keys: Iterable[Key] | None = None) -> dict[Key, int]:
        """Given a terminal, return for each (PIN, clock) how many occurrences, from the first on, were ever added.

        With `keys` only those are looked up: a few are answered without reading the terminal's history. Settling does
        not lower a count. An occurrence that was added without the ones before it does not raise it.
        """
        counts: dict[Key, int] = {}
        query = "SELECT pin, clock, occurrence FROM seen WHERE terminal = ?"
        if keys is None:
            wanted: list[tuple[str, tuple[str, ...]]] = [(f"{query} ORDER BY clock, pin, occurrence", (terminal,))]
        else:
            one = f"{query} AND clock = ? AND pin = ? ORDER BY occurrence"
            wanted = [(one, (terminal, clock.isoformat(), pin)) for pin, clock in keys]
        parse = datetime.fromisoformat
        with self._translated(), self._lock:
            for statement, values in wanted:
                for pin, clock, occurrence in self._db.execute(statement, values):
                    key = (pin, parse(clock))
                    if occurrence == counts.get(key, 0) + 1:
                        counts[key] = occurrence
        return counts

    def delivered(self, terminal: str, before: datetime) -> set[str]:
        """Given a terminal and a clock (naive), return the names of its punches before it that central once took."""
        key = "SELECT pin, clock, occurrence FROM {} WHERE terminal = :terminal AND clock < :before"
        values = {"terminal": terminal, "before": before.isoformat()}
        with self._translated(), self._lock:
            rows = self._db.execute(f"{key.format('seen')} EXCEPT {key.format('queue')}", values)
            return {punch_name(terminal, pin, clock, occurrence) for pin, clock, occurrence in rows}

    def add(
        self,
        punches: Iterable[Punch],
        notes: Iterable[Note] = (),
        *,
        memory: TerminalMemory | None = None,
        push: PushMemory | None = None,
        unread: UnreadUploads | None = None,
        trust: PushTrust | None = None,
        doubtful: Sequence[tuple[Punch, Contradiction]] = (),
        others: Iterable[str] = (),
    ) -> Added:
        """Given punches in log order, records that contradict what is proven (`doubtful`), the notes behind them and
        what is remembered of the terminal's reads (`memory`), uploads (`push`), uploads that nobody could read
        (`unread`) or word (`trust`), keep all or nothing of it. `others` names records that are no punches, of the
        terminal of `trust`.

        It is on disk when this returns. A punch whose identity was ever added is a duplicate and ignored. A quarantined
        record and a slot's owner that were already told are not told again; of terminal statuses only the newest waits.
        `punches` may be a generator; it is consumed within the transaction, so it should not wait for a network.
        Raise TemporarilyUnavailable if the disk is full or the file is locked.
        """
        added_s = int(self._now().timestamp())
        with self._writing() as db:
            new, offered = insert_punches(db, punches, added_s, doubtful)
            last = last_seq(db)
            call = next_call(db)
            for note in notes:
                add_note(db, note, call, last)
            if memory is not None:
                write_memory(db, memory)
            if push is not None:
                pushes.write_push(db, push)
            if unread is not None:
                write_unread(db, unread)
            if trust is not None:
                write_trust(db, trust)
                add_others(db, trust.terminal, others)
        return Added(new=new, duplicate=offered - new)

    def untold(self, records: Iterable[Quarantined]) -> list[Quarantined]:
        """Given quarantined records, return those that were never kept here, each once."""
        by_key: dict[str, Quarantined] = {}
        for record in records:
            by_key.setdefault(quarantine_key(record), record)
        known = "SELECT 1 FROM told WHERE subject = ?"
        with self._reading() as db:
            return [record for key, record in by_key.items() if db.execute(known, (key,)).fetchone() is None]

    def quarantined(self) -> list[Quarantined]:
        """Return the quarantined records that wait for central, in the order in which they came."""
        with self._reading() as db:
            return note_queue.quarantined(db)

    def read_again(self, punches: Iterable[Punch], gone: Iterable[Quarantined], instead: Iterable[Quarantined]) -> int:
        """Given punches that were read from quarantined records, those records, and others that wait in their place,
        keep all or nothing of it; return how many punches are new. A record that has left meanwhile may leave twice.
        """
        added_s = int(self._now().timestamp())
        with self._writing() as db:
            new, _ = insert_punches(db, punches, added_s)
            last, call = last_seq(db), next_call(db)
            note_queue.replace_quarantined(db, gone, instead, call, last)
        return new

    def audit_head(self) -> tuple[str, datetime] | None:
        """Return the end of central's audit log when this queue last delivered, and that instant; None: never noted."""
        with self._reading() as db:
            found = db.execute("SELECT value FROM told WHERE subject = ?", (_AUDIT_HEAD,)).fetchone()
        if found is None:
            return None
        end, at = found[0].split(" ")
        return end, datetime.fromisoformat(at)

    def note_audit_head(self, end: str) -> None:
        """Given the end of central's audit log, keep it in place of the one before."""
        with self._writing() as db:
            db.execute("INSERT OR REPLACE INTO told VALUES (?, ?)", (_AUDIT_HEAD, f"{end} {self._now().isoformat()}"))

    def waiting(self, limit: int) -> Delivery:
        """Given the most punches (and the most notes) wanted, return the oldest that wait, and the notes they free;
        fewer notes where these are long.
        """
        with self._reading() as db:
            seqs: list[int] = []
            punches: list[Punch] = []
            doubts: dict[str, Contradiction] = {}
            oldest = f"SELECT {COLUMNS}, doubt, seq FROM queue WHERE reason IS NULL ORDER BY seq LIMIT ?"
            for row in db.execute(oldest, (limit,)):
                seqs.append(row[-1])
                punches.append(punch_of(row))
                if row[-2] is not None:
                    doubts[punches[-1].punch_id] = doubt_of(row[-2])
            last = seqs[-1] if len(seqs) == limit else last_seq(db)
            return Delivery(tuple(punches), tuple(free_notes(db, last, limit)), tuple(seqs), doubts)

    def settle(self, delivery: Delivery, receipt: Receipt) -> None:
        """Given a delivery of this spool and its receipt, let go what is durable in central and mark what it rejected.

        Punches in neither list stay waiting. Notes leave, except those that central wants again and coverage of a
        terminal of which a punch was not accepted. Settling the same delivery again changes nothing.
        """
        accepted, rejected = set(receipt.accepted), receipt.rejected
        seqs = list(zip(delivery.ids, delivery.seqs, strict=True))
        gone = runs([seq for name, seq in seqs if name in accepted])
        refused = [(pack(rejected[name]), seq) for name, seq in seqs if name in rejected]
        doubtful = {p.terminal for name, p in zip(delivery.ids, delivery.punches, strict=True) if name not in accepted}
        told = [
            (encode_note(note),)
            for note in delivery.notes
            if not (isinstance(note, Coverage) and note.terminal in doubtful) and note not in receipt.kept
        ]
        with self._writing() as db:
            db.executemany("DELETE FROM queue WHERE seq BETWEEN ? AND ?", gone)
            db.executemany("UPDATE queue SET reason = ? WHERE seq = ?", refused)
            db.executemany("DELETE FROM notes WHERE body = ?", told)

    def state(self, terminal: str) -> TerminalMemory | None:
        """Given a terminal, return what was last remembered of it, or None."""
        with self._reading() as db:
            return read_memory(db, terminal)

    def pinned(self, serial: str | None = None) -> dict[str, str]:
        """Return the serials that reads pinned, by terminal; given a serial, only who has that one."""
        with self._reading() as db:
            return read_serials(db, serial)

    def remember(self, memory: TerminalMemory) -> None:
        """Given a terminal's memory, keep it in place of the earlier one. With punches, use `add(memory=...)`."""
        with self._writing() as db:
            write_memory(db, memory)

    def push_state(self, terminal: str) -> PushMemory | None:
        """Given a terminal, return what was last remembered of its uploads, or None."""
        with self._reading() as db:
            return pushes.read_push(db, terminal)

    def unread_uploads(self, terminal: str) -> UnreadUploads:
        """Given a terminal, return what is remembered of its uploads that nobody could read."""
        with self._reading() as db:
            return read_unread(db, terminal)

    def push_trust(self, terminal: str, serial: str) -> PushTrust:
        """Return what is remembered of a terminal's word; blank if nothing is, or if that was another serial's."""
        with self._reading() as db:
            return read_trust(db, terminal, serial)

    def held_between(self, terminal: str, since: datetime, until: datetime) -> int:
        """Return how many punches of a terminal were ever added, of the clocks (naive) from `since` to `until`."""
        between = "SELECT count(*) FROM seen WHERE terminal = ? AND clock BETWEEN ? AND ?"
        with self._reading() as db:
            (held,) = db.execute(between, (terminal, since.isoformat(), until.isoformat())).fetchone()
            return int(held)

    def held_in_all(self, terminal: str) -> int:
        """Return how many records of a terminal were ever added, those that are no punches included."""
        with self._reading() as db:
            (held,) = db.execute("SELECT count(*) FROM seen WHERE terminal = ?", (terminal,)).fetchone()
            return int(held) + count_others(db, terminal)

    def forget_push(self, terminal: str) -> None:
        """Given a terminal, forget its uploads, so that it is asked for everything when it next comes."""
        with self._writing() as db:
            pushes.forget_push(db, terminal)
            forget_trust(db, terminal)

    def ask(self, terminal: str, kind: RequestKind, *, by: str) -> int:
        """Keep what a person asks a pushing terminal for, until it answers; return the number of the request."""
        with self._writing() as db:
            return pushes.ask(db, terminal, kind, by, self._now())

    def push_requests(self, terminal: str | None = None) -> list[PushRequest]:
        """Return the requests that wait for a terminal, oldest first; without one, everything ever asked for."""
        with self._reading() as db:
            return pushes.all_requests(db) if terminal is None else pushes.waiting_requests(db, terminal)

    def sent(self, request: PushRequest) -> None:
        """Note that a request is handed to its terminal now."""
        with self._writing() as db:
            pushes.sent(db, request.number, self._now())

    def answered(self, terminal: str, number: int, returned: int) -> bool:
        """Note what a terminal answered to a request; return whether it was asked that and had not answered yet."""
        with self._writing() as db:
            return pushes.answered(db, terminal, number, returned, self._now())

    @property
    def agent(self) -> str:
        """The name of the agent that keeps its punches here: the host's name and a random part, made once for ever."""
        if self._agent is None:
            with self._writing() as db:
                new = f"{socket.gethostname()}-{secrets.token_hex(3)}"
                db.execute("INSERT INTO agent SELECT ? WHERE NOT EXISTS (SELECT 1 FROM agent)", (new,))
                (name,) = db.execute("SELECT name FROM agent").fetchone()
            self._agent = str(name)
        return self._agent

    @property
    def known_agent(self) -> str | None:
        """The same, without making one; None if nobody asked for it yet."""
        with self._reading() as db:
            row = db.execute("SELECT name FROM agent").fetchone()
        return None if row is None else str(row[0])

    def learn_owners(self, owners: Mapping[str, str]) -> None:
        """Given which agent owns each of some terminals, as central last told, remember it."""
        known = "SELECT agent FROM owners WHERE terminal = ?"
        with self._reading() as db:
            news = [each for each in owners.items() if db.execute(known, each[:1]).fetchone() != each[1:]]
        if news:
            with self._writing() as db:
                db.executemany("INSERT OR REPLACE INTO owners VALUES (?, ?)", news)

    def owned_elsewhere(self) -> dict[str, str]:
        """Return the other agents that owned terminals when central last told, by terminal."""
        mine = self.known_agent
        with self._reading() as db:
            return dict(db.execute("SELECT terminal, agent FROM owners WHERE agent IS NOT ?", (mine,)))

    def counts(self) -> SpoolCounts:
        """Return how much waits, how much was rejected and since when the oldest waits."""
        with self._reading() as db:
            total, oldest = db.execute(
                "SELECT count(*), (SELECT added_s FROM queue WHERE reason IS NULL ORDER BY seq LIMIT 1) FROM queue"
            ).fetchone()
            (rejected,) = db.execute("SELECT count(*) FROM queue WHERE reason IS NOT NULL").fetchone()
            (notes,) = db.execute("SELECT count(*) FROM notes").fetchone()
        return SpoolCounts(
            waiting=total - rejected,
            rejected=rejected,
            notes=notes,
            oldest_added_at=None if oldest is None else datetime.fromtimestamp(oldest, UTC),
        )

    def rejected(self, limit: int) -> tuple[RejectedPunch, ...]:
        """Given the most that are wanted, return the oldest rejected punches with central's reasons."""
        with self._translated(), self._lock:
            rows = self._db.execute(
                f"SELECT {COLUMNS}, reason FROM queue WHERE reason IS NOT NULL ORDER BY seq LIMIT ?",
                (limit,),
            ).fetchall()
        return tuple(RejectedPunch(punch=punch_of(row), reason=unpack(row[-1])) for row in rows)

    def retry(self) -> int:
        """Put every rejected punch back among the waiting, in its old place. Return how many."""
        with self._writing() as db:
            return db.execute("UPDATE queue SET reason = NULL WHERE reason IS NOT NULL").rowcount

    def check(self) -> None:
        """Read the whole file. Raise NeedsAttention if it is damaged. Takes seconds per gigabyte."""
        with self._translated(), self._lock:
            (verdict,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise NeedsAttention(self._damaged(verdict))

    def _open(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables:
            self._refuse_another_program()  # before the journal's mode is written into its file
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        if version == 0:
            self._create()
        self._refuse_another_program()
        if version < SCHEMA_VERSION:
            version = self._upgrade()
        self._refuse_newer(version)

    def _look(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        self._refuse_another_program()
        self._refuse_newer(version)
        if version < SCHEMA_VERSION:
            raise NeedsAttention(
                Message(
                    "{path} has schema version {version}, this program needs {schema_version}; restart the service, "
                    "which takes it along",
                    path=self.path,
                    version=version,
                    schema_version=SCHEMA_VERSION,
                )
            )

    def _refuse_another_program(self) -> None:
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION_ID:
            raise NeedsAttention(
                Message(
                    "{path} is a database of another program; point state_dir in agent.yaml to a directory of its own",
                    path=self.path,
                )
            )

    def _refuse_newer(self, version: int) -> None:
        if version > SCHEMA_VERSION:
            raise NeedsAttention(
                Message(
                    "{path} has schema version {version}, this program knows {schema_version}: a newer version of "
                    "ekinerja-agent wrote it; run that version again, the file was not touched",
                    path=self.path,
                    version=version,
                    schema_version=SCHEMA_VERSION,
                )
            )

    def _create(self) -> None:
        with self._writing() as db:
            # Another process may have created the tables while this one waited for the lock.
            if db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                for statement in FIRST_SCHEMA:
                    db.execute(statement)

    def _upgrade(self) -> int:
        with self._writing() as db:
            # Another process may have taken some of the steps while this one waited for the lock.
            (version,) = db.execute("PRAGMA user_version").fetchone()
            for step in range(version, SCHEMA_VERSION):
                for statement in STEPS[step]:
                    db.execute(statement)
            version = max(int(version), SCHEMA_VERSION)
            db.execute(f"PRAGMA user_version = {version}")
            return version

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._transaction("BEGIN IMMEDIATE") as db:
            yield db

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._transaction("BEGIN") as db:
            yield db

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._translated(), self._lock:
            self._db.execute(begin)
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise TemporarilyUnavailable(
                Message(
                    "the spool {path} cannot be used now: {error}; free the disk or wait for the other process, "
                    "then run the command again",
                    path=self.path,
                    error=error,
                )
            ) from error
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in _DAMAGE:
                raise
            raise NeedsAttention(self._damaged(str(error))) from error

    def _damaged(self, found: str) -> Message:
        return Message(
            "the spool {path} is damaged: {found}. It was left as it is. Stop the service, keep the file (and its "
            "-wal) under another name, and start again: every terminal is then read in full, so nothing that the "
            "terminals still hold is lost",
            path=self.path,
            found=found,
        )
