"""Every command of the operators' handbook does what its page says, on an installation like the one it speaks of."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import pytest

from ekinerja_agent.cli import cli
from ekinerja_agent.host import clock
from ekinerja_agent.simulator import Device, serve
from tests.journey.conftest import Installation
from tests.proof.people import acting_as

ROOT = Path(__file__).parents[2]
READMES = (ROOT / "README.md", ROOT / "README.id.md")
BOOK = ROOT / "docs" / "operators"
PAGES = {
    "README.md": "README.md",
    "add-terminal.md": "tambah-mesin.md",
    "accounts.md": "akun.md",
    "broken-terminal.md": "mesin-rusak.md",
    "central-away.md": "pusat-tidak-menjawab.md",
    "close-month.md": "tutup-bulan.md",
    "missing-punch.md": "rekaman-tidak-ada.md",
    "wrong-clock.md": "jam-salah.md",
}
HOST_COMMANDS = {"systemctl", "timedatectl"}
PERSON, COLLEAGUE = "199001012015011001", "199001012015011002"
SEPTEMBER = [date(2026, 9, day) for day in range(1, 31) if date(2026, 9, day).isoweekday() <= 5]
AWAY = "postgresql+psycopg2://nobody@127.0.0.1:9/central"


def lines(page: Path) -> list[str]:
    """The lines of a page's `sh` blocks."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def expected(line: str) -> set[int]:
    """The exit codes that a line's comment names: `# 7: …` or `# 0 or 1: …`; 0 without one."""
    named = re.search(r"# (\d)(?: (?:or|atau) (\d))?: ", line)
    return {int(code) for code in named.groups() if code} if named else {0}


def shape(line: str) -> tuple[str, set[int]]:
    """What has to be equal in both languages: everything but what a person would say."""
    said = re.sub(
        r'"[^"]*"', lambda text: "" if re.search("[a-z]", text[0]) else text[0], line.partition(" #")[0].strip()
    )
    return said, expected(line)


BOTH = [(BOOK / english, BOOK / "id" / indonesian) for english, indonesian in PAGES.items()] + [READMES]


@pytest.mark.parametrize(("english", "indonesian"), BOTH, ids=lambda page: page.name)
def test_both_languages_have_the_same_commands(english: Path, indonesian: Path) -> None:
    assert list(map(shape, lines(english))) == list(map(shape, lines(indonesian)))


def test_every_link_of_the_handbook_leads_somewhere() -> None:
    for page in (*READMES, *BOOK.rglob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def typed(line: str) -> list[str]:
    """The words after `ekinerja-agent`, without sudo; empty for a command of the host."""
    words = shlex.split(line, comments=True)
    if words[:2] == ["sudo", "-u"]:
        words = words[3:]
    return words[1:] if words[0] == "ekinerja-agent" else []


def every_line() -> Iterator[Any]:
    for page in (*READMES, *sorted(BOOK.rglob("*.md"))):
        for line in lines(page):
            if typed(line):
                yield pytest.param(typed(line), id=f"{page.name}: {line[:60]}")


@pytest.mark.parametrize("words", list(every_line()))
def test_every_command_and_option_of_the_handbook_exists(words: list[str]) -> None:
    command: click.Command = cli
    options = {name: each for each in cli.params for name in each.opts}
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            option = options[word.partition("=")[0]]
            if not getattr(option, "is_flag", False) and "=" not in word:
                next(rest)
        elif isinstance(command, click.Group):
            below = command.get_command(click.Context(command), word)
            if below is None:  # `punch redate TERMINAL` leaves the word `request` out
                below = command.get_command(click.Context(command), "request")
            assert below is not None, word
            command = below
            options = {name: each for each in command.params for name in each.opts}
            if word == "redate" and isinstance(command, click.Group):
                options |= {name: each for each in command.commands["request"].params for name in each.opts}
    assert not isinstance(command, click.Group)


class Keyboard(io.StringIO):
    """Somebody who says yes."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def office(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """Two people at one terminal that works; another one that does not answer; files as the pages name them."""
    monkeypatch.setattr(clock, "is_synchronised", lambda: True)
    monkeypatch.chdir(installation.directory)
    device = Device(zone=ZoneInfo("Asia/Makassar"))
    device.punch("1001", at=datetime(2026, 8, 31, 16, 5))
    for day in SEPTEMBER:
        late = day == date(2026, 9, 7)
        for pin, arrives in (("1001", time(7, 50) if late else time(7, 20)), ("1002", time(7, 15))):
            device.punch(pin, at=datetime.combine(day, arrives))
        for pin in ("1001", "1002"):
            device.punch(pin, at=datetime.combine(day, time(16, 40)))
    installation.load("units", [{"code": "DINKES", "name": "Dinas Kesehatan", "timezone": "Asia/Makassar"}])
    people = [
        {"nip": nip, "name": f"Pegawai {nip[-1]}", "unit": "DINKES", "allowance_rp": 4_000_000}
        for nip in (PERSON, COLLEAGUE)
    ]
    installation.load("employees", people)
    installation.ok("account", "add", "sari", "--role", "operator", "--os-user", "sari")
    write(installation.directory)
    with serve(device) as endpoint:
        reached = {"dinkes-lobby": endpoint.port, "dinkes-gate": 9}
        installation.terminals = [
            {"id": name, "office": "DINKES", "address": f"127.0.0.1:{port}", "timezone": "Asia/Makassar"}
            for name, port in reached.items()
        ]
        installation.configure(terminals=installation.terminals)
        yield installation


def write(directory: Path) -> None:
    """Lay down the files that the pages name."""
    rows = {
        "enrolments.csv": f"terminal,pin,nip\ndinkes-lobby,1001,{PERSON}\ndinkes-lobby,1002,{COLLEAGUE}\n",
        "accounts.csv": f"name,roles,nip\npegawai-1,,{PERSON}\npegawai-2,,{COLLEAGUE}\n",
        "outages.csv": "terminal,from,to,reason,document\n"
        "dinkes-gate,2026-09-16 06:00,2026-09-16 18:00,no power,report 029/77\n",
        "outages-approved.csv": "terminal,from,to,reason,document,status,decided_by\n"
        "dinkes-gate,2026-09-16 06:00,2026-09-16 18:00,no power,report 029/77,approved,sari\n",
        "absences.csv": f"nip,from,to,kind,document\n{PERSON},2026-09-08,2026-09-08,dinas_luar,ST 4\n",
        "1_attlog.dat": "".join(f"1001\t{day} 07:2{day.day % 10}:00\t1\t0\t0\n" for day in SEPTEMBER),
    }
    for name, text in rows.items():
        (directory / name).write_text(text)


def enrol_and_poll(office: Installation) -> None:
    office.ok("import", "enrolments", "enrolments.csv")
    office.ok("terminal", "poll", "dinkes-lobby")


def nothing(office: Installation) -> None:
    """The page starts from what the office has."""


@pytest.mark.parametrize(
    ("page", "before"),
    [
        ("add-terminal.md", nothing),
        ("accounts.md", nothing),
        ("broken-terminal.md", enrol_and_poll),
        ("missing-punch.md", enrol_and_poll),
        ("wrong-clock.md", enrol_and_poll),
        ("close-month.md", enrol_and_poll),
    ],
)
def test_the_commands_of_a_page_do_what_it_says(
    page: str, before: Callable[[Any], None], office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(office)
    if page != "broken-terminal.md":
        office.configure(terminals=office.terminals[:1])
    play(lines(BOOK / page), office, monkeypatch)


def test_the_page_of_a_database_that_is_away(office: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    enrol_and_poll(office)
    away, back = lines(BOOK / "central-away.md")[:3], lines(BOOK / "central-away.md")[3:]
    url, office.url = office.url, AWAY
    office.configure(terminals=office.terminals[:1])
    play(away, office, monkeypatch)
    office.url = url
    office.configure(terminals=office.terminals[:1])
    play(back, office, monkeypatch)
    assert "rejected" not in office.ok("spool", "status")


def play(commands: list[str], office: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    for line in commands:
        words = typed(line)
        if not words:
            assert line.split()[0] in HOST_COMMANDS, line
            continue
        colleague = acting_as(line.split()[2]) if line.startswith("sudo -u") else nullcontext()
        with monkeypatch.context() as patch, colleague:
            patch.setattr("sys.stdin", Keyboard("y\n"))
            outcome = office.run(*words)
        assert outcome.code in expected(line), (line, outcome)
