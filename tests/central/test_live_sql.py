"""Views, functions and triggers are those of the live text; who changed one is told of. A database of any age has them:
test_upgrades.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.schema import live_sql, live_text, roles
from ekinerja_agent.central.schema.checks import check, flaws
from ekinerja_agent.central.schema.upgrade import REVISIONS, upgrade
from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.central.store.tables.columns import metadata
from tests.central import kept
from tests.central.conftest import As
from tests.central.test_guards import execute
from tests.proof import databases

Definitions = dict[live_text.Key, object]
TEMPLATES = {"sqlite": "sqlite_template", "postgresql": "postgres_template"}


def definitions(engine: Engine) -> Definitions:
    with reading(engine) as conn:
        return dict(live_sql._found(conn))


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_every_file_is_read_and_nothing_in_braces_is_left(dialect: str) -> None:
    objects = live_text.live_objects(dialect, "public")
    texts = "\n".join(one.text for one in objects)
    assert re.findall(r"\{\w+[})(]", texts) == []
    assert len({one.key for one in objects}) == len(objects)
    for path in live_text.SQL.glob("views/*.sql"):
        assert ("view", path.stem, None) in {one.key for one in objects}
    for path in live_text.SQL.glob("refusals/*.sql"):
        table, name = path.stem.split(".")
        assert ("trigger", f"{table}_{name}", table) in {one.key for one in objects}
    assert {one.table for one in objects if one.kind == "trigger"} <= {*metadata.tables, "punches_default"}


def test_a_changed_text_comes_with_a_new_schema() -> None:
    """Else no database that is in use would get it: make a migration, empty if need be, then keep its database."""
    assert kept.live_texts() == kept.live_of(REVISIONS[-1]).read_text(encoding="utf-8")


def test_a_text_that_makes_nothing_known_is_refused() -> None:
    with pytest.raises(ValueError, match="'DROP TABLE punches' makes no view, function or trigger"):
        live_text._live_object("DROP TABLE punches")


def test_every_view_is_one_that_a_role_may_read() -> None:
    views = {one.name for one in live_text.live_objects("postgresql", "public") if one.kind == "view"}
    assert views == {*roles.PAYROLL_VIEWS, *roles.LEADERS_VIEWS}


def test_made_twice_it_is_the_same(central: Engine) -> None:
    before = definitions(central)
    for _ in range(2):
        upgrade(central)
    assert definitions(central) == before
    check(central)


CHANGED = {
    "view unit_meetings_v1": ("drop view unit_meetings_v1", "create view unit_meetings_v1 as select 1 as one"),
    "view event_uniform_v1 is missing": ("drop view event_uniform_v1",),
}
CHANGED_SQLITE = CHANGED | {
    "trigger units_keep_delete on units": (
        "drop trigger units_keep_delete",
        "create trigger units_keep_delete before delete on units begin select 1; end",
    ),
    "trigger mine on results is not of this program": (
        "create trigger mine before insert on results begin select 1; end",
    ),
    "units can be changed: its guard units_keep_delete": ("drop trigger units_keep_delete",),
}
CHANGED_POSTGRESQL = CHANGED | {
    "view payroll_scores_v1": (
        "create or replace view payroll_scores_v1 as select * from payroll_revisions_v1 where revision > 1",
    ),
    "trigger units_keep on units": (
        """create or replace trigger units_keep before delete on units
        for each row execute function ekinerja_refuse('as you like')""",
    ),
    "function period_events_paid()": (
        """create or replace function period_events_paid() returns trigger language plpgsql
        set search_path = public, pg_temp as 'begin return new; end'""",
    ),
    "function ekinerja_audit_counted()": ("alter function ekinerja_audit_counted() security invoker",),
    "function ekinerja_punch_month(date)": ("alter function ekinerja_punch_month(date) set lock_timeout = '9s'",),
    "trigger mine on punches": (
        "create trigger mine before insert on punches for each statement execute function ekinerja_refuse('no')",
    ),
    "units can be changed: its guard units_keep ": ("alter table units disable trigger units_keep",),
}


@pytest.mark.parametrize(
    ("dialect", "what"),
    [("sqlite", what) for what in CHANGED_SQLITE] + [("postgresql", it) for it in CHANGED_POSTGRESQL],
)
def test_what_somebody_changed_is_named_and_the_upgrade_mends_it(
    request: pytest.FixtureRequest, tmp_path: Path, dialect: str, what: str
) -> None:
    with ExitStack() as stack:
        engine = connect(stack.enter_context(databases.copy_of(request.getfixturevalue(TEMPLATES[dialect]), tmp_path)))
        stack.callback(engine.dispose)
        check(engine)
        for statement in (CHANGED_SQLITE if dialect == "sqlite" else CHANGED_POSTGRESQL)[what]:
            execute(engine, statement)
        (line,) = flaws(engine)
        assert line.startswith(what)
        if "is not of this program" not in line:
            upgrade(engine)
            check(engine)


def test_a_function_or_a_view_of_another_owner_is_named_with_what_mends_it(login: As) -> None:
    administrator = login("postgres")
    for what in ("function ekinerja_refuse()", "view unit_sakip_v1"):
        execute(administrator, f"alter {what} owner to postgres")
        (line,) = flaws(administrator)
        mends = f"ALTER {what} OWNER TO {roles.OWNER}"
        assert line == f"{what} belongs to postgres, and the tables to {roles.OWNER}; run as an administrator: {mends}"
        execute(administrator, mends)
        check(administrator)


def test_the_owner_upgrades_and_every_role_keeps_its_rights(login: As) -> None:
    owner = login(roles.OWNER)
    execute(owner, "drop view unit_meetings_v1")
    execute(owner, "create view unit_meetings_v1 as select 1 as one")
    upgrade(owner)
    check(owner)
    with reading(login("ekinerja_web")) as conn:
        assert conn.exec_driver_sql("select * from unit_meetings_v1").all() == []
