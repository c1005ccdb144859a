"""Scenarios that an official can read: one file for each profile, scored by the engine and by the oracle.

A regency that is not shipped has its scenario beside its rules, which are laid over the shipped ones: see
tests/examples/new-regency.

A file `tests/scenarios/NAME.yaml` has these keys and no others; every time is local.

    title:    one line
    profile:  a profile of config/rules
    month:    2026-09
    zone:     Asia/Jakarta | Asia/Pontianak | Asia/Makassar | Asia/Jayapura
    people:
      NAME:
        allowance_rp: 4000000
        status: pns                      # the default; or cpns, pppk ...
        serves:                          # only if not the whole month in one unit
          - {unit: DINKES, to: 2026-09-14}
          - {unit: KECAMATAN, from: 2026-09-15, allowance_rp: 6000000}
        usual: [07:20, 16:40]            # what the terminal saw from Monday to Friday, unless `days` or a document says
        friday: [07:20, 11:35]           # instead of `usual` on Fridays, if they differ
        saturday: [07:20, 13:35]         # only where Saturday is a working day
        days: {2026-09-07: [07:45, 16:40], 2026-09-08: []}
        documents: [{kind: izin, from: 2026-09-10, to: 2026-09-10, case_from: 2026-08-20}]   # approved, whole days
        minutes: 300                     # approved minutes of activities on each day with a punch
        rating: baik                     # valid all year
    events: [{kind: apel, day: 2026-09-07, opens: 07:15, closes: 07:45, present: [NAME]}]    # by attendance list
    expect:
      NAME:
        findings: [2026-09-07 TL1 0.5]   # date, code and percent, in order; all of them
        discipline_pct, performance_pct, discipline_rp, performance_rp, whole_deduction_rp,
        leave_deduction_rp, payable_rp   # each that is written is compared

Expected values are worked out by hand from the rules, with the arithmetic beside them, never copied from a run.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring import MonthFacts, percent_text, score_month
from tests.proof import oracle
from tests.proof.oracle.books import SHIPPED, shipped_book
from tests.proof.oracle.building import MonthBuilder
from tests.proof.oracle.comparing import differences

NEW_REGENCY = Path(__file__).parents[1] / "examples" / "new-regency"
FILES = [*sorted(Path(__file__).parent.glob("*.yaml")), NEW_REGENCY / "scenario.yaml"]
FILE_KEYS = {"title", "profile", "month", "zone", "people", "events", "expect"}
PERSON_KEYS = {
    "allowance_rp",
    "status",
    "serves",
    "usual",
    "friday",
    "saturday",
    "days",
    "documents",
    "minutes",
    "rating",
}
SPELL_KEYS = {"unit", "from", "to", "allowance_rp"}
DOCUMENT_KEYS = {"kind", "from", "to", "case_from"}
EVENT_KEYS = {"kind", "day", "opens", "closes", "present"}
RUPIAH = {"discipline_rp", "performance_rp", "whole_deduction_rp", "leave_deduction_rp", "payable_rp"}
EXPECTED_KEYS = {"findings", "discipline_pct", "performance_pct", *RUPIAH}
FRIDAY, SATURDAY = 4, 5


class _Words(yaml.SafeLoader):
    """Reads every scalar as the text that stands there: 16:40 is a time, not 1,000 minutes."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the base class declares it so


@dataclass(frozen=True, slots=True)
class Scenario:
    facts: MonthFacts
    nips: Mapping[str, str]
    expect: Mapping[str, Mapping[str, Any]]


def read(text: str) -> Scenario:
    """Given the text of a scenario, return its facts and what is expected. Raise ValueError for an unknown key."""
    said = _Words(text).get_single_data()
    _known("the file", said, FILE_KEYS)
    built = MonthBuilder(date.fromisoformat(f"{said['month']}-01"), said["profile"], said["zone"])
    nips = {name: f"1990010120150110{number:02}" for number, name in enumerate(said["people"], start=1)}
    for name, person in said["people"].items():
        _known(name, person, PERSON_KEYS)
        _add_person(built, nips[name], name, person)
    for unit in sorted({row["unit"] for row in built.rows["spells"]}):
        built.unit(unit)
    for number, event in enumerate(said.get("events", ()), start=1):
        _known("an event", event, EVENT_KEYS)
        _add_event(built, f"{event['kind']}-{number}", event, nips)
    for name, expected in said["expect"].items():
        _known(f"what is expected of {name}", expected, EXPECTED_KEYS)
    return Scenario(built.facts(), nips, said["expect"])


def _known(where: str, said: Mapping[str, Any], keys: set[str]) -> None:
    unknown = sorted(said.keys() - keys)
    if unknown:
        raise ValueError(f"{where} has the unknown key {unknown[0]!r}; known are {', '.join(sorted(keys))}")


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _add_person(built: MonthBuilder, nip: str, name: str, said: Mapping[str, Any]) -> None:
    terminals: tuple[str, ...] = ("T",)
    for spell in said.get("serves", [{"unit": "DINKES"}]):
        _known(f"a spell of {name}", spell, SPELL_KEYS)
        built.person(
            nip,
            terminals=terminals,
            name=name,
            unit=spell["unit"],
            employment_status=said.get("status", "pns"),
            allowance_rp=int(spell.get("allowance_rp", said["allowance_rp"])),
            valid_from=_day(spell.get("from")),
            valid_to=_day(spell.get("to")),
        )
        terminals = ()
    away: set[date] = set()
    for number, document in enumerate(said.get("documents", ()), start=1):
        _known(f"a document of {name}", document, DOCUMENT_KEYS)
        first, last = date.fromisoformat(document["from"]), date.fromisoformat(document["to"])
        case_first = _day(document.get("case_from")) or first
        built.absence(first, last, nip=nip, kind=document["kind"], case_first=case_first, document=f"800/{number}")
        away |= {first + timedelta(days=later) for later in range((last - first).days + 1)}
    unusual = {date.fromisoformat(day): clocks for day, clocks in said.get("days", {}).items()}
    day = built.month
    while day.month == built.month.month:
        usual = {FRIDAY: said.get("friday", said["usual"]), SATURDAY: said.get("saturday", [])}
        clocks = unusual.get(
            day, [] if day in away or day.weekday() > SATURDAY else usual.get(day.weekday(), said["usual"])
        )
        built.punch(day, *clocks, nip=nip)
        if clocks and "minutes" in said:
            built.add("activities", nip=nip, day=day, minutes=int(said["minutes"]))
        day += timedelta(days=1)
    if "rating" in said:
        year = built.month.year
        built.add(
            "ratings", nip=nip, predicate=said["rating"], valid_from=date(year, 1, 1), valid_to=date(year, 12, 31)
        )


def _add_event(built: MonthBuilder, event: str, said: Mapping[str, Any], nips: Mapping[str, str]) -> None:
    opens, closes = time.fromisoformat(said["opens"]), time.fromisoformat(said["closes"])
    day = date.fromisoformat(said["day"])
    built.add("events", event=event, kind=said["kind"], unit="*", day=day, opens=opens, closes=closes)
    # An event whose list has not come yet costs nobody anything; here it has come, even if it is empty.
    for nip in ["the list has come", *(nips[name] for name in said.get("present", ()))]:
        built.add("event_attendance", event=event, nip=nip, mark="present")


def book_of(file: Path, folder: Path) -> RuleBook:
    """The shipped rules, with those beside the scenario laid over them if there are any."""
    own = file.parent / "rules"
    if not own.is_dir():
        return shipped_book()
    rules = folder / "rules"
    shutil.copytree(SHIPPED, rules)
    shutil.copytree(own, rules, dirs_exist_ok=True)
    return load_rulebook(rules)


def _name(file: Path) -> str:
    return file.stem if file.parent != NEW_REGENCY else NEW_REGENCY.name


@pytest.mark.parametrize("file", FILES, ids=_name)
def test_a_scenario_comes_out_as_worked_out_by_hand(file: Path, tmp_path: Path) -> None:
    scenario = read(file.read_text(encoding="utf-8"))
    result = score_month(scenario.facts, book_of(file, tmp_path))
    for name, expected in scenario.expect.items():
        nip = scenario.nips[name]
        person = result.people.filter(nip=nip).row(0, named=True)
        findings = result.findings.filter(nip=nip).select("date", "code", "deduction_ppm").iter_rows()
        seen = {
            "findings": [f"{day} {code} {percent_text(ppm)}" for day, code, ppm in findings],
            "discipline_pct": percent_text(person["discipline_score_ppm"]),
            "performance_pct": percent_text(person["performance_score_ppm"]),
            **{key: str(person[key]) for key in RUPIAH},
        }
        assert {key: seen[key] for key in expected} == expected, name
        assert person["status"] == "draft", f"{name} waits for something"


@pytest.mark.parametrize("file", FILES, ids=_name)
def test_the_oracle_reads_a_scenario_in_the_same_way(file: Path, tmp_path: Path) -> None:
    facts, book = read(file.read_text(encoding="utf-8")).facts, book_of(file, tmp_path)
    told = differences(score_month(facts, book), oracle.score(facts, book))
    assert not told, "\n".join(told)


def test_every_shipped_profile_has_its_scenario() -> None:
    profiles = {_Words(file.read_text(encoding="utf-8")).get_single_data()["profile"] for file in FILES}
    assert set(shipped_book().profiles) <= profiles


def test_an_unknown_key_is_an_error_that_names_the_known_ones() -> None:
    text = FILES[0].read_text(encoding="utf-8").replace("title:", "titel:", 1)
    with pytest.raises(ValueError, match="the file has the unknown key 'titel'; known are events, expect"):
        read(text)
