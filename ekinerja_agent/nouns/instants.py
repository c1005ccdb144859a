"""The host's clock."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The host's wall clock in UTC: the default of every `now` parameter."""
    return datetime.now(UTC)
