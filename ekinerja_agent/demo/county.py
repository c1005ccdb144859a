"""The county as plain data: three offices, five terminals, forty people and their habits, all invented.

Promises that the same code gives the same county for ever: names, NIPs, PINs and allowances are fixed, no
dice here. As in most counties each terminal numbers its PINs from 1. Does not know dates, punches or files.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

TIMEZONE = "Asia/Makassar"
PROFILE = "four-scan-example"


@dataclass(frozen=True, slots=True)
class Office:
    """A unit of the county's government."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Gate:
    """A terminal on a wall. `layout` is its log record in bytes, `fast_s` how far its clock is ahead."""

    id: str
    office: str
    serial: str
    transport: Literal["tcp", "udp"]
    layout: Literal[8, 16, 40, 49]
    firmware: str
    fast_s: int = 0


@dataclass(frozen=True, slots=True)
class Habit:
    """How somebody comes and goes. `*_pct` are chances of a day, minutes are ranges, both ends included.

    `early_min` is how long before its start they come to duty, `late_min` how late on a late day;
    `break_late_min` and `leave_early_min` likewise for the break's end and the duty's end. `activity_min` is
    what they note as work per day.
    """

    early_min: tuple[int, int] = (5, 35)
    late_pct: int = 0
    late_min: tuple[int, int] = (1, 25)
    break_late_pct: int = 0
    break_late_min: tuple[int, int] = (3, 20)
    forgets_break_pct: int = 0
    leave_early_pct: int = 0
    leave_early_min: tuple[int, int] = (5, 40)
    double_tap_pct: int = 0
    wrong_key_pct: int = 0
    activity_min: tuple[int, int] = (330, 380)


@dataclass(frozen=True, slots=True)
class Rank:
    """A kind of post: title, class (kelas jabatan), monthly allowance, and the post above it."""

    title: str
    position_class: str
    allowance_rp: int
    above: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works here. `terminal` is the gate their finger is enrolled on, `*` every gate.

    `number` is their own in the whole county; `pin` is another person's on another gate.
    """

    name: str
    nip: str
    number: str
    pin: str
    office: str
    terminal: str
    position: str
    status: str
    habit: Habit
    supervisor_nip: str

    @property
    def rank(self) -> Rank:
        return RANKS[self.position]


RANKS = {
    "head": Rank("Kepala", "14", 11_500_000, ""),
    "secretary": Rank("Sekretaris", "12", 7_250_000, "head"),
    "division": Rank("Kepala Bidang", "11", 5_650_000, "head"),
    "section": Rank("Kepala Subbagian", "9", 4_150_000, "secretary"),
    "expert": Rank("Fungsional Ahli Pertama", "8", 3_450_000, "division"),
    "officer": Rank("Pengelola", "7", 2_900_000, "division"),
    "clerk": Rank("Pengadministrasi", "5", 2_250_000, "section"),
}

HABITS = {
    "punctual": Habit(),
    "early bird": Habit(early_min=(35, 75), double_tap_pct=10),
    "to the minute": Habit(early_min=(0, 6), late_pct=7, late_min=(1, 6)),
    "school run": Habit(late_pct=45, late_min=(3, 28), activity_min=(300, 360)),
    "long way": Habit(late_pct=60, late_min=(8, 110), activity_min=(310, 370)),
    "long lunch": Habit(break_late_pct=40, activity_min=(280, 340)),
    "forgets the break": Habit(forgets_break_pct=30),
    "off early": Habit(leave_early_pct=30, activity_min=(250, 320)),
    "taps twice": Habit(double_tap_pct=45, wrong_key_pct=15),
    "wrong key": Habit(wrong_key_pct=60),
    "few notes": Habit(activity_min=(150, 230)),
}

OFFICES = (
    Office("DINKES", "Dinas Kesehatan"),
    Office("DISDIK", "Dinas Pendidikan"),
    Office("SETDA", "Sekretariat Daerah"),
)

GATES = (
    Gate("dinkes-lobby", "DINKES", "CKJN204860101", "tcp", 40, "Ver 6.60 Apr 13 2022"),
    Gate("dinkes-klinik", "DINKES", "CKJN204860102", "tcp", 49, "Ver 6.60 Sep 27 2023", fast_s=25),
    Gate("disdik-gedung-a", "DISDIK", "OGR7030056201", "tcp", 16, "Ver 6.21 Nov 19 2012"),
    Gate("disdik-gedung-b", "DISDIK", "OGR7030056202", "tcp", 8, "Ver 6.21 Nov 19 2008", fast_s=-40),
    Gate("setda-utama", "SETDA", "CEXA210760301", "udp", 40, "Ver 6.60 Apr 13 2022"),
)

_Row = tuple[str, str, str, str, str, str]

_STAFF: dict[str, tuple[_Row, ...]] = {
    # terminal: name, birth date, appointment YYYYMM, sex digit, post (and status if not pns), habit
    "dinkes-lobby": (
        ("dr. Hj. Rahmawati, M.Kes.", "19700312", "199803", "2", "head", "punctual"),
        ("H. Abdul Gafur, S.Sos.", "19720605", "199703", "1", "secretary", "early bird"),
        ("Siti Aminah, S.K.M.", "19780921", "200312", "2", "division", "punctual"),
        ("Muhammad Yusuf, S.E.", "19830114", "200901", "1", "section", "to the minute"),
        ("Nor Laila, A.Md.Keb.", "19880530", "201101", "2", "officer", "school run"),
        ("Budi Santoso", "19810717", "200604", "1", "clerk", "long way"),
        ("Ni Made Ayu Lestari, S.Gz.", "19920208", "201903", "2", "expert", "punctual"),
        ("Fitriani, S.Farm.", "19951126", "202203", "2", "expert pppk", "taps twice"),
        ("Akhmad Rifani", "19860403", "201001", "1", "officer", "forgets the break"),
    ),
    "dinkes-klinik": (
        ("dr. Andreas Simanjuntak", "19840819", "201412", "1", "division", "punctual"),
        ("Yuliana Wahyuni, S.Kep.", "19900725", "201502", "2", "expert", "early bird"),
        ("Rusdiansyah, A.Md.Kep.", "19930311", "201803", "1", "officer", "long lunch"),
        ("Maria Goreti Lamak, A.Md.Keb.", "19941009", "202003", "2", "officer pppk", "punctual"),
        ("Hendra Gunawan", "19970616", "202503", "1", "officer cpns", "to the minute"),
        ("Dewi Kartika Sari, A.Md.A.K.", "19960204", "202203", "2", "officer pppk", "school run"),
        ("Syahrani", "19790828", "200701", "1", "clerk", "wrong key"),
    ),
    "disdik-gedung-a": (
        ("Drs. H. Jumberi, M.Pd.", "19680415", "199303", "1", "head", "early bird"),
        ("Hj. Mariatul Kiptiah, M.AP.", "19740110", "200003", "2", "secretary", "punctual"),
        ("Suryadi, S.Pd., M.M.", "19760927", "200112", "1", "division", "to the minute"),
        ("Ratna Dewi, S.E.", "19850322", "200902", "2", "section", "punctual"),
        ("Ahmad Fauzi, S.Kom.", "19910713", "201502", "1", "expert", "long way"),
        ("Desi Natalia, S.Pd.", "19931225", "201903", "2", "expert", "long lunch"),
        ("Bambang Hermanto", "19800505", "200801", "1", "officer", "off early"),
        ("Norhasanah", "19890618", "201403", "2", "clerk", "taps twice"),
    ),
    "disdik-gedung-b": (
        ("Fahrurrazi, S.Pd., M.Pd.", "19770203", "200312", "1", "division", "punctual"),
        ("Lilis Suryani, S.Pd.", "19870911", "201101", "2", "expert", "school run"),
        ("I Gede Wirawan, S.Si.", "19920430", "201903", "1", "expert", "punctual"),
        ("Herlina, S.Sos.", "19840724", "200903", "2", "officer", "forgets the break"),
        ("Supiani", "19820119", "200801", "1", "officer", "few notes"),
        ("Anita Rosdiana", "19951016", "202403", "2", "clerk pppk", "punctual"),
        ("Rizky Pratama", "19981208", "202503", "1", "clerk cpns", "to the minute"),
    ),
    "setda-utama": (
        ("Ir. H. Zainal Abidin, M.T.", "19690722", "199503", "1", "head", "punctual"),
        ("Hj. Sri Wahyuni, S.H., M.H.", "19750416", "200112", "2", "secretary", "early bird"),
        ("Taufik Rahman, S.STP.", "19860228", "200712", "1", "division", "punctual"),
        ("Eka Puspitasari, S.E., Ak.", "19881103", "201101", "2", "section", "to the minute"),
        ("Gusti Muhammad Ridho, S.H.", "19900917", "201502", "1", "expert", "off early"),
        ("Wahyudi Saputra", "19830606", "200901", "1", "officer", "long way"),
        ("Salasiah", "19870125", "201001", "2", "officer", "punctual"),
        ("Agustina Wulandari, A.Md.", "19960817", "202203", "2", "clerk pppk", "school run"),
        ("Khairul Anwar", "19930214", "201903", "1", "clerk", "few notes"),
    ),
}

_FIRST_NUMBER = {"DINKES": 1001, "DISDIK": 2001, "SETDA": 3001}
_HEADS_PIN = {"DINKES": "901", "DISDIK": "902", "SETDA": "903"}
"""On every gate, so no gate gives it to anybody else."""


def people() -> tuple[Person, ...]:
    """Return the forty in the order of their numbers. Heads are enrolled on every gate (`*`)."""
    found: list[Person] = []
    regional_secretary = _nip(_STAFF["setda-utama"][0], 1)
    for office in OFFICES:
        rows = [(gate.id, row) for gate in GATES if gate.office == office.code for row in _STAFF[gate.id]]
        posts = {"": regional_secretary if office.code != "SETDA" else ""}
        for number, (_, row) in enumerate(rows, start=1):
            posts.setdefault(row[4].split()[0], _nip(row, number))
        given: Counter[str] = Counter()
        for number, (gate_id, row) in enumerate(rows, start=1):
            is_head = row[4] == "head"
            given[gate_id] += not is_head
            pin = _HEADS_PIN[office.code] if is_head else str(given[gate_id])
            found.append(_person(office, "*" if is_head else gate_id, row, number, pin, posts))
    return tuple(found)


def _person(office: Office, terminal: str, row: _Row, number: int, pin: str, posts: dict[str, str]) -> Person:
    position, _, status = row[4].partition(" ")
    return Person(
        name=row[0],
        nip=_nip(row, number),
        number=str(_FIRST_NUMBER[office.code] + number - 1),
        pin=pin,
        office=office.code,
        terminal=terminal,
        position=position,
        status=status or "pns",
        habit=HABITS[row[5]],
        supervisor_nip=posts.get(RANKS[position].above, ""),
    )


def _nip(row: _Row, number: int) -> str:
    """Birth date, month of appointment, sex, and a number of three digits: the eighteen digits of a NIP."""
    return f"{row[1]}{row[2]}{row[3]}{number:03d}"


def gates_of(person: Person) -> tuple[Gate, ...]:
    """Given a person, return the terminals of their office on which their finger is enrolled."""
    return tuple(gate for gate in GATES if gate.office == person.office and person.terminal in ("*", gate.id))
