"""One larger month per profile, always the same: what it comes to is kept in `tests/golden/PROFILE.json`.

A golden month tells that something changed, not that it is right: that is what the oracle and the scenarios are for.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring import score_month
from ekinerja_agent.scoring.frames.schemas import PEOPLE as PEOPLE_COLUMNS
from ekinerja_agent.scoring.frames.schemas import MonthFacts, MonthResult
from tests.proof.oracle.building import MonthBuilder

GOLDEN = Path(__file__).parents[2] / "golden"
HEADS = 12
MONTH = date(2026, 9, 1)
SEED = 20_260_901
PREDICATES = ("sangat_baik", "baik", "butuh_perbaikan", "kurang", "sangat_kurang")
KINDS = ("dinas_luar", "diklat", "cuti_tahunan", "cuti_sakit", "cuti_besar", "izin")


def golden_month(profile: str) -> MonthFacts:
    """Given a profile, return twelve people in two units for a month: most days as usual, some late, early, missing,
    on leave or absent; an apel each Monday; an afternoon without data; an outage.
    """
    chance = random.Random(SEED)
    built = MonthBuilder(month=MONTH, profile=profile).unit("DINKES").unit("RSUD", parent="DINKES")
    nips = [f"1990010120150110{number:02}" for number in range(1, HEADS + 1)]
    for number, nip in enumerate(nips):
        _add_person(built, number, nip)
        for day in range(1, 31):
            _add_day(built, chance, nip, date(2026, 9, day))
    for monday in (date(2026, 9, 7), date(2026, 9, 14), date(2026, 9, 21), date(2026, 9, 28)):
        built.add(
            "events",
            event=f"apel-{monday}",
            kind="apel",
            unit="*",
            day=monday,
            opens=time(7, 15),
            closes=time(7, 45),
        )
        for nip in nips:
            if chance.random() < 0.9:
                built.add("event_attendance", event=f"apel-{monday}", nip=nip, mark="present")
    lost, found = built.at(date(2026, 9, 23), "12:00"), built.at(date(2026, 9, 23), "18:00")
    built.covered(None, lost).covered(found, datetime(2100, 1, 1, tzinfo=lost.tzinfo))
    built.outage(built.at(date(2026, 9, 24), "07:00"), built.at(date(2026, 9, 24), "08:10"))
    return built.facts()


def _add_person(built: MonthBuilder, number: int, nip: str) -> None:
    unit, other = ("DINKES", "RSUD") if number % 3 else ("RSUD", "DINKES")
    usual = {"name": f"Pegawai {number + 1}", "employment_status": ("pns", "pns", "cpns", "pppk")[number % 4]}
    allowance_rp = 2_500_000 + 333_333 * number
    if number == 5:
        built.person(nip, unit=unit, allowance_rp=allowance_rp, valid_to=date(2026, 9, 14), **usual)
        built.person(nip, terminals=(), unit=other, allowance_rp=5_000_000, valid_from=date(2026, 9, 15), **usual)
    else:
        built.person(nip, unit=unit, allowance_rp=allowance_rp, **usual)
    built.add("ratings", nip=nip, predicate=PREDICATES[number % 5], valid_from=date(2026, 1, 1))


def _add_day(built: MonthBuilder, chance: random.Random, nip: str, day: date) -> None:
    if day.weekday() > 4:
        return
    what = chance.random()
    if what < 0.04:
        return
    if what < 0.10:
        kind, length = chance.choice(KINDS), chance.randrange(2)
        built.absence(day, day + timedelta(days=length), nip=nip, kind=kind, document=f"800/{day.day}/{nip[-2:]}")
        return
    breaks = (690, 775) if day.weekday() == 4 else (725, 775)
    minutes = [chance.choice((435, 445, 455, 470, 520, 560)), *breaks, chance.choice((945, 970, 1005, 1030, 1085))]
    for minute in minutes:
        if chance.random() > 0.04:
            clock = time(minute // 60, minute % 60, chance.randrange(60))
            built.punch(day, clock.isoformat(), nip=nip)
    built.add("activities", nip=nip, day=day, minutes=chance.choice((240, 300, 360, 420)))


KEPT: Mapping[str, tuple[str, ...]] = {
    "people": tuple(name for name in PEOPLE_COLUMNS if name not in {"name", "unit_name", "position_class"}),
    "days": tuple("nip date schedule state late_minutes early_minutes worked_minutes required_minutes".split()),
    "findings": tuple("nip date code scan minutes deduction_ppm base deduction_rp rule reference".split()),
    "pending": tuple("nip date reason".split()),
}
"""What a golden month keeps: not the place of a rule, which moves with every line that is added to its file."""


def as_json(result: MonthResult) -> str:
    """Given a result, return its columns and rows as text, one row a line, so that a change shows as those lines."""
    parts = []
    for name, columns in KEPT.items():
        kept = [columns, *getattr(result, name).select(columns).iter_rows()]
        rows = ",\n".join(json.dumps(row, default=_plain, ensure_ascii=False) for row in kept)
        parts.append(f'"{name}": [\n{rows}\n]')
    return "{" + ",\n".join(parts) + "}\n"


def _plain(value: date | datetime) -> str:
    return value.isoformat()


def rewrite(rules: RuleBook, told: Callable[[str], object]) -> None:
    """Given the shipped rules, write the golden month of every profile and drop those of profiles that are gone."""
    GOLDEN.mkdir(exist_ok=True)
    for file in GOLDEN.glob("*.json"):
        if file.stem not in rules.profiles:
            file.unlink()
    for profile in sorted(rules.profiles):
        file = GOLDEN / f"{profile}.json"
        text = as_json(score_month(golden_month(profile), rules))
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            told(f"{file.relative_to(GOLDEN.parents[1])} is new")
