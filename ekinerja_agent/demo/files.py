"""Writes the demo's directory: a configuration, the rules, and the files an office would send in.

Promises to touch only what it wrote itself: a directory without its mark that holds anything is refused, and
a second run replaces what the first one made and nothing else. Does not know how files are read.
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ekinerja_agent.config import shipped_rules
from ekinerja_agent.demo import leaders, month
from ekinerja_agent.demo.county import GATES, OFFICES, PROFILE, TIMEZONE, Gate, Person, people
from ekinerja_agent.host import os_user
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message

MARK = ".ekinerja-demo"
_FIRST_LINE = "# The demo's configuration."
_MADE = ("agent.yaml", "devices.yaml", "report.html", "reports", "rules", "import", "state", MARK)

AGENT_YAML = f"""\
{_FIRST_LINE} It is a real one: every command works on it with --config.
roles: [collect, score]        # one box does all: reads the terminals and computes the scores
state_dir: state               # the queue of punches on their way, and copies of what could not be read
devices: devices.yaml
rules: rules/                  # a copy of the shipped rules; change a value and run `score run` again
profile: {PROFILE}     # four scans a day
central:
  url: sqlite:///state/central.db
poll: {{every: 10m, timeout: 5s}}
clock: {{tolerance: 120s}}
"""
ADOPTED_YAML = f"""\
# A month is closed only by values that are the text of a law or that the regency adopted by a decree. The demo's
# regency is simulated, and so is its decree: "*" adopts every value of the profile. In a real one name each value.
adopted:
  - {{value: "*", profile: {PROFILE}, decree: Keputusan Demo 1/2026, date: 2026-01-02, by: Bupati Demo}}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """The demo's directory, absolute and as the person named it (`shown`), with the files in it."""

    directory: Path
    shown: Path

    @property
    def shown_agent(self) -> Path:
        """agent.yaml as the person who called would write it."""
        return self.shown / "agent.yaml"

    @property
    def agent(self) -> Path:
        return self.directory / "agent.yaml"

    @property
    def report(self) -> Path:
        return self.directory / "report.html"

    @property
    def reports(self) -> Path:
        """The folder of all other reports."""
        return self.directory / "reports"

    def table(self, name: str) -> Path:
        return self.directory / "import" / f"{name}.csv"


def prepare(directory: Path) -> Place:
    """Given where the demo may live, return the place, empty of what an earlier demo made.

    Raise Refused if the directory holds files and no demo made it.
    """
    shown, directory = directory, directory.absolute()
    if directory.exists() and not directory.is_dir():
        raise Refused(
            Message(
                "{directory} is a file; name a directory that the demo may create, e.g. --dir demo", directory=directory
            )
        )
    made_here = _made_here(directory)
    if not made_here and directory.is_dir() and any(directory.iterdir()):
        raise Refused(
            Message(
                "{directory} holds files that no demo wrote; nothing was changed. Name a new or an empty directory, "
                "e.g. --dir /tmp/ekinerja-demo",
                directory=directory,
            )
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / MARK).write_text("Made by `ekinerja-agent demo`, which may replace what it wrote here.\n")
    except OSError as error:
        raise WrongUsage(
            Message(
                "{shown} cannot be written: {reason}; name a directory where you may write, e.g. --dir demo",
                shown=shown,
                reason=error.strerror,
            )
        ) from error
    for name in _MADE:
        path = directory / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif name != MARK:
            path.unlink(missing_ok=True)
    return Place(directory, shown)


def write_configuration(place: Place, ports: Mapping[str, int]) -> None:
    """Given the loopback port of each terminal, write agent.yaml, devices.yaml, the rules and who adopted them."""
    (place.directory / "state").mkdir()
    place.agent.write_text(AGENT_YAML)
    (place.directory / "devices.yaml").write_text(
        "# Five simulated terminals. They are switched on only while the demo plays its month.\nterminals:\n"
        + "".join(_device(gate, ports[gate.id]) for gate in GATES)
    )
    shutil.copytree(shipped_rules(), place.directory / "rules")
    (place.directory / "rules" / "adopted.yaml").write_text(ADOPTED_YAML)


def _device(gate: Gate, port: int) -> str:
    return (
        f"  - id: {gate.id}\n"
        f"    office: {gate.office}\n"
        f"    address: 127.0.0.1:{port}\n"
        f"    transport: {gate.transport}\n"
        f"    timezone: {TIMEZONE}\n"
        f"    serial: {gate.serial}\n"
    )


def write_tables(place: Place) -> None:
    """Write the files that are imported: who works where, whose finger is whose, documents, notes, leaders' files."""
    everyone = people()
    (place.directory / "import").mkdir()
    heads = {person.office: person.nip for person in everyone if person.position == "head"}
    forgotten = next(person for person in everyone if person.name == month.FORGOTTEN)
    _write(
        place.table("units"),
        ({"code": o.code, "name": o.name, "timezone": TIMEZONE, "head_nip": heads[o.code]} for o in OFFICES),
    )
    _write(place.table("employees"), map(_employee, everyone))
    _write(place.table("enrolments"), (_enrolment(p) for p in everyone if p is not forgotten))
    _write(place.table("enrolments-late"), [_enrolment(forgotten)])
    _write(
        place.table("calendar"),
        [
            {
                "date": month.LOCAL_HOLIDAY,
                "unit": "*",
                "kind": "libur_daerah",
                "name": month.LOCAL_HOLIDAY_NAME,
                "source": "SK Bupati 100.3.3/212/2026 (demo)",
            }
        ],
    )
    nips = {person.name: person.nip for person in everyone}
    _write(place.table("absences"), (_absence(d, nips[d.name]) for d in month.DOCUMENTS))
    _write(place.table("activities"), map(_activity, month.notes()))
    for name, rows in _leaders_tables(everyone, nips).items():
        _write(place.table(name), rows)


def _leaders_tables(everyone: Sequence[Person], nips: Mapping[str, str]) -> dict[str, Iterable[dict[str, object]]]:
    staff = Counter((person.office, person.rank.title) for person in everyone)
    return {
        "plans": (
            {
                "code": p.code,
                "unit": p.unit,
                "nip": nips[p.responsible],
                "name": p.name,
                "due_date": p.due,
                "target_output": p.target_output,
                "budget_rp": p.budget_rp,
            }
            for p in leaders.PLANS
        ),
        "plan_progress": (
            {"plan": p.code, "month": told, "planned_pct": planned, "physical_pct": physical, "realised_rp": realised}
            for p in leaders.PLANS
            for told, (planned, physical, realised) in p.reports.items()
        ),
        "workload_tasks": (
            dict(zip(("unit", "job", "task", "volume", "per", "standard_minutes"), task, strict=True))
            for task in leaders.TASKS
        ),
        "staff": (
            {"unit": unit, "job": job, "count": staff[unit, job]}
            for unit, job in dict.fromkeys((unit, job) for unit, job, *_ in leaders.TASKS)
        ),
        "sakip": (
            {"unit": unit, "year": year, "aspect": aspect, "score": score}
            for (unit, year), scores in leaders.SAKIP.items()
            for aspect, score in zip(leaders.ASPECTS, scores, strict=True)
        ),
        "evaluation_meetings": (
            {"unit": unit, "date": day, "topic": topic, "led_by": nips[led_by]}
            for unit, day, topic, led_by in leaders.MEETINGS
        ),
        "innovations": (
            {"code": code, "unit": unit, "name": name, "started": began}
            for code, unit, name, began in leaders.INNOVATIONS
        ),
        "events": (
            {
                "code": e.code,
                "kind": e.kind,
                "unit": "*",
                "date": e.day,
                "opens": e.opens,
                "closes": e.closes,
                "due": e.due,
            }
            for e in leaders.EVENTS
        ),
        "event_attendance": (
            {"event": event.code, "nip": nip, "status": "present", "uniform": "yes" if uniform else "no"}
            for event, nip, uniform in leaders.attendance()
        ),
    }


def _employee(person: Person) -> dict[str, object]:
    return {
        "nip": person.nip,
        "name": person.name,
        "unit": person.office,
        "status": person.status,
        "attendance": "terminal",
        "position": person.rank.title,
        "position_class": person.rank.position_class,
        "supervisor_nip": person.supervisor_nip,
        "allowance_rp": person.rank.allowance_rp,
        "valid_from": "2026-01-01" if person.status != "cpns" else "2026-03-01",
    }


def _enrolment(person: Person) -> dict[str, object]:
    return {
        "terminal": person.terminal,
        "pin": person.pin,
        "nip": person.nip,
        "valid_from": month.ENROLMENT_DAY,
    }


def _absence(document: month.Document, nip: str) -> dict[str, object]:
    return {
        "nip": nip,
        "from": document.first,
        "to": document.last,
        "kind": document.kind,
        "from_time": document.from_time or "",
        "to_time": document.to_time or "",
        "document": document.number,
        "status": document.status,
    }


def _activity(note: month.Note) -> dict[str, object]:
    return {
        "id": note.id,
        "nip": note.nip,
        "date": note.day,
        "start": note.start,
        "end": note.end,
        "description": note.description,
        "plan": note.plan,
        "status": note.status,
        "decided_by": note.decided_by,
    }


def _write(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows of equal columns as the csv that an office would send."""
    first, *others = rows
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(first))
        table.writeheader()
        table.writerows([first, *others])


def _made_here(directory: Path) -> bool:
    """Whether a demo of this user made what is there: a mark is a name that anybody can write, and alone says nothing.

    It is this user's own file, and the configuration beside it, if there is one, is a demo's.
    """
    mark, agent = directory / MARK, directory / "agent.yaml"
    if mark.is_symlink() or not mark.is_file():
        return False
    if not all(os_user.is_me(place.stat().st_uid) for place in (mark, directory)):
        return False
    if agent.is_symlink() or not agent.exists():
        return True
    return agent.is_file() and agent.read_bytes().startswith(_FIRST_LINE.encode())
