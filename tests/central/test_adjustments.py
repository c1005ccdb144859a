"""The same rupiah is never in a revision and in an adjustment, whatever happens to a month and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from ekinerja_agent.central.access.accounts import Account, add
from ekinerja_agent.central.closing import payments, periods
from ekinerja_agent.central.closing.payments import Handed
from ekinerja_agent.central.facts import month_facts
from ekinerja_agent.central.schema.checks import check
from ekinerja_agent.central.scored import adjustments, results
from ekinerja_agent.central.scored.adjustments import Adjusted, Difference
from ekinerja_agent.central.store.engine import in_transaction, reading
from ekinerja_agent.nouns.errors import CheckFailed, NeedsAttention, Refused
from ekinerja_agent.scoring import MonthResult
from tests.central.conftest import Store
from tests.central.test_guards import execute, without_guards
from tests.central.test_results import SEPTEMBER, person, result, scan

NOW = datetime(2026, 10, 1, 2, tzinfo=UTC)
JANUARY = date(2021, 1, 1)
PAYABLE = st.integers(0, 3)
"""Few values, so that a month often returns to what it was."""
FATES = st.lists(st.sampled_from(["score", "reopen", "close", "pay", "next"]), min_size=3, max_size=14)
_numbers: Iterator[int] = count(1)


@pytest.fixture
def another(central: Engine, operator: Account) -> Account:
    return add(central, "sari", roles=["operator"], unit=None, nip=None, os_user="sari", feeds=[], by=operator, now=NOW)


class Office:
    """One office of one person, in January and the months after it."""

    def __init__(self, engine: Engine, operator: Account, another: Account) -> None:
        number = next(_numbers)
        self.engine, self.operator, self.another = engine, operator, another
        self.unit, self.nip = f"U{number}", f"N{number}"
        self.payable_rp, self.paying = 0, 2
        self.published: list[int] = []

    def scored(self, payable_rp: int) -> MonthResult:
        money = {"payable_rp": payable_rp, "discipline_rp": payable_rp, "performance_rp": 0}
        return result(person(self.nip, self.unit, **money))

    def score(self, payable_rp: int) -> None:
        self.payable_rp = payable_rp
        results.save_drafts_of(self.engine, JANUARY, [self.nip], self.scored(payable_rp), rules_digest="r", now=NOW)

    def close(self) -> None:
        self._publish(JANUARY, self.payable_rp, ())
        self.published.append(self.payable_rp)

    def next(self) -> None:
        """A later month is closed and pays what is due, as asked twice."""
        month = date(2021 + self.paying // 12, 1 + self.paying % 12, 1)
        due = [one for one in self._changed() if one.drafted]
        adjusted = [
            Adjusted(
                JANUARY,
                one.revision,
                self.scored(self.payable_rp),
                (Difference(one.nip, one.payable_rp, self.payable_rp - one.payable_rp, "late"),),
            )
            for one in due
        ]
        self._publish(month, 7, adjusted)
        self.paying += 1
        if adjusted:
            with pytest.raises(Refused, match="changed meanwhile"):
                self._publish(date(2025, 1, 1), 7, adjusted)
        assert self._changed() == []

    def _changed(self) -> list[adjustments.Paid]:
        return [one for one in adjustments.changed(self.engine, JANUARY) if one.nip == self.nip]

    def _publish(self, month: date, payable_rp: int, adjusted: Sequence[Adjusted]) -> None:
        results.publish(
            self.engine,
            month,
            self.unit,
            self.scored(payable_rp),
            account=self.operator,
            accepted_pending=None,
            through=None,
            rules_digest="r",
            now=NOW,
            adjusted=adjusted,
        )

    def reopen(self) -> None:
        periods.reopen(self.engine, JANUARY, office=self.unit, reason="r", account=self.another, now=NOW)

    def pay(self) -> None:
        who: dict[str, Any] = {"account": self.operator, "now": NOW}
        (stands,) = payments.to_pay(self.engine, JANUARY, self.unit)
        handed = Handed(stands.unit, stands.revision, stands.people, stands.payable_rp)
        in_transaction(
            self.engine,
            lambda conn: payments.note_export(conn, JANUARY, [handed], file="f", digest="sha256:0", **who),
        )
        payments.mark_paid(self.engine, JANUARY, payments.to_pay(self.engine, JANUARY, self.unit), document="d", **who)

    def rows(self, view: str, columns: str, condition: str) -> list[tuple[Any, ...]]:
        query = f"select {columns} from {view} where nip = :nip and {condition} order by 1"
        with reading(self.engine) as conn:
            return [tuple(row) for row in conn.execute(text(query), {"nip": self.nip})]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fates=FATES, payables=st.lists(PAYABLE, min_size=14, max_size=14))
def test_no_rupiah_is_in_a_revision_and_in_an_adjustment(
    central: Engine, operator: Account, another: Account, fates: list[str], payables: list[int]
) -> None:
    office = Office(central, operator, another)
    office.score(payables[0])
    state = "open"
    may = {"close": {"open", "reopened"}, "reopen": {"closed"}, "pay": {"closed"}}
    becomes = {"close": "closed", "reopen": "reopened", "pay": "paid"}
    settled_rp: int | None = None
    for fate, payable_rp in zip(fates, payables, strict=False):
        if fate == "score":
            office.score(payable_rp)
        elif fate == "next":
            office.next()
            settled_rp = office.payable_rp if state == "paid" else settled_rp
        elif state in may[fate]:
            getattr(office, fate)()
            state = becomes[fate]
            settled_rp = office.published[-1]
        else:
            with pytest.raises((Refused, NeedsAttention), match=r"closed|paid|reopened"):
                getattr(office, fate)()

        january = "period = '2021-01'"
        revisions = office.rows("payroll_revisions_v1", "revision, payable_rp", january)
        scores = office.rows("payroll_scores_v1", "revision, payable_rp", january)
        moved = office.rows("payroll_adjustments_v1", "to_revision, from_revision, difference_rp", "1 = 1")
        assert revisions == list(enumerate(office.published, 1))
        assert scores == revisions[-1:]
        assert not {to for to, _, _ in moved} & {revision for revision, _ in revisions}
        assert [start for _, start, _ in moved] == [len(revisions) + n for n in range(len(moved))]
        paid_rp = sum(payable for _, payable in scores) + sum(difference for _, _, difference in moved)
        assert paid_rp == (settled_rp or 0)
        assert state == "paid" or not moved


def test_contradicting_adjustments_are_found(central: Engine, operator: Account, another: Account) -> None:
    scan(central)
    office = Office(central, operator, another)
    office.score(1)
    office.close()
    office.pay()
    office.score(3)
    office.next()
    check(central)
    values = f"('2021-01', '{office.nip}', 2, 3, '2021-08', '{office.unit}', 5, 'r', '2026-09-07 01:00:00')"
    without_guards(central, "adjustments")
    execute(central, f"insert into adjustments values {values}")
    with pytest.raises(CheckFailed, match="1 adjustments that are not the difference of their revisions"):
        check(central)


def test_who_is_not_in_the_newer_close_stands_nowhere(
    central: Engine, operator: Account, another: Account, store: Store
) -> None:
    store("units", {"code": "U"})
    store("employees", *({"nip": nip, "unit": "U"} for nip in ("1", "2")))

    def close(*nips: str) -> None:
        people = result(*(person(nip, "U") for nip in nips))
        why = {"account": operator, "accepted_pending": None, "through": None, "rules_digest": "r", "now": NOW}
        results.publish(central, SEPTEMBER, "U", people, **why)

    close("1", "2")
    periods.reopen(central, SEPTEMBER, office="U", reason="r", account=another, now=NOW)
    close("2")
    with reading(central) as conn:
        for view in ("payroll_scores_v1", "payroll_findings_v1"):
            assert set(conn.scalars(text(f"select nip from {view}"))) == {"2"}
        assert conn.scalars(text("select employees from unit_scores_v1")).all() == [1]
        assert len(conn.execute(text("select nip from payroll_revisions_v1")).all()) == 3
        assert [card.nip for card in results.scores(conn, SEPTEMBER)] == ["2"]
    october = month_facts(central, date(2026, 10, 1), profile="tpp-model", now=NOW)
    assert october.earlier_days["nip"].to_list() == ["2"]
