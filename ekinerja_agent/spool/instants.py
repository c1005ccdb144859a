"""Instants as the spool writes them: ISO text with an offset, read back equal."""

from __future__ import annotations

from datetime import datetime


def instant_text(at: datetime | None) -> str | None:
    """Given an instant, return its text; None stays None. Raise ValueError if it has no time zone."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone; an instant must be aware")
    return at.isoformat()


def read_instant(text: str | None) -> datetime | None:
    """Given what `instant_text` wrote, return the instant; None stays None."""
    return None if text is None else datetime.fromisoformat(text)
