"""The demo's voice reads well in a log file, and shows text as it is."""

from __future__ import annotations

from io import StringIO

from ekinerja_agent.demo.voice import Voice


def test_chapters_are_numbered_and_nothing_is_coloured_where_nobody_watches() -> None:
    out = StringIO()
    voice = Voice(out)
    voice.chapter("One")
    voice.chapter("Two")
    assert out.getvalue() == "\n1. One\n\n2. Two\n"


def test_progress_in_a_log_is_one_line_per_place_and_not_per_step() -> None:
    out = StringIO()
    with Voice(out).progress("polling", 10) as tell:
        for done in range(1, 11):
            tell(done, "Mon" if done <= 5 else "Tue")
    assert out.getvalue().splitlines() == ["     10 %  Mon", "     60 %  Tue"]


def test_brackets_and_long_lines_come_out_as_they_are() -> None:
    out = StringIO()
    voice = Voice(out)
    long = "[red]" + "0123456789" * 40
    voice.command(long)
    voice.lines([long])
    voice.table(("name",), [["[bold]"]])
    written = out.getvalue()
    assert f"  $ {long}\n    {long}\n" in written
    assert "[bold]" in written


def test_numbers_have_their_thousands_marked_and_what_does_not_exist_is_a_dash() -> None:
    out = StringIO()
    Voice(out).table(("payable_rp", "note"), [(3836000, None), (7, "x")])
    lines = out.getvalue().splitlines()
    assert any("3.836.000" in line and line.rstrip().endswith("-") for line in lines)
