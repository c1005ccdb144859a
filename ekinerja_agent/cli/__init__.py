"""The command line: one file per noun in a folder by what it is about, loaded only when its command is called.

Promises that every error ends as one readable sentence on standard error and as the exit code of the contract. Does not
know how anything is done; that is in `usecases/`.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

from ekinerja_agent import __version__
from ekinerja_agent.cli.shell import ending
from ekinerja_agent.cli.shell.context import Context
from ekinerja_agent.cli.shell.translate import SpokenGroup, click_speaks, in_language, language_of
from ekinerja_agent.cli.staff import ways
from ekinerja_agent.locale.language import Language, translate_to
from ekinerja_agent.nouns.errors import EkinerjaError, WrongUsage
from ekinerja_agent.nouns.messages import Message

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module:attribute, what --help says of it)
    "run": ("host.service:command", Message("Run the service in the foreground (systemd starts this).")),
    "demo": ("host.demo:command", Message("A small simulated county from fingers to payroll, in about a minute.")),
    "simulate": (
        "terminals.simulate:command",
        Message("A simulated terminal on this machine that speaks the real protocol."),
    ),
    "doctor": ("host.doctor:command", Message("Find what is wrong with this host and its terminals, and what to do.")),
    "config": ("host.config:group", Message("Check the configuration, print its schema, propose holidays.")),
    "terminal": (
        "terminals.terminal:group",
        Message("List terminals, read, verify and clear them, set their clocks, keep and move their people."),
    ),
    "punch": ("terminals.punch:group", Message("What the terminals recorded, and what nobody owns.")),
    "import": (
        "facts.imports:group",
        Message("Bring in files: people, terminals, punches, documents, rosters, money."),
    ),
    "correction": ("facts.correction:group", Message("Forgotten or impossible scans: enter, approve, reject.")),
    "absence": (
        "facts.documents:absence",
        Message("Leave and travel documents that wait for a decision: list, approve, reject."),
    ),
    "outage": ("facts.documents:outage", Message("Reported outages that wait for a decision: list, approve, reject.")),
    "objection": ("month.objection:group", Message("Dispute a finding before the close, and decide on it.")),
    "activity": (
        "facts.activity:group",
        Message("What people did each day: enter, decide, dispute, compare with attendance."),
    ),
    "account": ("facts.accounts:group", Message("The people who act: roles and operating-system users.")),
    "score": ("month.score:group", Message("Compute a month, show it, explain each point.")),
    "period": ("month.period:group", Message("Publish a month for payroll, freeze it, open it again.")),
    "rules": (
        "month.rules:group",
        Message("What the rules say otherwise than at the last close, and who accepted it."),
    ),
    "payroll": ("month.payroll:group", Message("Hand over what is published as a file, record that it was paid.")),
    "report": ("month.report:group", Message("Pages that an office opens, prints and files.")),
    "notify": ("host.notify:group", Message("Try out who is told when something breaks.")),
    "spool": ("terminals.spool:group", Message("What still waits for the central database.")),
    "db": ("host.db:group", Message("Create, upgrade and check the central database.")),
    "backup": (
        "host.backup:group",
        Message("One file with all that no terminal can bring back; check it, restore it."),
    ),
    "audit": ("host.audit:group", Message("Who did what, and proof that the record is unbroken.")),
}


class LazyGroup(SpokenGroup):
    """A group whose commands are imported when they are called, and whose output ends well."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        with ending.output():  # --help is printed here
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with ending.output():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(f"ekinerja_agent.cli.{module}"), attribute)
        return in_language(command, self.lang)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        named = [(name, text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        items = [CompletionItem(name, help=self.translate(text)) for name, text in named]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section(self.translate(Message("Commands"))):
            formatter.write_dl([(name, self.translate(text)) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 a check found something wrong, 2 wrong usage, 3 configuration, 4 try again later, "
    "5 data a person must look at, 6 no rule covers that day, 7 refused because it would be unsafe, "
    "130 stopped by Ctrl-C, 141 nobody reads the output any more.",
)
@click.version_option(__version__, prog_name="ekinerja-agent")
@click.option(
    "--config",
    "config_path",
    metavar="FILE",
    help="agent.yaml. Without it: EKINERJA_CONFIG, /etc/ekinerja-agent/agent.yaml, ./config/agent.yaml.",
)
@click.option(
    "--lang",
    type=click.Choice(["id", "en"]),
    help="Language of help, messages and pages: id or en. Default: EKINERJA_LANG, then LANG.",
)
@click.pass_context
def cli(ctx: click.Context, config_path: str | None, lang: str | None) -> None:
    """Collect punches from fingerprint terminals without losing one, and score discipline and performance."""
    translate = ctx.command.translate if isinstance(ctx.command, SpokenGroup) else translate_to("en")
    ctx.obj = Context(config_path=config_path, lang=lang, translate=translate)
    if not {"-h", "--help"} & set(sys.argv):
        ways.choose(ctx.obj, str(ctx.invoked_subcommand), sys.argv[1:])


def main() -> NoReturn:
    """Run one command and end the process with its exit code."""
    try:
        lang = language_of(sys.argv[1:], os.environ)
    except EkinerjaError as error:
        ending.last_words(str(error.message))
        sys.exit(error.exit_code)
    with click_speaks(lang):
        _run(lang)


def _run(lang: Language) -> NoReturn:
    translate = translate_to(lang)
    try:
        _refuse_no_text(sys.argv[1:])
        code = in_language(cli, lang).main(prog_name="ekinerja-agent", standalone_mode=False)
    except click.exceptions.Abort as error:
        ending.last_words(translate(Message("Stopped; nothing more was changed.")))
        sys.exit(ending.INTERRUPTED if isinstance(error.__cause__, KeyboardInterrupt) else 1)
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        sys.exit(2)
    except EkinerjaError as error:
        ending.last_words(translate(error.message))
        sys.exit(error.exit_code)
    except ending.ReaderGoneError:
        sys.exit(ending.READER_GONE)
    except PermissionError as error:
        ending.last_words(translate(ending.not_ours(error)))
        sys.exit(WrongUsage.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _refuse_no_text(arguments: Iterable[str]) -> None:
    """Given what was typed, return if all of it is text. Raise WrongUsage: what is none could not be kept or told."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise WrongUsage(
                Message("{argument} is no text in UTF-8; type it anew, or rename the file", argument=repr(argument))
            ) from error
