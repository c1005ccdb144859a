"""Records of persons of whom nobody knows whether they were there: nobody loses by one, until a person has decided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from sqlalchemy import Connection, Engine, func, select

from ekinerja_agent.central.access import accounts, audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.collected import punch_list, set_apart
from ekinerja_agent.central.imported import waiting_batches
from ekinerja_agent.central.imported.batches import revoke
from ekinerja_agent.central.store.engine import in_transaction, reading, transaction
from ekinerja_agent.central.store.tables.recorded import punches, quarantine
from ekinerja_agent.central.store.tables.recorded import set_apart as numbered
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.punch import Quarantined, Source
from ekinerja_agent.nouns.terminal import TerminalFact
from ekinerja_agent.scoring import score_month
from ekinerja_agent.terminals.identity import ClockRule
from ekinerja_agent.terminals.push_text import parse_upload
from ekinerja_agent.terminals.set_apart import set_apart as judged
from ekinerja_agent.usecases.care import quarantine as care
from tests.central.conftest import Store
from tests.central.september import NOW, bring, month, punch
from tests.scoring.conftest import rule_book

SINCE, LATER = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC)
MONDAY, TUESDAY = datetime(2026, 9, 7), datetime(2026, 9, 8)
RULE = ClockRule(ZoneInfo("Asia/Makassar"), None, 120)
WHY = {"reason": "pintu tanpa hak akses", "now": NOW}


def line(day: datetime, clock: str, pin: str = "1", code: object = 23, *more: str) -> bytes:
    fields = (f"time={day:%Y-%m-%d} {clock}", f"pin={pin}", "cardno=0", f"event={code}", "inoutstatus=0", *more)
    return "\t".join(("verifytype=15", *fields)).encode()


def uploaded(*lines: bytes, at: datetime = NOW) -> tuple[Quarantined, ...]:
    """What of an upload waits for a person."""
    return tuple(judged("lobby", parse_upload(b"\n".join(lines)).apart, clock_rule=RULE, read_at=at))


@pytest.fixture
def lobby(central: Engine, store: Store) -> Engine:
    """Ani comes at 07:20 and leaves at 16:10 every day but on the first Monday and Tuesday, of which all is proven."""
    store("units", {"code": "DINKES"})
    store("employees", {"nip": "ani", "unit": "DINKES"}, {"nip": "budi", "unit": "DINKES"})
    store("enrolments", {"pin": "1", "nip": "ani"}, {"pin": "2", "nip": "budi"})
    notes = (
        TerminalFact("lobby", "DINKES", "Asia/Makassar", enabled=True, since=SINCE),
        Coverage("lobby", None, LATER),
    )
    bring(central, punch("lobby", "1", MONDAY.replace(hour=16, minute=10)), notes=notes)
    return central


def of_day(engine: Engine, day: datetime, nip: str = "ani") -> tuple[str, list[str], str]:
    """State, codes of findings and why the day waits."""
    result = score_month(month(engine), rule_book())
    chosen = (pl.col("nip") == nip) & (pl.col("date") == day.date())
    reasons = result.pending.filter(chosen)["reason"].to_list()
    codes = result.findings.filter(chosen)["code"].to_list()
    return result.days.filter(chosen)["state"].item(), codes, "; ".join(reasons)


def numbers(engine: Engine) -> list[int]:
    return [row["number"] for row in punch_list.quarantined(engine)]


def stored(engine: Engine) -> list[tuple[str, int]]:
    with reading(engine) as conn:
        return [(row.punch_id, row.batch) for row in conn.execute(select(punches).order_by(punches.c.punch_id))]


def another(engine: Engine, by: Account, name: str = "sari") -> Account:
    return accounts.add(engine, name, roles=["operator"], by=by, now=NOW, os_user=name)


def close(engine: Engine) -> None:
    with transaction(engine) as conn:
        conn.exec_driver_sql(
            "insert into period_events (period, unit, event, revision, rules_digest, account_id, at, audit_rows) "
            "values ('2026-07', 'DINKES', 'closed', 1, 'r', 1, '2026-08-05 01:00:00', (select rows from audit_end))"
        )


@pytest.mark.parametrize("code", [20, 23, 101, "27E", 4001])
def test_who_is_set_apart_is_not_absent_until_somebody_says_so(lobby: Engine, operator: Account, code: object) -> None:
    assert of_day(lobby, TUESDAY)[:2] == ("unexcused", ["TK"])
    bring(lobby, notes=uploaded(line(TUESDAY, "07:23:10", code=code)))
    state, codes, why = of_day(lobby, TUESDAY)
    assert (state, codes) == ("pending", [])
    (number,) = numbers(lobby)
    shown = "-" if code == "27E" else code
    assert f"lobby recorded the person with event {shown}" in why
    assert f"punch quarantine --release {number}" in why
    assert of_day(lobby, TUESDAY, "budi")[:2] == ("unexcused", ["TK"]), "it is another's PIN"
    assert of_day(lobby, MONDAY)[1] != [], "and another day"
    care.dismiss(lobby, number, every=False, account=operator, **WHY)
    assert of_day(lobby, TUESDAY)[:2] == ("unexcused", ["TK"])
    assert numbers(lobby) == []


def test_a_record_that_could_change_nothing_holds_nothing(lobby: Engine) -> None:
    before = of_day(lobby, TUESDAY)
    bring(lobby, notes=uploaded(line(TUESDAY, "03:00:00")))
    assert of_day(lobby, TUESDAY) == before, "three in the morning is in no window"
    bring(lobby, punch("lobby", "1", TUESDAY.replace(hour=7, minute=20)))
    bring(lobby, punch("lobby", "1", TUESDAY.replace(hour=16, minute=20)))
    bring(lobby, notes=uploaded(line(TUESDAY, "07:20:05")))
    assert of_day(lobby, TUESDAY)[:2] == ("present", []), "there is no finding to change"


def test_a_released_event_is_a_punch_for_all_that_is_kept_and_all_that_comes(lobby: Engine, operator: Account) -> None:
    bring(
        lobby,
        notes=uploaded(
            line(TUESDAY, "07:20:00"),
            line(TUESDAY, "16:30:00"),
            line(TUESDAY, "07:20:00", "2"),
            line(TUESDAY, "07:20:00", "1", 101),
        ),
    )
    assert of_day(lobby, TUESDAY)[0] == "pending"
    done = care.release(lobby, numbers(lobby)[0], account=operator, **WHY)
    assert (done.terminal, done.code, done.records, done.waits) == ("lobby", "23", 3, False)
    assert of_day(lobby, TUESDAY)[:2] == ("present", [])
    # The one under duress is the same second of the same PIN: one punch, whatever the event was.
    assert numbers(lobby) == []
    later = uploaded(line(MONDAY, "07:25:00", "2"), line(MONDAY, "16:25:00", "2"), line(MONDAY, "12:00:00", "2", 101))
    bring(lobby, notes=later)
    bring(lobby, notes=later)
    assert of_day(lobby, MONDAY, "budi")[:2] == ("present", [])
    assert len(numbers(lobby)) == 1
    assert len(stored(lobby)) == 1 + 3 + 2
    (row,) = [row for row in audit.rows(lobby) if row["action"] == "punch.quarantine.release"]
    assert (row["details"]["records"], row["details"]["reason"]) == (3, WHY["reason"])
    assert {"terminal": "lobby", "pin": "2", "nip": "budi", "days": ["2026-09-08"]} in row["details"]["added"]


def test_a_release_is_taken_back_as_any_batch(lobby: Engine, operator: Account) -> None:
    bring(lobby, notes=uploaded(line(TUESDAY, "07:20:00"), line(TUESDAY, "16:30:00")))
    done = care.release(lobby, numbers(lobby)[0], account=operator, **WHY)
    assert of_day(lobby, TUESDAY)[:2] == ("present", [])
    assert revoke(lobby, done.batch, operator, "salah", NOW)
    assert of_day(lobby, TUESDAY)[0] == "pending"
    assert len(numbers(lobby)) == 2
    bring(lobby, notes=uploaded(line(MONDAY, "07:25:00")))
    assert len(numbers(lobby)) == 3, "and what comes is no punch any more"
    dismissed = care.dismiss(lobby, numbers(lobby)[0], every=True, account=operator, **WHY)
    assert (dismissed.records, numbers(lobby)) == (3, [])
    assert revoke(lobby, dismissed.batch, operator, "salah", NOW)
    assert len(numbers(lobby)) == 3


@pytest.mark.parametrize("approved", [True, False])
@pytest.mark.parametrize("released", [True, False])
def test_after_the_first_close_another_person_decides(
    lobby: Engine, operator: Account, *, released: bool, approved: bool
) -> None:
    close(lobby)
    other = another(lobby, operator)
    bring(lobby, notes=uploaded(line(TUESDAY, "07:20:00"), line(TUESDAY, "16:30:00")))
    number = numbers(lobby)[0]
    if released:
        done = care.release(lobby, number, account=operator, **WHY)
    else:
        done = care.dismiss(lobby, number, every=True, account=operator, **WHY)
    assert done.waits
    assert of_day(lobby, TUESDAY)[0] == "pending"
    assert len(stored(lobby)) == 1
    with pytest.raises(Refused, match="waits for another person"):
        care.dismiss(lobby, number, every=False, account=other, **WHY) if not released else care.release(
            lobby, number, account=other, **WHY
        )
    (held,) = waiting_batches.of_database(lobby)
    assert (held.batch, held.kind, held.rows) == (done.batch, "quarantine", 2)

    def decide(account: Account) -> None:
        def work(conn: Connection) -> None:
            one = waiting_batches.wait_to_decide(conn, done.batch)
            rows = waiting_batches.rows_of(conn, one)
            assert [(row["pin"], row["nip"], row["code"]) for row in rows] == [("1", "ani", "23")] * 2
            waiting_batches.decide(conn, one, approved=approved, reason="r", account=account, sheet={}, now=NOW)

        in_transaction(lobby, work)

    if approved:
        with pytest.raises(Refused, match="another person"):
            decide(operator)
    decide(other)
    wanted = ("pending", []) if not approved else ("present", []) if released else ("unexcused", ["TK"])
    assert of_day(lobby, TUESDAY)[:2] == wanted
    assert len(stored(lobby)) == (3 if released and approved else 1)
    if not approved:
        again = care.release(lobby, number, account=operator, **WHY)
        assert again.waits, "what was rejected can be asked for anew"


def test_nobody_decides_on_their_own_record_where_somebody_else_could(lobby: Engine, operator: Account) -> None:
    bring(lobby, notes=uploaded(line(TUESDAY, "07:20:00")))
    (number,) = numbers(lobby)
    employee = accounts.add(lobby, "budi", roles=["employee"], by=operator, now=NOW, os_user="budi", nip="budi")
    ani = accounts.add(lobby, "ani", roles=["operator"], by=operator, now=NOW, os_user="ani", nip="ani")
    for decide in (care.release, lambda *rest, **more: care.dismiss(*rest, every=True, **more)):
        with pytest.raises(Refused, match="your own"):
            decide(lobby, number, account=ani, **WHY)
    with pytest.raises(Refused, match="another person"):
        care.dismiss(lobby, number, every=False, account=ani, **WHY)
    with pytest.raises(Refused):
        care.release(lobby, number, account=employee, **WHY)
    with pytest.raises(Refused):
        care.retry(lobby, tolerance_s=120, account=employee, now=NOW)
    with pytest.raises(WrongUsage, match="reason"):
        care.release(lobby, number, reason=" ", account=operator, now=NOW)
    with pytest.raises(WrongUsage, match="no number"):
        care.release(lobby, number + 7, account=operator, **WHY)
    care.dismiss(lobby, number, every=False, account=operator, **WHY)
    with pytest.raises(Refused, match="waits no more"):
        care.dismiss(lobby, number, every=False, account=operator, **WHY)


def test_a_card_that_names_no_pin_holds_whoever_it_may_have_been(lobby: Engine, operator: Account) -> None:
    card = b"time=2026-09-08 07:20:00\tpin=0\tcardno=12345\tevent=0\tverifytype=4"
    bring(lobby, notes=uploaded(card))
    assert of_day(lobby, TUESDAY)[0] == "pending"
    assert of_day(lobby, TUESDAY, "budi")[0] == "pending"
    (number,) = numbers(lobby)
    with pytest.raises(Refused, match="nobody knows whose"):
        care.release(lobby, number, account=operator, **WHY)
    care.dismiss(lobby, number, every=False, account=operator, **WHY)
    assert of_day(lobby, TUESDAY)[:2] == ("unexcused", ["TK"])


def test_the_list_says_how_many_of_which_event_wait_of_how_many_people(lobby: Engine) -> None:
    lines = [line(TUESDAY, f"07:2{n}:00", pin) for n, pin in ((0, "1"), (1, "1"), (2, "2"))]
    bring(lobby, notes=uploaded(*lines, line(TUESDAY, "09:00:00", "2", 101)))
    with reading(lobby) as conn:
        told = set_apart.waiting_by_terminal(conn, ["lobby", "gate"], SINCE.replace(tzinfo=None))
        assert set_apart.waiting_by_terminal(conn, ["lobby"], LATER.replace(tzinfo=None)) == {}
    assert {terminal: str(each) for terminal, each in told.items()} == {
        "lobby": "4 records are set apart, of 2 PINs: event 23 (3) and 101 (1); `punch quarantine` shows them"
    }


def test_the_same_delivery_twice_numbers_a_record_once(lobby: Engine) -> None:
    notes = uploaded(line(TUESDAY, "07:20:00"), line(TUESDAY, "07:20:00", "1", 23, "index=7"))
    bring(lobby, notes=notes)
    before = numbers(lobby)
    bring(lobby, notes=notes)
    assert numbers(lobby) == before
    assert len(before) == 2


def test_what_is_older_than_what_retention_took_waits_no_more(lobby: Engine) -> None:
    bring(lobby, notes=uploaded(line(MONDAY, "07:20:00"), line(TUESDAY, "07:20:00"), line(TUESDAY, "09:00:00")))
    assert len(numbers(lobby)) == 3
    with transaction(lobby) as conn:
        conn.exec_driver_sql(
            "insert into purges (before, rows, first_clock, last_clock, digest, account_id, at) values "
            "('2026-09-08', 1, '2026-09-07 01:00:00', '2026-09-07 01:00:00', 'd', 1, '2026-10-01 01:00:00')"
        )
    assert len(numbers(lobby)) == 2


def test_one_record_in_two_forms_is_dismissed_once(lobby: Engine, operator: Account) -> None:
    bring(lobby, notes=uploaded(line(TUESDAY, "07:20:00")))
    (number,) = numbers(lobby)
    later = b"transaction pin=1\teventtype=23\tverified=15\tinoutstate=0\ttime_second=857719200\tindex=9"
    bring(lobby, notes=uploaded(later))
    assert len(numbers(lobby)) == 2
    care.dismiss(lobby, number, every=False, account=operator, **WHY)
    assert numbers(lobby) == []
    bring(lobby, notes=uploaded(line(TUESDAY, "07:20:00", "1", 23, "index=7")))
    assert numbers(lobby) == [], "and not again, as often as it comes"
    assert of_day(lobby, TUESDAY)[:2] == ("unexcused", ["TK"])


def older(raw: bytes, why: str, at: datetime = NOW, position: int = 1) -> Quarantined:
    """A record as an earlier version kept it: its bytes alone."""
    return Quarantined("lobby", Source.PUSH, position, raw, why, at)  # type: ignore[arg-type]


UNREAD = "an upload `{}`, which this version does not read; its bytes are kept, and may be punches"


def test_kept_bytes_become_what_this_version_reads_in_them_and_nothing_twice(lobby: Engine, operator: Account) -> None:
    arrive, leave = line(TUESDAY, "07:20:00", code=3), line(TUESDAY, "16:30:00", code=0)
    replay = b"transaction pin=1\tverified=15\teventtype=3\tinoutstate=0\ttime_second=857719200"
    bring(
        lobby,
        notes=(
            older(arrive, UNREAD.format("rtlog")),
            older(leave, "the PIN is 'time=2026-09-08 16:30:00'", position=2),
            older(replay, UNREAD.format("transaction"), NOW + timedelta(hours=1), 2),
            older(line(TUESDAY, "12:00:00"), UNREAD.format("rtlog"), position=3),
            older(line(TUESDAY, "13:00:00", code=3), UNREAD.format("sesuatubaru")),
            older(line(TUESDAY, "13:00:00", code=3), UNREAD.format("/cdata")),
            older(b"pin=0\tevent=206\ttime=2026-09-08 05:00:00", UNREAD.format("rtlog"), position=4),
            older(b"\x01\x02", UNREAD.format("attlog/packed")),
            older(b"apa saja", "the PIN is missing", position=5),
        ),
    )
    done = care.retry(lobby, tolerance_s=120, account=operator, now=NOW)
    assert (done.looked_at, done.read, done.punches) == (9, 5, 2)
    assert of_day(lobby, TUESDAY)[:2] == ("present", [])
    waiting = list(punch_list.quarantined(lobby))
    assert sorted((row["pin"] or "", row["code"] or "", row["raw"][:4]) for row in waiting) == [
        ("", "", b"\x01\x02"),
        ("", "", b"apa "),
        ("", "", b"veri"),
        ("", "", b"veri"),
        ("1", "23", b"veri"),
    ]
    again = care.retry(lobby, tolerance_s=120, account=operator, now=NOW)
    assert (again.read, again.punches) == (0, 0)
    # The terminal sends it all again, and this time it is read at once.
    fresh = parse_upload(b"\n".join((arrive, leave))).decoded.records
    bring(lobby, *(punch("lobby", record.pin, record.clock) for record in fresh))
    assert len(stored(lobby)) == 1 + 2
    assert [row["action"] for row in audit.rows(lobby)].count("punch.quarantine.retry") == 1


def test_a_record_that_was_set_apart_without_its_person_gets_one_by_reading_it_again(
    lobby: Engine, operator: Account
) -> None:
    (today,) = uploaded(line(TUESDAY, "07:20:00"))
    bring(lobby, notes=(older(today.raw, today.reason),))
    assert of_day(lobby, TUESDAY)[0] == "unexcused"
    assert care.retry(lobby, tolerance_s=120, account=operator, now=NOW).read == 1
    assert of_day(lobby, TUESDAY)[0] == "pending"
    assert [row["pin"] for row in punch_list.quarantined(lobby)] == ["1"]
    assert care.retry(lobby, tolerance_s=120, account=operator, now=NOW).read == 0


def test_every_row_of_the_quarantine_has_a_number(lobby: Engine) -> None:
    bring(lobby, notes=(older(b"x", "no PIN"), *uploaded(line(TUESDAY, "07:20:00"))))
    with reading(lobby) as conn:
        rows = conn.scalar(select(func.count()).select_from(quarantine))
        assert conn.scalar(select(func.count(numbered.c.quarantine_id.distinct()))) == rows
