"""Each kind of file, good and bad: what is wrong is told with its row and column, all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest

from ekinerja_agent.usecases.importing.reading.judging import Draft, Importer

Judge = Callable[..., Draft]

ANI = "199001012015011001"
BUDI = "198609262015051001"
LOCAL_FEED = Importer("simpeg", None, vouches=True)
CLERK = Importer("clerk", None, vouches=False)


def unit(code: str, **values: Any) -> dict[str, Any]:
    columns = ("name", "parent", "head_nip", "schedule", "profile", "successor", "valid_from", "valid_to")
    return {"code": code, "timezone": "Asia/Makassar", **dict.fromkeys(columns), **values}


def employee(nip: str, **values: Any) -> dict[str, Any]:
    return {"nip": nip, "unit": "DINKES", "valid_from": None, "valid_to": None, **values}


STORED = {"units": [unit("DINKES")], "employees": [employee(ANI), employee(BUDI)]}


def told(draft: Draft) -> list[str]:
    return [str(problem) for problem in sorted(draft.problems)]


# --- units --------------------------------------------------------------------------------------------------


def test_units_of_one_file_may_name_each_other(judge: Judge) -> None:
    draft = judge(
        "units",
        "code,name,parent,timezone\nPKM,Puskesmas,DINKES,Asia/Makassar\nDINKES,Dinas,,Asia/Makassar\n",
    )
    assert told(draft) == []
    assert [(row["row"], row["code"], row["parent"]) for row in draft.rows] == [
        (2, "PKM", "DINKES"),
        (3, "DINKES", None),
    ]


def test_all_that_is_wrong_with_units_is_told_at_once(judge: Judge) -> None:
    draft = judge(
        "units",
        "code;name;parent;timezone;head_nip;valid_from;valid_to\n"
        ";Dinas;;Asia/Makassar;;;\n"
        "A;Dinas;NOWHERE;Asia/Makassar;12345;;\n"
        "B;Dinas;;WITA;;;\n"
        "C;Dinas;;Asia/Makassar;;2026-02-01;2026-01-31\n"
        "D;Dinas;;Asia/Makassar;;2026-02-30;\n"
        "A;Dinas lain;;Asia/Makassar;;;\n",
    )
    assert told(draft) == [
        "units.csv:2: code: empty; allowed: a code without blanks",
        "units.csv:3: head_nip: '12345' is not 18 digits; allowed: 18 digits, or a known local id",
        "units.csv:3: parent: 'NOWHERE' is no unit; allowed: a code of this file or stored",
        ("units.csv:4: timezone: 'WITA'; allowed: a time zone such as Asia/Jakarta, Asia/Makassar or Asia/Jayapura"),
        "units.csv:5: valid_to: 2026-01-31 is before valid_from 2026-02-01; allowed: the same day or later",
        "units.csv:6: valid_from: '2026-02-30'; allowed: a date YYYY-MM-DD of 1900 or later",
        "units.csv:7: code, valid_from: row 3 has the same; one row each, in one file",
        (
            "units.csv:7: valid_from: always shares days with row 3 of the same code (always); end that "
            "one first: "
            "the same key with a valid_to is its new version"
        ),
    ]


def test_a_unit_above_itself_is_refused_also_through_stored_units(judge: Judge) -> None:
    stored = {"units": [unit("KEC", parent="KAB"), unit("KAB")]}
    draft = judge("units", "code,name,parent,timezone\nKAB,Kabupaten,KEC,Asia/Makassar\n", stored)
    assert told(draft) == ["units.csv:2: parent: KAB would be above itself; allowed: a tree without circles"]


def test_units_may_change_places_from_one_day_to_the_next(judge: Judge) -> None:
    draft = judge(
        "units",
        "code,name,parent,timezone,valid_from,valid_to\n"
        "A,A,,Asia/Makassar,,2026-06-30\n"
        "B,B,A,Asia/Makassar,,2026-06-30\n"
        "A,A,B,Asia/Makassar,2026-07-01,\n"
        "B,B,,Asia/Makassar,2026-07-01,\n",
    )
    assert told(draft) == []


# --- employees ----------------------------------------------------------------------------------------------


def test_an_employee_has_the_defaults_of_the_contract(judge: Judge) -> None:
    draft = judge("employees", f"nip,name,unit,allowance_rp\n{ANI},Ani,DINKES,4000000\n", STORED)
    assert (draft.problems, draft.warnings) == ([], [])
    (row,) = draft.rows
    assert (row["status"], row["attendance"], row["allowance_rp"]) == ("pns", "terminal", 4_000_000)


def test_all_that_is_wrong_with_employees_is_told_at_once(judge: Judge) -> None:
    draft = judge(
        "employees",
        "nip,name,unit,status,supervisor_nip,allowance_rp\n"
        "1990,Ani,DINKES,pns,,\n"
        f"{BUDI},Budi,NOWHERE,honorer,,4.000.000\n"
        f"{BUDI},Budi,NOWHERE,pns,7,\n"
        f"{ANI},Ani,DINKES,pns,{ANI},\n",
        {"units": [unit("DINKES")]},
    )
    assert told(draft) == [
        "employees.csv:2: nip: '1990' is not 18 digits; allowed: 18 digits, or a local id for non_asn",
        ("employees.csv:3: allowance_rp: '4.000.000'; allowed: whole rupiah from 0 to 1000000000000, digits only"),
        "employees.csv:3: status: 'honorer'; allowed: pns, cpns, pppk, pppk_paruh_waktu, non_asn",
        "employees.csv:4: supervisor_nip: '7' is not 18 digits; allowed: 18 digits, or a known local id",
        "employees.csv:4: unit: 'NOWHERE' is no unit; import units first",
        f"employees.csv:5: supervisor_nip: {ANI} would supervise themselves; allowed: another person",
    ]


def test_doubts_about_a_nip_warn_in_the_words_of_v03_and_stop_nothing(judge: Judge) -> None:
    draft = judge(
        "employees",
        "nip,name,unit,status,supervisor_nip\n"
        "196608011988031000,A,DINKES,pns,\n"
        "198609262015211001,B,DINKES,pppk,\n"
        "198609262015211002,C,DINKES,pns,\n"
        "HL-17,D,DINKES,non_asn,\n"
        f"{ANI},E,DINKES,pns,198609262015051009\n",
        STORED,
    )
    assert draft.problems == []
    assert [str(warning) for warning in draft.warnings] == [
        "employees.csv:2: nip: 196608011988031000: bad sequence",
        "employees.csv:4: nip: 198609262015211002: bad CPNS month",
        "employees.csv:6: supervisor_nip: 198609262015051009: no employee has it yet",
    ]


def test_a_transfer_needs_the_end_of_the_earlier_spell(judge: Judge) -> None:
    head = "nip,name,unit,valid_from,valid_to\n"
    moved = f"{ANI},Ani,DINKES,2026-09-15,\n"
    assert told(judge("employees", head + moved, STORED)) == [
        (
            "employees.csv:2: valid_from: from 2026-09-15 shares days with a row already stored of the "
            "same nip (always); "
            "end that one first: the same key with a valid_to is its new version"
        )
    ]
    assert told(judge("employees", head + moved + f"{ANI},Ani,DINKES,,2026-09-14\n", STORED)) == []


# --- enrolments ---------------------------------------------------------------------------------------------


def test_a_pin_of_a_terminal_has_one_owner_a_day(judge: Judge) -> None:
    stored = {
        **STORED,
        "enrolments": [{"terminal": "t1", "pin": "7", "nip": ANI, "valid_from": None, "valid_to": date(2026, 8, 31)}],
    }
    draft = judge(
        "enrolments",
        "terminal,pin,nip,valid_from,valid_to\n"
        f"t1,7,{BUDI},2026-09-01,\n"
        f"t1,8,{ANI},2026-01-01,2026-03-31\n"
        f"t1,8,{BUDI},2026-03-31,\n"
        f"*,7,{BUDI},,\n"
        f"t1,07,{BUDI},,\n",
        stored,
    )
    assert told(draft) == [
        (
            "enrolments.csv:4: valid_from: from 2026-03-31 shares days with row 3 of the same "
            "terminal and pin "
            "(2026-01-01 to 2026-03-31); end that one first: the same key with a valid_to is its new version"
        )
    ]
    draft = judge("enrolments", f"terminal,pin,nip,valid_from\nt1,7,{BUDI},2026-08-31\n", stored)
    assert told(draft) == [
        (
            "enrolments.csv:2: valid_from: from 2026-08-31 shares days with a row already stored of the same "
            "terminal and pin (until 2026-08-31); end that one first: the same key with a valid_to is "
            "its new version"
        )
    ]


def test_an_enrolment_needs_a_known_person_and_a_pin_without_blanks(judge: Judge) -> None:
    draft = judge(
        "enrolments",
        "terminal,pin,nip\nt1,1 2,196608011988031001\nt/1,12,17\nt1,12,196608011988031001\nt1,13,17\n",
        STORED,
    )
    assert told(draft) == [
        ("enrolments.csv:2: pin: '1 2'; allowed: the PIN as the terminal has it, 1 to 24 characters without blanks"),
        ("enrolments.csv:3: terminal: 't/1'; allowed: the id of a terminal (letters, digits and - _ .), or * for all"),
        "enrolments.csv:4: nip: '196608011988031001': no employee has it; import employees first",
        ("enrolments.csv:5: nip: '17': not 18 digits, and no employee has it as a local id; import employees first"),
    ]


# --- calendar -----------------------------------------------------------------------------------------------


def test_a_calendar_day_is_of_everyone_or_of_a_unit(judge: Judge) -> None:
    draft = judge(
        "calendar",
        "date,unit,kind,name,source\n"
        "2026-09-17,*,libur_daerah,Hari jadi,SK 1\n"
        "2026-09-17,DINKES,kerja,Piket,SK 2\n"
        "2026-09-18,NOWHERE,kerja,Piket,SK 2\n"
        "2026-09-18,*,libur,Piket,\n",
        STORED,
    )
    assert told(draft) == [
        "calendar.csv:4: unit: 'NOWHERE' is no unit; allowed: a stored unit, or * for all",
        "calendar.csv:5: kind: 'libur'; allowed: libur_nasional, cuti_bersama, libur_daerah, ramadan, kerja",
        "calendar.csv:5: source: empty; allowed: any text",
    ]


# --- absences -----------------------------------------------------------------------------------------------

ABSENCE = f"nip,from,to,kind,status,decided_by\n{ANI},2026-09-07,2026-09-08,dinas_luar,%s,%s\n"


@pytest.mark.parametrize(
    ("status", "importer", "counts", "warnings"),
    [
        ("", LOCAL_FEED, "approved", 0),
        ("pending", LOCAL_FEED, "pending", 0),
        ("rejected", LOCAL_FEED, "rejected", 0),
        ("", CLERK, "pending", 0),
        ("approved", CLERK, "pending", 1),
        ("rejected", CLERK, "pending", 1),
        ("approved", Importer("ani", ANI, vouches=True), "pending", 1),
        ("", Importer("ani", ANI, vouches=True), "pending", 1),
        ("approved", Importer("budi", BUDI, vouches=True), "approved", 0),
    ],
)
def test_a_decision_counts_only_from_a_feed_and_never_about_itself(
    judge: Judge, status: str, importer: Importer, counts: str, warnings: int
) -> None:
    draft = judge("absences", ABSENCE % (status, "kadis"), STORED, importer=importer)
    assert told(draft) == []
    (row,) = draft.rows
    assert (row["status"], row["decided_by"]) == (counts, "kadis")
    assert len(draft.warnings) == warnings


def test_nobody_decides_on_themselves_even_through_a_feed(judge: Judge) -> None:
    draft = judge("absences", ABSENCE % ("approved", ANI), STORED)
    assert draft.rows[0]["status"] == "pending"
    assert [str(warning) for warning in draft.warnings] == [
        "absences.csv:2: status: decided by the person it is about; the row enters as pending"
    ]


def test_bringing_the_same_absence_again_does_not_undo_its_approval(judge: Judge) -> None:
    approved = judge("absences", ABSENCE % ("approved", "kadis"), STORED).rows[0]
    again = judge("absences", ABSENCE % ("", ""), {**STORED, "absences": [approved]}, importer=CLERK)
    assert (again.rows[0]["status"], again.rows[0]["decided_by"]) == ("approved", "kadis")
    longer = (ABSENCE % ("", "")).replace("2026-09-08", "2026-09-09")
    changed = judge("absences", longer, {**STORED, "absences": [approved]}, importer=CLERK)
    assert changed.rows[0]["status"] == "pending"


def test_all_that_is_wrong_with_absences_is_told_at_once(judge: Judge) -> None:
    draft = judge(
        "absences",
        "nip,from,to,kind,from_time,to_time,child_number,requested_at\n"
        f"{ANI},2026-09-08,2026-09-07,liburan,,,,\n"
        f"{ANI},2026-09-07,2026-09-07,izin,10:00,,,\n"
        f"{ANI},2026-09-07,2026-09-07,izin,10:00,09:00,,\n"
        f"{ANI},2026-09-07,2026-09-07,izin,,,0,07/09/2026\n",
        STORED,
    )
    assert [problem.split("allowed: cltn")[0] for problem in told(draft)] == [
        "absences.csv:2: kind: 'liburan'; ",
        "absences.csv:2: to: 2026-09-07 is before from 2026-09-08; allowed: the same day or later",
        "absences.csv:3: to_time: empty; allowed: both times, or none for whole days",
        "absences.csv:4: nip, from, from_time, kind: row 3 has the same; one row each, in one file",
        ("absences.csv:4: to_time: 09:00:00 is not after from_time 10:00:00; allowed: a later time of the same day"),
        "absences.csv:5: child_number: '0'; allowed: a whole number from 1 to 99",
        "absences.csv:5: requested_at: '07/09/2026'; allowed: YYYY-MM-DD or YYYY-MM-DD HH:MM[:SS]",
    ]


# --- activities ---------------------------------------------------------------------------------------------

ACTIVITIES = "id,nip,date,start,end,description,status,approved_minutes\n"


def activity(key: str, start: str, end: str, *, nip: str = ANI, status: str = "pending", minutes: str = "") -> str:
    return f"{key},{nip},2026-09-10,{start},{end},Laporan,{status},{minutes}\n"


def test_of_two_overlapping_activities_the_upper_row_stays(judge: Judge) -> None:
    """Example S24: A 08:00-10:00, B 09:30-10:30, C 13:00-15:00."""
    rows = activity("A", "08:00", "10:00") + activity("B", "09:30", "10:30") + activity("C", "13:00", "15:00")
    draft = judge("activities", ACTIVITIES + rows, STORED)
    assert [(row["activity_id"], row["status"], row["reason"]) for row in draft.rows] == [
        ("A", "pending", None),
        ("B", "rejected", "overlaps A (08:00-10:00)"),
        ("C", "pending", None),
    ]
    assert [str(one) for one in draft.rejected] == ["activities.csv:3: start: overlaps A (08:00-10:00)"]


def test_activities_that_touch_or_are_of_another_person_or_rejected_do_not_overlap(judge: Judge) -> None:
    rows = (
        activity("A", "08:00", "10:00")
        + activity("B", "10:00", "10:30")
        + activity("C", "08:00", "10:00", nip=BUDI)
        + activity("D", "08:00", "10:00", status="rejected")
    )
    assert judge("activities", ACTIVITIES + rows, STORED).rejected == []


def test_what_is_stored_stays_before_what_is_new(judge: Judge) -> None:
    first = judge("activities", ACTIVITIES + activity("B", "09:30", "10:30"), STORED)
    stored = {**STORED, "activities": first.rows}
    new = judge("activities", ACTIVITIES + activity("A", "08:00", "10:00"), stored)
    assert [row["reason"] for row in new.rows] == ["overlaps B (09:30-10:30)"]
    both = judge("activities", ACTIVITIES + activity("A", "08:00", "10:00") + activity("B", "09:30", "10:30"), stored)
    assert [row["reason"] for row in both.rows] == ["overlaps B (09:30-10:30)", None]
    moved = judge("activities", ACTIVITIES + activity("A", "08:00", "10:00") + activity("B", "13:00", "14:00"), stored)
    assert [row["reason"] for row in moved.rows] == [None, None]


def test_an_approval_counts_its_minutes_or_all_of_them(judge: Judge) -> None:
    rows = (
        activity("A", "08:00:30", "10:00", status="approved")
        + activity("B", "10:00", "11:00", status="approved", minutes="45")
        + activity("C", "13:00", "14:00", minutes="30")
    )
    draft = judge("activities", ACTIVITIES + rows, STORED)
    assert [row["approved_minutes"] for row in draft.rows] == [119, 45, None]
    claimed = judge("activities", ACTIVITIES + rows, STORED, importer=CLERK)
    assert [(row["status"], row["approved_minutes"]) for row in claimed.rows] == [("pending", None)] * 3
    assert [str(warning) for warning in claimed.warnings] == [
        (
            "activities.csv: status: 2 rows carry a decision, but clerk is no authorised feed for this kind; "
            "they enter as pending and wait for an account that may decide"
        )
    ]


def test_all_that_is_wrong_with_activities_is_told_at_once(judge: Judge) -> None:
    stored = {
        **STORED,
        "activities": judge("activities", ACTIVITIES + activity("S", "08:00", "09:00"), STORED).rows,
    }
    draft = judge(
        "activities",
        ACTIVITIES
        + activity("A", "10:00", "10:00")
        + activity("B", "10:00", "11:00", status="approved", minutes="61")
        + activity("C", "7:30", "11:00")
        + activity("D", "07:30", "11:00", status="")
        + activity("E", "07:30", "11:00", nip="1234")
        + activity("S", "07:30", "11:00", nip=BUDI)
        + activity("A", "12:00", "13:00"),
        stored,
    )
    assert told(draft) == [
        "activities.csv:2: end: 10:00:00 is not after start 10:00:00; allowed: a later time of the same day",
        "activities.csv:3: approved_minutes: 61; allowed: up to 60, the minutes it lasted",
        "activities.csv:4: start: '7:30'; allowed: a time HH:MM or HH:MM:SS",
        "activities.csv:5: status: empty; allowed: draft, pending, approved, returned, rejected",
        ("activities.csv:6: nip: '1234': not 18 digits, and no employee has it as a local id; import employees first"),
        "activities.csv:7: id: 'S' is stored as another person's activity; allowed: ids unique for ever",
        "activities.csv:8: id: row 2 has the same; one row each, in one file",
    ]


def test_values_of_an_activity_are_dates_times_and_text(judge: Judge) -> None:
    (row,) = judge("activities", ACTIVITIES + activity("A", "08:00", "10:00"), STORED).rows
    assert (row["date"], row["start"], row["end"]) == (date(2026, 9, 10), time(8), time(10))
    assert (row["row"], row["type"], row["entered_at"]) == (2, None, None)
