"""What is wrong, what is well, and what cannot be known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.usecases.watching.health.conditions import (
    Key,
    Verdicts,
    conditions_of,
    in_stretch,
    is_away_in_duty,
    is_well,
    judge,
)
from ekinerja_agent.usecases.watching.health.facts import CentralFacts, JobFacts, Limits, SpoolFacts, TerminalFacts
from ekinerja_agent.usecases.watching.health.report import report
from ekinerja_agent.usecases.watching.health.words import condition_text
from tests.health.conftest import Well

MINUTE = timedelta(minutes=1)
GIB = 1 << 30


def codes(verdicts: Verdicts) -> list[tuple[str, str]]:
    return [tuple(each.key) for each in conditions_of(verdicts)]


def test_a_host_that_is_well_has_no_condition(well: Well) -> None:
    snapshot = well.snapshot(
        well.terminal(records=10, capacity=100, clock_offset_s=3, holes=0),
        spool=SpoolFacts(0, 0, None, 4096),
        central=CentralFacts(reachable=True),
        jobs=(JobFacts("score", 0, 0, well.at, None, 1.0),),
    )
    verdicts = judge(snapshot)
    assert conditions_of(verdicts) == []
    assert {key.code for key in verdicts} == {
        *("central_away", "spool_old", "spool_rejected", "disk_low", "job_failing", "clock_doubtful"),
        *("terminal_away", "log_nearly_full", "terminal_clock", "coverage_hole"),
    }
    assert report(snapshot, well.at).well


@pytest.mark.parametrize(
    ("waited", "wrong"),
    [(timedelta(minutes=15), False), (timedelta(minutes=15, seconds=1), True)],
)
def test_a_punch_may_wait_for_a_quarter_of_an_hour(well: Well, waited: timedelta, wrong: bool) -> None:
    spool = SpoolFacts(3, 0, well.at - waited, 4096)
    assert (("spool_old", "") in codes(judge(well.snapshot(spool=spool)))) is wrong


@pytest.mark.parametrize(("minutes", "wrong"), [(0, None), (4, None), (5, True)])
def test_central_that_is_away_for_a_moment_is_judged_neither_way(well: Well, minutes: int, wrong: bool | None) -> None:
    central = CentralFacts(reachable=False, away_since=well.at - minutes * MINUTE)
    verdicts = judge(well.snapshot(central=central))
    assert (("central_away", "") in codes(verdicts)) is bool(wrong)
    assert (Key("central_away") in verdicts) is bool(wrong)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"unread": ""}, []),
        ({"unread": "rtlog"}, [("uploads_unread", "lobby")]),
        ({"unread": "rtlog", "unread_refused": True}, [("uploads_refused", "lobby"), ("uploads_unread", "lobby")]),
    ],
)
def test_what_a_terminal_uploads_and_nobody_reads_is_told(
    well: Well, facts: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    verdicts = judge(well.snapshot(well.terminal(**facts)))
    assert codes(verdicts) == expected
    assert (Key("uploads_unread", "lobby") in verdicts) is bool(facts)
    assert is_well(conditions_of(verdicts))
    for each in conditions_of(verdicts):
        assert "rtlog" in condition_text(each, "en")


def test_after_a_start_nothing_is_said_of_what_was_not_tried_yet(well: Well) -> None:
    verdicts = judge(well.snapshot(well.terminal(up=None)))
    assert {key.code for key in verdicts} == {"disk_low", "clock_doubtful"}


@pytest.mark.parametrize(
    ("facts", "code", "grave"),
    [
        ({"host": {"free_bytes": 511 << 20}}, "disk_low", True),
        ({"host": {"free_files": 999}}, "disk_low", True),
        ({"host": {"clock_vouches": False}}, "clock_doubtful", False),
        ({"spool": SpoolFacts(0, 1, None, 1)}, "spool_rejected", False),
        ({"jobs": (JobFacts("score", 2, 1, None, None, 1.0),)}, "job_failing", True),
        ({"jobs": (JobFacts("clock", 2, 1, None, None, 1.0),)}, "job_failing", False),
    ],
)
def test_what_is_critical_fails_the_health_of_the_host(
    well: Well, facts: dict[str, Any], code: str, grave: bool
) -> None:
    if "host" in facts:
        facts = facts | {"host": well.host(**facts["host"])}
    snapshot = well.snapshot(**facts)
    assert [each.key.code for each in conditions_of(judge(snapshot))] == [code]
    assert is_well(conditions_of(judge(snapshot))) is not grave
    assert report(snapshot, well.at).well is not grave


@pytest.mark.parametrize(
    ("made_before", "started_before", "wrong"),
    [
        (timedelta(days=3), timedelta(days=90), False),
        (timedelta(days=3, seconds=1), timedelta(0), True),
        (None, timedelta(days=3), None),  # the first one may take as long as the next one
        (None, timedelta(days=3, seconds=1), True),
    ],
)
def test_a_backup_that_is_too_old_is_told(
    well: Well, made_before: timedelta | None, started_before: timedelta, wrong: bool | None
) -> None:
    made = None if made_before is None else well.at - made_before
    snapshot = well.snapshot(host=well.host(backup_at=made), started_at=well.at - started_before)
    verdicts = judge(snapshot)
    assert codes(verdicts) == ([("backup_old", "")] if wrong else [])
    assert (Key("backup_old") in verdicts) is (wrong is not None)
    assert is_well(conditions_of(verdicts))


def test_a_job_that_did_not_run_since_the_reload_is_not_judged(well: Well) -> None:
    verdicts = judge(well.snapshot(jobs=(JobFacts("score", 2, None, None, well.at, 1.0),)))
    assert Key("job_failing", "score") not in verdicts


def test_a_host_without_a_count_of_files_is_not_short_of_them(well: Well) -> None:
    assert codes(judge(well.snapshot(host=well.host(free_files=None)))) == []


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"records": 79, "capacity": 100}, []),
        ({"records": 80, "capacity": 100}, ["log_nearly_full"]),
        ({"clock_offset_s": -120}, []),
        ({"clock_offset_s": -121}, ["terminal_clock"]),
        ({"holes": 1}, ["coverage_hole"]),
    ],
)
def test_a_terminal_is_judged_by_what_it_told(well: Well, facts: dict[str, Any], found: list[str]) -> None:
    verdicts = judge(well.snapshot(well.terminal(**facts)))
    assert codes(verdicts) == [(code, "lobby") for code in found]


def test_who_cannot_trust_the_own_clock_does_not_judge_that_of_a_terminal(well: Well) -> None:
    verdicts = judge(well.snapshot(well.terminal(clock_offset_s=9999), host=well.host(clock_vouches=False)))
    assert Key("terminal_clock", "lobby") not in verdicts


# 2026-10-05 is a Monday; all in the zone of the terminal
@pytest.mark.parametrize(
    ("since", "now", "away"),
    [
        ("2026-10-05 08:00", "2026-10-05 08:29", False),
        ("2026-10-05 08:00", "2026-10-05 08:30", True),
        ("2026-10-05 06:00", "2026-10-05 07:29", False),  # before duty it may be switched off
        ("2026-10-05 06:00", "2026-10-05 07:30", True),
        ("2026-10-05 13:45", "2026-10-06 06:00", False),  # a quarter of an hour of duty
        ("2026-10-05 13:45", "2026-10-06 07:29", False),  # never added up over days
        ("2026-10-05 13:45", "2026-10-06 07:30", True),
        ("2026-10-05 13:00", "2026-10-05 23:00", True),  # nothing makes it well but an answer
        ("2026-10-09 16:00", "2026-10-12 07:00", False),  # from Friday to Monday
        ("2026-08-01 00:00", "2026-10-05 03:00", True),
    ],
)
def test_away_counts_only_while_offices_are_open(well: Well, since: str, now: str, away: bool) -> None:
    terminal = well.terminal(up=False, away_since=_local(since, well.zone))
    at = _local(now, well.zone)
    assert is_away_in_duty(terminal, at, Limits()) is away
    verdicts = judge(replace(well.snapshot(terminal), at=at, started_at=at))
    assert codes(verdicts) == ([("terminal_away", "lobby")] if away else [])
    assert (Key("terminal_away", "lobby") in verdicts) is away  # in doubt it is neither away nor back


def test_night_duty_is_a_stretch_over_midnight(well: Well) -> None:
    limits = Limits(duty_hours=(time(22), time(6)))
    terminal = well.terminal(up=False, away_since=_local("2026-10-06 01:00", well.zone))
    assert is_away_in_duty(terminal, _local("2026-10-06 01:30", well.zone), limits)
    assert not is_away_in_duty(terminal, _local("2026-10-06 01:29", well.zone), limits)


def test_a_terminal_of_another_agent_is_judged_by_its_last_contact(well: Well) -> None:
    def verdict(minutes: int) -> Verdicts:
        return judge(well.snapshot(well.terminal(up=None, away_since=well.at - minutes * MINUTE)))

    assert verdict(29)[Key("terminal_away", "lobby")] is None
    assert verdict(30)[Key("terminal_away", "lobby")] is not None


def test_a_terminal_that_only_pushes_is_silent_where_another_one_is_away(well: Well) -> None:
    gate = well.terminal("gate", pushes=True, up=False, away_since=well.at - 30 * MINUTE)
    (found,) = conditions_of(judge(well.snapshot(gate)))
    assert (found.key, found.severity, found.office) == (Key("terminal_silent", "gate"), "warning", "DINKES")
    assert "2026-10-05 11:30" in condition_text(found, "en")
    assert judge(well.snapshot(well.terminal("gate", pushes=True)))[Key("terminal_silent", "gate")] is None


moments = st.datetimes(datetime(2026, 9, 1), datetime(2026, 11, 1)).map(lambda at: at.replace(tzinfo=UTC))


@given(
    since=moments,
    lasts=st.timedeltas(timedelta(0), timedelta(days=9)),
    more=st.timedeltas(timedelta(0), timedelta(days=9)),
)
def test_who_is_away_stays_away_until_it_answers(since: datetime, lasts: timedelta, more: timedelta) -> None:
    terminal = TerminalFacts("t", "A", ZoneInfo("Asia/Jayapura"), up=False, away_since=since)
    if is_away_in_duty(terminal, since + lasts, Limits()):
        assert is_away_in_duty(terminal, since + lasts + min(more, timedelta(days=10) - lasts), Limits())


@given(since=moments, lasts=st.timedeltas(timedelta(0), timedelta(days=4)))
def test_away_in_duty_is_what_counting_minutes_finds(since: datetime, lasts: timedelta) -> None:
    zone = ZoneInfo("Asia/Makassar")
    since = since.replace(second=0, microsecond=0)
    until = since + lasts
    by_day: dict[object, int] = {}
    minute = since
    while minute + MINUTE <= until:
        local = minute.astimezone(zone)
        if local.weekday() < 5 and time(7) <= local.time() < time(14):
            by_day[local.date()] = by_day.get(local.date(), 0) + 1
        minute += MINUTE
    terminal = TerminalFacts("t", "A", zone, up=False, away_since=since)
    assert is_away_in_duty(terminal, until, Limits()) is (max(by_day.values(), default=0) >= 30)


@pytest.mark.parametrize(
    ("local", "stretch", "inside"),
    [
        ("21:00", ("21:00", "06:00"), True),
        ("05:59", ("21:00", "06:00"), True),
        ("06:00", ("21:00", "06:00"), False),
        ("12:00", ("11:00", "13:00"), True),
        ("13:00", ("11:00", "13:00"), False),
    ],
)
def test_a_stretch_of_time_may_go_over_midnight(local: str, stretch: tuple[str, str], inside: bool) -> None:
    opens, closes = map(time.fromisoformat, stretch)
    assert in_stretch(time.fromisoformat(local), (opens, closes)) is inside


def test_facts_that_are_old_or_missing_are_no_health(well: Well) -> None:
    assert not report(None, well.at).well
    told = report(well.snapshot(), well.at + 5 * MINUTE)
    assert not told.well
    assert [reason["condition"] for reason in told.as_json()["reasons"]] == ["stale"]
    assert report(well.snapshot(), well.at + 4 * MINUTE).well


def _local(text: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
