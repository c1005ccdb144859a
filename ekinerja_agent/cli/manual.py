"""The manual page `ekinerja-agent(1)`: every command with its options, as its help tells them, in troff.

Promises a page for each language of the same commands that the program has, without a list of its own. Does not know
where pages are installed (`scripts/man`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from ekinerja_agent import __version__
from ekinerja_agent.cli import cli
from ekinerja_agent.cli.shell.translate import click_speaks, in_language
from ekinerja_agent.locale.language import LANGUAGES, Language, Translate, translate_to
from ekinerja_agent.nouns.messages import Message

NAME = "ekinerja-agent"

_NAME, _SYNOPSIS, _OPTIONS = Message("NAME"), Message("SYNOPSIS"), Message("OPTIONS")
_COMMANDS, _EXIT_STATUS = Message("COMMANDS"), Message("EXIT STATUS")

_WIDTH = 100_000
"""One line per record: troff folds them."""

_FILES = (
    ("/etc/ekinerja-agent/agent.yaml, ./config/agent.yaml", Message("where the configuration is looked for")),
    ("/var/lib/ekinerja-agent", Message("the usual state_dir: spool, quarantine, backups")),
)
_ENVIRONMENT = (
    ("EKINERJA_CONFIG", Message("the configuration, as --config")),
    ("EKINERJA_LANG", Message("id or en, as --lang")),
    ("LC_ALL, LC_MESSAGES, LANG", Message("the language where neither --lang nor EKINERJA_LANG names one")),
)


def manual(root: click.Group, lang: Language) -> str:
    """Given the outermost group and a language, return its page as troff with the macros `man`."""
    with click_speaks(lang):
        return "\n".join(_lines(in_language(root, lang), translate_to(lang))) + "\n"


def _lines(root: click.Group, translate: Translate) -> Iterator[str]:
    context = root.context_class(root, info_name=NAME)
    yield f'.TH {NAME.upper()} 1 "" "{NAME} {__version__}"'
    yield ".ad l"
    yield f".SH {translate(_NAME)}"
    yield f"{NAME} \\- {_escaped(_one_line(root.help or '').rstrip('.'))}"
    yield f".SH {translate(_SYNOPSIS)}"
    yield f".B {NAME}"
    yield _escaped(" ".join(root.collect_usage_pieces(context)))
    yield f".SH {translate(_OPTIONS)}"
    yield from _options(root, context)
    yield f".SH {translate(_COMMANDS)}"
    for path, command, inner in _below(root, context):
        yield from _command(path, command, inner)
    yield f".SH {_escaped(translate(_EXIT_STATUS))}"
    yield _escaped(root.epilog or "")
    for heading, entries in ((Message("ENVIRONMENT"), _ENVIRONMENT), (Message("FILES"), _FILES)):
        yield f".SH {translate(heading)}"
        for name, text in entries:
            yield from _entry(name, translate(text))


def _below(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = command.context_class(command, parent=context, info_name=name)
        yield inner.command_path, command, inner
        if isinstance(command, click.Group):
            yield from _below(command, inner)


def _command(path: str, command: click.Command, context: click.Context) -> Iterator[str]:
    yield f".SS {_escaped(path.removeprefix(f'{NAME} '))}"
    yield f".B {_escaped(path)}"
    yield _escaped(" ".join(command.collect_usage_pieces(context)))
    for text in (command.help, command.epilog):
        for paragraph in (text or "").split("\n\n"):
            yield from _paragraph(paragraph)
    if not isinstance(command, click.Group):
        yield from _options(command, context)


def _paragraph(text: str) -> Iterator[str]:
    if not text.strip():
        return
    yield ".PP"
    if text.startswith("\b"):  # click's mark: lines as they are
        yield ".nf"
        yield from map(_escaped, text.splitlines()[1:])
        yield ".fi"
    else:
        yield _escaped(_one_line(text))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    formatter = context.make_formatter()
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in parameter.opts:
            formatter.write_dl([record], col_max=_WIDTH)
            names, _, text = formatter.getvalue().strip().partition("  ")
            formatter.buffer.clear()
            yield from _entry(names, _one_line(text))


def _entry(name: str, text: str) -> Iterator[str]:
    yield ".TP"
    yield f".B {_escaped(name)}"
    yield _escaped(text) or "\\&"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    """Given plain text, return it as troff shows it: hyphens that can be copied, no command by accident."""
    text = re.sub(r"\\", r"\\e", text).replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


def write_pages(directory: Path) -> list[Path]:
    """Given a directory of manual pages, write the page of each language below it and return the files."""
    written = []
    for lang in LANGUAGES:
        page = directory / ("" if lang == "en" else lang) / "man1" / f"{NAME}.1"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(manual(cli, lang), encoding="utf-8")
        written.append(page)
    return written


if __name__ == "__main__":
    for path in write_pages(Path(sys.argv[1])):
        sys.stdout.write(f"{path}\n")
