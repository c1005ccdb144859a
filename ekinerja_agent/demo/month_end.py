"""The last chapters of the demo's story: from scores to what is paid, and the reports of it.

Promises that every number it tells was read back from where the program keeps it. Does not know how the month went.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ekinerja_agent.central.scored import results
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.demo import month
from ekinerja_agent.demo.county import people
from ekinerja_agent.demo.telling import Telling
from ekinerja_agent.nouns.errors import CheckFailed, Refused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.scoring import percent_text
from ekinerja_agent.usecases.month import close, explain, score
from ekinerja_agent.usecases.reporting import report

if TYPE_CHECKING:
    from ekinerja_agent.nouns.scorecard import Scorecard

ACCEPTED = "Terminal disdik-gedung-b had no power on 16 September (report 029/77/DISDIK); Wahyudi's leave is genuine"
EXPLAINED = "Muhammad Yusuf, S.E."
TARGET_PCT = "98"
PAYROLL_SQL = (
    "SELECT unit_code, name, discipline_pct, performance_pct, payable_rp "
    "FROM payroll_scores_v1 WHERE period = '2026-09' ORDER BY payable_rp DESC, nip LIMIT 5"
)


def _scores(telling: Telling) -> None:
    voice, stage = telling.voice, telling.stage
    voice.chapter(Message("Scores"))
    summary = score.run(
        stage.engine,
        telling.rules,
        month.MONTH,
        profile=stage.config.agent.profile,
        now=stage.clock.now(),
    )
    voice.say(
        Message(
            "{people} people are scored; {pending} of them have a pending day. A pending day deducts nothing.",
            people=summary.people,
            pending=summary.pending,
        )
    )
    telling.command("score run --month 2026-09")


def _close(telling: Telling) -> None:
    voice, stage = telling.voice, telling.stage
    voice.chapter(Message("Closing the month: first refused, then signed"))
    telling.command("period close 2026-09")
    try:
        _prepare(telling, None)
    except Refused as refusal:
        voice.lines([refusal.message])
        voice.say(
            Message(
                "Refused (exit code {exit_code}): nobody loses money because a machine failed or nobody decided "
                "yet. A person signs for these days, with a reason that is kept for ever:",
                exit_code=refusal.exit_code,
            )
        )
    else:
        raise CheckFailed(Message("the month was not refused although days are pending; please report this as a bug"))
    telling.command(f'period close 2026-09 --accept-pending "{ACCEPTED}"')
    closed = close.publish(stage.engine, _prepare(telling, ACCEPTED), account=telling.account, now=stage.clock.now())
    voice.lines(
        Message(
            "{unit}: {people} people published, revision {revision}",
            unit=unit.unit,
            people=unit.people,
            revision=unit.revision,
        )
        for unit in closed
    )


def _prepare(telling: Telling, accept_pending: str | None) -> close.Prepared:
    stage = telling.stage
    return close.prepare(
        stage.engine,
        telling.rules,
        month.MONTH,
        profile=stage.config.agent.profile,
        now=stage.clock.now(),
        account=telling.account,
        accept_pending=accept_pending,
    )


def _why_this_much(telling: Telling) -> None:
    voice, stage = telling.voice, telling.stage
    voice.chapter(Message("What everybody gets, and why"))
    with reading(stage.engine) as conn:
        cards = results.scores(conn, month.MONTH)
    voice.table(
        (
            "name",
            "unit",
            "present",
            "excused",
            "TK",
            "discipline",
            "performance",
            "payable_rp",
        ),
        map(_row, cards),
    )
    telling.command("score show --month 2026-09")
    nip = next(person.nip for person in people() if person.name == EXPLAINED)
    voice.say(
        Message(
            "Leave costs no discipline; but with this profile it credits no minutes of work either, which the "
            "column performance shows. Such choices are lines in a rule file, each with its source. Every rupiah "
            "can be led back to a rule, a punch and the bytes that the terminal sent. {name}:",
            name=EXPLAINED,
        )
    )
    telling.command(f"score explain {nip} 2026-09")
    voice.lines(explain.explain(stage.engine, nip, month.MONTH))


def _row(card: Scorecard) -> tuple[object, ...]:
    return (
        card.name,
        card.unit,
        card.days_present,
        card.days_excused,
        card.unexcused.days,
        f"{percent_text(card.discipline.score_ppm)} %",
        f"{percent_text(card.performance.score_ppm)} %",
        card.allowance.payable_rp,
    )


def _payroll(telling: Telling) -> None:
    voice = telling.voice
    voice.chapter(Message("What payroll reads"))
    voice.say(
        Message("Payroll reads one view by plain SQL. Published rows are frozen; the database itself refuses changes.")
    )
    voice.command(f'sqlite3 {telling.place.shown}/state/central.db "{PAYROLL_SQL}"')
    with telling.stage.engine.connect() as connection:
        found = connection.exec_driver_sql(PAYROLL_SQL)
        voice.table(tuple(found.keys()), [tuple(row) for row in found])


def _reports(telling: Telling) -> None:
    voice, stage, place, rules = telling.voice, telling.stage, telling.place, telling.rules
    engine, profile = stage.engine, stage.config.agent.profile
    voice.chapter(Message("The reports"))

    def order(path: Path, *, public: bool = False) -> report.Order:
        return report.Order(month.MONTH, path, telling.account, "id", stage.clock.now(), public=public)

    place.reports.mkdir()
    report.monthly(engine, order(place.report))
    voice.say(
        Message(
            "A page in Indonesian with charts, to open in a browser or to print: {directory}/report.html",
            directory=place.shown,
        )
    )
    telling.command("report monthly --month 2026-09 --out report.html")
    report.daily(engine, order(place.reports / "daily.html"))
    report.daily(engine, order(place.reports / "daily.xlsx"))
    report.unit(engine, order(place.reports / "unit.html"))
    report.evaluation(engine, order(place.reports / "evaluation.html"), rules, profile=profile)
    report.evaluation(engine, order(place.reports / "evaluation.xlsx"), rules, profile=profile)
    report.evaluation(engine, order(place.reports / "evaluation-public.html", public=True), rules, profile=profile)
    report.events(engine, order(place.reports / "events.html"), rules, profile=profile, target_pct=TARGET_PCT)
    report.workload(engine, order(place.reports / "workload.html"), rules, profile=profile)
    report.sakip(engine, order(place.reports / "sakip.html"), rules, profile=profile)
    voice.say(
        Message(
            "What leaders see, in {directory}/reports. Only the public edition leaves the house:", directory=place.shown
        )
    )
    voice.table(
        ("file", "shows"),
        (
            ("daily.html, daily.xlsx", Message("who was present, late, absent or excused on each day")),
            ("unit.html", Message("how each office does month by month")),
            (
                "evaluation.html, evaluation.xlsx",
                Message("who is at the maximum, who falls short, how programmes stand"),
            ),
            (
                "evaluation-public.html",
                Message("the same to hang up: no person, and nothing about fewer than five people"),
            ),
            (
                "events.html",
                Message(
                    "what share of those called came to apel and krida, against a target of {target} %",
                    target=TARGET_PCT,
                ),
            ),
            ("workload.html", Message("how many people each job needs and has")),
            ("sakip.html", Message("grade of each office, and what its programmes did with the money")),
        ),
    )
    telling.command("report evaluation --public --month 2026-09 --out reports/evaluation-public.html")


def what_next(telling: Telling) -> None:
    telling.voice.chapter(Message("Now you"))
    telling.voice.say(Message("The simulated terminals are off again; all that they gave is here. Things to try:"))
    nip = next(person.nip for person in people() if person.name in month.WITHOUT_REASON)
    for words in (
        f"score explain {nip} 2026-09",
        "score show --month 2026-09 --findings",
        "punch unmatched",
        "period status 2026-09",
        "audit verify",
    ):
        telling.command(words)
    telling.voice.command("ekinerja-agent simulate --records 5000")


CHAPTERS = (_scores, _close, _why_this_much, _payroll, _reports)
