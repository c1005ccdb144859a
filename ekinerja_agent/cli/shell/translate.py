"""In which language a command speaks: its pages of help, its errors, and what it tells.

Promises that commands, and all below them, are written in English alone: what they say is translated here, where it is
shown. Names of commands, options and columns are the same in both languages. Does not know any sentence.
"""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import click

from ekinerja_agent.locale import language
from ekinerja_agent.nouns.errors import EkinerjaError, ProblemsFound

Translate = Callable[[str], str]
Command = TypeVar("Command", bound=click.Command)

LANG_OPTION = "--lang"
_WITH_VALUE = ("--config", LANG_OPTION)


def language_of(arguments: Sequence[str], environ: Mapping[str, str]) -> language.Language:
    """Given the words after the program's name, return the language to speak. Raise WrongUsage as `choose` does.

    Asked before click reads them, so that what is wrong with them is told in that language too.
    """
    wanted, words = None, iter(arguments)
    for word in words:
        if not word.startswith("-"):
            break
        name, equals, value = word.partition("=")
        if name in _WITH_VALUE:
            value = value if equals else next(words, "")
            wanted = value if name == LANG_OPTION else wanted
    return language.spoken(wanted if wanted in language.LANGUAGES else None, environ)


class SpokenGroup(click.Group):
    """The outermost group: it knows the language for all below it."""

    translate: Translate = staticmethod(language.sentences("en"))


def _translate_of(ctx: click.Context) -> Translate:
    root = ctx.find_root().command
    return root.translate if isinstance(root, SpokenGroup) else language.sentences("en")


def tell(sentence: str, *, err: bool = False) -> None:
    """Given an English sentence, print it in the language of the running command."""
    click.echo(translated(sentence), err=err)


def translated(sentence: str) -> str:
    """Given an English sentence, return it in the language of the running command."""
    ctx = click.get_current_context(silent=True)
    return sentence if ctx is None else _translate_of(ctx)(sentence)


def error_text(error: EkinerjaError, translate: Translate) -> str:
    """Given an error, return what to show of it. Places of files and keys stay as they are."""
    if isinstance(error, ProblemsFound) and error.problems:
        return "\n".join(str(replace(each, message=translate(each.message))) for each in error.problems)
    return translate(str(error))


def show_usage_error(error: click.ClickException, translate: Translate) -> None:
    """Given what click found wrong with the words of a command, tell it as click does."""
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    if ctx is not None:
        sys.stderr.write(f"{ctx.get_usage()}\n")
        names = ctx.help_option_names
        if names and ctx.command.get_help_option(ctx) is not None:
            hint = translate(f"Try '{ctx.command_path} {max(names, key=len)}' for help.")
            sys.stderr.write(f"{hint}\n\n")
    sys.stderr.write(f"{translate('Error:')} {translate(error.format_message())}\n")


def in_language(command: Command, translate: Translate) -> Command:
    """Given a command, return a copy whose help, and that of the commands below it, is translated."""
    mine = copy.copy(command)
    mine.context_class = _SpokenContext
    for name in ("help", "short_help", "epilog"):
        text = getattr(mine, name)
        if text:
            setattr(mine, name, translate(inspect.cleandoc(text)))
    if mine.options_metavar:
        mine.options_metavar = translate(mine.options_metavar)
    mine.params = [_parameter(each, translate) for each in mine.params]
    if isinstance(mine, click.Group):
        mine.subcommand_metavar = translate(mine.subcommand_metavar)
        mine.commands = {name: in_language(each, translate) for name, each in mine.commands.items()}
    if isinstance(mine, SpokenGroup):
        mine.translate = translate
    return mine


def _parameter(parameter: click.Parameter, translate: Translate) -> click.Parameter:
    mine = copy.copy(parameter)
    if isinstance(mine, click.Option) and mine.help:
        mine.help = translate(mine.help)
    return mine


class _SpokenContext(click.Context):
    def make_formatter(self) -> click.HelpFormatter:
        return _SpokenFormatter(_translate_of(self), width=self.terminal_width, max_width=self.max_content_width)


class _SpokenFormatter(click.HelpFormatter):
    """Translates what click itself writes into a page of help."""

    def __init__(self, translate: Translate, **widths: Any) -> None:
        super().__init__(**widths)
        self._translate = translate

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or f"{self._translate('Usage:')} ")

    def write_heading(self, heading: str) -> None:
        super().write_heading(self._translate(heading))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(name, self._extra(text)) for name, text in rows], col_max, col_spacing)

    def _extra(self, text: str) -> str:
        """The help of an option ends with `[default: 1; required]`; its own text is translated already."""
        before, bracket, extra = text.rpartition("[")
        if bracket and extra.endswith("]") and (not before or before.endswith("  ")):
            return f"{before}[{'; '.join(map(self._translate, extra[:-1].split('; ')))}]"
        return self._translate(text)
