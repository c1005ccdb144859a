"""What silence did, as one sentence for the person who ran a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ekinerja_agent.usecases.silence import Silence


def told(settled: Silence) -> str:
    """Given what one run did, return it in words."""
    return (
        f"Nobody decided in time: {settled.escalated} activities go to the next superior too, {settled.approved} are "
        f"approved and {settled.rejected} rejected by rule, {settled.requests_rejected} requests are rejected by rule."
    )
