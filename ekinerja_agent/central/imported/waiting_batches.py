"""Batches that move what somebody is paid: which wait for another person, and what that person decides.

A decision is made once, of the whole batch, never by who brought it or is paid by it, and the database itself holds
that. Rejected rows stay. Does not know whose money a batch moves by how much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, exists, insert, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account, require
from ekinerja_agent.central.imported import pay_moves, set_apart
from ekinerja_agent.central.imported.batches import mark_batch, wait_turn_of_kind
from ekinerja_agent.central.kinds import QUARANTINE, fact_kind
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.imported import (
    batch_decisions,
    held_batches,
    import_batches,
    import_revocations,
)
from ekinerja_agent.central.versions import counting
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message


@dataclass(frozen=True, slots=True)
class HeldBatch:
    """A batch that waits for another person."""

    batch: int
    kind: str
    file: str
    rows: int
    imported_by: str
    imported_at: datetime
    account_id: int


def waiting(conn: Connection) -> list[HeldBatch]:
    """Given a connection, return the batches that wait for another person, oldest first."""
    return [HeldBatch(**row) for row in conn.execute(_waiting().order_by(import_batches.c.id)).mappings()]


def of_database(engine: Engine) -> list[HeldBatch]:
    """Given the database, return what `waiting` does."""
    with reading(engine) as conn:
        return waiting(conn)


def find(conn: Connection, batch: int) -> HeldBatch:
    """Given the number of a batch that waits, return it. Raise WrongUsage if there is no such batch, Refused if it does
    not wait.
    """
    row = conn.execute(_waiting().where(import_batches.c.id == batch)).mappings().one_or_none()
    if row is not None:
        return HeldBatch(**row)
    if not conn.scalar(select(exists().where(import_batches.c.id == batch))):
        raise WrongUsage(Message("there is no import batch {batch}; import list shows them", batch=batch))
    raise Refused(
        Message("batch {batch} does not wait for a decision; import waiting lists those that do", batch=batch)
    )


def rows_of(conn: Connection, one: HeldBatch) -> list[dict[str, Any]]:
    """Given a batch, return its rows: the columns of its kind, and `row`, the number in the file."""
    if one.kind == QUARANTINE:
        return set_apart.listed(conn, one.batch)
    table = fact_kind(one.kind).table
    names = [column.name for column in fact_kind(one.kind).file_columns]
    query = select(table.c.row, *(table.c[name] for name in names)).where(table.c.batch == one.batch)
    return [dict(row) for row in conn.execute(query.order_by(table.c.id)).mappings()]


def changes_of(conn: Connection, one: HeldBatch) -> tuple[list[pay_moves.Change], list[dict[str, Any]]]:
    """Given a batch that waits, return its rows with those that stand in their place now, and all rows that stand
    beside them: what a mark is made of.
    """
    if one.kind == QUARANTINE:
        return [pay_moves.Change(row, None) for row in rows_of(conn, one)], []
    kind = fact_kind(one.kind)
    table, looked_up = kind.table, kind.looked_up_by
    same = table.c[looked_up].in_(select(table.c[looked_up]).where(table.c.batch == one.batch))
    versions = conn.execute(select(table).where(same, counting(table)).order_by(table.c.batch, table.c.id)).mappings()
    standing = {tuple(row[name] for name in kind.key): dict(row) for row in versions}
    rows = rows_of(conn, one)
    changes = [pay_moves.Change(row, standing.get(tuple(row[name] for name in kind.key))) for row in rows]
    return changes, list(standing.values())


def decide(
    conn: Connection,
    one: HeldBatch,
    *,
    approved: bool,
    reason: str | None,
    account: Account,
    sheet: Mapping[str, Any],
    now: datetime,
) -> None:
    """Given a batch that waits, on a connection that waited for its turn (`wait_to_decide`), keep the decision, and let
    an approved batch count. `sheet` is what the account was shown, for the audit log.

    Raise Refused if the account may not decide on it. Who brought it may reject it, that is take it back.
    """
    require(account, Deed.DECIDE_IMPORT)
    if approved and account.id == one.account_id:
        raise Refused(
            Message(
                "{account} imported batch {batch}; another person who may decide on money approves it",
                account=account.name,
                batch=one.batch,
            )
        )
    changes, _ = changes_of(conn, one)
    if account.nip is not None and any(account.nip == change.row.get("nip") for change in changes):
        raise Refused(
            Message(
                "batch {batch} is about {account}, too; another person decides on it",
                batch=one.batch,
                account=account.name,
            )
        )
    decision = {"approved": approved, "reason": reason, "account_id": account.id, "decided_at": now}
    conn.execute(insert(batch_decisions).values(batch=one.batch, **decision))
    if approved and one.kind == QUARANTINE:
        set_apart.take_effect(conn, one.batch, now)
    elif approved:
        mark_batch(conn, one.batch, one.kind, now)
    details = {
        "kind": one.kind,
        "imported_by": one.imported_by,
        "reason": reason,
        **({} if one.kind == QUARANTINE else pay_moves.audit_details(one.kind, changes)),
        **({"sheet": dict(sheet)} if sheet else {}),
    }
    word = "import.approve" if approved else "import.reject"
    audit.append(conn, account.name, word, f"batch {one.batch}", details, now)


def wait_to_decide(conn: Connection, batch: int) -> HeldBatch:
    """Given the number of a batch that waits, on a writing connection, wait until nobody else stores or decides such
    rows, and return it as it is then. Raise as `find` does.
    """
    one = find(conn, batch)
    if one.kind == QUARANTINE:
        set_apart.wait_to_decide(conn)
    else:
        wait_turn_of_kind(conn, one.kind, None)
    return find(conn, batch)


def _waiting() -> Select[Any]:
    b, h, d = import_batches.c, held_batches.c, batch_decisions.c
    decided = exists().where(d.batch == h.batch)
    revoked = exists().where(import_revocations.c.batch == h.batch)
    return (
        select(
            *(b.id.label("batch"), b.kind, b.file_name.label("file"), b.rows, b.account_id, b.imported_at),
            accounts.c.name.label("imported_by"),
        )
        .select_from(held_batches)
        .join(import_batches, b.id == h.batch)
        .join(accounts, accounts.c.id == b.account_id)
        .where(~decided, ~revoked)
    )
