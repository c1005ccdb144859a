"""How a poll must behave as a guest of a terminal: come once, free what it held, leave, and never wipe or lock.

Judges by the commands that the terminal received. Does not know what was read.
"""

from __future__ import annotations

from collections.abc import Sequence

from ekinerja_agent.simulator.codec import Command
from tests.proof.soak.truth import PunchesDiffer


def require_manners(commands: Sequence[int]) -> None:
    """Given the commands of one undisturbed poll, raise PunchesDiffer unless it was a guest that leaves no trace."""
    if forbidden := {Command.CLEAR_DATA, Command.CLEAR_ATTLOG, Command.DISABLE} & set(commands):
        raise PunchesDiffer(f"a poll sent {forbidden}")
    if commands.count(Command.CONNECT) != 1 or commands[-1] != Command.EXIT:
        raise PunchesDiffer(f"a poll did not come once and leave: {commands}")
    held = False
    for command in commands:
        if command == Command.PREPARE_BUFFER and held:
            raise PunchesDiffer(f"a poll prepared a buffer before it freed the one before: {commands}")
        held = command == Command.PREPARE_BUFFER or (held and command != Command.FREE_DATA)
    if held:
        raise PunchesDiffer(f"a poll left a buffer behind: {commands}")
