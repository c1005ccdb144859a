"""What somebody does who has the database login of one office's server: other offices' terminals are not theirs.

On PostgreSQL, where there are logins; a file of SQLite has one writer, who may write all of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.access.accounts import actor
from ekinerja_agent.central.collected import inbox, owners, terminal_logins
from ekinerja_agent.central.collected.terminal_log import terminal_log
from ekinerja_agent.central.schema import office_logins, rights, roles
from ekinerja_agent.central.schema.checks import check, shared_login
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables import OF_ITS_LOGIN
from ekinerja_agent.nouns.coverage import ClockReading, Coverage
from ekinerja_agent.nouns.delivery import Delivery, Note
from ekinerja_agent.nouns.errors import CheckFailed, Refused, WrongUsage
from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from ekinerja_agent.nouns.terminal import SlotOwner, TerminalFact
from ekinerja_agent.nouns.terminal import TerminalStatus as Status
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.care.terminals import give_login
from ekinerja_agent.usecases.collecting.forward import forward
from ekinerja_agent.usecases.watching import doctor
from ekinerja_agent.usecases.watching.doctor import database
from tests.central.conftest import As
from tests.central.test_guards import TIME, audited, content, execute
from tests.central.test_months import at_clock
from tests.hostile.test_database_logins import session, try_all

NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)
A, B, SHARED = "ekinerja_collect_a", "ekinerja_collect_b", office_logins.SHARED
SEVEN = datetime(2026, 9, 7, 7)
PUNCH = (
    "insert into public.punches (punch_id, batch, terminal, pin, clock, occurrence, verify, state, work_code, source, "
    "raw, corrected, received_at) "
    f"values ('b-lobby/1/2026-09-07T07:00:00/1', 0, 'b-lobby', '1', '{SEVEN}', 1, 1, 0, 0, 'poll', '', false, {TIME})"
)
ATTACKS = {
    "proven": """insert into public.coverage (terminal, "end", kind, batch) values ('b-lobby', now(), 'proven', 0)""",
    "proven by a file": (
        """insert into public.coverage (terminal, "end", kind, batch) values ('b-lobby', now(), 'proven', 7)"""
    ),
    "proven by MERGE": (
        """merge into public.coverage c using (select 'b-lobby' t) s on false when not matched then """
        """insert (terminal, "end", kind, batch) values (s.t, now(), 'proven', 0)"""
    ),
    "proven beside another question": (
        """with done as (insert into public.coverage (terminal, "end", kind, batch) """
        "values ('b-lobby', now(), 'proven', 0) returning 1) select * from done"
    ),
    "out of use": "insert into public.terminal_facts values ('b-lobby', now(), 'B', 'Asia/Makassar', false)",
    "another unit's": "insert into public.terminal_facts values ('b-lobby', now(), 'A', 'Asia/Makassar', true)",
    "a ghost": "insert into public.terminal_facts values ('ghost', '2020-01-01', 'B', 'Asia/Makassar', true)",
    "a ghost of nobody's unit": "insert into public.terminal_facts values ('ghost', '2020-01-01', 'C', 'UTC', true)",
    "a clock": "insert into public.clock_readings values ('b-lobby', now(), 3600, true)",
    "a slot": "insert into public.slot_owners values ('b-lobby', 7, '2020-01-01', '1')",
    "a record": (
        "insert into public.quarantine (quarantine_id, terminal, source, batch, position, raw, reason, found_at) "
        f"values ('x', 'b-lobby', 'poll', 0, 3, '', 'r', {TIME})"
    ),
    "a record of a file": (
        "insert into public.quarantine (quarantine_id, terminal, source, batch, position, raw, reason, found_at) "
        f"values ('x', 'b-lobby', 'poll', 7, -1, '', 'r', {TIME})"
    ),
    "a punch": PUNCH,
    "a doubt": (  # whoever is known as doubtful waits, and would be no punch when it comes
        "insert into public.doubtful_punches (punch_id, batch, terminal, pin, clock, occurrence, verify, state, "
        "work_code, source, raw, corrected, received_at) "
        f"values ('x', 0, 'b-lobby', '7', '{SEVEN}', 0, 1, 0, 0, 'poll', '', false, {TIME})"
    ),
    "an event that nobody knows": (
        "insert into public.set_apart (quarantine_id, terminal, punch_id, code, pin) "
        "select quarantine_id, 'b-lobby', 'x', '26', '7' from public.quarantine limit 1"
    ),
    "a state": (
        "insert into public.terminal_status (terminal, address, serial, firmware, state) "
        "values ('b-lobby', '', '', '', 'fine') on conflict (terminal) do update set state = excluded.state"
    ),
    "a state changed": "update public.terminal_status set state = 'fine' where terminal = 'b-lobby'",
    "a state taken away": "update public.terminal_status set terminal = 'ghost' where terminal = 'b-lobby'",
    "an agent": "insert into public.terminal_owners (terminal, agent, since) values ('b-gate', 'mine', now())",
    "another agent": "update public.terminal_owners set agent = 'mine'",
    "the login": f"insert into public.terminal_logins values ('b-lobby', 2, '{A}', now(), null)",
    "the login of before": f"update public.terminal_logins set login = '{A}'",
    "no login": "delete from public.terminal_logins",
    "a unit": f"insert into public.login_units values ('{A}', 'B')",
    "no unit": "delete from public.login_units",
    "a mark moved away": "update public.stale_days set terminal = 'nowhere'",
    "a mark that goes back": "update public.stale_days set marks = 1",
    "all marks held": "begin; lock table public.stale_days; rollback",
    "tomorrow": (
        """insert into public.coverage (terminal, "end", kind, batch) values ('a-lobby', '2099-01-01', 'proven', 0)"""
    ),
}
UNREADABLE = {
    "a zone": "insert into public.terminal_facts values ('a-lobby', now(), 'A', 'garbage', true)",
    "a zone of files": "insert into public.terminal_facts values ('a-lobby', now(), 'A', 'posix/Asia/Makassar', true)",
    "a list of tomorrow": "insert into public.terminal_facts values ('a-lobby', '2099-01-01', 'A', 'UTC', true)",
    "a start": (
        """insert into public.coverage (terminal, start, "end", kind, batch) """
        "values ('a-lobby', '0044-03-15 BC', now(), 'proven', 0)"
    ),
    "a start of ever": (
        """insert into public.coverage (terminal, start, "end", kind, batch) """
        "values ('a-lobby', '-infinity', now(), 'proven', 0)"
    ),
    "a clock": PUNCH.replace("b-lobby", "a-lobby").replace(str(SEVEN), "0044-03-15 07:00:00 BC"),
    "a reading": "insert into public.clock_readings values ('a-lobby', 'infinity', 3600, true)",
    "a contact": "update public.terminal_status set last_contact = 'infinity' where terminal = 'a-lobby'",
}
TABLES = (*(table.name for table in OF_ITS_LOGIN), "stale_days", "login_units")


def notes(terminal: str, unit: str) -> tuple[Note, ...]:
    return (
        TerminalFact(terminal, unit, "Asia/Makassar", enabled=True, since=NOW - timedelta(days=9)),
        Coverage(terminal, NOW - timedelta(days=1), NOW),
        Quarantined(terminal, Source.POLL, 3, b"raw", "impossible date", NOW),
        SlotOwner(terminal, 3, "7", NOW),
        ClockReading(terminal, NOW, 2, trusted=True),
        Status(terminal, "10.0.0.1", "S1", "fw", 10, 100, 3, 2, NOW, "ok"),
    )


def punch(terminal: str, minute: int = 0) -> Punch:
    return at_clock(SEVEN + timedelta(minutes=minute))._replace(terminal=terminal)


def bring(engine: Engine, terminal: str, unit: str) -> None:
    """As the server of an office does."""
    receipt = inbox.deliver(engine, Delivery((punch(terminal),), notes(terminal, unit)), NOW)
    assert (len(receipt.accepted), receipt.rejected, receipt.kept) == (1, {}, ())


@pytest.fixture
def administrator(login: As) -> Iterator[Engine]:
    """Two offices with logins of their own, each of which has delivered of one terminal; B has a second one."""
    administrator = login("postgres")
    roles.apply(administrator, {}, {A: ("A",), B: ("B",)})
    bring(login(A), "a-lobby", "A")
    bring(login(B), "b-lobby", "B")
    bring(login(B), "b-gate", "B")
    assert owners.claim(login(B), "agent-b", ["b-lobby"], NOW) == {"b-lobby": "agent-b"}
    execute(administrator, "update stale_days set marks = marks + 1")
    yield administrator
    without_logins(administrator)


def without_logins(administrator: Engine) -> None:
    """A login is one of the whole server, where other tests have their databases."""
    execute(administrator, f"drop owned by {A}, {B}", f"drop role {A}, {B}")


def told(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    return {table: sorted(content(engine, table), key=str) for table in TABLES}


def test_t7_the_login_of_an_office_says_nothing_of_another_office_s_terminal(administrator: Engine, login: As) -> None:
    """Before, as a login in ekinerja_collect beside the one that delivered of b-lobby: coverage to 2099 INSERT 0 1;
    `enabled` false INSERT 0 1; a ghost of B, and its coverage, INSERT 0 1; clock, slot, agent, punch, record, state
    INSERT 0 1; `update stale_days set terminal = 'nowhere'` UPDATE 1.
    """
    before = told(administrator)
    with session(login, A) as conn:
        assert {name: try_all(conn, attack, "rollback") for name, attack in ATTACKS.items()} == dict.fromkeys(
            ATTACKS, 1
        )
        assert try_all(conn, f"set role {B}", f"set session authorization {B}") == 0
        conn.exec_driver_sql(f"set role {SHARED}")
        assert {name: try_all(conn, attack, "rollback") for name, attack in ATTACKS.items()} == dict.fromkeys(
            ATTACKS, 1
        )
    assert told(administrator) == before


def test_t7_each_of_these_would_be_done_by_who_may(administrator: Engine) -> None:
    """Else the test above would show nothing: whoever scores says the same of any terminal."""
    for name, attack in ATTACKS.items():
        if "terminal_logins" not in attack and " mark" not in name and name != "another agent":
            with administrator.connect() as conn:
                assert conn.exec_driver_sql(attack).rowcount > 0, name


def test_t7_no_office_leaves_a_row_that_keeps_all_others_from_being_read(administrator: Engine, login: As) -> None:
    """Before, with a time zone `garbage` told of one's own terminal: ZoneInfoNotFoundError where anybody's month is
    scored; with coverage that starts 44 years before Christ: ValueError, year -44 is out of range, where that is read.
    """
    before = told(administrator)
    with session(login, A) as conn:
        assert {name: try_all(conn, row) for name, row in UNREADABLE.items()} == dict.fromkeys(UNREADABLE, 0)
    for name, row in UNREADABLE.items():
        with administrator.connect() as conn:
            assert conn.exec_driver_sql(row).rowcount > 0, name
    assert told(administrator) == before


def test_t7_a_program_that_does_not_ask_whose_a_terminal_is_gets_each_punch_refused(
    administrator: Engine, login: As
) -> None:
    before = content(administrator, "punches")
    named = {
        each.punch_id: each for terminal in ("a-lobby", "b-lobby") for each in [punch(terminal, 7), punch(terminal, 8)]
    }
    with transaction(login(A)) as conn:
        new, rejected = inbox.insert_punches(conn, named, 0, NOW)
    assert (new, rejected.keys()) == (2, {name for name in named if name.startswith("b-")})
    assert len(content(administrator, "punches")) == len(before) + 2


DISGUISES = (
    *(
        f"create temporary table {table} (terminal text, turn integer, login text, unit text, digest text)"
        for table in (*TABLES, "terminal_logins", "audit")
    ),
    f"insert into pg_temp.terminal_logins values ('b-lobby', 9, '{A}')",
    f"insert into pg_temp.login_units (login, unit) values ('{A}', 'B')",
    "create temporary table arriving (terminal text, office text, batch bigint, position integer)",
    "create schema mine",
    "create function mine.yes(text, text) returns boolean language sql as 'select true'",
    "create operator mine.= (leftarg = text, rightarg = text, function = mine.yes)",
    "create function mine.pg_has_role(name, oid, text) returns boolean language sql as 'select true'",
    f"create function mine.ekinerja_held_login() returns text language sql as $$ select '{B}' $$",
    "set search_path = mine, pg_temp, pg_catalog, public",
)


def test_t7_nor_whatever_tables_functions_and_operators_its_session_has(
    administrator: Engine, careless: Engine, login: As
) -> None:
    before = told(administrator)
    with session(login, A) as conn:
        assert try_all(conn, *DISGUISES) == len(DISGUISES), "the attack was made"
        assert {name: try_all(conn, attack, "rollback") for name, attack in ATTACKS.items()} == dict.fromkeys(
            ATTACKS, 1
        )
    assert told(administrator) == before


def test_t7_what_an_office_says_of_its_own_terminals_is_taken(administrator: Engine, login: As, tmp_path: Path) -> None:
    """Else the tests above would show nothing. A terminal that nobody had is the login's that brings it first."""
    with Spool(tmp_path / "spool.db") as spool:
        for terminal in ("a-lobby", "a-new"):
            spool.add([punch(terminal, 1)], notes(terminal, "A"))
        moved = forward(spool, login(A), now=lambda: NOW)
        assert (moved.delivered, moved.rejected, spool.counts().waiting) == (2, 0, 0)
    with reading(administrator) as conn:
        assert terminal_logins.logins_of(conn, ["a-lobby", "a-new", "b-lobby"]) == {
            "a-lobby": A,
            "a-new": A,
            "b-lobby": B,
        }
    assert owners.owners(administrator, ["a-new"]).keys() == {"a-new"}


def _said(folder: Path, central: Engine, of: list[str], subject: str) -> list[str]:
    """What the doctor says on a host of these roles about its database, or about a terminal there."""
    url = central.url.render_as_string(hide_password=False)
    settings = {"roles": of, "state_dir": "state", "devices": "devices.yaml", "rules": "rules", "central": {"url": url}}
    place = {"office": "B", "timezone": "Asia/Makassar", "address": "10.0.0.1"}
    (folder / "agent.yaml").write_text(json.dumps(settings))
    (folder / "devices.yaml").write_text(json.dumps({"terminals": [{"id": "b-lobby", **place}]}))
    with doctor.Host(str(folder / "agent.yaml"), lambda: NOW, synchronised=True) as host:
        return [str(one.text) for one in database.check(host) if one.subject == subject]


def test_t7_a_punch_of_another_login_s_terminal_is_kept_and_told_and_counts_once_it_may(
    administrator: Engine, login: As, tmp_path: Path
) -> None:
    """The server of A reads a terminal of B's: its punches wait there, with their proof, and all else goes."""
    before = content(administrator, "punches")
    with Spool(tmp_path / "spool.db") as spool:
        spool.add([punch("b-lobby", 5), punch("a-lobby", 5)], notes("b-lobby", "B"))
        moved = forward(spool, login(A), now=lambda: NOW)
        assert (moved.delivered, moved.rejected) == (1, 1)
        (kept,) = spool.rejected(9)
        assert (kept.punch, str(kept.reason)) == (
            punch("b-lobby", 5),
            (
                f"b-lobby is a terminal of the database login {B}, and this host delivers as {A}; if it shall, "
                f"an operator runs: ekinerja-agent terminal accept b-lobby --login {A}"
            ),
        )
        assert len(content(administrator, "punches")) == len(before) + 1
        reasons = [str(row) for row in content(administrator, "quarantine") if "b-lobby" in str(row)]
        assert sum("could not store this TerminalFact" in row for row in reasons) == 1
        for _ in range(2):
            forward(spool, login(A), now=lambda: NOW)
        assert len(content(administrator, "quarantine")) == len(reasons) + 2, "told once, however often it is tried"
        (waiting,) = _said(tmp_path, login(A), ["collect"], "b-lobby")
        assert f"terminal of the database login {B}, and this host delivers as {A}" in waiting
        assert b"raw" in terminal_log(administrator, "b-lobby", None, None).quarantined
        assert all(b"ClockReading" not in raw for raw in terminal_log(administrator, "b-lobby", None, None).quarantined)
        operator = actor(administrator, "root", NOW).account
        assert give_login(administrator, "b-lobby", A, account=operator, now=NOW) == B
        roles.apply(administrator, {}, {A: ("A", "B")})
        assert spool.retry() == 1
        moved = forward(spool, login(A), now=lambda: NOW)
        assert (moved.delivered, moved.rejected, spool.counts().waiting) == (1, 0, 0)
    assert len(content(administrator, "punches")) == len(before) + 2
    assert inbox.deliver(login(B), Delivery((punch("b-lobby", 9),)), NOW).rejected.keys() == {
        punch("b-lobby", 9).punch_id
    }


def test_t7_a_unit_that_is_given_later_is_told_of_then_and_nothing_else_waits_for_it(
    administrator: Engine, login: As, tmp_path: Path
) -> None:
    with Spool(tmp_path / "spool.db") as spool:
        spool.add([punch("c-lobby")], notes("c-lobby", "C"))
        assert forward(spool, login(A), now=lambda: NOW).delivered == 1
        facts = [row[:3] for row in content(administrator, "terminal_facts")]
        assert not [row for row in facts if row[0] == "c-lobby"]
        assert [row for row in content(administrator, "coverage") if "c-lobby" in row]
        (refused,) = [str(row) for row in content(administrator, "quarantine") if "TerminalFact" in str(row)]
        assert f"C is not a unit of the login {A}; an administrator gives it with: db roles --office" in refused
        roles.apply(administrator, {}, {A: ("A", "C")})
        forward(spool, login(A), now=lambda: NOW)
    assert [row[2] for row in content(administrator, "terminal_facts") if row[0] == "c-lobby"] == ["C"]


def test_t7_offices_that_share_a_login_go_on_and_each_takes_its_terminals_with_its_first_delivery(
    login: As, tmp_path: Path
) -> None:
    administrator, shared = login("postgres"), login(SHARED)
    for terminal, unit in (("a-lobby", "A"), ("a-gate", "A"), ("b-lobby", "B")):
        bring(shared, terminal, unit)
    assert "2 units deliver under one database login" in str(shared_login(administrator))
    check(administrator)
    roles.apply(administrator, {}, {A: ("A",), B: ("B",)})
    (sharing,) = _said(tmp_path, administrator, ["score"], "central")
    assert "whoever has it from one office" in sharing
    for minute in (1, 2):
        assert inbox.deliver(shared, Delivery((punch("a-lobby", minute),)), NOW).accepted
    with session(login, B) as conn:
        assert try_all(conn, ATTACKS["proven"].replace("b-lobby", "a-lobby")) == 0, "not even while they share"
    assert inbox.deliver(login(A), Delivery((punch("a-lobby", 3),)), NOW).accepted
    assert inbox.deliver(shared, Delivery((punch("a-lobby", 4),)), NOW).rejected
    assert inbox.deliver(shared, Delivery((punch("a-gate", 4),)), NOW).accepted, "until its server has the new login"
    with session(login, SHARED) as conn:
        assert try_all(conn, ATTACKS["a ghost"].replace("'B'", "'A'")) == 0, "A tells of its terminals itself"
    for one, terminal in ((A, "a-gate"), (B, "b-lobby")):
        assert inbox.deliver(login(one), Delivery((punch(terminal, 6),)), NOW).accepted
    assert f"ALTER ROLE {SHARED} NOLOGIN" in str(shared_login(administrator))
    without_logins(administrator)


def test_t7_of_two_logins_that_bring_a_new_terminal_at_once_one_has_it(administrator: Engine, login: As) -> None:
    engines = [login(A), login(B)]
    for number in range(8):
        delivery = Delivery((punch(f"new-{number}"),))
        with ThreadPoolExecutor(2) as both:
            receipts = list(both.map(lambda engine, d=delivery: inbox.deliver(engine, d, NOW), engines))
        assert sorted(len(receipt.accepted) for receipt in receipts) == [0, 1]
    assert len(content(administrator, "terminal_logins")) == 3 + 8


GIFTS = {
    "no row of the log": f"insert into terminal_logins values ('b-lobby', 2, '{A}', {TIME}, null)",
    "a row of before": f"insert into terminal_logins values ('b-lobby', 2, '{A}', {TIME}, '900')",
    "a row about another terminal": (
        audited("terminal.take_over", "a-lobby", 901),
        f"insert into terminal_logins values ('b-lobby', 2, '{A}', {TIME}, '901')",
    ),
    "no gift at all": "delete from terminal_logins",
    "another login": f"update terminal_logins set login = '{A}'",
    "its own units": f"insert into login_units values ('{A}', 'B')",
}


@pytest.mark.parametrize("statements", GIFTS.values(), ids=GIFTS)
def test_t7_a_terminal_changes_its_login_only_beside_the_audit_row_of_a_person(
    administrator: Engine, login: As, statements: str | tuple[str, ...]
) -> None:
    execute(administrator, audited("terminal.take_over", "b-lobby", 900))
    before = content(administrator, "terminal_logins"), content(administrator, "login_units")
    with pytest.raises(Refused):
        execute(login("ekinerja_score"), *([statements] if isinstance(statements, str) else statements))
    assert (content(administrator, "terminal_logins"), content(administrator, "login_units")) == before


def test_t7_only_a_login_of_an_office_is_given_a_terminal_and_a_file_has_none(
    administrator: Engine, central: Engine
) -> None:
    operator = actor(administrator, "root", NOW).account
    for nobody in ("ekinerja_payroll", "postgres", "ekinerja_collect_c"):
        with pytest.raises(
            WrongUsage, match=f"no office delivers under the database login {nobody}; those that do: {SHARED}"
        ):
            give_login(administrator, "b-lobby", nobody, account=operator, now=NOW)
    if central.dialect.name == "sqlite":
        with pytest.raises(WrongUsage, match="a database file has no logins"):
            give_login(central, "b-lobby", A, account=actor(central, "root", NOW).account, now=NOW)
    with transaction(central) as conn:  # one writer, or the owner of the tables: both speak of every terminal
        assert (terminal_logins.of_others(conn, ["b-lobby"]), terminal_logins.held_login(conn)) == ({}, None)


WRONG: dict[str, tuple[str, str]] = {
    f"{A} may SELECT punches, which it must not; run: ekinerja-agent db roles": (
        f"grant select on punches to {A}",
        "",
    ),
    f"{A} may USAGE SCHEMA public, which it must not": (f"grant usage on schema public to {A}", ""),
    f"{A} may EXECUTE ekinerja_punch_month(date), which it must not": (
        f"grant execute on function ekinerja_punch_month(date) to {A}",
        "",
    ),
    "everybody may SELECT punches_default, which it must not": (
        "grant select on punches_default to public",
        "revoke select on punches_default from public",
    ),
    "ekinerja_web may SELECT WITH GRANT OPTION accounts, which it must not": (
        "grant select on accounts to ekinerja_web with grant option",
        "",
    ),
    "ekinerja_feed may not USAGE SCHEMA public, which it needs": (
        "revoke usage on schema public from ekinerja_feed",
        "",
    ),
    "ekinerja_owner may not CREATE SCHEMA public, which it needs": (
        "revoke create on schema public from ekinerja_owner",
        "",
    ),
    f"{A} has the rights of ekinerja_score too; run: REVOKE ekinerja_score FROM {A}": (
        f"grant ekinerja_score to {A}",
        f"revoke ekinerja_score from {A}",
    ),
    f"{A} may more than its tables": (f"alter role {A} createdb", f"alter role {A} nocreatedb"),
    f"{A} delivers for no unit": ("delete from login_units", ""),
    "ekinerja_payroll gets SELECT on all TABLES that ekinerja_owner makes, which it must not; run as an administrator "
    "of the server: ALTER DEFAULT PRIVILEGES FOR ROLE ekinerja_owner IN SCHEMA public REVOKE SELECT ON TABLES FROM "
    "ekinerja_payroll": (
        "alter default privileges for role ekinerja_owner in schema public grant select on tables to ekinerja_payroll",
        "told",
    ),
    "everybody gets USAGE on all SEQUENCES that postgres makes": (
        "alter default privileges grant usage on sequences to public",
        "told",
    ),
}


def test_t7_each_right_that_is_not_as_shipped_is_named_with_what_mends_it(administrator: Engine) -> None:
    check(administrator)
    for said, (wrong, mends) in WRONG.items():
        execute(administrator, wrong)
        with reading(administrator) as conn:
            found = [str(one) for one in rights.differences(conn)]
        (line,) = [one for one in found if one.startswith(said)]
        if mends:
            execute(administrator, line.partition("server: ")[2] if mends == "told" else mends)
        else:
            roles.apply(administrator, {}, {A: ("A",), B: ("B",)})
        with reading(administrator) as conn:
            assert list(rights.differences(conn)) == [], said
    execute(administrator, next(iter(WRONG.values()))[0])
    with pytest.raises(CheckFailed, match=f"{A} may SELECT punches"):
        check(administrator)
