"""A full disk: the service goes on, the terminal keeps its log, and nothing is lost when there is room again."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from ekinerja_agent.simulator import Device, serve

PATIENCE_S = 40.0


def until(holds: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE_S} s: {what}")


def punches(database: Path) -> list[str]:
    engine = create_engine(f"sqlite:///{database}")
    try:
        with engine.connect() as conn:
            return sorted(conn.execute(text("select punch_id from punches")).scalars())
    except OperationalError:  # the tables are not there yet
        return []
    finally:
        engine.dispose()


def test_the_service_outlives_a_full_disk_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """No file may grow: every write of the spool and of central fails as it does on a full disk."""
    device = Device()
    device.punch("1001")
    with serve(device) as endpoint:
        agent = {
            "roles": ["collect"],
            "state_dir": "state",
            "devices": "devices.yaml",
            "central": {"url": "sqlite:///central.db"},
            "poll": {"every": "1s", "timeout": "2s"},
            "log": {"format": "json"},
        }
        address = f"{endpoint.host}:{endpoint.port}"
        terminal = {"id": "t1", "office": "A", "address": address, "timezone": "Asia/Jakarta"}
        (tmp_path / "agent.yaml").write_text(json.dumps(agent))
        (tmp_path / "devices.yaml").write_text(json.dumps({"terminals": [terminal]}))
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
            until(lambda: (tmp_path / "central.db").exists() and len(punches(tmp_path / "central.db")) == 1, "a punch")
            limits = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
            for pin in range(2001, 2031):
                device.punch(str(pin))
                time.sleep(0.1)
            until(lambda: "cannot be used now" in "".join(said), "it tells that the spool has no room")
            device.punch("3001")
            time.sleep(3)
            assert process.poll() is None
            assert len(punches(tmp_path / "central.db")) == 1
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
            until(lambda: len(punches(tmp_path / "central.db")) == len(device.history), "every punch in central")
            time.sleep(2)
            assert len(punches(tmp_path / "central.db")) == len(device.history) == 32
        finally:
            process.terminate()
            assert process.wait(PATIENCE_S) == 0
            listener.join()
            process.stderr.close()
    assert "Traceback" not in "".join(said)
