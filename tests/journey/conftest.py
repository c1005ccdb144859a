"""A whole installation in a directory, driven by the commands that people type."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from ekinerja_agent.host import os_user
from tests.journey.gate import Gate
from tests.proof import commands, databases
from tests.proof.commands import Outcome
from tests.proof.people import acting_as

RULES = Path(__file__).parents[2] / "config" / "rules"
COLUMNS = {
    "units": "code name timezone schedule profile parent head_nip valid_from valid_to",
    "employees": "nip name unit status attendance position allowance_rp schedule supervisor_nip valid_from valid_to",
    "enrolments": "terminal pin nip valid_from valid_to",
    "punches": "terminal pin clock",
    "absences": "nip from to kind from_time to_time document requested_at status",
    "activities": "id nip date start end description type volume status approved_minutes decided_by entered_at plan",
    "activity_standards": "type name standard_minutes unit",
    "calendar": "date unit kind name source",
    "outages": "terminal from to reason document status",
    "rosters": "nip date shift",
    "corrections": "nip date scan action time document status",
    "allowances": "nip criterion amount_rp basic_rp pct valid_from valid_to",
    "holds": "nip kind amount_rp pct document from to",
    "sanctions": "nip decree amount_rp pct document from to",
    "assignments": "nip unit kind document valid_from valid_to allowance_rp",
    "events": "code kind unit date opens closes due terminal audience",
    "event_attendance": "event nip status document uniform",
    "ratings": "nip period result behaviour predicate scheme mode new_idea valid_from valid_to document status",
    "plans": "code unit nip name due_date target_output budget_rp",
    "plan_progress": "plan month planned_pct physical_pct realised_rp document status",
    "indicators": "nip unit period code points max_points",
    "workload_tasks": "unit job task volume per standard_minutes",
    "staff": "unit job count",
    "sakip": "unit year aspect score",
    "evaluation_meetings": "unit date topic led_by document",
    "innovations": "code unit name started ended document",
}


class Installation:
    """One box: configuration, rules, SQLite or PostgreSQL, and a way to run commands."""

    def __init__(self, directory: Path, url: str) -> None:
        self.directory = directory
        self.url = url
        self._files = 0
        self.terminals: list[dict[str, Any]] = []
        self.configure()

    @contextmanager
    def copied(self, directory: Path) -> Iterator[Installation]:
        """Give the same in another directory, on a copy of the database that is gone after the block."""
        shutil.copytree(self.directory, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("central.db*"))
        with databases.copy_of(self.url, directory) as url:
            copy = Installation(directory, url)
            copy._files = self._files
            yield copy

    def configure(self, *, profile: str = "tpp-model", terminals: Sequence[dict[str, Any]] = ()) -> None:
        """Write agent.yaml and devices.yaml. JSON is YAML."""
        agent = {
            "roles": ["collect", "score"],
            "state_dir": "state",
            "devices": "devices.yaml",
            "rules": "rules",
            "profile": profile,
            "central": {"url": self.url},
            "poll": {"every": "1s", "timeout": "5s"},
        }
        if not (self.directory / "rules").exists():
            shutil.copytree(RULES, self.directory / "rules")
        self.adopt(profile)
        (self.directory / "agent.yaml").write_text(json.dumps(agent))
        (self.directory / "devices.yaml").write_text(json.dumps({"terminals": list(terminals)}))

    def adopt(self, *profiles: str) -> None:
        """Every value of these profiles has a decree."""
        decree = {"value": "*", "decree": "Perbup 1/2026", "date": "2026-01-02", "by": "Bupati"}
        adopted = {"adopted": [decree | {"profile": profile} for profile in profiles]}
        (self.directory / "rules" / "adopted.yaml").write_text(json.dumps(adopted))

    def run(self, *arguments: str) -> Outcome:
        """Run one command in this process and return how it ended."""
        return commands.run(self.directory / "agent.yaml", *arguments)

    def account(self, command: str, name: str, *options: str) -> None:
        """Run a command on an account; where that gives power, an operator confirms it who neither asked nor is it."""
        asked = self.run("account", command, name, *options)
        number = re.search(r"waits as change (\d+)", asked.err)
        assert (asked.code, number is None) in {(0, True), (7, False)}, asked
        if number is not None:
            rows = json.loads(self.ok("account", "list", "--format", "json"))
            operators = [row for row in rows if "operator" in row["roles"] and row["name"] != name]
            free = {row["os_user"] for row in operators if not row["disabled_at"]} - {None, os_user.acting()}
            with acting_as(min(free)):
                self.ok("account", "confirm", number[1], "--yes")

    def ok(self, *arguments: str) -> str:
        """Run one command that must succeed and return what it printed."""
        outcome = self.run(*arguments)
        assert outcome.code == 0, outcome
        return outcome.out

    def load(self, kind: str, rows: Sequence[dict[str, Any]], *options: str) -> str:
        """Import rows through a csv file."""
        self._files += 1
        path = self.directory / f"{self._files:02}-{kind}.csv"
        columns = [c for c in COLUMNS[kind].split() if any(c in row for row in rows)]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return self.ok("import", kind, str(path), *options)

    def scores(self, month: str, *options: str) -> dict[str, dict[str, Any]]:
        """Score a month and return its documents by NIP."""
        self.ok("score", "run", "--month", month)
        shown = self.ok("score", "show", "--month", month, "--format", "json", *options)
        return {document["nip"]: document for document in json.loads(shown)}

    def verified(self) -> str:
        """Verify the audit log as somebody does who noted its end."""
        return self.ok("audit", "verify", "--head", self.ok("audit", "head").strip())

    def pay(self, month: str, document: str, *office: str) -> str:
        """Hand payroll what stands of a month, and note that it was paid."""
        file = str(self.directory / "gaji.csv")
        self.ok("payroll", "export", "--month", month, *office, "--out", file)
        paid = ("payroll", "mark-paid", "--month", month, *office, "--document", document, "--export", file, "--yes")
        return self.ok(*paid)


Prepared = Callable[[str, Callable[[Installation], object]], Installation]


@pytest.fixture
def installation(tmp_path: Path, central_url: str) -> Installation:
    """An installation on SQLite, and once more on PostgreSQL."""
    return Installation(tmp_path, central_url)


@pytest.fixture(scope="module")
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """Given a dialect and what begins an installation, return one that began so: made once a file, to be copied."""
    with ExitStack() as stack:

        @cache
        def _prepared(dialect: str, prepare: Callable[[Installation], object]) -> Installation:
            template = {"sqlite": "sqlite_template", "postgresql": "postgres_template"}[dialect]
            folder = tmp_path_factory.mktemp("prepared")
            url = stack.enter_context(databases.copy_of(request.getfixturevalue(template), folder))
            installation = Installation(folder, url)
            prepare(installation)
            return installation

        yield _prepared


@pytest.fixture
def installation_in() -> type[Installation]:
    """An installation in a directory and a database of the test's choice."""
    return Installation


def sql(url: str, query: str) -> list[dict[str, Any]]:
    """Given a database and a query, return its rows."""
    engine = create_engine(url)
    try:
        with engine.connect() as conn:
            return [dict(row) for row in conn.execute(text(query)).mappings()]
    finally:
        engine.dispose()


def nip(number: int) -> str:
    """A valid NIP for the number-th person of a test."""
    return f"19900101201501{1 + number // 999:d}{1 + number % 999:03d}"


@pytest.fixture
def name_nip() -> Callable[[int], str]:
    return nip


@pytest.fixture
def gate(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A terminal that pushes as often as a test wants it to."""
    monkeypatch.setattr("ekinerja_agent.web.iclock.MOST_AT_ONCE", 1e6)
    made = Gate(installation)
    yield made
    made.site.stop()
