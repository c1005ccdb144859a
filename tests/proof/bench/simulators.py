"""Many simulated terminals in a process of their own, so that what they cost is not counted as the collector's.

Run as `python -m tests.proof.bench.simulators TERMINALS RECORDS PUNCHES_PER_S`. Prints one line of JSON with the ports.
On the line `punch N` of its input N people punch at the first terminal; when the input ends it prints one more line,
with the instants (seconds since 1970) at which each terminal was called.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from random import Random
from subprocess import PIPE, Popen
from typing import IO
from zoneinfo import ZoneInfo

from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.simulator import Device, Model, Switchboard
from ekinerja_agent.simulator.codec import Command

ZONE = ZoneInfo("Asia/Jakarta")
PEOPLE = 500
ROOMY = Model(capacity=200_000)


class Fleet:
    """Terminals in another process. `ports` are theirs; `stop` returns when each was called."""

    def __init__(self, process: Popen[str]) -> None:
        self._process = process
        self.ports: list[int] = json.loads(self._output.readline())

    @property
    def _output(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout

    def punch(self, punches: int) -> None:
        """Let so many people punch at the first terminal."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"punch {punches}\n")
        self._process.stdin.flush()
        self._output.readline()

    def stop(self) -> list[list[float]]:
        """End the terminals and return the instants at which each was called."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        calls: list[list[float]] = json.loads(self._output.readline())
        return calls


@contextmanager
def fleet(terminals: int, records: int, punches_per_s: float = 0.0) -> Iterator[Fleet]:
    """Given how many terminals, how many records each begins with and how often somebody punches at any, run them."""
    command = [sys.executable, "-m", "tests.proof.bench.simulators", str(terminals), str(records), str(punches_per_s)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        try:
            yield Fleet(process)
        finally:
            process.kill()


def _serve(terminals: int, records: int, punches_per_s: float) -> None:
    devices = [Device(serial=f"F{number:04}", model=ROOMY, zone=ZONE) for number in range(terminals)]
    began = utc_now()
    for device in devices:
        for number in range(records):
            device.punch(str(1 + number % PEOPLE), began - timedelta(seconds=20 * (records - number)))
    pins = count()
    ended = threading.Event()
    with Switchboard() as board:
        ports = [board.connect(device).port for device in devices]
        _say(ports)
        people = threading.Thread(target=_punch_until, args=(ended, devices, punches_per_s))
        people.start()
        for line in sys.stdin:
            for _ in range(int(line.split()[1])):
                devices[0].punch(str(1 + next(pins) % PEOPLE))
            _say("punched")
        ended.set()
        people.join()
    _say([[seen.at.timestamp() for seen in device.commands if seen.command == Command.CONNECT] for device in devices])


def _punch_until(ended: threading.Event, devices: list[Device], punches_per_s: float) -> None:
    chance = Random(1)
    while not ended.wait(1 / punches_per_s if punches_per_s else None):
        chance.choice(devices).punch(str(chance.randint(1, PEOPLE)))


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
