"""What the doctor finds in what was collected and in the rules: holes, PINs of nobody, years and decrees that miss."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.central.access import accounts
from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.config import load
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.simulator import Model, named_fault
from ekinerja_agent.terminals.identity import ClockRule
from ekinerja_agent.terminals.push_text import parse_upload
from ekinerja_agent.terminals.set_apart import set_apart
from ekinerja_agent.usecases.care.terminals import overview
from ekinerja_agent.usecases.watching.doctor import State
from ekinerja_agent.usecases.watching.doctor.holidays import needed_years
from tests.doctor.conftest import Ward

UNIT = {"code": "DINKES", "name": "Dinas Kesehatan", "timezone": "Asia/Makassar"}


def test_a_log_that_was_cleared_by_hand_leaves_a_hole(ward: Ward) -> None:
    device = ward.terminal("gate")
    ward.collect("gate")
    device.clear()
    device.punch("1001", ward.now + timedelta(minutes=30))
    ward.after(hours=1)
    ward.collect("gate")
    ward.after(minutes=5)
    ward.collect("gate")
    (found,) = ward.wrong("coverage")
    assert found.subject == "gate"
    assert "not proven to be complete from" in found.finding
    assert "import attlog" in found.what_to_do


def test_a_hole_of_long_ago_is_not_told(ward: Ward) -> None:
    device = ward.terminal("gate")
    ward.collect("gate")
    device.clear()
    ward.after(hours=1)
    device.punch("1001")
    for _ in range(2):
        ward.collect("gate")
        ward.after(minutes=5)
    assert len(ward.wrong("coverage")) == 1
    ward.after(days=32)
    for name in ("lobby", "gate"):
        ward.collect(name)
    assert ward.wrong("coverage") == []


def test_holes_are_counted(ward: Ward) -> None:
    device = ward.terminal("gate")
    ward.collect("gate")
    for _ in range(3):
        device.clear()
        ward.after(hours=1)
        device.punch("1001")
        for _ in range(2):
            ward.collect("gate")
            ward.after(minutes=5)
    (found,) = ward.wrong("coverage")
    assert "3 times, first from" in found.finding


def test_a_terminal_of_which_nothing_is_proven(ward: Ward) -> None:
    ward.terminal("gate")
    (found,) = ward.wrong("coverage")
    assert (found.subject, found.finding) == ("gate", "nothing of it is proven to be in central")


def test_a_weekend_is_no_reason_to_worry_and_four_days_are(ward: Ward) -> None:
    ward.after(hours=64)
    assert ward.wrong("coverage") == []
    ward.after(hours=24)
    (found,) = ward.wrong("coverage")
    assert found.finding.startswith("nothing since ")


def test_the_centre_looks_at_every_terminal_that_a_collector_told_of(ward: Ward) -> None:
    ward.roles, ward.terminals = ["score"], []
    ward.configure()
    assert ward.wrong("coverage") == []
    ward.after(days=4)
    assert [each.subject for each in ward.wrong("coverage")] == ["lobby"]


def test_a_terminal_that_is_switched_off_in_the_file_is_no_concern(ward: Ward) -> None:
    ward.terminals[0]["enabled"] = False
    ward.configure()
    ward.after(days=10)
    assert ward.wrong("coverage") == []


def test_a_change_of_power_that_nobody_confirmed(ward: Ward) -> None:
    root = accounts.actor(ward.central, "root", ward.now).account
    sari = accounts.add(ward.central, "sari", roles=["operator"], os_user="sari", by=root, now=ward.now)
    assert ward.wrong("accounts") == []
    with pytest.raises(Refused, match="waits as change 1"):
        accounts.disable(ward.central, "sari", by=root, now=ward.now)
    (found,) = ward.wrong("accounts")
    assert found.subject == "sari"
    assert "root asked on" in found.finding
    accounts.refuse(ward.central, 1, by=sari, now=ward.now)
    assert ward.wrong("accounts") == []


def test_a_pin_without_a_person(ward: Ward) -> None:
    device = ward.terminal("gate")
    for pin in (*range(2001, 2014), 1001, 2001):
        device.punch(str(pin), ward.now - timedelta(minutes=1))
    ward.collect("gate")
    (found,) = ward.wrong("pins")
    assert found.subject == "gate"
    assert found.finding.endswith("2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009, 2010 and 3 more")
    assert "1001" not in found.finding
    ward.store("enrolments", *({"terminal": "gate", "pin": str(pin), "nip": f"X{pin}"} for pin in range(2001, 2014)))
    assert ward.wrong("pins") == []


def test_a_pin_whose_person_left_and_one_that_nobody_uses_any_more(ward: Ward) -> None:
    device = ward.terminal("gate")
    today = ward.now.date()
    device.punch("7", ward.now - timedelta(minutes=1))
    device.punch("8", ward.now - timedelta(days=40))
    ward.store("enrolments", {"terminal": "gate", "pin": "7", "nip": "X7", "valid_to": today - timedelta(days=5)})
    ward.collect("gate")
    (found,) = ward.wrong("pins")
    assert found.finding.endswith(": 7")


def test_records_of_eight_bytes_are_of_whom_the_slot_was(ward: Ward) -> None:
    device = ward.terminal("small", model=Model(layout=8))
    ward.collect("small")
    assert ward.wrong("pins") == []
    device.punch("1002")
    ward.collect("small")
    (found,) = ward.wrong("pins")
    assert found.finding.endswith(": uid:2")


def test_slots_that_have_records_and_no_owner_are_told(ward: Ward) -> None:
    device = ward.terminal("small", model=Model(layout=8))
    device.punch("1002")
    device.users.pop("1002")
    ward.collect("small")
    found = [one for one in ward.wrong("coverage") if one.subject == "small"]
    assert [str(one.finding) for one in found] == ["1 slots have records and nobody knows whose they are: 2"]


def test_records_that_a_person_has_to_judge_are_told_here_and_in_the_list(ward: Ward) -> None:
    ward.terminal("gate")
    ward.collect("gate")
    clock = (ward.now - timedelta(hours=1)).astimezone(ZoneInfo("Asia/Makassar"))
    line = f"time={clock:%Y-%m-%d %H:%M:%S}\tpin=1001\tevent=23\tverifytype=15".encode()
    rule = ClockRule(ZoneInfo("Asia/Makassar"), None, 120)
    waits = set_apart("gate", parse_upload(line).apart, clock_rule=rule, read_at=ward.now)
    deliver(ward.central, Delivery(notes=tuple(waits)), ward.now)
    found = [str(one.finding) for one in ward.wrong("coverage") if one.subject == "gate"]
    assert found == ["1 record is set apart, of 1 PIN: event 23 (1); `punch quarantine` shows them"]
    rows = overview(load(ward.agent), ward.central, now=ward.now)
    (state,) = [str(row["state"]) for row in rows if row["id"] == "gate"]
    assert state.endswith(found[0])


@pytest.mark.parametrize(
    ("today", "years"),
    [("2026-01-01", (2026,)), ("2026-09-30", (2026,)), ("2026-10-01", (2026, 2027)), ("2026-12-31", (2026, 2027))],
)
def test_next_years_holidays_are_asked_for_from_october_on(today: str, years: tuple[int, ...]) -> None:
    assert needed_years(date.fromisoformat(today)) == years


def test_missing_holidays_and_ramadan(ward: Ward) -> None:
    ward.now = ward.now.replace(year=ward.now.year + 3, month=9, day=1)
    year = str(ward.now.year)
    for check in ("holidays", "ramadan"):
        assert [each.subject for each in ward.wrong(check)] == [year]
    ward.after(days=30)
    (this, following) = ward.wrong("holidays")
    assert (this.subject, following.subject) == (year, str(ward.now.year + 1))
    assert f"config holidays {year}" in this.what_to_do


def change_rule(ward: Ward, **changed: Any) -> None:
    """The profile of the box extends the model and changes something."""
    ours = {"title": "Ours", "extends": "tpp-model"}
    (ward.directory / "rules" / "profiles" / "ours.yaml").write_text(json.dumps(ours | changed))
    adopted = {"value": "*", "profile": "tpp-model", "decree": "Perbup 1/2026", "date": "2026-01-02", "by": "Bupati"}
    (ward.directory / "rules" / "adopted.yaml").write_text(json.dumps({"adopted": [adopted]}))
    ward.configure(profile="ours")


def test_a_rule_that_ends_and_nothing_follows(ward: Ward) -> None:
    end = ward.now.date() + timedelta(days=50)
    entry = {"from": "2021-01-01", "value": "1", "source": "Perbup 9/2021", "mark": "V"}
    change_rule(ward, corrections_per_month=[entry | {"to": end.isoformat()}])
    (found,) = ward.wrong("rule_ends")
    assert found.subject == "corrections_per_month"
    assert f"ends on {end}" in found.finding
    follower = {"from": (end + timedelta(days=1)).isoformat(), "value": "2", "source": "Perbup 9/2026", "mark": "V"}
    change_rule(ward, corrections_per_month=[entry | {"to": end.isoformat()}, follower])
    assert ward.wrong("rule_ends") == []
    change_rule(ward, corrections_per_month=[entry | {"to": (end + timedelta(days=30)).isoformat()}])
    assert ward.wrong("rule_ends") == []
    ward.after(days=100)
    assert "ended on" in ward.wrong("rule_ends")[0].finding


def test_values_without_a_decree(ward: Ward) -> None:
    entry = {"from": "2021-01-01", "value": "3", "source": "usul kami", "mark": "I"}
    change_rule(ward, corrections_per_month=[entry])
    (found,) = ward.wrong("adoption")
    assert found.subject == "ours"
    assert "corrections_per_month" in found.finding
    assert "adopted.yaml" in found.what_to_do
    (ward.directory / "rules" / "adopted.yaml").unlink()
    assert ward.wrong("adoption")[0].finding.endswith(" more")  # many values of the model too


def test_profiles_that_only_units_of_central_choose_are_looked_at(ward: Ward) -> None:
    ward.store("units", UNIT | {"profile": "banjarmasin"}, UNIT | {"code": "B", "profile": "gone", "schedule": "nine"})
    assert "banjarmasin" in {each.subject for each in ward.wrong("adoption")}
    assert [each.subject for each in ward.wrong("rules")] == ["gone", "nine"]


def test_shifts_that_only_a_unit_of_central_chooses_need_a_decree_too(ward: Ward) -> None:
    ward.store("units", UNIT | {"schedule": "three-shifts"})
    (found,) = ward.wrong("adoption")
    assert (found.subject, found.finding.partition(": ")[2]) == ("schedules", "shifts of three-shifts")


def test_rule_files_with_problems(ward: Ward) -> None:
    (ward.directory / "rules" / "unexcused.yaml").write_text("ladder: [")
    assert ward.wrong("rules")
    states = {each.check: each.state for each in ward.examine()}
    assert {states[name] for name in ("holidays", "ramadan", "rule_ends", "adoption")} == {State.SKIPPED}


def test_a_host_that_only_collects_reads_nothing_of_people_and_no_rules(ward: Ward) -> None:
    ward.roles = ["collect"]
    ward.configure(rules="nowhere")
    assert {each.check for each in ward.examine()} == {
        *("config", "permissions", "disk", "database", "backups", "clock", "spool", "terminals", "coverage")
    }


def test_a_terminal_that_cannot_be_asked_hides_nothing_else(ward: Ward) -> None:
    ward.terminal("hung", named_fault("hang"))
    ward.now = datetime.combine(ward.now.date(), ward.now.timetz()) + timedelta(days=4)
    assert {each.check for each in ward.examine() if each.state is State.WRONG} >= {"terminals", "coverage"}
