"""Notes that wait in the queue behind the punches they vouch for: coverage grows in place, and what was told once is no
news.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.delivery import Note
from ekinerja_agent.nouns.punch import Quarantined
from ekinerja_agent.nouns.terminal import SlotOwner, TerminalStatus
from ekinerja_agent.spool.notes import decode_note, encode_note, kind_of, quarantine_key

_NOTES_TEXT_AT_ONCE = 4 << 20
"""Letters of the notes of one delivery, the last one aside: one that holds a whole upload or log is millions long."""


def next_call(db: sqlite3.Connection) -> int:
    """The number of the call that brings notes now: it is behind those of all notes that ever waited."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'notes'").fetchone()
    return 1 if row is None else int(row[0]) + 1


def add_note(db: sqlite3.Connection, note: Note, call: int, last_seq: int) -> None:
    """Given a note, the number of the call that brings it and the last punch before it, let it wait if it is news."""
    if isinstance(note, SlotOwner) and not _tell(db, f"slot/{note.terminal}/{note.uid}", note.pin):
        return
    if isinstance(note, Quarantined) and not _tell(db, quarantine_key(note), note.found_at.isoformat(), once=True):
        return
    if isinstance(note, TerminalStatus):
        db.execute("DELETE FROM notes WHERE terminal = ? AND kind = ?", (note.terminal, kind_of(note)))
    if isinstance(note, Coverage) and _extend(db, note):
        return
    db.execute(
        "INSERT INTO notes (terminal, kind, call, after_seq, body) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (body) DO UPDATE SET after_seq = excluded.after_seq",
        (note.terminal, kind_of(note), call, last_seq, encode_note(note)),
    )


def quarantined(db: sqlite3.Connection) -> list[Quarantined]:
    """Return the quarantined records that wait, in the order in which they came."""
    rows = db.execute("SELECT body FROM notes WHERE kind = ? ORDER BY seq", (Quarantined.__name__,))
    return [note for (body,) in rows if isinstance(note := decode_note(body), Quarantined)]


def replace_quarantined(
    db: sqlite3.Connection, gone: Iterable[Quarantined], instead: Iterable[Quarantined], call: int, last_seq: int
) -> None:
    """Given quarantined records that wait no more and others in their place, let these wait, known or not: what is told
    of one of them now was not told before.
    """
    db.executemany("DELETE FROM notes WHERE body = ?", [(encode_note(note),) for note in gone])
    for note in instead:
        _tell(db, quarantine_key(note), note.found_at.isoformat())
        db.execute(
            "INSERT OR IGNORE INTO notes (terminal, kind, call, after_seq, body) VALUES (?, ?, ?, ?, ?)",
            (note.terminal, kind_of(note), call, last_seq, encode_note(note)),
        )


def _tell(db: sqlite3.Connection, subject: str, value: str, *, once: bool = False) -> bool:
    """Given what a note says of a subject, return whether that is news (`once`: whether the subject is)."""
    known = db.execute("SELECT value FROM told WHERE subject = ?", (subject,)).fetchone()
    if known is not None and (once or known == (value,)):
        return False
    db.execute("INSERT OR REPLACE INTO told VALUES (?, ?)", (subject, value))
    return True


def _extend(db: sqlite3.Connection, coverage: Coverage) -> bool:
    """Given coverage, lengthen the waiting one that it continues and return True, or return False.

    Months without central then cost one row per punch, not one per poll. Only where no punch of the terminal came in
    between and none is rejected: elsewhere the border is needed to hold back as little as possible. Silent stretches
    are never joined, their length has a meaning.
    """
    row = db.execute(
        "SELECT seq, after_seq, body FROM notes WHERE terminal = ? AND kind = ? ORDER BY call DESC, seq DESC LIMIT 1",
        (coverage.terminal, kind_of(coverage)),
    ).fetchone()
    if row is None or coverage.kind != "proven":
        return False
    seq, after_seq, body = row
    before = decode_note(body)
    if not isinstance(before, Coverage) or before.kind != "proven" or before.end != coverage.start:
        return False
    # Two questions, not one with OR: each has its index, and a queue of months is not searched at every poll.
    since = "SELECT 1 FROM queue WHERE seq > ? AND terminal = ? LIMIT 1"
    rejected = "SELECT 1 FROM queue WHERE terminal = ? AND reason IS NOT NULL LIMIT 1"
    if (
        db.execute(since, (after_seq, coverage.terminal)).fetchone()
        or db.execute(rejected, (coverage.terminal,)).fetchone()
    ):
        return False
    db.execute("DELETE FROM notes WHERE body = ?", (encode_note(replace(before, end=coverage.end)),))
    db.execute("UPDATE notes SET body = ? WHERE seq = ?", (encode_note(replace(before, end=coverage.end)), seq))
    return True


def free_notes(db: sqlite3.Connection, last_seq: int, limit: int) -> Iterator[Note]:
    """Notes, oldest first, whose punches all have a sequence up to `last_seq` and that no rejected punch holds back."""
    held, letters = _held(db), 0
    for after_seq, body in db.execute(
        "SELECT after_seq, body FROM notes WHERE after_seq <= ? ORDER BY seq", (last_seq,)
    ):
        note = decode_note(body)
        if isinstance(note, Coverage) and any(
            after_seq >= rejected_seq and _overlap(note, coverage)
            for rejected_seq, coverage in held.get(note.terminal, ())
        ):
            continue
        yield note
        limit -= 1
        letters += len(body)
        if limit <= 0 or letters >= _NOTES_TEXT_AT_ONCE:
            return


def _held(db: sqlite3.Connection) -> dict[str, list[tuple[int, Coverage]]]:
    """By terminal: sequence of a rejected punch, and the coverage of the two calls of which one vouches for it.

    Reads and uploads of one terminal interleave, so that the call that vouches may be a later one: the instants of the
    rejected punches themselves count as such a stretch too.
    """
    held: dict[str, list[tuple[int, Coverage]]] = {}
    kind = Coverage.__name__
    groups = db.execute(
        "SELECT terminal, min(seq), cover, min(at), max(at) FROM "
        "(SELECT q.terminal, q.seq, q.at, (SELECT min(call) FROM notes n "
        "WHERE n.terminal = q.terminal AND n.kind = ? AND n.after_seq >= q.seq) AS cover "
        "FROM queue q WHERE q.reason IS NOT NULL) WHERE cover IS NOT NULL GROUP BY terminal, cover",
        (kind,),
    ).fetchall()
    for terminal, rejected_seq, cover, first_at, last_at in groups:
        if first_at is not None:
            until = datetime.fromisoformat(last_at) + timedelta(seconds=1)
            its_own = Coverage(terminal, datetime.fromisoformat(first_at), until)
            held.setdefault(terminal, []).append((rejected_seq, its_own))
        query = (
            "SELECT body FROM notes WHERE terminal = :terminal AND kind = :kind AND call IN (:cover, "
            "(SELECT min(call) FROM notes WHERE terminal = :terminal AND kind = :kind AND call > :cover))"
        )
        for (body,) in db.execute(query, {"terminal": terminal, "kind": kind, "cover": cover}):
            note = decode_note(body)
            if isinstance(note, Coverage):
                held.setdefault(terminal, []).append((rejected_seq, note))
    return held


def _overlap(one: Coverage, other: Coverage) -> bool:
    return (one.start is None or one.start < other.end) and (other.start is None or other.start < one.end)
