"""What a terminal's own words tell: its clock, and how full its log is.

Pure: does not talk to anybody. A new sign is one function and its line in `SIGNS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals.reading import FILLING_PCT
from ekinerja_agent.usecases.watching.doctor.finding import Finding


@dataclass(frozen=True, slots=True)
class Answer:
    """What a terminal said; None where it does not tell. `offset_s` is its clock minus this host's, which `vouches` for
    it or not; up to `tolerance_s` it is believed.
    """

    terminal: str
    records: int | None
    capacity: int | None
    offset_s: int | None
    tolerance_s: int
    vouches: bool


def signs(answer: Answer) -> Iterator[Finding]:
    """Given an answer, yield all that is wrong with the terminal."""
    for sign in SIGNS:
        yield from sign(answer)


def _clock(answer: Answer) -> Iterator[Finding]:
    terminal, offset_s = answer.terminal, answer.offset_s
    set_it = Message("run: ekinerja-agent terminal clock {terminal} --set", terminal=terminal)
    if offset_s is None:
        yield Finding(terminal, Message("its clock shows no possible time"), set_it)
    elif abs(offset_s) > answer.tolerance_s:
        times: dict[str, object] = {"offset_s": abs(offset_s), "tolerance_s": answer.tolerance_s}
        text = (
            Message("its clock is {offset_s} s ahead of this host's, {tolerance_s} s are tolerated", **times)
            if offset_s > 0
            else Message("its clock is {offset_s} s behind this host's, {tolerance_s} s are tolerated", **times)
        )
        mend_host = Message("mend this host's own clock first (check `clock`): nobody knows which of the two is right")
        yield Finding(terminal, text, set_it if answer.vouches else mend_host)


def _log(answer: Answer) -> Iterator[Finding]:
    if not answer.capacity or answer.records is None:
        return
    filled_pct = answer.records * 100 // answer.capacity
    if filled_pct >= FILLING_PCT:
        text = Message(
            "its log is {filled_pct} % full ({records} of {capacity}), a full one loses punches",
            filled_pct=filled_pct,
            records=answer.records,
            capacity=answer.capacity,
        )
        what_to_do = Message(
            "run: ekinerja-agent terminal clear {terminal}, which verifies first that central has it all",
            terminal=answer.terminal,
        )
        yield Finding(answer.terminal, text, what_to_do)


SIGNS: tuple[Callable[[Answer], Iterator[Finding]], ...] = (_clock, _log)
