"""The centre's commands under the database roles of PostgreSQL: what a role is for works with its rights alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.nouns.delivery import Delivery
from tests.journey.conftest import Installation
from tests.journey.test_payroll import MONTH, county, rows
from tests.journey.test_purge import punch
from tests.proof import databases
from tests.proof.commands import Outcome


@pytest.fixture
def url(postgres_template: str, tmp_path: Path) -> Iterator[str]:
    with databases.copy_of(postgres_template, tmp_path) as made:
        yield made


def log_in(installation: Installation, role: str) -> None:
    """From here on the commands use this role."""
    changed = make_url(installation.url).set(username=role).render_as_string(hide_password=False)
    installation.url = changed
    installation.configure()


def test_a_month_is_scored_closed_and_handed_over_under_the_roles(
    tmp_path: Path, url: str, name_nip: Callable[[int], str], become: Callable[[str], None]
) -> None:
    office = Installation(tmp_path, url)
    listed = json.loads(office.ok("db", "roles", "--format", "json"))
    assert {"role": "ekinerja_feed", "right": "INSERT", "on": "feed_activities"} in listed
    assert not [line for line in office.ok("db", "roles", "--dry-run").splitlines() if line.startswith("CREATE")]

    log_in(office, "ekinerja_score")
    late, other = name_nip(1), name_nip(2)
    county(office, late, other, months=(MONTH,))
    engine = create_engine(make_url(url).set(username="ekinerja_feed"))
    with engine.begin() as conn:
        conn.execute(
            text(
                "insert into feed_activities (activity_id, nip, date, starts, ends, description, status, entered_at) "
                "values ('A', :nip, '2026-09-10', '08:00', '10:00', 'Rapat', 'pending', '2026-09-10 16:00:00')"
            ),
            {"nip": late},
        )
    office.ok("account", "add", "ekinerja_feed", "--role", "employee", "--feed", "activities")
    office.ok("activity", "feed")
    with engine.begin() as conn:
        assert conn.execute(text("select outcome from feed_answers")).scalars().all() == ["stored"]
    engine.dispose()
    shown = office.ok("correction", "add", late, "2026-09-07", "arrive", "--time", "07:15", "--document", "SK 9")
    office.account("add", "sari", "--role", "operator", "--os-user", "sari")
    become("sari")
    office.ok("correction", "approve", shown.split()[0].removeprefix("correction/"), "--yes")
    assert set(office.scores(MONTH)) == {late, other}
    office.ok("period", "close", MONTH, "--yes")
    office.ok("payroll", "export", "--month", MONTH, "--out", str(tmp_path / "out.csv"))
    office.ok("payroll", "mark-paid", "--month", MONTH, "--document", "SP2D 1", "--yes")

    log_in(office, "ekinerja_payroll")
    assert [row["nip"] for row in rows(office)] == [late, other]
    log_in(office, "ekinerja_audit")
    office.verified()
    office.ok("db", "check")
    assert office.run("score", "run", "--month", MONTH).code == 7
    log_in(office, "ekinerja_owner")
    office.ok("db", "upgrade")
    office.ok("db", "check")


def test_retention_runs_under_its_own_role(tmp_path: Path, url: str) -> None:
    office = Installation(tmp_path, url)
    office.ok("db", "roles")
    collector = connect(make_url(url).set(username="ekinerja_collect").render_as_string(hide_password=False))
    punches = tuple(punch("1", f"2019-05-0{n} 07:00:00") for n in range(1, 6))
    deliver(collector, Delivery(punches, ()), datetime(2019, 5, 6, tzinfo=UTC))
    collector.dispose()
    log_in(office, "ekinerja_score")
    office.account("add", "budi", "--role", "payroll")
    settings = tmp_path / "agent.yaml"

    def purge() -> Outcome:
        settings.write_text(json.dumps(json.loads(settings.read_text()) | {"retention": {"punches_months": 60}}))
        return office.run("db", "purge", "--yes", "--format", "json")

    assert purge().code == 7, "who scores takes nothing away"
    log_in(office, "ekinerja_purge")
    done = purge()
    assert (done.code, json.loads(done.out)[0]["rows"]) == (0, 5), done
    log_in(office, "ekinerja_audit")
    office.verified()


def test_a_file_says_that_it_has_no_roles(tmp_path: Path) -> None:
    office = Installation(tmp_path, f"sqlite:///{tmp_path / 'central.db'}")
    outcome = office.run("db", "roles")
    assert (outcome.code, "a database file has no roles" in outcome.err) == (2, True)


def test_an_office_gets_a_login_of_its_own_by_one_command(tmp_path: Path, url: str) -> None:
    office = Installation(tmp_path, url)
    (tmp_path / "dinkes").write_text("rahasia-sekali\n")
    asked = ("db", "roles", "--office", "ekinerja_collect_dinkes=DINKES, PKM-1")
    assert "INSERT INTO login_units (login, unit) VALUES ('ekinerja_collect_dinkes', 'DINKES')" in office.ok(
        *asked, "--dry-run"
    )
    password = f"ekinerja_collect_dinkes={tmp_path / 'dinkes'}"
    shown = json.loads(office.ok(*asked, "--password-file", password, "--format", "json"))
    assert shown[-1] == {"role": "ekinerja_collect_dinkes", "right": "TELLS OF", "on": "DINKES, PKM-1"}
    assert 'TELLS OF,"DINKES, PKM-1"' in office.ok(*asked[:2], "--format", "csv"), "again = repair, and nothing is lost"
    for wrong in ("ekinerja_collect_dinkes", "ekinerja_score=DINKES", "ekinerja_collect_x=", 'ekinerja_collect_";=A'):
        assert office.run("db", "roles", "--office", wrong).code == 2
    office.account("add", "siti", "--role", "operator")
    given = office.ok("terminal", "accept", "lobby", "--login", "ekinerja_collect_dinkes")
    assert given == "lobby: the database login ekinerja_collect_dinkes delivers it from now on (before: -).\n"
    assert office.run("terminal", "accept", "lobby", "--login", "ekinerja_payroll").code == 2
    office.verified()
    engine = create_engine(url)
    with engine.begin() as conn:
        conn.execute(text("drop role ekinerja_collect_dinkes"))
    engine.dispose()


def test_a_password_comes_from_a_file(tmp_path: Path, url: str) -> None:
    office = Installation(tmp_path, url)
    (tmp_path / "feed").write_text("rahasia-sekali\n")
    shown = office.run("db", "roles", "--password-file", f"ekinerja_feed={tmp_path / 'feed'}")
    assert shown.code == 0
    assert "rahasia" not in shown.out + shown.err
    for wrong, code in (("ekinerja_feed", 2), (f"nobody={tmp_path / 'feed'}", 2), ("ekinerja_feed=/nowhere", 3)):
        assert office.run("db", "roles", "--password-file", wrong).code == code
    engine = create_engine(url)
    with engine.begin() as conn:
        conn.execute(text("alter role ekinerja_feed password null"))
    engine.dispose()
