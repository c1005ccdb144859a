"""Which language a person reads, and the catalogue of its words.

Promises one answer for a whole page: Indonesian (`id`) or English (`en`). English sentences are the keys of the
catalogues; `locale/id/LC_MESSAGES/ekinerja.po` holds the Indonesian ones (`scripts/translations` compiles it). Does
not know how numbers and dates are written (`formats.py`) nor what is said.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from ekinerja_agent.errors import WrongUsage

Language = Literal["id", "en"]

DOMAIN = "ekinerja"
LOCALE_DIR = Path(__file__).parent / "locale"
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
                raise WrongUsage(f"{name} is {wanted!r}; allowed are {' and '.join(get_args(Language))}")
            return known
    for name in _PROCESS_LOCALE:
        if environ.get(name):
            return _known(environ[name].split(".")[0].split("@")[0].split("_")[0]) or DEFAULT
    return DEFAULT


def _known(wanted: str) -> Language | None:
    for language in get_args(Language):
        if wanted == language:
            known: Language = language
            return known
    return None


def translator(lang: Language) -> gettext.NullTranslations:
    """Given a language, return its catalogue. English needs none: its sentences are the keys."""
    if lang == "en":
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALE_DIR, languages=[lang])


def msgid(sentence: str) -> str:
    """Given an English sentence that is translated later, return it: the mark by which the tests find it."""
    return sentence
