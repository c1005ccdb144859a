from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from ekinerja_agent.config import survey_config

Write = Callable[..., Path]

AGENT = "roles: [collect, score]\ndevices: devices.yaml\n"
TERMINAL = """\
terminals:
  - id: lobby
    office: DINKES
    address: 10.0.0.1
    timezone: Asia/Makassar
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file below a temporary working directory and returns its relative path."""
    monkeypatch.chdir(tmp_path)

    def put(name: str, text: str | bytes) -> Path:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        return path

    return put


@pytest.fixture
def problems(write: Write) -> Callable[..., list[str]]:
    """Returns the problems of an agent.yaml and a devices.yaml, as they are printed."""

    def of(agent: str | bytes = AGENT, devices: str | bytes = TERMINAL, **environ: str) -> list[str]:
        write("devices.yaml", devices)
        return [str(problem) for problem in survey_config(write("agent.yaml", agent), environ).problems]

    return of
