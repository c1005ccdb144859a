"""What happens to a month after it is closed: another revision, the payment, and what payroll reads meanwhile."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from sqlalchemy import create_engine, text

MONTH, NEXT = "2026-09", "2026-10"
MONDAY = "2026-09-07"
UNTIL = "2026-11-03 12:00"
DAYS = {
    MONTH: [f"2026-09-{day:02}" for day in range(1, 31) if (day + 1) % 7 not in {6, 0}],
    NEXT: [f"2026-10-{day:02}" for day in range(1, 32) if (day + 3) % 7 not in {6, 0}],
}

As = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def acting(installation: Any, monkeypatch: pytest.MonkeyPatch) -> As:
    """Other people's logins: operators, each with a NIP of nobody here."""
    first = getpass.getuser()

    @contextmanager
    def as_user(name: str) -> Iterator[None]:
        known = {row["name"] for row in json.loads(installation.ok("account", "list", "--format", "json"))}
        if name not in known:
            installation.ok("account", "add", name, "--role", "operator", "--os-user", name)
        monkeypatch.setenv("LOGNAME", name)
        yield
        monkeypatch.setenv("LOGNAME", first)

    return as_user


def sql(url: str, query: str) -> list[dict[str, Any]]:
    engine = create_engine(url)
    try:
        with engine.connect() as conn:
            return [dict(row) for row in conn.execute(text(query)).mappings()]
    finally:
        engine.dispose()


def rows(installation: Any, view: str = "payroll_scores_v1", order: str = "period, nip, revision") -> list[Any]:
    return sql(installation.url, f"select * from {view} order by {order}")


def county(installation: Any, *nips: str, late: str = MONDAY) -> None:
    """Two offices of one terminal each; the first person comes 75 minutes late on one day."""
    installation.load("units", [{"code": code, "name": code, "timezone": "Asia/Jakarta"} for code in ("BKD", "DINKES")])
    installation.load(
        "employees",
        [
            {"nip": nip, "name": f"Pegawai {nip[-3:]}", "unit": ("DINKES", "BKD")[n % 2], "allowance_rp": 4_000_000}
            for n, nip in enumerate(nips)
        ],
    )
    installation.load("enrolments", [{"terminal": "lobby", "pin": str(n), "nip": nip} for n, nip in enumerate(nips)])
    installation.load(
        "punches",
        [
            {"terminal": "lobby", "pin": str(n), "clock": f"{day} {clock}"}
            for n, _ in enumerate(nips)
            for day in [*DAYS[MONTH], *DAYS[NEXT]]
            for clock in ("08:45:00" if (n, day) == (0, late) else "07:20:00", "16:35:00")
        ],
        "--complete-until",
        UNTIL,
    )


def forgive(installation: Any, acting: As, nip: str, day: str = MONDAY) -> None:
    """The late scan is corrected, with another person's approval."""
    shown = installation.ok("correction", "add", nip, day, "arrive", "--time", "07:15", "--document", "SK 9")
    number = shown.split()[0].removeprefix("correction/")
    with acting("sari"):
        installation.ok("correction", "approve", number, "--yes")


def test_a_month_is_reopened_by_another_person_and_closed_as_the_next_revision(
    installation: Any, acting: As, name_nip: Any
) -> None:
    late, other = name_nip(1), name_nip(2)
    county(installation, late, other)
    installation.ok("period", "close", MONTH, "--yes")
    first = {row["nip"]: row for row in rows(installation)}
    assert first[late]["payable_rp"] == first[other]["payable_rp"] - 20_000
    forgive(installation, acting, late)

    own = installation.run("period", "reopen", MONTH, "--office", "DINKES", "--reason", "SK 9")
    assert (own.code, "another person" in own.err) == (7, True)
    with acting("sari"):
        said = installation.ok("period", "reopen", MONTH, "--office", "DINKES", "--reason", "SK 9")
        assert said == "2026-09 DINKES: open again; revision 1 stands until it is closed.\n"
        again = installation.run("period", "reopen", MONTH, "--office", "DINKES", "--reason", "SK 9")
        assert (again.code, "reopened" in again.err) == (7, True)
    assert {row["nip"]: row for row in rows(installation)} == first, "what is published stands until the next close"
    states = json.loads(installation.ok("period", "status", MONTH, "--format", "json"))
    assert [(row["unit"], row["state"], row["revision"]) for row in states] == [
        ("BKD", "closed", 1),
        ("DINKES", "reopened", 1),
    ]

    assert installation.ok("period", "close", MONTH, "--yes") == "2026-09 DINKES: 1 people published, revision 2.\n"
    standing = {row["nip"]: row for row in rows(installation)}
    assert standing[other] == first[other]
    assert (standing[late]["revision"], standing[late]["payable_rp"]) == (2, first[other]["payable_rp"])
    assert rows(installation, "payroll_findings_v1", "nip") == []
    revisions = rows(installation, "payroll_revisions_v1")
    assert [(row["nip"], row["revision"]) for row in revisions] == [(late, 1), (late, 2), (other, 1)]
    assert revisions[0] == first[late]
    (shown,) = json.loads(installation.ok("score", "show", "--month", MONTH, "--nip", late, "--format", "json"))
    assert shown["allowance"]["payable_rp"] == standing[late]["payable_rp"]
    actions = json.loads(installation.ok("audit", "list", "--format", "json"))
    (reopened,) = [row for row in actions if row["action"] == "period.reopen"]
    assert (reopened["actor"], reopened["details"]["reason"]) == ("sari", "SK 9")
    installation.ok("db", "check")


def test_who_left_an_office_is_not_in_its_next_revision(installation: Any, acting: As, name_nip: Any) -> None:
    moved, stays = name_nip(1), name_nip(3)
    county(installation, moved, name_nip(2), stays)
    installation.ok("period", "close", MONTH, "--yes")
    installation.load("employees", [{"nip": moved, "name": "Pindah", "unit": "BKD", "allowance_rp": 4_000_000}])
    with acting("sari"):
        installation.ok("period", "reopen", MONTH, "--reason", "mutasi")
        installation.ok("period", "close", MONTH, "--yes", "--office", "DINKES")
    assert [row["nip"] for row in rows(installation)] == [name_nip(2), stays], "nobody is in two offices"
    installation.ok("period", "close", MONTH, "--yes", "--office", "BKD")
    standing = [(row["nip"], row["unit_code"], row["revision"]) for row in rows(installation)]
    assert standing == [(moved, "BKD", 2), (name_nip(2), "BKD", 2), (stays, "DINKES", 2)]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("period", "reopen", MONTH, "--office", "DINKES", "--reason", "r"), 5, "never closed"),
        (("period", "reopen", MONTH, "--reason", "r"), 7, "no office that is closed"),
        (("period", "reopen", MONTH, "--reason", " "), 7, "reason in words"),
    ],
)
def test_a_month_that_is_not_closed_cannot_go_on(
    installation: Any, name_nip: Any, arguments: tuple[str, ...], code: int, words: str
) -> None:
    county(installation, name_nip(1))
    refused = installation.run(*arguments)
    assert refused.code == code
    assert words in refused.err
