"""Two offices whose September can be closed: one person of each, the first of whom came late on a Monday."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from ekinerja_agent.cli.month import payroll, period
from tests.journey.conftest import Installation, nip, sql
from tests.proof.commands import Outcome
from tests.proof.people import acting_as

MONTH, MONDAY = "2026-09", "2026-09-07"
LATE, OTHER = nip(1), nip(2)
DAYS = [f"2026-09-{day:02}" for day in range(1, 31) if (day + 1) % 7 not in {6, 0}]
CLOSE = ("period", "close", MONTH)
ALL = ("payroll", "mark-paid", "--month", MONTH)


class Closing(Installation):
    """An installation on a copy of that county; sari and budi are operators beside who runs the tests."""

    @contextmanager
    def acting(self, name: str) -> Iterator[None]:
        with acting_as(name):
            yield

    def asked(self, *arguments: str, meanwhile: Callable[[], object]) -> Outcome:
        """Run a command; while its question stands, something else happens; then the person says yes."""

        def wait(_question: object, *, yes: bool) -> None:
            if not yes:  # the commands that run meanwhile are not asked
                meanwhile()

        with patch(f"{period.__name__}.confirm", wait), patch(f"{payroll.__name__}.confirm", wait):
            return self.run(*arguments)

    def forgive(self) -> None:
        """The late scan is corrected, and another person approves it: 20,000 Rp more."""
        with self.acting("sari"):
            shown = self.ok("correction", "add", LATE, MONDAY, "arrive", "--time", "07:15", "--document", "SK 9")
        with self.acting("budi"):
            self.ok("correction", "approve", shown.split()[0].removeprefix("correction/"), "--yes")

    def reopen(self) -> None:
        with self.acting("sari"):
            self.ok("period", "reopen", MONTH, "--reason", "r")

    def export(self, *office: str) -> str:
        """Hand payroll what stands; return the file."""
        file = self.directory / "gaji.csv"
        self.ok("payroll", "export", "--month", MONTH, *office, "--out", str(file))
        return str(file)

    def paid(self) -> list[tuple[str, int, str]]:
        found = sql(self.url, "select unit, revision, document from period_payments order by unit")
        return [(row["unit"], row["revision"], row["document"]) for row in found]

    def payable(self) -> dict[str, tuple[int, int]]:
        """Revision and money of each person, as payroll reads them."""
        found = sql(self.url, "select nip, revision, payable_rp from payroll_scores_v1 order by nip")
        return {row["nip"]: (row["revision"], row["payable_rp"]) for row in found}

    def audited(self, action: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = json.loads(self.ok("audit", "list", "--action", action, "--format", "json"))
        return listed


def fill(installation: Installation) -> None:
    """Bring the county into an installation whose database is empty."""
    installation.load("units", [{"code": code, "name": code, "timezone": "Asia/Jakarta"} for code in ("BKD", "DINKES")])
    people = ((LATE, "DINKES"), (OTHER, "BKD"))
    installation.load(
        "employees",
        [{"nip": nip, "name": f"Pegawai {nip[-3:]}", "unit": unit, "allowance_rp": 4_000_000} for nip, unit in people],
    )
    installation.load("enrolments", [{"terminal": "lobby", "pin": n[-3:], "nip": n} for n, _ in people])
    installation.load(
        "punches",
        [
            {"terminal": "lobby", "pin": n[-3:], "clock": f"{day} {clock}"}
            for n, _ in people
            for day in DAYS
            for clock in ("08:45:00" if (n, day) == (LATE, MONDAY) else "07:20:00", "16:35:00")
        ],
        "--complete-until",
        "2026-11-03 12:00",
    )
    for name in ("sari", "budi"):
        installation.account("add", name, "--role", "operator", "--os-user", name)
    installation.ok("score", "run", "--month", MONTH)
