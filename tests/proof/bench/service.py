"""The service as a process of its own, with a configuration for simulated terminals: what it costs, from outside.

Reads /proc, so it measures on Linux only. Does not know what is measured with it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.proof.bench.simulators import ZONE

_TELLS_MODULES = (
    "import atexit, sys; from pathlib import Path; "
    "atexit.register(lambda: Path('modules').write_text(' '.join(sys.modules))); "
    "from ekinerja_agent.cli import main; main()"
)


class Service:
    """A running service in `folder`."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self._process = process

    @property
    def cpu_s(self) -> float:
        """Processor time that it used so far, in seconds."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_kib(self, which: str) -> int:
        """Given VmRSS (now) or VmHWM (the most so far), return its resident memory in KiB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition(f"{which}:")[2].split()[0])

    def stop(self) -> set[str]:
        """End it as systemd would and return the names of the modules that it had loaded."""
        self._process.send_signal(signal.SIGTERM)
        if self._process.wait(60):
            raise AssertionError((self.folder / "log").read_text()[-2000:])
        return set((self.folder / "modules").read_text().split())


@contextmanager
def running(folder: Path, ports: Sequence[int], *, every: str, central_url: str) -> Iterator[Service]:
    """Given an empty directory and the ports of terminals, run a collector of them."""
    agent = {
        "roles": ["collect"],
        "state_dir": "state",
        "devices": "devices.yaml",
        "central": {"url": central_url},
        "poll": {"every": every, "timeout": "20s"},
        "log": {"format": "json"},
    }
    terminals = [
        {"id": f"t{number}", "office": "A", "address": f"127.0.0.1:{port}", "timezone": ZONE.key}
        for number, port in enumerate(ports)
    ]
    (folder / "agent.yaml").write_text(json.dumps(agent))
    (folder / "devices.yaml").write_text(json.dumps({"terminals": terminals}))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _TELLS_MODULES, "--config", "agent.yaml", "run"], cwd=folder, stderr=log
        )
    try:
        yield Service(folder, process)
    finally:
        process.kill()
        process.wait()
