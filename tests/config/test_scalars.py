"""A text is read as exactly one value, or refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.yamlfile import scalars
from ekinerja_agent.yamlfile.scalars import HostPort, parse_host_port


@given(ppm=st.integers(0, 1_000_000))
def test_a_percentage_is_exact_to_the_part_per_million(ppm: int) -> None:
    assert scalars.parse_percent(f"{Decimal(ppm) / 10_000:f}") == ppm


@given(text=st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,4})?", fullmatch=True))
def test_a_percentage_that_is_read_is_the_number_that_was_written(text: str) -> None:
    try:
        ppm = scalars.parse_percent(text)
    except ValueError:
        assert Fraction(text) > 100 or (len(text) > 1 and text[0] == "0" and text[1] != ".")
    else:
        assert Fraction(ppm, 10_000) == Fraction(text)


@given(at=st.times().map(lambda at: at.replace(second=0, microsecond=0)))
def test_every_minute_of_the_day_is_read(at: time) -> None:
    assert scalars.parse_time(f"{at:%H:%M}") == at


@given(day=st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_date_is_read(day: date) -> None:
    assert scalars.parse_date(day.isoformat()) == day


@given(number=st.integers(0, 9_999_999), unit=st.sampled_from("smhd"))
def test_every_duration_is_read(number: int, unit: str) -> None:
    names = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    assert scalars.parse_duration(f"{number}{unit}") == timedelta(**{names[unit]: number})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.20.3.15", HostPort("10.20.3.15", 4370)),
        ("10.20.3.15:4371", HostPort("10.20.3.15", 4371)),
        ("lobby.dinkes.go.id:1", HostPort("lobby.dinkes.go.id", 1)),
        ("localhost", HostPort("localhost", 4370)),
        ("[fe80::1]:65535", HostPort("fe80::1", 65535)),
        ("[::1]", HostPort("::1", 4370)),
    ],
)
def test_addresses_are_read(text: str, expected: HostPort) -> None:
    assert parse_host_port(text, 4370) == expected
    assert parse_host_port(str(expected), 1) == expected


@pytest.mark.parametrize(
    ("parse", "texts"),
    [
        (
            scalars.parse_percent,
            ["1,25", "1.25%", "100.0001", "101", "-1", "1.00001", "01", ".5", "1.", "1e1", "١", ""],
        ),
        (scalars.parse_time, ["7:30", "24:00", "07:60", "07:30:00", "0730", "07.30", "٠٧:٣٠", ""]),
        (
            scalars.parse_date,
            ["2026-02-29", "2026-2-1", "20260201", "01-02-2026", "1899-12-31", "2026-W01-1", ""],
        ),
        (scalars.parse_duration, ["60", "1.5h", "-1s", "60 s", "01s", "60S", "99999999s", "1h30m", ""]),
        (scalars.parse_whole, ["010", "0x1F", "0o17", "1_000", "+5", "1.0", "1e3", "9" * 5000, "٣", ""]),
        (scalars.parse_flag, ["yes", "no", "on", "True", "TRUE", "1", ""]),
        (
            scalars.parse_zone,
            ["Asia/Jakata", "WITA", "../../etc/passwd", "Asia", "/etc/localtime", "asia", ""],
        ),
        (scalars.parse_id, ["a/b", "a b", "-a", "a" * 65, "é", "a\n", ""]),
        (scalars.parse_text, [" a", "a ", "a\nb", "a\tb", "\u202e", ""]),
        (scalars.parse_time_range, ["07:30", "07:30 - 16:00", "07:30-24:00", "07:30–16:00", ""]),
        (
            lambda text: parse_host_port(text, 4370),
            [
                "10.20.3.256",
                "10.20.3",
                "fe80::1",
                "[fe80::1",
                "a:0",
                "a:65536",
                "a:b",
                "a b",
                "http://a",
                ":80",
                "a..b",
                "",
            ],
        ),
    ],
)
def test_every_other_spelling_is_refused(parse: Callable[[str], object], texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(ValueError):  # noqa: PT011 - the wording of a refusal is the type's, not the parser's
            parse(text)
