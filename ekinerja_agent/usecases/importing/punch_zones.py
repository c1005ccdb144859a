"""In which time zone the clock of a terminal runs, when only a file speaks of it.

What devices.yaml or a collector says comes first; a terminal that neither names lies where the units of the
people enrolled on it lie. Does not guess: two zones are an error that a person answers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from zoneinfo import ZoneInfo

from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import EVERY_TERMINAL
from ekinerja_agent.usecases.importing.reading.judging import Stored


def zone_of(terminal: str, pins: Collection[str], known: Mapping[str, str], stored: Stored) -> ZoneInfo:
    """Given a terminal, the PINs that a file has for it and the zones by terminal, return its time zone.

    An enrolment on `*` tells of this terminal only if its PIN is among `pins`. Raise NeedsAttention if nobody
    or more than one zone is found.
    """
    name = known.get(terminal)
    if name is not None:
        return ZoneInfo(name)
    zones = _zones_of_people(_enrolled(terminal, pins, stored), stored)
    if len(zones) == 1:
        return ZoneInfo(zones.pop())
    mend = Message("add {terminal} with its timezone to devices.yaml", terminal=terminal)
    if not zones:
        raise NeedsAttention(
            Message(
                "{terminal}: nothing tells its time zone, so `complete until` names no instant; import units, "
                "employees and enrolments first, or {mend}",
                terminal=terminal,
                mend=mend,
            )
        )
    raise NeedsAttention(
        Message(
            "{terminal}: the people enrolled on it lie in {zones}; {mend}",
            terminal=terminal,
            zones=", ".join(sorted(zones)),
            mend=mend,
        )
    )


def _enrolled(terminal: str, pins: Collection[str], stored: Stored) -> set[str]:
    return {
        row["nip"]
        for row in stored.rows("enrolments")
        if row["terminal"] == terminal or (row["terminal"] == EVERY_TERMINAL and row["pin"] in pins)
    }


def _zones_of_people(nips: Collection[str], stored: Stored) -> set[str]:
    units = {row["unit"] for row in stored.rows("employees") if row["nip"] in nips}
    return {row["timezone"] for row in stored.rows("units") if row["code"] in units}
