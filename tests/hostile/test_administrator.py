"""Who owns the file of the database, or its disk: rows changed by hand, an older copy put back, a second payment."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ekinerja_agent.central.access import published
from ekinerja_agent.central.schema.upgrade import upgrade
from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.central.store.tables import PUBLISHED
from ekinerja_agent.config import NotifyConfig
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.punch import Punch, Source
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting.forward import forward
from ekinerja_agent.usecases.watching.health.conditions import Condition, Key
from ekinerja_agent.usecases.watching.health.outbox import Outbox
from tests.central.kept import restore
from tests.hostile.closing_county import ALL, CLOSE, LATE, OTHER, Closing
from tests.journey.conftest import sql


@contextmanager
def by_hand(box: Closing) -> Iterator[sqlite3.Connection]:
    """The file as its owner opens it: without the triggers, which are put back as they were."""
    with closing(sqlite3.connect(box.directory / "state" / "central.db")) as db:
        triggers = db.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"drop trigger {name}")
        yield db
        for _, text in triggers:
            db.execute(text)
        db.commit()


def copied(box: Closing, name: str = "yesterday") -> Path:
    """A copy of the file, as a backup of the disk has it."""
    copy = box.directory / f"{name}.db"
    with (
        closing(sqlite3.connect(box.directory / "state" / "central.db")) as from_,
        closing(sqlite3.connect(copy)) as to,
    ):
        from_.backup(to)
    return copy


def put_back(box: Closing, copy: Path) -> None:
    for file in (box.directory / "state").glob("central.db*"):
        file.unlink()
    shutil.copy(copy, box.directory / "state" / "central.db")


def closed_and_paid(box: Closing, document: str = "SP2D 1") -> None:
    if not box.payable():
        box.ok(*CLOSE, "--yes")
    box.ok(*ALL, "--document", document, "--export", box.export(), "--yes")


EDITED = {
    "a payable": f"update results set payable_rp = 9000000 where revision = 1 and nip = '{LATE}'",
    "a finding": f"delete from result_findings where revision = 1 and nip = '{LATE}'",
    "a finding's price": f"update result_findings set deduction_rp = 1 where revision = 1 and nip = '{LATE}'",
    "a day": f"update result_days set late_minutes = 0 where revision = 1 and nip = '{LATE}' and date = '2026-09-07'",
    "a person less": f"delete from results where revision = 1 and nip = '{LATE}'",
    "a person's unit": f"update results set unit = 'BKD' where revision = 1 and nip = '{LATE}'",
}


@pytest.mark.parametrize("what", EDITED)
def test_t8_a_published_row_that_is_edited_in_the_file_is_named(box: Closing, what: str) -> None:
    """On b497ae6: `drop trigger …; update results set payable_rp = 9000000, …; create trigger …` in sqlite3, or a
    finding deleted, or a day made punctual; each time `audit verify`: `The audit log is unbroken: 9 rows`, 0, and `db
    check` 0.
    """
    box.ok(*CLOSE, "--yes")
    box.ok("audit", "verify")
    with by_hand(box) as db:
        db.execute(EDITED[what])
    found = box.run("audit", "verify")
    assert found.code == 1, found
    assert "DINKES 2026-09, revision 1: what is published is not what was closed" in found.err
    assert (f"{LATE} (2026-09)" in found.err, OTHER in found.err) == (True, False), found.err


def test_t8_a_revision_that_no_close_brought_is_named(box: Closing) -> None:
    """On b497ae6: `insert into results … select …, 2, payable_rp + 7000000`: payroll_revisions_v1 had `2, 8580000`, and
    `audit verify` and `db check` ended with 0.
    """
    closed_and_paid(box)
    names = ", ".join(column.name for column in PUBLISHED[0].columns if column.name != "revision")
    with by_hand(box) as db:
        db.execute(f"insert into results ({names}, revision) select {names}, 2 from results where revision = 1")
    found = box.run("audit", "verify")
    assert (
        found.code,
        f"revision 2: {LATE} is published, and no close of the audit log published it" in found.err,
    ) == (
        1,
        True,
    ), found


MADE_UP = """insert into period_events (period, unit, event, revision, rules_digest, account_id, at)
    select period, 'PKM', event, revision, rules_digest, account_id, at from period_events limit 1"""
LIFE = {
    "a payment is taken out": ("delete from period_payments", "the payment is not that of the audit log (none instead"),
    "a payment is another": ("update period_payments set document = 'X'", "('X' instead of 'SP2D 1')"),
    "a close is taken out": ("delete from period_events where unit = 'DINKES'", "and its close is not there"),
    "pending days are accepted": ("update period_events set accepted_pending = 'r'", "what was accepted"),
    "a close is made up": (
        MADE_UP,
        "PKM 2026-09, revision 1: it is closed, and the audit log knows no such close",
    ),
}


@pytest.mark.parametrize("what", LIFE)
def test_t8_the_life_of_a_month_that_is_edited_in_the_file_is_named(box: Closing, what: str) -> None:
    """On b497ae6: after `delete from period_payments` the month was reopened and closed, `payroll mark-paid --document
    'SP2D 2'`: `revision 2 is paid by SP2D 2`, and `audit verify` 0. A close that was made up: 0 too.
    """
    closed_and_paid(box)
    edit, said = LIFE[what]
    with by_hand(box) as db:
        db.execute(edit)
    found = box.run("audit", "verify")
    assert (found.code, said in found.err) == (1, True), found


def test_t8_yesterdays_copy_that_is_put_back_is_named(box: Closing) -> None:
    """On b497ae6: `cp central.db yesterday.db`, close, pay, `cp yesterday.db central.db`; `audit verify`: 0."""
    box.ok(*CLOSE, "--yes")
    yesterday = copied(box)
    closed_and_paid(box)
    put_back(box, yesterday)
    found = box.run("audit", "verify")
    assert found.code == 1, found
    assert "this is an older copy of the database" in found.err
    assert "2026-09 BKD (SP2D 1), 2026-09 DINKES (SP2D 1)" in found.err
    doctor = box.run("doctor", "--format", "json")
    told = [row["finding"] for row in json.loads(doctor.out) if row["check"] == "witness"]
    assert [("older copy" in one, "was paid" in one) for one in told] == [(True, False), (False, True), (False, True)]


def test_t8_the_log_of_an_older_copy_that_grew_again_is_named(box: Closing) -> None:
    """As long as it was, or longer: rows are counted, and each digest is of all before it."""
    yesterday = copied(box)
    box.ok(*CLOSE, "--yes")
    put_back(box, yesterday)
    for number in range(6):
        box.ok("account", "add", f"p{number}", "--role", "employee")
    assert "this is an older copy" in box.run("audit", "verify").err


def test_t8_without_a_witness_verify_says_so(box: Closing) -> None:
    """On b497ae6 `audit verify` of a copy alone was content, and said nothing of what it could not see."""
    head = box.ok("audit", "head").strip()
    alone = box.run("audit", "verify")
    assert (alone.code, "no witness: an older copy cannot be seen" in alone.err) == (1, True), alone
    told = box.ok("audit", "verify", "--head", f"Audit log: {head} (mail of Monday)")
    assert f"witness --head: {head}" in told
    box.ok("account", "add", "ani", "--role", "employee")
    box.ok("audit", "verify", "--head", head)
    strange = box.run("audit", "verify", "--head", f"{head.split(':')[0]}:{'0' * 64}")
    assert (strange.code, "--head noted the end" in strange.err) == (1, True), strange


def test_t8_the_witness_is_a_file_to_which_lines_are_only_added(box: Closing, tmp_path: Path) -> None:
    """A link in its place is not followed, and the close that could not be noted is done and says so."""
    target = tmp_path / "target"
    target.write_text("mine\n")
    witness = box.directory / "state" / "audit-witness"
    witness.symlink_to(target)
    closed = box.run(*CLOSE, "--yes")
    assert (closed.code, "cannot be written" in closed.err, target.read_text()) == (0, True, "mine\n"), closed
    witness.unlink()
    closed_and_paid(box)
    assert witness.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in witness.read_text().splitlines()]
    assert [(line["what"], line["document"]) for line in lines] == [("payroll.mark-paid", "SP2D 1")]
    with witness.open("a") as file:
        file.write('{"at": "2026-1')  # a power cut
    box.ok("audit", "verify")


def test_t8_the_queue_remembers_under_which_end_it_delivered(box: Closing) -> None:
    """And keeps it while the database lacks it: the next delivery to an older copy makes it no witness of that."""
    noted = datetime(2026, 9, 30, 9, tzinfo=UTC)
    yesterday = copied(box)
    with Spool(box.directory / "state" / "spool.db") as spool:

        def deliver(second: int) -> bool:
            at = noted + timedelta(seconds=second)
            spool.add([Punch("lobby", "9", at.replace(tzinfo=None), 1, at, 0, 1, 0, 0, Source.POLL, b"")])
            engine = connect(box.url)
            try:
                return forward(spool, engine).older_copy
            finally:
                engine.dispose()

        assert not deliver(1)
        box.ok("account", "add", "ani", "--role", "employee")
        assert not deliver(2)
        before = spool.audit_head()
        put_back(box, yesterday)
        assert deliver(3)
        assert spool.audit_head() == before
    found = box.run("audit", "verify")
    assert (found.code, "the queue" in found.err, "this is an older copy" in found.err) == (1, True, True), found
    box.ok("audit", "settle", "--reason", "r", "--yes")
    box.ok("audit", "verify")


def test_t8_the_journal_of_the_service_is_a_witness(box: Closing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in the place of journalctl prints what that prints; a broken line is none."""
    head = box.ok("audit", "head").strip()
    entry = {"__REALTIME_TIMESTAMP": "1790000000000000", "MESSAGE": f"audit.head end={head}"}
    program = box.directory / "journalctl"
    for end, code in ((head, 0), (f"99:{'0' * 64}", 1)):
        entry["MESSAGE"] = f"audit.head end={end}"
        program.write_text(f"#!/bin/sh\necho '{json.dumps(entry)}'\necho '{{'\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(box.directory), prepend=":")
        found = box.run("audit", "verify")
        assert (found.code, "the journal of this host" in found.out + found.err) == (code, True), found


def test_t8_who_is_told_of_news_gets_the_end_of_the_log(box: Closing) -> None:
    box.ok(*CLOSE, "--yes")
    target = {"kind": "webhook", "severity": "info", "url": "https://127.0.0.1:9/"}
    config = NotifyConfig.model_validate({"targets": [target], "gather": "0s"})
    outbox = Outbox(box.directory / "state", config)
    outbox.observe({Key("disk_low"): Condition(Key("disk_low"), "critical", facts={"mebibytes": 1})})
    (waiting,) = json.loads((box.directory / "state" / "notify.json").read_text())["waiting"]
    assert box.ok("audit", "head").strip() in json.dumps(waiting)


def test_t41_after_a_restore_nothing_is_paid_a_second_time_unseen(box: Closing) -> None:
    """On b497ae6: `backup make`, `payroll mark-paid --document 'SP2D 1'`, the backup's central.db put in place,
    `payroll mark-paid --document 'SP2D 2' --yes`: `revision 1 is paid by SP2D 2`, `audit verify`: 0.
    """
    box.ok(*CLOSE, "--yes")
    backup = box.ok("backup", "make").split(":")[0]
    closed_and_paid(box)
    told = box.run("backup", "restore", backup, "--to", str(box.directory / "restored"))
    assert told.code == 0, told
    assert "DINKES was paid for 2026-09 by SP2D 1 (revision 1" in told.err
    put_back(box, box.directory / "restored" / "state" / "central.db")
    (row,) = box.audited("backup.restore")
    assert row["subject"] == Path(backup).name
    assert row["details"]["replaces"] is not None
    assert len(row["details"]["lost_payments"]) == 2

    verified = box.ok("audit", "verify")
    assert f"restored {Path(backup).name}" in verified, "a restore that was meant is told, and no error"
    file = box.export()
    second = box.run(*ALL, "--document", "SP2D 2", "--export", file, "--yes")
    assert (second.code, "was paid for 2026-09 by SP2D 1" in second.err, box.paid()) == (7, True, []), second
    box.ok(*ALL, "--office", "BKD", "--document", "SP2D 1", "--export", file, "--yes")
    again = (*ALL, "--office", "DINKES", "--document", "SP2D 2", "--export", file, "--yes")
    assert box.run(*again).code == 7
    box.ok(*again, "--again", "SP2D 1 was returned by the bank")
    assert box.paid() == [("BKD", 1, "SP2D 1"), ("DINKES", 1, "SP2D 2")]
    assert box.audited("payroll.mark-paid")[-1]["details"]["again"] == "SP2D 1 was returned by the bank"
    box.ok("audit", "verify")


def test_t41_a_copy_that_nobody_restored_by_a_command_is_written_down_by_a_person(box: Closing) -> None:
    """As after `pg_restore`, or `cp`: until then `audit verify` ends with 1, and afterwards it tells of it."""
    yesterday = copied(box)
    box.ok(*CLOSE, "--yes")
    put_back(box, yesterday)
    assert box.run("audit", "verify").code == 1
    settled = box.ok("audit", "settle", "--reason", "disk lost, dump of Monday", "--yes")
    assert settled.startswith("Written down")
    assert "disk lost, dump of Monday" in box.ok("audit", "verify")
    nothing = box.run("audit", "settle", "--reason", "r", "--yes")
    assert (nothing.code, "nothing is lost" in nothing.err) == (5, True), nothing
    today = copied(box, "today")
    box.ok(*CLOSE, "--yes")
    put_back(box, today)
    assert "this is an older copy" in box.run("audit", "verify").err, "one settlement does not cover the next"


def test_closes_from_before_digests_get_theirs_with_the_upgrade(tmp_path: Path) -> None:
    """And whoever adds such a row to the log later, as if there had been an upgrade, is named."""
    path = tmp_path / "old.db"
    restore("0025", path)
    engine = connect(f"sqlite:///{path}")
    upgrade(engine)
    upgrade(engine)
    with reading(engine) as conn:
        found = published.verify(conn)
    assert (found.closes, found.before_digests) == (2, 2)
    engine.dispose()


def test_t8_a_close_that_claims_to_be_from_before_digests_is_named(box: Closing) -> None:
    box.ok(*CLOSE, "--yes")
    engine = connect(box.url)
    with engine.execution_options(writes=True).begin() as conn:
        published.note_earlier(conn, utc_now())
    engine.dispose()
    found = box.run("audit", "verify")
    assert (found.code, "from before digests were kept, and they were kept already" in found.err) == (1, True), found


def test_payments_are_what_the_log_says(box: Closing) -> None:
    """What honest people did is content: closed, reopened, closed, paid, adjusted."""
    box.ok(*CLOSE, "--yes")
    box.forgive()
    box.reopen()
    with box.acting("budi"):
        box.ok(*CLOSE, "--yes")
    closed_and_paid(box)
    box.ok("audit", "verify")
    assert sql(box.url, "select count(*) as n from period_payments")[0]["n"] == 2
