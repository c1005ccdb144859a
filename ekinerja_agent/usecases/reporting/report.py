"""Writes the reports of a month: has them gathered and laid out, and writes the file in the form its name asks.

Promises that the file and its entry in the audit log (people, digest) exist together. Knows no HTML.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.collected import punch_list
from ekinerja_agent.central.scored import results
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.reports import pages, plain, workbook
from ekinerja_agent.reports.files import digest, private
from ekinerja_agent.reports.kinds import monthly as monthly_report
from ekinerja_agent.reports.kinds import monthly_tables
from ekinerja_agent.usecases.reporting import report_facts
from ekinerja_agent.usecases.reporting.report_facts import Asked, Made

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.locale.language import Language
    from ekinerja_agent.nouns.scorecard import Scorecard
    from ekinerja_agent.reports.document import Document
    from ekinerja_agent.rules import RuleBook

WRITERS: dict[str, Callable[[Document, Formats], bytes]] = {
    ".html": lambda document, written: pages.as_page(document, written).encode(),
    ".xlsx": workbook.as_xlsx,
    ".csv": lambda document, _: plain.as_csv(document),
}


@dataclass(frozen=True, slots=True)
class Order:
    """Which report is wanted, by whom, in which language and where.

    `month` is its first day; `office` None means all; `now` is when the report says that it was made. What a public
    edition is, `documents.Asked` says.
    """

    month: date
    out: Path
    account: Account
    lang: Language
    now: datetime
    public: bool = False
    office: str | None = None

    def __post_init__(self) -> None:
        if self.out.suffix.lower() not in WRITERS:
            raise WrongUsage(
                Message(
                    "{out} does not end in {forms}, the forms in which reports exist",
                    out=self.out,
                    forms=", ".join(WRITERS),
                )
            )
        _ = self.asked

    @property
    def asked(self) -> Asked:
        """What is gathered. Raise WrongUsage for a public edition of one office."""
        offices = None if self.office is None else frozenset({self.office})
        return Asked(self.month, self.lang, self.now, self.public, offices)


@dataclass(frozen=True, slots=True)
class Reported:
    """What was written: people whose scores it was made from, and the file's `sha256:…`, which the audit log keeps."""

    people: int
    digest: str


def monthly(engine: Engine, order: Order) -> Reported:
    """Given an order, write the month's scores, findings and pending days.

    A month without scores gives a report that says so. Raise WrongUsage if the file cannot be written.
    """
    with reading(engine) as conn:
        scores = report_facts.scores(conn, order.asked)
        gathered = _gather(conn, order, scores)
    if order.out.suffix.lower() == ".html" and not order.public:
        page = monthly_report.render(gathered, order.lang).encode()
        return _export(engine, order, "monthly", page, len(scores))
    document = monthly_tables.lay_out(gathered, public=order.public, written=Formats(order.lang))
    return _write(engine, order, "monthly", Made(document, len(scores)))


def daily(engine: Engine, order: Order, day: date | None = None) -> Reported:
    """Given an order and a day of its month (None: all of it), write `documents.daily`."""
    with reading(engine) as conn:
        made = report_facts.daily(conn, order.asked, day)
    return _write(engine, order, "daily", made)


def unit(engine: Engine, order: Order) -> Reported:
    """Given an order, write `documents.unit`."""
    with reading(engine) as conn:
        made = report_facts.unit(conn, order.asked)
    return _write(engine, order, "unit", made)


def events(engine: Engine, order: Order, rules: RuleBook, *, profile: str, target_pct: str | None = None) -> Reported:
    """Given an order, the rules, the profile of units that name none and a target, write `documents.events`."""
    with reading(engine) as conn:
        made = report_facts.events(conn, order.asked, rules, profile=profile, target_pct=target_pct)
    return _write(engine, order, "events", made)


def evaluation(engine: Engine, order: Order, rules: RuleBook, *, profile: str) -> Reported:
    """Given an order, the rules and the profile of units that name none, write `documents.evaluation`."""
    with reading(engine) as conn:
        made = report_facts.evaluation(conn, order.asked, rules, profile=profile)
    return _write(engine, order, "evaluation", made)


def workload(engine: Engine, order: Order, rules: RuleBook, *, profile: str) -> Reported:
    """Given an order, the rules and the profile whose norms hold, write `documents.workload`."""
    with reading(engine) as conn:
        made = report_facts.workload(conn, order.asked, rules, profile=profile)
    return _write(engine, order, "workload", made)


def sakip(engine: Engine, order: Order, rules: RuleBook, *, profile: str) -> Reported:
    """Given an order, the rules and the profile whose weights and target hold, write `documents.sakip`."""
    with reading(engine) as conn:
        made = report_facts.sakip(conn, order.asked, rules, profile=profile)
    return _write(engine, order, "sakip", made)


def _write(engine: Engine, order: Order, kind: str, made: Made) -> Reported:
    content = WRITERS[order.out.suffix.lower()](made.document, Formats(order.lang))
    return _export(engine, order, kind, content, made.people)


def _export(engine: Engine, order: Order, kind: str, content: bytes, people: int) -> Reported:
    reported = Reported(people, digest(content))
    details = {
        "file": order.out.name,
        "office": order.office,
        "public": order.public,
        "people": people,
        "digest": reported.digest,
    }
    # Around the transaction: a file that cannot be written leaves no entry, an entry that fails no file, and nobody who
    # names a file lets others wait for the database.
    with private(order.out, content), transaction(engine) as connection:
        audit.append(connection, order.account.name, f"report.{kind}", f"{order.month:%Y-%m}", details, order.now)
    return reported


def _gather(conn: Connection, order: Order, scores: Sequence[Scorecard]) -> monthly_report.MonthlyReport:
    month, office = order.month, order.office
    edition = report_facts.edition(conn, order.asked)
    zone = edition.made_at.tzinfo
    unmatched = [] if order.public else _unmatched_punches(conn, month, office)
    return monthly_report.MonthlyReport(
        month=month,
        scores=scores,
        closings=[
            monthly_report.Closing(row.unit, row.published_at.astimezone(zone), row.accepted_pending)
            for row in results.period_status(conn, month)
            if row.published_at is not None and office in {None, row.unit}
        ],
        unmatched_pins=len(set(unmatched)),
        unmatched_punches=len(unmatched),
        computed_at=max(score.computed_at for score in scores).astimezone(zone) if scores else None,
        printed_at=edition.made_at,
    )


def _unmatched_punches(conn: Connection, month: date, office: str | None) -> list[tuple[str, str]]:
    """Terminal and PIN of each punch of the month that belongs to nobody; of an office: at its terminals."""
    return [
        (row["terminal"], row["pin"])
        for row in punch_list.punch_rows(conn, first=month, last=last_day(month), office=office)
        if row["nip"] is None
    ]
