"""The demo writes a directory of its own and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ekinerja_agent import config
from ekinerja_agent.cli.host.demo import command
from ekinerja_agent.cli.shell.context import Context
from ekinerja_agent.demo import files
from ekinerja_agent.demo.county import GATES, PROFILE
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.rulebook import load_rulebook

PORTS = {gate.id: 40_000 + number for number, gate in enumerate(GATES)}


def test_a_directory_with_other_files_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    mine = tmp_path / "thesis.txt"
    mine.write_text("mine")
    with pytest.raises(Refused, match="no demo wrote"):
        files.prepare(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    assert mine.read_text() == "mine"


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("")
    with pytest.raises(Refused, match="is a file"):
        files.prepare(tmp_path / "demo")


def test_an_earlier_demo_is_replaced_and_what_people_added_stays(tmp_path: Path) -> None:
    place = files.prepare(tmp_path / "demo")
    files.write_configuration(place, PORTS)
    place.agent.write_text(files.AGENT_YAML + "spoilt")
    (place.directory / "state" / "central.db").write_text("old")
    (place.directory / "notes.txt").write_text("what I learned")
    again = files.prepare(tmp_path / "demo")
    files.write_configuration(again, PORTS)
    assert again.agent.read_text() == files.AGENT_YAML
    assert not (again.directory / "state" / "central.db").exists()
    assert (again.directory / "notes.txt").read_text() == "what I learned"


def test_a_link_that_stands_where_the_demo_writes_is_removed_and_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "central.db").write_text("precious")
    place = files.prepare(tmp_path / "demo")
    (place.directory / "state").symlink_to(elsewhere)
    files.prepare(tmp_path / "demo")
    assert (elsewhere / "central.db").read_text() == "precious"


def test_what_is_written_is_a_configuration_without_a_problem(tmp_path: Path) -> None:
    place = files.prepare(tmp_path)
    files.write_configuration(place, PORTS)
    read = config.load(place.agent)
    assert {t.id: t.address and t.address.port for t in read.terminals} == PORTS
    assert load_rulebook(read.agent.rules).profile(PROFILE).name == PROFILE


def test_the_command_refuses_such_a_directory_before_anything_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    refused = CliRunner().invoke(command, ["--dir", str(tmp_path)], obj=Context())
    assert isinstance(refused.exception, Refused)
    assert refused.exception.exit_code == 7
    assert refused.output == ""
