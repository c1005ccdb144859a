"""What a finding code means, in words. Codes themselves (TL1, PSW2, TK) stay as people know them.

Does not know what a code costs: that is in the rules, and on the page as the rule's source.
"""

from __future__ import annotations

import re
from gettext import NullTranslations

from ekinerja_agent.locale.language import msgid

MEANINGS = {
    "TAM": msgid("No arrival scan"),
    "TAK": msgid("No scan out to the break"),
    "TAI": msgid("No scan back from the break"),
    "TAP": msgid("No leaving scan"),
    "TK": msgid("Absent without reason"),
    "APEL": msgid("Missed the morning roll call"),
    "UPACARA": msgid("Missed a ceremony"),
    "KRIDA": msgid("Missed the Friday exercise"),
}
CLASS_MEANINGS = {
    "TL": msgid("Late, class {number}"),
    "PSW": msgid("Left early, class {number}"),
    "IST": msgid("Late back from the break, class {number}"),
    "ISC": msgid("Left early to the break, class {number}"),
}

_CLASS = re.compile(r"(?P<prefix>[A-Z]+)(?P<number>[0-9]+)")


def meaning(code: str, words: NullTranslations) -> str:
    """Given a code and a language's catalogue, return its meaning; a code that only rule files know stays as it is."""
    if code in MEANINGS:
        return words.gettext(MEANINGS[code])
    match = _CLASS.fullmatch(code)
    if match and match["prefix"] in CLASS_MEANINGS:
        return words.gettext(CLASS_MEANINGS[match["prefix"]]).format(number=match["number"])
    return code
