"""Text of other people's making, as it may stand in a csv cell or on a screen: shown, and never carried out.

Spreadsheets take a cell that begins with one of a few signs for a formula. csv has no way to say that it is none; an
apostrophe in front is what OWASP's page on CSV injection advises. In xlsx a cell says itself that it is text. A screen
obeys control characters, and turns text around at some that nobody sees.
"""

from __future__ import annotations

import re

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")
_STEERING = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
"""What steers a screen, as the inside of a class of a regular expression; ends of lines and tabs are not among it."""
_STEERS = re.compile(f"[{_STEERING}]")
_STEERS_A_LINE = re.compile(f"[{_STEERING}\t\n\r]")
_INSTEAD = "\ufffd"


def shown_not_run(text: str) -> str:
    """Given a text that anybody may have written, return it as a csv cell: with an apostrophe in front if it begins as
    a formula and is no number, and without what steers a screen.
    """
    text = on_screen(text)
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) and not _NUMBER.fullmatch(text) else text


def on_screen(text: str) -> str:
    """Given lines in which a text may stand that anybody may have written, return them without what steers a screen."""
    return _STEERS.sub(_INSTEAD, text)


def in_json(text: str) -> str:
    """Given JSON, return it with an escape for what steers a screen: that only stands in its texts."""
    return _STEERS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def in_one_line(text: str) -> str:
    """Given a text that anybody may have written, return it as it may stand in a line on a screen."""
    return _STEERS_A_LINE.sub(_INSTEAD, text)
