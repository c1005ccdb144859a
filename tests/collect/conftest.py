"""A simulated terminal, the real collector and a real spool between them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.simulator import Endpoint
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting import collect
from ekinerja_agent.usecases.collecting.collect import PollResult


class Office:
    """One office server: a spool in a directory, and a poll of any endpoint."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.spool = Spool(directory / "spool.db")

    def poll(self, endpoint: Endpoint, *, transport: str = "tcp", **options: Any) -> PollResult:
        fields = {"timezone": "Asia/Makassar", "office": "DINKES", "id": "lobby"} | options.pop("terminal", {})
        terminal = TerminalConfig.model_validate(
            {**fields, "address": f"{endpoint.host}:{endpoint.port}", "transport": transport},
            context={"base": self.directory},
        )
        settings = {"tolerance_s": 120, "reply_timeout_s": 5.0, "host_clock_trusted": False} | options
        return collect.poll(terminal, self.spool, state_dir=self.directory, **settings)

    def waiting(self) -> list[tuple[str, datetime]]:
        return sorted((punch.pin, punch.clock) for punch in self.spool.waiting(1_000_000).punches)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.spool.close()


@pytest.fixture(scope="session")
def office_kind() -> type[Office]:
    """For tests that need several, or one for each example."""
    return Office
