"""What happens in the county in September 2026: fingers, documents, notes, and two machines that fail.

Promises that the same seed gives the same month, to the second. Times are the county's local time and carry
its zone. Does not know terminals as programs, files or scores: nothing here says what anything costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from ekinerja_agent.demo.county import GATES, TIMEZONE, Habit, Person, gates_of, people

ZONE = ZoneInfo(TIMEZONE)
MONTH = date(2026, 9, 1)
NEXT_MONTH = date(2026, 10, 1)
ENROLMENT_DAY = date(2026, 8, 31)
SEED = 2026

LOCAL_HOLIDAY = date(2026, 9, 18)
LOCAL_HOLIDAY_NAME = "Hari Jadi Kabupaten"

POLLS_OPEN = time(6, 0)
POLLS_CLOSE = time(18, 0)
POLL_EVERY = timedelta(minutes=10)

FORGOTTEN = "Khairul Anwar"
"""Has a finger on the terminal, but nobody entered his PIN into the enrolments."""
STRANGER_PIN = "9999"
"""The technician who hung the terminals up: a PIN that will never have a person."""


@dataclass(frozen=True, slots=True)
class Press:
    """A finger on a terminal at `moment` (true local time). `key`: 0 in, 1 out, 2 and 3 break."""

    moment: datetime
    gate: str
    pin: str
    key: int


@dataclass(frozen=True, slots=True)
class Document:
    """A row of the absences file; times are set when only a part of the day is meant."""

    name: str
    first: date
    last: date
    kind: str
    number: str
    status: str
    from_time: time | None = None
    to_time: time | None = None

    def covers(self, name: str, day: date) -> bool:
        return self.name == name and self.from_time is None and self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Failure:
    """A machine that fails in [start, end): without power, or (`records`) with a broken link only."""

    gate: str
    start: datetime
    end: datetime
    records: bool


@dataclass(frozen=True, slots=True)
class Note:
    """A row of the activities file: what somebody did, for which plan if any, and what the superior said of it."""

    id: str
    nip: str
    day: date
    start: time
    end: time
    description: str
    plan: str
    status: str
    decided_by: str


def local(day: date, hour: int, minute: int = 0) -> datetime:
    """Given a day and a time of the county, return the instant."""
    return datetime.combine(day, time(hour, minute), ZONE)


def _sept(day: int) -> date:
    return MONTH.replace(day=day)


DOCUMENTS = (
    Document("Siti Aminah, S.K.M.", _sept(7), _sept(9), "dinas_luar", "094/112/DINKES", "approved"),
    Document("Nor Laila, A.Md.Keb.", _sept(21), _sept(25), "cuti_tahunan", "851/044/DINKES", "approved"),
    Document("Syahrani", _sept(14), _sept(15), "cuti_sakit", "851/047/DINKES", "approved"),
    Document("Ahmad Fauzi, S.Kom.", _sept(1), _sept(3), "diklat", "893/021/DISDIK", "approved"),
    Document("Ratna Dewi, S.E.", _sept(22), _sept(22), "izin", "800/310/DISDIK", "approved", time(12, 30), time(16)),
    Document("Wahyudi Saputra", _sept(28), _sept(28), "cuti_alasan_penting", "851/090/SETDA", "pending"),
)

WORKS_ELSEWHERE = {"dinas_luar", "diklat"}
"""Documents of days that are worked, but not where the terminal is."""

WITHOUT_REASON = {"Supiani": (_sept(10), _sept(11))}

POWER_CUT = Failure("disdik-gedung-b", local(_sept(15), 18, 5), local(_sept(17), 5, 55), records=False)
LINK_CUT = Failure("dinkes-lobby", local(_sept(9), 8, 50), local(_sept(9), 14, 0), records=True)
FAILURES = (POWER_CUT, LINK_CUT)

_WORK = {
    # what is done, and the plan that it belongs to
    "DINKES": (
        ("Menyusun laporan imunisasi bulanan", "IMUN-26"),
        ("Memeriksa stok obat puskesmas", "OBAT-26"),
        ("Rapat koordinasi penanganan stunting", "STUNT-26"),
        ("Verifikasi data kunjungan pasien", ""),
    ),
    "DISDIK": (
        ("Verifikasi data pokok pendidikan", "DAPO-26"),
        ("Menyusun rencana kunjungan sekolah", ""),
        ("Memeriksa usulan kenaikan pangkat guru", ""),
        ("Rapat persiapan asesmen sekolah", "ASES-26"),
    ),
    "SETDA": (
        ("Menyusun konsep surat keputusan", "HUKUM-26"),
        ("Rapat koordinasi perangkat daerah", ""),
        ("Memeriksa berkas pencairan anggaran", "KAS-26"),
        ("Menyiapkan bahan sambutan pimpinan", ""),
    ),
}

APPROVED_NOTE, SHORTENED_NOTE, RETURNED_NOTE = "N-1003-30-1", "N-1003-30-2", "N-1010-30-1"
"""Of Siti Aminah and dr. Andreas, on the last day: their head decides when all others have been decided."""
SILENT_NOTE = "N-1002-10-1"
"""Of H. Abdul Gafur: nobody ever decides it."""
WAITING = {APPROVED_NOTE, SHORTENED_NOTE, RETURNED_NOTE, SILENT_NOTE}


def duty_days() -> tuple[date, ...]:
    """Return the days of the month on which the county works, in order."""
    days = (MONTH + timedelta(days=n) for n in range((NEXT_MONTH - MONTH).days))
    return tuple(day for day in days if day.weekday() < 5 and day != LOCAL_HOLIDAY)


def poll_times() -> Iterator[datetime]:
    """Yield when terminals are asked: the evening before, each ten minutes of duty, the morning after."""
    yield local(ENROLMENT_DAY, 18)
    for day in duty_days():
        moment = datetime.combine(day, POLLS_OPEN, ZONE)
        while moment <= datetime.combine(day, POLLS_CLOSE, ZONE):
            yield moment
            moment += POLL_EVERY
    yield local(NEXT_MONTH, 6)


def reachable(gate: str, moment: datetime) -> bool:
    """Given a terminal and an instant, return whether a connection to it would succeed."""
    return not any(f.gate == gate and f.start <= moment < f.end for f in FAILURES)


def recording(gate: str, moment: datetime) -> bool:
    """Given a terminal and an instant, return whether it has power, so that a finger is recorded."""
    return not any(f.gate == gate and not f.records and f.start <= moment < f.end for f in FAILURES)


def is_away(name: str, day: date) -> bool:
    """Given a person's name and a day, return whether they stay away all day, with a document or without."""
    return day in WITHOUT_REASON.get(name, ()) or any(d.covers(name, day) for d in DOCUMENTS)


def _works(name: str, day: date) -> bool:
    elsewhere = any(d.covers(name, day) and d.kind in WORKS_ELSEWHERE for d in DOCUMENTS)
    return elsewhere or not is_away(name, day)


# The dice decide who is late on which invented day; they guard nothing.
def _dice(*key: object) -> Random:
    return Random("/".join(map(str, key)))  # noqa: S311 - see above


def presses(seed: int = SEED) -> tuple[Press, ...]:
    """Given a seed, return every finger that a terminal records, in order of time."""
    found = [Press(local(ENROLMENT_DAY, 14), gate.id, STRANGER_PIN, 0) for gate in GATES if gate.office == "DINKES"]
    for number, person in enumerate(people()):
        tried = local(ENROLMENT_DAY, 14, 10) + timedelta(seconds=97 * number)
        found += [Press(tried, gate.id, person.pin, 0) for gate in gates_of(person)]
        for day in duty_days():
            if not is_away(person.name, day):
                found += _day_of(person, day, _dice(seed, person.number, day))
    return tuple(sorted((p for p in found if recording(p.gate, p.moment)), key=_order))


def _order(press: Press) -> tuple[datetime, str, str]:
    return press.moment, press.gate, press.pin


def _day_of(person: Person, day: date, dice: Random) -> Iterator[Press]:
    """One person's fingers on one day: mostly four, as the habit has it."""
    habit = person.habit
    gates = [gate.id for gate in gates_of(person) if recording(gate.id, local(day, 12))]
    partly = next((d for d in DOCUMENTS if d.name == person.name and d.from_time and d.first == day), None)
    for key, moment in enumerate(_scans(habit, day, dice)):
        gate = dice.choice(gates) if gates else None
        wrong = dice.randrange(100) < habit.wrong_key_pct
        twice = dice.randrange(100) < habit.double_tap_pct
        gap_s = dice.randint(2, 5)
        excused = partly and moment is not None and moment.time() >= (partly.from_time or time.max)
        if moment is None or gate is None or excused:
            continue
        press = Press(moment, gate, person.pin, (_KEYS[key] + wrong) % 4)
        yield press
        if twice:
            yield Press(moment + timedelta(seconds=gap_s), gate, person.pin, press.key)


_KEYS = (0, 2, 3, 1)


def _scans(habit: Habit, day: date, dice: Random) -> tuple[datetime | None, ...]:
    """Arrive, out to the break, back from it, leave; None is a scan that the person forgets."""
    friday = day.weekday() == 4
    start, end = local(day, 7, 30), local(day, 16, 30) if friday else local(day, 16)
    break_start, break_end = local(day, 11, 30) if friday else local(day, 12), local(day, 13)
    late = dice.randrange(100) < habit.late_pct
    arrive = dice.randint(*habit.late_min) if late else -dice.randint(*habit.early_min)
    out = dice.randint(1, 20)
    back = dice.randint(*habit.break_late_min) if dice.randrange(100) < habit.break_late_pct else -dice.randint(3, 18)
    early = dice.randrange(100) < habit.leave_early_pct
    leave = -dice.randint(*habit.leave_early_min) if early else dice.randint(0, 25)
    forgets = dice.randrange(100) < habit.forgets_break_pct

    def at(due: datetime, minutes: int) -> datetime:
        return due + timedelta(minutes=minutes, seconds=dice.randrange(60))

    scans = at(start, arrive), at(break_start, out), at(break_end, back), at(end, leave)
    return (scans[0], None, None, scans[3]) if forgets else scans


def notes(seed: int = SEED) -> tuple[Note, ...]:
    """Given a seed, return what everybody noted as work: two rows a day of duty, nearly all of them approved.

    The last row overlaps another one of the same person: a rule will refuse it, and only it.
    """
    found: list[Note] = []
    for person in people():
        dice = _dice(seed, "notes", person.number)
        for day in duty_days():
            if _works(person.name, day):
                found += _notes_of(person, day, dice)
    twin = found[0]
    found.append(
        Note(
            "N-twin",
            twin.nip,
            twin.day,
            time(9),
            time(10),
            "Membalas surat masuk",
            "",
            "approved",
            twin.decided_by,
        )
    )
    return tuple(found)


def _notes_of(person: Person, day: date, dice: Random) -> Iterator[Note]:
    minutes = dice.randint(*person.habit.activity_min)
    morning = min(minutes * 55 // 100, 210)
    for part, (hour, length) in enumerate(((8, morning), (13, min(minutes - morning, 180))), start=1):
        status = "returned" if dice.randrange(100) < 2 else "approved"
        description, plan = dice.choice(_WORK[person.office])
        name = f"N-{person.number}-{day:%d}-{part}"
        waits = name in WAITING
        yield Note(
            id=name,
            nip=person.nip,
            day=day,
            start=time(hour),
            end=(local(day, hour) + timedelta(minutes=length)).time(),
            description=description,
            plan=plan,
            status="pending" if waits else status,
            decided_by="" if waits else person.supervisor_nip or "BUPATI",
        )
