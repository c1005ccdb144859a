"""A login that makes tables or operators of its own, named as those that the database's functions use, gains nothing.

Each way is tried as if an administrator had let the login make such things, for the right to make them is not all that
stands between a login and the money.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.schema import live_sql, roles
from ekinerja_agent.central.schema.checks import check
from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect, reading, transaction
from ekinerja_agent.central.store.tables.columns import metadata
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.errors import CheckFailed
from tests.central.conftest import NOW, As
from tests.central.guarded import ELSEWHERE, GUARDS, Guarded
from tests.central.test_guards import (
    TIME,
    add,
    content,
    execute,
    publishing,
)
from tests.central.test_months import at_clock
from tests.proof import databases

LOGINS = [role.name for role in roles.ROLES]


@pytest.fixture
def session(login: As, careless: Engine) -> Iterator[Callable[[str], Connection]]:
    """One session of a login, in which every statement stands for itself."""
    opened: list[Connection] = []

    def begin(role: str) -> Connection:
        # In a thread of its own: whoever steals a login does not share a connection with those who look on.
        with ThreadPoolExecutor(1) as thief:
            conn = thief.submit(login(role).connect).result().execution_options(isolation_level="AUTOCOMMIT")
        conn.exec_driver_sql("set default_transaction_read_only = off")
        opened.append(conn)
        return conn

    yield begin
    for conn in opened:
        conn.close()


def try_all(conn: Connection, *statements: str) -> None:
    """Whatever is refused, the next one is tried."""
    for statement in statements:
        with suppress(SQLAlchemyError):
            conn.exec_driver_sql(statement)


ENTRY = (
    "(at, actor, action, subject, details, previous_digest, digest) "
    f"values ({TIME}, 'budi', 'b', 'c', '{{}}', '0', '1')"
)
STRIKE = (
    "create temporary table audit_end (id bigint, rows bigint, digest text)",
    "insert into audit_end values (1, 0, '')",
    "create temporary table as_whom (name text)",
    "grant insert on as_whom to public",
    """create function pg_temp.strike() returns trigger language plpgsql as $$
    begin
        insert into pg_temp.as_whom values (current_user);
        alter table public.results disable trigger results_keep;
        update public.results set payable_rp = 9000000;
        alter table public.results enable trigger results_keep;
        return new;
    end $$""",
    "create trigger strikes before update on audit_end for each row execute function pg_temp.strike()",
    f"insert into audit {ENTRY}",
)
"""If the log were counted in this table of the session, its trigger would have the rights of the owner."""


@pytest.mark.parametrize("role", LOGINS)
def test_a_table_of_the_session_is_not_what_the_audit_log_is_counted_in(
    careless: Engine, session: Callable[[str], Connection], role: str
) -> None:
    execute(careless, *publishing())
    conn = session(role)
    before = content(careless, "results"), content(careless, "audit_end")
    try_all(conn, *STRIKE)
    assert conn.exec_driver_sql("select count(*) from pg_temp.audit_end").scalar() == 1, "the attack was made"
    entered = len(content(careless, "audit")) - 3
    assert entered == any("audit" in right.on for right in rights(role) if right.verb == "INSERT")
    assert content(careless, "results") == before[0]
    assert (content(careless, "audit_end") != before[1]) == bool(entered)
    assert conn.exec_driver_sql("select name from pg_temp.as_whom").all() == []
    with reading(careless) as looking:
        assert list(live_sql.differences(looking)) == []


def rights(role: str) -> tuple[roles.Right, ...]:
    return next(one.rights for one in roles.ROLES if one.name == role)


def tables_of_the_session(guarded: Guarded) -> Iterator[str]:
    for name in metadata.tables:
        yield f"create temporary table {name} (like public.{name} including defaults)"
    for row in guarded.pretended:
        yield f"insert into pg_temp.{row}"


def operators_of_a_schema(guarded: Guarded) -> Iterator[str]:
    """Nothing equals anything, or everything does; and who looks finds these before those of PostgreSQL."""
    yield "create schema mine"
    for kind in ("bigint", "integer", "text"):
        for sign, answer in (("=", guarded.refuses_what_it_misses), ("<>", False)):
            called = f"mine.{kind}_{'is' if sign == '=' else 'differs'}"
            yield f"create function {called}({kind}, {kind}) returns boolean language sql as 'select {answer}'"
            yield f"create operator mine.{sign} (leftarg = {kind}, rightarg = {kind}, function = {called})"
    yield "set search_path = mine, pg_catalog, public"


WAYS = {"tables": tables_of_the_session, "operators": operators_of_a_schema}
WHO = [
    (name, role)
    for name, guarded in GUARDS.items()
    for role in LOGINS
    if any(guarded.forbidden.split()[0] in right.on for right in rights(role) if right.verb == "INSERT")
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "role"), WHO)
def test_a_guard_reads_what_is_true(
    careless: Engine, session: Callable[[str], Connection], name: str, role: str, way: str
) -> None:
    guarded = GUARDS[name]
    for fact in guarded.facts:
        if isinstance(fact, tuple):
            execute(careless, *fact)
        elif " " in fact:
            execute(careless, fact)
        else:
            add(careless, fact)
    table = guarded.forbidden.split()[0]
    before = content(careless, table)
    conn = session(role)
    with pytest.raises(SQLAlchemyError, match=guarded.why):
        conn.exec_driver_sql(f"insert into public.{guarded.forbidden}")
    try_all(conn, *WAYS[way](guarded))
    with pytest.raises(SQLAlchemyError, match=guarded.why):
        conn.exec_driver_sql(f"insert into public.{guarded.forbidden}")
    assert content(careless, table) == before


def test_every_function_that_reads_a_table_is_tried(login: As) -> None:
    with reading(login("postgres")) as conn:
        found = conn.exec_driver_sql(
            "select proname from pg_proc where pronamespace = 'public'::regnamespace and prosrc ~ '(FROM|UPDATE) '"
        ).scalars()
        assert set(found) == GUARDS.keys() | ELSEWHERE


def test_every_guard_that_refuses_a_row_is_tried_by_a_login() -> None:
    assert {name for name, _ in WHO} == GUARDS.keys()


PATHS = (
    "reset search_path",
    """set search_path = "$user", public""",
    "set search_path = public",
    "set search_path = pg_temp, public",
    "set search_path = mine, public, pg_temp",
    "set search_path = 'public, pg_temp'",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_function_that_may_read_a_login_s_table_is_named_with_what_mends_it(login: As, path: str) -> None:
    administrator = login("postgres")
    check(administrator)
    for function in ("ekinerja_audit_counted()", "period_events_two()", "ekinerja_purge_punches(date,bigint)"):
        execute(administrator, f"alter function {function} {path}")
        with pytest.raises(CheckFailed, match="may read a table that a login made in the place of ours") as caught:
            check(administrator)
        mends = f"ALTER FUNCTION {function} SET search_path = public, pg_temp"
        assert str(caught.value).endswith(mends), "one line, and nothing else is wrong"
        execute(login(roles.OWNER), mends)
        check(administrator)


def test_a_function_that_somebody_hangs_on_a_table_of_ours_is_looked_at_too(login: As) -> None:
    administrator = login("postgres")
    execute(administrator, "create schema elsewhere")
    body = "returns trigger language plpgsql as 'begin return new; end'"
    with reading(administrator) as conn:
        month = conn.exec_driver_sql(
            "select max(inhrelid::regclass::text) from pg_inherits where inhparent = 'punches'::regclass"
        ).scalar()
    for place, on in (("elsewhere.f", "results"), ("public.g", month)):
        execute(administrator, f"create function {place}() {body}")
        execute(administrator, f"create trigger another after insert on {on} for each row execute function {place}()")
    execute(administrator, f"create function public.not_ours() {body}")
    with reading(administrator) as conn:
        told = list(live_sql.differences(conn))
    for place in ("elsewhere.f", "g"):
        assert sum(line.startswith(f"the function {place}() may read") for line in told) == 1
    for on in ("results", month):
        assert sum(line.startswith(f"trigger another on {on} is not of this program") for line in told) == 1
    assert len(told) == 4, told


def test_tables_in_another_schema_are_those_that_functions_read(postgres_server: str) -> None:
    with databases.postgres_database(postgres_server) as url:
        plain = make_url(url).set(drivername="postgresql")
        settings = 'create schema "Kab HSU"', f'alter database {plain.database} set search_path = "Kab HSU"'
        databases.execute(plain.render_as_string(hide_password=False), *settings)
        engine = connect(url)
        require_current(engine)
        deliver(engine, Delivery((at_clock(NOW.replace(tzinfo=None)),), ()), NOW)
        check(engine)
        with reading(engine) as conn:
            assert list(live_sql.differences(conn)) == []
            path = "select proconfig[1] from pg_proc where proname = 'ekinerja_refuse'"
            assert conn.exec_driver_sql(path).scalar() == 'search_path="Kab HSU", pg_temp'
        engine.dispose()


MAY = "select has_database_privilege('public', current_database(), 'TEMPORARY')"


def test_who_owns_the_database_forbids_tables_of_a_session_by_the_upgrade(postgres_url: str) -> None:
    engine = connect(postgres_url)
    with reading(engine) as conn:
        assert conn.exec_driver_sql(MAY).scalar() is True
    require_current(engine)
    with reading(engine) as conn:
        assert conn.exec_driver_sql(MAY).scalar() is False
    engine.dispose()


def test_who_owns_only_the_tables_upgrades_all_the_same(roles_url: str, postgres_url: str) -> None:
    administrator = connect(postgres_url)
    execute(administrator, f"grant create on schema public to {roles.OWNER}")
    owner = connect(make_url(postgres_url).set(username=roles.OWNER).render_as_string(hide_password=False))
    require_current(owner)
    with reading(owner) as conn:
        assert conn.exec_driver_sql(MAY).scalar() is True
        assert list(live_sql.differences(conn)) == []
    with pytest.raises(CheckFailed, match="everybody has TEMPORARY ON DATABASE, which"):
        check(owner)
    roles.apply(administrator, {})
    with transaction(owner) as conn:
        assert conn.exec_driver_sql(MAY).scalar() is False
    check(owner)
    for engine in (owner, administrator):
        engine.dispose()
