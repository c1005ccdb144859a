"""A login that makes tables or operators of its own, named as those that the database's functions use, gains nothing.

Each way is tried as if an administrator had let the login make such things, for the right to make them is not all that
stands between a login and the money.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

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
from tests.central.test_guards import (
    APPROVALS,
    LIFE,
    PARTS,
    TIME,
    account,
    add,
    bind,
    close,
    content,
    execute,
    person,
    publishing,
    rows,
)
from tests.central.test_months import at_clock
from tests.proof import databases

LOGINS = [role.name for role in roles.ROLES]


@pytest.fixture
def careless(login: As, roles_url: str) -> Engine:
    """The administrator, who has given everybody the right to make tables of a session and schemas."""
    administrator = login("postgres")
    database = make_url(roles_url).database
    execute(administrator, f"grant create, temporary on database {database} to {', '.join(LOGINS)}")
    return administrator


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


@dataclass(frozen=True, slots=True)
class Guarded:
    """A function that refuses a row because of what other tables hold."""

    facts: tuple[str | tuple[str, ...], ...]
    """Tables of which the row is there, statements, and those of one transaction."""
    forbidden: str
    why: str
    pretended: tuple[str, ...] = ()
    """Rows that must be in a table of the session so that it would be allowed."""
    refuses_what_it_misses: bool = False


_DECIDED = (
    *("accounts", "import_batches", "corrections", "redatings", "activities", "objections", "absences", "outages"),
    tuple(account(2, "ani", nip="'n'")),
)
_TWO = ("accounts", "import_batches", tuple(bind(9, "sari")))


def _approval(table: str) -> Guarded:
    values, account, *_ = APPROVALS[table]
    return Guarded(_DECIDED, f"{table} {values.format(account=account, time=TIME)}", "refuses insert: nobody")


def _life(name: str, *pretended: str, misses: bool = False) -> Guarded:
    before, statement, why = LIFE[name]
    return Guarded(("accounts", "period_events", *before), statement, why, pretended, misses)


def _closed(period: str, revision: int, account: int = 1) -> str:
    return (
        "period_events (id, period, unit, event, revision, rules_digest, account_id, at) "
        f"values (1, '{period}', 'U', 'closed', {revision}, 'r', {account}, {TIME})"
    )


def _said(statement: str) -> str:
    return statement.removeprefix("insert into ").replace("from period_events", "from public.period_events")


def _row(revision: int, unit: str = "U") -> str:
    return _said(person(revision)).replace("'U', 0", f"'{unit}', 0")


def _power(statement: str) -> Guarded:
    """What an account that is no operator does; in a table of the session it is one."""
    pretended = f"accounts (id, name, roles, feeds, created_at) values (3, 'budi', 'operator', '', {TIME})"
    facts = ("accounts", "period_events", tuple(account(3, "budi", roles="employee")))
    return Guarded(facts, _said(statement), "neither operator nor payroll", (pretended,), refuses_what_it_misses=True)


_EMPLOYEE = tuple(account(3, "budi", roles="employee"))
_PRETENDED = (f"accounts (id, name, roles, feeds, created_at) values (3, 'budi', 'operator', '', {TIME})",)


def _role(table: str) -> Guarded:
    """What decides who is neither operator nor head; in a table of the session an operator does."""
    values, why = APPROVALS[table][0].format(account=3, time=TIME), f"decides on an? {table.removesuffix('_decisions')}"
    return Guarded((*_DECIDED, _EMPLOYEE), f"{table} {values}", why, _PRETENDED, refuses_what_it_misses=True)


def _decision(table: str, subject: str, decided: str, account: int) -> str:
    return f"{table} ({subject}, {decided}, account_id, decided_at) values (1, true, {account}, {TIME})"


DISPUTED = (
    "objections (period, nip, date, code, reason, account_id, entered_at, seen) "
    f"values ('2026-09', 'n', '2026-09-07', 'TK', 'r', 1, {TIME}, 'draft')"
)
REJECTED = (
    "insert into objection_decisions (objection, accepted, reason, account_id, decided_at) "
    f"values (1, false, 'r', 9, {TIME})"
)
PAY = (
    "insert into period_payments (period, unit, revision, document, account_id, at) "
    f"values ('2026-09', 'U', 1, 'd', 9, {TIME})"
)
SIGN = (
    "insert into pending_signatures (id, period, unit, after_revision, reason, account_id, at) "
    f"values (1, '2026-09', 'U', 1, 'r', 9, {TIME})"
)
ADJUST = (
    "insert into adjustments (for_period, nip, from_revision, to_revision, period, unit, difference_rp, reason, "
    f"published_at) values ('2026-09', 'n', 1, 2, '2026-10', 'U', 5, 'r', {TIME})"
)
GUARDS = {
    **{f"{table}_own": _approval(table) for table in APPROVALS},
    **{f"{table}_role": _role(table) for table in APPROVALS if table != "activity_steps"},
    "batch_decisions_own": Guarded(
        ("accounts", "import_batches", "held_batches"),
        _decision("batch_decisions", "batch", "approved", 1),
        "nobody approves what they imported",
    ),
    "batch_decisions_role": Guarded(
        ("accounts", "import_batches", "held_batches", _EMPLOYEE),
        _decision("batch_decisions", "batch", "approved", 3),
        "payroll decides on what moves money",
        _PRETENDED,
        refuses_what_it_misses=True,
    ),
    "doubt_decisions_own": Guarded(
        ("accounts", "import_batches", "doubtful_punches"),
        _decision("doubt_decisions", "doubt", "approved", 1),
        "nobody",
    ),
    "objections_again": Guarded(
        (
            "accounts",
            f"insert into {DISPUTED}",
            REJECTED,
        ),
        DISPUTED,
        "only once the draft of that day says something else",
    ),
    "power_requests_role": Guarded(
        ("accounts", _EMPLOYEE),
        f"power_requests (kind, account, wanted, account_id, asked_at) values ('bind', 'x', '{{}}', 3, {TIME})",
        "only an operator asks",
        _PRETENDED,
        refuses_what_it_misses=True,
    ),
    "power_decisions_role": Guarded(
        ("accounts", "power_requests", _EMPLOYEE),
        _decision("power_decisions", "request", "confirmed", 3),
        "only an operator decides on a change of power",
        _PRETENDED,
        refuses_what_it_misses=True,
    ),
    "power_decisions_two": Guarded(
        ("accounts", "power_requests"), _decision("power_decisions", "request", "confirmed", 1), "nobody confirms what"
    ),
    "period_events_rules": Guarded(
        ("accounts", tuple(bind(9, "sari")), "period_events"),
        close("2026-10")
        .removeprefix("insert into ")
        .replace("'r'", "'q'")
        .replace("from period_", "from public.period_"),
        "accepted by another person first",
        (f"rule_acceptances values ('q', 9, {TIME})",),
    ),
    "period_events_still_closed": _life("closed twice"),
    "period_events_paid": _life("closed after it was paid"),
    "period_reopenings_paid": _life("reopened after it was paid", _closed("2026-08", 1)),
    "period_reopenings_own": _life("reopened by who closed it", _closed("2026-09", 1, account=9)),
    "period_reopenings_not_closed": _life("reopened without having been closed", _closed("2026-07", 1), misses=True),
    "period_payments_reopened": _life("paid while it is reopened", _closed("2026-09", 1)),
    "period_payments_not_closed": _life("paid in a revision that is not", _closed("2026-09", 2), misses=True),
    "period_events_two": Guarded(
        _TWO,
        "period_events (period, unit, event, revision, rules_digest, accepted_pending, account_id, at) "
        f"values ('2026-09', 'U', 'closed', 1, 'r', 'why', 1, {TIME})",
        "refuses insert: one person alone",
    ),
    "import_revocations_two": Guarded(
        _TWO,
        f"import_revocations (batch, account_id, revoked_at, reason) values (1, 1, {TIME}, 'r')",
        "refuses insert: one person alone",
    ),
    "ekinerja_refuse_sealed": Guarded(
        (tuple(publishing("result_findings")),),
        "result_findings (period, nip, revision, " + PARTS["result_findings"].format(revision=1, position=1),
        "the result is published",
    ),
    "results_no_close": Guarded(("accounts",), _row(1), "by nothing else", (_closed("2026-09", 1),), True),
    "results_paid": Guarded(
        (tuple(publishing()), PAY),
        f"{_said(close('2026-09', 2, unit='V'))}; insert into public.{_row(2, unit='V')}",
        "what was paid stays paid",
    ),
    "results_older": Guarded(
        ((*rows("accounts"), close("2026-09", 2), person(2)),),
        f"{_said(close('2026-09', 1, unit='V'))}; insert into public.{_row(1, unit='V')}",
        "a newer revision of the person",
    ),
    "results_adjusted": Guarded(
        (tuple(publishing()),),
        _row(2).replace("closed_with,", "adjusted_in, closed_with,").replace("'U', 0", "'2026-10', 'U', 0"),
        "comes after its adjustment",
        (_said(ADJUST), _row(1)),
        True,
    ),
    "adjustments_no_close": Guarded(
        (tuple(publishing()),), _said(ADJUST), "by nothing else", (_closed("2026-10", 1),), True
    ),
    "adjustments_not_paid": Guarded(
        (tuple(publishing()),),
        f"{_said(close('2026-10'))}; {ADJUST.replace('into ', 'into public.')}",
        "only what was paid is adjusted",
        (_row(1), _said(PAY)),
        True,
    ),
    "period_events_older": Guarded(("accounts", "period_events"), _said(close("2026-09")), "a newer revision of the"),
    "period_events_account": _power(close("2026-10", by=3)),
    "period_reopenings_account": _power(
        f"insert into period_reopenings (period, unit, revision, reason, account_id, at) "
        f"values ('2026-09', 'U', 1, 'r', 3, {TIME})"
    ),
    "period_payments_account": _power(PAY.replace(", 9, ", ", 3, ")),
    "pending_signatures_account": _power(SIGN.replace(", 9, ", ", 3, ")),
    "signed_days_later": Guarded(
        ("accounts", SIGN),
        "signed_days values (1, 'n', '2026-09-07')",
        "for the days that were shown",
        (_said(SIGN),),
        True,
    ),
}
ELSEWHERE = {
    # what reads tables and refuses no row of a login
    "ekinerja_audit_counted",
    "ekinerja_audit_end_steps",
    "accounts_audited",
    "ekinerja_punch_month",
    "passwords_audited",
    "terminal_owners_audited",
    "ekinerja_purge_punches",
}


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
