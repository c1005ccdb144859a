"""What a terminal's USB file proves, whose it is, and what it says beside what is known already."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.access.accounts import actor
from ekinerja_agent.central.collected.punch_list import punch_rows
from ekinerja_agent.central.facts.candidates import Asked, read_candidates
from ekinerja_agent.central.facts.scope import Scope, everybody
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.nouns.errors import ProblemsFound, WrongUsage
from ekinerja_agent.usecases.importing.imports import ImportFile
from ekinerja_agent.usecases.importing.punch_imports import KnownTerminals, PunchesImported, import_punches

ZONE = ZoneInfo("Asia/Makassar")
NOW = datetime(2026, 11, 30, tzinfo=UTC)
USB = Path(__file__).parents[1] / "captures" / "usb"
UNTIL = datetime(2026, 11, 3)
KNOWN = KnownTerminals(zones={"T": ZONE.key, "U": ZONE.key}, serials={"3391810200077": "U"})
OLD_ROWS = [
    "        7\t1971--10--29 -1:-49:-39\t1\t0\t1\t0",
    "        7\t1990-00--8 -16:-29:-40\t1\t0\t1\t0",
    "\0" * 520,
    "        7\t2000-01-01 00:03:11\t1\t0\t1\t0",
    "        7\t2019-02-30 07:20:00\t1\t0\t1\t0",
]

Stretch = tuple[str | None, str]


class Desk:
    """Who brings files into an empty database."""

    def __init__(self, central: Engine) -> None:
        self.central = central
        self.account = actor(central, "root", NOW)[0]

    def bring(
        self, content: bytes, terminal: str | None = "T", until: datetime | None = UNTIL, kind: str = "attlog"
    ) -> PunchesImported:
        file = ImportFile("1_attlog.dat" if kind == "attlog" else "p.csv", content)
        return import_punches(
            self.central, self.account, kind, file, now=NOW, known=KNOWN, terminal=terminal, complete_until=until
        )


@pytest.fixture
def desk(central: Engine) -> Desk:
    return Desk(central)


def proven(result: PunchesImported) -> list[Stretch]:
    return [(None if one.start is None else local(one.start), local(one.end)) for one in result.covered]


def local(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"


def log_lines(days: int, first: date = date(2019, 3, 4)) -> Iterator[str]:
    """Two rows a day."""
    for day in range(days):
        for clock in ("07:20:00", "16:40:00"):
            yield f"        7\t{first + timedelta(days=day)} {clock}\t1\t0\t1\t0"


def text(lines: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


@pytest.mark.parametrize("name", ["f3-reset-clock-2019.dat", "f3-nul-line-2019.dat"])
def test_an_old_bad_row_leaves_a_hole_between_its_neighbours_and_no_more(desk: Desk, name: str) -> None:
    result = desk.bring((USB / name).read_bytes())
    assert len(result.quarantined) == 1
    assert proven(result) == [(None, "2019-03-04 07:20"), ("2019-03-05 07:20", "2026-11-03 00:00")]
    assert result.uncovered == {}


@pytest.mark.parametrize("old", OLD_ROWS)
def test_every_kind_of_old_row_is_a_hole_of_its_own(desk: Desk, old: str) -> None:
    lines = list(log_lines(4))
    result = desk.bring(text([*lines[:3], old, *lines[3:5], old, old, *lines[5:]]))
    assert proven(result) == [
        (None, "2019-03-05 07:20"),
        ("2019-03-05 16:40", "2019-03-06 07:20"),
        ("2019-03-06 16:40", "2026-11-03 00:00"),
    ]


def test_a_large_file_with_old_rows_is_proven_from_their_neighbours_on(desk: Desk) -> None:
    lines = list(log_lines(20_000, date(1970, 1, 1)))[-5_000:]
    lines[1_000:1_000] = OLD_ROWS * 20
    result = desk.bring(text(lines), until=datetime(2024, 11, 3))
    assert (result.punches, len(result.quarantined), len(result.covered), result.uncovered) == (5_000, 100, 2, {})


def test_a_row_that_nobody_can_read_at_the_end_leaves_the_end_open(desk: Desk) -> None:
    result = desk.bring(text([*log_lines(2), OLD_ROWS[0]]))
    assert proven(result) == [(None, "2019-03-05 16:40")]
    assert list(result.uncovered) == ["T"]
    first = desk.bring(text([OLD_ROWS[0], *log_lines(2)]))
    assert (proven(first), first.uncovered) == ([("2019-03-04 07:20", "2026-11-03 00:00")], {})


def test_rows_that_a_person_sorted_prove_nothing_beside_one_that_nobody_can_read(desk: Desk) -> None:
    by_pin = sorted(f"{pin}\t{line[10:]}" for pin in range(1, 5) for line in log_lines(3))
    result = desk.bring(text([*by_pin[:4], OLD_ROWS[0], *by_pin[4:]]))
    assert (result.covered, list(result.uncovered)) == ((), ["T"])
    assert [one.start for one in desk.bring(text(by_pin)).covered] == [None]


@pytest.mark.parametrize("name", ["AGL_0001.TXT", "AGL_001.TXT", "ALOG_001.txt"])
def test_the_log_of_another_maker_is_refused_by_its_name(desk: Desk, name: str) -> None:
    with pytest.raises(ProblemsFound, match=r"another maker's terminal .*import punches FILE"):
        desk.bring((USB / name).read_bytes())
    with pytest.raises(ProblemsFound, match="this is a workbook"):
        desk.bring(b"PK\x03\x04\x14\0")


def test_the_serial_in_the_first_line_says_whose_file_it_is(desk: Desk) -> None:
    content = (USB / "usb-bw-sn-checksum.dat").read_bytes()
    result = desk.bring(content, None, datetime(2026, 11, 29))
    assert (result.punches, result.quarantined, proven(result)) == (2, (), [(None, "2026-11-29 00:00")])
    with pytest.raises(WrongUsage, match="has the serial of U, but --terminal says T"):
        desk.bring(content, "T")
    with pytest.raises(WrongUsage, match="says serial CJDE193560303, but U has 3391810200077"):
        desk.bring(b"SN=CJDE193560303\r\n" + text(list(log_lines(1))), "U")


SEPTEMBER = Scope(
    pl.Series([], dtype=pl.String), [], True, date(2026, 9, 1), date(2026, 9, 30), everybody, {}, frozenset()
)
EXACT = b"7\t2026-09-07 07:21:13\t1\t0\t1\t0\r\n"
MINUTES = b"7\t2026-09-07 07:21\t1\t0\t1\t0\r\n7\t2026-09-07 16:05\t1\t0\t1\t0\r\n"


@pytest.mark.parametrize("order", [(EXACT, MINUTES), (MINUTES, EXACT)], ids=["exact first", "minutes first"])
def test_a_punch_without_seconds_is_never_a_second_one_beside_the_exact_one(
    desk: Desk, order: tuple[bytes, bytes]
) -> None:
    desk.bring(order[0], until=None)
    desk.bring(order[1], until=None)
    expected = [(datetime(2026, 9, 7, 7, 21, 13), "file"), (datetime(2026, 9, 7, 16, 5), "minutes")]
    assert [(row["clock"], row["source"]) for row in punch_rows(desk.central)] == expected
    with reading(desk.central) as conn:
        for asked in (None, Asked({("T", "7"): True}, frozenset(), frozenset())):
            found = read_candidates(conn, asked, SEPTEMBER)
            assert sorted(found["clock"]) == [clock for clock, _ in expected]


def test_a_hole_beside_a_row_without_seconds_has_the_whole_minute(desk: Desk) -> None:
    lines = [f"7\t2026-09-07 {clock}" for clock in ("07:20", "07:20:99", "07:25", "16:00")]
    assert proven(desk.bring(text(lines))) == [(None, "2026-09-07 07:20"), ("2026-09-07 07:26", "2026-11-03 00:00")]
