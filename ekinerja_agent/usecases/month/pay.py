"""Hands payroll what it reads as a file, and notes that exactly this was paid.

Promises that there is no file without its entry in the audit log, with its digest and its money, and no entry of a file
that cannot be written, and that a payment whose file could be another one is named by the person who notes it. Counts
nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.central.closing import payments, periods
from ekinerja_agent.central.closing.payments import Handed, ToPay
from ekinerja_agent.central.scored import payroll_rows
from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.county.access import Deed
from ekinerja_agent.files.named import read
from ekinerja_agent.nouns.errors import NeedsAttention, Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message, either
from ekinerja_agent.reports import payroll
from ekinerja_agent.reports.files import digest, private
from ekinerja_agent.reports.plain import table_as_csv
from ekinerja_agent.reports.workbook import table_as_xlsx
from ekinerja_agent.usecases.witnessing import compare

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.reports.document import Table
    from ekinerja_agent.usecases.witnessing.notes import Witnessed

WRITERS: dict[str, Callable[[Table], bytes]] = {".csv": table_as_csv, ".xlsx": table_as_xlsx}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and its sum. The rows of the `reopened` offices may change until these are closed again."""

    rows: int
    payable_rp: int
    digest: str
    reopened: tuple[str, ...]


def export(engine: Engine, month: date, out: Path, *, office: str | None, account: Account, now: datetime) -> Exported:
    """Given a month (its first day) and an office (None: all), write the rows of `payroll_scores_v1` to a file.

    Raise WrongUsage if its name ends in no form that exists, NeedsAttention if nothing is published.
    """
    require(account, Deed.CLOSE_MONTH)
    write = WRITERS.get(out.suffix.lower())
    if write is None:
        raise WrongUsage(Message("{out} does not end in {forms}", out=out, forms=either(WRITERS)))
    rows = payroll_rows.scores(engine, month, office)
    if not rows:
        period = f"{month:%Y-%m}"
        raise NeedsAttention(
            Message(
                "nothing is published for {month} in {office}; `ekinerja-agent period status {month}` shows which "
                "offices are closed",
                month=period,
                office=office,
            )
            if office
            else Message(
                "nothing is published for {month}; `ekinerja-agent period status {month}` shows which offices are "
                "closed",
                month=period,
            )
        )
    content = write(payroll.lay_out(payroll_rows.COLUMNS, rows))
    units = {row["unit_code"] for row in rows}
    reopened = tuple(unit for unit in periods.reopened(engine, month) if unit in units)
    handed = list(_handed(rows))
    exported = Exported(len(rows), sum(one.payable_rp for one in handed), digest(content), reopened)
    details = {
        "file": out.name,
        "office": office,
        "rows": exported.rows,
        "payable_rp": exported.payable_rp,
        "revisions": {one.unit: one.revision for one in handed},
        "digest": exported.digest,
    }
    # Around the transaction: a file that cannot be written leaves no entry, an entry that fails no file, and nobody who
    # names a file lets others wait for the database.
    with private(out, content), transaction(engine) as conn:
        payments.note_export(conn, month, handed, file=out.name, digest=exported.digest, account=account, now=now)
        audit.append(conn, account.name, "payroll.export", f"{month:%Y-%m}", details, now)
    return exported


@dataclass(frozen=True, slots=True)
class Named:
    """What the person who notes a payment says was paid, and by which document; None where nothing was said. `export`
    is a file of payroll's, or its digest.
    """

    document: str
    revision: int | None = None
    total_rp: int | None = None
    export: str | None = None

    @property
    def nothing(self) -> bool:
        """Whether nothing but the document was said."""
        return self == Named(self.document)


def to_pay(engine: Engine, month: date, office: str | None, named: Named, *, account: Account) -> list[ToPay]:
    """Given a month (its first day), an office (None: every closed one) and what the person named, return what stands.

    Raise Refused where what was named is not what stands, or what stands was never exported.
    """
    require(account, Deed.CLOSE_MONTH)
    payments.require_document(named.document)
    found = payments.to_pay(engine, month, office)
    total_rp = sum(one.payable_rp for one in found)
    if named.total_rp is not None and named.total_rp != total_rp:
        raise Refused(
            Message(
                "Rp {named} was named, and Rp {total} stands for {month} in {units}; look which revision was paid: "
                "`ekinerja-agent period status {month}`",
                named=f"{named.total_rp:,}",
                total=f"{total_rp:,}",
                month=f"{month:%Y-%m}",
                units=", ".join(one.unit for one in found),
            )
        )
    wanted = None if named.export is None else _digest_of(named.export)
    for one in found:
        if named.revision not in {None, one.revision}:
            raise Refused(
                Message(
                    "revision {named} of {unit} was named, and revision {revision} stands for {month}: what was paid "
                    "is not what stands. Pay the difference or stop the payment, and note revision {revision} then",
                    named=named.revision,
                    unit=one.unit,
                    revision=one.revision,
                    month=f"{month:%Y-%m}",
                )
            )
        if wanted is not None and one.people and (one.export is None or not _is_in(one, wanted)):
            raise Refused(_another_export(month, one, wanted))
        payments.refuse_without_export(month, one)
    return found


def refuse_second_payment(
    engine: Engine, month: date, found: Sequence[ToPay], noted: Sequence[Witnessed], *, document: str
) -> None:
    """Given what stands, what the witness of this host noted and the document of the payment, raise Refused if the
    witness saw another payment of the same office and month, which this database forgot.

    The same payment is noted again where document, revision and money are the same.
    """
    period = f"{month:%Y-%m}"
    stands = {one.unit: one for one in found}
    for unit, seen in compare.lost_payments(engine, noted):
        one = stands.get(unit)
        if seen.period != period or one is None:
            continue
        same = (seen.document, seen.revisions[unit], seen.payable_rp.get(unit))
        if same != (document, one.revision, one.payable_rp):
            raise Refused(
                Message(
                    "{unit} was paid for {month} by {document} on {day} (revision {revision}, Rp {payable_rp}): the "
                    "witness of this host saw it, and this database forgot it, as an older copy does. If that payment "
                    "is meant, bring revision and document to what they were; if another one is really paid, say why "
                    "with --again REASON",
                    unit=unit,
                    month=period,
                    document=seen.document,
                    day=f"{seen.at:%Y-%m-%d}",
                    revision=seen.revisions[unit],
                    payable_rp=f"{seen.payable_rp.get(unit, 0):,}",
                )
            )


def is_ambiguous(found: Sequence[ToPay]) -> bool:
    """Given what stands, tell whether payroll was handed another revision of an office too."""
    return any(one.others for one in found)


def _handed(rows: Sequence[Mapping[str, object]]) -> Iterator[Handed]:
    """What of each office is among the rows of the view."""
    money: dict[tuple[str, int], list[int]] = defaultdict(list)
    for row in rows:
        money[str(row["unit_code"]), int(str(row["revision"]))].append(int(str(row["payable_rp"])))
    for (unit, revision), amounts in sorted(money.items()):
        yield Handed(unit, revision, len(amounts), sum(amounts))


def _digest_of(named: str) -> str:
    """Of a file of payroll's; or what was named, if that is a digest."""
    text = named.removeprefix("sha256:").lower()
    if re.fullmatch("[0-9a-f]{64}", text):
        return f"sha256:{text}"
    try:
        return digest(read(Path(named)))
    except OSError as error:
        raise WrongUsage(
            Message(
                "--export {named}: {reason}; name the file that payroll was handed, or the sha256 that `payroll "
                "export` printed",
                named=named,
                reason=error.strerror or error,
            )
        ) from error


def _is_in(one: ToPay, wanted: str) -> bool:
    return any(each.digest == wanted for each in one.same)


def _another_export(month: date, one: ToPay, wanted: str) -> Message:
    named = next((each for each in one.others if each.digest == wanted), None)
    told: dict[str, object] = {"unit": one.unit, "month": f"{month:%Y-%m}", "revision": one.revision, "digest": wanted}
    if named is None:
        return Message(
            "{digest} is no file that was exported of revision {revision} of {unit} for {month}; `ekinerja-agent audit "
            "list --action payroll.export` has all",
            **told,
        )
    return Message(
        "the file {digest} has revision {named} of {unit} for {month} (Rp {named_rp}), and revision {revision} (Rp "
        "{payable_rp}) stands. Export that, pay the difference or stop the first payment, and note revision {revision} "
        "as paid then",
        **told,
        named=named.handed.revision,
        named_rp=f"{named.handed.payable_rp:,}",
        payable_rp=f"{one.payable_rp:,}",
    )
