"""Makes a report of a month's scores as they stand: published where published, else the draft.

Promises that the file and its entry in the audit log (people, digest) exist together. Computes no score and knows no
HTML.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ekinerja_agent.central import audit, punchlist, results
from ekinerja_agent.central.engine import transaction
from ekinerja_agent.errors import WrongUsage
from ekinerja_agent.model import utc_now
from ekinerja_agent.reports import monthly as page
from ekinerja_agent.reports.files import digest, write_private

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from ekinerja_agent.central.accounts import Account
    from ekinerja_agent.language import Language

FORMATS = (".html",)


@dataclass(frozen=True, slots=True)
class Reported:
    """What was written: people in it, and the file's `sha256:…`, which the audit log keeps too."""

    people: int
    digest: str


def monthly(
    engine: Engine,
    month: date,
    *,
    out: Path,
    account: Account,
    lang: Language,
    office: str | None = None,
    now: datetime | None = None,
) -> Reported:
    """Given a month (its first day), write its page to `out` and record the export; return what was written.

    `office` None means all. `now` is when the page says that it was made (None: the host's clock). A month without
    scores gives a page that says so. Raise WrongUsage if `out` is no HTML file or cannot be written.
    """
    if out.suffix.lower() not in FORMATS:
        raise WrongUsage(f"{out} does not end in {' or '.join(FORMATS)}, the form in which this report exists")
    made_at = now or utc_now()
    report = _gather(engine, month, office, made_at)
    content = page.render(report, lang).encode()
    reported = Reported(people=len(report.scores), digest=digest(content))
    with transaction(engine) as connection:
        audit.append(
            connection,
            account.name,
            "report.monthly",
            f"{month:%Y-%m}",
            {"file": out.name, "office": office, "people": reported.people, "digest": reported.digest},
            made_at,
        )
        # Inside the transaction: a file that cannot be written leaves no entry, an entry that fails no file.
        write_private(out, content)
    return reported


def _gather(engine: Engine, month: date, office: str | None, made_at: datetime) -> page.MonthlyReport:
    scores = results.scores(engine, month, office=office)
    zone = _zone(scores)
    unmatched = _unmatched_punches(engine, month, office)
    return page.MonthlyReport(
        month=month,
        scores=scores,
        closings=[
            page.Closing(row["unit"], row["published_at"].astimezone(zone), row["accepted_pending"])
            for row in results.period_status(engine, month)
            if row["published_at"] is not None and office in {None, row["unit"]}
        ],
        unmatched_pins=len(set(unmatched)),
        unmatched_punches=len(unmatched),
        computed_at=max(score["computed_at"] for score in scores).astimezone(zone) if scores else None,
        printed_at=made_at.astimezone(zone),
    )


def _zone(scores: Sequence[dict[str, Any]]) -> tzinfo:
    """The zone in which the page shows its instants: that of the first office, UTC where nobody has a duty day."""
    return next((ZoneInfo(score["timezone"]) for score in scores if score["timezone"]), UTC)


def _unmatched_punches(engine: Engine, month: date, office: str | None) -> list[tuple[str, str]]:
    """Terminal and PIN of each punch of the month that belongs to nobody; of an office: at its terminals."""
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return [
        (row["terminal"], row["pin"])
        for row in punchlist.punch_rows(engine, first=month, last=last, office=office)
        if row["nip"] is None
    ]
