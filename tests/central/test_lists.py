"""What people look at: punches with their owner, PINs without one, quarantine, terminals, the evidence of a point."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.collected import punch_list
from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.collected.terminal_list import terminal_rows
from ekinerja_agent.central.imported.batches import revoke, store_punch_batch
from ekinerja_agent.central.scored import evidence
from ekinerja_agent.central.scored.evidence import PunchBehind
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.delivery import Delivery, Note
from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from ekinerja_agent.nouns.terminal import TerminalFact, TerminalStatus
from tests.central.conftest import Store

NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)
DAY = datetime(2026, 9, 7, tzinfo=UTC)


def punch(n: int, *, pin: str = "1", terminal: str = "lobby", source: Source = Source.POLL, **more: Any) -> Punch:
    clock = datetime(2026, 9, n, 8)
    fields = {"at": (clock - timedelta(hours=8)).replace(tzinfo=UTC), "offset_s": 2, "corrected": False} | more
    return Punch(
        terminal, pin, clock, 1, fields["at"], fields["offset_s"], 15, 4, 0, source, b"\x01", fields["corrected"]
    )


def bring(engine: Engine, *punches: Punch, notes: tuple[Note, ...] = ()) -> None:
    deliver(engine, Delivery(punches, notes), NOW)


@pytest.fixture
def county(central: Engine, store: Store) -> Engine:
    store("units", {"code": "DINKES"}, {"code": "BKD"})
    store("employees", {"nip": "ani", "unit": "DINKES"}, {"nip": "budi", "unit": "BKD"})
    store("enrolments", {"pin": "1", "nip": "ani"}, {"pin": "2", "nip": "budi", "valid_from": date(2026, 9, 8)})
    fact = TerminalFact("lobby", "DINKES", "Asia/Makassar", enabled=True, since=DAY)
    bring(central, punch(9, pin="2"), punch(7), punch(7, pin="2"), punch(8, terminal="gate", pin="9"), notes=(fact,))
    return central


def listed(engine: Engine, **filters: Any) -> list[tuple[str, str | None]]:
    return [(row["punch_id"], row["nip"]) for row in punch_list.punch_rows(engine, **filters)]


def test_punches_come_in_order_of_their_clock_with_their_owner(county: Engine) -> None:
    assert listed(county) == [
        ("lobby/1/2026-09-07T08:00:00/1", "ani"),
        ("lobby/2/2026-09-07T08:00:00/1", None),
        ("gate/9/2026-09-08T08:00:00/1", None),
        ("lobby/2/2026-09-09T08:00:00/1", "budi"),
    ]
    assert next(punch_list.punch_rows(county)) == {
        "terminal": "lobby",
        "pin": "1",
        "clock": datetime(2026, 9, 7, 8),
        "at": datetime(2026, 9, 7, tzinfo=UTC),
        "offset_s": 2,
        "verify": 15,
        "state": 4,
        "source": "poll",
        "nip": "ani",
        "flags": "",
        "punch_id": "lobby/1/2026-09-07T08:00:00/1",
    }


def test_each_filter_leaves_what_it_names(county: Engine) -> None:
    assert len(listed(county, first=date(2026, 9, 8))) == 2
    assert len(listed(county, last=date(2026, 9, 7))) == 2
    assert listed(county, nip="budi") == [("lobby/2/2026-09-09T08:00:00/1", "budi")]
    assert listed(county, terminal="gate") == [("gate/9/2026-09-08T08:00:00/1", None)]
    assert listed(county, office="BKD") == [("lobby/2/2026-09-09T08:00:00/1", "budi")]
    assert [owner for _, owner in listed(county, office="DINKES")] == ["ani", None]


def test_flags_say_what_is_special(central: Engine, operator: Account) -> None:
    bring(central, punch(7, corrected=True))
    store_punch_batch(central, operator.id, "punches", "f", "d", [punch(8, at=None, source=Source.FILE)], [], [], NOW)
    assert [row["flags"] for row in punch_list.punch_rows(central)] == ["corrected unmatched", "unmatched no_zone"]


def seen(central: Engine, ids: list[str]) -> list[PunchBehind]:
    with reading(central) as conn:
        return evidence.punches(conn, ids)


def test_a_punch_with_two_witnesses_is_listed_once_as_the_collector_saw_it(central: Engine, operator: Account) -> None:
    bring(central, punch(7))
    given = [punch(7, source=Source.FILE), punch(8, source=Source.FILE)]
    batch = store_punch_batch(central, operator.id, "punches", "usb.csv", "d", given, [], [], NOW).batch
    assert [row["source"] for row in punch_list.punch_rows(central)] == ["poll", "file"]
    first, second = seen(central, [punch(8).punch_id, punch(7).punch_id, "unknown"])
    assert (first.source, first.batch, first.file_name, first.witnesses) == ("poll", 0, None, 2)
    assert (second.batch, second.file_name, second.raw, second.received_at) == (
        batch,
        "usb.csv",
        b"\x01",
        NOW,
    )
    revoke(central, batch, operator, "r", NOW)
    assert [row["source"] for row in punch_list.punch_rows(central)] == ["poll"]
    assert [row.witnesses for row in seen(central, [punch(7).punch_id, punch(8).punch_id])] == [1]


def test_pins_without_a_person_are_counted(county: Engine) -> None:
    bring(county, punch(3, terminal="gate", pin="9"))
    assert list(punch_list.unmatched(county)) == [
        {
            "terminal": "gate",
            "pin": "9",
            "punches": 2,
            "first": datetime(2026, 9, 3, 8),
            "last": datetime(2026, 9, 8, 8),
        },
        {
            "terminal": "lobby",
            "pin": "2",
            "punches": 1,
            "first": datetime(2026, 9, 7, 8),
            "last": datetime(2026, 9, 7, 8),
        },
    ]


def test_quarantine_shows_the_bytes_and_forgets_files_that_were_taken_back(central: Engine, operator: Account) -> None:
    bring(central, notes=(Quarantined("lobby", Source.POLL, 7, b"\xff", "30 February", DAY),))
    record = Quarantined("box", Source.FILE, 3, b"x", "no PIN", NOW)
    batch = store_punch_batch(central, operator.id, "punches", "f", "d", [], [record], [], NOW).batch
    assert [(row["terminal"], row["raw"], row["reason"]) for row in punch_list.quarantined(central)] == [
        ("lobby", b"\xff", "30 February"),
        ("box", b"x", "no PIN"),
    ]
    revoke(central, batch, operator, "r", NOW)
    assert [row["terminal"] for row in punch_list.quarantined(central)] == ["lobby"]


def test_an_export_is_written_to_the_log(central: Engine, operator: Account) -> None:
    punch_list.record_export(central, operator, rows=5, digest="sha256:0", filters={"nip": "1"}, now=NOW)
    *_, row = audit.rows(central)
    assert (row["actor"], row["action"], row["details"]) == (
        "root",
        "punch.export",
        {"rows": 5, "digest": "sha256:0", "filters": {"nip": "1"}},
    )


def hour(n: int) -> datetime:
    return DAY + timedelta(hours=n)


def row_of(engine: Engine, *stretches: tuple[int | None, int, str]) -> dict[str, Any]:
    notes = tuple(
        Coverage("lobby", None if start is None else hour(start), hour(end), kind)  # type: ignore[arg-type] # from the test
        for start, end, kind in stretches
    )
    bring(engine, notes=notes)
    (row,) = terminal_rows(engine)
    return row


@pytest.mark.parametrize(
    ("stretches", "until", "newest", "older_holes"),
    [
        ([(None, 5, "proven")], 5, (None, 5), 0),
        ([(1, 2, "proven"), (2, 3, "proven")], 3, (1, 3), 0),
        ([(1, 2, "proven"), (3, 4, "proven")], 2, (3, 4), 1),
        ([(1, 9, "proven"), (2, 3, "proven"), (5, 7, "proven")], 9, (1, 9), 0),
        ([(1, 9, "proven"), (2, 3, "proven"), (10, 12, "proven"), (13, 14, "proven")], 9, (13, 14), 2),
        ([(1, 2, "proven"), (2, 8, "silent"), (8, 9, "proven")], 9, (1, 9), 0),
        ([(4, 5, "proven"), (None, 3, "proven")], 3, (4, 5), 1),
        ([(2, 5, "proven"), (None, 3, "proven")], 5, (None, 5), 0),
    ],
)
def test_a_log_is_complete_until_its_first_hole_and_proven_behind_its_last(
    central: Engine, stretches: list[Any], until: int, newest: tuple[int | None, int], older_holes: int
) -> None:
    row = row_of(central, *stretches)
    assert row["complete_until"] == hour(until)
    assert (row["proven_since"], row["proven_until"]) == tuple(None if at is None else hour(at) for at in newest)
    assert row["older_holes"] == older_holes


def test_terminals_show_what_the_collector_last_told(central: Engine) -> None:
    status = TerminalStatus("lobby", "10.0.0.1:4370", "CK1", "6.60", 5, 100, 2, -3, DAY, "ok")
    bring(
        central,
        notes=(
            TerminalFact("lobby", "OLD", "Asia/Makassar", enabled=True, since=DAY),
            TerminalFact("lobby", "DINKES", "Asia/Makassar", enabled=True, since=hour(1)),
            TerminalFact("gate", "BKD", "Asia/Makassar", enabled=False, since=DAY),
            status,
            Coverage("lobby", None, hour(2)),
        ),
    )
    gate, lobby = terminal_rows(central)
    assert lobby == {
        "id": "lobby",
        "office": "DINKES",
        "address": "10.0.0.1:4370",
        "serial": "CK1",
        "firmware": "6.60",
        "records": 5,
        "capacity": 100,
        "users": 2,
        "clock_offset_s": -3,
        "last_contact": DAY,
        "complete_until": hour(2),
        "state": "ok",
        "proven_since": None,
        "proven_until": hour(2),
        "older_holes": 0,
    }
    assert (gate["id"], gate["state"], gate["complete_until"], gate["serial"]) == ("gate", "disabled", None, None)
