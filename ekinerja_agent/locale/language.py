"""Which language a person reads, and the catalogue of its words.

Promises one answer for a whole page or command: Indonesian (`id`) or English (`en`). English sentences are the keys of
the catalogues in `locale/id/LC_MESSAGES` (`scripts/translations` compiles them): `ekinerja.po` holds those of reports,
`messages.po` the templates of all messages, `help.po` the pages of help, `click.po` what click says itself. Does not
know how numbers and dates are written (`locale/formats.py`) nor what is said.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message, both

Language = Literal["id", "en"]

LANGUAGES: tuple[Language, ...] = get_args(Language)

Translate = Callable[[str], str]
"""Takes a message to the language of whom it is for."""

DOMAIN = "ekinerja"
CLICK_DOMAIN = "click"
SPOKEN_DOMAINS = ("messages", "help", CLICK_DOMAIN)
LOCALE_DIR = Path(__file__).parent
DEFAULT: Language = "id"

_PROCESS_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # POSIX: the first that is set decides


def choose(lang_option: str | None, environ: Mapping[str, str]) -> Language:
    """Given what `--lang` said and the environment, return the language to write in.

    `--lang` beats EKINERJA_LANG, which beats the process locale; a locale that is neither Indonesian nor English
    (`C`, say) means Indonesian, because the readers are Indonesian offices. Raise WrongUsage if `--lang` or
    EKINERJA_LANG names another language: those were meant for us.
    """
    for name, wanted in (("--lang", lang_option), ("EKINERJA_LANG", environ.get("EKINERJA_LANG"))):
        if wanted:
            known = _known(wanted)
            if known is None:
                raise WrongUsage(
                    Message(
                        "{name} is {found}; allowed are {languages}",
                        name=name,
                        found=repr(wanted),
                        languages=both(LANGUAGES),
                    )
                )
            return known
    for name in _PROCESS_LOCALE:
        if environ.get(name):
            return _known(_word_of(environ[name])) or DEFAULT
    return DEFAULT


def _word_of(locale: str) -> str:
    """`id_ID.UTF-8` is `id`."""
    return locale.split(".", maxsplit=1)[0].split("@", maxsplit=1)[0].split("_", maxsplit=1)[0]


def _known(wanted: str) -> Language | None:
    for language in LANGUAGES:
        if wanted == language:
            return language
    return None


def translator(lang: Language) -> gettext.NullTranslations:
    """Given a language, return its catalogue. English needs none: its sentences are the keys."""
    if lang == "en":
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALE_DIR, languages=[lang])


def msgid(sentence: str) -> str:
    """Given an English sentence that is translated later, return it: the mark by which the tests find it."""
    return sentence


def spoken(lang_option: str | None, environ: Mapping[str, str]) -> Language:
    """Given what `--lang` said and the environment, return the language of messages and help.

    As `choose`, but a locale that is neither Indonesian nor English leaves the sentences as they stand in the program:
    `C` asks for that, and so do services and scripts that keep what was said.
    """
    if lang_option or environ.get("EKINERJA_LANG"):
        return choose(lang_option, environ)
    process = next((environ[name] for name in _PROCESS_LOCALE if environ.get(name)), "")
    return _known(_word_of(process)) or "en"


@cache
def spoken_words(lang: Language) -> gettext.NullTranslations:
    """Given a language, return the catalogue of what commands say."""
    if lang == "en":
        return gettext.NullTranslations()
    first, *others = (gettext.translation(domain, LOCALE_DIR, languages=[lang]) for domain in SPOKEN_DOMAINS)
    for other in others:
        first.add_fallback(other)
    return first


@cache
def translate_to(lang: Language) -> Translate:
    """Given a language, return what turns a message into its text there. Text that is no message stays as it is."""
    words = spoken_words(lang)

    def translate(said: str) -> str:
        return said.translated(words) if isinstance(said, Message) else said

    return translate
