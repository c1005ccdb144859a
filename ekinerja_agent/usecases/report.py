"""Makes the reports of a month: gathers facts, has them laid out, and writes the file in the form its name asks.

Promises that the file and its entry in the audit log (people, digest) exist together. Shows scores as they stand:
published where published, else the draft; a public edition shows published ones alone. Computes no score and knows no
HTML.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ekinerja_agent.central import audit, facts, leaders, punchlist, results, scorecards
from ekinerja_agent.central.engine import transaction
from ekinerja_agent.central.facts import entries
from ekinerja_agent.errors import WrongUsage
from ekinerja_agent.formats import Formats
from ekinerja_agent.measures.workload import Logged, logged_medians
from ekinerja_agent.reports import daily as daily_report
from ekinerja_agent.reports import evaluation as evaluation_report
from ekinerja_agent.reports import events as events_report
from ekinerja_agent.reports import monthly as monthly_report
from ekinerja_agent.reports import monthly_tables, pages, plain, programmes, workbook
from ekinerja_agent.reports import sakip as sakip_report
from ekinerja_agent.reports import unit as unit_report
from ekinerja_agent.reports import workload as workload_report
from ekinerja_agent.reports.document import Edition
from ekinerja_agent.reports.files import digest, write_private
from ekinerja_agent.scoring.event_marks import mark_events

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from ekinerja_agent.central.accounts import Account
    from ekinerja_agent.language import Language
    from ekinerja_agent.reports.document import Document
    from ekinerja_agent.reports.figures import Score
    from ekinerja_agent.rules import PlanRule, RuleBook, Workload

WRITERS: dict[str, Callable[[Document, Formats], bytes]] = {
    ".html": lambda document, written: pages.as_page(document, written).encode(),
    ".xlsx": workbook.as_xlsx,
    ".csv": lambda document, _: plain.as_csv(document),
}


@dataclass(frozen=True, slots=True)
class Order:
    """Which report is wanted, by whom, in which language and where.

    `month` is its first day; `office` None means all; `now` is when the report says that it was made. A public edition
    names no person and is of all offices: two of them must not tell what one withholds.
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
            raise WrongUsage(f"{self.out} does not end in {', '.join(WRITERS)}, the forms in which reports exist")
        if self.public and self.office is not None:
            raise WrongUsage(
                "a public edition is of all offices, for what one withholds another must not tell; leave out --office"
            )


@dataclass(frozen=True, slots=True)
class Reported:
    """What was written: people whose scores it was made from, and the file's `sha256:…`, which the audit log keeps."""

    people: int
    digest: str


def monthly(engine: Engine, order: Order) -> Reported:
    """Given an order, write the month's scores, findings and pending days.

    A month without scores gives a report that says so. Raise WrongUsage if the file cannot be written.
    """
    scores = results.scores(engine, order.month, office=order.office)
    gathered = _gather(engine, order, scores)
    if order.out.suffix.lower() == ".html" and not order.public:
        page = monthly_report.render(gathered, order.lang).encode()
        return _export(engine, order, "monthly", page, len(scores))
    document = monthly_tables.lay_out(gathered, public=order.public, written=Formats(order.lang))
    return _write(engine, order, "monthly", document, len(scores))


def daily(engine: Engine, order: Order, day: date | None = None) -> Reported:
    """Given an order and a day of its month (None: all of it), write who was present, late, absent and excused.

    Raise WrongUsage if the day is of another month or the edition public, which has no days.
    """
    if day is not None and day.replace(day=1) != order.month:
        raise WrongUsage(f"{day} is not a day of {order.month:%Y-%m}")
    if day is not None and order.public:
        raise WrongUsage("a public edition shows no single day; leave out --date")
    scores = results.scores(engine, order.month, office=order.office)
    report = daily_report.DailyReport(_edition(engine, order), scores, day)
    return _write(engine, order, "daily", daily_report.lay_out(report, Formats(order.lang)), len(scores))


def unit(engine: Engine, order: Order) -> Reported:
    """Given an order, write how each unit does and whether it grows: the numbers of `unit_scores_v1`."""
    months = _months_until(order.month, unit_report.MONTHS_SHOWN)
    rows = [
        unit_report.UnitMonth(**row)
        for row in leaders.unit_scores(engine, months[0], months[-1])
        if order.office in {None, row["unit_code"]}
    ]
    waiting = [
        row["unit"]
        for row in results.period_status(engine, order.month)
        if row["published_at"] is None and row["people"] and order.office in {None, row["unit"]}
    ]
    report = unit_report.UnitReport(
        edition=_edition(engine, order),
        months=months,
        rows=rows,
        heads=leaders.heads(engine, facts.last_day(order.month)),
        unpublished=tuple(waiting),
    )
    people = sum(row.employees for row in rows if row.period == f"{order.month:%Y-%m}")
    return _write(engine, order, "unit", unit_report.lay_out(report, Formats(order.lang)), people)


def events(engine: Engine, order: Order, rules: RuleBook, *, profile: str, target_pct: str | None = None) -> Reported:
    """Given an order and the rules, write what share of those called came to each event of the month.

    `profile` serves units that name none; `target_pct` is the share aimed for. Days are as they were judged when they
    were scored, the events themselves as the facts say now. A public edition leaves out people who are not published.
    """
    documents = results.scores(engine, order.month, office=order.office)
    if order.public:
        documents = [document for document in documents if document["status"] == "published"]
    offices = sorted({document["unit"] for document in documents})
    marks: list[events_report.Mark] = []
    for office in offices:
        of_office = [document for document in documents if document["unit"] == office]
        known = facts.month_facts(engine, order.month, profile=profile, now=order.now, offices=[office])
        marked = mark_events(known, rules, _states(of_office))
        people = {document["nip"] for document in of_office}
        marks += [events_report.Mark(**row) for row in marked.iter_rows(named=True) if row["nip"] in people]
    report = events_report.EventReport(
        _edition(engine, order),
        marks,
        target_pct,
        uniforms={
            row["event"]: (row["in_uniform"], row["without_uniform"])
            for row in leaders.uniforms(engine, order.month, facts.last_day(order.month))
            if order.office is None and (row["in_uniform"] or row["without_uniform"])
        },
    )
    document = events_report.lay_out(report, Formats(order.lang))
    return _write(engine, order, "events", document, len({mark.nip for mark in marks}))


def evaluation(engine: Engine, order: Order, rules: RuleBook, *, profile: str) -> Reported:
    """Given an order and the rules, write who is at the maximum, who falls short, who entered nothing, how programmes
    stand. `profile` serves units that name none.
    """
    first, last = order.month, facts.last_day(order.month)
    scores = results.scores(engine, first, office=order.office)
    report = evaluation_report.EvaluationReport(
        edition=_edition(engine, order),
        scores=scores,
        entered={
            (nip, day): evaluation_report.Entered(minutes, planned_minutes)
            for nip, day, minutes, planned_minutes in entries.entered(engine, first).iter_rows()
        },
        programmes=_programmes(engine, order, rules, profile),
        meetings={row["unit_code"]: row["meetings"] for row in leaders.meetings(engine, first)},
        innovations=[
            evaluation_report.Innovation(row["unit_code"], row["code"], row["name"], row["started"], row["ended"])
            for row in leaders.innovations(engine, first, last)
            if order.office in {None, row["unit_code"]}
        ],
    )
    return _write(engine, order, "evaluation", evaluation_report.lay_out(report, Formats(order.lang)), len(scores))


def workload(engine: Engine, order: Order, rules: RuleBook, *, profile: str) -> Reported:
    """Given an order, the rules and the profile whose norms hold, write need and staff of each unit and job.

    Logged minutes are those approved for the month, on the days present of people whose position is the job.
    """
    rule = rules.profile(profile).workload.on(facts.last_day(order.month)).value
    rows = [row for row in leaders.workload(engine) if order.office in {None, row["unit_code"]}]
    logged = {} if order.public else _logged(engine, order, rule, profile)
    report = workload_report.WorkloadReport(
        edition=_edition(engine, order),
        rule=rule,
        jobs=workload_report.jobs_of(rows, rule),
        names={row["unit_code"]: row["unit_name"] for row in rows},
        logged=logged,
    )
    people = sum(row["staff"] or 0 for row in rows)
    return _write(engine, order, "workload", workload_report.lay_out(report, Formats(order.lang)), people)


def _logged(engine: Engine, order: Order, rule: Workload, profile: str) -> dict[tuple[str, str], int]:
    jobs = leaders.positions(engine, facts.last_day(order.month))
    people: dict[str, list[Score]] = {}
    for score in results.scores(engine, order.month, office=order.office):
        people.setdefault(score["unit"], []).append(score)
    found: dict[tuple[str, str], int] = {}
    for unit_code, scores in people.items():
        known = facts.month_facts(engine, order.month, profile=profile, now=order.now, offices=[unit_code])
        minutes: Counter[tuple[str, date]] = Counter()
        for nip, day, approved in known.activities.select("nip", "day", "minutes").iter_rows():
            minutes[nip, day] += approved
        logged = [
            Logged(jobs[score["nip"]], tuple(minutes[score["nip"], day] for day in _present(score)))
            for score in scores
            if score["nip"] in jobs
        ]
        found |= {(unit_code, job): median for job, median in logged_medians(logged, rule).items()}
    return found


def _present(score: Score) -> list[date]:
    return [date.fromisoformat(day["date"]) for day in score["days"] if day["state"] == "present"]


def sakip(engine: Engine, order: Order, rules: RuleBook, *, profile: str) -> Reported:
    """Given an order, the rules and the profile whose weights and target hold, write how accountable each unit is.

    The year shown is the newest one told up to that of the month.
    """
    rule = rules.profile(profile).sakip.on(facts.last_day(order.month)).value
    rows = [row for row in leaders.sakip(engine, order.month.year) if order.office in {None, row["unit_code"]}]
    told = sakip_report.years_of(rows, rule)
    year = max((one.year for one in told), default=None)
    report = sakip_report.SakipReport(
        edition=_edition(engine, order),
        rule=rule,
        year=year,
        units=[one for one in told if one.year == year],
        before={
            one.unit: one.evaluation.points
            for one in told
            if year is not None and one.year == year - 1 and one.evaluation.points is not None
        },
        budgets=[
            sakip_report.Budget(**{name: value for name, value in row.items() if name != "month"})
            for row in leaders.budgets(engine, order.month)
            if order.office in {None, row["unit_code"]}
        ],
        programmes=_programmes(engine, order, rules, profile),
    )
    return _write(engine, order, "sakip", sakip_report.lay_out(report, Formats(order.lang)), 0)


def _programmes(
    engine: Engine, order: Order, rules: RuleBook, default_profile: str
) -> tuple[programmes.Programme, ...]:
    last = facts.last_day(order.month)
    told = leaders.plans_of_year(engine, order.month.year)
    wanted = [plan for plan in told if order.office in {None, plan["unit_code"]}]
    profiles = leaders.profiles(engine, last)

    def rule_of(unit: str) -> PlanRule:
        return rules.profile(profiles.get(unit, default_profile)).plans.on(last).value

    return programmes.programmes(wanted, leaders.plan_reports(engine, order.month), order.month, rule_of)


def _states(documents: Sequence[Score]) -> list[tuple[str, date, str]]:
    return [
        (document["nip"], date.fromisoformat(day["date"]), day["state"])
        for document in documents
        for day in document["days"]
    ]


def _months_until(month: date, count: int) -> tuple[date, ...]:
    """The first days of so many months, the given one last."""
    months = [month]
    while len(months) < count:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return tuple(reversed(months))


def _write(engine: Engine, order: Order, kind: str, document: Document, people: int) -> Reported:
    content = WRITERS[order.out.suffix.lower()](document, Formats(order.lang))
    return _export(engine, order, kind, content, people)


def _export(engine: Engine, order: Order, kind: str, content: bytes, people: int) -> Reported:
    reported = Reported(people, digest(content))
    details = {
        "file": order.out.name,
        "office": order.office,
        "public": order.public,
        "people": people,
        "digest": reported.digest,
    }
    with transaction(engine) as connection:
        audit.append(connection, order.account.name, f"report.{kind}", f"{order.month:%Y-%m}", details, order.now)
        # Inside the transaction: a file that cannot be written leaves no entry, an entry that fails no file.
        write_private(order.out, content)
    return reported


def _edition(engine: Engine, order: Order) -> Edition:
    """The zone in which instants are shown is that of the first office, UTC where nobody has a duty day."""
    zone = scorecards.zone_of(engine, order.month)
    return Edition(order.month, order.now.astimezone(ZoneInfo(zone) if zone else UTC), order.public)


def _gather(engine: Engine, order: Order, scores: Sequence[Score]) -> monthly_report.MonthlyReport:
    month, office = order.month, order.office
    edition = _edition(engine, order)
    zone = edition.made_at.tzinfo
    unmatched = [] if order.public else _unmatched_punches(engine, month, office)
    return monthly_report.MonthlyReport(
        month=month,
        scores=scores,
        closings=[
            monthly_report.Closing(row["unit"], row["published_at"].astimezone(zone), row["accepted_pending"])
            for row in results.period_status(engine, month)
            if row["published_at"] is not None and office in {None, row["unit"]}
        ],
        unmatched_pins=len(set(unmatched)),
        unmatched_punches=len(unmatched),
        computed_at=max(score["computed_at"] for score in scores).astimezone(zone) if scores else None,
        printed_at=edition.made_at,
    )


def _unmatched_punches(engine: Engine, month: date, office: str | None) -> list[tuple[str, str]]:
    """Terminal and PIN of each punch of the month that belongs to nobody; of an office: at its terminals."""
    return [
        (row["terminal"], row["pin"])
        for row in punchlist.punch_rows(engine, first=month, last=facts.last_day(month), office=office)
        if row["nip"] is None
    ]
