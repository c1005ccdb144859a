"""The service as a real process in a directory of its own, and waiting for what it does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from ekinerja_agent.simulator import Endpoint
from tests.proof import commands
from tests.proof.commands import Outcome

T = TypeVar("T")
PATIENCE_S = 120.0
"""How long a machine that is busy with other things may take for what an idle one does in a second."""


def until(holds: Callable[[], T], what: str, patience_s: float = PATIENCE_S) -> T:
    """Wait until something holds and return it."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        value = holds()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {patience_s:g} s: {what}")


class Box:
    """One directory with a configuration, and the processes of `run` that a test starts in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.processes: list[subprocess.Popen[str]] = []

    def configure(self, *endpoints: Endpoint, **changes: Any) -> None:
        agent = {
            "roles": ["collect", "score"],
            "state_dir": "state",
            "devices": "devices.yaml",
            "central": {"url": "sqlite:///central.db"},
            "poll": {"every": "1s", "timeout": "2s"},
            "log": {"format": "json"},
        } | changes
        terminals = [
            {"id": f"t{number}", "office": "A", "address": f"{e.host}:{e.port}", "timezone": "Asia/Jakarta"}
            for number, e in enumerate(endpoints, 1)
        ]
        (self.directory / "agent.yaml").write_text(json.dumps(agent))
        (self.directory / "devices.yaml").write_text(json.dumps({"terminals": terminals}))

    def start(self, **environment: str) -> subprocess.Popen[str]:
        log = self.directory / f"log-{len(self.processes)}"
        with log.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "ekinerja_agent", "--config", "agent.yaml", "run"],
                cwd=self.directory,
                stderr=file,
                text=True,
                env=os.environ | environment,
            )
        self.processes.append(process)
        return process

    def run(self, *arguments: str) -> Outcome:
        """Run one command beside them, in this process."""
        return commands.run(self.directory / "agent.yaml", *arguments)

    def events(self) -> list[dict[str, Any]]:
        lines = (self.directory / f"log-{len(self.processes) - 1}").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def has_event(self, name: str) -> bool:
        return any(event["event"] == name for event in self.events())

    def punches(self) -> list[str]:
        if not (self.directory / "central.db").exists():
            return []
        engine = create_engine(f"sqlite:///{self.directory / 'central.db'}")
        try:
            with engine.connect() as conn:
                return sorted(conn.execute(text("select punch_id from punches")).scalars())
        except OperationalError:  # the tables are not there yet
            return []
        finally:
            engine.dispose()


B = TypeVar("B", bound=Box)


@contextmanager
def ended(box: B) -> Iterator[B]:
    """A box whose processes are gone after the block."""
    yield box
    for process in box.processes:
        if process.poll() is None:
            process.kill()
            process.wait()
