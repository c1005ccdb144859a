"""Stretches of host time in which a terminal may have been without power. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

LONGEST_UNWATCHED = timedelta(minutes=10)
"""A longer time without contact and without a record may be a terminal without power."""


def split_at_records(
    records: Iterable[datetime], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, bool]]:
    """Given when records were made, yield the pieces of the unwatched stretch [start, end) in time order, each with
    whether it may have been without power. Two such pieces stay apart at the record between them: each is believed, or
    not, for its own hours.

    A record shows power at its own instant, and says nothing of the hours before and after it.
    """
    at = since = start
    for moment in (*sorted({each for each in records if start < each < end}), end):
        if moment - at > LONGEST_UNWATCHED:
            if since < at:
                yield since, at, False
            yield at, moment, True
            since = moment
        at = moment
    if since < end:
        yield since, end, False
