"""Reports through their commands: each number is that of the view or of `score show`, and public ones name nobody."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import openpyxl
import pytest

from ekinerja_agent.scoring.frames.exact import percent_text
from tests.journey.conftest import Installation, sql
from tests.journey.reported_county import (
    ASPECTS,
    EVIL,
    KRIDA,
    MONTH,
    NAMES,
    PEOPLE,
    County,
    activities,
    people_of,
    publish_all,
)
from tests.proof import databases
from tests.proof.pages import Page


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A directory and an empty database that the tests of this file share, for they only read."""
    directory = tmp_path_factory.mktemp("county")
    if request.param == "sqlite":
        yield directory, f"sqlite:///{directory / 'central.db'}"
        return
    with databases.postgres_database(request.getfixturevalue("postgres_server")) as url:
        yield directory, url


@pytest.fixture
def county(place: tuple[Path, str], installation_in: type[Installation], name_nip: Callable[[int], str]) -> County:
    """Four units, three months, all of them published; made by whoever comes first."""
    directory, url = place
    made = (directory / "agent.yaml").exists()
    found = County(installation_in(directory, url), people_of(name_nip))
    if not made:
        publish_all(found)
    return found


def written(county: County, kind: str, suffix: str, *options: str) -> Path:
    """The file of a report, in Indonesian."""
    out = Path(county.installation.directory / f"{kind}{''.join(options)}{suffix}")
    county.installation.ok("--lang", "id", "report", kind, "--month", MONTH, "--out", str(out), *options)
    return out


def csv_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def sheet_rows(path: Path, sheet: str) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path)[sheet].iter_rows(min_row=2)]


def percent(value: float | str) -> Decimal:
    """A percentage of a workbook, as it was meant: a double holds what 15 digits say."""
    return Decimal(f"{Decimal(value) * 100:.4f}")


def number(value: float | str) -> Decimal:
    return Decimal(f"{Decimal(value):.4f}")


def documents(county: County, *options: str) -> list[dict[str, Any]]:
    shown = county.installation.ok("score", "show", "--month", MONTH, "--format", "json", *options)
    return list(json.loads(shown))


def test_the_units_report_is_the_view(county: County) -> None:
    view = sql(county.installation.url, f"select * from unit_scores_v1 where period = '{MONTH}' order by unit_code")
    assert [(row["unit_code"], row["employees"]) for row in view] == list(PEOPLE.items())
    growth = {row["unit_code"]: row["trend_months_without_growth"] for row in view}
    assert (growth["DINKES"], growth["DISDIK"]) == (2, 0)
    found = csv_rows(written(county, "unit", ".csv"))
    sheet = sheet_rows(written(county, "unit", ".xlsx"), "Unit")
    page = Page(written(county, "unit", ".html").read_text(encoding="utf-8")).table_with("Kehadiran")
    assert len(found) == len(sheet) == len(page.rows) - 1 == len(view)
    for row, plain, cells, line in zip(view, found, sheet, page.rows[1:], strict=True):
        columns = ("attendance_pct", "discipline_pct", "performance_pct")
        assert (plain["unit_code"], plain["employees"]) == (row["unit_code"], str(row["employees"]))
        assert [plain[name] for name in columns] == [str(row[name]) for name in columns]
        assert [percent(cell) for cell in cells[3:6]] == [Decimal(str(row[name])) for name in columns]
        assert line[2:5] == [f"{row[name]}%".replace(".", ",") for name in columns]
        assert int(plain["trend_months_without_growth"]) == cells[7] == row["trend_months_without_growth"]
    earlier = sql(
        county.installation.url, "select * from unit_scores_v1 where period = '2026-08' and unit_code = 'DINKES'"
    )
    change = Decimal(str(view[2]["performance_pct"])) - Decimal(str(earlier[0]["performance_pct"]))
    assert Decimal(found[2]["performance_change_points"]) == change < 0


def test_the_monthly_workbook_holds_what_score_show_prints(county: County) -> None:
    shown = {document["nip"]: document for document in documents(county)}
    path = written(county, "monthly", ".xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book["Pegawai"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B2", f"A1:O{len(county.people) + 1}")
    rows = sheet_rows(path, "Pegawai")
    assert {row[0] for row in rows} == county.people.keys() == shown.keys()
    plain = {row["nip"]: row for row in csv_rows(written(county, "monthly", ".csv"))}
    for row in rows:
        document = shown[row[0]]
        scores = (document["discipline"]["score_pct"], document["performance"]["score_pct"])
        money = [document["allowance"][name] for name in ("base_rp", "discipline_rp", "performance_rp", "payable_rp")]
        assert [percent(cell) for cell in row[9:11]] == [Decimal(score) for score in scores]
        assert row[11:15] == money
        assert (plain[row[0]]["discipline_pct"], plain[row[0]]["performance_pct"]) == scores
        assert plain[row[0]]["payable_rp"] == str(money[-1])
    assert sheet["O2"].number_format == "#,##0"
    assert sheet["J2"].number_format == "0.00##%"


def test_nothing_that_people_wrote_becomes_a_formula(county: County) -> None:
    for kind, options in (("monthly", ()), ("daily", ("--date", f"{MONTH}-07"))):
        book = openpyxl.load_workbook(written(county, kind, ".xlsx", *options))
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
        assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
        assert {EVIL, "+62 Ahmad", "-Noor", "@Siti"} <= {cell.value for cell in cells}
        assert all(cell.quotePrefix for cell in cells if cell.value in NAMES[:4])
        names = {row["name"] for row in csv_rows(written(county, kind, ".csv", *options))}
        assert {f"'{name}" for name in NAMES[:4]} <= names
    html = written(county, "daily", ".html", "--date", f"{MONTH}-07").read_text(encoding="utf-8")
    assert "Dewi &amp; &lt;b&gt;Rizal&lt;/b&gt;" in html


def test_the_daily_report_counts_the_days_of_score_show(county: County) -> None:
    days: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for document in documents(county):
        for day in document["days"]:
            days.setdefault((day["date"], document["unit"]), []).append(day)
    rows = csv_rows(written(county, "daily", ".csv"))
    assert len(rows) == len(days) == 4 * 22
    late = absent = 0
    for row in rows:
        there = [day for day in days[row["date"], row["unit"]] if day["worked_minutes"] is not None]
        assert int(row["present"]) == len(there)
        assert int(row["late"]) == sum(day["late_minutes"] > 0 for day in there)
        assert int(row["absent"]) == len(days[row["date"], row["unit"]]) - len(there)
        late, absent = late + int(row["late"]), absent + int(row["absent"])
    assert late > 20
    assert absent > 10
    page = Page(written(county, "daily", ".html").read_text(encoding="utf-8"))
    assert (page.keys["Kali terlambat"], page.keys["Tanpa keterangan (TK)"]) == (str(late), str(absent))


def test_the_events_report_counts_who_came(county: County) -> None:
    expected = {unit: [0, 0, 0] for unit in PEOPLE}
    for number, (unit, _) in enumerate(county.people.values()):
        expected[unit][0 if number % 4 and number != 2 else 1 if number % 4 == 0 else 2] += 1
    rows = csv_rows(written(county, "events", ".csv", "--target", "80"))
    found = {row["unit"]: [int(row[name]) for name in ("present", "missed", "excused")] for row in rows}
    assert found == expected
    shares = {row["unit"]: row["attendance_pct"] for row in rows}
    assert (expected["DINKES"][0], shares["DINKES"]) == (5, "71.4286")  # of seven, half up
    (event,) = sheet_rows(written(county, "events", ".xlsx", "--target", "75.1"), "Acara")
    present, missed, excused = (sum(column) for column in zip(*expected.values(), strict=True))
    assert event[:2] == ["KRIDA-1", "krida"]
    assert event[2].date().isoformat() == KRIDA
    assert event[3:8] == [present, missed, excused, 0, 0]
    assert percent(event[8]) == Decimal(percent_text(round(1_000_000 * Fraction(present, present + missed))))
    assert event[9] == "tidak tercapai"
    refused = county.installation.run("report", "events", "--month", MONTH, "--target", "101", "--out", "x.csv")
    assert (refused.code, "not a percentage from 0 to 100" in refused.err) == (2, True)


def test_the_evaluation_says_who_is_at_the_maximum_and_who_wrote_nothing(county: County) -> None:
    shown = {document["nip"]: document for document in documents(county)}
    rows = csv_rows(written(county, "evaluation", ".csv"))
    assert {row["nip"] for row in rows} == shown.keys()
    for row in rows:
        document = shown[row["nip"]]
        scores = (document["discipline"]["score_pct"], document["performance"]["score_pct"])
        assert (row["discipline_pct"], row["performance_pct"]) == scores
        assert (row["at_maximum"] == "ya") == (scores == ("100", "100"))
    assert [row["unit"] for row in rows if row["at_maximum"] == "ya"] == ["CAMAT"]
    path = written(county, "evaluation", ".xlsx")
    silent = {row[1]: row[4] for row in sheet_rows(path, "Hari tanpa isian")}
    entries = {(entry["nip"], str(entry["date"])) for entry in activities(county.people)}
    for nip, document in shown.items():
        present = {day["date"] for day in document["days"] if day["worked_minutes"] is not None}
        assert silent.get(nip, 0) == sum((nip, day) not in entries for day in present)
    assert any(silent.values())
    units = {row[0]: row for row in sheet_rows(path, "Perangkat daerah")}
    claimed = [entry for entry in activities(county.people) if f"{entry['date']:%Y-%m}" == MONTH]
    of_unit = [entry for entry in claimed if county.people[entry["nip"]][0] == "DISDIK"]
    minutes = sum(entry["approved_minutes"] for entry in of_unit)
    planned = sum(entry["approved_minutes"] for entry in of_unit if entry["plan"])
    assert percent(units["DISDIK"][7]) == Decimal(percent_text(round(Fraction(1_000_000 * planned, minutes))))
    assert units["DISDIK"][8:] == [1, 0, 1, 2]
    assert units["DINKES"][8:] == [0, 2, 0, 0]


def test_programmes_are_those_of_the_view(county: County) -> None:
    view = {row["plan"]: row for row in sql(county.installation.url, "select * from plan_status_v1")}
    rows = {row[0]: row for row in sheet_rows(written(county, "evaluation", ".xlsx"), "Program")}
    states = {plan: row[5] for plan, row in rows.items()}
    assert states == {"P-1": "selesai", "P-2": "belum", "P-3": "tidak selesai", "P-4": "tidak selesai", "P-5": "belum"}
    for plan, row in view.items():
        shares = [row["planned_pct"], row["physical_pct"], row["financial_pct"]]
        assert [percent(rows[plan][place]) for place in (6, 7, 10)] == [Decimal(str(share)) for share in shares]
        differences = [row["deviation_pct"], row["gap_pct"]]
        assert [number(rows[plan][place]) for place in (8, 11)] == [Decimal(str(points)) for points in differences]
        behind = -Decimal(str(row["deviation_pct"]))
        pace = "sesuai rencana" if behind <= 0 else "perlu perhatian" if behind <= 10 else "kritis"
        assert (rows[plan][9], rows[plan][12] is not None) == (pace, abs(Decimal(str(row["gap_pct"]))) > 10)
    assert rows["P-4"][6:] == [None] * 7
    assert {row[1] for row in sheet_rows(written(county, "evaluation", ".xlsx"), "Program inovatif")} == {
        "=Sekolah Pintar"
    }


def test_the_workload_report_weighs_the_view(county: County) -> None:
    rows = {(row["unit"], row["job"]): row for row in csv_rows(written(county, "workload", ".csv"))}
    view = sql(county.installation.url, "select * from unit_workload_v1")
    assert rows.keys() == {(row["unit_code"], row["job"]) for row in view}
    for row in view:
        times = {"day": 250, "week": 50, "month": 12, "year": 1}
        load = sum(Decimal(str(row[f"{per}_minutes"])) * count for per, count in times.items())
        found = rows[row["unit_code"], row["job"]]
        assert Decimal(found["load_minutes"]) == load
        need = int(load / 75_000 + Decimal("0.5"))
        assert (int(found["need"]), int(found["staff"]), int(found["gap"])) == (need, row["staff"], row["staff"] - need)
    entered = {(entry["nip"], str(entry["date"])): entry["approved_minutes"] for entry in activities(county.people)}
    means = []
    for document in documents(county, "--office", "DINKES"):
        present = [day["date"] for day in document["days"] if day["worked_minutes"] is not None]
        means.append(Fraction(sum(entered.get((document["nip"], day), 0) for day in present), len(present)))
    assert int(rows["DINKES", "Perawat"]["logged_minutes"]) == int(median(means) + Fraction(1, 2))
    assert rows["DINKES", "Analis"]["logged_minutes"] == ""
    units = {row[0]: row for row in sheet_rows(written(county, "workload", ".xlsx"), "Perangkat daerah")}
    assert units["DINKES"][2:] == [19, 12, 12, 5]  # twelve nurses are missing although there are five analysts too many
    public = {row["unit"]: row for row in csv_rows(written(county, "workload", ".csv", "--public"))}
    assert {unit for unit, row in public.items() if row["staff"] == "•"} == {"CAMAT", "DINKES"}
    jobs = sheet_rows(written(county, "workload", ".xlsx", "--public"), "Jabatan")
    assert {row[0] for row in jobs if row[4] == "•"} == {"CAMAT", "DINKES"}


def test_the_sakip_report_grades_the_view(county: County) -> None:
    view = sql(county.installation.url, "select * from unit_sakip_v1 where year = '2026'")
    rows = {row["unit"]: row for row in csv_rows(written(county, "sakip", ".csv"))}
    for row in view:
        assert rows[row["unit_code"]][row["aspect"]] == str(row["score"])
    weights = {row[0]: percent(row[1]) for row in sheet_rows(written(county, "sakip", ".xlsx"), "Bobot aspek")}
    points = sum(
        Decimal(rows["DISDIK"][aspect]) * weight for aspect, weight in zip(ASPECTS, weights.values(), strict=True)
    )
    assert Decimal(rows["DISDIK"]["points"]) == points / 100
    assert rows["DISDIK"]["grade"] == "AA"
    assert Decimal(rows["DISDIK"]["change_points"]) == 3
    assert (rows["CAMAT"]["points"], rows["CAMAT"]["grade"], rows["CAMAT"]["reviu_evaluasi"]) == ("", "", "")
    money = sql(county.installation.url, f"select * from unit_budget_v1 where month = '{MONTH}'")
    shown = {row[0]: row for row in sheet_rows(written(county, "sakip", ".xlsx"), "Keuangan rencana")}
    for row in money:
        assert shown[row["unit_code"]][2:5] == [row["plans"], row["budget_rp"], row["realised_rp"]]
        assert percent(shown[row["unit_code"]][5]) == Decimal(str(row["absorption_pct"]))


@pytest.mark.parametrize("kind", ["monthly", "daily", "unit", "events", "evaluation"])
def test_a_public_edition_names_nobody_and_tells_nothing_about_few(county: County, kind: str) -> None:
    for suffix in (".html", ".csv", ".xlsx"):
        path = written(county, kind, suffix, "--public")
        if suffix == ".xlsx":
            book = openpyxl.load_workbook(path)
            told = "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
        else:
            told = path.read_text(encoding="utf-8")
        for nip, (_, name) in county.people.items():
            assert nip not in told
            assert name not in told
        assert "HYPERLINK" not in told
        assert f"{MONTH}-07" not in told
        assert KRIDA not in told
    rows = {row.get("unit") or row["unit_code"]: row for row in csv_rows(written(county, kind, ".csv", "--public"))}
    hidden = {unit for unit, row in rows.items() if "•" in row.values()}
    assert hidden == {"CAMAT", "BAPPEDA"}  # three people, and the five from whom the three could be computed
    for unit in hidden:
        numbers = [value for name, value in rows[unit].items() if name.endswith("_pct") or name == "people"]
        assert set(numbers) == {"•"}


def test_what_one_public_edition_withholds_another_does_not_tell(county: County) -> None:
    out = str(county.installation.directory / "publik.html")
    refused = county.installation.run(
        "report", "unit", "--month", MONTH, "--public", "--office", "BAPPEDA", "--out", out
    )
    assert (refused.code, "all offices" in refused.err) == (2, True)
    refused = county.installation.run(
        "report", "daily", "--month", MONTH, "--public", "--date", "2026-09-07", "--out", out
    )
    assert (refused.code, "no single day" in refused.err) == (2, True)
    refused = county.installation.run("report", "daily", "--month", MONTH, "--date", "2026-08-07", "--out", out)
    assert (refused.code, "not a day of 2026-09" in refused.err) == (2, True)
    assert not Path(out).exists()


def test_each_export_is_in_the_audit_log(county: County) -> None:
    written(county, "unit", ".xlsx", "--public")
    *_, entry = json.loads(county.installation.ok("audit", "list", "--format", "json"))
    assert (entry["action"], entry["subject"]) == ("report.unit", MONTH)
    assert entry["details"]["people"] == len(county.people)
    assert entry["details"]["public"] is True


KINDS = ("monthly", "daily", "unit", "events", "evaluation", "workload", "sakip")


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_of_one_office_is_of_no_other(county: County, kind: str) -> None:
    path = written(county, kind, ".xlsx", "--office", "DINKES")
    book = openpyxl.load_workbook(path)
    told = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    assert "DINKES" in told
    assert {"DISDIK", "CAMAT", "BAPPEDA"}.isdisjoint(told)
    others = {nip for nip, (unit, _) in county.people.items() if unit != "DINKES"}
    assert others.isdisjoint(told)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("public", [False, True])
def test_a_month_of_which_nothing_is_known_gives_a_report_that_says_so(county: County, kind: str, public: bool) -> None:
    options = ("--public",) if public else ()
    for suffix in (".html", ".xlsx", ".csv"):
        out = county.installation.directory / f"empty{suffix}"
        county.installation.ok("--lang", "en", "report", kind, "--month", "2024-02", "--out", str(out), *options)
    page = Page((county.installation.directory / "empty.html").read_text(encoding="utf-8"))
    said = {
        "unit": "Nothing is published for this month.",
        "events": "Nobody was called to an event in this month.",
        "workload": "Workload and staff",  # tasks have no month
        "sakip": "No aspect of any unit is told.",
    }
    assert said.get(kind, "There are no scores for this month.") in page.text
