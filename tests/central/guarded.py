"""What each guard of the database refuses, with what it reads to know that.

`GUARDS` are the functions that refuse a row because of what other tables hold, `ELSEWHERE` those that read tables and
refuse none or are tried elsewhere; which attacks are tried on them is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.central.test_guards import (
    APPROVALS,
    LIFE,
    PARTS,
    TIME,
    account,
    bind,
    close,
    person,
    publishing,
    rows,
)


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
    facts = ("accounts", "period_events", _EMPLOYEE)
    return Guarded(facts, _said(statement), "neither operator nor payroll", _PRETENDED, refuses_what_it_misses=True)


_EMPLOYEE = tuple(account(3, "budi", roles="employee"))
_PRETENDED = (f"accounts (id, name, roles, feeds, created_at) values (3, 'budi', 'operator', '', {TIME})",)


def _role(table: str) -> Guarded:
    """What decides who is neither operator nor head; in a table of the session an operator does."""
    values, why = APPROVALS[table][0].format(account=3, time=TIME), f"decides on an? {table.removesuffix('_decisions')}"
    return Guarded((*_DECIDED, _EMPLOYEE), f"{table} {values}", why, _PRETENDED, refuses_what_it_misses=True)


def _decided(subject: str, decided: str, account: int) -> str:
    return f"({subject}, {decided}, account_id, decided_at) values (1, true, {account}, {TIME})"


ROLES: tuple[tuple[str, tuple[str | tuple[str, ...], ...], str, str], ...] = (
    (
        "batch_decisions",
        ("accounts", "import_batches", "held_batches"),
        _decided("batch", "approved", 3),
        "payroll decides on what moves money",
    ),
    (
        "doubt_decisions",
        ("accounts", "import_batches", "doubtful_punches"),
        _decided("doubt", "approved", 3),
        "head decides on a doubtful record",
    ),
    (
        "doubt_requests",
        ("accounts", "import_batches", "doubtful_punches"),
        f"(doubt, account_id, approved, requested_at) values (1, 3, true, {TIME})",
        "head says what becomes of a doubtful record",
    ),
    (
        "power_decisions",
        ("accounts", "power_requests"),
        _decided("request", "confirmed", 3),
        "only an operator decides on a change of power",
    ),
    (
        "power_requests",
        ("accounts",),
        f"(kind, account, wanted, account_id, asked_at) values ('bind', 'x', '{{}}', 3, {TIME})",
        "only an operator asks",
    ),
    ("rule_acceptances", ("accounts", "rule_sets"), f"values ('r', 3, {TIME})", "payroll accepts rules"),
    (
        "import_revocations",
        ("accounts", "import_batches"),
        f"(batch, account_id, revoked_at, reason) values (1, 3, {TIME}, 'r')",
        "takes a batch back",
    ),
    (
        "revocation_requests",
        ("accounts", "import_batches"),
        f"(batch, account_id, requested_at, reason) values (1, 3, {TIME}, 'r')",
        "asks to take a batch back",
    ),
)
NOBODYS = (
    "(id, punch_id, batch, terminal, pin, clock, occurrence, verify, state, work_code, source, raw, corrected, "
    f"received_at, contradicts) values (2, 'd', 0, 't', '1', {TIME}, 1, 1, 0, 0, 'poll', '', false, {TIME}, 'read')"
)
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
        "batch_decisions " + _decided("batch", "approved", 1),
        "nobody approves what they imported",
    ),
    "doubt_decisions_two": Guarded(
        (*_TWO, ("insert into doubtful_punches " + NOBODYS,)),
        f"doubt_decisions (doubt, approved, account_id, decided_at) values (2, true, 1, {TIME})",
        "refuses insert: a record that no person brought is decided by two",
        (f"doubt_requests values (2, 9, true, 'r', {TIME})",),
    ),
    "doubt_decisions_own": Guarded(
        ("accounts", "import_batches", "doubtful_punches"),
        "doubt_decisions " + _decided("doubt", "approved", 1),
        "nobody approves a record that they brought",
    ),
    **{
        f"{table}_role": Guarded((*facts, _EMPLOYEE), f"{table} {row}", why, _PRETENDED, refuses_what_it_misses=True)
        for table, facts, row, why in ROLES
    },
    "objections_again": Guarded(
        (
            "accounts",
            f"insert into {DISPUTED}",
            REJECTED,
        ),
        DISPUTED,
        "only once the draft of that day says something else",
    ),
    "power_decisions_two": Guarded(
        ("accounts", "power_requests"),
        "power_decisions " + _decided("request", "confirmed", 1),
        "nobody confirms what they asked for",
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
    # what reads tables and refuses no row of a login, or is tried in tests/hostile/test_office_logins.py
    "ekinerja_held_login",
    "ekinerja_of_its_login",
    "ekinerja_tells_of",
    "ekinerja_terminals_of_others",
    "terminal_logins_audited",
    "ekinerja_audit_counted",
    "ekinerja_audit_end_steps",
    "accounts_audited",
    "ekinerja_punch_month",
    "passwords_audited",
    "terminal_owners_audited",
    "ekinerja_purge_punches",
}
