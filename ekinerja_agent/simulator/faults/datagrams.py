"""What goes wrong with datagrams: lost, doubled, out of turn. A stream knows nothing of it.

Changes only how answers leave. Does not know the terminal that gave them.
"""

from __future__ import annotations

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.simulator.faults.catalog import Kind, Number
from ekinerja_agent.simulator.faults.script import Alter, Fault, Occasion, Send, Step, table_places


def _every_other_table(number: int, move: Alter) -> Alter:
    """Over UDP, at every other answer with a table of its command, so that asking again helps.

    `move` gets what follows from the chosen DATA datagram on: the n-th, or for 0 the one in the middle.
    """

    def alter(occasion: Occasion, steps: list[Step]) -> list[Step]:
        places = table_places(occasion, steps)
        if occasion.transport != "udp" or occasion.occurrence % 2 == 0 or len(places) < max(number, 1):
            return steps
        place = places[number - 1 if number else len(places) // 2]
        return [*steps[:place], *move(occasion, steps[place:])]

    return alter


def drop_datagram(number: int) -> Fault:
    return Fault(alter=_every_other_table(number, lambda _, rest: rest[1:]))


def duplicate_datagram(number: int) -> Fault:
    return Fault(alter=_every_other_table(number, lambda _, rest: [rest[0], *rest]))


def reorder_datagrams(number: int) -> Fault:
    return Fault(alter=_every_other_table(number, lambda _, rest: [*rest[1:2], rest[0], *rest[2:]]))


def lose_answers(every: int) -> Fault:
    """Over UDP the n-th answer of all is lost, and so on; the terminal did what it was asked."""

    def alter(occasion: Occasion, steps: list[Step]) -> list[Step]:
        lost = occasion.transport == "udp" and not occasion.is_event and occasion.number % every == 0
        return [step for step in steps if not isinstance(step, Send)] if lost else steps

    return Fault(alter=alter)


_WHICH = Number(0, 0, 65_535)

KINDS = (
    Kind(
        "drop-datagram",
        Message("over UDP, every other answer with a table loses its N-th DATA (0: the middle one)"),
        drop_datagram,
        _WHICH,
    ),
    Kind(
        "duplicate-datagram",
        Message("over UDP, every other answer with a table brings its N-th DATA twice"),
        duplicate_datagram,
        _WHICH,
    ),
    Kind(
        "reorder-datagrams",
        Message("over UDP, every other answer with a table brings its N-th DATA one too late"),
        reorder_datagrams,
        _WHICH,
    ),
    Kind("lose-answers", Message("over UDP, every N-th answer is lost"), lose_answers, Number(5, 1, 65_535)),
)
