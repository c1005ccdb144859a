"""A driver of another kind of terminal is its own file and its registration: everything else takes it as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DEVICES = """
terminals:
  - id: gate
    office: A
    address: 10.0.0.9:80
    transport: paper
    timezone: Asia/Makassar
"""
A_DRIVER = """
import sys
from pathlib import Path
from ekinerja_agent import terminals
from ekinerja_agent.terminals import LogRead
from ekinerja_agent.terminals.wire import DecodedLog

class Paper:
    def __init__(self, place):
        self.place = place

    def read(self, *, now, **_):
        log = DecodedLog(None, (), ())
        return LogRead(self.place.terminal, "PAPER1", "1", None, now(), 0, log, {}, 7)

terminals.DRIVERS = {**terminals.DRIVERS, "paper": Paper}  # what its line in the registration does

from ekinerja_agent import config
from ekinerja_agent.usecases.collecting.collect import open_spool, poll

here = Path(sys.argv[1])
found = config.load(here / "agent.yaml", {})
spool = open_spool(found.agent.spool_path)
polled = dict(state_dir=here, tolerance_s=120, reply_timeout_s=1, host_clock_trusted=True)
result = poll(found.terminals[0], spool, **polled)
print(result.received_bytes, spool.state("gate").serial)
"""


def test_a_terminal_of_a_made_up_driver_is_configured_and_polled(tmp_path: Path) -> None:
    (tmp_path / "agent.yaml").write_text("roles: [collect]\nstate_dir: .\ndevices: devices.yaml\n")
    (tmp_path / "devices.yaml").write_text(DEVICES)
    ran = subprocess.run([sys.executable, "-c", A_DRIVER, tmp_path], capture_output=True, text=True, check=False)
    assert (ran.stderr, ran.stdout) == ("", "7 PAPER1\n")
