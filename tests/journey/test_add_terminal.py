"""`terminal add`: a terminal that answers comes into devices.yaml, and nothing else there changes."""

from __future__ import annotations

import csv
import io
import os
import re
import stat
from pathlib import Path

import pytest

from ekinerja_agent.simulator import Device, Model, serve
from tests.journey.conftest import Installation
from tests.proof.commands import Outcome

DEVICES = """\
# Terminals of the regency.
terminals:
  - id: hall                # the first one
    office: DINKES
    address: 127.0.0.1:1
    timezone: Asia/Makassar
    # comm_key_file: keys/hall

# end of the list
"""
ZONE = ("--timezone", "Asia/Makassar")


@pytest.fixture
def office(sqlite_template: str, tmp_path: Path) -> Installation:
    made = Installation(tmp_path, f"sqlite:///{tmp_path / 'central.db'}")
    made.configure()
    (tmp_path / "devices.yaml").write_text(DEVICES)
    return made


def add(office: Installation, *options: str) -> Outcome:
    return office.run("terminal", "add", *options, "--format", "csv")


def unchanged(office: Installation) -> bool:
    files = sorted(path.name for path in office.directory.iterdir() if "devices" in path.name)
    return (office.directory / "devices.yaml").read_text() == DEVICES and files == ["devices.yaml"]


def test_a_terminal_that_answers_stands_behind_the_others_and_the_rest_of_the_file_is_as_it_was(
    office: Installation,
) -> None:
    path = office.directory / "devices.yaml"
    path.chmod(0o640)
    os.chown(path, 4711, 4712)
    device = Device(serial="NEW1", model=Model(comm_key=77))
    (office.directory / "key").write_text("77\n")
    (office.directory / "key").chmod(0o600)
    with serve(device) as endpoint:
        at = f"127.0.0.1:{endpoint.port}"
        outcome = add(office, "--id", "lobby", "--office", "BKD", "--address", at, *ZONE, "--comm-key-file", "key")
    assert outcome.code == 0, outcome
    (row,) = csv.DictReader(io.StringIO(outcome.out))
    assert row == {"id": "lobby", "office": "BKD", "address": at, "serial": "NEW1"}
    item = f"  - id: lobby\n    office: BKD\n    address: {at}\n    timezone: Asia/Makassar\n    comm_key_file: key\n"
    assert path.read_text() == DEVICES.replace("\n\n# end", f"\n{item}\n# end")
    found = path.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o640, 4711, 4712), "the service reads on"
    assert "systemctl reload" in outcome.err
    assert office.run("config", "check").code == 0


def test_a_list_adds_several_or_none(office: Installation) -> None:
    file = office.directory / "new.csv"
    with serve(Device(serial="A1")) as first, serve(Device(serial="B2")) as second:
        rows = [f"a,X,127.0.0.1:{first.port},Asia/Jakarta,", f"b,Y,127.0.0.1:{second.port},Asia/Jakarta,udp"]
        file.write_text("\n".join(["id,office,address,timezone,transport", *rows]))
        assert add(office, "--from", str(file)).code == 4, "the second speaks tcp"
        assert unchanged(office)
        file.write_text("\n".join(["id,office,address,timezone,transport", *rows]).replace("udp", "tcp"))
        assert add(office, "--from", str(file)).code == 0
    text = (office.directory / "devices.yaml").read_text()
    assert re.findall(r"- id: (\w+)", text) == ["hall", "a", "b"]


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--id", "lobby", "--office", "BKD", *ZONE), 2, "--address is missing"),
        (("--id", "hall", "--office", "BKD", "--address", "127.0.0.1:1", *ZONE), 3, "hall"),
        (("--id", "a b", "--office", "BKD", "--address", "127.0.0.1:1", *ZONE), 3, "devices.yaml:"),
        (("--id", "lobby", "--office", "BKD", "--address", "127.0.0.1:1", "--timezone", "WITA"), 3, "Asia/Makassar"),
        (("--id", "lobby", "--office", "BKD", "--address", "127.0.0.1:2", *ZONE), 4, "cannot be reached"),
    ],
)
def test_what_is_wrong_is_told_and_the_file_stays(
    office: Installation, options: tuple[str, ...], code: int, says: str
) -> None:
    outcome = add(office, *options)
    assert (outcome.code, says in outcome.err) == (code, True), outcome
    assert unchanged(office)


def test_one_terminal_gets_no_second_id(office: Installation) -> None:
    with serve(Device(serial="ONE")) as endpoint:
        at = f"127.0.0.1:{endpoint.port}"
        (office.directory / "devices.yaml").write_text(DEVICES.replace("127.0.0.1:1", at))
        office.ok("terminal", "poll", "hall")
        outcome = add(
            office, "--id", "lobby", "--office", "BKD", "--address", at.replace("127.0.0.1", "localhost"), *ZONE
        )
    assert (outcome.code, "that is the terminal hall" in outcome.err) == (7, True), outcome
    assert (office.directory / "devices.yaml").read_text() == DEVICES.replace("127.0.0.1:1", at)


def test_what_is_not_in_place_yet_is_written_untried(office: Installation) -> None:
    assert add(office, "--untried", "--id", "lobby", "--office", "BKD", "--address", "127.0.0.1:2", *ZONE).code == 0
    assert "- id: lobby" in (office.directory / "devices.yaml").read_text()


class Keyboard(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        return True


def test_what_is_not_given_is_asked_for_and_the_zone_of_the_others_is_proposed(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard("lobby\n127.0.0.1:2\n\n"))
    outcome = add(office, "--untried", "--office", "BKD")
    assert outcome.code == 0, outcome
    assert "[Asia/Makassar]" in outcome.err
    text = (office.directory / "devices.yaml").read_text()
    assert "  - id: lobby\n    office: BKD\n    address: 127.0.0.1:2\n    timezone: Asia/Makassar\n" in text


def test_a_file_in_brackets_gets_its_terminal_too(office: Installation) -> None:
    path = office.directory / "devices.yaml"
    path.write_text('{"terminals": [{"id": "hall", "office": "X", "transport": "none", "timezone": "Asia/Jakarta"}]}')
    assert add(office, "--untried", "--id", "lobby", "--office", "BKD", "--address", "127.0.0.1:2", *ZONE).code == 0
    assert office.run("config", "check").code == 0


def test_a_file_that_only_a_person_can_add_to_is_left_alone(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ekinerja_agent.usecases.care.adding.with_items", lambda *_: None)
    outcome = add(office, "--untried", "--id", "lobby", "--office", "BKD", "--address", "127.0.0.1:2", *ZONE)
    assert (outcome.code, "only a person can add to" in outcome.err) == (5, True), outcome
    assert unchanged(office)


def test_without_room_beside_the_file_it_is_a_sentence_and_the_file_stays(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    outcome = add(office, "--untried", "--id", "lobby", "--office", "BKD", "--address", "127.0.0.1:2", *ZONE)
    assert (outcome.code, "devices.yaml cannot be written: No space left" in outcome.err) == (2, True), outcome
    assert unchanged(office)
