"""Hands payroll what it reads as a file, with an entry in the audit log that says how many rows and which digest.

Promises that the file and its entry exist together. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.central.closing import periods
from ekinerja_agent.central.scored import payroll_rows
from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import NeedsAttention, WrongUsage
from ekinerja_agent.nouns.messages import Message, either
from ekinerja_agent.reports import payroll
from ekinerja_agent.reports.files import digest, write_private
from ekinerja_agent.reports.plain import table_as_csv
from ekinerja_agent.reports.workbook import table_as_xlsx

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.reports.document import Table

WRITERS: dict[str, Callable[[Table], bytes]] = {".csv": table_as_csv, ".xlsx": table_as_xlsx}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. The rows of the `reopened` offices may change until these are closed again."""

    rows: int
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
    exported = Exported(len(rows), digest(content), reopened)
    details = {"file": out.name, "office": office, "rows": exported.rows, "digest": exported.digest}
    with transaction(engine) as conn:
        audit.append(conn, account.name, "payroll.export", f"{month:%Y-%m}", details, now)
        # Inside the transaction: a file that cannot be written leaves no entry, an entry that fails no file.
        write_private(out, content)
    return exported
