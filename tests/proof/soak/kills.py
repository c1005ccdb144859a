"""The service as a real process, killed at random instants while people punch: nothing lost, nothing twice.

It is killed while it starts, reads, writes its spool, delivers and settles, wherever the instant falls; the seed
decides after how long, the computer what happens then. Does not know how the service keeps its promise.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import inspect

from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.simulator import Device, Endpoint, Layout, Model, Switchboard
from ekinerja_agent.simulator.rows import record_encoder
from tests.proof.soak.truth import PunchesDiffer, Truth
from tests.proof.soak.uploads import FORMS, Uploads

PATIENCE_S = 120.0
ZONE = ZoneInfo("Asia/Jakarta")
LAYOUTS: tuple[Layout, ...] = (40, 16, 8)
HURRIED = (
    "from ekinerja_agent.daemon import service; service.FORWARD_EVERY_S = 0.1; service.FIRST_POLLS_WITHIN_S = 0.1; "
    "from ekinerja_agent.cli import main; main()"
)
"""The whole service, in a hurry: so that a kill falls into a delivery as often as into a poll."""


class Office:
    """Given a number, an empty directory and central's URL: three terminals that are read, of which one pushes as well,
    one that only pushes, and a service that is killed again and again.
    """

    def __init__(self, seed: int, directory: Path, central_url: str, board: Switchboard) -> None:
        self.tally: Counter[str] = Counter()
        self._random = Random(seed)
        self._directory = directory
        self._central_url = central_url
        self._walls = [
            Truth(f"t{number}", Device(serial=f"K{seed}N{number}", model=Model(layout=layout), zone=ZONE))
            for number, layout in enumerate(LAYOUTS)
        ]
        endpoints = [
            board.connect(wall.device, "udp" if number == 1 else "tcp") for number, wall in enumerate(self._walls)
        ]
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        alone = Truth("t3", Device(serial=f"K{seed}N3", zone=ZONE), transport=None)
        for wall in (self._walls[0], alone):
            wall.forms = (record_encoder(wall.device.model.layout), *FORMS)
        chance = Random(f"uploads {seed}")
        self._uploads = [Uploads(wall, ZONE, self._port, chance) for wall in (self._walls[0], alone)]
        self._walls.append(alone)
        self._configure(endpoints)

    def run(self, kills: int) -> None:
        """Kill the service so often, then let it finish. Raise PunchesDiffer if central does not hold every punch."""
        with self._people():
            for _ in range(kills):
                self._live_and_die()
        process = self._start()
        try:
            self._await(self._is_equal, "central holds what was punched")
            time.sleep(1.5)  # one more poll and one more delivery must add nothing
        finally:
            process.kill()
            process.wait()
            for uploads in self._uploads:
                uploads.close()
        self._compare()
        self.tally["punches"] += sum(len(wall.device.history) for wall in self._walls)

    def _live_and_die(self) -> None:
        process = self._start()
        try:
            if self._random.random() < 0.8:
                self._await(lambda: "service.ready" in self._log().read_text(), "the service is ready")
                time.sleep(self._random.uniform(0.0, 2.0))
            else:
                time.sleep(self._random.uniform(0.0, 1.5))
            if process.poll() is not None:
                raise PunchesDiffer(f"the service ended by itself:\n{self._log().read_text()[-2000:]}")
        finally:
            process.kill()
            process.wait()
        self.tally["kills"] += 1
        self._check_claims()

    def _configure(self, endpoints: list[Endpoint]) -> None:
        agent = {
            "roles": ["collect", "web"],
            "web": {"listen": f"127.0.0.1:{self._port}"},
            "state_dir": "state",
            "devices": "devices.yaml",
            "central": {"url": self._central_url},
            "poll": {"every": "1s", "timeout": "5s"},
            "log": {"format": "json"},
        }
        terminals: list[dict[str, object]] = [
            {
                "id": wall.terminal,
                "office": "A",
                "address": f"{endpoint.host}:{endpoint.port}",
                "transport": endpoint.transport,
                "timezone": ZONE.key,
            }
            for wall, endpoint in zip(self._walls, endpoints, strict=False)
        ]
        push: dict[str, object] = {"push": True, "office": "A", "timezone": ZONE.key}
        both, alone = (uploads.wall for uploads in self._uploads)
        terminals[0] |= push | {"serial": both.device.serial}
        terminals.append(push | {"id": alone.terminal, "serial": alone.device.serial, "transport": "none"})
        (self._directory / "agent.yaml").write_text(json.dumps(agent))
        (self._directory / "devices.yaml").write_text(json.dumps({"terminals": terminals}))

    def _log(self) -> Path:
        return self._directory / "service.log"

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log().open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-c", HURRIED, "--config", "agent.yaml", "run"], cwd=self._directory, stderr=log
            )

    @contextmanager
    def _people(self) -> Iterator[None]:
        """Within the block people punch, alone, twice at once and in crowds."""
        ended = threading.Event()
        chance = Random(self._random.random())

        def punch() -> None:
            while not ended.wait(chance.uniform(0.0, 0.1)):
                if chance.random() < 0.3:
                    chance.choice(self._uploads).send()
                wall = chance.choice(self._walls)
                pin = str(chance.randint(1, 300))
                for _ in range(chance.choice((1, 1, 1, 2, 30))):
                    wall.device.punch(pin)

        thread = threading.Thread(target=punch, name="people")
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            for wall in self._walls:
                if wall.transport is not None:
                    wall.seen = wall.visible()

    def _await(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > deadline:
                self._compare()  # says what is missing
                raise PunchesDiffer(f"not within {PATIENCE_S} s: {what}\n{self._log().read_text()[-2000:]}")
            time.sleep(0.1)

    def _is_equal(self) -> bool:
        try:
            for uploads in self._uploads:
                uploads.send()
            self._compare()
        except PunchesDiffer:
            return False
        return True

    def _compare(self) -> None:
        engine = connect(self._central_url)
        try:
            with reading(engine) as conn:
                if not inspect(conn).has_table("punches"):
                    raise PunchesDiffer("central has no tables: every start so far was killed too early")
                for wall in self._walls:
                    wall.compare(conn, until=utc_now())
        finally:
            engine.dispose()

    def _check_claims(self) -> None:
        engine = connect(self._central_url)
        try:
            with reading(engine) as conn:
                # Killed at its very first start it may have made no tables yet.
                if inspect(conn).has_table("coverage"):
                    unordered = {each.wall.terminal for each in self._uploads if not each.keeps_order}
                    for wall in self._walls:
                        if wall.terminal not in unordered:
                            wall.check_claims(conn)
        finally:
            engine.dispose()
