"""Gathers the facts of a report and has them laid out: one `Document`, whoever shows or writes it.

Shows scores as they stand: published where published, else the draft; a public edition shows published ones alone.
Computes no score, writes no file and knows no HTML.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ekinerja_agent.central import facts
from ekinerja_agent.central.facts import entries
from ekinerja_agent.central.scored import board, leaders, results, scorecards
from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.measures.workload import Logged, logged_medians
from ekinerja_agent.nouns.duty import DayState, EventMark
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.month_days import last_day, month_after
from ekinerja_agent.reports import privacy
from ekinerja_agent.reports.document import Edition
from ekinerja_agent.reports.kinds import daily as daily_report
from ekinerja_agent.reports.kinds import evaluation as evaluation_report
from ekinerja_agent.reports.kinds import events as events_report
from ekinerja_agent.reports.kinds import programmes
from ekinerja_agent.reports.kinds import sakip as sakip_report
from ekinerja_agent.reports.kinds import unit as unit_report
from ekinerja_agent.reports.kinds import workload as workload_report
from ekinerja_agent.scoring.discipline.event_marks import mark_events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from sqlalchemy import Connection

    from ekinerja_agent.locale.language import Language
    from ekinerja_agent.nouns.scorecard import Scorecard
    from ekinerja_agent.reports.document import Document
    from ekinerja_agent.rules import PlanRule, RuleBook, Workload


@dataclass(frozen=True, slots=True)
class Asked:
    """Of what a report is wanted, and in which language.

    `month` is its first day; `now` is when the report says that it was made; `offices` None means all. A public edition
    names no person and is of all offices: two of them must not tell what one withholds.
    """

    month: date
    lang: Language
    now: datetime
    public: bool = False
    offices: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.public and self.offices is not None:
            raise WrongUsage(
                Message(
                    "a public edition is of all offices, for what one withholds another must not tell; leave out "
                    "--office"
                )
            )

    @property
    def written(self) -> Formats:
        """The forms of the language."""
        return Formats(self.lang)

    def concerns(self, office: str) -> bool:
        """Given an office, tell whether it is one of those that are wanted."""
        return self.offices is None or office in self.offices


@dataclass(frozen=True, slots=True)
class Made:
    """A report that is laid out, and how many people it was made from."""

    document: Document
    people: int


def daily(conn: Connection, asked: Asked, day: date | None = None) -> Made:
    """Given what is asked and a day of its month (None: all of it), return who was present, late, absent and excused.

    Raise WrongUsage if the day is of another month or the edition public, which has no days.
    """
    if day is not None and day.replace(day=1) != asked.month:
        raise WrongUsage(Message("{day} is not a day of {month}", day=day, month=f"{asked.month:%Y-%m}"))
    if day is not None and asked.public:
        raise WrongUsage(Message("a public edition shows no single day; leave out --date"))
    found = scores(conn, asked)
    report = daily_report.DailyReport(edition(conn, asked), found, day)
    return Made(daily_report.lay_out(report, asked.written), len(found))


def unit(conn: Connection, asked: Asked) -> Made:
    """Given what is asked, return how each unit does and whether it grows: the numbers of `unit_scores_v1`."""
    months = tuple(month_after(asked.month, -earlier) for earlier in reversed(range(unit_report.MONTHS_SHOWN)))
    rows = [
        unit_report.UnitMonth(**row)
        for row in leaders.unit_scores(conn, months[0], months[-1])
        if asked.concerns(row["unit_code"])
    ]
    waiting = [
        row.unit
        for row in results.period_status(conn, asked.month)
        if row.published_at is None and row.people and asked.concerns(row.unit)
    ]
    report = unit_report.UnitReport(
        edition=edition(conn, asked),
        months=months,
        rows=rows,
        heads=leaders.heads(conn, last_day(asked.month)),
        unpublished=tuple(waiting),
    )
    people = sum(row.employees for row in rows if row.period == f"{asked.month:%Y-%m}")
    return Made(unit_report.lay_out(report, asked.written), people)


def events(conn: Connection, asked: Asked, rules: RuleBook, *, profile: str, target_pct: str | None = None) -> Made:
    """Given what is asked and the rules, return what share of those called came to each event of the month.

    `profile` serves units that name none; `target_pct` is the share aimed for. Days are as they were judged when they
    were scored, the events themselves as the facts say now. A public edition leaves out people who are not published.
    """
    cards = scores(conn, asked)
    if asked.public:
        cards = [card for card in cards if card.is_published]
    offices = sorted({card.unit for card in cards})
    marks: list[events_report.Mark] = []
    for office in offices:
        of_office = [card for card in cards if card.unit == office]
        known = facts.month_facts(conn, asked.month, profile=profile, now=asked.now, offices=[office])
        marked = mark_events(known, rules, _states(of_office))
        people = {card.nip for card in of_office}
        marks += [
            events_report.Mark(**row | {"mark": EventMark(row["mark"])})
            for row in marked.iter_rows(named=True)
            if row["nip"] in people
        ]
    report = events_report.EventReport(
        edition(conn, asked),
        marks,
        target_pct,
        uniforms={
            row["event"]: (row["in_uniform"], row["without_uniform"])
            for row in leaders.uniforms(conn, asked.month, last_day(asked.month))
            if asked.offices is None and (row["in_uniform"] or row["without_uniform"])
        },
        withheld=privacy.withheld_units(Counter(card.unit for card in cards)) if asked.public else frozenset(),
    )
    return Made(events_report.lay_out(report, asked.written), len({mark.nip for mark in marks}))


def evaluation(conn: Connection, asked: Asked, rules: RuleBook, *, profile: str) -> Made:
    """Given what is asked and the rules, return who is at the maximum, who falls short, who entered nothing, how
    programmes stand. `profile` serves units that name none.
    """
    first, last = asked.month, last_day(asked.month)
    found = scores(conn, asked)
    whose = None if asked.offices is None else [score.nip for score in found]
    report = evaluation_report.EvaluationReport(
        edition=edition(conn, asked),
        scores=found,
        entered={
            (nip, day): evaluation_report.Entered(minutes, planned_minutes)
            for nip, day, minutes, planned_minutes in entries.entered(conn, first, whose).iter_rows()
        },
        programmes=_programmes(conn, asked, rules, profile, leaders.plan_reports(conn, asked.month)),
        meetings={row["unit_code"]: row["meetings"] for row in leaders.meetings(conn, first)},
        innovations=[
            evaluation_report.Innovation(row["unit_code"], row["code"], row["name"], row["started"], row["ended"])
            for row in leaders.innovations(conn, first, last)
            if asked.concerns(row["unit_code"])
        ],
    )
    return Made(evaluation_report.lay_out(report, asked.written), len(found))


def workload(conn: Connection, asked: Asked, rules: RuleBook, *, profile: str, logged: bool = True) -> Made:
    """Given what is asked, the rules and the profile whose norms hold, return need and staff of each unit and job.

    Logged minutes are those approved for the month, on the days present of people whose position is the job. A public
    edition has none; without `logged` there are none either, and nobody's activities are read.
    """
    rule = rules.profile(profile).workload.on(last_day(asked.month)).value
    rows = [row for row in leaders.workload(conn) if asked.concerns(row["unit_code"])]
    report = workload_report.WorkloadReport(
        edition=edition(conn, asked),
        rule=rule,
        jobs=workload_report.jobs_of(rows, rule),
        names={row["unit_code"]: row["unit_name"] for row in rows},
        logged=_logged(conn, asked, rule) if logged and not asked.public else None,
        withheld=_withheld(conn) if asked.public else frozenset(),
    )
    people = sum(row["staff"] or 0 for row in rows)
    return Made(workload_report.lay_out(report, asked.written), people)


def _logged(conn: Connection, asked: Asked, rule: Workload) -> dict[tuple[str, str], int]:
    people: dict[str, list[Scorecard]] = {}
    for score in scores(conn, asked):
        people.setdefault(score.unit, []).append(score)
    found: dict[tuple[str, str], int] = {}
    for unit_code, of_unit in people.items():
        nips = [score.nip for score in of_unit]
        jobs = leaders.positions(conn, last_day(asked.month), nips)
        minutes: Counter[tuple[str, date]] = Counter()
        approved = facts.approved_activities(conn, asked.month, nips)
        for nip, day, lasted in approved.select("nip", "day", "minutes").iter_rows():
            minutes[nip, day] += lasted
        logged = [
            Logged(jobs[score.nip], tuple(minutes[score.nip, day] for day in _present(score)))
            for score in of_unit
            if score.nip in jobs
        ]
        found |= {(unit_code, job): median for job, median in logged_medians(logged, rule).items()}
    return found


def _present(score: Scorecard) -> list[date]:
    return [scored.day for scored in score.days if scored.state is DayState.PRESENT]


def sakip(conn: Connection, asked: Asked, rules: RuleBook, *, profile: str) -> Made:
    """Given what is asked, the rules and the profile whose weights and target hold, return how accountable each unit
    is. It is made from nobody's data.

    The year shown is the newest one told up to that of the month.
    """
    rule = rules.profile(profile).sakip.on(last_day(asked.month)).value
    rows = [row for row in leaders.sakip(conn, asked.month.year) if asked.concerns(row["unit_code"])]
    told = sakip_report.years_of(rows, rule)
    reported = [row for row in leaders.plan_reports(conn, asked.month) if asked.concerns(row["unit_code"])]
    year = max((one.year for one in told), default=None)
    report = sakip_report.SakipReport(
        edition=edition(conn, asked),
        rule=rule,
        year=year,
        units=[one for one in told if one.year == year],
        before={
            one.unit: one.evaluation.points
            for one in told
            if year is not None and one.year == year - 1 and one.evaluation.points is not None
        },
        budgets=sakip_report.budgets_of(reported),
        programmes=_programmes(conn, asked, rules, profile, reported),
    )
    return Made(sakip_report.lay_out(report, asked.written), 0)


def scores(conn: Connection, asked: Asked) -> list[Scorecard]:
    """Given what is asked, return the scores of its people by unit and NIP."""
    if asked.offices is None:
        return results.scores(conn, asked.month)
    return [one for office in sorted(asked.offices) for one in results.scores(conn, asked.month, office=office)]


def edition(conn: Connection, asked: Asked) -> Edition:
    """Given what is asked, return its edition. Instants are shown in the zone of the first office's first duty day, in
    UTC where nobody has one.
    """
    zone = scorecards.zone_of(conn, asked.month, asked.offices)
    return Edition(asked.month, asked.now.astimezone(ZoneInfo(zone) if zone else UTC), asked.public)


def _withheld(conn: Connection) -> frozenset[str]:
    """Units of which the public editions of the newest month that is public tell nothing.

    Need and staff have no month: what one page of them withholds no page of another month may tell.
    """
    months = board.published_months(conn)
    if not months:
        return frozenset()
    newest = date.fromisoformat(f"{months[0]}-01")
    rows = leaders.unit_scores(conn, newest, newest)
    return privacy.withheld_units({row["unit_code"]: row["employees"] for row in rows})


def _programmes(
    conn: Connection, asked: Asked, rules: RuleBook, default_profile: str, reported: Sequence[Mapping[str, Any]]
) -> tuple[programmes.Programme, ...]:
    last = last_day(asked.month)
    wanted = [plan for plan in leaders.plans_of_year(conn, asked.month.year) if asked.concerns(plan["unit_code"])]
    profiles = leaders.profiles(conn, last)

    def rule_of(unit: str) -> PlanRule:
        return rules.profile(profiles.get(unit, default_profile)).plans.on(last).value

    return programmes.programmes(wanted, reported, asked.month, rule_of)


def _states(cards: Sequence[Scorecard]) -> list[tuple[str, date, DayState]]:
    return [(card.nip, scored.day, scored.state) for card in cards for scored in card.days]
