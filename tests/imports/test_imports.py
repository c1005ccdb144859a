"""Whole files into a real central database: all of a file or nothing, once, and back again."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import Engine, select

from ekinerja_agent.central.access.accounts import Account, actor, add
from ekinerja_agent.central.imported.import_lookups import StoredFacts
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables import recorded
from ekinerja_agent.central.store.tables.columns import metadata
from ekinerja_agent.nouns.coverage import Coverage
from ekinerja_agent.nouns.errors import NeedsAttention, ProblemsFound, Refused, WrongUsage
from ekinerja_agent.usecases.importing.imports import Imported, ImportFile, import_facts, revoke_batch
from ekinerja_agent.usecases.importing.punch_imports import KnownTerminals, PunchesImported, import_punches

NOW = datetime(2026, 10, 1, 1, 0, tzinfo=UTC)
ANI = "199001012015011001"
BUDI = "198609262015051001"
UNITS = "code,name,timezone\nDINKES,Dinas Kesehatan,Asia/Makassar\nBKD,Badan Kepegawaian,Asia/Jakarta\n"
EMPLOYEES = f"nip,name,unit,allowance_rp\n{ANI},Ani,DINKES,4000000\n{BUDI},Budi,BKD,3000000\n"
ENROLMENTS = f"terminal,pin,nip\nlobby,1,{ANI}\n*,2,{BUDI}\n"
PUNCHES = "terminal,pin,clock\n" + "lobby,1,2026-09-07 07:28:11\n" * 2 + "gate,2,2026-09-07 07:30:00\n"
NOTHING_KNOWN = KnownTerminals(zones={}, serials={})


@pytest.fixture
def operator(central: Engine) -> Account:
    """The first account: operator and feed for all kinds."""
    return actor(central, "root", NOW)[0]


class Office:
    """Imports files as one account into one central database."""

    def __init__(self, engine: Engine, account: Account) -> None:
        self.engine, self.account = engine, account

    def facts(self, kind: str, content: str | bytes, **options: Any) -> Imported:
        raw = content.encode() if isinstance(content, str) else content
        file = ImportFile(f"{kind}.csv", raw)
        return import_facts(self.engine, self.account, kind, file, now=NOW, **{"profile": "tpp-model", **options})

    def punches(self, content: str, kind: str = "punches", **options: Any) -> PunchesImported:
        file = ImportFile(f"{kind}.csv", content.encode())
        return import_punches(self.engine, self.account, kind, file, now=NOW, **{"known": NOTHING_KNOWN, **options})

    def people(self) -> None:
        self.facts("units", UNITS)
        self.facts("employees", EMPLOYEES)
        self.facts("enrolments", ENROLMENTS)

    def current(self, kind: str) -> list[Mapping[str, Any]]:
        with reading(self.engine) as conn:
            return list(StoredFacts(conn).rows(kind))

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        with reading(self.engine) as conn:
            chosen = [metadata.tables[table].c[column] for column in columns]
            return sorted(tuple(row) for row in conn.execute(select(*chosen)))


@pytest.fixture
def office(central: Engine, operator: Account) -> Office:
    return Office(central, operator)


def counts(result: Imported) -> tuple[int, int, int]:
    return result.stored, result.new_versions, result.unchanged


def test_every_kind_of_facts_is_stored_with_its_types(office: Office) -> None:
    office.people()
    office.facts("calendar", "date,unit,kind,name,source\n2026-09-17,*,libur_daerah,Hari jadi,SK 1\n")
    office.facts("absences", f"nip,from,to,kind,from_time,to_time\n{ANI},2026-09-07,2026-09-08,izin,10:00,12:00\n")
    office.facts(
        "activities",
        f"id,nip,date,start,end,description,status\nA1,{ANI},2026-09-07,08:00,09:00,Rapat,approved\n",
    )
    assert [(row["code"], row["timezone"]) for row in office.current("units")] == [
        ("DINKES", "Asia/Makassar"),
        ("BKD", "Asia/Jakarta"),
    ]
    assert [(row["nip"], row["status"], row["allowance_rp"]) for row in office.current("employees")] == [
        (ANI, "pns", 4_000_000),
        (BUDI, "pns", 3_000_000),
    ]
    assert [(row["terminal"], row["pin"]) for row in office.current("enrolments")] == [
        ("lobby", "1"),
        ("*", "2"),
    ]
    assert [(row["date"], row["kind"]) for row in office.current("calendar")] == [(date(2026, 9, 17), "libur_daerah")]
    (absence,) = office.current("absences")
    assert (absence["first_day"], absence["from_time"], absence["status"]) == (
        date(2026, 9, 7),
        time(10),
        "approved",
    )
    (activity,) = office.current("activities")
    assert (activity["start"], activity["approved_minutes"]) == (time(8), 60)


def test_one_wrong_row_stops_the_whole_file(office: Office) -> None:
    with pytest.raises(ProblemsFound) as caught:
        office.facts("units", UNITS + "BAD,Tanpa zona,WITA\n")
    assert [str(problem) for problem in caught.value.problems] == [
        ("units.csv:4: timezone: 'WITA'; allowed: a time zone such as Asia/Jakarta, Asia/Makassar or Asia/Jayapura")
    ]
    assert office.rows("units", "code") == []
    assert office.rows("import_batches", "id") == []


def test_a_dry_run_finds_everything_and_stores_nothing(office: Office) -> None:
    office.people()
    batches = office.rows("import_batches", "id")
    rows = f"A,{ANI},2026-09-07,08:00,09:00,Rapat,approved\nB,{ANI},2026-09-07,08:30,09:00,Surat,approved\n"
    tried = office.facts("activities", "id,nip,date,start,end,description,status\n" + rows, dry_run=True)
    assert (tried.batch, tried.rows) == (None, 2)
    assert [str(one) for one in tried.rejected] == ["activities.csv:3: start: overlaps A (08:00-09:00)"]
    tried_punches = office.punches(PUNCHES, dry_run=True)
    assert (tried_punches.batch, tried_punches.punches) == (None, 3)
    assert office.rows("import_batches", "id") == batches
    assert office.rows("activities", "id") == office.rows("punches", "punch_id") == []


def test_bringing_the_same_file_again_changes_nothing(office: Office) -> None:
    first = office.facts("units", UNITS)
    again = office.facts("units", UNITS)
    assert counts(first) == (2, 0, 0)
    assert counts(again) == (0, 0, 2)
    assert len(office.rows("units", "code")) == 2


def test_semicolons_a_bom_and_a_workbook_are_the_same_file(office: Office) -> None:
    office.facts("units", UNITS)
    book = Workbook()
    assert book.active is not None
    for line in UNITS.splitlines():
        book.active.append(line.split(","))
    out = io.BytesIO()
    book.save(out)
    for content in ("\ufeff" + UNITS.replace(",", ";").replace("\n", "\r\n"), out.getvalue()):
        assert counts(office.facts("units", content)) == (0, 0, 2)


def test_a_new_version_stands_until_its_batch_is_taken_back(office: Office, operator: Account) -> None:
    office.facts("units", UNITS)
    renamed = office.facts("units", UNITS.replace("Dinas Kesehatan", "Dinkes"))
    assert counts(renamed) == (1, 1, 1)
    assert {row["name"] for row in office.current("units")} == {"Dinkes", "Badan Kepegawaian"}
    assert renamed.batch is not None
    revoke_batch(office.engine, operator, renamed.batch, "wrong file", now=NOW)
    assert {row["name"] for row in office.current("units")} == {"Dinas Kesehatan", "Badan Kepegawaian"}


def test_an_overlapping_activity_is_stored_as_rejected_with_its_reason(office: Office) -> None:
    office.people()
    rows = f"A,{ANI},2026-09-07,08:00,10:00,Rapat,approved\nB,{ANI},2026-09-07,09:30,10:30,Surat,approved\n"
    content = "id,nip,date,start,end,description,status\n" + rows
    for expected in ((2, 0, 0), (0, 0, 2)):
        assert counts(office.facts("activities", content)) == expected
        stored = office.rows("activities", "activity_id", "status", "reason", "approved_minutes")
        assert [tuple(row) for row in stored] == [
            ("A", "approved", None, 120),
            ("B", "rejected", "overlaps A (08:00-10:00)", None),
        ]
    assert office.rows("import_batches", "kind", "rows", "rejected")[:2] == [
        ("activities", 2, 1),
        ("activities", 2, 1),
    ]


def test_decisions_of_an_account_that_is_no_feed_wait_for_one_that_may_decide(
    central: Engine, operator: Account, office: Office
) -> None:
    office.people()
    clerk = add(central, "clerk", roles=("operator",), by=operator, now=NOW)
    content = f"nip,from,to,kind,status\n{ANI},2026-09-07,2026-09-08,izin,approved\n"
    result = Office(central, clerk).facts("absences", content)
    assert [row["status"] for row in office.current("absences")] == ["pending"]
    assert "clerk is no authorised feed" in str(result.warnings[0])
    office.facts("absences", content)
    assert [row["status"] for row in office.current("absences")] == ["approved"]
    assert counts(Office(central, clerk).facts("absences", content)) == (0, 0, 1)
    assert [row["status"] for row in office.current("absences")] == ["approved"]


def test_who_is_neither_operator_nor_feed_imports_nothing(central: Engine, operator: Account) -> None:
    feed = add(central, "simpeg", roles=("employee",), feeds=("absences",), by=operator, now=NOW)
    with pytest.raises(Refused, match="simpeg may not import employees"):
        Office(central, feed).facts("employees", EMPLOYEES)
    with pytest.raises(Refused, match="simpeg may not take a batch back"):
        revoke_batch(central, feed, 1, "because", now=NOW)


def test_a_file_is_judged_against_what_is_stored(office: Office) -> None:
    office.people()
    office.facts("enrolments", f"terminal,pin,nip,valid_to\nlobby,3,{ANI},2026-08-31\n")
    rows = f"lobby,1,{BUDI},2026-09-01\nlobby,3,{BUDI},2026-09-01\n"
    with pytest.raises(ProblemsFound) as caught:
        office.facts("enrolments", "terminal,pin,nip,valid_from\n" + rows)
    assert [str(problem) for problem in caught.value.problems] == [
        (
            "enrolments.csv:2: valid_from: from 2026-09-01 shares days with a row already stored of the same "
            "terminal and pin (always); end that one first: the same key with a valid_to is its new version"
        )
    ]
    with pytest.raises(ProblemsFound, match=r"units.csv:2: parent: DINKES would be above itself"):
        office.facts(
            "units", "code,name,parent,timezone\nDINKES,Dinas,SEKSI,Asia/Makassar\nSEKSI,S,DINKES,Asia/Makassar\n"
        )
    head = "id,nip,date,start,end,description,status\n"
    office.facts("activities", head + f"A,{ANI},2026-09-07,08:00,09:00,Rapat,approved\n")
    with pytest.raises(ProblemsFound, match="'A' is stored as another person's activity"):
        office.facts("activities", head + f"A,{BUDI},2026-11-07,08:00,09:00,Rapat,approved\n")


# --- punches ------------------------------------------------------------------------------------------------


def test_punches_have_an_occurrence_an_instant_where_the_zone_is_known_and_their_row_as_raw(
    office: Office,
) -> None:
    result = office.punches(PUNCHES, known=KnownTerminals(zones={"lobby": "Asia/Makassar"}, serials={}))
    at = datetime(2026, 9, 6, 23, 28, 11, tzinfo=UTC)
    assert result.stored == 3
    assert office.rows("punches", "punch_id", "batch", "raw") == [
        ("gate/2/2026-09-07T07:30:00/1", result.batch, b"gate,2,2026-09-07 07:30:00,,"),
        ("lobby/1/2026-09-07T07:28:11/1", result.batch, b"lobby,1,2026-09-07 07:28:11,,"),
        ("lobby/1/2026-09-07T07:28:11/2", result.batch, b"lobby,1,2026-09-07 07:28:11,,"),
    ]
    with reading(office.engine) as conn:
        punches = recorded.punches.c
        found = dict(conn.execute(select(punches.terminal, punches.at)).all())
    assert found == {"lobby": at, "gate": None}


def test_a_log_is_complete_until_the_local_time_of_the_people_enrolled_there(office: Office) -> None:
    office.people()
    result = office.punches(PUNCHES, complete_until=datetime(2026, 9, 30, 23, 59))
    assert result.covered == (
        Coverage("gate", None, datetime(2026, 9, 30, 16, 59, tzinfo=UTC)),
        Coverage("lobby", None, datetime(2026, 9, 30, 15, 59, tzinfo=UTC)),
    )
    assert [row[:2] for row in office.rows("coverage", "terminal", "kind")] == [
        ("gate", "proven"),
        ("lobby", "proven"),
    ]


def test_without_any_sign_of_a_zone_a_log_is_not_called_complete_and_nothing_is_stored(
    office: Office,
) -> None:
    until = datetime(2026, 9, 30, 23, 59)
    with pytest.raises(NeedsAttention, match="import units, employees and enrolments first, or add gate"):
        office.punches(PUNCHES, complete_until=until)
    office.people()
    office.facts("enrolments", f"terminal,pin,nip\nlobby,9,{BUDI}\n")
    with pytest.raises(NeedsAttention, match="lobby: the people enrolled on it lie in Asia/Jakarta, Asia/Makassar"):
        office.punches(PUNCHES, complete_until=until)
    with pytest.raises(WrongUsage, match="not over yet"):
        office.punches(
            PUNCHES.replace("lobby", "gate"),
            complete_until=datetime(2026, 10, 1, 8, 1),
        )
    assert office.rows("punches", "punch_id") == []


def test_a_quarantined_row_leaves_the_log_of_its_terminal_incomplete(office: Office) -> None:
    office.people()
    content = PUNCHES + "gate,2,2026-02-30 07:00:00\n"
    until = datetime(2026, 9, 30, 23, 59)
    result = office.punches(content, complete_until=until)
    assert [one.terminal for one in result.covered] == ["lobby"]
    assert list(result.uncovered) == ["gate"]
    assert office.rows("quarantine", "terminal", "position", "raw") == [("gate", 5, b"gate,2,2026-02-30 07:00:00,,")]
    nobody = office.punches(content + ",2,2026-09-07 07:00:00\n", complete_until=until)
    assert (nobody.covered, sorted(nobody.uncovered)) == ((), ["gate", "lobby"])


def test_an_attlog_file_is_a_witness_of_its_terminal(office: Office) -> None:
    content = "1\t2026-09-07 07:28:11\t3\t0\t15\t0\n1\t2000-01-01 00:00:10\t3\t0\t15\t0\n"
    result = office.punches(content, kind="attlog", terminal="lobby")
    assert office.rows("punches", "punch_id", "verify", "source") == [("lobby/1/2026-09-07T07:28:11/1", 15, "file")]
    assert [record.position for record in result.quarantined] == [2]


def test_a_log_brought_for_the_wrong_terminal_first_is_not_lost_for_the_right_one(office: Office) -> None:
    content = "1\t2026-09-07 07:28:11\t1\t0\t0\n"
    office.punches(content, kind="attlog", terminal="gate")
    right = office.punches(content, kind="attlog", terminal="lobby")
    assert ("lobby/1/2026-09-07T07:28:11/1", right.batch) in office.rows("punches", "punch_id", "batch")


def test_of_a_file_brought_twice_one_batch_may_be_taken_back_without_losing_a_punch(
    office: Office, operator: Account
) -> None:
    first, second = office.punches(PUNCHES), office.punches(PUNCHES)
    assert (first.stored, second.stored, second.unchanged) == (3, 0, 3)
    assert first.batch is not None
    revoke_batch(office.engine, operator, first.batch, "brought twice", now=NOW)
    standing = {name for name, batch in office.rows("punches", "punch_id", "batch") if batch == second.batch}
    assert len(standing) == 3
