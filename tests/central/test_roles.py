"""What each database role is refused and what it can do, asked of a real PostgreSQL with the program's own code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import actor
from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.collected.owners import claim, owners
from ekinerja_agent.central.kinds import insert_only
from ekinerja_agent.central.schema import checks, rights, roles
from ekinerja_agent.central.schema.checks import check
from ekinerja_agent.central.schema.upgrade import require_current, upgrade
from ekinerja_agent.central.store.engine import connect, reading, transaction
from ekinerja_agent.central.store.tables import PUBLISHED
from ekinerja_agent.nouns.coverage import ClockReading, Coverage
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.errors import CheckFailed, EkinerjaError, Refused, WrongUsage
from ekinerja_agent.nouns.punch import Quarantined, Source
from ekinerja_agent.nouns.terminal import SlotOwner, TerminalFact
from ekinerja_agent.nouns.terminal import TerminalStatus as Status
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting.forward import forward
from tests.central.conftest import As
from tests.central.test_guards import everything, execute
from tests.central.test_months import at_clock

NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)
EVERYBODY = [roles.OWNER, *(role.name for role in roles.ROLES)]
REFUSED = r"permission denied|must be owner|refuses|read-only|cannot (update|delete from) view"


def run(engine: Engine, statement: str) -> None:
    with transaction(engine) as conn:
        conn.exec_driver_sql(statement)


FORBIDDEN = {
    "ekinerja_collect": (
        "select name from employees",
        "select nip from results",
        "select pin from punches",
        "select raw from quarantine",
        "select nip from enrolments",
        "select name from accounts",
        "select details from audit",
        "select * from payroll_scores_v1",
        "insert into employees select * from employees",
        "insert into audit (actor) values ('x')",
        "insert into results (period) values ('2026-09')",
        "update punches set pin = '2'",
        "delete from punches",
        "delete from coverage",
        "truncate punches",
        "delete from stale_days",
        "update terminal_owners set agent = 'mine'",
        "create table mine (x integer)",
        "drop table punches_default",
    ),
    "ekinerja_score": (
        "update punches set pin = '2'",
        "delete from punches",
        "update punches_default set pin = '2'",
        "update results set payable_rp = 1 where revision = 1",
        "delete from results where revision = 1",
        "delete from result_findings where revision = 1",
        "update correction_decisions set approved = true",
        "delete from audit",
        "update audit set actor = 'x'",
        "update period_events set revision = 9",
        "delete from period_payments",
        "insert into feed_activities (activity_id) values ('1')",
        "delete from accounts",
        "truncate results",
        "alter table results disable trigger all",
        "set session_replication_role = replica",
        "drop table audit",
        "create function f() returns integer language sql as 'select 1'",
    ),
    "ekinerja_web": (
        "insert into results (period) values ('2026-09')",
        "update results set payable_rp = 1",
        "insert into punches (punch_id) values ('x')",
        "insert into corrections (nip) values ('x')",
        "insert into correction_decisions (correction) values (1)",
        "update objection_decisions set accepted = true",
        "insert into period_events (period) values ('2026-09')",
        "update accounts set roles = 'operator'",
        "delete from activity_steps",
        "update activity_steps set status = 'approved'",
        "select details from audit",
        "delete from audit",
    ),
    "ekinerja_payroll": (
        "select * from punches",
        "select * from employees",
        "select * from results",
        "select * from audit",
        "select * from plan_status_v1",
        "select version_num from alembic_version",
        "update payroll_scores_v1 set payable_rp = 1",
        "delete from payroll_scores_v1",
        "insert into period_payments (period) values ('2026-09')",
    ),
    "ekinerja_feed": (
        "select * from activities",
        "select * from employees",
        "select * from payroll_scores_v1",
        "insert into activities (nip) values ('x')",
        "insert into feed_answers (entry) values (1)",
        "update feed_activities set status = 'approved'",
        "delete from feed_activities",
        "update feed_answers set outcome = 'stored'",
    ),
    "ekinerja_purge": (
        "select name from employees",
        "select nip from results",
        "select document from corrections",
        "select details from audit",
        "select hash from passwords",
        "select * from payroll_scores_v1",
        "delete from punches",
        "delete from punches_default",
        "truncate punches",
        "drop table punches_default",
        "update punches set pin = '2'",
        "insert into punches (punch_id) values ('x')",
        "delete from coverage",
        "delete from results where revision = 0",
        "delete from corrections",
        "insert into period_payments (period) values ('2026-09')",
        "delete from audit",
        "update audit set actor = 'x'",
        "update purges set rows = 0",
        "delete from purges",
        "alter table punches disable trigger all",
        "set session_replication_role = replica",
        "select ekinerja_purge_punches(date_trunc('month', now())::date, 0)",
        "select ekinerja_purge_punches('2020-01-15', 0)",
        "select ekinerja_punch_month('2026-09-01')",
    ),
    "ekinerja_audit": (
        "insert into audit (actor) values ('x')",
        "insert into punches (punch_id) values ('x')",
        "update results set payable_rp = 1",
        "delete from audit",
        "set transaction read write; insert into stale_days values ('t', '2026-09-07', 1)",
        "truncate audit",
    ),
}


MAKING = (
    "create temporary table t (x integer)",
    "create table public.t (x integer)",
    "create schema mine",
    "create function f() returns integer language sql as 'select 1'",
    "create function pg_temp.f() returns integer language sql as 'select 1'",
)


def test_every_role_of_the_program_is_tried() -> None:
    assert set(FORBIDDEN) == {role.name for role in roles.ROLES}


@pytest.mark.parametrize("role", FORBIDDEN)
def test_the_database_refuses_a_role_what_is_not_its_own(login: As, role: str) -> None:
    administrator = login("postgres")
    execute(administrator, *everything())
    engine = login(role)
    for statement in (*FORBIDDEN[role], *MAKING):
        with pytest.raises((EkinerjaError, SQLAlchemyError), match=REFUSED):
            run(engine, statement)


def test_the_owner_is_refused_every_change_of_a_fact_and_of_what_is_published(login: As) -> None:
    administrator, owner = login("postgres"), login(roles.OWNER)
    execute(administrator, *everything())
    for guarded in (*insert_only(), *PUBLISHED):
        column = next(iter(guarded.c)).name
        for statement in (
            f"update {guarded.name} set {column} = {column}",
            f"delete from {guarded.name}",
            f"truncate {guarded.name} cascade",
        ):
            with pytest.raises(Refused, match=r"refuses|stays"):
                run(owner, statement)


def test_a_collector_delivers_everything_it_can_find_out_and_reads_nothing_back(login: As, tmp_path: Path) -> None:
    collector = login("ekinerja_collect")
    require_current(collector)
    punches = [at_clock(datetime(2026, 9, 7, 7, 28) + timedelta(days=40 * n)) for n in range(-9, 2)]
    notes = (
        TerminalFact("lobby", "DINKES", "Asia/Makassar", enabled=True, since=NOW),
        Coverage("lobby", NOW - timedelta(days=1), NOW),
        Quarantined("lobby", Source.POLL, 3, b"raw", "impossible date", NOW),
        SlotOwner("lobby", 3, "7", NOW),
        ClockReading("lobby", NOW, 2, trusted=True),
        Status("lobby", "10.0.0.1", "S1", "fw", 10, 100, 3, 2, NOW, "ok"),
    )
    with Spool(tmp_path / "spool.db") as spool:
        spool.add(punches, notes)
        moved = forward(spool, collector, now=lambda: NOW)
        assert (moved.delivered, moved.rejected) == (len(punches), 0)
        spool.add(punches, notes)
        forward(spool, collector, now=lambda: NOW)
    for _ in range(2):  # again, and after a restart of which the settlement was lost
        receipt = deliver(collector, Delivery(tuple(punches), notes), NOW)
        assert set(receipt.accepted) == {punch.punch_id for punch in punches}
    assert owners(collector, ["lobby"]).keys() == {"lobby"}
    assert claim(collector, "another", ["gate"], NOW) == {"gate": "another"}
    with reading(login("ekinerja_audit")) as conn:
        assert conn.exec_driver_sql("select count(*) from punches").scalar() == len(punches)
        assert conn.exec_driver_sql("select count(*) from coverage").scalar() == 1


def test_the_auditor_verifies_the_chain_that_others_wrote(login: As) -> None:
    actor(login("ekinerja_score"), "root", NOW)
    auditor = login("ekinerja_audit")
    require_current(auditor)
    assert audit.verify(auditor).rows == 1


def test_the_feed_brings_activities_and_reads_answers(login: As) -> None:
    feed = login("ekinerja_feed")
    run(feed, "insert into feed_activities (activity_id, nip) values ('a', '1')")
    with reading(feed) as conn:
        assert conn.exec_driver_sql("select id from feed_activities").scalar() == 1
        assert conn.exec_driver_sql("select count(*) from feed_answers").scalar() == 0


def test_the_owner_upgrades_and_what_is_new_gets_its_rights(login: As) -> None:
    owner = login(roles.OWNER)
    run(owner, "revoke select on payroll_scores_v1 from ekinerja_payroll")
    upgrade(owner)
    with reading(login("ekinerja_payroll")) as conn:
        assert conn.exec_driver_sql("select count(*) from payroll_scores_v1").scalar() == 0
    check(login("postgres"))


def test_making_the_roles_again_changes_nothing_and_repairs_what_was_changed(login: As, roles_url: str) -> None:
    administrator = login("postgres")
    run(administrator, "grant select on employees to ekinerja_payroll")
    run(administrator, "grant select on audit to public")
    run(administrator, "revoke insert on punches from ekinerja_collect")
    run(administrator, "alter role ekinerja_feed createdb")
    run(administrator, "grant create on schema public to ekinerja_feed")
    database = make_url(roles_url).database
    run(administrator, f"grant temporary on database {database} to public, ekinerja_score")
    run(administrator, f"grant create on database {database} to ekinerja_web")
    with pytest.raises(CheckFailed) as caught:
        check(administrator)
    for told in (
        "ekinerja_payroll may SELECT employees, which it must not; run: ekinerja-agent db roles",
        "everybody may SELECT audit",
        "ekinerja_collect may not INSERT punches, which it needs",
        "ekinerja_feed may more than its tables",
        "ekinerja_feed has CREATE ON SCHEMA public, which it must not; run as an administrator of the server: ",
        "ekinerja_web has CREATE ON DATABASE, which",
        "everybody has TEMPORARY ON DATABASE, which",
        "ekinerja_score has TEMPORARY ON DATABASE, which",
    ):
        assert told in str(caught.value)
    run(administrator, "alter role ekinerja_feed nocreatedb")
    roles.apply(administrator, {})
    roles.apply(login(roles.OWNER), {})
    check(administrator)
    assert not [line for line in roles.planned(administrator) if line.startswith(("CREATE", "ALTER TABLE"))]


def test_a_password_is_told_to_nobody_and_only_to_known_roles(login: As) -> None:
    administrator = login("postgres")
    roles.apply(administrator, {"ekinerja_feed": "s3cret"})
    with reading(administrator) as conn:
        stored = conn.exec_driver_sql("select rolpassword from pg_authid where rolname = 'ekinerja_feed'").scalar()
    assert str(stored).startswith("SCRAM-SHA-256$")
    with pytest.raises(WrongUsage, match="no role mallory; the roles are ekinerja_owner"):
        roles.apply(administrator, {"mallory": "x"})
    run(administrator, "alter role ekinerja_feed password null")


def test_a_file_has_no_roles(tmp_path: Path) -> None:
    central = connect(f"sqlite:///{tmp_path / 'central.db'}")
    for ask in (roles.planned, lambda engine: roles.apply(engine, {})):
        with pytest.raises(WrongUsage, match="a database file has no roles"):
            ask(central)
    central.dispose()


def test_rights_name_tables_and_views_that_exist(login: As) -> None:
    with reading(login("postgres")) as conn:
        assert list(rights.differences(conn)) == []
        assert checks.differences(conn) == []


def test_who_may_make_no_roles_is_told_so(login: As) -> None:
    with pytest.raises(EkinerjaError, match=r"permission denied|must be"):
        roles.apply(login("ekinerja_score"), {})
