"""What payroll was handed and what it paid: files by their digest, and payments of exactly what was handed out.

Promises that a payment names the revision that stands, whose money somebody exported, and that what was shown to who
notes it is what is noted. Writes no file and judges no score.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account, require
from ekinerja_agent.central.closing import periods
from ekinerja_agent.central.store.bulk import insert_rows
from ekinerja_agent.central.store.engine import in_transaction, reading
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.periods import payroll_exports, period_payments
from ekinerja_agent.central.store.tables.scored import results
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.statuses import PeriodStatus

_MAY_PAY = (PeriodStatus.CLOSED, PeriodStatus.REOPENED)


@dataclass(frozen=True, slots=True)
class Handed:
    """The part of one office in a file that payroll was handed: its revision, people and money."""

    unit: str
    revision: int
    people: int
    payable_rp: int


@dataclass(frozen=True, slots=True)
class Export:
    """A file that payroll was handed; `digest` is `sha256:…` of its bytes."""

    handed: Handed
    file: str
    digest: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ToPay:
    """What stands of an office that is closed and not paid: the exports of it (`same`) and those of other revisions
    (`others`), oldest first.
    """

    unit: str
    revision: int
    people: int
    payable_rp: int
    same: tuple[Export, ...]
    others: tuple[Export, ...]

    @property
    def export(self) -> Export | None:
        """The newest export of what stands; None: nobody made one."""
        return self.same[-1] if self.same else None


def note_export(
    conn: Connection, month: date, handed: Iterable[Handed], *, file: str, digest: str, account: Account, now: datetime
) -> None:
    """Given a month (its first day) and what of each office is in a file, keep that payroll was handed it."""
    columns = ["period", "unit", "revision", "people", "payable_rp", "file", "digest", "account_id", "at"]
    period = f"{month:%Y-%m}"
    rows = ((period, h.unit, h.revision, h.people, h.payable_rp, file, digest, account.id, now) for h in handed)
    insert_rows(conn, payroll_exports, columns, rows)


def to_pay(engine: Engine, month: date, office: str | None) -> list[ToPay]:
    """Given a month (its first day) and an office (None: every closed one), return what stands of each, by unit.

    Raise Refused if it is not closed, or was paid before.
    """
    with reading(engine) as conn:
        return _to_pay(conn, f"{month:%Y-%m}", office)


def mark_paid(
    engine: Engine,
    month: date,
    shown: Sequence[ToPay],
    *,
    document: str,
    account: Account,
    now: datetime,
    again: str | None = None,
) -> None:
    """Given a month (its first day) and what `to_pay` returned, record by which document exactly that was paid.

    `again` is kept in the audit log: why it is paid although it looks as if it had been.

    Raise Refused if of an office nobody exported what stands, or anything of it is no longer as it was shown: all
    offices or none.
    """
    require(account, Deed.CLOSE_MONTH)
    require_document(document)
    period = f"{month:%Y-%m}"

    def work(conn: Connection) -> None:
        periods.lock(conn)
        for one in shown:
            _refuse_another(period, one, _to_pay(conn, period, one.unit)[0])
            refuse_without_export(month, one)
        rows = [
            {
                "period": period,
                "unit": one.unit,
                "revision": one.revision,
                "document": document,
                "export_digest": one.export and one.export.digest,
                "account_id": account.id,
                "at": now,
            }
            for one in shown
        ]
        conn.execute(insert(period_payments), rows)
        details = {
            "revisions": {one.unit: one.revision for one in shown},
            "document": document,
            "payable_rp": {one.unit: one.payable_rp for one in shown},
            "exports": {one.unit: one.export.digest for one in shown if one.export is not None},
        } | ({} if again is None else {"again": again})
        audit.append(conn, account.name, "payroll.mark-paid", period, details, now)

    in_transaction(engine, work)


def _to_pay(conn: Connection, period: str, office: str | None) -> list[ToPay]:
    chosen = periods.chosen(conn, period, office, _MAY_PAY if office is None else (*_MAY_PAY, PeriodStatus.PAID))
    for one in chosen:
        if one.state == PeriodStatus.PAID:
            raise Refused(
                Message(
                    "{unit} is paid for {period} already, by {paid_document}",
                    unit=one.unit,
                    period=period,
                    paid_document=one.paid_document,
                )
            )
        if one.state == PeriodStatus.REOPENED:
            raise Refused(
                Message(
                    "{unit} is reopened for {period}; close it again, then say what was paid",
                    unit=one.unit,
                    period=period,
                )
            )
    exports = _exports(conn, period)
    found = []
    for one in chosen:
        people, payable_rp = _sum(conn, period, one.unit, one.revision)
        of_unit = exports.get(one.unit, ())
        stands = Handed(one.unit, one.revision, people, payable_rp)
        same = tuple(each for each in of_unit if each.handed == stands)
        others = tuple(each for each in of_unit if each.handed.revision != one.revision)
        found.append(ToPay(one.unit, one.revision, people, payable_rp, same, others))
    return found


def _sum(conn: Connection, period: str, unit: str, revision: int) -> tuple[int, int]:
    """How many people a close published, and their money."""
    r = results.c
    query = select(func.count(), func.coalesce(func.sum(r.payable_rp), 0)).where(
        r.period == period,
        r.revision == revision,
        func.coalesce(r.closed_with, r.unit) == unit,
        r.adjusted_in.is_(None),
    )
    people, payable_rp = conn.execute(query).one()
    return int(people), int(payable_rp)


def _exports(conn: Connection, period: str) -> dict[str, list[Export]]:
    """By unit, oldest first."""
    x = payroll_exports.c
    query = select(payroll_exports, accounts.c.name).join(accounts, accounts.c.id == x.account_id)
    found: dict[str, list[Export]] = {}
    for row in conn.execute(query.where(x.period == period).order_by(x.id)):
        handed = Handed(row.unit, row.revision, row.people, row.payable_rp)
        found.setdefault(row.unit, []).append(Export(handed, row.file, row.digest, row.name, row.at))
    return found


def _refuse_another(period: str, shown: ToPay, stands: ToPay) -> None:
    if shown == stands:
        return
    told: dict[str, Any] = {"unit": shown.unit, "period": period, "shown": shown.revision, "stands": stands.revision}
    raise Refused(
        Message(
            "{unit} stands in revision {stands} for {period}, and revision {shown} was shown: it was closed again "
            "meanwhile. Nothing is noted as paid; look again",
            **told,
        )
        if shown.revision != stands.revision
        else Message(
            "another file of {unit} was exported for {period} since you were asked; nothing is noted as paid; look "
            "again",
            **told,
        )
    )


def require_document(document: str) -> None:
    """Given what a payment is noted by, raise Refused if nothing stands in it."""
    if not document.strip():
        raise Refused(
            Message("--document needs the number of the payment order (SP2D); payroll sees it beside each row")
        )


def refuse_without_export(month: date, one: ToPay) -> None:
    """Given a month (its first day) and what stands of an office, raise Refused if payroll was never handed that."""
    if one.export is not None or not one.people:
        return
    told: dict[str, Any] = {"unit": one.unit, "revision": one.revision, "period": f"{month:%Y-%m}"}
    if not one.others:
        raise Refused(
            Message(
                "nobody exported revision {revision} of {unit} for {period}, so it is not what payroll paid. Run "
                "`ekinerja-agent payroll export --month {period} --out FILE`, compare it with the payment order, and "
                "note the payment then",
                **told,
            )
        )
    handed = one.others[-1].handed
    raise Refused(
        Message(
            "payroll was handed revision {handed} of {unit} for {period} (Rp {handed_rp}), and revision {revision} (Rp "
            "{payable_rp}) stands: nobody exported that. Export it, pay the difference or stop the first payment, and "
            "note revision {revision} as paid then",
            **told,
            handed=handed.revision,
            handed_rp=f"{handed.payable_rp:,}",
            payable_rp=f"{one.payable_rp:,}",
        )
    )
