"""Records of a slot that nobody owns: somebody was there, so nobody is absent beside them until the owner is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.collected.unowned_slots import unowned_message, unowned_slots
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.terminal import SlotOwner, TerminalFact
from ekinerja_agent.scoring import score_month
from tests.central.conftest import Store
from tests.central.september import WITA, bring, instant, month, punch
from tests.scoring.conftest import rule_book

SINCE, LATER = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC)
SEVEN, FOUR = datetime(2026, 9, 7, 7, 20), datetime(2026, 9, 7, 16, 10)


def proven(engine: Engine) -> list[tuple[datetime | None, datetime]]:
    return month(engine).coverage.filter(pl.col("terminal") == "lobby").sort("end").select("start", "end").rows()


@pytest.fixture
def lobby(central: Engine, store: Store) -> Engine:
    store("units", {"code": "DINKES"})
    store("employees", {"nip": "ani", "unit": "DINKES"})
    store("enrolments", {"pin": "1", "nip": "ani"})
    notes = (
        TerminalFact("lobby", "DINKES", "Asia/Makassar", enabled=True, since=SINCE),
        Coverage("lobby", None, LATER),
    )
    bring(central, *(punch("lobby", f"uid:{uid}", clock) for uid in (7, 8) for clock in (SEVEN, FOUR)), notes=notes)
    return central


def at(clock: datetime) -> datetime:
    return (clock - WITA).replace(tzinfo=UTC)


def test_the_second_of_a_record_without_an_owner_is_a_hole_until_the_owner_is_known(lobby: Engine) -> None:
    second = timedelta(seconds=1)
    cut = [(None, at(SEVEN)), (at(SEVEN) + second, at(FOUR)), (at(FOUR) + second, LATER)]
    assert proven(lobby) == cut
    bring(lobby, notes=(SlotOwner("lobby", 7, "1", instant(20, 0)), SlotOwner("gate", 8, "1", instant(20, 0))))
    assert proven(lobby) == cut, "slot 8 of this terminal has no owner yet"
    bring(lobby, notes=(SlotOwner("lobby", 8, "2", instant(20, 0)),))
    assert proven(lobby) == [(None, LATER)]


def test_a_record_of_a_corrected_clock_is_a_hole_at_both_of_its_instants(lobby: Engine) -> None:
    owners = tuple(SlotOwner("lobby", uid, str(uid), instant(20, 0)) for uid in (7, 8))
    bring(lobby, punch("lobby", "uid:9", SEVEN, timedelta(hours=1)), notes=owners)
    starts = [start for start, _ in proven(lobby)[1:]]
    assert starts == [at(SEVEN) - timedelta(hours=1, seconds=-1), at(SEVEN) + timedelta(seconds=1)]


def test_slots_without_an_owner_are_told_by_terminal(lobby: Engine) -> None:
    with reading(lobby) as conn:
        assert unowned_slots(conn, ["lobby", "gate"], SEVEN) == {"lobby": [7, 8]}
        assert unowned_slots(conn, ["lobby"], FOUR + timedelta(days=1)) == {}
    assert str(unowned_message([7, 8])) == "2 slots have records and nobody knows whose they are: 7, 8"
    assert str(unowned_message(range(30))).endswith("18, 19 …")


def test_nobody_is_absent_beside_a_record_of_a_slot_that_nobody_owns_and_who_scanned_is_judged(
    lobby: Engine, store: Store
) -> None:
    store("employees", {"nip": "budi", "unit": "DINKES"})
    store("enrolments", {"pin": "2", "nip": "budi"})
    bring(lobby, *(punch("lobby", "2", datetime(2026, 9, 7, hour, 30)) for hour in (8, 16)))

    def of_monday(nip: str) -> tuple[str, list[str]]:
        result = score_month(month(lobby), rule_book())
        chosen = (pl.col("nip") == nip) & (pl.col("date") == SEVEN.date())
        return result.days.filter(chosen)["state"].item(), result.findings.filter(chosen)["code"].to_list()

    assert of_monday("ani") == ("pending", [])
    assert of_monday("budi") == ("pending", []), "at 07:20 it may have been him, who came at 08:30"
    bring(lobby, notes=tuple(SlotOwner("lobby", uid, str(uid), instant(20, 0)) for uid in (7, 8)))
    assert of_monday("ani") == ("unexcused", ["TK"])
    assert of_monday("budi") == ("present", ["TL2"])
