"""Quarantined records that wait on an office's host and that a newer version reads: punches, once, or they wait on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ekinerja_agent.nouns.delivery import Receipt
from ekinerja_agent.nouns.punch import Quarantined, Source
from ekinerja_agent.spool import Spool, note_queue
from ekinerja_agent.usecases.care.quarantine import Retried, retry_here
from ekinerja_agent.usecases.collecting.push_unread import unread_records
from tests.push.conftest import pushing

AT = datetime(2026, 11, 30, 1, tzinfo=UTC)
FACE = b"time=2026-11-30 07:21:09\tpin=4711\tcardno=0\tevent=3\tinoutstatus=0\tverifytype=15\tindex=140"
REFUSED = FACE.replace(b"event=3", b"event=23")


class Office:
    """All of a configuration that is asked for."""

    def __init__(self) -> None:
        self.terminals = (pushing("t1", "S1"),)
        self.agent = self
        self.clock = self
        self.tolerance_s = 120


def retried(spool: Spool) -> Retried:
    return retry_here(spool, Office())  # type: ignore[arg-type]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(tmp_path / "spool.db")
    later = AT + timedelta(hours=1)
    made.add((), unread_records("t1", "rtlog", FACE + b"\r\n" + REFUSED + b"\r\n", AT))
    made.add(
        (), unread_records("t1", "transaction", b"transaction pin=4711\teventtype=3\ttime_second=864976869", later)
    )
    made.add((), unread_records("t1", "sesuatubaru", FACE, later))
    made.add((), [Quarantined("t1", Source.POLL, 3, b"\x01", "no date", AT)])  # type: ignore[list-item]
    return made


def named(spool: Spool) -> list[str]:
    return [punch.punch_id for punch in spool.waiting(99).punches]


def apart(spool: Spool) -> list[tuple[str, str]]:
    return [(note.apart.pin, note.code) for note in spool.quarantined() if note.apart is not None]


def test_what_is_understood_now_is_a_punch_and_counts_once(spool: Spool) -> None:
    assert retried(spool) == Retried(looked_at=4, read=3, punches=1)
    assert named(spool) == ["t1/4711/2026-11-30T07:21:09/1"]
    assert apart(spool) == [("4711", "23")]
    assert len(spool.quarantined()) == 3
    assert retried(spool) == Retried(looked_at=2)
    assert apart(spool) == [("4711", "23")]


def test_a_crash_between_leaves_everything_as_it_was(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    before = spool.quarantined()

    def pulled(*_: object) -> None:
        raise OSError("the plug")

    with monkeypatch.context() as power:
        power.setattr(note_queue, "replace_quarantined", pulled)
        with pytest.raises(OSError, match="plug"):
            retried(spool)
    assert (named(spool), spool.quarantined()) == ([], before)
    assert retried(spool).punches == 1


def test_what_left_for_central_meanwhile_may_come_twice_and_counts_once(spool: Spool) -> None:
    old = spool.quarantined()
    spool.settle(spool.waiting(99), Receipt())
    assert spool.quarantined() == []
    assert spool.read_again([], old, []) == 0
    assert spool.quarantined() == []


def test_what_is_set_apart_keeps_its_punch_in_the_queue(tmp_path: Path, spool: Spool) -> None:
    retried(spool)
    (kept,) = [note for note in spool.quarantined() if note.apart is not None]
    spool.close()
    with Spool(tmp_path / "spool.db") as again:
        assert kept in again.quarantined()
        assert kept.apart is not None
        assert kept.apart.raw == REFUSED
