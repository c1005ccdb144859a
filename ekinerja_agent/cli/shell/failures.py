"""How a command over many terminals ends: each failure is told, the one that most needs a person decides the code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ekinerja_agent.nouns.errors import EkinerjaError

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context


def end_with(failures: Sequence[EkinerjaError], context: Context) -> None:
    """Given what failed, tell every failure and raise the one that most needs a person; return if nothing failed."""
    if not failures:
        return
    worst = max(failures, key=lambda error: (not error.retryable, error.exit_code))
    for error in failures:
        if error is not worst:
            context.say(error.message)
    raise worst
