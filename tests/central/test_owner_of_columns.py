"""The columnar rule of who owns a punch and the one for single punches say the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekinerja_agent.central import facts
from ekinerja_agent.central.collected.pin_owners import Enrolments
from ekinerja_agent.central.facts.punches import _owned, _resolve_slots
from ekinerja_agent.scoring.frames import schemas
from tests.central.september import day, instant

dates = st.none() | st.dates(day(1), day(10))
enrolments = st.lists(
    st.fixed_dictionaries(
        {
            "terminal": st.sampled_from(["*", "lobby", "gate"]),
            "pin": st.sampled_from(["1", "2"]),
            "nip": st.sampled_from(["ani", "budi", "citra"]),
            "valid_from": dates,
            "valid_to": dates,
        }
    ),
    max_size=8,
)
slots = st.lists(
    st.tuples(
        st.sampled_from(["lobby", "gate"]), st.integers(1, 2), st.sampled_from(["1", "2", "3"]), st.integers(1, 10)
    ),
    max_size=6,
    unique_by=lambda row: (row[0], row[1], row[3]),
)


Columnar = Callable[[pl.DataFrame, pl.DataFrame, pl.DataFrame, pytest.MonkeyPatch], dict[str, str]]


@pytest.fixture(scope="module")
def columnar() -> Columnar:
    """The columnar rule, with slot owners from memory in place of the database."""

    def answer(
        recorded: pl.DataFrame, enrolled: pl.DataFrame, seen: pl.DataFrame, patch: pytest.MonkeyPatch
    ) -> dict[str, str]:
        patch.setattr("ekinerja_agent.central.facts.punches.read_frame", lambda *_: seen)
        found = _owned(_resolve_slots(None, recorded), enrolled)  # type: ignore[arg-type] # no query is made
        return dict(found.select("punch_id", "nip").rows())

    return answer


@given(
    enrolled=enrolments,
    seen=slots,
    recorded=st.lists(
        st.tuples(
            st.sampled_from(["lobby", "gate"]), st.sampled_from(["1", "2", "uid:1", "uid:2"]), st.integers(1, 10)
        ),
        max_size=8,
        unique=True,
    ),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_columns_and_single_punches_know_the_same_owner(
    enrolled: list[dict[str, Any]],
    seen: list[tuple[str, int, str, int]],
    recorded: list[tuple[str, str, int]],
    columnar: Columnar,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slot_rows = [{"terminal": t, "uid": uid, "pin": pin, "seen_at": instant(n, 8)} for t, uid, pin, n in seen]
    book = Enrolments(enrolled, slot_rows)
    single = {
        str(n): owner
        for n, (terminal, pin, on) in enumerate(recorded)
        if (owner := book.nip(terminal, pin, day(on), instant(on, 8))) is not None
    }
    punches = [
        {
            "punch_id": str(n),
            "terminal": t,
            "pin": pin,
            "clock": datetime(2026, 9, on, 8),
            "at": instant(on, 8),
            "day": day(on),
        }
        for n, (t, pin, on) in enumerate(recorded)
    ]
    punch_frame = pl.DataFrame(
        [row | {"offset_s": 0, "corrected": False} for row in punches],
        schema={
            "punch_id": pl.String,
            "terminal": pl.String,
            "pin": pl.String,
            "clock": pl.Datetime("us"),
            "at": schemas.INSTANT,
            "day": pl.Date,
            "offset_s": pl.Int64,
            "corrected": pl.Boolean,
        },
    )
    enrolled_frame = pl.DataFrame([{"id": n} | row for n, row in enumerate(enrolled)], schema=facts.ENROLMENTS)
    owner_schema = {"terminal": pl.String, "uid": pl.Int64, "pin": pl.String, "seen_at": schemas.INSTANT}
    slot_frame = pl.DataFrame(slot_rows, schema=owner_schema)
    assert columnar(punch_frame, enrolled_frame, slot_frame, monkeypatch) == single
