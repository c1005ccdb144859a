"""Numbers and dates look as people in an office write them, and keep their value."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.reports.codes import meaning

ID, EN = Formats("id"), Formats("en")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (ID.rupiah(3_836_000), "Rp 3.836.000"),
        (EN.rupiah(3_836_000), "Rp 3,836,000"),
        (ID.rupiah(0), "Rp 0"),
        (ID.percent("89.75"), "89,75%"),
        (EN.percent("89.75"), "89.75%"),
        (ID.percent("100"), "100%"),
        (ID.day(date(2026, 3, 7)), "7 Maret 2026"),
        (EN.day(date(2026, 3, 7)), "7 March 2026"),
        (ID.short_day(date(2026, 8, 14)), "Jum, 14 Agu"),
        (EN.short_day(date(2026, 8, 14)), "Fri, 14 Aug"),
        (
            ID.instant(datetime(2026, 10, 1, 8, 5, tzinfo=ZoneInfo("Asia/Jakarta"))),
            "1 Oktober 2026 pukul 08.05 WIB",
        ),
        (
            EN.instant(datetime(2026, 10, 1, 8, 5, tzinfo=ZoneInfo("Asia/Jayapura"))),
            "1 October 2026 at 08:05 WIT",
        ),
    ],
)
def test_values_are_written_as_the_language_does(written: str, expected: str) -> None:
    assert written == expected


@given(st.integers())
def test_grouping_never_changes_a_number(number: int) -> None:
    digits = ID.whole(number).replace(".", ""), EN.whole(number).replace(",", "")
    assert {int(text.replace("−", "-")) for text in digits} == {number}


def test_a_code_has_a_meaning_and_an_unknown_one_stays() -> None:
    assert meaning("PSW2", EN.words) == "Left early, class 2"
    assert meaning("TK", ID.words) == "Tanpa keterangan"
    assert meaning("IST10", ID.words) == "Terlambat kembali dari istirahat, tingkat 10"
    assert meaning("APEL", ID.words) == "Tidak mengikuti apel"
    assert meaning("X9", ID.words) == "X9"
    assert meaning("TL", ID.words) == "TL"
