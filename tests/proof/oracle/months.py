"""Random months: a few people on a few days with much on them, near the edges that the rules care about.

A month is drawn for one rule book and one default profile. Times are local; days come from a short list, so that
punches, documents, corrections, events and missing data meet on the same day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import strategies as st

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring.frames.schemas import MonthFacts
from tests.proof.oracle.building import FOREVER, MonthBuilder

ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
MONTHS = (date(2026, 2, 1), date(2026, 9, 1))
TERMINALS = ("T", "U")
EDGES = "07:00 07:30 08:00 08:30 09:00 11:30 11:45 12:00 12:30 13:00 14:00 15:00 16:00 16:30 17:00 18:00 21:00".split()
ANY_DAY = date(2026, 1, 2)
UNTIL_DECEMBER = datetime(2026, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the parts of a random month share."""

    month: date
    zone: str
    days: tuple[date, ...]
    nips: tuple[str, ...]
    units: tuple[str, ...]
    kinds: tuple[str, ...]
    profiles: tuple[str, ...]
    schedules: tuple[str, ...]


def clocks() -> st.SearchStrategy[time]:
    """Mostly near what the rules care about."""
    around = st.builds(
        lambda text, off_s: (
            datetime.combine(date(2026, 1, 2), time.fromisoformat(text)) + timedelta(seconds=off_s)
        ).time(),
        st.sampled_from(EDGES),
        st.one_of(st.sampled_from((-60, -1, 0, 1, 59, 60)), st.integers(-6_000, 6_000)),
    )
    return st.one_of(around, around, st.builds(time, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59)))


def minutes() -> st.SearchStrategy[time]:
    return clocks().map(lambda clock: clock.replace(second=0))


@st.composite
def months(draw: st.DrawFn, rules: RuleBook, profile: str, *, people: int = 5) -> MonthFacts:
    """Draw the facts of a month in which `profile` is that of units that name none."""
    month = draw(st.sampled_from(MONTHS))
    known = [set(each.absences.on(month).value) for each in rules.profiles.values()]
    frame = Frame(
        month=month,
        zone=draw(st.sampled_from(ZONES)),
        days=tuple(month + timedelta(days=number) for number in (0, 6, 8, 9, 10, 17, 22, 27)),
        nips=tuple(f"1990010120150110{number:02}" for number in range(1, 1 + draw(st.integers(1, people)))),
        units=("DINKES", "PUSKESMAS", "RSUD")[: draw(st.integers(1, 3))],
        kinds=tuple(sorted(set.intersection(*known))),
        profiles=tuple(sorted(rules.profiles)),
        schedules=tuple(sorted(rules.schedules)),
    )
    built = MonthBuilder(month, profile, frame.zone, draw(_nows(frame)), draw(st.integers(0, 5)) == 0)
    _add_units(draw, built, frame)
    _add_people(draw, built, frame)
    _add_presence(draw, built, frame)
    _add_punches(draw, built, frame)
    _add_documents(draw, built, frame)
    _add_corrections(draw, built, frame)
    _add_events(draw, built, frame)
    _add_machines(draw, built, frame)
    _add_activities(draw, built, frame)
    _add_money(draw, built, frame)
    _add_calendar(draw, built, frame)
    _add_plans(draw, built, frame)
    return replace(built.facts(), through=draw(st.sampled_from((None, None, None, None, frame.days[4], frame.days[6]))))


def _nows(frame: Frame) -> st.SearchStrategy[datetime]:
    inside = st.builds(
        lambda day, clock: datetime.combine(day, clock, tzinfo=UTC), st.sampled_from(frame.days), clocks()
    )
    return st.one_of(st.just(UNTIL_DECEMBER), st.just(UNTIL_DECEMBER), inside)


def _add_units(draw: st.DrawFn, built: MonthBuilder, frame: Frame) -> None:
    for number, unit in enumerate(frame.units):
        zone = frame.zone if number == 0 else draw(st.sampled_from(ZONES))
        parent = frame.units[0] if number else None
        own = draw(st.sampled_from((None, None, None, draw(st.sampled_from(frame.profiles)))))
        built.unit(unit, parent=parent, timezone=zone, profile=own)


def _add_people(draw: st.DrawFn, built: MonthBuilder, frame: Frame) -> None:
    for nip in frame.nips:
        terminals = draw(st.sampled_from((("T",), ("T",), ("T", "U"), ("U",), ())))
        status = draw(st.sampled_from(("pns", "pns", "cpns", "pppk")))
        changes = draw(st.sampled_from((False, False, True)))
        first = draw(st.sampled_from((None, None, None, frame.days[1])))
        last = draw(st.sampled_from((None, None, None, frame.days[5])))
        middle = draw(st.sampled_from(frame.days[3:5]))
        for begins, ends in ((first, middle), (middle + timedelta(days=1), last)) if changes else ((first, last),):
            built.person(
                nip,
                terminals=terminals,
                unit=draw(st.sampled_from(frame.units)),
                employment_status=status,
                attendance=draw(st.sampled_from(("terminal",) * 6 + ("register", "exempt"))),
                schedule=draw(_schedules(frame)),
                allowance_rp=draw(st.sampled_from((None, 1, 4_000_000, 3_333_333, 7_123_457))),
                valid_from=begins,
                valid_to=ends,
            )
            terminals = ()


def _schedules(frame: Frame) -> st.SearchStrategy[str | None]:
    usual = (None, None, None, None)
    return st.sampled_from((*usual, *frame.schedules, "three-shifts"))


def _add_presence(draw: st.DrawFn, built: MonthBuilder, frame: Frame) -> None:
    """Who is simply there, so that what is odd stands out; and the roster of who works in shifts."""
    for nip in frame.nips:
        if draw(st.booleans()):
            day = frame.month
            while day.month == frame.month.month:
                built.punch(day, "07:20", "12:05", "12:50", "17:10", nip=nip)
                day += timedelta(days=1)
    shifts = st.lists(st.sampled_from(("pagi", "siang", "malam", "OFF", "sore")), min_size=1, max_size=2, unique=True)
    for spell in built.rows["spells"]:
        if spell["schedule"] == "three-shifts":
            rostered = {row["day"] for row in built.rows.get("rosters", []) if row["nip"] == spell["nip"]}
            day = frame.month
            while day.month == frame.month.month:
                if day not in rostered:
                    names = draw(shifts) if day in frame.days else ["OFF"]
                    for shift in names if day not in frame.days or draw(st.integers(0, 6)) else []:
                        built.add("rosters", nip=spell["nip"], day=day, shift=shift)
                day += timedelta(days=1)


def _add_punches(draw: st.DrawFn, built: MonthBuilder, frame: Frame) -> None:
    offsets = st.sampled_from((0, 0, 0, 0, 3_600, -3_600, 18_000, 90))
    punch = st.tuples(
        st.sampled_from(frame.days), clocks(), st.sampled_from(frame.nips), st.sampled_from(TERMINALS), offsets
    )
    for day, clock, nip, terminal, off_s in draw(st.lists(punch, max_size=25, unique_by=lambda row: row[:4])):
        built.punch(day, clock.isoformat(), nip=nip, terminal=terminal, clock_off_s=off_s)
    ids = {row["punch_id"]: row for row in built.rows.get("punches", [])}
    built.rows["punches"] = list(ids.values())


def _add_documents(draw: st.DrawFn, built: MonthBuilder, frame: Frame) -> None:
    documents = st.tuples(
        st.sampled_from(frame.days),
        st.sampled_from((0, 0, 1, 4, 40)),
        st.sampled_from(frame.kinds),
        st.sampled_from(frame.nips),
        st.sampled_from(("approved", "approved", "approved", "pending", "rejected")),
        st.one_of(st.none(), st.none(), st.tuples(st.one_of(st.none(), minutes()), st.one_of(st.none(), minutes()))),
        st.sampled_from((0, 0, 3, 29, 31, 62)),
    )
    for number, row in enumerate(draw(st.lists(documents, max_size=6))):
        first, length, kind, nip, status, times, before = row
        last = first + timedelta(days=length)
        built.absence(
            first,
            last,
            nip=nip,
            kind=kind,
            status=status,
            from_time=times[0] if times else None,
            to_time=times[1] if times else None,
            case_first=first - timedelta(days=before),
            case_last=last + timedelta(days=draw(st.sampled_from((0, 0, 5, 30)))),
            child_number=draw(st.sampled_from((None, 1, 3))),
            document=draw(st.sampled_from((None, f"800/{number}", f"800/{number}"))),
        )


def _add_corrections(draw: st.DrawFn, built: MonthBuilder, frame: Frame) -> None:
    corrections = st.tuples(
        st.sampled_from(frame.days),
        st.sampled_from(("arrive", "break_out", "break_in", "leave")),
        st.sampled_from(frame.nips),
        st.sampled_from(("add", "add", "add", "void")),
        st.sampled_from(("approved", "approved", "pending", "rejected")),
        minutes(),
    )
    for number, (day, scan, nip, action, status, clock) in enumerate(draw(st.lists(corrections, max_size=5)), start=1):
        said = clock if action == "add" else None
        built.add(
            "corrections",
            nip=nip,
            day=day,
            scan=scan,
            action=action,
            time=said,
            status=status,
            reference=f"correction/{number}",
        )


def _add_events(draw: st.DrawFn, built: MonthBuilder, frame: Frame) -> None:
    events = st.tuples(
        st.sampled_from(frame.days),
        st.sampled_from(("apel", "upacara", "krida")),
        st.sampled_from(("*", *frame.units)),
        st.sampled_from(((time(7, 15), time(7, 45)), (time(7, 0), time(8, 0)), (time(15), time(16)), (None, None))),
        st.sampled_from((*TERMINALS, "HALL", None)),
        st.sampled_from((None, None, ["pns"], [frame.nips[0], "cpns"])),
    )
    marks = st.lists(
        st.tuples(st.sampled_from(frame.nips), st.sampled_from(("present", "excused"))),
        max_size=2,
        unique_by=lambda row: row[0],
    )
    for number, (day, kind, unit, window, terminal, audience) in enumerate(draw(st.lists(events, max_size=4))):
        event = f"event-{number}"
        opens, closes = window
        built.add(
            "events",
            event=event,
            kind=kind,
            unit=unit,
            day=day,
            opens=opens,
            closes=closes,
            terminal=terminal,
            audience=audience,
        )
        for nip, mark in draw(marks):
            built.add("event_attendance", event=event, nip=nip, mark=mark)


def _add_machines(draw: st.DrawFn, built: MonthBuilder, frame: Frame) -> None:
    """Holes in what is known, silence, and outages."""
    moments = st.builds(datetime.combine, st.sampled_from(frame.days), clocks()).map(built.instant)
    hours = st.integers(1, 40)
    for terminal in (*TERMINALS, "HALL"):
        begin: datetime | None = None
        for lost, length in sorted(draw(st.lists(st.tuples(moments, hours), max_size=2))):
            if begin is None or lost > begin:
                built.covered(begin, lost, terminal)
            gone = lost + timedelta(hours=length)
            begin = gone if begin is None else max(begin, gone)
        built.covered(begin, FOREVER, terminal)
        for lost, length in draw(st.lists(st.tuples(moments, hours), max_size=2)):
            built.covered(lost, lost + timedelta(hours=length), terminal, "silent")
        lengths = st.one_of(st.integers(1, 120), st.integers(120, 1_500))
        statuses = st.sampled_from(("approved", "approved", "pending", "rejected"))
        for begins, length, status in draw(st.lists(st.tuples(moments, lengths, statuses), max_size=2)):
            built.outage(begins, begins + timedelta(minutes=length), terminal, status)


def _add_activities(draw: st.DrawFn, built: MonthBuilder, frame: Frame) -> None:
    nips = st.sampled_from(frame.nips)
    for nip, day, done in draw(st.lists(st.tuples(nips, st.sampled_from(frame.days), st.integers(1, 900)), max_size=4)):
        built.add("activities", nip=nip, day=day, minutes=done)
    claims = st.tuples(nips, st.sampled_from(frame.days), minutes(), st.integers(1, 500), st.integers(0, 120))
    for number, (nip, day, start, length, less) in enumerate(draw(st.lists(claims, max_size=8))):
        begins = start.hour * 60 + start.minute
        ends = min(begins + length, 1_439)
        if ends > begins:
            end, done = time(ends // 60, ends % 60), max(1, ends - begins - less)
            built.add("activities", nip=nip, activity=f"A{number}", day=day, start=start, end=end, minutes=done)
    for nip in frame.nips:
        for _ in range(draw(st.sampled_from((0, 0, 22)))):
            built.add("activities", nip=nip, day=frame.days[2], minutes=60)


def _add_money(draw: st.DrawFn, built: MonthBuilder, frame: Frame) -> None:
    dates = st.tuples(st.sampled_from((None, *frame.days)), st.sampled_from((None, *frame.days)))
    nips = st.sampled_from(frame.nips)
    taken = st.tuples(nips, st.one_of(st.integers(0, 5_000_000), st.none()), st.integers(0, 1_000_000), dates)
    for frame_name in ("holds", "sanctions"):
        for nip, amount, ppm, (first, last) in draw(st.lists(taken, max_size=2)):
            share = ppm if amount is None else None
            built.add(frame_name, nip=nip, amount_rp=amount, share_ppm=share, valid_from=first, valid_to=last)
    for nip, amount, (first, last) in draw(st.lists(st.tuples(nips, st.integers(0, 10**11), dates), max_size=3)):
        built.add("allowances", nip=nip, criterion="c", amount_e4=amount, valid_from=first, valid_to=last)
    plt = st.tuples(nips, st.one_of(st.none(), st.integers(0, 9_000_000)), st.sampled_from(("plt", "plh")), dates)
    for nip, amount, kind, (first, last) in draw(st.lists(plt, max_size=2)):
        built.add("assignments", nip=nip, kind=kind, unit="X", allowance_rp=amount, valid_from=first, valid_to=last)
    predicates = st.sampled_from(("sangat_baik", "baik", "butuh_perbaikan", "cukup", "kurang", "sangat_kurang"))
    for nip, predicate, (first, last) in draw(st.lists(st.tuples(nips, predicates, dates), max_size=5)):
        built.add("ratings", nip=nip, predicate=predicate, valid_from=first, valid_to=last)
    back = st.integers(1, 70)
    for nip in draw(st.lists(nips, max_size=2, unique=True)):
        for days in sorted(draw(st.lists(back, max_size=14, unique=True)), reverse=True):
            missed = draw(st.sampled_from((True, True, True, False)))
            built.add(
                "earlier_days",
                nip=nip,
                day=frame.month - timedelta(days=days),
                unexcused=missed,
                bank_minutes=0 if missed else draw(st.integers(0, 400)),
                missing_scans=0 if missed else draw(st.integers(0, 2)),
            )


def _add_plans(draw: st.DrawFn, built: MonthBuilder, frame: Frame) -> None:
    """Reports near the limits of what made-up profiles call critical, and points from nothing to all."""
    shares = st.sampled_from((0, 430_000, 494_999, 495_000, 500_000, 570_000, 570_001, 999_999, 1_000_000))
    dues = st.sampled_from((frame.month - timedelta(days=1), *frame.days, frame.month + timedelta(days=31)))
    reports = st.tuples(st.sampled_from(frame.nips), dues, shares, shares)
    for number, (nip, due, planned, physical) in enumerate(draw(st.lists(reports, max_size=4))):
        built.add("plan_reports", plan=f"P{number}", nip=nip, due_date=due, planned_ppm=planned, physical_ppm=physical)
    points = st.tuples(st.integers(0, 12_000), st.sampled_from((300, 10_000, 12_000)))
    subjects = st.sampled_from((*((nip, None) for nip in frame.nips), *((None, unit) for unit in frame.units)))
    codes = st.sampled_from(("service", "survey"))
    told = st.lists(st.tuples(subjects, codes, points), max_size=5, unique_by=lambda row: row[:2])
    for (owner, office), code, (reached, most) in draw(told):
        built.add("indicators", nip=owner, unit=office, code=code, points_e2=min(reached, most), max_points_e2=most)
    for unit in frame.units:
        if draw(st.booleans()):
            money = st.integers(0, 2 * 10**12)
            built.add("budgets", unit=unit, budget_rp=1 + draw(money), realised_rp=draw(money))


def _add_calendar(draw: st.DrawFn, built: MonthBuilder, frame: Frame) -> None:
    kinds = st.sampled_from(("libur_daerah", "kerja", "ramadan", "cuti_bersama"))
    rows = st.tuples(st.sampled_from(frame.days), st.sampled_from(("*", *frame.units)), kinds)
    for day, unit, kind in draw(st.lists(rows, max_size=3, unique=True)):
        built.add("calendar", day=day, unit=unit, kind=kind, name="a day", source="SK")
