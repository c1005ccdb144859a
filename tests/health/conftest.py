"""Snapshots in which all is well but what a test says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent.usecases.watching.health.facts import HostFacts, Snapshot, TerminalFacts

MONDAY_NOON = datetime(2026, 10, 5, 4, tzinfo=UTC)
"""12:00 in Makassar."""
ZONE = ZoneInfo("Asia/Makassar")


class Well:
    """Makes facts."""

    at = MONDAY_NOON
    zone = ZONE

    def host(self, **facts: Any) -> HostFacts:
        return HostFacts(
            **{"clock_synchronised": True, "clock_vouches": True, "free_bytes": 1 << 40, "free_files": 1 << 20} | facts
        )

    def terminal(self, name: str = "lobby", **facts: Any) -> TerminalFacts:
        return TerminalFacts(**{"id": name, "office": "DINKES", "zone": ZONE, "up": True} | facts)

    def snapshot(self, *terminals: TerminalFacts, **facts: Any) -> Snapshot:
        usual = {"at": MONDAY_NOON, "version": "1.2.3", "started_at": MONDAY_NOON, "host": self.host()}
        return Snapshot(**usual | {"terminals": terminals} | facts)


@pytest.fixture
def well() -> Well:
    return Well()
