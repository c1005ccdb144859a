"""Whoever had a PIN or a slot on the day of a punch owns it: by a plain second reading, and row by row."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from ekinerja_agent.central.access.accounts import Account, actor, add
from ekinerja_agent.central.collected import redatings
from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.nouns.delivery import Note
from ekinerja_agent.nouns.terminal import SlotOwner
from tests.central.conftest import Store
from tests.central.september import NOW, ONE_DAY, WITA, bring, month, owners, punch

pytestmark = pytest.mark.long

NAMES = ("T0", "T1", "T2")
PINS = ("1", "2", "a/b")
PEOPLE = ("ani", "budi", "citra", "dewi")
NAMESPACE = count()
days = st.none() | st.dates(date(2026, 8, 25), date(2026, 10, 5))
enrolments = st.lists(
    st.fixed_dictionaries(
        {
            "terminal": st.sampled_from(["*", *NAMES]),
            "pin": st.sampled_from(PINS),
            "nip": st.sampled_from(PEOPLE),
            "valid_from": days,
            "valid_to": days,
        }
    ),
    max_size=9,
    unique_by=lambda row: (row["terminal"], row["pin"], row["valid_from"]),
)
slots = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(1, 2), st.sampled_from(PINS), st.integers(-5, 35)),
    max_size=5,
    unique_by=lambda row: (row[0], row[1], row[3]),
)
offsets = st.sampled_from([timedelta(0)] * 4 + [timedelta(hours=3), timedelta(days=40), timedelta(days=-40)])
records = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from([*PINS, "uid:1", "uid:2"]),
        st.integers(-45, 75),
        st.integers(0, 23),
        offsets,
    ),
    min_size=4,
    max_size=14,
    unique_by=lambda row: row[:4],
)
moves = st.dictionaries(st.sampled_from(PEOPLE), st.dates(date(2026, 8, 20), date(2026, 10, 10)), max_size=3)
redated = st.none() | st.tuples(st.sampled_from(NAMES), st.integers(-45, 40), st.sampled_from([-30, 30, 60]))


def whose(
    terminal: str, pin: str, day: date, at: datetime, enrolled: list[dict[str, Any]], owned: list[SlotOwner]
) -> str | None:
    """A second, plain reading: the slot's owner, then who is named on the terminal, then who has the PIN on all."""
    seen = sorted((one.seen_at, one.pin) for one in owned if (one.terminal, f"uid:{one.uid}") == (terminal, pin))
    if seen:
        pin = next((owner for seen_at, owner in reversed(seen) if seen_at <= at), seen[0][1])
    for place in (terminal, "*"):
        for row in enrolled:
            holds = (row["valid_from"] or day) <= day <= (row["valid_to"] or day)
            if row["terminal"] == place and row["pin"] == pin and holds:
                return str(row["nip"])
    return None


@pytest.fixture
def second(central: Engine, operator: Account) -> Account:
    """Who decides on what the operator asked for."""
    return add(central, "second", roles=["operator"], by=operator, now=NOW, os_user="second")


@pytest.mark.usefixtures("second")
@given(enrolled=enrolments, seen=slots, recorded=records, moved=moves, shifted=redated)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whoever_is_asked_for_gets_the_punches_that_a_plain_reading_gives_them(
    central: Engine,
    store: Store,
    enrolled: list[dict[str, Any]],
    seen: list[tuple[str, int, str, int]],
    recorded: list[tuple[str, str, int, int, timedelta]],
    moved: dict[str, date],
    shifted: tuple[str, int, int] | None,
) -> None:
    """Named beside `*`, one PIN of two people, successors, moves, slots, wrong clocks and a redated block."""
    spaced = f"{next(NAMESPACE)}-"  # one database for all examples: they have no terminal in common
    begin = datetime(2026, 9, 1)

    def named(terminal: str) -> str:
        return terminal if terminal == "*" else spaced + terminal

    def own(pin: str) -> str:
        """A PIN on every terminal is one of all examples."""
        return pin if pin.startswith("uid:") else spaced + pin

    enrolled = [
        row | {"terminal": named(row["terminal"]), "pin": own(row["pin"]), "nip": spaced + row["nip"]}
        for row in enrolled
    ]
    people = [spaced + nip for nip in PEOPLE]
    store("units", *({"code": f"{spaced}{unit}"} for unit in "AB"))
    for number, nip in enumerate(people):
        here, there = (f"{spaced}{unit}" for unit in ("AB" if number % 2 else "BA"))
        day = moved.get(nip.removeprefix(spaced))
        store("employees", {"nip": nip, "unit": here, "valid_to": day and day - ONE_DAY})
        if day:
            store("employees", {"nip": nip, "unit": there, "valid_from": day})
    if enrolled:
        store("enrolments", *enrolled)
    notes: tuple[Note, ...] = tuple(
        SlotOwner(named(terminal), uid, own(pin), (begin + timedelta(days=n) - WITA).replace(tzinfo=UTC))
        for terminal, uid, pin, n in seen
    )
    punches = [
        punch(named(terminal), own(pin), begin + timedelta(days=n, hours=hour), offset)
        for terminal, pin, n, hour, offset in recorded
    ]
    bring(central, *punches, notes=notes)
    shift_of = redate(central, named(shifted[0]), begin + timedelta(days=shifted[1]), shifted[2]) if shifted else {}
    expected = set()
    for one in punches:
        assert one.at is not None
        assert one.offset_s is not None
        shift = shift_of.get(one.punch_id)
        local = one.clock + shift if shift else one.clock
        at = (local - WITA).replace(tzinfo=UTC) if shift else one.at
        near = datetime(2026, 8, 30, tzinfo=UTC) <= at < datetime(2026, 10, 3, tzinfo=UTC)
        inside = datetime(2026, 8, 31) <= one.clock < datetime(2026, 10, 3)
        day = (local - timedelta(seconds=one.offset_s if one.corrected and not shift else 0)).date()
        owner = whose(one.terminal, one.pin, day, at, enrolled, [n for n in notes if isinstance(n, SlotOwner)])
        if owner and (near if shift else inside or (one.corrected and near)):
            expected.add((owner, one.punch_id))
    on_duty = set()
    for nip in people:
        asked = month(central, nips=[nip])
        on_duty |= set(asked.spells["nip"])
        mine = {row for row in expected if row[0] == nip and nip in on_duty}
        assert set(asked.punches.select("nip", "punch_id").rows()) == mine
    for unit in "AB":
        asked = month(central, offices=[f"{spaced}{unit}"])
        there = set(asked.spells["nip"])
        assert set(asked.punches.select("nip", "punch_id").rows()) == {row for row in expected if row[0] in there}
    everybody = {row for row in owners(central) if row[0].startswith(spaced)}
    assert everybody == {row for row in expected if row[0] in on_duty}


def redate(engine: Engine, terminal: str, since: datetime, shift_days: int) -> dict[str, timedelta]:
    """Give the punches of a terminal from this clock on, for ten days, another day; return by punch how far."""
    first, second = (actor(engine, name, NOW).account for name in ("root", "second"))
    shift = timedelta(days=shift_days)
    with transaction(engine) as conn:
        block = redatings.recorded_between(conn, terminal, since, since + timedelta(days=10))
        number = redatings.request(
            conn,
            terminal,
            since,
            since + timedelta(days=10),
            shift_s=int(shift.total_seconds()),
            reason="battery",
            instants={one.punch_id: (one.clock + shift - WITA).replace(tzinfo=UTC) for one in block},
            account=first,
            now=NOW,
        )
        asked, _ = redatings.find(conn, number)
        local = {one.punch_id: (one.pin, one.clock + shift) for one in block}
        redatings.decide(conn, asked, approved=True, arriving=(), days=local, account=second, now=NOW)
    return {one.punch_id: shift for one in block}
