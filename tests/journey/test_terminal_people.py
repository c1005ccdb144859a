"""The people on terminals through the commands: who is enrolled, what does not fit, and a broken terminal replaced."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.simulator import Device, Endpoint, Fault, Model, User, serve
from ekinerja_agent.simulator.faults import Close, after, before, on
from ekinerja_agent.usecases.collecting.terminal_lock import turn
from tests.journey.conftest import Installation
from tests.proof.commands import Outcome

NIP = [f"19900101201501100{number}" for number in range(1, 7)]
SAVE = 110


class Office:
    """An installation whose terminals can be plugged in and out at fixed places."""

    def __init__(self, installation: Installation, stack: ExitStack) -> None:
        self.installation = installation
        self.directory: Path = installation.directory
        self._stack = stack
        self._places: dict[str, dict[str, Any]] = {}

    def plug(self, terminal: str, device: Device, *faults: Fault, office: str = "DINKES") -> None:
        endpoint: Endpoint = self._stack.enter_context(serve(device, faults=faults))
        self._places[terminal] = {
            "id": terminal,
            "office": office,
            "address": f"127.0.0.1:{endpoint.port}",
            "timezone": "Asia/Makassar",
        }
        self.installation.configure(terminals=list(self._places.values()))

    def run(self, *arguments: str) -> Outcome:
        return self.installation.run("terminal", *arguments)

    def rows(self, *arguments: str, code: int = 0) -> list[dict[str, str]]:
        outcome = self.run(*arguments, "--format", "csv")
        assert outcome.code == code, outcome
        return list(csv.DictReader(io.StringIO(outcome.out)))

    def audit(self) -> list[dict[str, Any]]:
        return json.loads(self.installation.ok("audit", "list", "--format", "json"))

    def key(self) -> str:
        path = self.directory / "usb" / "private.pem"
        if not path.exists():
            self.installation.ok("terminal", "key", "new", "--out", str(path))
        return str(path)

    def back_up(self, terminal: str = "lobby") -> str:
        self.key()
        return self.rows("backup", terminal)[0]["file"]


@pytest.fixture
def office(installation: Installation) -> Iterator[Office]:
    with ExitStack() as stack:
        yield Office(installation, stack)


def lobby(serial: str = "OLD1", **model: Any) -> Device:
    """Siti, Budi with a card, and an admin with a password; two fingers each."""
    device = Device(serial=serial, model=Model(**model))
    device.keep_user(User(1, "1001", "Siti"))
    device.keep_user(User(2, "1002", "Budi", card=4711))
    device.keep_user(User(3, "1003", "Rahasia", privilege=14, password="73911"))
    for pin in ("1001", "1002", "1003"):
        device.enrol_finger(pin, 0)
        device.enrol_finger(pin, 6)
    return device


def people(office: Office) -> None:
    load: Callable[..., str] = office.installation.load
    load(
        "units",
        [
            {"code": "DINKES", "name": "Dinas Kesehatan", "timezone": "Asia/Makassar", "parent": ""},
            {"code": "PUSKES", "name": "Puskesmas", "timezone": "Asia/Makassar", "parent": "DINKES"},
        ],
    )
    today = utc_now().date()
    employees = [
        {"nip": NIP[0], "name": "Siti Aminah", "unit": "DINKES"},
        {"nip": NIP[1], "name": "Budi Santoso", "unit": "DINKES"},
        {"nip": NIP[2], "name": "Rina", "unit": "PUSKES"},
        {"nip": NIP[3], "name": "Pindah", "unit": "DINKES", "valid_to": str(today - timedelta(days=40))},
        {"nip": NIP[4], "name": "Kartu Saja", "unit": "DINKES"},
        {"nip": NIP[5], "name": "Bupati", "unit": "DINKES", "attendance": "exempt"},
    ]
    load(
        "employees",
        [{"attendance": "terminal", "valid_from": "2020-01-01", "valid_to": ""} | each for each in employees],
    )
    load(
        "enrolments",
        [
            {"terminal": "*", "pin": "1001", "nip": NIP[0], "valid_from": "2020-01-01"},
            {"terminal": "lobby", "pin": "1002", "nip": NIP[1], "valid_from": "2020-01-01"},
            {"terminal": "hall", "pin": "1002", "nip": NIP[4], "valid_from": "2020-01-01"},
            {"terminal": "lobby", "pin": "1004", "nip": NIP[3], "valid_from": "2020-01-01"},
        ],
    )


def test_users_are_told_with_whose_the_pin_is_today_and_never_their_password(office: Office) -> None:
    office.plug("lobby", lobby())
    people(office)
    rows = office.rows("users", "lobby")
    assert list(rows[0]) == "terminal uid pin name privilege card fingers password nip employee unit note".split()
    assert [(r["pin"], r["name"], r["fingers"], r["nip"], r["employee"], r["unit"]) for r in rows] == [
        ("1001", "Siti", "2", NIP[0], "Siti Aminah", "DINKES"),
        ("1002", "Budi", "2", NIP[1], "Budi Santoso", "DINKES"),
        ("1003", "Rahasia", "2", "", "", ""),
    ]
    assert [(r["privilege"], r["card"], r["password"]) for r in rows[1:]] == [
        ("user", "4711", "false"),
        ("superadmin", "", "true"),
    ]
    assert rows[2]["note"] == "nobody's; may change the terminal"
    for fmt in ("json", "table"):
        assert "73911" not in office.installation.ok("terminal", "users", "lobby", "--format", fmt)


def test_a_check_over_an_office_finds_everything_that_does_not_fit(office: Office) -> None:
    first = lobby()
    first.enrol("1004", "Pindah")
    first.enrol_finger("1004")
    hall = Device(serial="HALL1")
    hall.keep_user(User(1, "1002", "Kartu", card=99))
    office.plug("lobby", first)
    office.plug("hall", hall)
    people(office)
    found = office.rows("users", "--office", "DINKES", "--check", code=1)
    assert list(found[0]) == "check terminal pin nip name what".split()
    assert [(row["check"], row["terminal"], row["pin"], row["nip"]) for row in found] == [
        ("no-person", "lobby", "1003", ""),
        ("admin", "lobby", "1003", ""),
        ("left", "lobby", "1004", NIP[3]),
        ("pin-shared", "", "1002", ""),
        ("no-finger", "", "", NIP[2]),
        ("no-finger", "", "1002", NIP[4]),
    ]
    assert found[4]["what"] == "has no PIN on any terminal of DINKES; enrol this person"
    assert "only card" in found[5]["what"]


def test_a_check_of_one_terminal_does_not_guess_what_the_others_hold(office: Office) -> None:
    office.plug("lobby", lobby())
    office.plug("hall", Device(serial="HALL1"))
    people(office)
    outcome = office.run("users", "lobby", "--check", "--format", "csv")
    assert outcome.code == 1
    assert "no-finger" not in outcome.out
    assert "hall was not read; use --office DINKES" in outcome.err


def test_a_check_ends_with_0_where_everything_fits(office: Office) -> None:
    device = Device(serial="OLD1")
    device.enrol("1001", "Siti")
    device.enrol_finger("1001")
    office.plug("lobby", device)
    load = office.installation.load
    load("units", [{"code": "DINKES", "name": "Dinas", "timezone": "Asia/Makassar"}])
    load("employees", [{"nip": NIP[0], "name": "Siti", "unit": "DINKES", "attendance": "terminal"}])
    load("enrolments", [{"terminal": "*", "pin": "1001", "nip": NIP[0]}])
    assert office.rows("users", "--office", "DINKES", "--check") == []


def test_a_terminal_that_is_away_is_told_and_the_others_are_listed(office: Office) -> None:
    office.plug("lobby", lobby())
    office.plug("hall", Device(serial="HALL1"), Fault(alter=on(1000, lambda *_: [Close()])))
    outcome = office.run("users", "--office", "DINKES", "--format", "csv")
    assert outcome.code == 4
    assert outcome.out.count("lobby") == 3
    assert "hall" in outcome.err


def test_a_broken_terminal_is_replaced_from_a_backup(office: Office) -> None:
    old, new = lobby(), Device(serial="NEW1")
    old.punch("1001", utc_now() - timedelta(hours=1))
    office.plug("lobby", old)
    office.installation.ok("terminal", "poll", "lobby")
    file, key = office.back_up(), office.key()
    office.plug("lobby", new)
    refused = office.run("restore", "lobby", file, "--key", key, "--yes")
    assert (refused.code, "terminal accept lobby" in refused.err) == (5, True)
    assert not new.users
    office.installation.ok("terminal", "accept", "lobby")
    rows = office.rows("restore", "lobby", file, "--key", key, "--yes")
    assert list(rows[0]) == "terminal change uid pin name fingers what".split()
    assert [(row["change"], row["pin"], row["fingers"]) for row in rows] == [
        ("add", "1001", "2"),
        ("add", "1002", "2"),
        ("add", "1003", "2"),
    ]
    assert (new.users, new.fingers) == (old.users, old.fingers)
    assert Path(file).stat().st_mode & 0o777 == 0o600
    again = office.run("restore", "lobby", file, "--key", key, "--format", "csv")  # nothing to do, so nothing to ask
    assert again.code == 0
    assert again.out.count(",keep,") == 3
    assert "nothing to change" in again.err
    assert {14, 15}.isdisjoint(received.command for received in new.commands)


def test_what_was_done_is_on_the_record_and_nothing_biometric_or_secret_is_anywhere(office: Office) -> None:
    old, new = lobby(), Device(serial="NEW1")
    office.plug("lobby", old)
    office.plug("hall", new)
    file, key = office.back_up(), office.key()
    office.rows("restore", "hall", file, "--key", key, "--yes")
    office.rows("copy", "lobby", "hall", "--yes")  # nothing to change: no row
    told = [(row["action"], row["subject"], row["details"]) for row in office.audit() if "terminal" in row["action"]]
    assert [(action, subject) for action, subject, _ in told] == [
        ("terminal.key", told[0][1]),
        ("terminal.backup", "lobby"),
        ("terminal.restore", "hall"),
        ("terminal.restore.done", "hall"),
    ]
    counts = {"add": 3, "change": 0, "keep": 0, "remove": 0, "fingers": 6}
    assert counts.items() <= dict(told[3][2]).items()
    assert told[2][2]["file"] == told[1][2]["digest"]
    templates = [finger.template[:12] for finger in old.fingers.values()]
    secrets = [*templates, *(template.hex().encode() for template in templates), b"73911", b"Rahasia"]
    for path in office.directory.rglob("*"):
        if path.is_file() and "rules" not in path.parts:
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), path
    engine = connect(office.installation.url)
    with engine.connect() as conn:
        assert "Rahasia" not in str(conn.exec_driver_sql("select details from audit").fetchall())
    engine.dispose()


def test_people_are_copied_by_pin_and_others_stay(office: Office) -> None:
    target = Device(serial="HALL1")
    target.keep_user(User(9, "2001", "Asli"))
    office.plug("lobby", lobby())
    office.plug("hall", target)
    rows = office.rows("copy", "lobby", "hall", "--pin", "1002", "--yes")
    assert [(row["change"], row["pin"]) for row in rows] == [("add", "1002"), ("extra", "2001")]
    assert set(target.users) == {"2001", "1002"}


def test_names_are_written_as_the_other_terminal_writes_them(office: Office) -> None:
    source, target = Device(serial="OLD1"), Device(serial="HALL1", model=Model(names="gb18030", layout=16))
    source.enrol("1001", "张三")
    source.enrol("1002", "Muhammad Yusuf")
    target.enrol("2001", "李四", uid=50)
    office.plug("lobby", source)
    office.plug("hall", target)
    rows = office.rows("copy", "lobby", "hall", "--yes")
    assert rows[1]["what"] == "the name is cut to 'Muhammad'"
    assert [row["name"] for row in office.rows("users", "hall")] == ["张三", "Muhammad", "李四"]
    assert target.users["1001"].name == "张三"
    assert {row["change"] for row in office.rows("copy", "lobby", "hall", "--yes")} == {"keep", "extra"}


def test_a_conflict_is_refused_with_nothing_written_and_replace_makes_both_alike(office: Office) -> None:
    old, target = lobby(), Device(serial="HALL1")
    target.keep_user(User(1, "2001", "Asli"))
    office.plug("lobby", old)
    office.plug("hall", target)
    rows = office.rows("copy", "lobby", "hall", "--yes", code=7)
    assert [row["change"] for row in rows].count("conflict") == 1
    assert set(target.users) == {"2001"}
    rows = office.rows("copy", "lobby", "hall", "--replace", "--yes")
    assert [row["change"] for row in rows] == ["add", "add", "add", "remove"]
    assert (target.users, target.fingers) == (old.users, old.fingers)


def test_what_broke_off_is_finished_by_the_same_command(office: Office) -> None:
    old, target = lobby(), Device(serial="HALL1")
    office.plug("lobby", old)
    office.plug("hall", target, Fault(alter=on(SAVE, lambda *_: [Close()], occurrences={2})))
    broken = office.run("copy", "lobby", "hall", "--yes")
    assert broken.code == 4
    assert not target.disabled
    rows = office.rows("copy", "lobby", "hall", "--yes")
    assert "keep" in [row["change"] for row in rows]
    assert (target.users, target.fingers) == (old.users, old.fingers)


def test_somebody_enrolled_between_the_question_and_the_writing_stops_it(office: Office) -> None:
    office.plug("lobby", lobby())
    target = Device(serial="HALL1")
    target.enrol("2001", uid=50)
    # Users and fingers are read for the question; the third table is the log, which comes home before anything else.
    office.plug("hall", target, Fault(strike=before(1503, lambda device: device.enrol("1002"), occurrences={3})))
    outcome = office.run("copy", "lobby", "hall", "--yes")
    assert (outcome.code, "changed meanwhile and nothing was written" in outcome.err) == (7, True)
    assert set(target.users) == {"2001", "1002"}
    assert not target.users["1002"].card


@pytest.mark.parametrize("layout", [8, 40])
def test_punches_made_before_and_while_people_are_written_keep_their_owners(office: Office, layout: int) -> None:
    source, target = lobby(layout=layout), Device(serial="HALL1", model=Model(layout=layout))
    target.keep_user(User(2, "2001", "Asli"))
    target.punch("2001", utc_now() - timedelta(hours=2))
    office.plug("lobby", source)
    office.plug("hall", target, Fault(strike=before(SAVE, lambda device: device.punch("1001"), occurrences={2})))
    office.rows("copy", "lobby", "hall", "--replace", "--yes")
    office.installation.ok("terminal", "poll", "hall")
    assert office.rows("verify", "hall")[0]["missing"] == "0"
    punches = json.loads(office.installation.ok("punch", "list", "--format", "json"))
    pins = [punch["pin"] for punch in punches]
    assert pins == (["uid:2", "uid:1"] if layout == 8 else ["2001", "1001"])


def test_a_terminal_that_says_yes_and_keeps_nothing_is_found_out(office: Office) -> None:
    office.plug("lobby", lobby())
    target = Device(serial="HALL1")
    target.enrol("2001", uid=50)
    office.plug("hall", target, Fault(alter=after(SAVE, lambda device: device.forget_finger(2, 6))))
    outcome = office.run("copy", "lobby", "hall", "--yes")
    assert outcome.code == 5
    assert "does not hold PIN 1002 as it should" in outcome.err
    assert office.audit()[-1]["action"] == "terminal.copy"


def test_a_terminal_of_another_row_size_that_had_nobody_is_found_out_after_one_user(office: Office) -> None:
    office.plug("lobby", lobby())
    target = Device(serial="HALL1", model=Model(layout=16))
    office.plug("hall", target)
    assert office.run("copy", "lobby", "hall", "--yes").code == 5
    assert not target.users
    target.enrol("2001", uid=50)
    rows = office.rows("copy", "lobby", "hall", "--yes")
    assert [row["change"] for row in rows] == ["add", "add", "add", "extra"]
    assert target.users["1003"].password == "73911"


def test_fingers_of_another_algorithm_are_refused_and_users_alone_go(office: Office) -> None:
    target = Device(serial="HALL1", model=Model(fingerprints="9"))
    office.plug("lobby", lobby())
    office.plug("hall", target)
    outcome = office.run("copy", "lobby", "hall", "--yes")
    assert outcome.code == 7
    assert "ZKFinger 10, hall reads ZKFinger 9" in outcome.err
    office.rows("copy", "lobby", "hall", "--without-fingers", "--yes")
    assert (len(target.users), len(target.fingers)) == (3, 0)


@pytest.mark.parametrize(
    ("wrong", "code", "says"),
    [
        ("no key on this host", 2, "terminal key new"),
        ("another private key", 2, "is sealed for the key"),
        ("no private key", 2, "name the file of its private half with --key"),
        ("altered", 5, "was altered or damaged"),
        ("no backup", 5, "is no backup of a terminal's people"),
        ("missing", 2, "cannot be read"),
        ("out exists", 7, "exists already"),
        ("second key", 7, "--replace"),
        ("both terminals one", 2, "name two terminals"),
        ("nobody to ask", 2, "--yes"),
        ("no terminal named", 2, "--office"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(office: Office, wrong: str, code: int, says: str) -> None:
    device = lobby()
    office.plug("lobby", device)
    if wrong == "no key on this host":
        outcome = office.run("backup", "lobby")
    else:
        file, key = office.back_up(), office.key()
        device.delete_user("1001")
        outcome = _try(office, wrong, file, key)
    assert (outcome.code, says in outcome.err) == (code, True), outcome
    assert device.users.keys() >= {"1002", "1003"}


def _try(office: Office, wrong: str, file: str, key: str) -> Outcome:
    if wrong == "another private key":
        other = str(office.directory / "other.pem")
        office.installation.ok("terminal", "key", "new", "--out", other, "--replace")
        return office.run("restore", "lobby", file, "--key", other)
    if wrong == "altered":
        content = bytearray(Path(file).read_bytes())
        content[-1] ^= 1
        Path(file).write_bytes(content)
    if wrong == "no backup":
        Path(file).write_text("people")
    commands = {
        "no private key": ("restore", "lobby", file),
        "missing": ("restore", "lobby", f"{file}x", "--key", key),
        "out exists": ("backup", "lobby", "--out", file),
        "second key": ("key", "new", "--out", f"{key}2"),
        "both terminals one": ("copy", "lobby", "lobby"),
        "no terminal named": ("users",),
    }
    return office.run(*commands.get(wrong, ("restore", "lobby", file, "--key", key)))


def test_only_an_operator_keeps_or_moves_people(office: Office, become: Callable[[str], None]) -> None:
    office.plug("lobby", lobby())
    office.plug("hall", Device(serial="HALL1"))
    file, key = office.back_up(), office.key()
    office.installation.ok("account", "add", "payroll", "--role", "payroll", "--os-user", "pay")
    become("pay")
    for command in (
        ("backup", "lobby"),
        ("restore", "hall", file, "--key", key, "--yes"),
        ("copy", "lobby", "hall", "--yes"),
        ("restart", "lobby", "--yes"),
        ("key", "new", "--out", str(office.directory / "k"), "--replace"),
    ):
        outcome = office.run(*command)
        assert (outcome.code, "operator" in outcome.err) == (7, True), outcome


def test_a_terminal_in_use_is_waited_for_and_then_left_alone(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.plug("lobby", lobby())
    monkeypatch.setitem(turn.__wrapped__.__kwdefaults__, "patience_s", 0.2)  # type: ignore[attr-defined]
    with turn("lobby", office.directory / "state"):
        outcome = office.run("users", "lobby")
    assert (outcome.code, "another job of this host" in outcome.err) == (4, True)


def test_a_restart_is_asked_for_and_recorded(office: Office) -> None:
    device = lobby()
    office.plug("lobby", device)
    office.installation.ok("terminal", "restart", "lobby", "--yes")
    assert device.starts == 2
    assert office.audit()[-1]["action"] == "terminal.restart"
