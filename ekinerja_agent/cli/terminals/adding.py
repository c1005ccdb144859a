"""`terminal add`: new terminals into devices.yaml, asked for or from a list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ekinerja_agent.cli.shell.confirm import ask
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.named_files import NamedFile
from ekinerja_agent.files import named
from ekinerja_agent.files.table_file import read_table
from ekinerja_agent.nouns.errors import ProblemsFound, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.care import adding
from ekinerja_agent.usecases.collecting import collect

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context
    from ekinerja_agent.config import Config

ADDED = "id office address serial".split()
NEEDED = ("id", "office", "address", "timezone")
OPTIONAL = ("transport", "comm_key_file")
_QUESTIONS = {
    "id": Message("A name that is never used again, as dinkes-lobby"),
    "office": Message("The code of the office whose people scan there"),
    "address": Message("Its address, as 10.20.3.15"),
    "timezone": Message("The time zone of its clock, as Asia/Makassar"),
}


@click.command("add")
@click.option("--id", help="A name that is never used again: it becomes part of every punch.")
@click.option("--office", help="Code of the office whose people scan there.")
@click.option("--address", help="HOST or HOST:PORT.")
@click.option("--timezone", help="What its clock shows: Asia/Jakarta, Asia/Pontianak, Asia/Makassar or Asia/Jayapura.")
@click.option("--transport", type=click.Choice(["tcp", "udp"]), help="Default: tcp.")
@click.option("--comm-key-file", help="A file that holds its communication key, relative to devices.yaml.")
@click.option("--from", "file", type=NamedFile(exists=True), help="A list (csv, xlsx) of several, with these columns.")
@click.option("--untried", is_flag=True, help="Do not call them first: they are not in place yet.")
@format_option
@click.pass_obj
def command(context: Context, /, file: Path | None, untried: bool, fmt: str | None, **options: str | None) -> None:
    """Try a new terminal and write it into devices.yaml; what is not given is asked for.

    Comments and order of the file stay. Example: ekinerja-agent terminal add --id dinkes-lobby --office DINKES
    --address 10.20.3.15 --timezone Asia/Makassar
    """
    config = context.config()
    given = {name: value for name, value in options.items() if value}
    wanted = _listed(file, given) if file else [_asked(given, config)]
    text, terminals = adding.draft(config, wanted)
    serials = [""] * len(terminals)
    if not untried:
        with collect.open_spool(config.agent.spool_path) as spool:
            serials = adding.answered_by(terminals, config, spool)
    adding.write(config, text)
    rows = [
        {"id": each.id, "office": each.office, "address": str(each.address), "serial": serial or None}
        for each, serial in zip(terminals, serials, strict=True)
    ]
    emit(rows, ADDED, fmt)
    context.say(
        Message(
            "{file} has {count} terminals more; the service takes them up with: systemctl reload ekinerja-agent",
            file=config.agent.devices,
            count=len(rows),
        )
    )


def _asked(given: dict[str, str], config: Config) -> dict[str, str]:
    zones = {terminal.timezone.key for terminal in config.terminals}
    proposed = {"timezone": zones.pop()} if len(zones) == 1 else {}
    answers = {
        name: given.get(name) or ask(question, f"--{name}", proposed=proposed.get(name))
        for name, question in _QUESTIONS.items()
    }
    return answers | {name: given[name] for name in OPTIONAL if name in given}


def _listed(file: Path, given: dict[str, str]) -> list[dict[str, str]]:
    if given:
        raise WrongUsage(Message("name one terminal by its options, or a list with --from, not both"))
    table, problems = read_table(str(file), named.read(file), required=NEEDED, optional=OPTIONAL)
    if not problems and not table.rows:
        raise WrongUsage(Message("{file} names no terminal", file=file))
    if problems:
        raise ProblemsFound(problems)
    rows = (dict(zip(table.columns, cells, strict=True)) for cells in table.rows)
    return [{name: value for name, value in row.items() if value} for row in rows]


COMMANDS = (command,)
