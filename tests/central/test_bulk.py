"""Many rows at once, some of which are there already: those that are new go in, letter by letter as they came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, select

from ekinerja_agent.central.collected.inbox import PUNCH_COLUMNS
from ekinerja_agent.central.store.bulk import insert_rows
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables.recorded import punches

CLOCK = datetime(2026, 9, 7, 7, 28, 11)
AT = datetime(2026, 9, 7, 7, 28, 11, 120_000, tzinfo=timezone(timedelta(hours=8)))
TEXTS = (
    "",
    "\\N",
    "\\",
    "a \"b\" 'c'",
    "tab\tline\nreturn\r",
    "{}, [null]",
    "null",
    "%s %(x)s :y",
    "é 漢 😀",
    "\x1b\x7f",
    " ",
)


def row(number: int, text: str) -> tuple[Any, ...]:
    odd = number % 2 == 1
    values = {
        "punch_id": f"{number}",
        "batch": 0,
        "terminal": text,
        "pin": text,
        "clock": CLOCK,
        "occurrence": number,
        "at": AT + timedelta(microseconds=number) if odd else None,
        "offset_s": -number if odd else None,
        "verify": 1,
        "state": 0,
        "work_code": 0,
        "source": "poll",
        "raw": bytes(range(256)) if odd else b"",
        "corrected": odd,
        "received_at": AT,
    }
    return tuple(values[name] for name in PUNCH_COLUMNS)


def in_utc(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value


def stored(engine: Engine) -> list[tuple[Any, ...]]:
    with reading(engine) as conn:
        found = conn.execute(select(*(punches.c[name] for name in PUNCH_COLUMNS)).order_by(punches.c.occurrence))
        return [tuple(one) for one in found]


def put(engine: Engine, rows: list[tuple[Any, ...]]) -> int:
    with transaction(engine) as conn:
        return insert_rows(conn, punches, PUNCH_COLUMNS, rows, ignore_known=True)


@pytest.mark.parametrize("known", [0, 1, len(TEXTS) // 2, len(TEXTS)])
def test_what_is_known_stays_as_it_is_and_the_rest_goes_in_as_it_came(central: Engine, known: int) -> None:
    rows = [row(number, text) for number, text in enumerate(TEXTS)]
    assert put(central, rows[:known]) == known
    changed = [row(number, "another") for number in range(known)]
    assert put(central, changed + rows[known:]) == len(rows) - known
    expected = [tuple(map(in_utc, one)) for one in rows]
    assert stored(central) == expected
    assert put(central, rows) == 0
    assert stored(central) == expected


def test_the_same_key_twice_in_one_call_is_one_row(central: Engine) -> None:
    put(central, [row(1, "first")])
    assert put(central, [row(1, "again"), row(2, "second"), row(2, "third")]) == 1
    assert [one[2] for one in stored(central)] == ["first", "second"]
