"""From stored scores to a file in an office's hand, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account, actor
from ekinerja_agent.central.collected import inbox
from ekinerja_agent.central.scored import results
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.cli.month.report import group
from ekinerja_agent.cli.shell.context import Context
from ekinerja_agent.host import os_user
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.punch import Punch, Source
from ekinerja_agent.nouns.terminal import TerminalFact
from ekinerja_agent.reports.files import digest
from ekinerja_agent.scoring import percent_text
from ekinerja_agent.usecases.reporting import report
from tests.proof.scored import a_result

MONTH = date(2026, 9, 1)
SCORED = datetime(2026, 9, 30, 17, 0, tzinfo=UTC)
MADE = datetime(2026, 10, 1, 0, 30, tzinfo=UTC)
DIGEST = "sha256:" + "c0de" * 16
Maker = Callable[..., Any]


def a_punch(clock: datetime) -> Punch:
    return Punch("dinkes-lobby", "99", clock, 1, clock.replace(tzinfo=UTC), 0, 1, 0, 0, Source.POLL, b"raw")


NIPS = [f"199001012015011{number:03d}" for number in range(4)]


def ordered(out: Path, account: Account, lang: str = "id", **more: Any) -> report.Order:
    return report.Order(month=MONTH, out=out, account=account, lang=lang, now=MADE, **more)


@pytest.fixture
def account(central: Engine) -> Account:
    return actor(central, os_user.acting(), SCORED).account


@pytest.fixture
def scored(central: Engine, account: Account) -> Engine:
    """DINKES is published with accepted days, DISDIK is a draft with a pending day, one PIN belongs to nobody."""
    accepted = "listrik padam, surat no. 12"
    published = a_result("DINKES", "Dinas Kesehatan", NIPS[:2])
    results.publish(
        central,
        MONTH,
        "DINKES",
        published,
        account=account,
        accepted_pending=accepted,
        through=None,
        rules_digest=DIGEST,
        now=SCORED,
    )
    draft = a_result("DISDIK", "Dinas Pendidikan", NIPS[2:], "disdik-a not complete until the end of the day")
    results.save_draft(central, MONTH, draft, office="DISDIK", rules_digest=DIGEST, now=SCORED)
    inbox.deliver(
        central,
        Delivery(
            (
                a_punch(datetime(2026, 8, 31, 7, 0)),  # a terminal's clock has no zone
                a_punch(datetime(2026, 9, 7, 7, 0)),
                a_punch(datetime(2026, 9, 30, 16, 0)),
            ),
            (TerminalFact("dinkes-lobby", "DINKES", "Asia/Makassar", True, SCORED.replace(month=8)),),
        ),
        SCORED,
    )
    return central


def test_the_page_shows_what_score_show_prints(
    scored: Engine, account: Account, tmp_path: Path, read_page: Maker
) -> None:
    out = tmp_path / "laporan.html"
    reported = report.monthly(scored, ordered(out, account, "id"))
    page = read_page(out.read_text(encoding="utf-8"))
    assert reported.people == 4
    with reading(scored) as conn:
        cards = results.scores(conn, MONTH)
    total = sum(card.allowance.payable_rp for card in cards)
    assert total == 4 * 3_980_000
    assert page.keys["Jumlah dibayarkan"] == f"Rp {total:,}".replace(",", ".")
    assert page.keys["Rata-rata nilai disiplin"] == f"{percent_text(cards[0].discipline.score_ppm)}%".replace(".", ",")
    assert page.keys["Hari tertunda"] == "2"
    assert page.keys["Sidik aturan"] == DIGEST
    assert page.keys["Dihitung"] == "1 Oktober 2026 pukul 01.00 WITA"
    assert page.keys["Laporan dibuat"] == "1 Oktober 2026 pukul 08.30 WITA"
    assert "listrik padam, surat no. 12" in page.text
    assert "Belum diterbitkan: DISDIK." in page.text
    assert page.table_with("Alasan").rows[1][2] == "disdik-a not complete until the end of the day"
    assert page.table_with("Kode").rows[1][:4] == ["TL3 Terlambat, tingkat 3", "4", "4", "300"]


def test_pins_without_a_person_are_those_of_the_month(
    scored: Engine, account: Account, tmp_path: Path, read_page: Maker
) -> None:
    out = tmp_path / "laporan.html"
    shown = {}
    for office in (None, "DINKES", "DISDIK"):
        report.monthly(scored, ordered(out, account, "en", office=office))
        page = read_page(out.read_text(encoding="utf-8"))
        shown[office] = page.keys["PINs without a person"], "have 2 punches" in page.text
    assert shown == {None: ("1", True), "DINKES": ("1", True), "DISDIK": ("0", False)}


def test_one_office_alone_has_only_its_people_and_its_closing(scored: Engine, account: Account, tmp_path: Path) -> None:
    out = tmp_path / "laporan.html"
    reported = report.monthly(scored, ordered(out, account, "en", office="DISDIK"))
    text = out.read_text(encoding="utf-8")
    assert reported.people == 2
    assert NIPS[2] in text
    assert NIPS[0] not in text
    assert "listrik padam" not in text


def test_an_export_is_in_the_audit_log_with_its_digest(scored: Engine, account: Account, tmp_path: Path) -> None:
    out = tmp_path / "laporan.html"
    reported = report.monthly(scored, ordered(out, account, "id"))
    *_, entry = audit.rows(scored)
    assert (entry["actor"], entry["action"], entry["subject"]) == (account.name, "report.monthly", "2026-09")
    assert entry["details"] == {
        "file": "laporan.html",
        "office": None,
        "public": False,
        "people": 4,
        "digest": digest(out.read_bytes()),
    }
    assert reported.digest == entry["details"]["digest"]


def test_a_file_that_cannot_be_written_leaves_no_entry(scored: Engine, account: Account, tmp_path: Path) -> None:
    before = list(audit.rows(scored))
    with pytest.raises(WrongUsage, match="cannot be written"):
        report.monthly(scored, ordered(tmp_path / "no" / "laporan.html", account, "id"))
    with pytest.raises(WrongUsage, match=r"laporan\.pdf does not end in \.html"):
        report.monthly(scored, ordered(tmp_path / "laporan.pdf", account, "id"))
    assert list(audit.rows(scored)) == before
    assert audit.verify(scored).rows == len(before)


def test_an_empty_month_gives_a_page_that_says_so(
    central: Engine, account: Account, tmp_path: Path, read_page: Maker
) -> None:
    out = tmp_path / "laporan.html"
    assert report.monthly(central, ordered(out, account, "en")).people == 0
    page = read_page(out.read_text(encoding="utf-8"))
    assert "There are no scores for this month." in page.text
    assert page.keys["Report made"] == "1 October 2026 at 00:30 UTC"


class OneDatabase(Context):
    """The context of a command whose configuration names this database."""

    def __init__(self, engine: Engine, lang: str | None) -> None:
        super().__init__(lang=lang)
        self._database = engine

    def engine(self) -> Engine:
        return self._database

    def actor(self) -> Account:
        return actor(self._database, os_user.acting(), SCORED).account


def run(engine: Engine, *arguments: str, lang: str | None = None) -> Result:
    return CliRunner().invoke(group, arguments, obj=OneDatabase(engine, lang))


def test_the_command_writes_the_page_in_the_language_asked_for(scored: Engine, tmp_path: Path) -> None:
    out = tmp_path / "laporan.html"
    asked = ("monthly", "--month", "2026-09", "--out", str(out), "--now", "2026-10-01T08:30:00+08:00")
    done = run(scored, *asked, lang="en")
    assert done.exit_code == 0, done.output
    assert done.output == f"{out}: 2026-09, 4 people, {digest(out.read_bytes())}\n"
    assert '<html lang="en">' in out.read_text(encoding="utf-8")
    assert "1 October 2026 at 08:30 WITA" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("month", ["2026-13", "September", "2026-9-1"])
def test_a_month_that_is_none_is_wrong_usage(central: Engine, tmp_path: Path, month: str) -> None:
    done = run(central, "monthly", "--month", month, "--out", str(tmp_path / "laporan.html"))
    assert done.exit_code == 2
    assert "is not a month; write it as 2026-09" in done.output
