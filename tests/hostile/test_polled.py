"""What a plug, a clock or a file does to the people of a terminal that is polled, and to the proof of its log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.scoring import MonthResult, score_month
from ekinerja_agent.simulator import Device, serve
from tests.collect.conftest import Office
from tests.proof.oracle import score
from tests.proof.oracle.building import MonthBuilder
from tests.scoring.conftest import rule_book

ZONE = ZoneInfo("Asia/Makassar")
DAY = date(2026, 9, 7)
YEARS_BACK_S = -26 * 365.25 * 86_400
COLLEAGUE, LATE, POLL = "5", "7", "poll"
Step = tuple[str, str]


class Post:
    """A terminal, what the clock on the wall shows, and an office server that polls it."""

    def __init__(self, directory: Path) -> None:
        self.clock = wall("05:00:00")
        self.device = Device(now=lambda: self.clock, zone=ZONE)
        self.office = Office(directory)

    def live_through(self, steps: Iterator[Step] | list[Step]) -> None:
        """Each step: when, and a poll, a PIN that scans, or `old:PIN` for a scan recorded as of the year 2000."""
        with serve(self.device) as endpoint:
            for clock, what in sorted(steps):
                self.clock = wall(clock)
                if what == POLL:
                    self.office.poll(endpoint, now=lambda: self.clock)
                    continue
                self.device.offset_s = YEARS_BACK_S if what.startswith("old:") else 0
                self.device.punch(what.removeprefix("old:"))
                self.device.offset_s = 0

    def score(self) -> MonthResult:
        """The month of whom is late, whose only day of duty this is."""
        month = MonthBuilder(zone=ZONE.key).person(valid_from=DAY, valid_to=DAY)
        waiting = self.office.spool.waiting(1_000_000)
        for note in waiting.notes:
            if isinstance(note, Coverage):
                month.covered(note.start, note.end, kind=note.kind)
        for punch in waiting.punches:
            if punch.pin == LATE and punch.at is not None:
                month.punch(DAY, f"{punch.at.astimezone(ZONE):%H:%M:%S}")
        facts, rules = month.facts(), rule_book()
        plain, result = score(facts, rules), score_month(facts, rules)
        assert [(row.code, row.minutes) for row in plain.findings] == result.findings.select("code", "minutes").rows()
        assert [row.reason for row in plain.pending] == result.pending["reason"].to_list()
        return result


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    post = Post(tmp_path)
    yield post
    post.office.spool.close()


def wall(clock: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}T{clock}").replace(tzinfo=ZONE).astimezone(UTC)


def polls(start: str, end: str, every_min: int = 5) -> list[Step]:
    at, steps = wall(start), []
    while at <= wall(end):
        steps.append((f"{at.astimezone(ZONE):%H:%M:%S}", POLL))
        at += timedelta(minutes=every_min)
    return steps


LATE_BY_101 = [("09:11:20", LATE), *polls("09:12:00", "16:30:00"), ("16:31:00", LATE), *polls("16:32:00", "23:59:30")]


@pytest.mark.parametrize(
    "recorded", [(), ("07:04:00",), ("09:10:00",), ("07:04:00", "09:10:00"), ("07:04:00", "08:00:00", "09:10:00")]
)
def test_t21_two_hours_without_power_make_nobody_late_whatever_was_recorded_at_their_ends(
    post: Post, recorded: tuple[str, ...]
) -> None:
    """Before, on b497ae6, with records at 07:04 and 09:10 between the polls of 07:00:30 and 09:10:30: coverage
    `(07:00:30, 09:10:30, 'proven')`, findings `[('TL4', 101)]`, nothing pending.
    """
    post.live_through(
        [*polls("05:00:30", "07:03:00"), *((at, COLLEAGUE) for at in recorded), ("09:10:30", POLL), *LATE_BY_101]
    )
    result = post.score()
    assert result.findings.height == 0
    assert result.pending["would_cost"].to_list() == ["TL4 1.5 %"]


def test_t21_an_office_that_scans_all_the_time_is_judged_although_nobody_read_its_terminal(post: Post) -> None:
    scans = [(f"{7 + minute // 60:02}:{minute % 60:02}:00", COLLEAGUE) for minute in range(4, 130, 9)]
    post.live_through([*polls("05:00:30", "07:03:00"), *scans, ("09:10:30", POLL), *LATE_BY_101])
    assert post.score().findings.select("code", "minutes").rows() == [("TL4", 101)]


def test_t20_a_record_of_the_year_2000_just_before_the_own_scan_spares_nobody(post: Post) -> None:
    """Before, on b497ae6: no finding; `T has no complete data between 09:10 and 09:11`."""
    post.live_through([*polls("05:00:30", "09:10:30"), ("09:10:50", f"old:{LATE}"), *LATE_BY_101])
    result = post.score()
    assert result.findings.select("code", "minutes").rows() == [("TL4", 101)]
    assert result.pending.height == 0


@pytest.mark.parametrize(
    ("old", "waits"),
    [
        ("05:30:00", False),  # the hole ends with the colleague's scan at six, before any window
        ("07:20:00", True),  # until 08:56 nobody read the terminal: it may have been a scan in time
        ("09:10:50", False),
        ("12:00:00", False),
        ("16:31:30", False),
    ],
)
def test_t20_only_a_day_that_the_old_record_could_have_changed_waits_and_tells_whom_that_spares_what(
    post: Post, old: str, waits: bool
) -> None:
    colleagues = ["05:59:30", "07:25:00", "07:34:00", "07:43:00", "07:52:00"]
    colleagues += [f"08:{minute:02}:00" for minute in range(1, 60, 9)]
    post.live_through(
        [
            *polls("05:00:30", "07:16:00"),
            *((at, COLLEAGUE) for at in colleagues),
            (old, f"old:{COLLEAGUE}"),
            *polls("08:56:00", "09:11:00"),
            *LATE_BY_101,
        ]
    )
    result = post.score()
    assert result.findings["code"].to_list() == ([] if waits else ["TL4"])
    assert result.pending["would_cost"].to_list() == (["TL4 1.5 %"] if waits else [])
