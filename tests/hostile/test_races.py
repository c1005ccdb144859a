"""Close, reopen, pay, export, import, take back, correct, object and score, in any order and two at a time, on both
databases.

Whatever wins, a month has one life: what is published is what was shown and what its facts say, what is paid is the
newest revision that payroll was handed, and the audit log knows all of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine

from ekinerja_agent.central.access import accounts, audit, published
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.closing import payments, periods
from ekinerja_agent.central.closing.objections import Disputed
from ekinerja_agent.central.schema.checks import flaws
from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.nouns.duty import Scan
from ekinerja_agent.nouns.errors import EkinerjaError, Refused
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import RuleBook
from ekinerja_agent.usecases.deciding import correct, objections
from ekinerja_agent.usecases.importing.imports import ImportFile, import_facts, revoke_batch
from ekinerja_agent.usecases.month import close, pay, score
from ekinerja_agent.usecases.month.office_draft import draft_of
from tests.hostile.closing_county import LATE, MONDAY, Closing
from tests.journey.conftest import sql
from tests.proof import databases

SEPTEMBER = date(2026, 9, 1)
NOW = datetime(2026, 11, 10, 3, tzinfo=UTC)
PROFILE = "tpp-model"


class Month(RuleBasedStateMachine):
    """Three operators; each action is one person's, and ends well or is refused."""

    template: ClassVar[str]
    book: ClassVar[RuleBook]

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.copy = databases.copy_of(self.template, Path(self.folder.name))
        self.url = self.copy.__enter__()
        self.engine: Engine = connect(self.url)
        first, *others = sorted(accounts.list_accounts(self.engine), key=lambda one: one.id)
        self.people: list[Account] = [first, *others]
        self.ticks = 0
        self.batches: list[int] = []

    def teardown(self) -> None:
        found = flaws(self.engine)
        self.engine.dispose()
        self.copy.__exit__(None, None, None)
        self.folder.cleanup()
        assert found == []

    def now(self) -> datetime:
        self.ticks += 1
        return NOW + timedelta(minutes=self.ticks)

    def prepare(self, who: Account) -> close.Prepared:
        return close.prepare(self.engine, self.book, SEPTEMBER, profile=PROFILE, now=self.now(), account=who)

    def closes(self, who: Account) -> None:
        close.publish(self.engine, self.prepare(who), account=who, now=self.now())

    def reopens(self, who: Account) -> None:
        periods.reopen(self.engine, SEPTEMBER, office=None, reason="r", account=who, now=self.now())

    def exports(self, who: Account) -> None:
        out = Path(self.folder.name) / f"{self.now():%H%M}.csv"
        pay.export(self.engine, SEPTEMBER, out, office=None, account=who, now=self.now())

    def pays(self, who: Account) -> None:
        shown = pay.to_pay(self.engine, SEPTEMBER, None, pay.Named("SP2D"), account=who)
        payments.mark_paid(self.engine, SEPTEMBER, shown, document="SP2D", account=who, now=self.now())

    def corrects(self, who: Account) -> None:
        day = date(2026, 9, 8 + self.ticks % 3)
        scanned = correct.Scanned(LATE, day, Scan.ARRIVE, time(9, 10 + self.ticks % 40))
        number = correct.add(self.engine, scanned, document="SK", account=who, now=self.now())
        another = next(one for one in self.people if one.id != who.id)
        kind = {"rules": self.book, "profile": PROFILE}
        correct.approve(self.engine, number, account=another, now=self.now(), **kind)

    def brings(self, who: Account) -> None:
        row = f"{LATE},Ani,DINKES,{4_000_000 + self.ticks * 100_000}"
        file = ImportFile("e.csv", f"nip,name,unit,allowance_rp\n{row}\n".encode())
        brought = import_facts(self.engine, who, "employees", file, now=self.now(), profile=PROFILE, rules=self.book)
        assert brought.batch is not None
        self.batches.append(brought.batch)

    def takes_back(self, who: Account) -> None:
        batch = self.batches[-1] if self.batches else 2
        revoke_batch(self.engine, who, batch, "r", now=self.now())

    def objects(self, who: Account) -> None:
        finding = Disputed(LATE, date.fromisoformat(MONDAY), "TL3", "arrive")
        number = objections.add(self.engine, finding, reason="r", account=who, now=self.now())
        another = next(one for one in self.people if one.id != who.id)
        objections.decide(self.engine, number, accepted=False, reason="r", account=another, now=self.now())

    def scores(self, _: Account) -> None:
        score.run(self.engine, self.book, SEPTEMBER, profile=PROFILE, now=self.now())

    ACTIONS: ClassVar[Mapping[str, Callable[[Month, Account], None]]] = {
        "close": closes,
        "reopen": reopens,
        "export": exports,
        "pay": pays,
        "correct": corrects,
        "bring": brings,
        "take back": takes_back,
        "object": objects,
        "score": scores,
    }

    def does(self, what: str, who: int) -> bool:
        """Let somebody do something; tell whether it was not refused."""
        try:
            self.ACTIONS[what](self, self.people[who])
        except EkinerjaError:
            return False
        return True

    @rule(what=st.sampled_from(sorted(ACTIONS)), who=st.integers(0, 2))
    def one_acts(self, what: str, who: int) -> None:
        self.does(what, who)

    @rule(what=st.sampled_from(sorted(ACTIONS)), other=st.sampled_from(["close", "reopen", "pay", "export", "bring"]))
    def two_act_at_once(self, what: str, other: str) -> None:
        ready, broke = threading.Barrier(2), list[BaseException]()

        def act(action: str, who: int) -> None:
            try:
                ready.wait(30)
                self.does(action, who)
            except BaseException as error:  # noqa: BLE001 - raised below, in the test's own thread
                broke.append(error)

        threads = [threading.Thread(target=act, args=pair) for pair in ((what, 1), (other, 2))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if broke:
            raise broke[0]

    @rule(who=st.integers(0, 2), what=st.sampled_from(["bring", "correct", "close", "object"]), other=st.integers(0, 2))
    def a_close_asks_while_another_acts(self, who: int, what: str, other: int) -> None:
        try:
            prepared = self.prepare(self.people[who])
        except Refused:
            return
        moved = self.does(what, other)
        drafts = {office: draft_of(self.engine, prepared.how, office) for office in prepared.offices}
        try:
            closed = close.publish(self.engine, prepared, account=self.people[who], now=self.now())
        except Refused:
            assert moved, "nothing had moved"
            return
        for one in closed:
            assert drafts[one.unit].equals(prepared.by_office[one.unit]), "another draft than the one that was shown"

    @invariant()
    def the_log_knows_all_that_is_published(self) -> None:
        with reading(self.engine) as conn:
            audit.walk(conn)
            assert published.verify(conn).wrong == ()

    @invariant()
    def what_is_paid_is_the_newest_revision_that_payroll_was_handed(self) -> None:
        for paid in sql(self.url, "select * from period_payments"):
            of_unit = f"where period = '2026-09' and unit = '{paid['unit']}'"
            (newest,) = sql(self.url, f"select max(revision) as n from period_events {of_unit}")
            assert paid["revision"] == newest["n"]
            handed = sql(self.url, f"select * from payroll_exports {of_unit} and revision = {paid['revision']}")
            (stands,) = sql(
                self.url,
                "select count(*) as people, sum(payable_rp) as payable_rp from payroll_scores_v1 "
                f"where unit_code = '{paid['unit']}' and revision = {paid['revision']}",
            )
            assert stands["people"] in {one["people"] for one in handed}
            assert stands["payable_rp"] in {one["payable_rp"] for one in handed}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_t33_t43_whatever_happens_at_once_a_month_has_one_life(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    template = request.getfixturevalue(f"{database}_september")
    rules = load_rulebook(Closing(tmp_path, template).directory / "rules")
    machine = type("OfOneDatabase", (Month,), {"template": template, "book": rules})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6,
            phases=(Phase.generate,),
            stateful_step_count=6,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
