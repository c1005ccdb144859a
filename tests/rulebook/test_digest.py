"""The digest names the meaning of the rules: any value changes it, nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from ekinerja_agent.rulebook import canonical_text, differences, load_rulebook, short_lived, unadopted

Edited = Callable[..., Path]


def test_the_same_rules_have_the_same_digest_anywhere(shipped: Path, edited: Edited) -> None:
    digest = load_rulebook(shipped).digest
    assert load_rulebook(edited()).digest == digest
    assert digest.startswith("sha256:")
    assert len(digest) == len("sha256:") + 64


def test_comments_order_quotes_and_other_spellings_of_a_number_do_not_change_it(shipped: Path, edited: Edited) -> None:
    edited("profiles/hsu.yaml", "title: Hulu Sungai Utara, four scans\nextends: tpp-model\n", "# moved\n\n")
    path = edited() / "profiles/hsu.yaml"
    path.write_text(path.read_text() + "\nextends: 'tpp-model'\ntitle: \"Hulu Sungai Utara, four scans\"\n")
    edited("profiles/tpp-model.yaml", "value: 1.5", "value: 1.5000 # percent")
    edited("profiles/tpp-model.yaml", "closes: 479m", "closes: +479m")
    edited("unexcused.yaml", "statuses: [pns, cpns]", "statuses: [cpns, pns]")
    assert load_rulebook(edited()).digest == load_rulebook(shipped).digest


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("profiles/tpp-model.yaml", "value: 1.5", "value: 1.5001"),
        ("profiles/tpp-model.yaml", "from: 2021-01-01", "from: 2021-01-02"),
        ("profiles/tpp-model.yaml", "mark: V", "mark: S"),
        ("profiles/tpp-model.yaml", "takes: first", "takes: last"),
        ("profiles/hsu.yaml", "(press)", "(Perbup)"),
        ("profiles/hsu.yaml", "credited_minutes: 360", "credited_minutes: 361"),
        ("profiles/four-scan-example.yaml", "value: 3,", "value: none,"),
        ("profiles/banyuwangi.yaml", "fixed: [08-17]", "fixed: []"),
        ("profiles/banyuwangi.yaml", "opens: 07:00", "opens: 07:01"),
        ("profiles/tpp-model.yaml", "cpns: 80", "cpns: 81"),
        ("profiles/tpp-model.yaml", "cpns: 80", "pppk: 80"),
        ("profiles/tpp-model.yaml", "monday: 2", "tuesday: 2"),
        ("profiles/tpp-model.yaml", "in_ramadan: false", "in_ramadan: true"),
        ("profiles/tpp-model.yaml", "mode: proportional", "mode: threshold"),
        ("profiles/tpp-model.yaml", "value: first_day", "value: prorate"),
        ("profiles/tpp-model.yaml", "least_people: 10", "least_people: 9"),
        ("profiles/tpp-model.yaml", "takes: first", "takes: first, tolerance_min: 5"),
        ("profiles/bulukumba.yaml", "as_minutes: 90", "as_minutes: 91"),
        ("profiles/banjarmasin.yaml", "value: presence_share", "value: 0"),
        ("profiles/jambi.yaml", "unrated: 40", "unrated: pending"),
        ("profiles/permenaker-15-2024.yaml", "less_per_day_pct: 1", "less_per_day_pct: 2"),
        ("profiles/permenaker-15-2024.yaml", "short_case_pct: 100 ", "# "),
        ("profiles/kemenkeu.yaml", "minutes: 90", "minutes: 60"),
        ("profiles/badung.yaml", "late_pct: 0", "late_pct: 1"),
        ("profiles/magetan.yaml", "target: A", "target: AA"),
        ("profiles/tpp-model.yaml", "minutes_per_year: 75000", "minutes_per_year: 75001"),
        ("schedules.yaml", "duty: 21:00-08:00", "duty: 21:00-07:00"),
        ("schedules.yaml", "break: 12:00-13:00", "break: 12:00-13:01"),
        ("schedules.yaml", "saturday: off", "saturday: {duty: 07:30-12:00}"),
        ("ramadan.yaml", "last: 2026-03-20", "last: 2026-03-19"),
        ("holidays/2026.yaml", "cuti_bersama", "libur_nasional"),
        ("holidays/2026.yaml", "Tahun Baru Masehi", "Tahun Baru"),
        ("unexcused.yaml", "run_days: 10", "run_days: 11"),
        ("unexcused.yaml", "to: 2021-08-30\n    source: PP 53/2010", "to: 2021-08-30\n    source: PP 53/2010 Ps 8"),
    ],
)
def test_any_value_date_source_and_mark_changes_it(
    shipped: Path, edited: Edited, name: str, old: str, new: str
) -> None:
    assert load_rulebook(edited(name, old, new)).digest != load_rulebook(shipped).digest


def test_a_year_more_changes_it_even_without_holidays(shipped: Path, edited: Edited) -> None:
    (edited() / "holidays/2027.yaml").write_text("source: none yet\nmark: I\nholidays: []\n")
    book = load_rulebook(edited())
    assert 2027 in book.holiday_years
    assert book.digest != load_rulebook(shipped).digest


def test_an_adoption_changes_it_and_where_it_stands_does_not(shipped: Path, edited: Edited) -> None:
    """Who may be paid by a value depends on it; a regency without a decree has the digest of the rules alone."""
    entry = '{value: "*", profile: hsu, decree: Perbup 1/2026, date: 2026-01-05, by: Bupati}'
    (edited() / "adopted.yaml").write_text(f"adopted: [{entry}]\n")
    book = load_rulebook(edited())
    assert len(book.adoptions) == 1
    assert book.digest != load_rulebook(shipped).digest
    (edited() / "adopted.yaml").write_text(f"# what was decided\nadopted:\n  - {entry}\n")
    assert load_rulebook(edited()).digest == book.digest


def test_the_text_that_is_kept_has_the_digest(shipped: Path) -> None:
    book = load_rulebook(shipped)
    assert book.digest == f"sha256:{sha256(canonical_text(book).encode()).hexdigest()}"


def test_every_shipped_file_is_listed_as_such_and_an_edited_one_is_not(shipped: Path, edited: Edited) -> None:
    names = {path.relative_to(shipped).as_posix() for path in shipped.rglob("*.yaml")}
    assert load_rulebook(shipped).shipped == names, (
        "add the lines of `sha256sum` to ekinerja_agent/rulebook/shipped.txt"
    )
    book = load_rulebook(edited("profiles/hsu.yaml", "title:", "title: a word more, "))
    assert names - (book.shipped or set()) == {"profiles/hsu.yaml"}


def test_a_value_of_mark_v_needs_a_decree_where_the_file_is_not_the_shipped_one(shipped: Path, edited: Edited) -> None:
    days = (date(2026, 10, 1), date(2026, 10, 31))
    before = {name for name, _ in unadopted(load_rulebook(shipped), "tpp-model", *days)}
    assert "absence_day" not in before
    book = load_rulebook(edited("profiles/tpp-model.yaml", "title:", "title: a word more, "))
    assert "absence_day" in {name for name, _ in unadopted(book, "tpp-model", *days)}


def test_a_value_that_lives_less_than_a_month_is_named(shipped: Path, edited: Edited) -> None:
    whole = (date.min, date.max)
    assert short_lived(load_rulebook(shipped), ["tpp-model"], ["five-day-national"], *whole) == ()
    values = (
        "- {from: 2021-01-01, to: 2026-10-04, value: 3, source: s, mark: V}\n"
        "  - {from: 2026-10-05, to: 2026-10-06, value: 0, source: s, mark: V}\n"
        "  - {from: 2026-10-07, "
    )
    text = (shipped / "profiles/tpp-model.yaml").read_text()
    start = text.index("- from: 2021-01-01\n    value: 3")
    old = text[start : text.index("base:", start)]
    book = load_rulebook(edited("profiles/tpp-model.yaml", old, f"{values}value: 3, source: s, mark: V}}\n"))
    (found,) = short_lived(book, ["tpp-model"], ["five-day-national"], *whole)
    assert (found.value, found.first, found.last) == ("absence_day", date(2026, 10, 5), date(2026, 10, 6))
    found_by_place = {
        (one.where, one.first): one.old
        for one in differences(canonical_text(load_rulebook(shipped)), canonical_text(book))
    }
    assert found_by_place["profiles tpp-model absence_day", "2026-10-05"] is None
