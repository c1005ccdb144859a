"""The story of the demo: what is done in which order, by the program's own verbs, and what is said of it.

Promises that every number it tells was read back from where the program keeps it. Does not know habits or
bytes.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ekinerja_agent import config as configuration
from ekinerja_agent.central.access import accounts
from ekinerja_agent.central.collected import punch_list
from ekinerja_agent.central.imported import activities
from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.demo import files, leaders, month, month_end
from ekinerja_agent.demo.county import GATES, OFFICES, people
from ekinerja_agent.demo.play import Clock, Stage, hung_up
from ekinerja_agent.demo.telling import Telling
from ekinerja_agent.host import os_user
from ekinerja_agent.nouns.errors import CheckFailed
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.deciding import activities as life
from ekinerja_agent.usecases.deciding import deadlines

if TYPE_CHECKING:
    from ekinerja_agent.demo.voice import Voice

HEAD = "dr. Hj. Rahmawati, M.Kes."
HEAD_ACCOUNT = "rahmawati"
COUNTED_MINUTES = 120
RETURNED_BECAUSE = "Which puskesmas? Please add it"


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
            *month_end.CHAPTERS,
        ):
            chapter(telling)
    month_end.what_next(telling)
    return stage


def _the_county(telling: Telling) -> None:
    voice = telling.voice
    voice.chapter(Message("The county"))
    voice.say(
        Message(
            "{offices} offices, {people} civil servants, {terminals} fingerprint terminals. People and terminals "
            "are simulated; everything else is the program as an office runs it. The terminals speak the real "
            "protocol on this machine. They are of different kinds, as in life:",
            offices=len(OFFICES),
            people=len(people()),
            terminals=len(GATES),
        )
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
    voice.say(Message("Configuration, rules and all files are in {directory}.", directory=telling.place.shown))
    telling.command("config check")


def _who_works_where(telling: Telling) -> None:
    telling.voice.chapter(Message("Who works where, and whose finger is whose"))
    telling.voice.say(
        Message(
            "Every change has an actor. Nobody had acted here before, so you ({account}) are now operator; the "
            "audit log says so. Offices, people and PINs come from files; a file with one wrong row would change "
            "nothing.",
            account=telling.account.name,
        )
    )
    for kind in ("units", "employees", "enrolments", "calendar"):
        telling.bring(kind)
    telling.command(f"import employees {telling.place.shown}/import/employees.csv")


def _a_month_of_fingers(telling: Telling) -> None:
    voice, stage = telling.voice, telling.stage
    voice.chapter(Message("September 2026 goes by"))
    voice.say(
        Message(
            "People come, go to the break, come back and leave. Some are late, some forget a scan, some tap twice. "
            "The collector asks every terminal every 10 minutes from 6 to 18 o'clock; at night offices are switched "
            "off, which is harmless. A simulated clock makes the month short."
        )
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
        Message(
            "{polls} polls brought {new} punches in {megabytes} MB over the wire. Each went to disk in the spool "
            "first, then to the central database.",
            polls=f"{stage.polls:,}",
            new=f"{stage.new:,}",
            megabytes=f"{stage.received_bytes / 1000000.0:.0f}",
        )
    )
    cut, link = month.POWER_CUT, month.LINK_CUT
    voice.say(
        Message(
            "Two machines failed on the way. {terminal} lost its link for {hours} hours on 9 September: {refused} "
            "connections were refused, but it went on recording and gave all of it afterwards. {other} had no power "
            "on 16 September: {refused_there} connections were refused, and no finger was recorded. That day is "
            "unknown, which is not the same as absent.",
            terminal=link.gate,
            hours=_hours(link),
            refused=stage.away[link.gate],
            other=cut.gate,
            refused_there=stage.away[cut.gate],
        )
    )
    telling.command("terminal list")


def _hours(failure: month.Failure) -> str:
    return f"{(failure.end - failure.start).total_seconds() / 3600:.0f}"


def _nothing_lost(telling: Telling) -> None:
    voice, stage = telling.voice, telling.stage
    voice.chapter(Message("No punch lost, none counted twice"))
    central: dict[str, int] = {}
    for row in punch_list.punch_rows(stage.engine):
        central[row["terminal"]] = central.get(row["terminal"], 0) + 1
    recorded = {name: len(terminal.device.history) for name, terminal in stage.terminals.items()}
    voice.table(
        ("terminal", "recorded", "in_central"),
        ((name, count, central.get(name, 0)) for name, count in recorded.items()),
    )
    if recorded != central:
        raise CheckFailed(
            Message("central holds other punches than the terminals recorded; please report this as a bug")
        )
    voice.say(
        Message(
            "All terminals are read once more, from their first record: {count} new punches.", count=stage.ask_all()
        )
    )
    stage.forward()
    telling.command("punch list --office DINKES --from 2026-09-07 --to 2026-09-07")


def _a_finger_without_a_person(telling: Telling) -> None:
    voice = telling.voice
    voice.chapter(Message("A finger that belongs to nobody"))
    voice.say(Message("These PINs were recorded, but no enrolment says whose they are. They are kept, never dropped:"))
    _unmatched(telling)
    voice.say(Message("One of them is {name}'s; somebody forgot the row. It is imported now:", name=month.FORGOTTEN))
    telling.bring("enrolments", "enrolments-late")
    _unmatched(telling)
    voice.say(
        Message(
            "His old punches found him by themselves. PIN {pin} was the technician's; it stays.", pin=month.STRANGER_PIN
        )
    )
    telling.command("punch unmatched")


def _unmatched(telling: Telling) -> None:
    telling.voice.table(
        ("terminal", "pin", "punches"),
        ((row["terminal"], row["pin"], row["punches"]) for row in punch_list.unmatched(telling.stage.engine)),
    )


def _documents_and_notes(telling: Telling) -> None:
    telling.voice.chapter(Message("Documents, and what people did"))
    telling.voice.say(
        Message(
            "Official trips and leave, one of them not decided yet; and the daily notes of work that superiors "
            "approved. One note overlaps another: a rule rejects that row and says so, the others count."
        )
    )
    telling.bring("absences")
    telling.bring("activities")
    telling.command("import list")


def _what_leaders_bring(telling: Telling) -> None:
    apel = leaders.APEL
    telling.voice.chapter(Message("What leaders set out, and whom they called"))
    telling.voice.say(
        Message(
            "Plans of the year and how far they are, the work that each job has, SAKIP points, meetings and "
            "innovations. Everybody was called to the apel of {day}, which closed at {closes}, and to krida on "
            "{krida_day}. With this profile a missed apel costs discipline, a missed krida nothing.",
            day=f"{apel.day:%d %B}",
            closes=f"{apel.closes:%H:%M}",
            krida_day=f"{leaders.KRIDA.day:%d %B}",
        )
    )
    for kind in (
        *("plans", "plan_progress", "workload_tasks", "staff", "sakip"),
        *("evaluation_meetings", "innovations", "events", "event_attendance"),
    ):
        telling.bring(kind)


def _a_head_decides(telling: Telling) -> None:
    voice, stage = telling.voice, telling.stage
    nip = next(person.nip for person in people() if person.name == HEAD)
    voice.chapter(Message("A head decides"))
    voice.say(
        Message(
            "Notes that no superior decided yet wait. {head} heads the health office; you give her an account, and "
            "she decides those of her direct staff: one counts, one counts in part, one goes back. Nobody else may, "
            "and nobody decides on their own.",
            head=HEAD,
        )
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
        Message(
            "One note of 10 September was overlooked. Silence must not cost the person money: the next superior is "
            "asked too, then the note counts, and the record names the superior who was silent."
        )
    )
    telling.command("activity silence")
    with reading(stage.engine) as conn:
        waiting = [row for row in activities.rows(conn) if row["id"] in month.WAITING]
    shown = ("id", "date", "start", "end", "status", "approved_minutes", "reason")
    voice.table(shown, (tuple(row[column] for column in shown) for row in waiting))
    telling.command("activity list")
