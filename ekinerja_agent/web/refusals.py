"""How many refusals of one account are written down one by one: so that nobody fills the audit log by asking in vain.

Promises that each hour of an account adds a bounded number of rows, and that how many more there were is told when it
is over. Kept in memory: what a service that ends has not told yet is known by the full number of rows before. Does
not know what was asked for.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_AN_HOUR = 60
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class _Hour:
    began: datetime
    count: int = 0


@dataclass(frozen=True, slots=True)
class Untold:
    """So many refusals since `began` have no row of their own."""

    began: datetime
    count: int


class Refusals:
    """The refusals of every account, by its number."""

    def __init__(self) -> None:
        self._hours: dict[int, _Hour] = {}
        self._turn = threading.Lock()

    def is_told(self, account_id: int, now: datetime) -> bool:
        """Count one refusal; return whether it gets a row of its own. Ask `ended` before."""
        with self._turn:
            hour = self._hours.setdefault(account_id, _Hour(now))
            hour.count += 1
            return hour.count <= MOST_AN_HOUR

    def ended(self, account_id: int, now: datetime) -> Untold | None:
        """Return what is to be told of an hour that is over, once; None if there is nothing."""
        with self._turn:
            hour = self._hours.get(account_id)
            if hour is None or now - hour.began < HOUR:
                return None
            del self._hours[account_id]
            return Untold(hour.began, hour.count - MOST_AN_HOUR) if hour.count > MOST_AN_HOUR else None
