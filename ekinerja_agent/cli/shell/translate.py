"""In which language a command speaks: its pages of help, its errors, and what it tells.

Promises that commands, and all below them, say messages and write help in English alone: both are translated here, by
their keys, where they are shown; what click says itself is translated by click. Names of commands, options and columns
are the same in both languages. Does not know any sentence.
"""

from __future__ import annotations

import copy
import gettext
import inspect
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from ekinerja_agent.files.foreign_text import on_screen
from ekinerja_agent.locale import language
from ekinerja_agent.locale.language import Language, Translate
from ekinerja_agent.nouns.messages import Message

Command = TypeVar("Command", bound=click.Command)

LANG_OPTION = "--lang"
_WITH_VALUE = ("--config", LANG_OPTION)


def language_of(arguments: Sequence[str], environ: Mapping[str, str]) -> Language:
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


@contextmanager
def click_speaks(lang: Language) -> Iterator[None]:
    """Given a language, let click say in it what it says itself, while this lasts.

    click asks `gettext` for each of its sentences, and `gettext` asks the environment for the language.
    """
    domain, before = gettext.textdomain(), os.environ.get("LANGUAGE")
    gettext.bindtextdomain(language.CLICK_DOMAIN, str(language.LOCALE_DIR))
    gettext.textdomain(language.CLICK_DOMAIN)
    os.environ["LANGUAGE"] = lang
    try:
        yield
    finally:
        gettext.textdomain(domain)
        if before is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = before


class SpokenGroup(click.Group):
    """The outermost group: it knows the language for all below it."""

    lang: Language = "en"

    @property
    def translate(self) -> Translate:
        """Takes a message to that language."""
        return language.translate_to(self.lang)


def tell(message: Message, *, err: bool = False) -> None:
    """Given a message, print it in the language of the running command."""
    click.echo(on_screen(translated(message)), err=err)


def translated(said: str) -> str:
    """Given a message, return it in the language of the running command; other text stays as it is."""
    ctx = click.get_current_context(silent=True)
    root = None if ctx is None else ctx.find_root().command
    return root.translate(said) if isinstance(root, SpokenGroup) else str(said)


def wrong_value(message: Message, parameter: click.Parameter | None, ctx: click.Context | None) -> click.BadParameter:
    """Given what is wrong with the value of a parameter, return the error that tells it."""
    return click.BadParameter(translated(message), ctx, parameter)


def in_language(command: Command, lang: Language) -> Command:
    """Given a command, return a copy whose help, and that of the commands below it, is in a language."""
    words = language.spoken_words(lang)
    mine = copy.copy(command)
    # click keeps --help in the language in which it was first asked for, and has no other way to forget it.
    mine._help_option = None  # noqa: SLF001
    for name in ("help", "short_help", "epilog"):
        text = getattr(mine, name)
        if text:
            setattr(mine, name, _page(text, words))
    if mine.options_metavar:
        mine.options_metavar = words.gettext(mine.options_metavar)
    mine.params = [_parameter(each, words) for each in mine.params]
    if isinstance(mine, click.Group):
        mine.subcommand_metavar = words.gettext(mine.subcommand_metavar)
        mine.commands = {name: in_language(each, lang) for name, each in mine.commands.items()}
    if isinstance(mine, SpokenGroup):
        mine.lang = lang
    return mine


def _page(text: str, words: gettext.NullTranslations) -> str:
    if isinstance(text, Message):
        return Message.of("{text}", {"text": text.translated(words)})  # still none of the texts that have keys
    return words.gettext(inspect.cleandoc(text))


def _parameter(parameter: click.Parameter, words: gettext.NullTranslations) -> click.Parameter:
    mine = copy.copy(parameter)
    if isinstance(mine, click.Option) and mine.help:
        mine.help = words.gettext(mine.help)
    name = _type_name(mine.type)
    if isinstance(mine, click.Option) and mine.metavar is None and not isinstance(mine.type, click.Choice):
        mine.metavar = name.upper()
    mine.type = copy.copy(mine.type)
    mine.type.name = words.gettext(name)
    return mine


def _type_name(kind: click.ParamType[Any, Any]) -> str:
    """The English name of a type; click names a path in the language that it speaks when the path is made."""
    if isinstance(kind, click.Path):
        return "path" if kind.file_okay and kind.dir_okay else "file" if kind.file_okay else "directory"
    return kind.name
