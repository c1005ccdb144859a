"""`demo`: a small simulated county, end to end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ekinerja_agent.cli.shell.named_files import OwnPath
from ekinerja_agent.demo.story import tell
from ekinerja_agent.demo.voice import Voice

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context


@click.command("demo")
@click.option(
    "--dir",
    "directory",
    type=OwnPath(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="Where the demo keeps its files. An earlier demo there is replaced, anything else is refused.",
)
@click.pass_obj
def command(context: Context, directory: Path) -> None:
    """Show a small county from fingers to payroll: five simulated terminals, forty people, September 2026.

    Nothing outside the directory is changed, and no network but this machine's own is used. Afterwards every
    command can be tried on what is left there: `ekinerja-agent --config demo/agent.yaml ...`.
    """
    tell(directory, Voice(sys.stdout, context.translate))
