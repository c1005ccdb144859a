"""`run`: the service in the foreground."""

from __future__ import annotations

import faulthandler
from typing import TYPE_CHECKING

import click

from ekinerja_agent.host import memory

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context


@click.command("run")
@click.pass_obj
def command(context: Context) -> None:
    """Serve until SIGTERM or Ctrl-C: read terminals, forward punches, score at night. SIGHUP reads the files again."""
    faulthandler.enable()  # a starved watchdog ends the process with SIGABRT: the journal then shows where it was stuck
    memory.without_openssl()
    from ekinerja_agent.config import find_config, load
    from ekinerja_agent.daemon.service import Service
    from ekinerja_agent.host import logs

    log = context.config().agent.log
    logs.configure(log.format, log.level)
    path = find_config(context.config_path)
    Service(lambda: load(path)).run()
