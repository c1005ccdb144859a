"""Whatever is typed after a command is answered with a sentence and one of the exit codes, on both databases."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekinerja_agent.cli import cli
from tests.journey.conftest import Installation

PERSON = "199001012015011002"
CODES = {0, 1, 2, 3, 4, 5, 6, 7}
LASTING = {"run", "simulate", "demo", "terminal", "backup", "upgrade"}
"""Commands that wait for somebody, ask terminals, or work for long."""
SLOW = {"--cluster", "--workers"}
WORDS = st.sampled_from(
    [
        *("", "0", "-1", "9" * 40, "1", "*", "%s{}", "'; drop", "../../x", "a" * 5000, "١٢", "\udcff\udcfe"),
        *("lobby", "DINKES", PERSON, "approved", "2026-13", "2026-09", "2026-09-07", "2199-12", "1900-01"),
        *("2199-12-31", "1900-01-01", "2199-12-31T23:59:59-12:00", "1900-01-01T00:00:00+14:00"),
    ]
)


def leaves(command: click.Command, words: tuple[str, ...], context: click.Context) -> Iterator[Any]:
    if not isinstance(command, click.Group):
        yield words, command
        return
    for name in set(command.list_commands(context)) - LASTING:
        inner = command.get_command(context, name)
        assert inner is not None
        yield from leaves(inner, (*words, name), click.Context(inner, parent=context, info_name=name))


COMMANDS = sorted(leaves(cli, (), click.Context(cli)), key=lambda leaf: leaf[0])


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    words, command = draw(st.sampled_from(COMMANDS))
    line = list(words)
    for one in command.params:
        if one.opts[0] in SLOW or not (one.required or draw(st.booleans())):
            continue
        if isinstance(one, click.Option):
            line.append(one.opts[0])
        if isinstance(one, click.Argument) or not one.is_flag:
            chosen = (
                st.sampled_from([str(word) for word in one.type.choices]) if hasattr(one.type, "choices") else WORDS
            )
            line += [draw(chosen | WORDS) for _ in range(max(one.nargs, 1))]
    return line


@pytest.fixture
def office(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A person with a punch and a score; what is written to a file lands in the test's own folder."""
    installation.load("units", [{"code": "DINKES", "name": "Dinas", "timezone": "Asia/Jakarta"}])
    installation.load("employees", [{"nip": PERSON, "name": "Ani", "unit": "DINKES", "allowance_rp": 4_000_000}])
    installation.load("enrolments", [{"terminal": "lobby", "pin": "1", "nip": PERSON}])
    punch = {"terminal": "lobby", "pin": "1", "clock": "2026-09-07 07:45:00"}
    installation.load("punches", [punch], "--complete-until", "2026-10-02 12:00")
    installation.ok("score", "run", "--month", "2026-09")
    folder = installation.directory / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return installation


def test_nonsense_on_the_command_line_is_answered(office: Installation) -> None:
    @settings(max_examples=200, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(command_lines())
    def ask(line: list[str]) -> None:
        told = office.run(*line)
        assert told.code in CODES, (line, told)
        assert "Traceback" not in told.err, (line, told)
        assert told.out or told.err, line

    ask()
    assert office.run("db", "check").code == 0
