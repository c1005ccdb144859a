"""Text of csv cells that spreadsheets show and never run.

Spreadsheets take a cell that begins with one of a few signs for a formula. csv has no way to say that it is none; an
apostrophe in front is what OWASP's page on CSV injection advises. In xlsx a cell says itself that it is text.
"""

from __future__ import annotations

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def shown_not_run(text: str) -> str:
    """Given a text that anybody may have written, return it with an apostrophe in front if it begins like a formula."""
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) else text
