"""Absences and outages that came without a decision that counts: which they are, and what somebody else decides.

A decision is a row of its own, made once, by another person than who brought the row and never about oneself. Does not
know what a document excuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    RowMapping,
    Table,
    case,
    exists,
    func,
    insert,
    select,
)

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.imported import organisation
from ekinerja_agent.central.imported.decisions import SYSTEM
from ekinerja_agent.central.kinds import DECISION_LOCK, Touches, fact_kind
from ekinerja_agent.central.marks import changed_days, whom_it_touches
from ekinerja_agent.central.store.engine import in_transaction, reading, wait_turn
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.columns import message_column, message_of
from ekinerja_agent.central.store.tables.imported import import_batches, import_revocations
from ekinerja_agent.central.versions import current, fact_table
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.status_words import status_word
from ekinerja_agent.nouns.statuses import EntryStatus


@dataclass(frozen=True, slots=True)
class Noun:
    """What is decided: its name in commands, and its import kind, of which the declaration tells where decisions stand,
    whom a row is about, and when; `deciding` is the deed of whoever decides.

    `shown` are the columns of the listing that only this noun has.
    """

    name: str
    kind: str
    deciding: Deed
    shown: tuple[str, ...]

    @property
    def decisions(self) -> Table:
        """Where decisions stand."""
        table = fact_kind(self.kind).decisions
        if table is None:
            raise ValueError(f"rows of {self.kind} are not decided")
        return table

    @property
    def subject(self) -> str:
        """The column that tells whom a row is about."""
        return str(self._touches.column)

    @property
    def starts(self) -> str:
        """The column of the first day or instant."""
        return self._touches.days.columns[0]

    @property
    def ends(self) -> str:
        """The column of the last day or instant."""
        return self._touches.days.columns[1]

    @property
    def _touches(self) -> Touches:
        touches = fact_kind(self.kind).touches
        if touches is None:
            raise ValueError(f"no score depends on rows of {self.kind}")
        return touches

    def reference(self, number: int) -> str:
        """Given a row's number, return the name by which people speak of it: `absence/7`."""
        return f"{self.name}/{number}"


ABSENCE: Final = Noun("absence", "absences", Deed.DECIDE_ABSENCE, ("kind", "from_time", "to_time"))
OUTAGE: Final = Noun("outage", "outages", Deed.DECIDE_OUTAGE, ("cause",))


def rows(engine: Engine, noun: Noun, *, subject: str | None = None, status: str | None = None) -> list[dict[str, Any]]:
    """Given a noun, return the rows that stand, newest first: the columns of its `list` command."""
    table = fact_table(noun.kind)
    standing = current(table, *(() if subject is None else (table.c[noun.subject] == subject,))).subquery()
    c, d = standing.c, noun.decisions.c
    importer, decider = accounts.alias(), accounts.alias()
    decided = d.status.is_not(None)
    by = case((decided, func.coalesce(decider.c.name, SYSTEM)), else_=c.decided_by)
    query = (
        select(
            c.id.label("number"),
            *(c[noun.subject], c[noun.starts].label("from"), c[noun.ends].label("to")),
            *(c[column] for column in noun.shown),
            *(c.document, c.requested_by, importer.c.name.label("entered_by")),
            func.coalesce(d.status, c.status).label("status"),
            *(by.label("decided_by"), _reason(noun).label("reason"), c.batch),
        )
        .select_from(_with_decision(noun, standing))
        .join(import_batches, import_batches.c.id == c.batch)
        .join(importer, importer.c.id == import_batches.c.account_id)
        .outerjoin(decider, decider.c.id == d.account_id)
        .order_by(c.id.desc())
    )
    with reading(engine) as conn:
        found = [dict(row) for row in conn.execute(query).mappings()]
    return [row for row in found if status in {None, row["status"]}]


def decide(
    engine: Engine,
    noun: Noun,
    number: int,
    *,
    approved: bool,
    reason: str | None,
    account: Account,
    now: datetime,
) -> RowMapping:
    """Given the number of a row that waits, keep the decision; return the row as it was before.

    Raise WrongUsage if there is no such row, Refused if it is decided, replaced or taken back, or if the account
    brought it, asked for it, is the person, or may not decide.
    """

    def work(conn: Connection) -> RowMapping:
        wait_turn(conn, DECISION_LOCK)
        row = _find(conn, noun, number)
        _refuse_settled(conn, noun, row)
        _require_decider(conn, noun, row, account)
        values = {
            "status": EntryStatus.APPROVED if approved else EntryStatus.REJECTED,
            "reason": reason,
            "account_id": account.id,
        }
        conn.execute(insert(noun.decisions).values({noun.name: number, "decided_at": now} | values))
        _mark(conn, noun, row, now)
        word = f"{noun.name}.{'approve' if approved else 'reject'}"
        details = {noun.subject: row[noun.subject], "reason": reason}
        audit.append(conn, account.name, word, noun.reference(number), details, now)
        return row

    return in_transaction(engine, work)


def _reason(noun: Noun) -> ColumnElement[str]:
    """Of an absence the rule of silence gives one, too; of an outage only people do."""
    return (
        message_of(noun.decisions.c, "reason")
        if message_column("reason") in noun.decisions.c
        else noun.decisions.c.reason
    )


def _with_decision(noun: Noun, row: FromClause) -> FromClause:
    return row.outerjoin(noun.decisions, noun.decisions.c[noun.name] == row.c.id)


def _find(conn: Connection, noun: Noun, number: int) -> RowMapping:
    table = fact_table(noun.kind)
    query = (
        select(
            table,
            func.coalesce(noun.decisions.c.status, table.c.status).label("counts"),
            import_batches.c.account_id.label("brought_by"),
        )
        .select_from(_with_decision(noun, table))
        .join(import_batches, import_batches.c.id == table.c.batch)
        .where(table.c.id == number)
    )
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise WrongUsage(
            Message(
                "there is no {reference}; `ekinerja-agent {command} list` shows them with their numbers",
                reference=noun.reference(number),
                command=noun.name,
            )
        )
    return row


def _refuse_settled(conn: Connection, noun: Noun, row: RowMapping) -> None:
    name = noun.reference(row["id"])
    if conn.scalar(select(exists().where(import_revocations.c.batch == row["batch"]))):
        raise Refused(
            Message(
                "{name} was taken back with batch {batch}; import it again to have it decided",
                name=name,
                batch=row["batch"],
            )
        )
    if row["counts"] != EntryStatus.PENDING:
        raise Refused(
            Message(
                "{reference} is {status} already; a decision is made once",
                reference=name,
                status=status_word(row["counts"]),
            )
        )
    table = fact_table(noun.kind)
    same = [table.c[column].is_not_distinct_from(row[column]) for column in fact_kind(noun.kind).key]
    newest = conn.scalar(select(current(table, *same).subquery().c.id))
    if newest != row["id"]:
        raise Refused(
            Message(
                "{name} was replaced by {reference}; decide that one",
                name=name,
                reference=noun.reference(int(newest or 0)),
            )
        )


def _require_decider(conn: Connection, noun: Noun, row: RowMapping, account: Account) -> None:
    subject, starts = row[noun.subject], row[noun.starts]
    day = starts.date() if isinstance(starts, datetime) else starts
    nip = row.get("nip")
    unit = organisation.unit_with(conn, subject) if nip is None else organisation.unit_of(conn, nip, day)
    brought = row["brought_by"] == account.id or row["requested_by"] in {account.name, account.nip} - {None}
    name = noun.reference(row["id"])
    organisation.require_power(conn, account, noun.deciding, subject=name, day=day, unit=unit, nip=nip, brought=brought)


def _mark(conn: Connection, noun: Noun, row: RowMapping, now: datetime) -> None:
    """The days whose scores the decision may move; other documents of the same case with them."""
    table = fact_table(noun.kind)
    same = select(table).where(table.c[noun.subject] == row[noun.subject])
    beside = [dict(each) for each in conn.execute(same).mappings()]
    last = row[noun.ends]
    last_day = last.date() if isinstance(last, datetime) else last
    latest: date = max(now.date(), last_day)
    changed_days.mark_subjects(conn, whom_it_touches.by_rows(noun.kind, [dict(row)], beside), latest)
