"""A full disk: the service goes on, the terminal keeps its log, and nothing is lost when there is room again."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

from ekinerja_agent.simulator import Device, serve
from tests.proof.box import PATIENCE_S, Box, until


def test_the_service_outlives_a_full_disk_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """No file may grow: every write of the spool and of central fails as it does on a full disk."""
    device = Device()
    device.punch("1001")
    with serve(device) as endpoint:
        box = Box(tmp_path)
        box.configure(endpoint, roles=["collect"])
        process = subprocess.Popen(
            [sys.executable, "-m", "ekinerja_agent", "--config", "agent.yaml", "run"],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        said: list[str] = []
        assert process.stderr is not None
        listener = threading.Thread(target=said.extend, args=(process.stderr,))
        listener.start()
        try:
            until(lambda: "service.ready" in "".join(said), "ready")
            until(lambda: len(box.punches()) == 1, "a punch")
            limits = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
            for pin in range(2001, 2031):
                device.punch(str(pin))
                time.sleep(0.1)
            until(lambda: "cannot be used now" in "".join(said), "it tells that the spool has no room")
            device.punch("3001")
            time.sleep(3)
            assert process.poll() is None
            assert len(box.punches()) == 1
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
            until(lambda: len(box.punches()) == len(device.history), "every punch in central")
            time.sleep(2)
            assert len(box.punches()) == len(device.history) == 32
        finally:
            process.terminate()
            assert process.wait(PATIENCE_S) == 0
            listener.join()
            process.stderr.close()
    assert "Traceback" not in "".join(said)
