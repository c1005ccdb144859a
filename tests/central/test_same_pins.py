"""A county in which every terminal numbers its PINs from 1: whose a punch is, and what is read for one office."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Connection, Engine, Select, func, select

from ekinerja_agent.central import facts
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.collected import terminal_counts
from ekinerja_agent.central.facts import candidates
from ekinerja_agent.central.imported import batches
from ekinerja_agent.central.imported.batches import revoke
from ekinerja_agent.central.imported.corrections import OnePerson
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.recorded import stale_days
from ekinerja_agent.nouns.terminal import SlotOwner, TerminalFact
from tests.central.conftest import Store
from tests.central.september import NOW, ONE_DAY, SINCE, bring, month, owners, punch

pytestmark = pytest.mark.long


def county(engine: Engine, store: Store, offices: range, *, own_pins: bool = False) -> None:
    """Offices of three people with PINs from 1 on a terminal of their own, and one with a PIN on every terminal.

    The first office has a second such person, whose PIN is another's on every terminal but on that of the hall.
    """
    store("units", *({"code": f"O{number}"} for number in offices))
    people, enrolled, punches, notes = [], [], [], []
    for number in offices:
        office, terminal = f"O{number}", f"T{number}"
        notes.append(TerminalFact(terminal, office, "Asia/Makassar", True, SINCE))
        first = 3 * number if own_pins else 0
        named = [(f"{office}-{n}", terminal, str(first + n + 1)) for n in range(3)]
        roaming = [(f"{office}-roams", "*", f"{90 + number}")]
        if number == 0:
            roaming.append(("O0-hall", "*", "2"))
        for nip, where, pin in (*named, *roaming):
            people.append({"nip": nip, "unit": office})
            enrolled.append({"terminal": where, "pin": pin, "nip": nip})
            at = "hall" if nip == "O0-hall" else terminal
            punches += [punch(at, pin, datetime(2026, 9, day, 8)) for day in range(1, 11)]
    store("employees", *people)
    store("enrolments", *enrolled)
    bring(engine, *punches, notes=tuple(notes))


@dataclass
class Counted:
    """How many rows were read from the database, and made by joins while punches were given to people."""

    read: int = 0
    joined: int = 0
    giving: bool = False


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    found = Counted()

    def counting(read: Callable[..., pl.DataFrame]) -> Callable[..., pl.DataFrame]:
        def _read(*given: Any, **named: Any) -> pl.DataFrame:
            frame: pl.DataFrame = read(*given, **named)
            found.read += frame.height
            return frame

        return _read

    for name, module in list(sys.modules.items()):
        if name.startswith("ekinerja_agent.central.facts") and hasattr(module, "read_frame"):
            monkeypatch.setattr(module, "read_frame", counting(module.read_frame))
    join = pl.LazyFrame.join

    def _join(*given: Any, **named: Any) -> pl.LazyFrame:
        frame = join(*given, **named).collect()
        found.joined += frame.height * found.giving
        return frame.lazy()

    give = facts.read_punches

    def _give(*given: Any, **named: Any) -> pl.DataFrame:
        found.giving = True
        frame = give(*given, **named)
        found.giving = False
        return frame

    monkeypatch.setattr(pl.LazyFrame, "join", _join)
    monkeypatch.setattr(facts, "read_punches", _give)
    return found


def test_two_people_with_one_pin_on_two_terminals_keep_their_own_punches(central: Engine, store: Store) -> None:
    county(central, store, range(2))
    assert {nip: sum(owner == nip for owner, _ in owners(central)) for nip, _ in owners(central)} == {
        **dict.fromkeys(("O0-0", "O0-1", "O0-2", "O0-roams", "O0-hall"), 10),
        **dict.fromkeys(("O1-0", "O1-1", "O1-2", "O1-roams"), 10),
    }
    assert all(name.startswith("T1/") for _, name in owners(central, offices=["O1"]))
    assert {name.split("/")[0] for _, name in owners(central, nips=["O0-hall"])} == {"hall"}
    assert {name.split("/")[0] for _, name in owners(central, nips=["O1-1"])} == {"T1"}


def test_a_roaming_person_is_found_on_the_terminal_of_another_office(central: Engine, store: Store) -> None:
    county(central, store, range(3))
    elsewhere = [
        punch("T2", "90", datetime(2026, 9, 14, 8)),  # nobody's on T2
        punch("T2", "2", datetime(2026, 9, 14, 8)),  # O2-1's, who is named there
        punch("nowhere", "90", datetime(2026, 9, 14, 9)),  # a terminal that no collector told of
    ]
    bring(central, *elsewhere)
    for asked in ({"nips": ["O0-roams", "O0-hall"]}, {"offices": ["O0"]}, {}):
        found = [row for row in owners(central, **asked) if "2026-09-14" in row[1] and row[0].startswith("O0")]
        assert found == [("O0-roams", elsewhere[0].punch_id), ("O0-roams", elsewhere[2].punch_id)]


@pytest.mark.parametrize(
    "asked", [{"offices": ["O1"]}, {"nips": ["O1-0"]}, {"nips": ["O1-roams"]}, {"nips": ["O1-0", "O1-2"]}], ids=str
)
def test_what_is_read_for_one_office_does_not_grow_with_the_others(
    central: Engine, store: Store, counted: Counted, asked: dict[str, Any]
) -> None:
    county(central, store, range(2))
    month(central, **asked)
    beside_one = Counted(counted.read, counted.joined)
    county(central, store, range(2, 8))
    counted.read = counted.joined = 0
    month(central, **asked)
    more_units = 6  # every office reads the table of units
    assert counted.read == beside_one.read + more_units
    assert counted.joined == beside_one.joined


def test_a_roaming_persons_pin_costs_no_punch_of_those_who_have_it_by_name(
    central: Engine, store: Store, counted: Counted
) -> None:
    county(central, store, range(2))
    month(central, nips=["O0-hall"])
    before = counted.read
    county(central, store, range(2, 8))
    counted.read = 0
    month(central, nips=["O0-hall"])
    units, rivals = 6, 6
    assert counted.read == before + units + rivals


def test_a_county_of_the_same_pins_makes_no_more_rows_than_one_of_its_own(
    central: Engine, store: Store, counted: Counted
) -> None:
    county(central, store, range(6))
    month(central)
    assert counted.joined == (6 * 4 + 1) * 10 + 6 * 10  # each punch once, and "2" once more for who has it everywhere


def test_who_had_the_pin_before_does_not_read_who_has_it_now(central: Engine, store: Store, counted: Counted) -> None:
    store("units", {"code": "O0"}, {"code": "O1"})
    store("employees", {"nip": "old", "unit": "O0"}, {"nip": "new", "unit": "O1"})
    store(
        "enrolments",
        {"terminal": "T1", "pin": "1", "nip": "old", "valid_to": date(2026, 5, 31)},
        {"terminal": "T1", "pin": "1", "nip": "new", "valid_from": date(2026, 6, 1)},
        {"terminal": "T0", "pin": "1", "nip": "old", "valid_from": date(2026, 6, 1)},
    )
    month(central, nips=["old"])
    before = counted.read
    bring(central, *(punch("T1", "1", datetime(2026, 9, day, 8)) for day in range(1, 21)))
    counted.read = 0
    assert owners(central, nips=["old"]) == []
    assert counted.read == before
    # Its clock is in September, its day was in May: it is whose the PIN was then.
    late = punch("T1", "1", datetime(2026, 9, 7, 9), timedelta(days=120))
    bring(central, late)
    assert owners(central, nips=["old"]) == [("old", late.punch_id)]
    assert late.punch_id not in {name for _, name in owners(central, nips=["new"])}


def test_more_pairs_than_one_query_takes_are_asked_in_parts(
    central: Engine, store: Store, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    county(central, store, range(3))
    whole, read = {office: owners(central, offices=[office]) for office in ("O0", "O1")}, counted.read
    monkeypatch.setattr(candidates, "_PAIRS_AT_ONCE", 2)
    counted.read = 0
    assert {office: owners(central, offices=[office]) for office in whole} == whole
    assert counted.read == read


def test_punches_are_found_by_an_index_whatever_is_asked(central: Engine) -> None:
    """On a table of any size: what else the database might choose is forbidden to it."""
    values = candidates._pair_values([(("T0", "1"), True)]) | {"pins": ["2"]}
    values |= candidates._Days(datetime(2026, 8, 31), datetime(2026, 10, 3)).values
    dialect = central.dialect.name
    by_pair, by_pin = (ask(dialect, redated=False) for ask in (candidates._of_pairs, candidates._of_pins))
    with reading(central) as conn:

        def plan(query: Select[Any]) -> str:
            sql = str(query.params(**values).compile(conn, compile_kwargs={"literal_binds": True})).replace("%%", "%")
            how = "EXPLAIN QUERY PLAN" if dialect == "sqlite" else "EXPLAIN (COSTS OFF)"
            return "\n".join(str(row[-1]) for row in conn.exec_driver_sql(f"{how} {sql}"))

        if dialect == "sqlite":
            everybody = candidates._all(redated=False)
            plans = plan(by_pair), plan(everybody)
            assert "SCAN punches" not in "".join(plans)
            assert "punches_1 (punch_id>? AND punch_id<?)" in plans[0]
            assert "ix_punches_corrected_pin_terminal_at (pin=? AND terminal=? AND at>? AND at<?)" in plans[0]
            assert "ix_punches_corrected_at (at>? AND at<?)" in plans[1]
            return
        for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
            conn.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        assert "(pin = asked.pin) AND (terminal = asked.terminal) AND (clock >=" in plan(by_pair)
        assert "(pin = '2'::text) AND (clock >=" in plan(by_pin)
        assert "Seq Scan on punches" not in plan(by_pair) + plan(by_pin)


@pytest.mark.parametrize("pin", ["12/3", "a%b", "50%%", "#7", "x'y", '"', "0/", "a,b"])
@pytest.mark.parametrize("where", ["lobby", "*"])
def test_a_pin_of_any_sign_leads_to_its_punches(central: Engine, store: Store, pin: str, where: str) -> None:
    store("units", {"code": "O0"})
    store("employees", {"nip": "ani", "unit": "O0"})
    store("enrolments", {"terminal": where, "pin": pin, "nip": "ani"})
    mine = punch("lobby", pin, datetime(2026, 9, 7, 8))
    far_off = punch("lobby", pin, datetime(2020, 1, 1, 8), datetime(2020, 1, 1) - datetime(2026, 9, 8))
    bring(central, mine, far_off, punch("lobby", "12", datetime(2026, 9, 7, 8)))
    for asked in ({"nips": ["ani"]}, {"offices": ["O0"]}, {}):
        assert owners(central, **asked) == [("ani", far_off.punch_id), ("ani", mine.punch_id)]


def test_a_terminal_whose_name_begins_another_is_another(central: Engine, store: Store) -> None:
    store("units", {"code": "O0"})
    names = ["lobby", "lobby-2", "lobby.2", "lobby_2", "lobby2", "lob"]
    store("employees", *({"nip": name, "unit": "O0"} for name in names), {"nip": "roams", "unit": "O0"})
    store("enrolments", *({"terminal": name, "pin": "1", "nip": name} for name in names))
    store("enrolments", {"pin": "2", "nip": "roams"})
    bring(central, *(punch(name, pin, datetime(2026, 9, 7, 8)) for name in names for pin in ("1", "11", "2")))
    for name in names:
        assert owners(central, nips=[name]) == [(name, f"{name}/1/2026-09-07T08:00:00/1")]
    assert len(owners(central, nips=["roams"])) == len(names)


def test_slots_lead_to_the_pin_of_their_own_terminal(central: Engine, store: Store) -> None:
    store("units", {"code": "O0"}, {"code": "O1"})
    store("employees", {"nip": "ani", "unit": "O0"}, {"nip": "budi", "unit": "O1"}, {"nip": "roams", "unit": "O1"})
    store(
        "enrolments",
        *({"terminal": terminal, "pin": "1", "nip": nip} for terminal, nip in (("T0", "ani"), ("T1", "budi"))),
        {"pin": "2", "nip": "roams"},
    )
    seen = datetime(2026, 9, 1, tzinfo=UTC)
    slots = (("T0", 7, "1"), ("T1", 7, "2"), ("T1", 8, "1"), ("T0", 9, "2"))
    notes = tuple(SlotOwner(terminal, uid, pin, seen) for terminal, uid, pin in slots)
    clock = datetime(2026, 9, 7, 8)
    bring(central, *(punch(t, f"uid:{uid}", clock) for t in ("T0", "T1") for uid in (7, 8, 9)), notes=notes)
    expected = {
        "ani": ["T0/uid:7"],
        "budi": ["T1/uid:8"],
        "roams": ["T0/uid:9", "T1/uid:7"],
    }
    for nip, names in expected.items():
        told = [(nip, f"{name}/2026-09-07T08:00:00/1") for name in names]
        assert owners(central, nips=[nip]) == told
        assert [row for row in owners(central) if row[0] == nip] == told


def test_an_enrolment_touches_nobody_who_has_the_pin_on_another_terminal(
    central: Engine, store: Store, operator: Account
) -> None:
    def counts() -> dict[str, int]:
        with reading(central) as conn:
            rows = conn.execute(select(stale_days.c.terminal, func.sum(stale_days.c.marks)).group_by("terminal"))
            return {str(subject): int(marks) for subject, marks in rows}

    store("units", {"code": "O0"})
    store("enrolments", *({"terminal": f"T{n}", "pin": "1", "nip": f"named-{n}"} for n in range(4)))
    roaming = store("enrolments", {"pin": "1", "nip": "roams"})
    assert counts().keys() == {"*", *(f"T{n}" for n in range(4)), *(f"nip:named-{n}" for n in range(4)), "nip:roams"}

    def touched(work: Callable[[], object]) -> set[str]:
        """Whom this marks again."""
        before = counts()
        work()
        return {subject for subject, marks in counts().items() if marks != before.get(subject)}

    rival = {"terminal": "T1", "pin": "1", "nip": "new", "valid_from": date(2026, 9, 10)}
    assert touched(lambda: store("enrolments", rival)) == {"T1", "nip:new", "nip:named-1", "nip:roams"}
    # On the days of a named enrolment nobody takes its punches by an enrolment on every terminal.
    assert touched(lambda: store("enrolments", {"pin": "1", "nip": "also", "valid_from": date(2026, 9, 10)})) == {
        "nip:also",
        "nip:roams",
    }
    taken_back = touched(lambda: revoke(central, roaming.batch, operator, "r", NOW))
    assert taken_back == {"nip:roams", "nip:also"}


def test_looking_for_rivals_of_a_file_reads_no_other_terminals(
    central: Engine, store: Store, operator: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    store("enrolments", *({"terminal": f"T{n}", "pin": "1", "nip": f"n{n}"} for n in range(40)))
    store("enrolments", {"pin": "1", "nip": "roams"})
    found: list[int] = []
    read = batches.with_decisions

    def counting(conn: Connection, kind: str, query: Select[Any]) -> list[dict[str, Any]]:
        rows = list(read(conn, kind, query))
        found.append(len(rows))
        return rows

    monkeypatch.setattr(batches, "with_decisions", counting)
    receipt = store("enrolments", {"terminal": "T7", "pin": "1", "nip": "n7", "valid_to": date(2026, 9, 10)})
    assert (receipt.stored, receipt.new_versions) == (1, 1)
    assert found == [2]
    judging = OnePerson(central.connect(), "n7")
    assert [row["terminal"] for row in judging.rows("enrolments")] == ["T7"]
    judging.conn.close()


def test_a_pin_that_another_terminal_gave_somebody_is_nobodys_on_this_one(central: Engine, store: Store) -> None:
    store("enrolments", {"terminal": "T0", "pin": "1", "nip": "ani"}, {"pin": "5", "nip": "roams"})
    clock = datetime(2026, 9, 7, 8)
    bring(central, *(punch(terminal, pin, clock) for terminal in ("T0", "T1") for pin in ("1", "5")))
    bring(central, punch("T1", "1", clock + ONE_DAY), punch("T1", "2", clock - ONE_DAY))
    with reading(central) as conn:
        assert terminal_counts.unmatched_since(conn, datetime(2026, 9, 7)) == 1
