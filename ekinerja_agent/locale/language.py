"""Which language a person reads, and the catalogue of its words.

Promises one answer for a whole page or command: Indonesian (`id`) or English (`en`). English sentences are the keys of
the catalogues in `locale/id/LC_MESSAGES` (`scripts/translations` compiles them): `ekinerja.po` holds those of reports,
which ask for each; `help.po` and `messages.po` those of commands, which are recognised when they are shown
(`locale/sentences.py`). Does not know how numbers and dates are written (`locale/formats.py`) nor what is said.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, get_args

from ekinerja_agent.locale.sentences import Sentences
from ekinerja_agent.nouns.errors import WrongUsage

Language = Literal["id", "en"]

LANGUAGES: tuple[Language, ...] = get_args(Language)

DOMAIN = "ekinerja"
SPOKEN_DOMAINS = ("help", "messages")
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
                raise WrongUsage(f"{name} is {wanted!r}; allowed are {' and '.join(LANGUAGES)}")
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


class Catalogue(gettext.GNUTranslations):
    """A compiled catalogue, all of it."""

    def sentences(self) -> dict[str, str]:
        """Return every sentence with its translation."""
        stored: dict[object, str] = vars(self)["_catalog"]
        return {key: text for key, text in stored.items() if isinstance(key, str) and key}


def spoken(lang_option: str | None, environ: Mapping[str, str]) -> Language:
    """Given what `--lang` said and the environment, return the language of messages and help.

    As `choose`, but a locale that is neither Indonesian nor English leaves the sentences as they stand in the program:
    `C` asks for that, and so do services and scripts that keep what was said.
    """
    if lang_option or environ.get("EKINERJA_LANG"):
        return choose(lang_option, environ)
    process = next((environ[name] for name in _PROCESS_LOCALE if environ.get(name)), "")
    return _known(_word_of(process)) or "en"


def sentences(lang: Language) -> Callable[[str], str]:
    """Given a language, return what turns an English sentence of a command into it."""
    if lang == "en":
        return _as_it_is
    catalogue: dict[str, str] = {}
    for domain in SPOKEN_DOMAINS:
        with (LOCALE_DIR / lang / "LC_MESSAGES" / f"{domain}.mo").open("rb") as file:
            catalogue |= Catalogue(file).sentences()
    return Sentences(catalogue)


def _as_it_is(sentence: str) -> str:
    return sentence
