"""What somebody gets past a close or a payment while nobody looks: between the question and the answer, between the
file that payroll has and the payment that is noted.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ekinerja_agent.files import named
from tests.hostile.closing_county import ALL, CLOSE, LATE, MONDAY, MONTH, OTHER, Closing
from tests.journey.conftest import sql

SCORE_ANEW = "changed since the draft was made that you saw. Score anew"


def another_close(september: Closing) -> None:
    """Somebody else closes, and a third person opens it again."""
    with september.acting("budi"):
        september.ok(*CLOSE, "--yes")
    september.reopen()


def objection(september: Closing) -> None:
    with september.acting("sari"):
        september.ok("objection", "add", LATE, MONDAY, "TL3", "--scan", "arrive", "--reason", "mesin antre")


def batch(september: Closing) -> None:
    september.load("employees", [{"nip": LATE, "name": "Ani", "unit": "DINKES", "allowance_rp": 24_500_000}])


def taken_back(september: Closing) -> None:
    """Of the punches, by two people: the days are pending then, and nobody accepted them."""
    for name in ("sari", "budi"):
        with september.acting(name):
            september.run("import", "revoke", "4", "--reason", "r", "--yes")


def rules(september: Closing) -> None:
    path = september.directory / "rules" / "profiles" / "tpp-model.yaml"
    before = "{from_min: 61, to_min: 90, deduction_pct: 1.25}"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, before.replace("1.25", "0.25")))


def account(september: Closing) -> None:
    with september.acting("sari"):
        september.account("disable", "budi", "--yes")


MEANWHILE = {
    "a correction is approved": (Closing.forgive, SCORE_ANEW),
    "somebody else closes, and it is opened again": (another_close, SCORE_ANEW),
    "a finding is disputed": (objection, SCORE_ANEW),
    "an allowance comes in": (batch, SCORE_ANEW),
    "a batch is taken back": (taken_back, SCORE_ANEW),
    "the rules become others": (rules, SCORE_ANEW),
    "the account is disabled": (account, "was disabled"),
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_t33_what_moves_while_a_close_asks_stops_it(september: Closing, what: str) -> None:
    """On b497ae6: `period.prepare(…)`, a correction approved, `period close 2026-09 --yes` (revision 1, Rp 1,600,000,
    no finding), `period reopen`, then `period.publish(…)` of what was prepared first: `[('DINKES', 2)]`, Rp 1,580,000
    with the TL3 that the correction had taken away, and `db check` 0.
    """
    happens, why = MEANWHILE[what]
    with september.acting("budi"):
        refused = september.asked(*CLOSE, "--office", "DINKES", meanwhile=lambda: happens(september))
    assert (refused.code, why in refused.err) == (7, True), refused
    revisions = [revision for revision, _ in september.payable().values()]
    assert revisions == ([1, 1] if happens is another_close else []), "nothing is published"
    if why is SCORE_ANEW and happens not in {objection, taken_back}:
        september.ok(*CLOSE, "--yes")
        september.ok("db", "check")


def test_what_moves_nothing_of_an_office_does_not_stop_its_close(september: Closing) -> None:
    """Punches that come in, other offices that close: who waits at the keyboard for an hour is not sent away."""

    def meanwhile() -> None:
        with september.acting("sari"):
            september.ok(*CLOSE, "--office", "BKD", "--yes")
        row = {"terminal": "lobby", "pin": OTHER[-3:], "clock": "2026-10-05 07:20:00"}
        september.load("punches", [row], "--complete-until", "2026-11-04 12:00")

    closed = september.asked(*CLOSE, "--office", "DINKES", meanwhile=meanwhile)
    assert closed.code == 0, closed
    assert {revision for revision, _ in september.payable().values()} == {1}


def test_t43_what_payroll_was_handed_is_what_is_noted_as_paid(september: Closing) -> None:
    """On b497ae6: `payroll export`, a correction, `period reopen`, `period close`, then `payroll mark-paid --month
    2026-09 --document SP2D --yes`: `2026-09 DINKES: revision 2 is paid by SP2D.` (Rp 1,600,000). The file that payroll
    had was of revision 1, Rp 1,580,000; nobody ever gets the rest, for the month counts as paid in full.
    """
    september.ok(*CLOSE, "--yes")
    first = Path(september.export())
    first = first.rename(first.with_name("pertama.csv"))
    september.forgive()
    september.reopen()
    with september.acting("budi"):
        september.ok(*CLOSE, "--yes")
    assert september.payable()[LATE][0] == 2
    refused = september.run(*ALL, "--document", "SP2D", "--yes")
    assert (refused.code, "payroll was handed revision 1" in refused.err, "nobody exported that" in refused.err) == (
        7,
        True,
        True,
    ), refused
    second = september.export()
    for options, why in (
        ((), "say which was paid"),
        (("--export", str(first)), "has revision 1"),
        (("--revision", "1"), "revision 1 of BKD was named, and revision 2 stands"),
        (("--total", "1"), "Rp 1 was named"),
        (("--export", "0" * 64), "is no file that was exported"),
    ):
        refused = september.run(*ALL, "--document", "SP2D", *options, "--yes")
        assert (refused.code, why in refused.err) == (7, True), (options, refused)
    assert september.paid() == []
    september.ok(*ALL, "--document", "SP2D", "--export", second, "--yes")
    assert september.paid() == [("BKD", 2, "SP2D"), ("DINKES", 2, "SP2D")]
    (row,) = september.audited("payroll.mark-paid")
    (exported,) = september.audited("payroll.export")[1:]
    assert set(row["details"]["exports"].values()) == {exported["details"]["digest"]}
    assert sum(row["details"]["payable_rp"].values()) == exported["details"]["payable_rp"]


def test_t3_the_file_that_payroll_was_handed_is_opened_by_who_named_it(
    september: Closing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the service's user runs the command for another person, it opens nothing by that person's word."""

    def closed(_opener: named.Opener, path: Path) -> bytes:
        raise PermissionError(13, f"{path.name} is closed to them")

    september.ok(*CLOSE, "--yes")
    file = september.export()
    with monkeypatch.context() as patch:
        patch.setattr(named._Here, "read", closed)
        refused = september.run(*ALL, "--document", "SP2D", "--export", file, "--yes")
    assert (refused.code, "gaji.csv is closed to them" in refused.err) == (2, True), refused
    assert september.paid() == []


def test_t43_what_nobody_exported_is_not_noted_as_paid(september: Closing) -> None:
    """On b497ae6 `period close`, `payroll mark-paid … --yes` of a month of which payroll had no file: `2026-09 DINKES:
    revision 1 is paid by SP2D.`
    """
    september.ok(*CLOSE, "--yes")
    refused = september.run(*ALL, "--document", "SP2D", "--yes")
    assert (refused.code, "nobody exported revision 1" in refused.err) == (7, True), refused
    september.export("--office", "DINKES")
    assert september.run(*ALL, "--document", "SP2D", "--yes").code == 7, "BKD is in no file"
    september.ok(*ALL, "--office", "DINKES", "--document", "SP2D", "--yes")
    assert september.paid() == [("DINKES", 1, "SP2D")]


def test_t43_what_moves_while_a_payment_asks_stops_it(september: Closing) -> None:
    """On b497ae6 the question named no revision, and whatever stood when it was answered was noted as paid."""

    def meanwhile() -> None:
        september.reopen()
        with september.acting("budi"):
            september.ok(*CLOSE, "--yes")
        september.export()

    september.ok(*CLOSE, "--yes")
    september.export()
    refused = september.asked(*ALL, "--document", "SP2D", meanwhile=meanwhile)
    assert (refused.code, "stands in revision 2" in refused.err, september.paid()) == (7, True, []), refused


def test_t43_the_database_takes_no_payment_of_a_revision_that_is_not_the_newest(september: Closing) -> None:
    """On b497ae6 it did not either: `period_payments refuses insert: the office is reopened`."""
    september.ok(*CLOSE, "--yes")
    september.reopen()
    with september.acting("budi"):
        september.ok(*CLOSE, "--yes")
    row = "insert into period_payments (period, unit, revision, document, account_id, at) values "
    with pytest.raises(Exception, match="period_payments refuses insert"):
        sql(september.url, f"{row} ('{MONTH}', 'DINKES', 1, 'd', 1, '2026-11-01 00:00:00')")
