"""What somebody does who has a login of the database: an office's server, payroll, another application, the pages."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from ekinerja_agent.central.access import accounts, audit
from ekinerja_agent.central.access.account_rows import ACCOUNTS_LOCK
from ekinerja_agent.central.closing import periods
from ekinerja_agent.central.schema import roles
from ekinerja_agent.central.store import engine as store
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.nouns.errors import Refused, TemporarilyUnavailable
from tests.central.conftest import NOW, As
from tests.central.test_guards import (
    PARTS,
    SO_FAR,
    TIME,
    account,
    add,
    audited,
    bind,
    close,
    content,
    everything,
    execute,
    part,
    person,
    publishing,
    rows,
)

LOGINS = [role.name for role in roles.ROLES]


@contextmanager
def session(login: As, role: str) -> Iterator[Connection]:
    """A session in which every statement stands for itself, and what is refused keeps nobody from the next one."""
    # Opened in a thread of its own: whoever steals a login shares no connection with those who look on.
    with ThreadPoolExecutor(1) as thief:
        opened = thief.submit(login(role).connect).result()
    with opened.execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("set default_transaction_read_only = off")
        yield conn


def try_all(conn: Connection, *statements: str) -> int:
    """Say one after the other, whatever is refused; return how many were done."""
    done = 0
    for statement in statements:
        with suppress(SQLAlchemyError):
            conn.exec_driver_sql(statement.replace("%", "%%"))
            done += 1
    return done


STRIKE = (
    "create temporary table audit_end (id bigint, rows bigint, digest text)",
    "insert into audit_end values (1, 0, '')",
    "grant all on audit_end to public",
    """create function pg_temp.strike() returns trigger language plpgsql as $$
    begin
        alter table public.results disable trigger results_keep;
        update public.results set payable_rp = payable_rp + 9000000;
        alter table public.results enable trigger results_keep;
        return new;
    end $$""",
    "create trigger strikes before update on audit_end for each row execute function pg_temp.strike()",
    (
        "insert into public.audit (at, actor, action, subject, details, previous_digest, digest) "
        f"values ({TIME}, 'b', 'b', 'c', '{{}}', '0', 'of the thief')"
    ),
)


@pytest.mark.parametrize("role", LOGINS)
def test_t1_a_table_of_a_session_that_is_called_as_the_end_of_the_log_is_nobody_s_way_to_the_owner(
    careless: Engine, login: As, role: str
) -> None:
    """Before, as ekinerja_web and as ekinerja_score: all six statements were done, and `select payable_rp from results
    where revision > 0` said 9000000 instead of 0, with `audit verify` content.
    """
    execute(careless, *publishing())
    before = content(careless, "results")
    with session(login, role) as conn:
        assert try_all(conn, *STRIKE) >= len(STRIKE) - 1, "the attack was made"
    assert content(careless, "results") == before


def test_t1_no_login_makes_a_table_of_its_session(login: As) -> None:
    for role in LOGINS:
        with session(login, role) as conn:
            assert try_all(conn, STRIKE[0], STRIKE[3]) == 0


SHADOWS = (
    "create temporary table import_batches (id bigint, account_id bigint)",
    "create temporary table results (period text, nip text, revision integer)",
    "create temporary table period_events (period text, unit text, revision integer, account_id bigint)",
    "insert into pg_temp.period_events values ('2026-09', 'U', 1, 9)",
)


@pytest.mark.parametrize(
    ("facts", "forbidden"),
    [
        (
            ("accounts", "import_batches", "corrections"),
            f"insert into public.correction_decisions values (1, true, 1, {TIME})",
        ),
        (
            ("accounts", "period_events"),
            (
                "insert into public.period_reopenings (period, unit, revision, reason, account_id, at) "
                f"values ('2026-09', 'U', 1, 'r', 1, {TIME})"
            ),
        ),
        ((), part("result_findings", 1, 7).replace("into ", "into public.")),
    ],
    ids=["own correction", "own close", "finding of a sealed row"],
)
def test_t4_tables_of_a_session_do_not_stand_before_those_that_guards_look_at(
    careless: Engine, login: As, facts: tuple[str, ...], forbidden: str
) -> None:
    """Before, as ekinerja_score: `correction_decisions refuses insert`; after `create temporary table import_batches`
    the same statement: INSERT 0 1. Likewise the own close reopened, and a finding added to a published row.
    """
    if facts:
        for fact in facts:
            add(careless, fact)
    else:
        execute(careless, *publishing())
    table = forbidden.split()[2].removeprefix("public.")
    before = content(careless, table)
    with session(login, "ekinerja_score") as conn:
        assert try_all(conn, forbidden) == 0
        assert try_all(conn, *SHADOWS) == len(SHADOWS), "the attack was made"
        assert try_all(conn, forbidden) == 0
    assert content(careless, table) == before


ADJUST = "adjustments (for_period, nip, from_revision, to_revision, period, unit, difference_rp, reason, published_at)"


def adjust(period: str, difference_rp: int) -> str:
    return f"insert into {ADJUST} values ('2026-08', 'n', 2, 3, '{period}', 'U', {difference_rp}, 'r', {TIME})"


def adjusted(payable_rp: int, period: str = "2026-10") -> str:
    """A third revision of August, which another close pays; its second one came with September's."""
    row = person(3, period="2026-08", payable_rp=payable_rp)
    return row.replace("closed_with,", "adjusted_in, closed_with,").replace("'U', 0", f"'{period}', 'U', 0")


SIGN = (
    "insert into pending_signatures (id, period, unit, after_revision, reason, account_id, at, audit_rows) "
    f"values (7, '2026-10', 'U', 0, 'r', {{account}}, {TIME}, {SO_FAR})"
)
FORGED: dict[str, tuple[str, ...]] = {
    "a revision after the payment": (person(3, period="2026-08", payable_rp=9_000_000),),
    "a close after the payment": (close("2026-08", 3), person(3, period="2026-08")),
    "a revision that another office closes": (
        close("2026-08", 3, unit="V"),
        person(3, period="2026-08").replace("'U', 0", "'V', 0"),
    ),
    "a row without a close": (person(1, period="2026-10"),),
    "a row of a close that was before": (person(2),),
    "a row of nobody's close": (person(1, period="2026-10").replace("'U', 0", "null, 0"), close("2026-10")),
    "a row of another revision than its close": (close("2026-10", 1), person(2, period="2026-10")),
    "an older revision": (close("2026-10", 2), close("2026-10", 1)),
    "a close by who may close nothing": (close("2026-10", by=3),),
    "a close by who may act no more": (close("2026-10", by=4),),
    "a payment by who may pay nothing": (
        (
            "insert into period_payments (period, unit, revision, document, account_id, at) "
            f"values ('2026-09', 'U', 1, 'd', 3, {TIME})"
        ),
    ),
    "a signature by who may sign nothing": (SIGN.format(account=3),),
    "a day more than was signed for": ("insert into signed_days values (1, 'm', '2026-09-08')",),
    "an adjustment without a close": (adjust("2026-10", 5),),
    "an adjusted row without an adjustment": (close("2026-10"), adjusted(5)),
    "an adjusted row that pays more than its adjustment": (close("2026-10"), adjust("2026-10", 5), adjusted(6)),
    "an adjustment of what nobody paid": (
        close("2026-10"),
        adjust("2026-10", 5).replace("('2026-08', 'n', 2, 3", "('2026-09', 'n', 1, 2"),
    ),
    **{f"a later part in {table}": (part(table, 1, 9),) for table in PARTS},
    **{f"a part without its row in {table}": (close("2026-10"), part(table, 2, 9)) for table in PARTS},
}


@pytest.fixture
def paid(central: Engine) -> Engine:
    """August of an office is paid, and adjusted with September's close; two more accounts may close nothing."""
    second = person(2, period="2026-08", payable_rp=5).replace("closed_with,", "adjusted_in, closed_with,")
    execute(
        central,
        *(one for one in everything() if " period_reopenings " not in one),
        second.replace("'U', 0", "'2026-09', 'U', 0"),
        *account(3, "budi", roles="employee,head"),
        *account(4, "dewi", roles="operator,payroll", disabled=TIME),
        audited("period.close", "2026-09"),
    )
    return central


def published(engine: Engine) -> list[object]:
    tables = ("results", *PARTS, "adjustments", "period_events", "period_payments", "pending_signatures", "signed_days")
    return [content(engine, table) for table in tables]


@pytest.mark.parametrize("statements", FORGED.values(), ids=FORGED)
def test_t5_nothing_is_published_but_by_a_close_and_nothing_after_the_payment(
    paid: Engine, statements: tuple[str, ...]
) -> None:
    """Before, as ekinerja_score, after the payment of August: `insert into results …` with revision 2 and 3 were each
    INSERT 0 1, payroll_scores_v1 gave revision 3 with payable_rp 7000000, the audit log had no row of a period.
    """
    before = published(paid)
    with pytest.raises(Refused, match="refuses insert"):
        execute(paid, *statements)
    assert published(paid) == before


def test_t5_what_the_rules_want_is_published(paid: Engine) -> None:
    """Else the test above would show nothing."""
    execute(paid, close("2026-10"), person(1, period="2026-10"), adjust("2026-10", 5), adjusted(10))
    execute(paid, SIGN.format(account=9), "insert into signed_days values (7, 'm', '2026-10-08')")
    assert len(content(paid, "results")) == 5


@pytest.mark.parametrize("role", LOGINS)
def test_t5_no_login_publishes_anything(login: As, role: str) -> None:
    administrator = login("postgres")
    execute(administrator, *everything())
    before = published(administrator)
    forged = [each for statements in FORGED.values() for each in statements if " period_events " not in each]
    with session(login, role) as conn:
        assert try_all(conn, *forged) == 0
    assert published(administrator) == before


TURNS = (periods._RESULT_LOCK, audit._CHAIN_LOCK, ACCOUNTS_LOCK, 0x6C6F6769, 0x66656564, 1836019316)
SEPTEMBER = date(2026, 9, 1)


def reopen(engine: Engine) -> None:
    sari = next(one for one in accounts.list_accounts(engine) if one.name == "sari")
    periods.reopen(engine, SEPTEMBER, office="U", reason="r", account=sari, now=NOW)


@pytest.mark.parametrize("role", ["ekinerja_payroll", "ekinerja_feed", "ekinerja_collect", "ekinerja_audit"])
def test_t44_a_login_that_writes_no_decision_can_keep_nobody_waiting(login: As, role: str) -> None:
    """Before, as ekinerja_payroll: `select pg_advisory_xact_lock(0x72657375)`, and `period reopen` of somebody else
    still waited after 20 seconds; it went on when the lock was given back.
    """
    execute(login("postgres"), *publishing())
    centre = login("ekinerja_score")
    with session(login, role) as conn:
        took = [f"select pg_advisory_lock({turn})" for turn in TURNS]
        took += [f"select pg_advisory_lock({turn}, {share})" for turn in TURNS for share in range(64)]
        assert try_all(conn, *took) == len(took), "the attack was made"
        locks = (
            "select * from turns for update",
            "select * from turns for share",
            "lock table turns",
            "lock table results",
        )
        assert try_all(conn, *locks, "lock table period_events in share mode") == 0
        reopen(centre)


def test_t44_who_waits_for_another_session_is_told_so(login: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_LOCKED_AT_MOST_MS", 50)
    execute(login("postgres"), *publishing())
    centre = login("ekinerja_score")
    with reading(centre) as conn:
        assert conn.exec_driver_sql("show lock_timeout").scalar() == "50ms"
    with transaction(login("postgres")) as conn:
        conn.exec_driver_sql(f"insert into turns values ({periods._RESULT_LOCK}, 0)")
        waiting = ThreadPoolExecutor(1).submit(reopen, centre)
        with pytest.raises(TemporarilyUnavailable, match=r"is busy: .*lock timeout; try again later"):
            waiting.result()
    reopen(centre)


_MALLORY = (
    "insert into accounts (id, name, roles, feeds, created_at, os_user, audited_by) values (5, 'mallory', 'operator', "
)
POWER: dict[str, tuple[str, ...]] = {
    "roles": ("update accounts set roles = 'operator,payroll', os_user = 'mallory' where id = 9",),
    "roles by the row of before": ("update accounts set roles = 'payroll', audited_by = '1009' where id = 9",),
    "roles by the newest row": ("update accounts set roles = 'payroll', audited_by = '3000' where id = 9",),
    "roles by a row about somebody else": (
        audited("account.bind", "root", 3001),
        "update accounts set roles = 'payroll', audited_by = '3001' where id = 9",
    ),
    "roles by a row about a password": (
        audited("account.password", "sari", 3001),
        "update accounts set roles = 'payroll', audited_by = '3001' where id = 9",
    ),
    "another name": (
        audited("account.bind", "siti", 3001),
        "update accounts set name = 'siti', audited_by = '3001' where id = 9",
    ),
    "a new account": (f"{_MALLORY}'*', {TIME}, 'mallory', null)",),
    "a new account by the newest row": (f"{_MALLORY}'*', {TIME}, 'mallory', '3000')",),
    "an account less": ("delete from accounts where id = 9",),
    "a password": (f"insert into passwords values (9, 'x', false, {TIME}, null)",),
    "a password by the newest row": (f"insert into passwords values (9, 'x', false, {TIME}, '3000')",),
    "another password": ("update passwords set hash = 'x' where account_id = 1",),
    "no password": ("delete from passwords",),
    "another office's terminal": ("update terminal_owners set agent = 'mine'",),
    "nobody's terminal": ("delete from terminal_owners",),
}
_TABLES_OF_POWER = ("accounts", "passwords", "terminal_owners")


def powers() -> Iterator[str]:
    """Two operators, the password of one, and a terminal that an agent owns."""
    yield from rows("accounts")
    yield audited("account.password", "root", 2999)
    yield f"insert into passwords values (1, 'h', false, {TIME}, '2999')"
    yield f"insert into terminal_owners (terminal, agent, since) values ('lobby', 'a', {TIME})"
    yield audited("login", "sari", 3000)


@pytest.mark.parametrize("statements", POWER.values(), ids=POWER)
def test_t6_nobody_gets_power_without_a_row_of_the_audit_log_about_it(
    central: Engine, statements: tuple[str, ...]
) -> None:
    """Before, as ekinerja_score: `update accounts set roles = 'operator,payroll', os_user = 'mallory' where id = 9` was
    UPDATE 1, an account `mallory` and a password INSERT 0 1; the audit log still had one row about accounts.
    """
    execute(central, *powers())
    before = [content(central, table) for table in _TABLES_OF_POWER]
    with pytest.raises(Refused, match=r"it stays|has its row in the audit log"):
        execute(central, *statements)
    assert [content(central, table) for table in _TABLES_OF_POWER] == before


def test_t6_a_change_that_the_audit_log_tells_is_made_once(central: Engine) -> None:
    execute(central, *powers())
    execute(central, *bind(9, "sari"))
    with pytest.raises(Refused, match="has its row in the audit log"):
        execute(central, "update accounts set os_user = 'mallory', audited_by = '2009' where id = 9")
    assert [row[5] for row in content(central, "accounts") if row[0] == 9] == ["sari"]


@pytest.mark.parametrize("role", LOGINS)
def test_t6_no_login_gives_itself_power(login: As, role: str) -> None:
    administrator = login("postgres")
    execute(administrator, *powers())
    before = [content(administrator, table) for table in _TABLES_OF_POWER]
    with session(login, role) as conn:
        try_all(conn, *(each for statements in POWER.values() for each in statements if " audit " not in each))
    assert [content(administrator, table) for table in _TABLES_OF_POWER] == before
