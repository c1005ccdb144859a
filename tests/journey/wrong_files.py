"""Import files and configurations of every way to be wrong, and what must be said of each. Read by test_wrong_input."""
# ruff: noqa: E501 - these are tables, a row a line

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from openpyxl import Workbook

NIP, OTHER, NOBODY = "199001012015011002", "199001012015011003", "199001012015011999"
UNITS = "code,name,timezone\n"


class WrongFile(NamedTuple):
    """A file of a kind, and the words of the message: where, what was found, what is allowed, what to do.

    What is long to make is made when it is tried: every worker of the tests reads this table.
    """

    what: str
    kind: str
    content: str | bytes | Callable[[], bytes]
    words: tuple[str, ...]
    name: str = "berkas.csv"


def workbook(*rows: tuple[object, ...], merged: str | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    if merged:
        sheet.merge_cells(merged)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@cache
def zipped(name: str, mebibytes: int = 0) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(name, "w", force_zip64=True) as part,
    ):
        for _ in range(mebibytes):
            part.write(bytes(1 << 20))
    return out.getvalue()


PEOPLE = ("nip", "name", "unit")
WRONG_FILES = [
    # the file itself
    WrongFile("empty", "units", b"", ("berkas.csv: the file is empty", "allowed: a header row code, name, timezone")),
    WrongFile("only blank lines", "units", "\n  \n\n", ("the file is empty", "allowed: a header row")),
    WrongFile(
        "tabs between columns",
        "units",
        "code\tname\ttimezone\nX\tY\tAsia/Jakarta\n",
        ("berkas.csv:1: the columns are separated by a tab", "allowed: comma or semicolon", "Save the file as CSV"),
    ),
    WrongFile("bars between columns", "units", "code|name\nX|Y\n", ("separated by a bar (|)", "allowed: comma")),
    WrongFile("Latin-1", "units", UNITS.encode() + b"X,Caf\xe9,Asia/Jakarta\n", (":2: the byte 0xE9 is not UTF-8",)),
    WrongFile("UTF-16", "units", UNITS.encode("utf-16"), (":1: the byte 0xFF", "save the file as CSV UTF-8")),
    WrongFile("binary", "units", bytes(range(256)) * 4, ("is not UTF-8; save the file as CSV UTF-8",)),
    WrongFile("NUL", "units", UNITS + "X,Y\0Z,Asia/Jakarta\n", (":2: the character U+0000", "remove it")),
    WrongFile("open quote", "units", UNITS + 'X,"Y,Asia/Jakarta\n', (":2: a quotation mark opens", "never closes")),
    WrongFile("text after a quote", "units", UNITS + 'X,"Y"Z,Asia/Jakarta\n', (":2:", "inside a quoted cell")),
    WrongFile("a cell without end", "units", UNITS + f"X,{'Y' * 200_000},Asia/Jakarta\n", (":2:", "field limit")),
    WrongFile("old Excel or with a password", "units", b"\xd0\xcf\x11\xe0" + bytes(600), ("save it as .xlsx",), "u.xlsx"),
    WrongFile("a zip that is no workbook", "units", zipped("a"), ("u.xlsx: not a readable xlsx", "save it"), "u.xlsx"),
    WrongFile(
        "half a workbook",
        "units",
        workbook(("code", "name", "timezone"))[:-300],
        ("not a readable xlsx workbook", "save it again, or as CSV UTF-8"),
        "u.xlsx",
    ),
    WrongFile("a zip bomb", "units", lambda: zipped("xl/worksheets/sheet1.xml", 600), ("unpacks to", "use csv"), "u.xlsx"),
    WrongFile("an empty sheet", "employees", workbook(), ("p.xlsx: no row; allowed: a header row nip",), "p.xlsx"),
    # its header
    WrongFile("no header", "units", "X,Y,Asia/Jakarta\n", (":1: X: unknown column", ":1: code: this column is missing")),
    WrongFile("a column missing", "units", "code,name\nX,Y\n", ("berkas.csv:1: timezone: this column is missing",)),
    WrongFile("a column twice", "units", "code,name,name,timezone\n", (":1: name: this column stands twice; keep one",)),
    WrongFile("a column unknown", "units", "kode,name,timezone\n", (":1: kode: unknown", "did you mean code?", "allowed:")),
    WrongFile("too many cells", "units", UNITS + "X,Y,Asia/Jakarta,4\n", (":2: 4 cells; the header row has 3 columns",)),
    # cells of a workbook
    WrongFile(
        "a NIP as a number",
        "employees",
        workbook(PEOPLE, (int(NIP), "A", "DINKES")),
        ("p.xlsx:2: nip: a number of 18 digits", "format the column as text"),
        "p.xlsx",
    ),
    WrongFile(
        "a formula without a result",
        "employees",
        workbook(PEOPLE, (NIP, "=A1", "DINKES")),
        ("p.xlsx:2: name: a formula without a result; open and save the file",),
        "p.xlsx",
    ),
    WrongFile(
        "merged cells",
        "employees",
        workbook(PEOPLE, (NIP, "A", "DINKES"), (OTHER, "B", None), merged="C2:C3"),
        ("p.xlsx:3: unit: empty; allowed: a code",),
        "p.xlsx",
    ),
    # units
    WrongFile("a zone of a city", "units", UNITS + "X,Y,Asia/Banjarmasin\n", (":2: timezone:", "allowed:", "Asia/Makassar")),
    WrongFile("a parent unknown", "units", "code,name,timezone,parent\nX,Y,Asia/Jakarta,Q\n", (":2: parent: 'Q' is no unit",)),
    WrongFile(
        "a circle of units",
        "units",
        "code,name,timezone,parent\nX,Y,Asia/Jakarta,Z\nZ,Y,Asia/Jakarta,X\n",
        (":2: parent: X would be above itself; allowed: a tree",),
    ),
    WrongFile("a unit twice", "units", UNITS + "X,Y,Asia/Jakarta\n" * 2, (":3: code, valid_from: row 2 has the same",)),
    WrongFile(
        "a profile unknown",
        "units",
        "code,name,timezone,profile\nX,Y,Asia/Jakarta,hsuu\n",
        (":2: profile: 'hsuu' is in no rule file; allowed: badung",),
    ),
    WrongFile(
        "a schedule unknown",
        "units",
        "code,name,timezone,schedule\nX,Y,Asia/Jakarta,pagi\n",
        (":2: schedule: 'pagi' is in no rule file; allowed: five-day-kemenkeu",),
    ),
    # people
    WrongFile("17 digits", "employees", "nip,name,unit\n19900101201501100,A,DINKES\n", (":2: nip:", "is not 18 digits; allowed:")),
    WrongFile("a letter in a NIP", "employees", "nip,name,unit\n1990010120150110O2,A,DINKES\n", ("is not 18 digits",)),
    WrongFile("a unit unknown", "employees", f"nip,name,unit\n{NIP},A,DINKS\n", (":2: unit: 'DINKS' is no unit; import units",)),
    WrongFile(
        "money with points",
        "employees",
        f"nip,name,unit,allowance_rp\n{NIP},A,DINKES,4.000.000\n",
        (":2: allowance_rp: '4.000.000'; allowed: whole rupiah", "digits only"),
    ),
    WrongFile("money below nothing", "employees", f"nip,name,unit,allowance_rp\n{NIP},A,DINKES,-5\n", ("allowance_rp: '-5'",)),
    WrongFile("a status unknown", "employees", f"nip,name,unit,status\n{NIP},A,DINKES,honorer\n", ("'honorer'; allowed: pns",)),
    WrongFile("30 February", "employees", f"nip,name,unit,valid_from\n{NIP},A,DINKES,2026-02-30\n", ("'2026-02-30'; allowed: a date",)),
    WrongFile("a year of two slips", "employees", f"nip,name,unit,valid_from\n{NIP},A,DINKES,0206-09-01\n", ("'0206-09-01'; allowed: a date YYYY-MM-DD of 1900 or later",)),
    WrongFile("a day first", "employees", f"nip,name,unit,valid_from\n{NIP},A,DINKES,01/02/2026\n", ("allowed: a date YYYY-MM-DD",)),
    WrongFile(
        "an end before its start",
        "employees",
        f"nip,name,unit,valid_from,valid_to\n{NOBODY},A,DINKES,2026-02-01,2026-01-01\n",
        (":2: valid_to: 2026-01-01 is before valid_from 2026-02-01; allowed:",),
    ),
    WrongFile(
        "two spells at once",
        "employees",
        f"nip,name,unit,valid_from\n{NOBODY},A,DINKES,2026-02-01\n{NOBODY},A,BKD,2026-03-01\n",
        (":3: valid_from: from 2026-03-01 shares days with row 2", "end that one first"),
    ),
    WrongFile("nobody's PIN", "enrolments", f"terminal,pin,nip\nlobby,9,{NOBODY}\n", ("no employee has it; import employees",)),
    WrongFile("a PIN with a blank", "enrolments", f"terminal,pin,nip\nlobby,1 2,{NIP}\n", (":2: pin: '1 2'; allowed:",)),
    # what happened
    WrongFile("31 September", "punches", "terminal,pin,clock\nlobby,0,2026-09-31 07:00:00\n", ("no row of the file is a punch",)),
    WrongFile("a holiday of no kind", "calendar", "date,unit,kind,name,source\n2026-09-01,*,libur,HUT,SK\n", ("'libur'; allowed:",)),
    WrongFile("a holiday of no unit", "calendar", "date,unit,kind,name,source\n2026-09-01,X,kerja,HUT,SK\n", ("'X' is no unit; allowed:",)),
    WrongFile("a leave of no kind", "absences", f"nip,from,to,kind\n{NIP},2026-09-01,2026-09-02,cuti\n", ("'cuti'; allowed: cltn",)),
    WrongFile(
        "hours of a leave reversed",
        "absences",
        f"nip,from,to,kind,from_time,to_time\n{NIP},2026-09-03,2026-09-03,izin,10:00,09:00\n",
        (":2: to_time: 09:00:00 is not after from_time 10:00:00; allowed:",),
    ),
    WrongFile("a shift unknown", "rosters", f"nip,date,shift\n{NIP},2026-09-03,SIANG\n", ("'SIANG' is in no schedule; allowed: OFF",)),
    WrongFile(
        "a time of 24:60",
        "corrections",
        f"nip,date,scan,action,time,document\n{NIP},2026-09-03,arrive,add,24:60,d\n",
        (":2: time: '24:60'; allowed: a time HH:MM",),
    ),
    WrongFile(
        "an outage reversed",
        "outages",
        "terminal,from,to,reason\nlobby,2026-09-05 00:00:00,2026-09-04 00:00:00,mati\n",
        (":2: to: 2026-09-04 00:00:00 is not after from 2026-09-05 00:00:00; allowed:",),
    ),
    WrongFile("an event reversed", "events", "code,kind,unit,date,opens,closes\nE,apel,*,2026-09-07,08:00,07:00\n", ("closes:",)),
    WrongFile("nobody's event", "event_attendance", f"event,nip,status\nE9,{NIP},present\n", ("'E9' is no event; import events",)),
    WrongFile(
        "an activity twice",
        "activities",
        "id,nip,date,start,end,description,status\n" + f"A,{NIP},2026-09-03,08:00,09:00,d,approved\n" * 2,
        (":3: id: row 2 has the same; one row each",),
    ),
    # what it is worth
    WrongFile("a rating of no kind", "ratings", f"nip,period,predicate\n{NIP},2026,bagus\n", ("'bagus'; allowed: sangat_baik",)),
    WrongFile("month 13", "ratings", f"nip,period,predicate\n{NIP},2026-13,baik\n", (":2: period: '2026-13'; allowed: a year",)),
    WrongFile("101 points", "sakip", "unit,year,aspect,score\nDINKES,2026,reviu_evaluasi,101\n", ("score: '101'; allowed: points",)),
    WrongFile("101 percent", "sanctions", f"nip,decree,pct,document,from\n{NIP},SK,101,d,2026-01-01\n", ("pct: '101'; allowed:",)),
    WrongFile(
        "money and percent",
        "holds",
        f"nip,kind,amount_rp,pct,document,from\n{NIP},LHKPN,5,5,d,2026-01-01\n",
        ("both are filled; allowed: amount_rp, or pct",),
    ),
    WrongFile("neither", "allowances", f"nip,criterion,valid_from\n{NIP},beban,2026-01-01\n", ("nothing is filled; allowed:",)),
    WrongFile("a post of no kind", "assignments", f"nip,unit,kind,document,valid_from\n{NIP},DINKES,pj,d,2026-01-01\n", ("'pj'; allowed: plt",)),
    WrongFile("nobody's plan", "plan_progress", "plan,month,planned_pct,physical_pct\nP9,2026-09,5,5\n", ("'P9' is no plan; import plans",)),
    WrongFile("per semester", "workload_tasks", "unit,job,task,volume,per,standard_minutes\nDINKES,a,b,1,semester,5\n", ("allowed: day, week",)),
]  # fmt: skip


Change = Callable[[Path], object]
AGENT, DEVICES, MODEL, ADOPTED = "agent.yaml", "devices.yaml", "rules/profiles/tpp-model.yaml", "rules/adopted.yaml"


class WrongConfiguration(NamedTuple):
    """A change of a configuration that was right, and the words of the message."""

    what: str
    change: Change
    words: tuple[str, ...]


def edit(name: str, old: str, new: str) -> Change:
    def change(directory: Path) -> None:
        text = (directory / name).read_text()
        assert old in text, (name, old)
        (directory / name).write_text(text.replace(old, new, 1))

    return change


def write(name: str, content: str | bytes) -> Change:
    raw = content.encode() if isinstance(content, str) else content
    return lambda directory: (directory / name).write_bytes(raw)


def append(name: str, text: str) -> Change:
    return lambda directory: (directory / name).write_text((directory / name).read_text() + text)


def folder_instead(directory: Path) -> None:
    (directory / AGENT).unlink()
    (directory / AGENT).mkdir()


def link_to_itself(directory: Path) -> None:
    (directory / AGENT).unlink()
    (directory / AGENT).symlink_to(directory / AGENT)


def with_key(content: str) -> Change:
    def change(directory: Path) -> None:
        (directory / "kunci").write_text(content)
        edit(DEVICES, "id: lobby", "id: lobby\n    comm_key_file: kunci")(directory)

    return change


NO_FILE = "the file cannot be read (No such file or directory); it must hold the secret"
DATABASE = "sqlite:///../state/central.db"
WRONG_CONFIGURATIONS = [
    WrongConfiguration("no agent.yaml", lambda d: (d / AGENT).unlink(), ("agent.yaml: there is no such file",)),
    WrongConfiguration("a directory", folder_instead, ("agent.yaml: this is a directory; a YAML file is needed",)),
    WrongConfiguration("a link to itself", link_to_itself, ("agent.yaml: the file cannot be read (Too many levels",)),
    WrongConfiguration("empty", write(AGENT, ""), ("agent.yaml: the file is empty; it must hold `key: value` lines",)),
    WrongConfiguration("a list", write(AGENT, "- a\n"), ("agent.yaml:1:1: the file must be a group of `key: value`",)),
    WrongConfiguration("a tab", edit(AGENT, "  url", "\turl"), ("agent.yaml:7:1: a tab was found; indent with spaces",)),
    WrongConfiguration(
        "a byte order mark",
        lambda d: (d / AGENT).write_bytes(b"\xef\xbb\xbf" + (d / AGENT).read_bytes()),
        ("agent.yaml:1:1: the file starts with a byte order mark", "save it as UTF-8 without BOM"),
    ),
    WrongConfiguration("Latin-1", write(AGENT, b"profile: caf\xe9\n"), (":1:13: the byte 0xE9 is not UTF-8; save",)),
    WrongConfiguration("UTF-16", write(AGENT, "profile: a".encode("utf-16")), ("the file is UTF-16; save it as UTF-8",)),
    WrongConfiguration("NUL", write(AGENT, b"profile: \0\n"), ("the control character U+0000 is not text; delete it",)),
    WrongConfiguration("20 MiB", write(AGENT, b"#" * (20 << 20)), ("agent.yaml: the file is larger than 16 MiB",)),
    WrongConfiguration("anchors", write(AGENT, "web: &a {}\nlog: *a\n"), ("&a names a value", "write the value out")),
    WrongConfiguration("two documents", append(AGENT, "---\nroles: [web]\n"), ("a second document starts here",)),
    WrongConfiguration("no YAML", edit(AGENT, "1s}", "1s"), ("agent.yaml:9:", "this is not YAML")),
    WrongConfiguration("a key unknown", edit(AGENT, "profile:", "profil:"), (":5:1: profil: unknown key; allowed are",)),
    WrongConfiguration(
        "a key twice",
        edit(AGENT, "profile: tpp-model", "profile: tpp-model\nprofile: hsu"),
        ("agent.yaml:6:1: profile: the key stands twice, first on line 5; delete one",),
    ),
    WrongConfiguration("a role unknown", edit(AGENT, "score]", "skor]"), ("roles.2: 'skor' was found; allowed are",)),
    WrongConfiguration("a role twice", edit(AGENT, "score]", "collect]"), ("collect stands twice; once is enough",)),
    WrongConfiguration("no role", edit(AGENT, "[collect, score]", "[]"), ("roles: an empty list was found; at least one",)),
    WrongConfiguration("no unit of time", edit(AGENT, "60s", "60"), ("poll.every: '60' was found; a duration", "60s, 5m")),
    WrongConfiguration("an hour of 25", edit(AGENT, "01:00", "25:00"), ("score.at: '25:00' was found; a time from",)),
    WrongConfiguration("a tolerance of days", edit(AGENT, "120s", "2d"), ("clock.tolerance: '2d' was found; a duration",)),
    WrongConfiguration("MySQL", edit(AGENT, DATABASE, "mysql://u@h/d"), (":7:8: central.url: 'mysql'", "sqlite:///PATH")),
    WrongConfiguration("no database", edit(AGENT, DATABASE, "postgresql://u@h"), ("the URL names no database", "allowed")),
    WrongConfiguration("no password file", edit(AGENT, DATABASE, f"{DATABASE}\n  password_file: sandi"), (f"sandi: central.password_file: {NO_FILE}",)),
    WrongConfiguration("a profile unknown", edit(AGENT, "tpp-model", "tpp-modul"), ("no profile 'tpp-modul'", "did you mean")),
    WrongConfiguration("no rules", edit(AGENT, "rules: rules", "rules: aturan"), ("aturan: there is no such directory; the rules",)),
    WrongConfiguration("no devices", edit(AGENT, "devices.yaml", "alat.yaml"), ("alat.yaml: there is no such file",)),
    WrongConfiguration("devices is a directory", edit(AGENT, "devices.yaml", "rules"), ("rules: this is a directory",)),
    WrongConfiguration("no such variable", edit(AGENT, "tpp-model", "${EKINERJA_NOWHERE}"), ("EKINERJA_NOWHERE is not set",)),
    WrongConfiguration("port 99999", append(AGENT, 'web: {listen: "127.0.0.1:99999"}\n'), ("web.listen:", "is allowed")),
    WrongConfiguration("a loud log", append(AGENT, "log: {level: loud}\n"), ("log.level: 'loud' was found; allowed are",)),
    # devices.yaml
    WrongConfiguration("an id twice", edit(DEVICES, "id: aula", "id: lobby"), ("'lobby' stands on line 2 too", "unique for ever")),
    WrongConfiguration("an id with a slash", edit(DEVICES, "id: aula", "id: aula/1"), ("an id of up to 64 letters",)),
    WrongConfiguration("WIB as a zone", edit(DEVICES, "Asia/Jakarta", "WIB"), ("terminals.1.timezone: 'WIB' was found", "allowed")),
    WrongConfiguration("a zone missing", edit(DEVICES, "    timezone: Asia/Jakarta\n", ""), ("timezone: the key is missing",)),
    WrongConfiguration("an address in words", edit(DEVICES, "127.0.0.1:", "ruang lobby:"), ("terminals.1.address:", "allowed")),
    WrongConfiguration("by USB", edit(DEVICES, "transport: none", "transport: usb"), ("'usb' was found; allowed are none",)),
    WrongConfiguration("enabled: ya", edit(DEVICES, "office: BKD", "office: BKD\n    enabled: ya"), ("true or false is allowed",)),
    WrongConfiguration("no list", write(DEVICES, "terminals: lobby\n"), ("devices.yaml:1:12: terminals: 'lobby' was found",)),
    WrongConfiguration("no key file", edit(DEVICES, "id: lobby", "id: lobby\n    comm_key_file: sandi"), (f"sandi: comm_key_file of lobby: {NO_FILE}",)),
    WrongConfiguration("a key in words", with_key("rahasia"), ("this is not a communication key; a number from 0 to",)),
    # rules
    WrongConfiguration("bands that overlap", edit(MODEL, "from_min: 31", "from_min: 30"), ("tpp-model.yaml:20:20:", "30 overlaps the entry before; 31 is allowed")),
    WrongConfiguration("bands with a gap", edit(MODEL, "from_min: 31", "from_min: 33"), ("33 leaves a gap after the entry before; 31 is allowed",)),
    WrongConfiguration("no source", edit(MODEL, "source: proposed, in use with the TPP model", 'source: ""'), ("scans.1.source: '' was found; one line of text",)),
    WrongConfiguration("a source missing", edit(MODEL, "    source: proposed, in use with the TPP model\n", ""), ("scans.1.source: the key is missing",)),
    WrongConfiguration("a mark unknown", edit(MODEL, "mark: I", "mark: Z"), ("scans.1.mark: 'Z' was found; allowed are C, I, M, S, V",)),
    WrongConfiguration("101 %", edit(MODEL, "deduction_pct: 0.5", "deduction_pct: 101"), ("'101' was found; a percentage from 0 to 100",)),
    WrongConfiguration("five decimals", edit(MODEL, "deduction_pct: 0.5", "deduction_pct: 0.12345"), ("at most 4 decimals",)),
    WrongConfiguration("30 February", edit(MODEL, "2021-01-01", "2021-02-30"), ("scans.1.from: '2021-02-30' was found; a date YYYY-MM-DD",)),
    WrongConfiguration("a base unknown", edit(MODEL, "value: discipline", "value: disiplin"), ("'disiplin' was found; allowed are both",)),
    WrongConfiguration("a scan unknown", edit(MODEL, "scan: arrive", "scan: datang"), ("'datang' was found; allowed are arrive",)),
    WrongConfiguration("a value missing", edit(MODEL, "    value: 1.5\n", ""), ("missing_scan.1.value: the key is missing",)),
    WrongConfiguration("a day twice", edit(MODEL, "day_cap:\n", "day_cap:\n  - {from: 2021-01-01, value: 5, source: x, mark: I}\n"), ("2021-01-01 does not come after 2021-01-01",)),
    WrongConfiguration("a decree for nothing", edit(ADOPTED, '"*"', "nothing"), ("adopted.1.value: tpp-model has no value 'nothing'",)),
    WrongConfiguration("a decree in words", edit(ADOPTED, "2026-01-02", "2 Januari"), ("adopted.1.date: '2 Januari' was found; a date",)),
    WrongConfiguration("no profiles", lambda d: shutil.rmtree(d / "rules" / "profiles"), ("rules/profiles: no file is there; the rules directory holds",)),
    WrongConfiguration("a holiday file of nothing", write("rules/holidays/2026.yaml", "x: 1\n"), ("2026.yaml:1:1: holidays: the key is missing",)),
]  # fmt: skip
