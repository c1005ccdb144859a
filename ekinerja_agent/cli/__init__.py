"""The command line: one file per noun, loaded only when its command is called.

Promises that every error ends as one readable sentence on standard error and as the exit code of the contract. Does not
know how anything is done; that is in `usecases/`.
"""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

from ekinerja_agent import __version__
from ekinerja_agent.cli.context import Context
from ekinerja_agent.errors import EkinerjaError

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module:attribute, what --help says of it)
    "run": ("service:command", "Run the service in the foreground (systemd starts this)."),
    "demo": ("demo:command", "A small simulated county from fingers to payroll, in about a minute."),
    "simulate": ("simulate:command", "A simulated terminal on this machine that speaks the real protocol."),
    "doctor": ("doctor:command", "Find what is wrong with this host and its terminals, and what to do."),
    "config": ("config:group", "Check the configuration, print its schema, propose holidays."),
    "terminal": ("terminal:group", "List terminals, read, verify and clear them, set their clocks."),
    "punch": ("punch:group", "What the terminals recorded, and what nobody owns."),
    "import": ("imports:group", "Bring in files: people, terminals, punches, documents, rosters, money."),
    "correction": ("correction:group", "Forgotten or impossible scans: enter, approve, reject."),
    "objection": ("objection:group", "Dispute a finding before the close, and decide on it."),
    "activity": ("activity:group", "What people did each day: enter, decide, dispute, compare with attendance."),
    "account": ("accounts:group", "The people who act: roles and operating-system users."),
    "score": ("score:group", "Compute a month, show it, explain each point."),
    "period": ("period:group", "Publish a month for payroll, freeze it, open it again."),
    "payroll": ("payroll:group", "Hand over what is published as a file, record that it was paid."),
    "report": ("report:group", "Pages that an office opens, prints and files."),
    "notify": ("notify:group", "Try out who is told when something breaks."),
    "spool": ("spool:group", "What still waits for the central database."),
    "db": ("db:group", "Create, upgrade and check the central database."),
    "audit": ("audit:group", "Who did what, and proof that the record is unbroken."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(f"ekinerja_agent.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 a check found something wrong, 2 wrong usage, 3 configuration, 4 try again later, "
    "5 data a person must look at, 6 no rule covers that day, 7 refused because it would be unsafe.",
)
@click.version_option(__version__, prog_name="ekinerja-agent")
@click.option(
    "--config",
    "config_path",
    metavar="FILE",
    envvar="EKINERJA_CONFIG",
    help="agent.yaml. Without it: ./config/agent.yaml, then /etc/ekinerja-agent/agent.yaml.",
)
@click.option(
    "--lang", type=click.Choice(["id", "en"]), help="Language of pages: id or en. Default: EKINERJA_LANG, then LANG."
)
@click.pass_context
def cli(ctx: click.Context, config_path: str | None, lang: str | None) -> None:
    """Collect punches from fingerprint terminals without losing one, and score discipline and performance."""
    ctx.obj = Context(config_path=config_path, lang=lang)


def main() -> NoReturn:
    """Run one command and end the process with its exit code."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.stderr.write("Stopped; nothing more was changed.\n")
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except EkinerjaError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output (head, less) has seen enough.
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)
