"""The manual page and the TAB key tell of the commands that there are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ekinerja_agent.cli import cli
from ekinerja_agent.cli.manual import write_pages

ROOT = Path(__file__).parents[2]
COMPLETIONS = ROOT / "completions"
FILES = {"bash": "ekinerja-agent.bash", "fish": "ekinerja-agent.fish", "zsh": "_ekinerja-agent"}


def documented(command: click.Command, above: str = "") -> dict[str, list[str]]:
    """Every command path below with the options it has."""
    found = {above: [name for each in command.params if isinstance(each, click.Option) for name in each.opts]}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found |= documented(inner, f"{above} {name}".strip())
    return found


def test_the_manual_has_every_command_and_option_in_both_languages(tmp_path: Path) -> None:
    pages = write_pages(tmp_path)
    assert [page.relative_to(tmp_path).as_posix() for page in pages] == [
        "id/man1/ekinerja-agent.1",
        "man1/ekinerja-agent.1",
    ]
    for page, heading in zip(pages, (".SH PERINTAH", ".SH COMMANDS"), strict=True):
        text = page.read_text(encoding="utf-8").replace("\\-", "-")
        assert heading in text
        for path, options in documented(cli).items():
            if path:
                part = text.partition(f".SS {path}\n")[2].partition("\n.SS ")[0]
                assert part.startswith(f".B ekinerja-agent {path}\n"), path
                assert [each for each in options if each not in part] == [], path


def test_the_indonesian_manual_has_no_english_words_of_help(tmp_path: Path) -> None:
    page, _ = write_pages(tmp_path)
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"\b(?:Only this|Show|The month|Default:|default:|required|Columns:)\b", text) == []


def test_groff_finds_nothing_to_warn_of(tmp_path: Path) -> None:
    for page in write_pages(tmp_path):
        words = ["groff", "-man", "-ww", "-z", "-Kutf8", "-Tutf8", str(page)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def program(directory: Path) -> dict[str, str]:
    """An environment in which `ekinerja-agent` is the program under test."""
    script = directory / "bin" / "ekinerja-agent"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ekinerja_agent "$@"\n')
    script.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name not in {"EKINERJA_LANG", "EKINERJA_CONFIG"}}
    return kept | {"PATH": f"{script.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}


@pytest.mark.parametrize("shell", FILES)
def test_the_script_of_each_shell_is_what_click_makes(shell: str, tmp_path: Path) -> None:
    environ = program(tmp_path) | {"_EKINERJA_AGENT_COMPLETE": f"{shell}_source"}
    made = subprocess.run(["ekinerja-agent"], env=environ, capture_output=True, text=True, check=True).stdout
    assert (COMPLETIONS / FILES[shell]).read_text() == made


def offered(directory: Path, *words: str, config: Path | None = None) -> list[str]:
    """What bash offers after some words, the last of them unfinished."""
    environ = program(directory) | ({"EKINERJA_CONFIG": str(config)} if config else {})
    line = " ".join(map(repr, words))
    ask = (
        f"source {COMPLETIONS / FILES['bash']}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
        "_ekinerja_agent_completion ekinerja-agent; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    return subprocess.run(["bash", "-c", ask], env=environ, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["pe"], ["period"]),
        (["period", "re"], ["reopen", "review"]),
        (["period", "close", "--acc"], ["--accept-pending"]),
    ],
)
def test_bash_completes_commands_and_options(tmp_path: Path, words: list[str], found: list[str]) -> None:
    assert offered(tmp_path, "ekinerja-agent", *words) == found


def test_bash_completes_terminals_of_the_configuration(tmp_path: Path) -> None:
    terminal = "{{id: {}, office: DINKES, address: '127.0.0.1:1', transport: tcp, timezone: Asia/Makassar}}"
    ids = ("dinkes-lobby", "dinkes-lab", "disdik")
    # A second terminal cannot have the same address: each has its own port.
    lines = [f"  - {terminal.format(each)}".replace(":1'", f":{port}'") for port, each in enumerate(ids, start=4370)]
    (tmp_path / "devices.yaml").write_text("terminals:\n" + "\n".join(lines) + "\n")
    agent = tmp_path / "agent.yaml"
    agent.write_text(
        "roles: [collect]\nstate_dir: state\ndevices: devices.yaml\ncentral: {url: 'sqlite:///central.db'}\n"
    )
    words = ["ekinerja-agent", "terminal", "poll", "dinkes-lobby", "dinkes"]
    assert offered(tmp_path, *words, config=agent) == ["dinkes-lab"]


def test_bash_offers_no_terminal_where_there_is_no_configuration(tmp_path: Path) -> None:
    assert offered(tmp_path, "ekinerja-agent", "terminal", "accept", "", config=tmp_path / "none.yaml") == []
