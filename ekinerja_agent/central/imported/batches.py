"""Imported files as batches of facts: stored, superseded by newer rows of the same key, taken back by a revocation.

Nothing is ever changed or deleted: of each key the newest row stands whose batch counts. One that moves what somebody
is paid in a unit that was closed before waits, where there is a second person, until that one approves it. Checks no
rule of a kind; the rows that arrive here are already typed as the columns of `store/tables/`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    Text,
    case,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
)

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account, account_of, another_may
from ekinerja_agent.central.collected.doubts import held
from ekinerja_agent.central.collected.inbox import insert_coverage, insert_punches, insert_quarantined, punch_days
from ekinerja_agent.central.collected.set_apart import find
from ekinerja_agent.central.imported import doubtful_punches, pay_moves
from ekinerja_agent.central.imported.decisions import with_decisions
from ekinerja_agent.central.imported.pay_moves import Change
from ekinerja_agent.central.kinds import FACT_KINDS, PUNCH_KINDS, QUARANTINE, fact_kind
from ekinerja_agent.central.marks import changed_days, whom_it_touches
from ekinerja_agent.central.store.autonumber import insert_numbered
from ekinerja_agent.central.store.bulk import insert_rows
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.engine import in_transaction, reading, wait_turn, wait_turn_of
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.columns import MessageText
from ekinerja_agent.central.store.tables.imported import (
    batch_decisions,
    enrolments,
    held_batches,
    import_batches,
    import_revocations,
    revocation_requests,
)
from ekinerja_agent.central.store.tables.recorded import apart_settled, punches, set_apart
from ekinerja_agent.central.versions import counting, current, fact_table
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import EVERY_TERMINAL, Punch, Quarantined
from ekinerja_agent.nouns.statuses import BatchStatus, EntryStatus

_KEYS_AT_ONCE = 5_000
_REVOCATION_LOCK = 0x7265766F
_FILE_LOCK = 0x66696C65
"""One file judged and stored at a time."""


@dataclass(frozen=True, slots=True)
class BatchReceipt:
    """What an import did. `stored` rows are new to central; `new_versions` of them replace an earlier row of their key.

    `unchanged` rows say what already stood. `quarantined` punch lines wait for a person. `waits`: the batch counts for
    nothing until another person approved it. `doubtful` are records of a file that no punches are until then.
    """

    batch: int
    stored: int
    unchanged: int
    new_versions: int
    quarantined: int = 0
    waits: bool = False
    doubtful: int = 0


def wait_turn_of_kind(conn: Connection, kind: str, nips: Iterable[str] | None) -> None:
    """Given a kind and the people of some of its rows (None: anybody), wait until nobody else judges what may
    contradict such rows, or decides on them: what is read from now on stands when the rows are stored.
    """
    turn = fact_kind(kind).turn
    if turn is not None and turn.of_one_person:
        wait_turn_of(conn, turn.lock, nips)
        return
    wait_turn(conn, _FILE_LOCK)
    if turn is not None:
        wait_turn(conn, turn.lock)


def store_batch(
    conn: Connection,
    account_id: int,
    kind: str,
    file_name: str,
    digest: str,
    rows: Sequence[Mapping[str, Any]],
    rejected: int,
    now: datetime,
) -> BatchReceipt:
    """Given the typed rows of a file, keep them with the audit row, in the caller's transaction: the one in which they
    were judged, after `wait_turn_of_kind`.

    A row holds the columns of the kind's table, and `row`, its number in the file. A row equal to the one that stands
    is not stored again. `rejected` counts the rows whose status says so.
    """
    table = fact_table(kind)
    columns = [c.name for c in table.c if c.name not in ("id", "batch", "row") and not isinstance(c.type, MessageText)]
    batch = new_batch(conn, account_id, kind, file_name, digest, len(rows), rejected, now)
    changes, beside = _fresh(conn, table, columns, rows)
    account = _account(conn, account_id)
    moves = pay_moves.move_pay(conn, kind, changes, beside, _today(now))
    waits = moves and another_may(conn, account, Deed.DECIDE_IMPORT)
    if waits:  # before its rows: never is there a moment in which they count
        conn.execute(insert(held_batches).values(batch=batch, held_at=now))
    insert_rows(
        conn,
        table,
        ["batch", "row", *columns],
        [(batch, change.row["row"], *map(change.row.get, columns)) for change in changes],
    )
    replaced = [change.before for change in changes if change.before is not None]
    if not waits:
        fresh = [change.row for change in changes]
        marks = whom_it_touches.by_rows(kind, [*fresh, *replaced], beside)
        changed_days.mark_subjects(conn, marks, _today(now))
    details = {
        "kind": kind,
        "file": file_name,
        "digest": digest,
        "stored": len(changes),
        "rejected": rejected,
        **pay_moves.audit_details(kind, changes),
        **({"waits": True} if waits else {"alone": True} if moves else {}),
    }
    audit.append(conn, account.name, "import", f"batch {batch}", details, now)
    return BatchReceipt(
        batch=batch,
        stored=len(changes),
        unchanged=len(rows) - len(changes),
        new_versions=len(replaced),
        waits=waits,
    )


def store_punch_batch(
    engine: Engine,
    account_id: int,
    kind: str,
    file_name: str,
    digest: str,
    arriving: Iterable[Punch],
    quarantined: Sequence[Quarantined],
    coverage: Sequence[Coverage],
    now: datetime,
) -> BatchReceipt:
    """Given the punches of a file, keep each with this batch as a witness, and what the file proves to be complete.

    `stored` counts punches that no other standing witness had. The same file again adds a witness, so that either batch
    may be taken back without losing a punch. A punch that central can never hold is quarantined, and its terminal gets
    no coverage from this file. One that contradicts a log which a collector proved whole waits for another person.
    """
    named = {punch.punch_id: punch for punch in arriving}

    def work(conn: Connection) -> BatchReceipt:
        waiting = held(conn, named)
        known = _known_punches(conn, list(named)) | waiting
        account = _account(conn, account_id)
        fresh = {name: punch for name, punch in named.items() if name not in known}
        against = doubtful_punches.contradicting(conn, fresh)
        alone = bool(against) and not another_may(conn, account, Deed.DECIDE_DOUBT)
        doubtful = {} if alone else {name: fresh[name] for name in sorted(against)}
        total = len(named) + len(quarantined)
        batch = new_batch(conn, account_id, kind, file_name, digest, total, len(quarantined), now)
        taken = {name: punch for name, punch in named.items() if name not in doubtful.keys() | waiting}
        _, refused = insert_punches(conn, taken, batch, now)
        refused |= doubtful_punches.keep(conn, doubtful, batch, account_id, now)
        lost = [_quarantined(named[name], reason, now) for name, reason in refused.items()]
        insert_quarantined(conn, [*quarantined, *lost], batch)
        with_holes = {record.terminal for record in lost}
        insert_coverage(conn, [c for c in coverage if c.terminal not in with_holes], batch)
        changed_days.mark(conn, punch_days(named.values()))
        for stretch in coverage:
            span = (
                None if stretch.start is None else stretch.start.date(),
                stretch.end.date() + timedelta(days=1),
            )
            changed_days.mark_spans(conn, [span], _today(now), stretch.terminal)
        stored = len(taken.keys() - known - refused.keys())
        details = {
            "kind": kind,
            "file": file_name,
            "digest": digest,
            "stored": stored,
            **doubtful_punches.for_audit(conn, fresh),
            **({"doubtful": len(against)} if against else {}),
            **({"alone": True} if alone else {}),
        }
        audit.append(conn, account.name, "import", f"batch {batch}", details, now)
        return BatchReceipt(
            batch=batch,
            stored=stored,
            unchanged=len(taken) + len(waiting) - stored - len(refused.keys() & taken.keys()),
            new_versions=0,
            quarantined=len(quarantined) + len(lost),
            doubtful=len(doubtful.keys() - refused.keys()),
        )

    return in_transaction(engine, work)


def list_batches(engine: Engine) -> list[dict[str, Any]]:
    """Given the database, return what came in, newest first, what counts of it, what was taken back, and who asked for
    that.
    """
    importer, revoker, decider = accounts.alias(), accounts.alias(), accounts.alias()
    b, r, h, d = import_batches, import_revocations, held_batches, batch_decisions
    status = case(
        (r.c.batch.is_not(None), literal(BatchStatus.REVOKED, Text)),
        (or_(h.c.batch.is_(None), d.c.approved), literal(BatchStatus.COUNTS, Text)),
        (d.c.batch.is_(None), literal(BatchStatus.WAITING, Text)),
        else_=literal(BatchStatus.REJECTED, Text),
    )
    query = (
        select(
            b.c.id.label("batch"),
            b.c.kind,
            b.c.file_name.label("file"),
            b.c.rows,
            b.c.rejected,
            b.c.digest,
            importer.c.name.label("imported_by"),
            b.c.imported_at,
            revoker.c.name.label("revoked_by"),
            r.c.revoked_at,
            func.coalesce(r.c.reason, d.c.reason).label("reason"),
            status.label("status"),
            decider.c.name.label("decided_by"),
            d.c.decided_at,
        )
        .select_from(b)
        .join(importer, importer.c.id == b.c.account_id)
        .outerjoin(r, r.c.batch == b.c.id)
        .outerjoin(revoker, revoker.c.id == r.c.account_id)
        .outerjoin(h, h.c.batch == b.c.id)
        .outerjoin(d, d.c.batch == b.c.id)
        .outerjoin(decider, decider.c.id == d.c.account_id)
        .order_by(b.c.id.desc())
    )
    with reading(engine) as conn:
        asked = _asked_by(conn)
        found = [dict(row) for row in conn.execute(query).mappings()]
    return [row | {"asked_by": list(asked.get(row["batch"], {}).values())} for row in found]


def revoke(engine: Engine, batch: int, account: Account, reason: str, now: datetime) -> bool:
    """Given a batch, take it back: its rows stand no more, the rows before them do again. A new fact, no deletion.

    Return False if that is only asked for yet: where another person may do it too, two of them take a batch back.
    Raise WrongUsage if there is no such batch or no reason, Refused if it was taken back before, or if two approved
    activities of a person would stand at one time.
    """
    if not reason.strip():
        raise WrongUsage(Message("taking a batch back needs a reason"))

    def work(conn: Connection) -> bool:
        wait_turn(conn, _REVOCATION_LOCK)
        found = conn.execute(select(import_batches).where(import_batches.c.id == batch)).one_or_none()
        if found is None:
            raise WrongUsage(Message("there is no import batch {batch}; import list shows them", batch=batch))
        if conn.scalar(select(exists().where(import_revocations.c.batch == batch))):
            raise Refused(
                Message("batch {batch} was taken back before; import the file again to bring it back", batch=batch)
            )
        asked_by = _asked_by(conn, revocation_requests.c.batch == batch).get(batch, {})
        others = [name for number, name in asked_by.items() if number != account.id]
        if not others and another_may(conn, account, Deed.REVOKE_IMPORT):
            if account.id not in asked_by:
                asking = insert(revocation_requests)
                conn.execute(asking.values(batch=batch, account_id=account.id, requested_at=now, reason=reason))
                audit.append(conn, account.name, "import.revoke-ask", f"batch {batch}", {"reason": reason}, now)
            return False
        if found.kind in FACT_KINDS:
            wait_turn_of_kind(conn, found.kind, None)
        conn.execute(
            insert(import_revocations).values(batch=batch, account_id=account.id, revoked_at=now, reason=reason)
        )
        if found.kind == "activities":
            _refuse_minutes_twice(conn, batch)
        mark_batch(conn, batch, found.kind, now)
        details = {"reason": reason, "asked_by": others}
        audit.append(conn, account.name, "import.revoke", f"batch {batch}", details, now)
        return True

    return in_transaction(engine, work)


def new_batch(
    conn: Connection,
    account_id: int,
    kind: str,
    file_name: str,
    digest: str,
    rows: int,
    rejected: int,
    now: datetime,
) -> int:
    """Given what came in and who brought it, inside a transaction, open a batch for its rows; return its number."""
    return insert_numbered(
        conn,
        import_batches,
        kind=kind,
        file_name=file_name,
        digest=digest,
        rows=rows,
        rejected=rejected,
        account_id=account_id,
        imported_at=now,
    )


def _fresh(
    conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> tuple[list[Change], Sequence[Mapping[str, Any]]]:
    """Of the rows of a file those that differ from what stands, and all rows that stood beside them."""
    key_of = _key_of(table)
    standing = _standing(conn, table, rows)
    beside: Sequence[Mapping[str, Any]] = list(standing.values())
    changes: list[Change] = []
    for row in rows:
        key = key_of(row)
        before = standing.get(key)
        if before is not None and all(before.get(name) == row.get(name) for name in columns):
            continue
        standing[key] = row
        changes.append(Change(row, before))
    return changes, beside


def _key_of(table: Table) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    keys = fact_kind(table.name).key
    return lambda row: tuple(map(row.get, keys))


def _standing(
    conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    """The rows that stand and may be replaced by these, or be touched by them."""
    key_of = _key_of(table)
    looked_up = fact_kind(table.name).looked_up_by
    standing: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    if not conn.scalar(select(exists().where(table.c.id > 0))):
        return standing
    terminals = {row["terminal"] for row in rows} if table is enrolments else ()
    for part in chunks(sorted({row[looked_up] for row in rows}), _KEYS_AT_ONCE):
        query = current(table, table.c[looked_up].in_(part), *_on_terminals(table, terminals))
        for row in with_decisions(conn, table.name, query):
            standing[key_of(row)] = row
    return standing


def _on_terminals(table: Table, terminals: Collection[str] | Select[Any]) -> Sequence[ColumnElement[bool]]:
    """On another terminal the PIN of an enrolment is another person's: no row of it is asked for."""
    if table is not enrolments:
        return ()
    return (or_(table.c.terminal == EVERY_TERMINAL, table.c.terminal.in_(terminals)),)


def _asked_by(conn: Connection, *conditions: ColumnElement[bool]) -> dict[int, dict[int, str]]:
    """Who asked for batches to be taken back: by batch the names by account, the first one first."""
    q = revocation_requests.c
    query = select(q.batch, q.account_id, accounts.c.name).join(accounts, accounts.c.id == q.account_id)
    asked: dict[int, dict[int, str]] = {}
    for row in conn.execute(query.where(*conditions).order_by(q.requested_at)):
        asked.setdefault(row.batch, {})[row.account_id] = row.name
    return asked


def _known_punches(conn: Connection, names: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for part in chunks(names, _KEYS_AT_ONCE):
        query = select(punches.c.punch_id).where(punches.c.punch_id.in_(part), counting(punches))
        known.update(conn.scalars(query))
    return known


def _quarantined(punch: Punch, reason: Message, now: datetime) -> Quarantined:
    return Quarantined(
        terminal=punch.terminal,
        source=punch.source,
        position=-1,
        raw=punch.raw,
        reason=reason,
        found_at=now,
    )


def _refuse_minutes_twice(conn: Connection, batch: int) -> None:
    """An older version that stands again may lie where another activity was approved since."""
    table = fact_table("activities")
    back = set(conn.scalars(select(table.c.activity_id).where(table.c.batch == batch)))
    nips = set(conn.scalars(select(table.c.nip).where(table.c.batch == batch)))
    for part in chunks(sorted(nips), _KEYS_AT_ONCE):
        theirs = select(table.c.activity_id).where(table.c.nip.in_(part))
        standing = with_decisions(conn, table.name, current(table, table.c.activity_id.in_(theirs)))
        approved: dict[tuple[str, date], list[dict[str, Any]]] = {}
        for row in standing:
            if row["status"] == EntryStatus.APPROVED:
                approved.setdefault((row["nip"], row["date"]), []).append(row)
        for (nip, day), rows in approved.items():
            for one, other in combinations(rows, 2):
                names = one["activity_id"], other["activity_id"]
                if one["start"] < other["end"] and other["start"] < one["end"] and not back.isdisjoint(names):
                    raise Refused(
                        Message(
                            "batch {batch} cannot be taken back: {one} and {other} of {nip} on {day} share time, "
                            "and both would be approved; a minute counts once",
                            batch=batch,
                            one=names[0],
                            other=names[1],
                            nip=nip,
                            day=day,
                        )
                    )


def mark_batch(conn: Connection, batch: int, kind: str, now: datetime) -> None:
    """Given a batch whose rows came to count, or count no more, mark the days of whom they and those before touch."""
    if kind == QUARANTINE:
        _mark_set_apart(conn, batch)
    if kind in (*PUNCH_KINDS, QUARANTINE):
        day = func.date(punches.c.clock).label("day")
        days = select(punches.c.terminal, day).where(punches.c.batch == batch).distinct()
        marked = {(row.terminal, _as_date(row.day)) for row in conn.execute(days)}
        changed_days.mark(conn, marked | {(terminal, day - timedelta(days=1)) for terminal, day in marked})
        return
    table = fact_table(kind)
    looked_up = table.c[fact_kind(kind).looked_up_by]
    same = looked_up.in_(select(looked_up).where(table.c.batch == batch))
    terminals = select(enrolments.c.terminal).where(enrolments.c.batch == batch)
    # An older version of a row may speak of other days, and stands again.
    beside = conn.execute(select(table).where(same, *_on_terminals(table, terminals))).mappings()
    rows: list[Mapping[str, Any]] = [dict(row) for row in beside]
    keys = fact_kind(kind).key
    gone = {tuple(row[name] for name in keys) for row in rows if row["batch"] == batch}
    changed = [row for row in rows if tuple(row[name] for name in keys) in gone]
    changed_days.mark_subjects(conn, whom_it_touches.by_revocation(kind, changed, rows), _today(now))


def _mark_set_apart(conn: Connection, batch: int) -> None:
    s, a = set_apart.c, apart_settled.c
    settled = find(conn, s.id.in_(select(a.apart).where(a.batch == batch)))
    changed_days.mark(conn, punch_days([each.punch for each in settled if each.punch is not None]))


def _account(conn: Connection, account_id: int) -> Account:
    row = conn.execute(select(accounts).where(accounts.c.id == account_id)).mappings().one_or_none()
    if row is None:
        raise WrongUsage(Message("there is no account number {number}", number=account_id))
    return account_of(row)


def _today(now: datetime) -> date:
    """The latest day that anybody's calendar shows at this instant."""
    return now.date() + timedelta(days=1)


def _as_date(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
