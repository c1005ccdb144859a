"""After a clock reset a block of punches gets its true time: asked by one, approved by another, the clock kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, select

from ekinerja_agent.central.access import accounts, audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.collected import redatings
from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.collected.punch_list import punch_rows
from ekinerja_agent.central.facts import month_facts
from ekinerja_agent.central.imported.batches import store_batch
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables.recorded import punches, stale_days
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.punch import Quarantined, Source
from ekinerja_agent.terminals.identity import RESET_REASON
from ekinerja_agent.terminals.wire.log import decode_record
from ekinerja_agent.usecases.care import redate
from tests.care.conftest import Post
from tests.proof.at_once import at_once

NIP = "199001012015011001"
NOW = datetime(2026, 9, 30, 2, 0, tzinfo=UTC)
SEPTEMBER = date(2026, 9, 1)
RESET = datetime(2000, 1, 1)
SHIFT_S = int((datetime(2026, 9, 29, 7, 0) - RESET).total_seconds())
"""Power came back on the 29th at seven."""


@pytest.fixture
def after_a_reset(post: Post) -> Post:
    """Two punches under a clock that fell to the year 2000, among five good ones, all read and in central."""
    for minute in (5, 9):
        post.device.punch("1001", RESET + timedelta(minutes=minute))
    with post.served() as terminal:
        post.desk().bring_home(terminal)
    for kind, row in (
        ("units", {"code": "DINKES", "name": "Dinas", "timezone": "Asia/Makassar"}),
        ("employees", {"nip": NIP, "name": "Ani", "unit": "DINKES", "status": "pns", "attendance": "terminal"}),
        ("enrolments", {"terminal": "lobby", "pin": "1001", "nip": NIP}),
    ):
        with transaction(post.engine) as conn:
            store_batch(conn, post.officer.id, kind, "f.csv", "sha256:0", [{**row, "row": 2}], 0, NOW)
    return post


def somebody_else(engine: Engine, officer: Account, **more: Any) -> Account:
    return accounts.add(
        engine, "budi", roles=["head"], by=officer, now=NOW, os_user="budi", **{"unit": "DINKES"} | more
    )


def ask(
    post: Post, first: datetime = RESET, last: datetime = RESET + timedelta(days=1), **changes: Any
) -> redate.Requested:
    usual = {"shift_s": SHIFT_S, "reason": "mati listrik", "account": post.officer, "now": NOW}
    return redate.request(post.engine, "lobby", first, last, **{**usual, **changes})


def seen(post: Post) -> list[tuple[str, datetime]]:
    frame = month_facts(post.engine, SEPTEMBER, profile="tpp-model", now=NOW).punches
    return list(frame.filter(nip=NIP).select("punch_id", "at").iter_rows())


def local(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 9, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def test_a_block_counts_at_its_true_time_once_another_person_approved(after_a_reset: Post) -> None:
    post = after_a_reset
    before = seen(post)
    asked = ask(post)
    assert (asked.punches, asked.from_quarantine) == (2, 2)
    assert seen(post) == before
    other = somebody_else(post.engine, post.officer)
    assert redate.decide(post.engine, asked.number, approved=True, account=other, now=NOW) == 2
    moved = [at for name, at in seen(post) if (name, at) not in before]
    assert moved == [local(29, 7, 5), local(29, 7, 9)]
    with reading(post.engine) as conn:
        clocks = set(conn.scalars(select(punches.c.clock).where(punches.c.clock < datetime(2001, 1, 1))))
        marked = set(conn.scalars(select(stale_days.c.day).where(stale_days.c.terminal == "lobby")))
    assert clocks == {RESET + timedelta(minutes=5), RESET + timedelta(minutes=9)}
    assert {date(2026, 9, 28), date(2026, 9, 29)} <= marked
    actions = [(row["actor"], row["action"]) for row in audit.rows(post.engine)][-3:]
    assert actions == [("siti", "punch.redate"), ("siti", "account.add"), ("budi", "punch.redate.approve")]


def test_the_listing_shows_the_clock_as_recorded_the_true_instant_and_the_flag(after_a_reset: Post) -> None:
    post = after_a_reset
    number = ask(post).number
    redate.decide(post.engine, number, approved=True, account=somebody_else(post.engine, post.officer), now=NOW)
    first, *_, last = punch_rows(post.engine)
    assert first["clock"] == RESET + timedelta(minutes=5)
    assert first["at"] == local(29, 7, 5)
    assert (first["flags"], first["nip"]) == ("redated", NIP)
    assert "redated" not in last["flags"]


def test_a_rejected_block_stays_where_it_was(after_a_reset: Post) -> None:
    post = after_a_reset
    before = seen(post)
    number = ask(post).number
    redate.decide(post.engine, number, approved=False, account=somebody_else(post.engine, post.officer), now=NOW)
    assert seen(post) == before
    assert [row["status"] for row in redatings.rows(post.engine)] == ["rejected"]


def test_punches_that_central_has_can_move_too_and_a_newer_approval_beats_an_older_one(after_a_reset: Post) -> None:
    post = after_a_reset
    other = somebody_else(post.engine, post.officer)
    first, last = datetime(2026, 9, 30, 7, 20), datetime(2026, 9, 30, 7, 20, 59)
    for shift_s, expected in ((-3600, local(30, 6, 20)), (-86_400, local(29, 7, 20))):
        asked = ask(post, first, last, shift_s=shift_s)
        assert (asked.punches, asked.from_quarantine) == (1, 0)
        redate.decide(post.engine, asked.number, approved=True, account=other, now=NOW)
        assert ("lobby/1001/2026-09-30T07:20:00/1", expected) in seen(post)
    assert len(seen(post)) == 2


def test_what_is_recorded_after_the_request_is_no_part_of_it(after_a_reset: Post) -> None:
    post = after_a_reset
    number = ask(post).number
    post.device.punch("1001", RESET + timedelta(minutes=7))
    post.device.now = lambda: NOW + timedelta(minutes=5)
    with post.served() as terminal:
        post.desk().bring_home(terminal)
    other = somebody_else(post.engine, post.officer)
    assert redate.decide(post.engine, number, approved=True, account=other, now=NOW) == 2
    assert local(29, 7, 7) not in [at for _, at in seen(post)]
    assert ask(post, now=NOW + timedelta(minutes=6)).punches == 3


def test_a_pushed_line_of_a_reset_clock_is_part_of_its_block_and_unread_uploads_are_of_none(
    after_a_reset: Post,
) -> None:
    post = after_a_reset
    line, unread = b"1001\t2000-01-01 00:07:00\t0\t1", b"time=2026-03-12 "
    record = decode_record(unread)
    assert record is not None  # sixteen letters pass for a record of a log
    notes = [
        Quarantined("lobby", Source.PUSH, 1, line, RESET_REASON, NOW),
        Quarantined("lobby", Source.PUSH, 1, unread, "an upload `rtlog`, which nobody reads", NOW),
    ]
    deliver(post.engine, Delivery((), tuple(notes)), NOW)
    asked = ask(post)
    assert (asked.punches, asked.from_quarantine) == (3, 3)
    redate.decide(post.engine, asked.number, approved=True, account=somebody_else(post.engine, post.officer), now=NOW)
    assert local(29, 7, 7) in [at for _, at in seen(post)]
    with pytest.raises(WrongUsage, match="no record"):
        ask(post, record.clock, record.clock, shift_s=60)


def test_nobody_decides_on_what_they_asked_for_or_on_their_own_punches(after_a_reset: Post) -> None:
    post = after_a_reset
    number = ask(post).number
    ani = accounts.add(post.engine, "ani", roles=["operator"], nip=NIP, by=post.officer, now=NOW)
    for account, words in ((post.officer, "asked for redating"), (ani, "some of these punches are your own")):
        with pytest.raises(Refused, match=words):
            redate.decide(post.engine, number, approved=True, account=account, now=NOW)
    assert [row["status"] for row in redatings.rows(post.engine)] == ["pending"]


def test_a_head_decides_on_terminals_of_their_units_alone(after_a_reset: Post) -> None:
    post = after_a_reset
    number = ask(post).number
    elsewhere = somebody_else(post.engine, post.officer, unit="DISDIK")
    with pytest.raises(Refused, match="DINKES, which budi does not head"):
        redate.decide(post.engine, number, approved=True, account=elsewhere, now=NOW)
    assert [row["status"] for row in redatings.rows(post.engine)] == ["pending"]


def test_a_decision_is_made_once(after_a_reset: Post) -> None:
    post = after_a_reset
    number = ask(post).number
    other = somebody_else(post.engine, post.officer)
    redate.decide(post.engine, number, approved=False, account=other, now=NOW)
    with pytest.raises(Refused, match="decided already"):
        redate.decide(post.engine, number, approved=True, account=other, now=NOW)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"first": datetime(2001, 1, 1), "last": datetime(2002, 1, 1)}, WrongUsage),
        ({"first": RESET + timedelta(days=2)}, WrongUsage),
        ({"shift_s": 0}, WrongUsage),
        ({"reason": " "}, WrongUsage),
        ({"shift_s": SHIFT_S + 86_400 * 2}, Refused),
    ],
)
def test_what_cannot_be_meant_is_not_asked_for(
    after_a_reset: Post, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        ask(after_a_reset, **changes)
    assert redatings.rows(after_a_reset.engine) == []


def test_a_request_that_does_not_exist_is_said_to_be_missing(post: Post) -> None:
    with pytest.raises(WrongUsage, match="no redating 7"):
        redate.decide(post.engine, 7, approved=True, account=post.officer, now=NOW)


def test_of_many_who_decide_at_once_one_does(after_a_reset: Post) -> None:
    post = after_a_reset
    number = ask(post).number
    people = [
        accounts.add(post.engine, name, roles=["head"], unit="DINKES", by=post.officer, now=NOW, os_user=name)
        for name in ("budi", "cici", "dedi", "endah")
    ]
    approve = partial(redate.decide, post.engine, number, approved=True, now=NOW)
    came = at_once([partial(approve, account=one) for one in people])
    assert came.count(2) == 1
    assert [type(one) for one in came].count(Refused) == 3
    assert [row["status"] for row in redatings.rows(post.engine)] == ["approved"]
