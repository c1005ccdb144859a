"""What somebody does who turns a terminal's clock for a finger, or writes rows into its log.

What was tried before is said of commit b497ae6, where a poll brought `[('7', '07:22:20', '07:22:20')]` (PIN, clock,
instant) of a finger at 09:11:20 with the clock turned back by 109 minutes, and `[('7', '17:05:20', '17:05:20')]` of one
at 15:05:20 with the clock turned on by two hours: state ok, no flag, and the day scored by that. Uploads
brought the same back, and of a clock turned on both its time and the corrected one, of which the kinder counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.punch import Contradicts, Quarantined
from ekinerja_agent.simulator import serve
from ekinerja_agent.simulator.codec import pack_clock
from ekinerja_agent.usecases.collecting import watch
from ekinerja_agent.usecases.collecting.forward import forward
from tests.hostile.turned_clocks import DAY, WAYS, Step, Terminal, Way, reads, wall
from tests.journey.conftest import Installation, installation
from tests.journey.conftest import nip as nip_of
from tests.proof.people import acting_as

__all__ = ["installation"]

COLLEAGUE, SLY = "5", "7"
TURNED_BACK = [("09:11:00", "turn -109"), ("09:11:20", SLY), ("09:11:40", "turn 109")]
TURNED_ON = [("15:05:00", "turn 120"), ("15:05:20", SLY), ("15:05:40", "turn -120")]
MORNING = [*reads("05:00:30", "09:10:30"), ("06:00:00", COLLEAGUE), ("09:09:00", COLLEAGUE)]
UNTIL_THREE = [*MORNING, *reads("09:12:00", "15:04:00"), ("15:03:00", COLLEAGUE)]
MONTH = f"{DAY:%Y-%m}"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for is the same, only sooner."""
    monkeypatch.setattr(watch, "LOOK_UP_S", 0.05)
    monkeypatch.setattr(watch, "SETTLE_S", 0.05)


@pytest.fixture
def terminal_of(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    made: list[Terminal] = []

    def make(way: Way, *, trusted: bool = True) -> Terminal:
        made.append(Terminal(tmp_path, way, trusted=trusted))
        return made[-1]

    yield make
    for terminal in made:
        terminal.spool.close()


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_t18_a_record_before_what_was_read_is_doubtful(
    terminal_of: Callable[..., Terminal], way: Way, trusted: bool
) -> None:
    terminal = terminal_of(way, trusted=trusted)
    terminal.live_through([*MORNING, *TURNED_BACK, ("09:12:00", COLLEAGUE), *reads("09:13:00", "09:30:00")])
    assert terminal.doubts() == [(SLY, "07:22:20", Contradicts.READ)]


def test_t18_a_clock_that_is_left_turned_back_until_it_was_read_gains_nothing(
    terminal_of: Callable[..., Terminal],
) -> None:
    """Before: corrected to 09:11:20, and the kinder of both times counted: 07:22:20."""
    terminal = terminal_of("polled")
    left = [("09:11:00", "turn -109"), ("09:11:20", SLY), ("09:11:40", "read"), ("09:12:20", SLY), ("09:12:40", "read")]
    terminal.live_through([*MORNING, *left, ("09:13:00", "turn 109"), ("09:14:00", COLLEAGUE), ("09:15:00", "read")])
    assert [(pin, kind) for pin, _, kind in terminal.doubts()] == [(SLY, Contradicts.READ)] * 2


@pytest.mark.parametrize(
    ("way", "trusted"), [("polled", True), ("polled", False), ("live", True), ("pushing", True), ("by word", True)]
)
def test_t19_a_record_later_than_its_terminals_own_clock_is_doubtful(
    terminal_of: Callable[..., Terminal], way: Way, trusted: bool
) -> None:
    terminal = terminal_of(way, trusted=trusted)
    terminal.live_through([*UNTIL_THREE, *TURNED_ON, ("15:06:00", COLLEAGUE), *reads("15:07:00", "15:20:00")])
    assert terminal.doubts() == [(SLY, "17:05:20", Contradicts.CLOCK)]


def test_t19_a_clock_that_is_left_turned_on_until_it_was_read_gains_nothing(
    terminal_of: Callable[..., Terminal],
) -> None:
    """Before: both corrected to 15:05, and the kinder of both times counted: 17:05."""
    terminal = terminal_of("polled")
    left = [("15:05:00", "turn 120"), ("15:05:20", SLY), ("15:05:40", "read"), ("15:06:20", SLY), ("15:06:40", "read")]
    terminal.live_through(
        [*UNTIL_THREE, *left, ("15:07:00", "turn -120"), ("15:08:00", COLLEAGUE), ("15:09:00", "read")]
    )
    assert [(pin, kind) for pin, _, kind in terminal.doubts()] == [(SLY, Contradicts.CLOCK)] * 2


def test_t19_a_host_that_nobody_vouches_for_knows_that_it_went_on_all_the_time(
    terminal_of: Callable[..., Terminal],
) -> None:
    terminal = terminal_of("polled", trusted=False)
    with serve(terminal.device) as endpoint:
        terminal.device.now = utc_now
        terminal.clock = utc_now()
        terminal.poll(endpoint)
        terminal.device.jump_clock(7200)
        terminal.device.punch(SLY)
        terminal.clock = utc_now()
        terminal.poll(endpoint)
    assert [(pin, kind) for pin, _, kind in terminal.doubts()] == [(SLY, Contradicts.CLOCK)]


def test_t19_a_record_days_ahead_is_doubtful_too_when_its_day_has_come(terminal_of: Callable[..., Terminal]) -> None:
    """Before: quarantined on the 7th, and on the 9th a whole read brought `('7', '2026-09-09T09:30:00')`, state ok: a
    scan on a day when nobody was there.
    """
    terminal = terminal_of("polled")
    two_days = 2 * 24 * 60
    turned = [("15:05:00", f"turn {two_days}"), ("15:05:20", SLY), ("15:05:40", f"turn -{two_days}")]
    terminal.live_through([*UNTIL_THREE, *turned, ("15:06:00", COLLEAGUE), ("15:07:00", "read")])
    (waiting,) = [note for note in terminal.spool.waiting(9_999).notes if isinstance(note, Quarantined)]
    assert "will wait in `punch doubtful`" in waiting.reason
    with serve(terminal.device) as endpoint:
        terminal.clock = wall("15:10:00") + timedelta(days=2)
        terminal.poll(endpoint, full=True)
    assert [(pin, kind) for pin, _, kind in terminal.doubts()] == [(SLY, Contradicts.CLOCK)]


def test_t22_a_row_among_rows_that_were_read_is_doubtful(terminal_of: Callable[..., Terminal]) -> None:
    """Before, the row written before the one that was read: `(1 new, state ok)` and `('5', '2026-09-07T07:19:00')`, no
    flag.
    """
    terminal = terminal_of("polled")
    terminal.live_through(MORNING)
    with serve(terminal.device) as endpoint:
        for position, minute in ((1, 19), (None, 18)):  # written among the others, and appended as by a restore
            forged = replace(terminal.device.log[0], packed_time=pack_clock(datetime(2026, 10, 5, 7, minute)))
            terminal.device.write(forged, position)
        terminal.clock = wall("09:30:00")
        terminal.poll(endpoint, full=True)
        assert sorted(terminal.doubts()) == [
            (COLLEAGUE, "07:18:00", Contradicts.READ),
            (COLLEAGUE, "07:19:00", Contradicts.ORDER),
        ]
        again = terminal.poll(endpoint, full=True)
    assert (again.new, len(terminal.doubts())) == (0, 2), "read again it is the same one"


def test_what_lies_within_the_tolerance_contradicts_nothing(terminal_of: Callable[..., Terminal]) -> None:
    terminal = terminal_of("polled")
    slow_and_fast = [("09:11:00", "turn -2"), ("09:11:20", SLY), ("09:11:40", "turn 4"), ("09:11:50", SLY)]
    terminal.live_through([*MORNING, *slow_and_fast, ("09:12:00", "turn -2"), ("09:12:30", "read")])
    assert terminal.doubts() == []


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    way=st.sampled_from(["polled", "pushing", "by word"]),
    off_line=st.lists(st.tuples(st.integers(300, 1300), st.integers(1, 300)), max_size=3),
    scans=st.lists(st.integers(301, 1380), min_size=1, max_size=30, unique=True),
    first_offset_min=st.sampled_from([0, 0, -90, 45]),
    drift_s_a_day=st.integers(-80, 80),
    set_at=st.none() | st.integers(320, 1300),
    trusted=st.booleans(),
)
def test_no_record_of_an_honest_day_is_ever_doubtful(
    tmp_path_factory: pytest.TempPathFactory,
    way: Way,
    off_line: list[tuple[int, int]],
    scans: list[int],
    first_offset_min: int,
    drift_s_a_day: int,
    set_at: int | None,
    trusted: bool,
) -> None:
    """A clock that always was wrong, drifts and is set right once, a link that fails, scans at any minute."""
    terminal = Terminal(tmp_path_factory.mktemp("honest"), way, trusted=trusted)
    terminal.device.offset_s = 60 * first_offset_min
    terminal.device.drift(drift_s_a_day)
    away = {minute for start, length in off_line for minute in range(start, start + length)}
    heard = [(clock_of(minute, 40), "read") for minute in range(300, 1420, 7) if minute not in away]
    steps = [*heard, *((clock_of(minute, 10), str(minute)) for minute in scans)]
    if set_at is not None:
        steps.append((clock_of(set_at, 25), f"turn {-first_offset_min}"))
    terminal.live_through(steps)
    assert terminal.doubts() == []
    terminal.spool.close()


def clock_of(minute: int, second: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}:{second:02}"


HONEST, BACK, ON = nip_of(1), nip_of(2), nip_of(3)
THREE: list[Step] = [
    *reads("05:00:30", "09:10:30"),
    *[("07:20:00", HONEST[-3:]), ("07:21:00", ON[-3:]), ("09:09:00", HONEST[-3:])],
    *[("09:11:00", "turn -109"), ("09:11:20", BACK[-3:]), ("09:11:40", "turn 109")],
    *[("09:12:00", HONEST[-3:]), *reads("09:13:00", "15:04:00"), ("15:03:00", HONEST[-3:])],
    *[("15:05:00", "turn 120"), ("15:05:20", ON[-3:]), ("15:05:40", "turn -120")],
    *[("15:06:00", HONEST[-3:]), *reads("15:07:00", "26:00:00"), ("16:35:00", HONEST[-3:]), ("16:40:00", BACK[-3:])],
    ("25:59:00", HONEST[-3:]),
]


def three(box: Installation, way: Way, steps: list[Step]) -> Terminal:
    """An office whose month is told by a file, but for one Monday, and two who may decide."""
    box.load("units", [{"code": "DINKES", "name": "Dinas", "timezone": "Asia/Jakarta"}])
    people = [{"nip": nip, "name": f"Pegawai {nip[-3:]}", "unit": "DINKES"} for nip in (HONEST, BACK, ON)]
    box.load("employees", [row | {"allowance_rp": 4_000_000} for row in people])
    box.load("enrolments", [{"terminal": "lobby", "pin": row["nip"][-3:], "nip": row["nip"]} for row in people])
    days = [f"{MONTH}-{day:02}" for day in range(1, 31) if day != DAY.day and (day + 3) % 7 not in {6, 0}]
    scans = ("07:20:00", "16:35:00")
    box.load(
        "punches",
        [
            {"terminal": "lobby", "pin": nip[-3:], "clock": f"{day} {clock}"}
            for nip in (HONEST, BACK, ON)
            for day in days
            for clock in scans
        ],
    )
    box.account("add", "budi", "--role", "operator", "--os-user", "budi")
    box.account("add", "sari", "--role", "payroll", "--os-user", "sari")
    terminal = Terminal(box.directory, way)
    terminal.live_through(steps)
    return terminal


def of_the_day(box: Installation, nip: str) -> tuple[list[str], bool]:
    """The codes that are found on the Monday, and whether it is pending."""
    score = box.scores(MONTH)[nip]
    found = [one["code"] for one in score["discipline"]["findings"] if one["date"] == f"{DAY}"]
    return found, f"{DAY}" in [one["date"] for one in score["pending"]]


@pytest.mark.parametrize("way", WAYS)
def test_t18_t19_nobodys_month_changes_without_two_signatures_and_the_honest_ones_never(
    installation: Installation, way: Way
) -> None:
    """Before, polled: no finding of anybody, nothing pending."""
    box = installation
    terminal = three(box, way, THREE)
    engine = connect(box.url)
    forward(terminal.spool, engine)
    assert of_the_day(box, HONEST) == ([], False)
    assert (of_the_day(box, BACK), of_the_day(box, ON)) == (([], True), ([], True))
    listed = json.loads(box.ok("punch", "doubtful", "list", "--format", "json"))
    assert [(one["nip"], one["contradicts"], one["status"]) for one in listed] == [
        (ON, "clock", "pending"),
        (BACK, "read", "pending"),
    ]
    later, earlier = (str(one["number"]) for one in listed)
    with acting_as("budi"):
        asked = box.run("punch", "doubtful", "approve", earlier, "--yes")
        again = box.run("punch", "doubtful", "approve", earlier, "--yes")
        box.ok("punch", "doubtful", "reject", later, "--reason", "jam diputar")
    assert "another one has to say the same" in asked.out
    assert "another one has to say the same" in again.out
    assert (of_the_day(box, BACK), of_the_day(box, ON)) == (([], True), ([], True)), "one person is not enough"
    with acting_as("sari"):
        box.ok("punch", "doubtful", "approve", earlier, "--yes", "--reason", "kamera")
        box.ok("punch", "doubtful", "reject", later, "--reason", "jam diputar")
    assert of_the_day(box, BACK) == ([], False)
    codes, pending = of_the_day(box, ON)
    assert (codes, pending) == (["TAP"], False)
    assert of_the_day(box, HONEST) == ([], False)
    forward_again(box, terminal, engine)
    assert (of_the_day(box, BACK), of_the_day(box, ON)) == (([], False), (["TAP"], False))
    engine.dispose()
    terminal.spool.close()


def forward_again(box: Installation, terminal: Terminal, engine: Engine) -> None:
    """The same log, read by another agent that knows nothing, and brought as a file."""
    (box.directory / "other").mkdir()
    other = Terminal(box.directory / "other", "polled")
    other.clock, other.device = wall("23:58:00"), terminal.device
    terminal.device.now = lambda: other.clock
    with serve(terminal.device) as endpoint:
        other.poll(endpoint)
    assert forward(other.spool, engine).rejected == 0
    other.spool.close()
    rows = [{"terminal": "lobby", "pin": each.pin, "clock": f"{each.clock}"} for each in terminal.device.log]
    with acting_as("budi"):
        box.load("punches", rows)
    listed = json.loads(box.ok("punch", "doubtful", "list", "--format", "json"))
    assert [one["status"] for one in listed] == ["rejected", "approved"]


def test_only_a_record_that_could_change_the_day_lets_it_wait(installation: Installation) -> None:
    """Late by his own scan at 09:12, then a finger on a clock that is turned on to noon: nothing of it is kinder."""
    box = installation
    late = [("09:12:00", BACK[-3:]), ("09:13:00", "turn 120"), ("09:13:20", BACK[-3:]), ("09:13:40", "turn -120")]
    steps = [*reads("05:00:30", "09:10:30"), *late, ("09:14:00", HONEST[-3:]), *reads("09:15:00", "26:00:00")]
    at_ends = [("07:20:00", HONEST[-3:]), ("07:21:00", ON[-3:])]
    at_ends += [("16:40:00", pin[-3:]) for pin in (HONEST, BACK, ON)]
    terminal = three(box, "polled", [*steps, *at_ends])
    engine = connect(box.url)
    forward(terminal.spool, engine)
    listed = json.loads(box.ok("punch", "doubtful", "list", "--format", "json"))
    assert [(one["nip"], one["contradicts"]) for one in listed] == [(BACK, "clock")]
    codes, pending = of_the_day(box, BACK)
    assert (len(codes), pending) == (1, False)
    assert of_the_day(box, HONEST) == ([], False)
    engine.dispose()
    terminal.spool.close()
