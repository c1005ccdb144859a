"""From lines that a person has to judge to what waits for that person: whose, when, and which punch each would be.

Promises that the same upload gives the same punches as often as it comes. Pure: does not know who judges, nor where it
waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from ekinerja_agent.nouns.punch import Punch, Quarantined, Source
from ekinerja_agent.terminals.identity import ClockRule, is_believed
from ekinerja_agent.terminals.push_access import SetApart


def set_apart(
    terminal: str, lines: Iterable[SetApart], *, clock_rule: ClockRule, read_at: datetime
) -> list[Quarantined]:
    """Given the lines of one upload that a person has to judge, in its order, return each with the punch that it is if
    they say so: equal PIN, clock and event count from 1. One whose clock no punch may have is none.
    """
    seen: Counter[tuple[str, datetime, str]] = Counter()
    found = []
    for line in lines:
        punch, clock = None, line.clock
        if is_believed(clock, read_at, clock_rule.zone):
            seen[line.pin, clock, line.code] += 1
            punch = Punch(
                terminal=terminal,
                pin=line.pin,
                clock=clock,
                occurrence=seen[line.pin, clock, line.code],
                at=clock_rule.at(clock),
                offset_s=clock_rule.offset_of(clock),
                verify=line.verify,
                state=line.status,
                work_code=0,
                source=Source.PUSH,
                raw=line.raw,
                corrected=clock_rule.zone is not None and bool(clock_rule.correction(clock)),
            )
        waits = Quarantined(terminal, Source.PUSH, line.position, line.raw, line.reason, read_at, punch, line.code)
        found.append(waits)
    return found
