"""What any login of the database tries who knows all of SQL: afterwards every table is what it was, to the byte, but
for what the login's own rights let it add.
"""

from __future__ import annotations

import io

import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.kinds import insert_only
from ekinerja_agent.central.schema import roles
from ekinerja_agent.central.store.bulk import copy
from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.central.store.tables import POWERS, PUBLISHED
from ekinerja_agent.central.store.tables.columns import metadata
from tests.central.conftest import As
from tests.central.test_guards import PARTS, content, everything, execute, part, person
from tests.hostile.test_database_logins import LOGINS, session, try_all

TABLES = sorted(metadata.tables)
KEPT = {table.name for table in (*insert_only(), *PUBLISHED, *POWERS)}
"""Of these no row that is there goes or changes, whoever may add to them."""
OTHERS = ("postgres", roles.OWNER, *LOGINS)

WAYS = (
    *(f"create temporary table {table} (like public.{table})" for table in TABLES),
    "create function pg_temp.yes() returns trigger language plpgsql as 'begin return new; end'",
    "create function pg_temp.now() returns timestamptz language sql as 'select null::timestamptz'",
    "create function public.yes() returns integer language sql as 'select 1'",
    "create schema mine",
    "create extension plpython3u",
    *(f"set role {other}" for other in OTHERS),
    *(f"set session authorization {other}" for other in OTHERS),
    "set session_replication_role = replica",
    "set search_path = pg_temp, mine, public, pg_catalog",
    "set check_function_bodies = off",
    *(f"alter table public.{table} disable trigger all" for table in TABLES),
    *(f"drop trigger {table}_keep on public.{table}" for table in TABLES),
    *(f"alter table public.{table} owner to current_user" for table in TABLES),
    *(f"grant all on public.{table} to current_user" for table in TABLES),
    *(f"truncate public.{table} cascade" for table in TABLES),
    *(f"create rule r as on insert to public.{table} do instead nothing" for table in TABLES),
    *(f"do $$ begin execute 'delete from public.{table}'; end $$" for table in TABLES),
    *(f"copy public.{table} from program 'echo x'" for table in TABLES),
    *(f"copy public.{table} from '/etc/passwd'" for table in TABLES),
    *(
        f"begin; declare c cursor for select * from public.{table} for update; fetch c; "
        f"delete from public.{table} where current of c; commit"
        for table in TABLES
    ),
    *(f"with gone as (delete from public.{table} returning 1) select * from gone" for table in TABLES),
    *(
        f"update public.{table.name} set {column.name} = {column.name}"
        for table in metadata.tables.values()
        for column in table.c
    ),
    *(f"merge into public.{table} t using (select 1) s on true when matched then delete" for table in TABLES),
    "alter system set lock_timeout = 0",
    "select lo_import('/etc/passwd')",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres' and pid <> pg_backend_pid()",
    "select ekinerja_purge_punches('2020-01-01', 1)",
    "select accounts_audited()",
    f"insert into public.{person(2).removeprefix('insert into ')}",
    *(f"insert into public.{part(table, 1, 7).removeprefix('insert into ')}" for table in PARTS),
)
"""Deleting and updating rows to what they are is tried of every table; where a right allows it, it is no attack."""


def dumps(engine: Engine) -> dict[str, bytes]:
    """Every table as COPY writes it, in an order of its own."""
    found = {}
    with transaction(engine) as conn:
        for table in TABLES:
            text = io.StringIO()
            copy(conn, f"copy (select t.* from public.{table} t order by t::text) to stdout", text)
            found[table] = text.getvalue().encode()
    return found


@pytest.mark.parametrize("role", LOGINS)
def test_t4_after_all_that_a_login_can_say_every_table_is_what_its_rights_allow(login: As, role: str) -> None:
    administrator = login("postgres")
    execute(administrator, *everything())
    before = dumps(administrator)
    switched_off = "select count(*) from pg_trigger where tgenabled <> 'O'"
    with session(login, role) as conn:
        done = try_all(conn, "rollback", *(each for way in WAYS for each in (way, "rollback", "reset role")))
        assert done > 2 * len(WAYS), "the session went on to the end"
    after = dumps(administrator)
    with transaction(administrator) as conn:
        assert conn.exec_driver_sql(switched_off).scalar() == 0
    one = next(each for each in roles.ROLES if each.name == role)
    changed_by_right = {table for right in one.rights if right.verb in {"UPDATE", "DELETE"} for table in right.on}
    for table in TABLES:
        if table in KEPT or table not in changed_by_right:
            assert after[table] == before[table], table
    assert {row[0] for row in content(administrator, "results")} == {"2026-08", "2026-09"}
