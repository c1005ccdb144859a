"""The story of the demo: what is done in which order, by the program's own verbs, and what is said of it.

Promises that every number it tells was read back from where the program keeps it. Does not know habits or
bytes.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ekinerja_agent import config as configuration
from ekinerja_agent.central.access import accounts
from ekinerja_agent.central.collected import punch_list
from ekinerja_agent.central.imported import activities
from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.scored import results
from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.demo import files, leaders, month
from ekinerja_agent.demo.county import GATES, OFFICES, people
from ekinerja_agent.demo.play import Clock, Stage, hung_up
from ekinerja_agent.host import os_user
from ekinerja_agent.nouns.errors import CheckFailed, Refused
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.scoring import percent_text
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.deciding import activities as life
from ekinerja_agent.usecases.deciding import deadlines
from ekinerja_agent.usecases.importing import imports
from ekinerja_agent.usecases.month import close, explain, score
from ekinerja_agent.usecases.reporting import report

if TYPE_CHECKING:
    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.demo.voice import Voice
    from ekinerja_agent.nouns.scorecard import Scorecard
    from ekinerja_agent.rules import RuleBook

ACCEPTED = "Terminal disdik-gedung-b had no power on 16 September (report 029/77/DISDIK); Wahyudi's leave is genuine"
EXPLAINED = "Muhammad Yusuf, S.E."
HEAD = "dr. Hj. Rahmawati, M.Kes."
HEAD_ACCOUNT = "rahmawati"
COUNTED_MINUTES = 120
RETURNED_BECAUSE = "Which puskesmas? Please add it"
TARGET_PCT = "98"
PAYROLL_SQL = (
    "SELECT unit_code, name, discipline_pct, performance_pct, payable_rp "
    "FROM payroll_scores_v1 WHERE period = '2026-09' ORDER BY payable_rp DESC, nip LIMIT 5"
)


@dataclass(frozen=True, slots=True)
class Telling:
    """What every chapter needs: who speaks, where the files are, what is played, by which rules, as whom."""

    voice: Voice
    place: files.Place
    stage: Stage
    rules: RuleBook
    account: Account

    def bring(self, kind: str, table: str | None = None) -> imports.Imported:
        """Import a file as `ekinerja-agent import` does, and say what became of it."""
        path = self.place.table(table or kind)
        done = imports.import_facts(
            self.stage.engine,
            self.account,
            kind,
            imports.ImportFile(path.name, path.read_bytes()),
            now=self.stage.clock.now(),
            rules=self.rules,
            profile=self.stage.config.agent.profile,
        )
        told = self.voice.translate(f"{done.stored} {'row' if done.stored == 1 else 'rows'} stored")
        if done.rejected:
            told += self.voice.translate(f", {len(done.rejected)} of them rejected: {done.rejected[0]}")
        self.voice.lines([f"{path.name:<24} {told}"])
        return done

    def command(self, words: str) -> None:
        """Show the command that does the same on the demo's directory."""
        self.voice.command(f"ekinerja-agent --config {self.place.shown_agent} {words}")


def tell(directory: Path, voice: Voice) -> Stage:
    """Given a directory and a voice, live through the demo; return the stage with all its terminals off.

    Raise Refused if the directory is not the demo's to use, or nobody knows the name of who runs it.
    """
    user = os_user.acting()
    place = files.prepare(directory)
    clock = Clock(month.local(month.ENROLMENT_DAY, 13))
    with ExitStack() as stack:
        terminals = stack.enter_context(hung_up(clock))
        files.write_configuration(place, {name: terminal.port for name, terminal in terminals.items()})
        files.write_tables(place)
        config = configuration.load(place.agent)
        rules = load_rulebook(config.agent.rules)
        spool = stack.enter_context(Spool(config.agent.spool_path))
        engine = connect(config.agent.central.url)
        stack.callback(engine.dispose)
        require_current(engine)
        account, _ = accounts.actor(engine, user, clock.now())
        stage = Stage(clock, terminals, config, spool, engine)
        telling = Telling(voice, place, stage, rules, account)
        for chapter in (
            _the_county,
            _who_works_where,
            _a_month_of_fingers,
            _nothing_lost,
            _a_finger_without_a_person,
            _documents_and_notes,
            _what_leaders_bring,
            _a_head_decides,
            _scores,
            _close,
            _why_this_much,
            _payroll,
            _reports,
        ):
            chapter(telling)
    _what_next(telling)
    return stage


def _the_county(telling: Telling) -> None:
    voice = telling.voice
    voice.chapter("The county")
    voice.say(
        f"{len(OFFICES)} offices, {len(people())} civil servants, {len(GATES)} fingerprint terminals. "
        "People and terminals are simulated; everything else is the program as an office runs it. The "
        "terminals speak the real protocol on this machine. They are of different kinds, as in life:"
    )
    telling.voice.table(
        ("terminal", "office", "transport", "record_bytes", "clock_fast_s", "address"),
        (
            (
                g.id,
                g.office,
                g.transport,
                g.layout,
                g.fast_s,
                f"127.0.0.1:{telling.stage.terminals[g.id].port}",
            )
            for g in GATES
        ),
    )
    voice.say(f"Configuration, rules and all files are in {telling.place.shown}.")
    telling.command("config check")


def _who_works_where(telling: Telling) -> None:
    telling.voice.chapter("Who works where, and whose finger is whose")
    telling.voice.say(
        f"Every change has an actor. Nobody had acted here before, so you ({telling.account.name}) are now "
        "operator; the audit log says so. Offices, people and PINs come from files; a file with one wrong "
        "row would change nothing."
    )
    for kind in ("units", "employees", "enrolments", "calendar"):
        telling.bring(kind)
    telling.command(f"import employees {telling.place.shown}/import/employees.csv")


def _a_month_of_fingers(telling: Telling) -> None:
    voice, stage = telling.voice, telling.stage
    voice.chapter("September 2026 goes by")
    voice.say(
        "People come, go to the break, come back and leave. Some are late, some forget a scan, some tap "
        "twice. The collector asks every terminal every 10 minutes from 6 to 18 o'clock; at night offices "
        "are switched off, which is harmless. A simulated clock makes the month short."
    )
    rounds = sum(1 for _ in month.poll_times())
    with voice.progress("polling", rounds) as report_progress:
        done = 0

        def show(now: Stage) -> None:
            nonlocal done
            done += 1
            day = f"{now.clock.moment:%a %d %b}"
            report_progress(done, day)

        stage.play(show)
    voice.say(
        f"{stage.polls:,} polls brought {stage.new:,} punches in {stage.received_bytes / 1e6:.0f} MB over "
        "the wire. Each went to disk in the spool first, then to the central database."
    )
    cut, link = month.POWER_CUT, month.LINK_CUT
    voice.say(
        f"Two machines failed on the way. {link.gate} lost its link for {_hours(link)} hours on 9 "
        f"September: {stage.away[link.gate]} connections were refused, but it went on recording and gave "
        f"all of it afterwards. {cut.gate} had no power on 16 September: {stage.away[cut.gate]} connections "
        "were refused, and no finger was recorded. That day is unknown, which is not the same as absent."
    )
    telling.command("terminal list")


def _hours(failure: month.Failure) -> str:
    return f"{(failure.end - failure.start).total_seconds() / 3600:.0f}"


def _nothing_lost(telling: Telling) -> None:
    voice, stage = telling.voice, telling.stage
    voice.chapter("No punch lost, none counted twice")
    central: dict[str, int] = {}
    for row in punch_list.punch_rows(stage.engine):
        central[row["terminal"]] = central.get(row["terminal"], 0) + 1
    recorded = {name: len(terminal.device.history) for name, terminal in stage.terminals.items()}
    voice.table(
        ("terminal", "recorded", "in_central"),
        ((name, count, central.get(name, 0)) for name, count in recorded.items()),
    )
    if recorded != central:
        raise CheckFailed("central holds other punches than the terminals recorded; please report this as a bug")
    voice.say(f"All terminals are read once more, from their first record: {stage.ask_all()} new punches.")
    stage.forward()
    telling.command("punch list --office DINKES --from 2026-09-07 --to 2026-09-07")


def _a_finger_without_a_person(telling: Telling) -> None:
    voice = telling.voice
    voice.chapter("A finger that belongs to nobody")
    voice.say("These PINs were recorded, but no enrolment says whose they are. They are kept, never dropped:")
    _unmatched(telling)
    voice.say(f"One of them is {month.FORGOTTEN}'s; somebody forgot the row. It is imported now:")
    telling.bring("enrolments", "enrolments-late")
    _unmatched(telling)
    voice.say(f"His old punches found him by themselves. PIN {month.STRANGER_PIN} was the technician's; it stays.")
    telling.command("punch unmatched")


def _unmatched(telling: Telling) -> None:
    telling.voice.table(
        ("terminal", "pin", "punches"),
        ((row["terminal"], row["pin"], row["punches"]) for row in punch_list.unmatched(telling.stage.engine)),
    )


def _documents_and_notes(telling: Telling) -> None:
    telling.voice.chapter("Documents, and what people did")
    telling.voice.say(
        "Official trips and leave, one of them not decided yet; and the daily notes of work that superiors "
        "approved. One note overlaps another: a rule rejects that row and says so, the others count."
    )
    telling.bring("absences")
    telling.bring("activities")
    telling.command("import list")


def _what_leaders_bring(telling: Telling) -> None:
    apel = leaders.APEL
    telling.voice.chapter("What leaders set out, and whom they called")
    telling.voice.say(
        "Plans of the year and how far they are, the work that each job has, SAKIP points, meetings and innovations. "
        f"Everybody was called to the apel of {apel.day:%d %B}, which closed at {apel.closes:%H:%M}, and to krida on "
        f"{leaders.KRIDA.day:%d %B}. With this profile a missed apel costs discipline, a missed krida nothing."
    )
    for kind in (
        *("plans", "plan_progress", "workload_tasks", "staff", "sakip"),
        *("evaluation_meetings", "innovations", "events", "event_attendance"),
    ):
        telling.bring(kind)


def _a_head_decides(telling: Telling) -> None:
    voice, stage = telling.voice, telling.stage
    nip = next(person.nip for person in people() if person.name == HEAD)
    voice.chapter("A head decides")
    voice.say(
        f"Notes that no superior decided yet wait. {HEAD} heads the health office; you give her an account, and she "
        "decides those of her direct staff: one counts, one counts in part, one goes back. Nobody else may, and "
        "nobody decides on their own."
    )
    telling.command(f"account add {HEAD_ACCOUNT} --role head --nip {nip}")
    now = stage.clock.now()
    head = accounts.add(stage.engine, HEAD_ACCOUNT, roles=["head"], by=telling.account, now=now, nip=nip)
    desk = life.Desk(stage.engine, telling.rules, stage.config.agent.profile, head, now)
    telling.command(f"activity approve {month.APPROVED_NOTE}")
    life.approve(desk, month.APPROVED_NOTE)
    telling.command(f"activity approve {month.SHORTENED_NOTE} --minutes {COUNTED_MINUTES}")
    life.approve(desk, month.SHORTENED_NOTE, minutes=COUNTED_MINUTES)
    telling.command(f'activity return {month.RETURNED_NOTE} --reason "{RETURNED_BECAUSE}"')
    life.send_back(desk, month.RETURNED_NOTE, reason=RETURNED_BECAUSE)
    deadlines.run(stage.engine, telling.rules, profile=stage.config.agent.profile, now=now)
    voice.say(
        "One note of 10 September was overlooked. Silence must not cost the person money: the next superior is asked "
        "too, then the note counts, and the record names the superior who was silent."
    )
    telling.command("activity silence")
    with reading(stage.engine) as conn:
        waiting = [row for row in activities.rows(conn) if row["id"] in month.WAITING]
    shown = ("id", "date", "start", "end", "status", "approved_minutes", "reason")
    voice.table(shown, (tuple(row[column] for column in shown) for row in waiting))
    telling.command("activity list")


def _scores(telling: Telling) -> None:
    voice, stage = telling.voice, telling.stage
    voice.chapter("Scores")
    summary = score.run(
        stage.engine,
        telling.rules,
        month.MONTH,
        profile=stage.config.agent.profile,
        now=stage.clock.now(),
    )
    voice.say(
        f"{summary.people} people are scored; {summary.pending} of them have a pending day. "
        "A pending day deducts nothing."
    )
    telling.command("score run --month 2026-09")


def _close(telling: Telling) -> None:
    voice, stage = telling.voice, telling.stage
    voice.chapter("Closing the month: first refused, then signed")
    telling.command("period close 2026-09")
    try:
        _prepare(telling, None)
    except Refused as refusal:
        voice.lines(str(refusal).splitlines())
        voice.say(
            f"Refused (exit code {refusal.exit_code}): nobody loses money because a machine failed or nobody "
            "decided yet. A person signs for these days, with a reason that is kept for ever:"
        )
    else:
        raise CheckFailed("the month was not refused although days are pending; please report this as a bug")
    telling.command(f'period close 2026-09 --accept-pending "{ACCEPTED}"')
    closed = close.publish(stage.engine, _prepare(telling, ACCEPTED), account=telling.account, now=stage.clock.now())
    voice.lines(f"{unit.unit}: {unit.people} people published, revision {unit.revision}" for unit in closed)


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
    voice.chapter("What everybody gets, and why")
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
        "Leave costs no discipline; but with this profile it credits no minutes of work either, which the "
        "column performance shows. Such choices are lines in a rule file, each with its source. Every rupiah "
        f"can be led back to a rule, a punch and the bytes that the terminal sent. {EXPLAINED}:"
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
    voice.chapter("What payroll reads")
    voice.say("Payroll reads one view by plain SQL. Published rows are frozen; the database itself refuses changes.")
    voice.command(f'sqlite3 {telling.place.shown}/state/central.db "{PAYROLL_SQL}"')
    with telling.stage.engine.connect() as connection:
        found = connection.exec_driver_sql(PAYROLL_SQL)
        voice.table(tuple(found.keys()), [tuple(row) for row in found])


def _reports(telling: Telling) -> None:
    voice, stage, place, rules = telling.voice, telling.stage, telling.place, telling.rules
    engine, profile = stage.engine, stage.config.agent.profile
    voice.chapter("The reports")

    def order(path: Path, *, public: bool = False) -> report.Order:
        return report.Order(month.MONTH, path, telling.account, "id", stage.clock.now(), public=public)

    place.reports.mkdir()
    report.monthly(engine, order(place.report))
    voice.say(f"A page in Indonesian with charts, to open in a browser or to print: {place.shown}/report.html")
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
    voice.say(f"What leaders see, in {place.shown}/reports. Only the public edition leaves the house:")
    voice.table(
        ("file", "shows"),
        (
            ("daily.html, daily.xlsx", "who was present, late, absent or excused on each day"),
            ("unit.html", "how each office does month by month"),
            ("evaluation.html, evaluation.xlsx", "who is at the maximum, who falls short, how programmes stand"),
            ("evaluation-public.html", "the same to hang up: no person, and nothing about fewer than five people"),
            ("events.html", f"what share of those called came to apel and krida, against a target of {TARGET_PCT} %"),
            ("workload.html", "how many people each job needs and has"),
            ("sakip.html", "grade of each office, and what its programmes did with the money"),
        ),
        told=True,
    )
    telling.command("report evaluation --public --month 2026-09 --out reports/evaluation-public.html")


def _what_next(telling: Telling) -> None:
    telling.voice.chapter("Now you")
    telling.voice.say("The simulated terminals are off again; all that they gave is here. Things to try:")
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
