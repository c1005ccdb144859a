"""Real SQL against the guards: facts and published results cannot be changed, deleted or overwritten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from ekinerja_agent.central.kinds import insert_only
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables import PUBLISHED
from ekinerja_agent.central.store.tables.columns import metadata
from ekinerja_agent.nouns.errors import Refused

TIME = "'2026-09-07 01:00:00'"
SO_FAR = "(select rows from audit_end)"
ROWS = {
    "power_requests": f"(id, kind, account, wanted, account_id, asked_at) values (1, 'bind', 'x', '{{}}', 1, {TIME})",
    "power_decisions": f"(request, confirmed, account_id, decided_at) values (1, true, 9, {TIME})",
    "password_gifts": f"(id, account_id, given_by, given_at) values (1, 1, 9, {TIME})",
    "import_batches": "(id, kind, file_name, digest, rows, rejected, account_id, imported_at) "
    f"values (1, 'units', 'f', 'd', 1, 0, 1, {TIME})",
    "import_revocations": f"(batch, account_id, revoked_at, reason) values (1, 1, {TIME}, 'r')",
    "held_batches": f"(batch, held_at) values (1, {TIME})",
    "batch_decisions": f"(batch, approved, account_id, decided_at) values (1, true, 9, {TIME})",
    "revocation_requests": f"(batch, account_id, requested_at, reason) values (1, 9, {TIME}, 'r')",
    "punches": "(punch_id, batch, terminal, pin, clock, occurrence, verify, state, work_code, source, raw, corrected, "
    f"received_at) values ('p', 0, 't', '1', {TIME}, 1, 1, 0, 0, 'poll', '', false, {TIME})",
    "doubtful_punches": "(id, punch_id, batch, terminal, pin, clock, occurrence, verify, state, work_code, source, "
    f"raw, corrected, received_at, account_id) values (1, 'd', 1, 't', '1', {TIME}, 1, 1, 0, 0, 'file', '', false, "
    f"{TIME}, 1)",
    "doubt_requests": f"(doubt, account_id, approved, requested_at) values (1, 9, true, {TIME})",
    "doubt_decisions": f"(doubt, approved, account_id, decided_at) values (1, true, 9, {TIME})",
    "coverage": f"""(id, terminal, "end", kind, batch) values (1, 't', {TIME}, 'proven', 0)""",
    "quarantine": "(quarantine_id, terminal, source, batch, position, raw, reason, found_at) "
    f"values ('q', 't', 'poll', 0, 1, '', 'r', {TIME})",
    "set_apart": "(id, quarantine_id, terminal, punch_id, code, pin, clock) "
    f"values (1, 'q', 't', 't/1/x/1', '23', '1', {TIME})",
    "apart_settled": "(apart, batch, outcome, reason) values (1, 1, 'dismissed', 'r')",
    "apart_releases": "(batch, terminal, code, reason) values (1, 't', '23', 'r')",
    "slot_owners": f"(terminal, uid, seen_at, pin) values ('t', 1, {TIME}, '1')",
    "clock_readings": f"(terminal, at, offset_s, trusted) values ('t', {TIME}, 3, true)",
    "terminal_facts": f"(terminal, since, office, timezone, enabled) values ('t', {TIME}, 'o', 'UTC', true)",
    "terminal_logins": f"(terminal, turn, login, since, audited_by) values ('t', 1, 'l', {TIME}, '700')",
    "units": "(id, batch, row, code, name, timezone) values (1, 1, 2, 'U', 'n', 'UTC')",
    "employees": "(id, batch, row, nip, name, unit, status, attendance) "
    "values (1, 1, 2, 'n', 'a', 'U', 'pns', 'terminal')",
    "enrolments": "(id, batch, row, terminal, pin, nip) values (1, 1, 2, '*', '1', 'n')",
    "calendar": "(id, batch, row, date, unit, kind, name, source) "
    "values (1, 1, 2, '2026-09-07', '*', 'kerja', 'n', 's')",
    "absences": "(id, batch, row, nip, first_day, last_day, kind, status) "
    "values (1, 1, 2, 'n', '2026-09-07', '2026-09-07', 'izin', 'approved')",
    "outages": "(id, batch, row, terminal, starts, ends, cause, status) "
    f"values (1, 1, 2, 't', {TIME}, {TIME}, 'r', 'approved')",
    "rosters": "(id, batch, row, nip, date, shifts) values (1, 1, 2, 'n', '2026-09-07', 'PAGI')",
    "corrections": "(id, batch, row, nip, date, scan, action, status) "
    "values (1, 1, 2, 'n', '2026-09-07', 'arrive', 'void', 'pending')",
    "correction_decisions": f"(correction, approved, account_id, decided_at) values (1, false, 1, {TIME})",
    "events": "(id, batch, row, code, kind, unit, date) values (1, 1, 2, 'E', 'apel', '*', '2026-09-07')",
    "event_attendance": "(id, batch, row, event, nip, date, status) "
    "values (1, 1, 2, 'E', 'n', '2026-09-07', 'present')",
    "allowances": "(id, batch, row, nip, criterion, amount_rp) values (1, 1, 2, 'n', 'c', 1)",
    "holds": "(id, batch, row, nip, kind, document, valid_from) values (1, 1, 2, 'n', 'k', 'd', '2026-09-07')",
    "sanctions": "(id, batch, row, nip, decree, document, valid_from) values (1, 1, 2, 'n', 'k', 'd', '2026-09-07')",
    "assignments": "(id, batch, row, nip, unit, kind, document, valid_from) "
    "values (1, 1, 2, 'n', 'U', 'plt', 'd', '2026-09-07')",
    "ratings": "(id, batch, row, nip, period, predicate, scheme, mode, new_idea, valid_from, status) "
    "values (1, 1, 2, 'n', '2025', 'baik', 'panrb6', '70/30', false, '2026-01-01', 'approved')",
    "plans": "(id, batch, row, code, unit, name, due_date, target_output) "
    "values (1, 1, 2, 'P', 'U', 'n', '2026-09-30', 'o')",
    "plan_progress": "(id, batch, row, plan, month, planned_ppm, physical_ppm, status) "
    "values (1, 1, 2, 'P', '2026-09', 1, 1, 'approved')",
    "indicators": "(id, batch, row, unit, period, code, points_e2, max_points_e2) "
    "values (1, 1, 2, 'U', '2026', 'c', 1, 1)",
    "workload_tasks": "(id, batch, row, unit, job, task, volume_e2, per, standard_e2) "
    "values (1, 1, 2, 'U', 'j', 't', 1, 'day', 1)",
    "staff": "(id, batch, row, unit, job, people) values (1, 1, 2, 'U', 'j', 1)",
    "sakip": "(id, batch, row, unit, year, aspect, score_e2) values (1, 1, 2, 'U', '2026', 'a', 1)",
    "evaluation_meetings": "(id, batch, row, unit, date, topic) values (1, 1, 2, 'U', '2026-09-07', 't')",
    "innovations": "(id, batch, row, code, unit, name, started) values (1, 1, 2, 'I', 'U', 'n', '2026-09-07')",
    "disable_trials": "(id, terminal, serial, firmware, refuses, account_id, tried_at) "
    f"values (1, 't', 's', 'f', true, 1, {TIME})",
    "redatings": "(id, terminal, first_clock, last_clock, shift_s, reason, account_id, requested_at) "
    f"values (1, 't', {TIME}, {TIME}, 60, 'r', 1, {TIME})",
    "redated_punches": f"(redating, punch_id, at) values (1, 'p', {TIME})",
    "redating_decisions": f"(redating, approved, account_id, decided_at) values (1, false, 1, {TIME})",
    "activities": '(id, batch, row, activity_id, nip, date, start, "end", description, status) '
    "values (1, 1, 2, 'A', 'n', '2026-09-07', '08:00', '09:00', 'd', 'draft')",
    "activity_standards": "(id, batch, row, type, name, standard_minutes) values (1, 1, 2, 't', 'n', 30)",
    "activity_steps": "(id, activity, step, status, first_tier, last_tier, at) "
    f"values (1, 1, 'submitted', 'pending', 0, 0, {TIME})",
    "absence_decisions": f"(absence, status, reason, decided_at) values (1, 'rejected', 'r', {TIME})",
    "outage_decisions": f"(outage, status, account_id, decided_at) values (1, 'rejected', 1, {TIME})",
    "feed_activities": "(id, activity_id) values (1, 'A')",
    "feed_answers": f"(entry, outcome, answered_at) values (1, 'refused', {TIME})",
    "audit": "(id, at, actor, action, subject, details, previous_digest, digest) "
    f"values (1, {TIME}, 'a', 'b', 'c', '{{}}', '0', '1')",
    "period_events": "(id, period, unit, event, revision, rules_digest, account_id, at, audit_rows) "
    f"values (1, '2026-09', 'U', 'closed', 1, 'r', 1, {TIME}, {SO_FAR}), "
    f"(2, '2026-08', 'U', 'closed', 1, 'r', 1, {TIME}, {SO_FAR})",
    "pending_signatures": "(id, period, unit, after_revision, reason, account_id, at, audit_rows) "
    f"values (1, '2026-09', 'U', 1, 'r', 1, {TIME}, {SO_FAR})",
    "rule_sets": f"(digest, text, kept_at) values ('r', '{{}}', {TIME})",
    "rule_acceptances": f"(digest, account_id, accepted_at) values ('r', 9, {TIME})",
    "signed_days": "(signature, nip, date) values (1, 'n', '2026-09-07')",
    "period_reopenings": f"(period, unit, revision, reason, account_id, at) values ('2026-09', 'U', 1, 'r', 9, {TIME})",
    "payroll_exports": "(id, period, unit, revision, people, payable_rp, file, digest, account_id, at) "
    f"values (1, '2026-08', 'U', 1, 1, 5, 'f', 'sha256:0', 1, {TIME})",
    "period_payments": f"(period, unit, revision, document, account_id, at) values ('2026-08', 'U', 1, 'd', 9, {TIME})",
    "adjustments": "(for_period, nip, from_revision, to_revision, period, unit, difference_rp, reason, published_at) "
    f"values ('2026-08', 'n', 1, 2, '2026-09', 'U', 5, 'r', {TIME})",
    "objections": "(id, period, nip, date, code, reason, account_id, entered_at) "
    f"values (1, '2026-09', 'n', '2026-09-07', 'TK', 'r', 1, {TIME})",
    "purges": "(id, before, rows, first_clock, last_clock, digest, account_id, at) "
    f"values (1, '2020-01-01', 1, {TIME}, {TIME}, 'd', 1, {TIME})",
    "turns": "(turn, share) values (1, 0)",
    "objection_decisions": f"(objection, accepted, reason, account_id, decided_at) values (1, true, 'r', 9, {TIME})",
}
PARTS = {
    "result_findings": "position, date, code, deduction_ppm, base, deduction_rp, rule, source, place, punch_ids) "
    "values ('2026-09', 'n', {revision}, {position}, '2026-09-07', 'TK', 1, 'whole', 1, 'r', 's', 'p', '')",
    "result_days": "position, date, unit, schedule, timezone, state, required_minutes) "
    "values ('2026-09', 'n', {revision}, {position}, '2026-09-07', 'U', 's', 'UTC', 'present', 450)",
    "result_pending": "position, date, reason) values ('2026-09', 'n', {revision}, {position}, '2026-09-07', 'r')",
}
PERSON_NUMBERS = [
    *(c.name for c in metadata.tables["results"].c if not c.nullable and c.name.endswith(("_rp", "_ppm", "_minutes"))),
    *"working_days days_present days_excused unexcused_days bank_minutes_year converted_days".split(),
    *"days_this_year longest_run".split(),
]


def add(engine: Engine, table: str, how: str = "insert") -> None:
    execute(engine, *rows(table, how))


def part(table: str, revision: int, position: int = 0, how: str = "insert") -> str:
    values = PARTS[table].format(revision=revision, position=position)
    return f"{how} into {table} (period, nip, revision, {values}"


def add_part(engine: Engine, table: str, revision: int, position: int = 0, how: str = "insert") -> None:
    execute(engine, part(table, revision, position, how))


def person(revision: int, how: str = "insert", *, period: str = "2026-09", payable_rp: int = 0) -> str:
    numbers = dict.fromkeys(PERSON_NUMBERS, 0) | {"payable_rp": payable_rp, "performance_rp": payable_rp}
    office = "'U'" if revision else "null"
    return (
        f"{how} into results (period, nip, revision, name, unit, unit_name, profile, rules_digest, employment_status, "
        f"status, computed_at, closed_with, {', '.join(numbers)}) values ('{period}', 'n', {revision}, 'a', 'U', 'u', "
        f"'p', 'r', 'pns', 'published', {TIME}, {office}, {', '.join(map(str, numbers.values()))})"
    )


def add_person(engine: Engine, revision: int, how: str = "insert") -> None:
    execute(engine, person(revision, how))


def publishing(*tables: str) -> Iterator[str]:
    """What one transaction says that closes an office: the close, its person, and parts of that in these tables."""
    for needed in ("accounts", "period_events"):
        yield from rows(needed)
    yield person(1)
    for table in tables:
        yield part(table, 1)
    yield audited("period.close", "2026-09")


def audited(action: str, subject: str, number: int = 500) -> str:
    """A row of the audit log, with which what it tells is over."""
    return (
        "insert into audit (id, at, actor, action, subject, details, previous_digest, digest) "
        f"values ({number}, {TIME}, 'root', '{action}', '{subject}', '{{}}', '0', '{number}')"
    )


def close(period: str, revision: int = 1, *, by: int = 1, unit: str = "U") -> str:
    """A close of an office."""
    number = "(select coalesce(max(id), 0) + 1 from period_events)"
    return (
        "insert into period_events (id, period, unit, event, revision, rules_digest, account_id, at, audit_rows) "
        f"values ({number}, '{period}', '{unit}', 'closed', {revision}, 'r', {by}, {TIME}, {SO_FAR})"
    )


def everything() -> Iterator[str]:
    """A row in every table of facts, and of what is published, as one transaction may add them."""
    yield from rows("accounts")
    for table in ROWS:
        if table == "adjustments":
            yield person(1, period="2026-08")
        yield from rows(table)
    yield person(1)
    for table in PARTS:
        yield part(table, 1)


def rows(table: str, how: str = "insert") -> Iterator[str]:
    if table == "accounts":
        yield from account(1, "root")
        yield from account(9, "sari")
        return
    if table == "terminal_logins" and how == "insert":
        yield audited("terminal.take_over", "t", 700)
    yield f"{how} into {table} {ROWS[table]}"


def account(
    number: int, name: str, *, roles: str = "operator", nip: str = "null", disabled: str = "null"
) -> Iterator[str]:
    """What one transaction says that adds an account."""
    row = 1000 + number
    yield audited("account.add", name, row)
    yield (
        "insert into accounts (id, name, roles, feeds, created_at, nip, disabled_at, audited_by) "
        f"values ({number}, '{name}', '{roles}', '*', {TIME}, {nip}, {disabled}, '{row}')"
    )


def bind(number: int, name: str) -> Iterator[str]:
    """What one transaction says that lets the user of the system of this name act as the account."""
    row = 2000 + number
    yield audited("account.bind", name, row)
    yield f"update accounts set os_user = '{name}', audited_by = '{row}' where id = {number}"


def execute(engine: Engine, *statements: str) -> None:
    """All in one transaction."""
    with transaction(engine) as conn:
        for statement in statements:
            conn.exec_driver_sql(statement)


def without_guards(engine: Engine, table: str) -> None:
    """As who owns the file or the server can."""
    with transaction(engine) as conn:
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql(f"alter table {table} disable trigger user")
            return
        query = "select name from sqlite_master where type = 'trigger' and tbl_name = ?"
        for name in conn.exec_driver_sql(query, (table,)).scalars().all():
            conn.exec_driver_sql(f"drop trigger {name}")


def content(engine: Engine, table: str) -> list[tuple[object, ...]]:
    with reading(engine) as conn:
        return [tuple(row) for row in conn.exec_driver_sql(f"select * from {table}")]


@pytest.fixture
def facts(central: Engine) -> Engine:
    """One row in every table of facts."""
    execute(central, *everything())
    return central


def test_every_table_of_facts_has_a_row_in_this_test() -> None:
    assert {table.name for table in insert_only()} == set(ROWS)
    assert {table.name for table in PUBLISHED} == {*PARTS, "results"}


def test_no_fact_can_be_changed_or_deleted_and_the_refusal_says_what_to_do(facts: Engine) -> None:
    for table in insert_only():
        column = next(iter(table.c)).name
        before = content(facts, table.name)
        for statement in (f"update {table.name} set {column} = {column}", f"delete from {table.name}"):
            with pytest.raises(Refused, match=rf"{table.name} refuses (update|delete): .{{20}}"):
                execute(facts, statement)
        assert content(facts, table.name) == before


def test_no_fact_can_be_overwritten_or_truncated(facts: Engine) -> None:
    for table in insert_only():
        before = content(facts, table.name)
        if facts.dialect.name == "postgresql":
            with pytest.raises(Refused, match="refuses truncate"):
                execute(facts, f"truncate {table.name} cascade")
        else:
            add(facts, table.name, how="insert or replace")
        assert content(facts, table.name) == before


def test_drafts_come_and_go(central: Engine) -> None:
    add_person(central, 0)
    for table in PARTS:
        add_part(central, table, 0)
    for table in (*PARTS, "results"):
        execute(central, f"update {table} set nip = 'm'")
        execute(central, f"delete from {table}")
        assert content(central, table) == []


def test_a_published_result_is_frozen_with_all_its_parts(central: Engine) -> None:
    execute(central, *publishing(*PARTS))
    for table in (*PARTS, "results"):
        before = content(central, table)
        for statement in (f"update {table} set nip = 'm'", f"delete from {table}"):
            with pytest.raises(Refused, match="a published result stays"):
                execute(central, statement)
        if central.dialect.name == "postgresql":
            with pytest.raises(Refused, match="refuses truncate"):
                execute(central, f"truncate {table}")
        assert content(central, table) == before


def test_nothing_can_be_added_to_a_published_result(central: Engine) -> None:
    execute(central, *publishing(*PARTS))
    how = "insert" if central.dialect.name == "postgresql" else "insert or replace"
    for table in PARTS:
        with pytest.raises(Refused, match="published"):
            add_part(central, table, 1, 1, how)
        # PostgreSQL's key speaks before the guard does.
        known = (IntegrityError, "duplicate key") if central.dialect.name == "postgresql" else (Refused, "published")
        with pytest.raises(known[0], match=known[1]):
            add_part(central, table, 1, 0, how)
    if central.dialect.name == "sqlite":
        with pytest.raises(Refused, match="a published result stays"):
            add_person(central, 1, how)


ENTERED_BY, THEMSELVES, ANOTHER = 1, 2, 3
APPROVALS = {
    # what approves, by account; who has an interest in it
    "correction_decisions": (
        "(correction, approved, account_id, decided_at) values (1, true, {account}, {time})",
        1,
        2,
    ),
    "redating_decisions": ("(redating, approved, account_id, decided_at) values (1, true, {account}, {time})", 1),
    "activity_steps": (
        (
            "(activity, step, status, first_tier, last_tier, account_id, at) "
            "values (1, 'approved', 'approved', 0, 0, {account}, {time})"
        ),
        2,
    ),
    "absence_decisions": (
        "(absence, status, account_id, decided_at) values (1, 'approved', {account}, {time})",
        1,
        2,
    ),
    "outage_decisions": ("(outage, status, account_id, decided_at) values (1, 'approved', {account}, {time})", 1),
    "objection_decisions": (
        "(objection, accepted, reason, account_id, decided_at) values (1, true, 'r', {account}, {time})",
        1,
        2,
    ),
}


@pytest.mark.parametrize("table", APPROVALS)
def test_nobody_approves_their_own_even_by_sql(central: Engine, table: str) -> None:
    for needed in (
        *("accounts", "import_batches", "corrections", "redatings", "activities", "objections"),
        *("absences", "outages"),
    ):
        add(central, needed)
    for number, nip in ((THEMSELVES, "'n'"), (ANOTHER, "'other'")):
        execute(central, *account(number, f"account {number}", nip=nip))
    values, *interested = APPROVALS[table]
    for number in interested:
        with pytest.raises(Refused, match="refuses insert: nobody"):
            execute(central, f"insert into {table} {values.format(account=number, time=TIME)}")
    assert content(central, table) == []
    execute(central, f"insert into {table} {values.format(account=ANOTHER, time=TIME)}")
    assert len(content(central, table)) == 1


def test_one_person_alone_lets_no_day_count_and_takes_nothing_back_even_by_sql(central: Engine) -> None:
    """Where another account may act. It may not where the other one is bound to no user of a system."""
    for table in ("accounts", "import_batches"):
        add(central, table)
    close = (
        "insert into period_events (period, unit, event, revision, rules_digest, accepted_pending, account_id, at, "
        f"audit_rows) values ('2026-09', '{{unit}}', 'closed', 1, 'r', 'why', 1, {TIME}, {SO_FAR})"
    )
    sign = (
        "insert into pending_signatures (period, unit, after_revision, reason, account_id, at, audit_rows) "
        f"values ('2026-09', 'U', {{after}}, 'r', {{account}}, {TIME}, {SO_FAR})"
    )
    ask = "insert into revocation_requests (batch, account_id, requested_at, reason) "
    revoke = f"insert into import_revocations (batch, account_id, revoked_at, reason) values (1, 1, {TIME}, 'r')"
    execute(central, close.format(unit="ALONE"))
    execute(central, *bind(9, "sari"))
    execute(central, sign.format(after=0, account=1))
    execute(central, sign.format(after=1, account=9))
    execute(central, f"{ask} values (1, 1, {TIME}, 'r')")
    for statement in (close.format(unit="U"), revoke):
        with pytest.raises(Refused, match="refuses insert: one person alone"):
            execute(central, statement)
    execute(central, sign.format(after=0, account=9))
    execute(central, f"{ask} values (1, 9, {TIME}, 'r')")
    execute(central, close.format(unit="U"))
    execute(central, revoke)


_CLOSED = "period_events (id, period, unit, event, revision, rules_digest, account_id, at, audit_rows)"
_REOPENED = "period_reopenings (period, unit, revision, reason, account_id, at)"
_PAID = "period_payments (period, unit, revision, document, account_id, at)"
LIFE = {
    # What is recorded first; what is refused then; why.
    "closed twice": (
        (),
        f"{_CLOSED} values (3, '2026-09', 'U', 'closed', 2, 'r', 1, {TIME}, {SO_FAR})",
        "another person reopens",
    ),
    "closed after it was paid": (
        ("period_payments",),
        f"{_CLOSED} values (3, '2026-08', 'U', 'closed', 2, 'r', 1, {TIME}, {SO_FAR})",
        "refuses insert",
    ),
    "reopened after it was paid": (
        ("period_payments",),
        f"{_REOPENED} values ('2026-08', 'U', 1, 'r', 9, {TIME})",
        "what was paid stays paid",
    ),
    "reopened by who closed it": (
        (),
        f"{_REOPENED} values ('2026-09', 'U', 1, 'r', 1, {TIME})",
        "nobody reopens what they closed",
    ),
    "reopened without having been closed": (
        (),
        f"{_REOPENED} values ('2026-07', 'U', 1, 'r', 9, {TIME})",
        "was not closed",
    ),
    "paid while it is reopened": (
        ("period_reopenings",),
        f"{_PAID} values ('2026-09', 'U', 1, 'd', 9, {TIME})",
        "reopened; close",
    ),
    "paid in a revision that is not": (
        (),
        f"{_PAID} values ('2026-09', 'U', 2, 'd', 9, {TIME})",
        "was not closed",
    ),
}


@pytest.mark.parametrize("wrong", LIFE)
def test_no_period_leaves_its_order_even_by_sql(central: Engine, wrong: str) -> None:
    before, statement, why = LIFE[wrong]
    for table in ("accounts", "period_events", *before):
        add(central, table)
    with pytest.raises(Refused, match=why):
        execute(central, f"insert into {statement}")


def test_a_draft_cannot_be_turned_into_a_published_row(central: Engine) -> None:
    add_person(central, 0)
    with pytest.raises(Refused, match="a published result stays"):
        execute(central, "update results set revision = 1")
