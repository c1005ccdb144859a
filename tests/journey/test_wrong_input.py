"""Wrong input of every kind to commands, files and configuration: a message that helps, and nothing changed.

Each row says what is done, with which code it ends, and words of the message: where, what was found, what is allowed,
what to do. After each the whole database and every file are as before, and in Indonesian nothing of it is English.
"""
# ruff: noqa: E501 - these are tables, a row a line

from __future__ import annotations

import contextlib
import io
import shlex
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent import cli
from ekinerja_agent.host import os_user
from ekinerja_agent.simulator import Device, Endpoint, Model, serve
from tests.journey.standing import files, standing
from tests.journey.wrong_files import (
    NIP,
    NOBODY,
    OTHER,
    WRONG_CONFIGURATIONS,
    WRONG_FILES,
    WrongConfiguration,
    WrongFile,
)
from tests.proof import databases
from tests.proof.english import english_in

RULES = Path(__file__).parents[2] / "config" / "rules"
ZONE = "Asia/Jakarta"
AGENT_YAML = """roles: [collect, score]
state_dir: ../state
devices: devices.yaml
rules: rules
profile: tpp-model
central:
  url: {url}
poll: {{every: 60s, timeout: 1s}}
clock: {{tolerance: 120s}}
score: {{at: "01:00"}}
"""
DEVICES_YAML = """terminals:
  - id: lobby
    office: DINKES
    address: 127.0.0.1:{lobby}
    timezone: Asia/Jakarta
  - id: aula
    office: BKD
    transport: none
    timezone: Asia/Jakarta
  - id: gudang
    office: BKD
    address: 127.0.0.1:1
    timezone: Asia/Jakarta
  - id: terkunci
    office: BKD
    address: 127.0.0.1:{locked}
    timezone: Asia/Jakarta
    comm_key_file: kunci
"""
ADOPTED_YAML = 'adopted:\n  - {value: "*", profile: tpp-model, decree: Perbup 1, date: 2026-01-02, by: Bupati}\n'


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def run(directory: Path, *words: str) -> Ended:
    """Run one command of the installation in this process, as `main` does it."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr("sys.argv", ["ekinerja-agent", "--config", str(directory / "config" / "agent.yaml"), *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    code = ended.value.code
    return Ended(code if isinstance(code, int) else 1, out.getvalue(), err.getvalue())


class Box:
    """A prepared installation: three people of two offices, August closed and half paid, requests that wait."""

    def __init__(self, directory: Path, url: str, terminals: tuple[Endpoint, Endpoint]) -> None:
        self.directory, self.url = directory, url
        self.files = directory / "berkas"
        config = directory / "config"
        for folder in (self.files, config):
            folder.mkdir(parents=True)
        shutil.copytree(RULES, config / "rules")
        (config / "rules" / "adopted.yaml").write_text(ADOPTED_YAML)
        (config / "agent.yaml").write_text(AGENT_YAML.format(url=url))
        (config / "devices.yaml").write_text(DEVICES_YAML.format(lobby=terminals[0].port, locked=terminals[1].port))
        (config / "kunci").write_text("4321\n")
        self._live()
        self.standing = standing(directory, url)

    def ok(self, *words: str) -> None:
        ended = run(self.directory, *words)
        assert ended.code == 0, (words, ended)

    def load(self, kind: str, text: str, *options: str) -> None:
        path = self.files / f"{kind}.csv"
        path.write_text(text)
        self.ok("import", kind, str(path), *options)

    def _live(self) -> None:
        people = enumerate((NIP, OTHER, "199001012015011004"))
        offices = ("DINKES", "BKD", "DINKES")
        rows = [f"{nip},Pegawai {n},{offices[n]},4000000\n" for n, nip in people]
        self.load("units", f"code,name,timezone\nDINKES,Dinas,{ZONE}\nBKD,Badan,{ZONE}\n")
        self.load("employees", "nip,name,unit,allowance_rp\n" + "".join(rows))
        self.load("enrolments", f"terminal,pin,nip\nlobby,0,{NIP}\nlobby,1,{OTHER}\nlobby,2,199001012015011004\n")
        days = [date(2026, 8, 3) + timedelta(days=n) for n in range(59)]
        self.load(
            "punches",
            "terminal,pin,clock\n"
            + "".join(
                f"lobby,{pin},{day} {clock}\n"
                for day in days
                if day.weekday() < 5
                for pin in range(3)
                for clock in ("08:45:00" if (pin, day.day) == (0, 7) else "07:20:00", "16:35:00")
            ),
            "--complete-until",
            "2026-11-03 12:00",
        )
        self.ok("account", "add", "sari", "--role", "operator", "--os-user", "sari")
        self.ok("terminal", "poll", "lobby")
        self.ok("period", "close", "2026-08", "--yes")
        self.ok("payroll", "export", "--month", "2026-08", "--out", str(self.directory / "gaji.csv"))
        self.ok("payroll", "mark-paid", "--month", "2026-08", "--office", "BKD", "--document", "SP2D 1", "--yes")
        self.ok("score", "run", "--month", "2026-09")
        self.ok("objection", "add", NIP, "2026-09-07", "TL3", "--scan", "arrive", "--reason", "antre")
        self.ok("correction", "add", NIP, "2026-09-07", "arrive", "--time", "07:15", "--document", "SK 9")
        moved = ("--from", "2026-09-08 00:00", "--to", "2026-09-08 23:59", "--shift", "60", "--reason", "jam")
        self.ok("punch", "redate", "lobby", *moved)
        for id_ in ("gudang", "terkunci"):
            assert run(self.directory, "terminal", "poll", id_).code in {4, 5}
        self.ok("score", "run", "--month", "2026-09")
        assert run(self.directory, "period", "close", "2026-09", "--yes").code == 7  # what it looks at is scored now


@pytest.fixture(scope="module")
def terminals() -> Iterator[tuple[Endpoint, Endpoint]]:
    """A terminal that answers, and one that asks for another key than the one that is configured."""
    open_, locked = (Device(serial=f"SIM{key}", model=Model(comm_key=key), zone=ZoneInfo(ZONE)) for key in (None, 1234))
    with serve(open_, "tcp") as first, serve(locked, "tcp") as second:
        yield first, second


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def box(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, terminals: tuple[Endpoint, Endpoint]
) -> Iterator[Box]:
    """One installation for all rows: nothing that they do may change it."""
    directory = tmp_path_factory.mktemp("kotak")
    if request.param == "sqlite":
        yield Box(directory, f"sqlite:///{directory}/state/central.db", terminals)
        return
    with databases.copy_of(request.getfixturevalue("postgres_template"), directory) as url:
        yield Box(directory, url, terminals)


@contextlib.contextmanager
def unchanged(box: Box, directory: Path) -> Iterator[None]:
    """Everything that the installation ever held, and everything below the directory, is the same after the block."""
    before = files(directory, box.url)
    yield
    held, box.standing = box.standing, standing(box.directory, box.url)
    assert box.standing | files(directory, box.url) == held | before


def assert_helps(ended: Ended, code: int, words: tuple[str, ...]) -> None:
    told = " ".join(ended.err.split())
    assert "Traceback" not in told
    assert [word for word in words if word not in told] == [], told
    assert ended.code == code, told


def assert_indonesian(ended: Ended, code: int, english: Ended) -> None:
    assert english_in(ended.out + ended.err) == []
    assert ended.code == code
    assert ended.err != english.err


class WrongCommand(NamedTuple):
    """A command, the code it ends with, and words of its message."""

    line: str
    code: int
    words: tuple[str, ...]


WEDNESDAY = '--from "2026-09-09 00:00" --to "2026-09-09 23:59"'
MOVE = f"punch redate lobby {WEDNESDAY} --reason jam"
WRONG_COMMANDS = [
    WrongCommand(*row)
    for row in [
        ("frobnicate", 2, ("No such command 'frobnicate'", "Try 'ekinerja-agent --help'")),
        ("--lang fr score show --month 2026-09", 2, ("--lang", "'fr' is not one of 'id', 'en'")),
        ("score run", 2, ("Missing option '--month'",)),
        # months, days, times, instants
        ("score run --month 2026-13", 2, ("--month", "'2026-13' is not a month; write it as 2026-09")),
        ("account password \udcff", 2, ("'\\udcff' is no text in UTF-8; type it anew",)),
        (f"absence reject {10**40} --reason SK", 2, ("is not the number of",)),
        (f"import revoke {10**40} --reason SK --yes", 2, ("is not in the range",)),
        ("score run --month 9999-12", 2, ("'9999-12' is not a month; write it as 2026-09",)),
        ("period status 0206-09", 2, ("'0206-09' is not a month; write it as 2026-09",)),
        ("activity silence --now 0001-01-01T00:00:00+14:00", 2, ("is not an instant",)),
        ("score run --month Mei", 2, ("'Mei' is not a month; write it as 2026-09",)),
        ("period close 2026-09-01 --yes", 2, ("'2026-09-01' is not a month; write it as 2026-09",)),
        ("payroll export --month 0000-01 --out {out}.csv", 2, ("'0000-01' is not a month",)),
        ("score run --month 2026-09 --now 2026-10-01T08:00:00", 2, ("has no offset; write it as", "+08:00")),
        ("score run --month 2026-09 --now besok", 2, ("'besok' is not an instant; write it as 2026-10-01T08",)),
        ("punch list --from 2026-02-30", 2, ("--from", "'2026-02-30' is not a date; write it as 2026-09-07")),
        ("punch list --from 2026-09-30 --to 2026-09-01", 2, ("--from 2026-09-30 is after --to 2026-09-01; name the",)),
        ("audit list --from 2026-09-30 --to 2026-09-01", 2, ("--from 2026-09-30 is after --to 2026-09-01; name the",)),
        ("activity list --to 31-12-2026", 2, ("--to", "'31-12-2026' is not a date; write it as")),
        ("correction add {nip} 2026-09-31 arrive --time 07:15 --document d", 2, ("'2026-09-31' is not a date; write",)),
        ("correction add {nip} 2026-09-08 arrive --time 25:00 --document d", 2, ("'25:00' is not a time of day; write",)),
        ("report daily --month 2026-09 --date 2026-10-01 --out {out}.html", 2, ("2026-10-01 is not a day of 2026-09",)),
        ("activity silence --now 2026-10-01", 2, ("has no offset; write it as",)),
        # names that nobody knows
        ("score run --month 2026-09 --office DINKS", 2, ("there is no unit 'DINKS'; did you mean DINKES?", "import units")),
        ("score show --month 2026-09 --office X", 2, ("there is no unit 'X'; known: BKD, DINKES",)),
        ("score plan --month 2026-09 --office X", 2, ("there is no unit 'X'; known: BKD, DINKES",)),
        ("period review 2026-09 --office X", 2, ("there is no unit 'X'; known: BKD, DINKES",)),
        ("period close 2026-09 --office X --yes", 2, ("there is no unit 'X'; known: BKD, DINKES",)),
        ("period reopen 2026-08 --office X --reason r", 5, ("X was never closed for 2026-08; offices that were: BKD",)),
        ("report monthly --month 2026-09 --office X --out {out}.html", 2, ("there is no unit 'X'; known:",)),
        ("report sakip --month 2026-09 --office X --out {out}.html", 2, ("there is no unit 'X'; known:",)),
        ("payroll export --month 2026-08 --office X --out {out}.csv", 2, ("there is no unit 'X'; known:",)),
        ("payroll mark-paid --month 2026-08 --office X --document d --yes", 2, ("there is no unit 'X'; known:",)),
        ("punch export --office X", 2, ("there is no unit 'X'; known:",)),
        ("account add budi --role head --unit X", 2, ("there is no unit 'X'; known:",)),
        ("score explain 19900101201501100 2026-09", 5, ("19900101201501100 has no score for 2026-09; run", "check the number")),
        ("score explain {nip} 2026-07", 5, ("{nip} has no score for 2026-07; run `ekinerja-agent score run",)),
        ("score show --month 2026-09 --nip {nobody}", 5, ("{nobody} has no score for 2026-09; run", "check the number")),
        ("punch list --nip 123", 2, ("there is no employee '123' (it has 3 characters; a NIP has 18 digits)",)),
        ("punch export --terminal loby", 2, ("there is no terminal 'loby'; did you mean lobby?", "terminal list")),
        ("correction list --nip {nobody}", 2, ("there is no employee '{nobody}'",)),
        ("correction add {nobody} 2026-09-07 leave --time 16:00 --document d", 2, ("no employee has the NIP", "import")),
        ("objection add {nobody} 2026-09-07 TL3 --reason r", 2, ("there is no employee '{nobody}'",)),
        ("objection add {nip} 2026-09-07 TL9 --reason r", 5, ("has no such finding; it has: none", "score run --month 2026-09")),
        ("activity add --nip {nobody} --date 2026-09-07 --start 08:00 --end 09:00 --description d", 2, ("no employee",)),
        ("account bind nobody budi", 2, ("there is no account nobody; account list shows them",)),
        ("account disable nobody --yes", 2, ("there is no account nobody; account list shows them",)),
        ("terminal poll loby", 2, ("no terminal is called 'loby'; ", "devices.yaml has aula, gudang, lobby")),
        ("terminal accept loby", 2, ("no terminal is called 'loby'",)),
        # numbers that nobody gave
        ("correction approve 99 --yes", 2, ("there is no correction/99; `ekinerja-agent correction list` shows them",)),
        ("correction approve satu --yes", 2, ("'satu' is not the number of a correction; write it as 7 or",)),
        ("punch redate approve 99 --yes", 2, ("there is no redating 99; `punch redate list` shows them",)),
        ("objection decide 9 accept --reason r", 5, ("there is no objection 9; `ekinerja-agent objection list`",)),
        ("activity approve 99", 2, ("there is no activity 99; `ekinerja-agent activity list` shows them",)),
        ("activity approve 99 --minutes 2000", 2, ("--minutes", "2000 is not in the range 0<=x<=1440")),
        ("import revoke 99 --reason r --yes", 2, ("there is no import batch 99; import list shows them",)),
        ("import revoke satu --reason r", 2, ("'satu' is not a valid integer",)),
        # what is not decided by one person, or not in this order
        ("correction approve 1 --yes", 7, ("entered correction/1; another person decides on it",)),
        ("correction reject 1 --reason r", 7, ("entered correction/1; another person decides on it",)),
        ("punch redate approve 1 --yes", 7, ("asked for redating 1; another person decides on it",)),
        ("objection decide 1 accept --reason r", 7, ("entered objection 1 or is the person; another person",)),
        ("period reopen 2026-08 --office DINKES --reason r", 7, ("closed DINKES for 2026-08; another person reopens",)),
        ("period reopen 2026-08 --office BKD --reason r", 7, ("BKD is paid for 2026-08 (SP2D 1) and never reopened",)),
        ("period reopen 2026-08 --office DINKES --reason ' '", 7, ("a month is reopened with a reason in words",)),
        ("period close 2026-08 --office BKD --yes", 7, ("BKD is paid for 2026-08", "paid as an adjustment when a later")),
        ("period close 2026-08 --office DINKES --yes", 7, ("another person opens it with", "period reopen 2026-08")),
        ("period close 2026-09 --yes", 7, ("1 days are pending", "correction/1", "--accept-pending")),
        ("period close 2099-01 --yes", 7, ("2099-01 is not over; a month is published after its last day",)),
        ("period close 2026-09 --accept-pending ' ' --yes", 7, ("--accept-pending needs a reason in words",)),
        ("payroll mark-paid --month 2026-09 --document d --yes", 7, ("2026-09 has no office that is closed",)),
        ("payroll mark-paid --month 2026-08 --office BKD --document d --yes", 7, ("paid for 2026-08 already, by SP2D 1",)),
        ("payroll mark-paid --month 2026-08 --document '' --yes", 7, ("--document needs the number of the payment",)),
        ("account add sari --role operator", 7, ("there is already an account sari; names are for ever",)),
        ("account bind sari {user}", 7, ("{user} already acts as", "one operating-system user has one account")),
        # nobody at the keyboard
        ("payroll mark-paid --month 2026-08 --document d", 2, ("Nobody is at the keyboard", "repeat the command with --yes")),
        ("correction approve 1", 2, ("Approve it? Nobody is at the keyboard to answer; repeat",)),
        ("account disable sari", 2, ("Disable it? Nobody is at the keyboard to answer; repeat",)),
        ("import revoke 1 --reason r", 2, ("Take it back? Nobody is at the keyboard to answer; repeat",)),
        ("terminal clear lobby", 2, ("Clear it? Nobody is at the keyboard to answer; repeat",)),
        # values out of range, and what contradicts itself
        ("score run --month 2026-09 --workers 0", 2, ("--workers", "0 is not in the range 1<=x<=256")),
        ("score run --month 2026-09 --changed --office DINKES", 2, ("--changed looks at everybody", "leave --office out")),
        ("score run --month 2019-05", 6, ("the holidays of 2019 are not in", "config holidays 2019")),
        ("score plan --month 2026-09 --rules nowhere", 2, ("--rules", "'nowhere' does not exist")),
        ("score show --month 2026-09 --format xml", 2, ("'xml' is not one of 'table', 'json', 'csv'",)),
        (f"{MOVE} --shift x", 2, ("--shift", "'x' is not a valid integer")),
        (f"{MOVE} --shift 0", 2, ("--shift 0: seconds to add to the clock, from 1 to",)),
        (f"{MOVE} --shift -99999999999", 2, ("--shift -99999999999: seconds to add", "(30 years)")),
        (f"{MOVE} --shift 946080000", 7, ("with 946080000 s the last punch would lie at", "which is not yet")),
        (f"punch redate lobby {WEDNESDAY} --shift 60 --reason ' '", 2, ("--reason is empty; say how the true time",)),
        ("punch redate lobby --from 2026-09-09T00:00 --to 2026-09-08T00:00 --shift 1 --reason r", 2, ("is after --to",)),
        (f"punch redate loby {WEDNESDAY} --shift 60 --reason jam", 2, ("no collector has told of loby", "poll it first")),
        ("correction add {nip} 2026-09-09 arrive --document d", 2, ("say --time HH:MM to add a scan, or --void",)),
        ("correction add {nip} 2026-09-09 arrive --time 07:00 --document ' '", 2, ("a correction needs --document",)),
        ("correction add {nip} 2026-09-07 arrive --time 07:16 --document d", 7, ("is not decided yet; decide it first",)),
        ("activity add --date 2026-09-07 --start 08:00 --end 09:00 --description d", 2, ("has no NIP; say --nip",)),
        ("activity add --nip {nip} --date 2026-09-07 --start 10:00 --end 09:00 --description d", 2, ("allowed: a later",)),
        (
            "account add budi --role king",
            2,
            ("'king' is not one of 'auditor', 'employee', 'head', 'hr', 'leader', 'office_admin',",),
        ),
        ("account add budi --role operator --nip 1990", 2, ("--nip '1990'; allowed: 18 digits",)),
        ("account add budi --role operator --feed wages", 2, ("'wages' is not one of 'units', 'employees'",)),
        ("account add ' ' --role operator", 2, ("an account needs a name",)),
        ("report events --month 2026-09 --target 101 --out {out}.html", 2, ("'101' is not a percentage from 0 to 100",)),
        ("report monthly --month 2026-09 --public --office DINKES --out {out}.html", 2, ("leave out --office",)),
        ("config holidays 2999", 2, ("2999 was asked for; holidays can be proposed from 1969 to 2100",)),
        ("config schema wages", 2, ("'wages' is not one of 'adopted', 'agent'",)),
        ("audit verify --noted 7", 2, ("--noted", "'7' has no end of a log; write ROWS:DIGEST as `audit head`")),
        # where files go and come from
        ("report monthly --month 2026-09", 2, ("Missing option '--out'",)),
        ("report monthly --month 2026-09 --out {out}.docx", 2, (".docx does not end in .html, .xlsx, .csv",)),
        ("report monthly --month 2026-09 --out {box}/nowhere/a.html", 2, ("nowhere/a.html cannot be written", "name a file")),
        ("report monthly --month 2026-09 --out {box}/berkas", 2, ("--out", "berkas' is a directory")),
        ("report monthly --month 2026-09 --out /proc/a.html", 2, ("/proc/a.html cannot be written", "name a file in")),
        ("payroll export --month 2026-08 --out {out}.pdf", 2, (".pdf does not end in .csv or .xlsx",)),
        ("payroll export --month 2026-08 --out {box}/berkas", 2, ("--out", "berkas' is a directory")),
        ("payroll export --month 2026-08 --out /proc/a.csv", 2, ("/proc/a.csv cannot be written", "where you may write")),
        ("payroll export --month 2026-09 --out {out}.csv", 5, ("nothing is published for 2026-09; `ekinerja-agent",)),
        ("import wages {box}/berkas/units.csv", 2, ("No such command 'wages'",)),
        ("import units {box}/nowhere.csv", 2, ("'FILE'", "nowhere.csv' does not exist")),
        ("import units {box}/berkas", 2, ("'FILE'", "berkas' is a directory")),
        ("import punches {box}/berkas/punches.csv --complete-until besok", 2, ("'besok'; allowed: YYYY-MM-DD HH:MM",)),
        ("import attlog {box}/berkas/units.csv", 2, ("--terminal",)),
        ("import attlog {box}/berkas/units.csv --terminal lobby", 5, ("units.csv",)),
        ("demo --dir {box}/config", 7, ("holds files that no demo wrote; nothing was changed. Name a new",)),
        ("demo --dir {box}/berkas/units.csv", 2, ("--dir", "units.csv' is a file")),
        ("demo --dir /proc/demo", 2, ("/proc/demo cannot be written", "name a directory where you may write")),
        # terminals
        ("terminal poll aula", 2, ("aula has transport none in devices.yaml: it cannot be polled, only imported",)),
        ("terminal verify gudang", 4, ("gudang (127.0.0.1:1/tcp) cannot be reached", "check its power, cable and")),
        ("terminal verify terkunci", 5, ("terkunci", "comm_key_file")),
        ("terminal clock gudang", 4, ("gudang (127.0.0.1:1/tcp) cannot be reached",)),
        ("terminal clear gudang --yes", 4, ("gudang (127.0.0.1:1/tcp) cannot be reached",)),
        ("simulate --port 99999", 2, ("--port", "99999 is not in the range 0<=x<=65535")),
        ("simulate --port {port}", 4, ("127.0.0.1:{port} (tcp) cannot be used", "a port that no other program uses")),
        ("simulate --port 0 --host 300.1.1.1", 4, ("300.1.1.1:0", "name an address of this machine")),
        ("simulate --port 0 --fault nosuch", 2, ("there is no fault 'nosuch'; choose one of hang",)),
        ("simulate --port 0 --fault cut-packets=x", 2, ("'x' is no whole number",)),
        ("simulate --layout 41", 2, ("'41' is not one of '8', '16', '40', '49'",)),
    ]
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_COMMANDS, ids=lambda wrong: wrong.line)
def test_a_wrong_command_helps_and_changes_nothing(
    box: Box, wrong: WrongCommand, terminals: tuple[Endpoint, Endpoint], tmp_path: Path
) -> None:
    names = {
        "nip": NIP,
        "nobody": NOBODY,
        "box": box.directory,
        "out": tmp_path / "keluar",
        "port": terminals[0].port,
        "user": os_user.acting(),
    }
    with unchanged(box, tmp_path):
        ended = run(box.directory, *shlex.split(wrong.line.format(**names)))
        indonesian = run(box.directory, "--lang", "id", *shlex.split(wrong.line.format(**names)))
    assert_helps(ended, wrong.code, tuple(word.format(**names) for word in wrong.words))
    if not wrong.line.startswith("--lang"):
        assert_indonesian(indonesian, wrong.code, ended)


@pytest.mark.parametrize("wrong", WRONG_FILES, ids=lambda wrong: f"{wrong.kind}: {wrong.what}")
def test_a_wrong_file_is_told_with_its_row_and_stores_nothing(box: Box, wrong: WrongFile, tmp_path: Path) -> None:
    path = tmp_path / wrong.name
    content = wrong.content() if callable(wrong.content) else wrong.content
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with unchanged(box, tmp_path):
        ended = run(box.directory, "import", wrong.kind, str(path))
        indonesian = run(box.directory, "--lang", "id", "import", wrong.kind, str(path))
    assert_helps(ended, 5, wrong.words)
    assert_indonesian(indonesian, 5, ended)


@pytest.mark.parametrize("box", ["sqlite"], indirect=True)
@pytest.mark.parametrize("wrong", WRONG_CONFIGURATIONS, ids=lambda wrong: wrong.what)
def test_a_wrong_configuration_is_told_with_its_line(box: Box, wrong: WrongConfiguration, tmp_path: Path) -> None:
    shutil.copytree(box.directory / "config", tmp_path / "config")
    config = tmp_path / "config" / "agent.yaml"
    config.write_text(config.read_text().replace(box.url, "sqlite:///../state/central.db"))
    wrong.change(config.parent)
    with unchanged(box, tmp_path):
        ended = run(tmp_path, "config", "check")
        indonesian = run(tmp_path, "--lang", "id", "config", "check")
    assert_helps(ended, 3, wrong.words)
    assert_indonesian(indonesian, 3, ended)
