"""The monthly page says what the scores say, in both languages, to everybody, and lets nobody's name do anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ekinerja_agent.locale.language import translate_to
from ekinerja_agent.nouns.duty import DayState
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.reports.kinds.monthly import render

Maker = Callable[..., Any]


def whole(text: str) -> int:
    return int(text.replace(".", ""))


def pct(text: str) -> Decimal:
    return Decimal(text.removesuffix("%").replace(",", "."))


def test_every_person_stands_there_with_the_numbers_of_score_show(
    a_month: Maker, a_report: Maker, read_page: Maker
) -> None:
    scores = a_month(40)
    page = read_page(render(a_report(scores), "id"))
    shown = {}
    for table in page.tables:
        if table.rows[0][0] == "Nama dan NIP":
            for row in table.rows[1:-1]:
                nip = re.search(r"\d{18}", row[0])
                assert nip is not None
                shown[nip[0]] = row
    assert shown.keys() == {score.nip for score in scores}
    for score in scores:
        name, working, present, excused, unexcused, discipline, performance, *money = shown[score.nip]
        allowance = score.allowance
        assert name.startswith(score.name)
        assert ("Hari tertunda: 1" in name) == bool(score.pending)
        assert [whole(working), whole(present), whole(excused), whole(unexcused)] == [
            score.working_days,
            score.days_present,
            score.days_excused,
            score.unexcused.days,
        ]
        assert pct(discipline) * 10_000 == score.discipline.score_ppm
        assert pct(performance) * 10_000 == score.performance.score_ppm
        parts = ("base_rp", "discipline_rp", "performance_rp", "payable_rp")
        assert [whole(amount) for amount in money] == [getattr(allowance, part) for part in parts]


def test_the_key_figures_are_the_sums_of_the_scores(a_month: Maker, a_report: Maker, read_page: Maker) -> None:
    scores = a_month(40)
    keys = read_page(render(a_report(scores, unmatched_pins=3), "id")).keys
    total = sum(score.allowance.payable_rp for score in scores)
    assert keys["Jumlah dibayarkan"] == f"Rp {total:,}".replace(",", ".")
    assert keys["Pegawai"] == "40"
    assert whole(keys["Hari tanpa keterangan (TK)"]) == sum(score.unexcused.days for score in scores)
    assert whole(keys["Hari tertunda"]) == sum(len(score.pending) for score in scores)
    assert keys["PIN tanpa pegawai"] == "3"


def test_the_codes_are_counted_with_their_meaning_and_source(a_score: Maker, a_report: Maker, read_page: Maker) -> None:
    scores = [a_score(1, late=[10, 75]), a_score(2, late=[20]), a_score(3, absent=2)]
    table = read_page(render(a_report(scores), "id")).table_with("Kode")
    source = "Keputusan Mendagri 900-4700/2020, Lampiran"
    assert table.rows[1:] == [
        ["TK Tanpa keterangan", "2", "1", "–", "6%", source],
        ["TL1 Terlambat, tingkat 1", "2", "2", "30", "1%", source],
        ["TL3 Terlambat, tingkat 3", "1", "1", "75", "1,25%", source],
    ]


def test_pending_days_stand_there_once_with_reason_and_people(
    a_score: Maker, a_report: Maker, read_page: Maker
) -> None:
    pending = [(date(2026, 9, 14), "dinkes-lobby not complete until the end of the day")]
    scores = [a_score(3, pending=pending), a_score(6, pending=pending), a_score(9)]
    page = read_page(render(a_report(scores), "en"))
    assert page.table_with("Reason").rows[1:] == [
        ["Mon, 14 Sep", "DINKES", pending[0][1], "2", f"{scores[0].name}; {scores[1].name}"]
    ]
    assert "Draft." in page.text
    assert page.keys["Pending days"] == "2"


def test_why_a_day_is_pending_is_said_in_the_language_of_the_report(
    a_score: Maker, a_report: Maker, read_page: Maker
) -> None:
    reason = Message("{terminal} not complete until the end of the day", terminal="dinkes-lobby")
    theirs = str(reason)  # what somebody else wrote in the same words
    scores = [a_score(3, pending=[(date(2026, 9, 14), reason)]), a_score(6, pending=[(date(2026, 9, 15), theirs)])]
    rows = read_page(render(a_report(scores), "id")).table_with("Alasan").rows[1:]
    assert [row[2] for row in rows] == [translate_to("id")(reason), theirs]
    assert rows[0][2] != theirs


def test_a_published_month_says_so_and_why_pending_days_were_accepted(
    a_score: Maker, a_report: Maker, a_closing: Maker, read_page: Maker
) -> None:
    scores = [a_score(number, status="published") for number in range(3)]
    closings = [a_closing("DINKES", "listrik padam, surat no. 12"), a_closing("DISDIK")]
    text = read_page(render(a_report(scores, closings=closings), "id")).text
    assert "Diterbitkan." in text
    assert "Draf." not in text
    assert "listrik padam, surat no. 12" in text
    assert text.count("Alasan:") == 1


def test_one_reason_for_several_offices_is_told_once(
    a_score: Maker, a_report: Maker, a_closing: Maker, read_page: Maker
) -> None:
    scores = [a_score(number, status="published") for number in range(3)]
    closings = [
        a_closing("BKPSDM", "listrik padam"),
        a_closing("DINKES", "listrik padam"),
        a_closing("DISDIK", "banjir"),
    ]
    text = read_page(render(a_report(scores, closings=closings), "id")).text
    assert "BKPSDM, DINKES:" in text
    assert text.count("listrik padam") == text.count("banjir") == 1


def test_one_open_office_keeps_the_page_a_draft(a_score: Maker, a_report: Maker, read_page: Maker) -> None:
    scores = [a_score(0, status="published"), a_score(1, status="draft")]
    text = read_page(render(a_report(scores), "en")).text
    assert "Not yet published: DISDIK." in text
    assert "These are the numbers that payroll reads." not in text


EVIL = '<script>alert("x")</script>&"\''


@pytest.mark.parametrize("lang", ["id", "en"])
def test_what_people_wrote_is_shown_and_never_run(
    lang: str, a_score: Maker, a_report: Maker, a_closing: Maker, read_page: Maker
) -> None:
    score = a_score(
        1, late=[10], name=EVIL, unit=EVIL, unit_name=EVIL, profile=EVIL, pending=[(date(2026, 9, 14), EVIL)]
    )
    (finding,) = score.findings
    score = replace(score, discipline=replace(score.discipline, findings=(replace(finding, code=EVIL, source=EVIL),)))
    page = read_page(render(a_report([score], closings=[a_closing(EVIL, EVIL)]), lang))
    assert "script" not in {tag for tag, _ in page.elements}
    assert page.text.count(EVIL) >= 12


@pytest.mark.parametrize("lang", ["id", "en"])
def test_the_page_needs_no_network_and_no_script(lang: str, a_month: Maker, a_report: Maker, read_page: Maker) -> None:
    html = render(a_report(a_month(40)), lang)
    page = read_page(html)
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "link", "img", "iframe", "object"})
    links = [value for _, attributes in page.elements for name, value in attributes.items() if name in {"src", "href"}]
    assert links == ["#pending"]
    assert "url(" not in html
    assert "@import" not in html


@pytest.mark.parametrize("lang", ["id", "en"])
def test_those_who_cannot_see_it_can_hear_it(lang: str, a_month: Maker, a_report: Maker, read_page: Maker) -> None:
    page = read_page(render(a_report(a_month(12)), lang))
    assert ("html", {"lang": lang}) in page.elements
    headings = [tag for tag, _ in page.elements if tag in {"h1", "h2", "h3"}]
    assert headings.count("h1") == 1
    assert headings[0] == "h1"
    assert {scope for table in page.tables for scope in table.scopes} == {"col", "row"}
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    charts = [attributes for tag, attributes in page.elements if tag == "svg"]
    assert len(charts) == 4
    for chart in charts:
        assert chart["role"] == "img"
        assert set((chart["aria-labelledby"] or "").split()) <= set(ids)
    labels = {attributes.get("aria-labelledby") for tag, attributes in page.elements if tag in {"section", "div"}}
    assert labels - {None} <= set(ids)


def test_the_same_month_reads_in_indonesian_and_in_english(a_score: Maker, a_report: Maker, read_page: Maker) -> None:
    report = a_report([a_score(1, late=[75])])
    indonesian, english = (read_page(render(report, lang)) for lang in ("id", "en"))
    assert "Disiplin dan kinerja September 2026" in indonesian.text
    assert "Discipline and performance September 2026" in english.text
    assert indonesian.keys["Rata-rata nilai disiplin"] == "98,75%"
    assert english.keys["Mean discipline score"] == "98.75%"
    assert indonesian.keys["Jumlah dibayarkan"] == "Rp 3.980.000"
    assert english.keys["Total payable"] == "Rp 3,980,000"
    assert indonesian.keys["Laporan dibuat"] == "1 Oktober 2026 pukul 08.30 WITA"
    assert english.keys["Report made"] == "1 October 2026 at 08:30 WITA"


@pytest.mark.parametrize(("lang", "sentence"), [("id", "Belum ada nilai"), ("en", "There are no scores")])
def test_a_month_without_scores_says_so(lang: str, sentence: str, a_report: Maker, read_page: Maker) -> None:
    page = read_page(render(a_report([], month=date(2026, 8, 1)), lang))
    assert sentence in page.text
    assert "score run --month 2026-08" in page.text
    assert page.tables == []


def test_why_somebody_was_on_leave_is_not_on_the_page(a_score: Maker, a_report: Maker) -> None:
    score = a_score(1, late=[90], days_excused=3, days_present=19)
    (finding,), (first, *others) = score.findings, score.days
    of_leave = replace(finding, code="CUTI", scan=None, reference="cuti_sakit 445/12")
    score = replace(
        score,
        days=(replace(first, state=DayState.EXCUSED), *others),
        discipline=replace(score.discipline, findings=(of_leave,)),
    )
    assert "CUTI" in (page := render(a_report([score]), "id"))
    assert "cuti_sakit" not in page


def test_the_same_report_gives_the_same_bytes(a_month: Maker, a_report: Maker) -> None:
    assert render(a_report(a_month(20)), "id") == render(a_report(a_month(20)[::-1]), "id")


def test_a_thousand_people_fit_in_a_page_that_opens_at_once(a_month: Maker, a_report: Maker) -> None:
    assert len(render(a_report(a_month(1_000)), "id")) < 1_500_000
