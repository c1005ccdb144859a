"""Many who enter, bring and decide at the same moment: no minute is there twice, and nothing is decided twice.

What is asked before something is stored is asked in the transaction that stores it, on both databases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from ekinerja_agent.central.access import accounts, audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.imported import activities, batches, corrections, waiting
from ekinerja_agent.central.imported.import_lookups import StoredFacts
from ekinerja_agent.central.imported.waiting import ABSENCE
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables.feed import feed_activities
from ekinerja_agent.nouns.errors import EkinerjaError, ProblemsFound, Refused
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import RuleBook, Scan
from ekinerja_agent.usecases.deciding import activities as life
from ekinerja_agent.usecases.deciding import correct, deadlines, documents
from ekinerja_agent.usecases.deciding.activities import Desk, Work
from ekinerja_agent.usecases.importing import feed
from ekinerja_agent.usecases.importing.imports import Imported, ImportFile, import_facts
from tests.imports.test_corrections import rules as rules  # noqa: PLC0414 - a fixture
from tests.imports.test_corrections import shipped as shipped  # noqa: PLC0414 - a fixture
from tests.proof.at_once import at_once, outcome

ANI, BUDI, CICI, HEAD, REGENT = (f"19900101201501100{number}" for number in range(1, 6))
NOW = datetime(2026, 9, 30, 2, tzinfo=UTC)
DAY = date(2026, 9, 29)
RULES = Path(__file__).parents[2] / "config" / "rules"
HEADER = "id,nip,date,start,end,description,status"


@pytest.fixture(scope="module")
def book() -> RuleBook:
    return load_rulebook(RULES)


class Office:
    """DINKES below KAB: Ani and Budi are led by the head, the head by the regent; accounts for all of them."""

    def __init__(self, engine: Engine, book: RuleBook) -> None:
        self.engine, self.book = engine, book
        self.siti = accounts.actor(engine, "siti", NOW).account
        zone = {"timezone": "Asia/Makassar", "schedule": None, "profile": None}
        self.store("units", {"code": "KAB", "name": "Kabupaten", "head_nip": REGENT} | zone)
        self.store("units", {"code": "DINKES", "name": "Dinas", "parent": "KAB", "head_nip": HEAD} | zone)
        spell = {"status": "pns", "attendance": "terminal"}
        for nip in (ANI, BUDI, CICI, HEAD, REGENT):
            unit = "KAB" if nip == REGENT else "DINKES"
            self.store("employees", spell | {"nip": nip, "name": "Pegawai", "unit": unit})
        self.people = {nip: self.account(nip, nip=nip) for nip in (ANI, BUDI, HEAD, REGENT)}

    def account(self, name: str, *roles: str, **more: Any) -> Account:
        return accounts.add(self.engine, name, roles=roles or ["employee"], by=self.siti, now=NOW, **more)

    def store(self, kind: str, *rows: dict[str, Any]) -> int:
        numbered = [row | {"row": number} for number, row in enumerate(rows, 2)]
        with transaction(self.engine) as conn:
            return batches.store_batch(conn, self.siti.id, kind, f"{kind}.csv", "sha256:0", numbered, 0, NOW).batch

    def desk(self, account: Account) -> Desk:
        return Desk(self.engine, self.book, "tpp-model", account, NOW)

    def enter(self, nip: str, start: time, end: time, day: date = DAY, what: str = "Rapat", **more: Any) -> str:
        return life.add(self.desk(self.people[nip]), Work(nip, day, start, end, what), **more)

    def bring(self, kind: str, header: str, *rows: str, by: Account | None = None) -> Imported:
        file = ImportFile(f"{kind}.csv", "\n".join([header, *rows]).encode())
        return import_facts(self.engine, by or self.siti, kind, file, now=NOW, rules=self.book, profile="tpp-model")

    def activities(self, *statuses: str) -> list[dict[str, Any]]:
        with reading(self.engine) as conn:
            return [row for row in activities.rows(conn) if not statuses or row["status"] in statuses]

    def standing(self, kind: str) -> Sequence[dict[str, Any]]:
        with reading(self.engine) as conn:
            return [dict(row) for row in StoredFacts(conn).rows(kind)]


@pytest.fixture
def office(central: Engine, book: RuleBook) -> Office:
    return Office(central, book)


def refusals(outcomes: Sequence[object]) -> list[str]:
    assert all(isinstance(one, Refused) for one in outcomes if isinstance(one, EkinerjaError)), outcomes
    return [str(one) for one in outcomes if isinstance(one, Refused)]


def test_one_activity_that_is_sent_ten_times_at_once_is_there_once_and_each_is_told_its_name(office: Office) -> None:
    names = at_once([lambda: office.enter(ANI, time(9), time(10))] * 10)
    (one,) = office.activities()
    assert names == [one["id"]] * 10
    assert [row["action"] for row in audit.rows(office.engine)].count("import") == 8, "7 of the office, 1 of the ten"


def test_of_ten_that_overlap_one_is_there_and_the_others_are_told_which(office: Office) -> None:
    outcomes = at_once([partial(office.enter, ANI, time(9, n), time(10, n)) for n in range(10)])
    (one,) = office.activities()
    told = f"not entered: overlaps {one['id']} ({one['start']:%H:%M}-{one['end']:%H:%M})"
    assert refusals(outcomes) == [told] * 9


def test_ten_people_of_one_moment_do_not_stand_in_each_others_way(office: Office) -> None:
    hours = [partial(office.enter, nip, time(hour), time(hour + 1)) for nip in (ANI, BUDI) for hour in range(8, 13)]
    assert refusals(at_once(hours)) == []
    assert len(office.activities("pending")) == 10


def test_a_form_a_file_and_another_application_of_one_moment_leave_one_that_counts(office: Office) -> None:
    office.account("ekinerja_feed", feeds=["activities"])
    entry = {"nip": ANI, "date": str(DAY), "description": "Rapat", "status": "pending", "activity_id": "F"}
    with transaction(office.engine) as conn:
        conn.execute(insert(feed_activities).values(entry | {"starts": "09:30", "ends": "10:30"}))
    works: list[Callable[[], object]] = [lambda: office.enter(ANI, time(9), time(10))]
    works += [lambda: feed.drain(office.engine, office.book, profile="tpp-model", now=NOW)] * 3
    works += [partial(office.bring, "activities", HEADER, f"B{n},{ANI},{DAY},09:15,10:15,x,pending") for n in range(3)]
    refusals(at_once(works))
    (counts,) = office.activities("pending")
    rejected = office.activities("rejected")
    told = f"overlaps {counts['id']} ({counts['start']:%H:%M}-{counts['end']:%H:%M})"
    assert [row["reason"] for row in rejected] == [told] * len(rejected)
    assert {row["id"] for row in office.activities()} >= {"F", "B0", "B1", "B2"}


def test_a_file_that_is_brought_ten_times_at_once_is_there_once(office: Office) -> None:
    row = f"B,{ANI},{DAY},09:00,10:00,x,pending"
    outcomes = at_once([lambda: office.bring("activities", HEADER, row)] * 10)
    assert sorted(one.stored for one in outcomes if isinstance(one, Imported)) == [0] * 9 + [1]
    assert len(office.activities()) == 1


def test_entries_of_another_application_that_two_take_at_once_are_taken_once(office: Office) -> None:
    office.account("ekinerja_feed", feeds=["activities"])
    entry = {"nip": ANI, "date": str(DAY), "description": "Rapat", "status": "pending"}
    with transaction(office.engine) as conn:
        for n in range(5):
            conn.execute(
                insert(feed_activities).values(
                    entry | {"activity_id": f"F{n}", "starts": f"{n + 8:02}:00", "ends": f"{n + 9:02}:00"}
                )
            )
    done = at_once([lambda: feed.drain(office.engine, office.book, profile="tpp-model", now=NOW)] * 4)
    assert sorted(one.stored for one in done if isinstance(one, feed.Drained)) == [0, 0, 0, 5]


def test_a_rejected_activity_that_comes_back_is_not_approved_beside_the_one_that_took_its_time(office: Office) -> None:
    ani, head, regent = (office.desk(office.people[nip]) for nip in (ANI, HEAD, REGENT))
    first = office.enter(ANI, time(9), time(10))
    life.reject(head, first, reason="bukan tugas")
    second = office.enter(ANI, time(9, 30), time(10, 30))
    life.object_to(ani, first, reason="tugas")
    outcomes = at_once([partial(life.approve, regent, first), partial(life.approve, head, second)] * 3)
    (approved,) = office.activities("approved")
    told = refusals(outcomes)
    assert len(told) == 5
    assert sum(f"shares time with {approved['id']} (" in one for one in told) == 3, told
    (waits,) = office.activities("pending")
    deadlines.run(office.engine, office.book, profile="tpp-model", now=datetime(2026, 11, 30, tzinfo=UTC))
    (rejected,) = office.activities("rejected")
    told_why = f"overlaps {approved['id']} ({approved['start']:%H:%M}-{approved['end']:%H:%M})"
    assert (rejected["id"], rejected["reason"]) == (waits["id"], told_why)


def test_silence_approves_one_of_those_that_came_twice_before_anybody_looked(office: Office) -> None:
    work = {"nip": ANI, "date": DAY, "start": time(9), "end": time(10), "description": "x", "status": "pending"}
    office.store("activities", *(work | {"activity_id": f"A{n}"} for n in range(6)))
    later = datetime(2026, 11, 30, tzinfo=UTC)
    for _ in range(2):
        deadlines.run(office.engine, office.book, profile="tpp-model", now=later)
    assert [row["id"] for row in office.activities("approved")] == ["A0"]
    assert {row["reason"] for row in office.activities("rejected")} == {"overlaps A0 (09:00-10:00)"}


def test_a_batch_is_not_taken_back_where_its_old_minutes_were_given_to_another_activity(office: Office) -> None:
    office.account("other", "operator")
    done = f"{HEADER},approved_minutes"
    office.bring("activities", done, f"A,{ANI},{DAY},09:00,10:00,x,approved,60")
    moved = office.bring("activities", done, f"A,{ANI},{DAY},10:00,11:00,x,approved,60").batch
    other = office.bring("activities", done, f"B,{ANI},{DAY},09:00,10:00,x,approved,60").batch
    with pytest.raises(Refused, match=f"batch {moved} cannot be taken back: A and B of {ANI}"):
        batches.revoke(office.engine, moved or 0, office.siti, "r", NOW)
    assert batches.revoke(office.engine, other or 0, office.siti, "r", NOW)
    assert batches.revoke(office.engine, moved or 0, office.siti, "r", NOW)
    assert [(row["id"], f"{row['start']:%H:%M}") for row in office.activities("approved")] == [("A", "09:00")]


def test_corrections_that_come_at_once_do_not_pass_the_months_limit_together(office: Office, rules: RuleBook) -> None:
    office.book = rules  # two in a month
    rows = [f"{ANI},2026-09-{day:02},arrive,add,07:25,S,approved" for day in (1, 2, 3, 4, 7, 8)]
    header = "nip,date,scan,action,time,document,status"
    at_once([partial(office.bring, "corrections", header, row) for row in rows])
    assert [row["status"] for row in corrections.rows(office.engine)].count("approved") == 2


def test_a_pin_that_two_files_of_one_moment_give_to_two_people_is_one_persons(office: Office) -> None:
    header = "terminal,pin,nip,valid_from"
    files = [f"lobby,7,{nip},2026-09-0{n}" for n, nip in enumerate((ANI, BUDI, CICI, HEAD), 1)]
    outcomes = at_once([partial(office.bring, "enrolments", header, row) for row in files])
    assert sum(isinstance(one, ProblemsFound) for one in outcomes) == 3, outcomes
    assert len(office.standing("enrolments")) == 1


def test_a_file_that_says_pending_undoes_no_decision_of_the_same_moment(office: Office) -> None:
    head = office.account("kepala", "head", unit="DINKES", os_user="kepala")
    clerk = office.account("clerk", "operator", os_user="clerk")
    header = "nip,from,to,kind,document,status"
    days = [f"2026-09-{day:02}" for day in range(1, 11)]
    rows = [f"{ANI},{day},{day},cuti_tahunan,SI 1,pending" for day in days]
    office.bring("absences", header, *rows, by=clerk)
    numbers = [row["number"] for row in waiting.rows(office.engine, ABSENCE)]
    works: list[Callable[[], object]] = []
    for row, number in zip(rows, sorted(numbers), strict=True):
        works.append(partial(documents.approve, office.engine, ABSENCE, number, account=head, now=NOW))
        works.append(partial(office.bring, "absences", header, row, by=clerk))
    assert refusals(at_once(works)) == []
    assert [row["status"] for row in office.standing("absences")] == ["approved"] * len(rows)


def test_a_correction_is_entered_once_however_often_it_is_sent(office: Office) -> None:
    scanned = correct.Scanned(ANI, date(2026, 9, 7), Scan.ARRIVE, time(7, 25))
    send = partial(correct.add, office.engine, scanned, document="Surat 1", account=office.siti, now=NOW)
    assert len(refusals(at_once([send] * 6))) == 5
    assert len(corrections.rows(office.engine)) == 1


MINUTES = st.integers(0, 24 * 60 - 1)
STRETCH = st.one_of(
    st.tuples(MINUTES, MINUTES),
    st.tuples(st.integers(22 * 60, 24 * 60 - 1), st.integers(22 * 60, 24 * 60 - 1)),  # up to midnight
    st.tuples(st.integers(0, 120), st.integers(0, 120)),  # from midnight on
).filter(lambda stretch: stretch[0] < stretch[1])
DOINGS = st.lists(
    st.tuples(st.sampled_from(["add", "reject", "withdraw", "object", "approve"]), st.booleans(), STRETCH),
    min_size=2,
    max_size=12,
)
NUMBERS = count(1)


@pytest.fixture(params=["sqlite"])
def quick(request: pytest.FixtureRequest, tmp_path: Path, book: RuleBook) -> Iterator[Office]:
    """An office in a SQLite file: each example has a person of its own there."""
    from ekinerja_agent.central.store.engine import connect  # noqa: PLC0415
    from tests.proof import databases  # noqa: PLC0415

    with databases.copy_of(request.getfixturevalue("sqlite_template"), tmp_path) as url:
        engine = connect(url)
        yield Office(engine, book)
        engine.dispose()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(DOINGS)
def test_whatever_is_entered_and_decided_no_minute_is_approved_twice(
    quick: Office, doings: list[tuple[str, bool, tuple[int, int]]]
) -> None:
    nip = f"1990010120150{next(NUMBERS):05}"
    quick.store("employees", {"nip": nip, "name": "x", "unit": "DINKES", "status": "pns", "attendance": "terminal"})
    person = replace(quick.people[ANI], id=quick.account(nip, nip=nip).id, name=nip, nip=nip)
    desk, head, regent = quick.desk(person), quick.desk(quick.people[HEAD]), quick.desk(quick.people[REGENT])

    def own() -> list[dict[str, Any]]:
        with reading(quick.engine) as conn:
            return activities.rows(conn, nip=nip)

    for do, next_day, (first, last) in doings:
        day = DAY.replace(day=30) if next_day else DAY
        start, end = (time(minute // 60, minute % 60) for minute in (first, last))
        before = own()
        if do == "add":
            taken = [
                row
                for row in before
                if row["date"] == day
                and row["status"] not in {"rejected", "withdrawn"}
                and row["start"] < end
                and start < row["end"]
            ]
            same = [row["id"] for row in taken if (row["start"], row["end"]) == (start, end)]
            came = outcome(partial(life.add, desk, Work(nip, day, start, end, "Rapat")))
            if isinstance(came, Refused):
                assert any(f"overlaps {row['id']} (" in str(came) for row in taken)
            else:
                assert not taken or came in same
        elif before:
            one = before[first % len(before)]["id"]
            act = {"reject": life.reject, "object": life.object_to, "withdraw": life.withdraw, "approve": life.approve}
            who = desk if do in {"object", "withdraw"} else regent if next_day else head
            reason = {"reason": "x"} if do in {"reject", "object"} else {}
            if isinstance(outcome(partial(act[do], who, one, **reason)), Refused):
                assert own() == before
        approved = sorted((row["date"], row["start"], row["end"]) for row in own() if row["status"] == "approved")
        for earlier, later in pairwise(approved):
            assert earlier[0] != later[0] or earlier[2] <= later[1]
