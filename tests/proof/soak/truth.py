"""What was truly punched at one simulated terminal, and whether central tells the same.

Promises to judge from the terminal's own memory and the database alone: nothing the collector says of itself counts.
Does not know how punches travelled, nor which misfortunes happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from ekinerja_agent.central.store.tables import recorded
from ekinerja_agent.nouns.punch import FROM_TERMINAL
from ekinerja_agent.simulator import Device, Record
from ekinerja_agent.simulator.faults import Transport
from ekinerja_agent.simulator.rows import record_encoder

AHEAD = timedelta(hours=3)
"""A clock further ahead than this may be held back as impossible, by a host whose own clock is hours behind."""
_RESET_ENDS = datetime(2001, 1, 1)

Key = tuple[str, datetime]
"""PIN as recorded, and the clock that the terminal showed."""


class PunchesDiffer(AssertionError):
    """Central does not hold what was punched, or vouches for what it does not hold."""


@dataclass
class Truth:
    """One terminal as it was. `read` and `seen` are told by whoever sees a read succeed."""

    terminal: str
    device: Device
    transport: Transport | None = "tcp"
    """How it is read; None: it is not."""
    forms: tuple[Callable[[Record], bytes], ...] = ()
    """How a record may stand in quarantine; none: as its row in the log."""
    read: int = 0
    """So many of the device's history were in its log when a read began that succeeded."""
    seen: Counter[Key] = field(default_factory=Counter)
    """Of each PIN and clock the largest number that any good read must have seen at once: a double punch whose first
    half the terminal forgot before anybody read the second, even in the middle of that poll, is one punch."""

    def visible(self) -> Counter[Key]:
        """Return how often each PIN and clock stands in the log now."""
        return self._count(self.device.log)

    def _count(self, records: Iterable[Record]) -> Counter[Key]:
        return Counter(key for record in tuple(records) if (key := self.key(record)) is not None)

    def key(self, record: Record) -> Key | None:
        """Given a record, return PIN and clock as central must name them; None if its date does not exist."""
        try:
            clock = record.clock
        except ValueError:
            return None
        return (f"uid:{record.uid}" if self.device.model.layout == 8 else record.pin), clock

    def deletable(self) -> int:
        """Return how many records at the log's beginning were all read, so that a terminal may lose them."""
        unread = {id(record) for record in self.device.history[self.read :]}
        log = self.device.log
        return next((place for place, record in enumerate(log) if id(record) in unread), len(log))

    def compare(self, conn: Connection, *, until: datetime) -> None:
        """Given central, raise PunchesDiffer unless it holds every punch that was seen, each once, and no other.

        `until` is the true instant of now. Records that cannot be dated must be in quarantine by their bytes; a clock
        hours ahead of the truth may be there or here.
        """
        stored = stored_punches(conn, self.terminal)
        quarantined = quarantined_bytes(conn, self.terminal)
        latest = self.device.place_time(until) + AHEAD
        punched = self._count(self.device.history)
        wanted: Counter[Key] = Counter()
        doubtful: set[Key] = set()
        for record in self.device.history:
            key = self.key(record)
            if key is None or is_reset(key):
                self._require_quarantined(record, quarantined)
            elif key[1] > latest:
                doubtful.add(key)
                if key not in stored:
                    self._require_quarantined(record, quarantined)
            else:
                wanted[key] = max(1, self.seen[key])
        found = Counter({key: count for key, count in stored.items() if key not in doubtful})
        if wanted - found or found - punched:
            raise PunchesDiffer(f"{self.terminal}: lost {dict(wanted - found)}, too many {dict(found - punched)}")

    def _is_quarantined(self, record: Record, quarantined: list[bytes]) -> bool:
        raws = [form(record) for form in self.forms or (record_encoder(self.device.model.layout),)]
        return any(raw in kept for kept in quarantined for raw in raws)

    def _require_quarantined(self, record: Record, quarantined: list[bytes]) -> None:
        if not self._is_quarantined(record, quarantined):
            raise PunchesDiffer(f"{self.terminal}: {record} is neither a punch nor in quarantine")

    def check_claims(self, conn: Connection) -> None:
        """Given central, raise PunchesDiffer if coverage claims the moment of a punch that is not there."""
        c = recorded.coverage.c
        claims = conn.execute(select(c.start, c.end).where(c.terminal == self.terminal)).all()
        if not claims:
            return
        stored = stored_punches(conn, self.terminal)
        quarantined = quarantined_bytes(conn, self.terminal)
        for record in tuple(self.device.history):
            claimed = record.at is not None and any(
                (start is None or start <= record.at) and record.at < end for start, end in claims
            )
            if claimed and self.key(record) not in stored and not self._is_quarantined(record, quarantined):
                raise PunchesDiffer(f"{self.terminal}: coverage claims {record.at}, and {record} is not in central")


def is_reset(key: Key) -> bool:
    """Tell whether a clock is one that a terminal shows after it lost power."""
    return key[1] < _RESET_ENDS


def stored_punches(conn: Connection, terminal: str) -> Counter[Key]:
    """Given central and a terminal, return how many punches it holds of each PIN and clock, doubtful ones included.

    Raise PunchesDiffer if their occurrences are not 1, 2, 3 and so on.
    """
    occurrences: dict[Key, list[int]] = {}
    for c in (recorded.punches.c, recorded.doubtful_punches.c):
        query = select(c.pin, c.clock, c.occurrence).where(c.terminal == terminal, c.batch == FROM_TERMINAL)
        for pin, clock, occurrence in conn.execute(query):
            occurrences.setdefault((pin, clock), []).append(occurrence)
    for key, numbers in occurrences.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            raise PunchesDiffer(f"{terminal}: {key} has occurrences {sorted(numbers)}")
    return Counter({key: len(numbers) for key, numbers in occurrences.items()})


def quarantined_bytes(conn: Connection, terminal: str) -> list[bytes]:
    """Given central and a terminal, return the bytes of each record in its quarantine."""
    quarantine = recorded.quarantine.c
    return list(conn.scalars(select(quarantine.raw).where(quarantine.terminal == terminal)))
