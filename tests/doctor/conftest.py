"""A host on which nothing is wrong, and what the doctor says of it once something is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.access.accounts import actor
from ekinerja_agent.central.imported.batches import store_batch
from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect, transaction
from ekinerja_agent.config import load
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.simulator import Device, Fault, Model, serve
from ekinerja_agent.usecases.collecting import collect
from ekinerja_agent.usecases.collecting.forward import forward
from ekinerja_agent.usecases.watching.doctor import Host, Outcome, State, examine
from tests.proof.years import know_the_years

RULES = Path(__file__).parents[2] / "config" / "rules"
ZONE = ZoneInfo("Asia/Makassar")


@dataclass
class Ward:
    """One box, its terminals and its database. It begins now, as central's clock does; then a test lets time pass."""

    directory: Path
    url: str
    now: datetime = field(default_factory=lambda: utc_now().replace(microsecond=0))
    roles: Sequence[str] = ("collect", "score")
    terminals: list[dict[str, Any]] = field(default_factory=list)
    _open: ExitStack = field(default_factory=ExitStack)

    @property
    def agent(self) -> Path:
        return self.directory / "agent.yaml"

    @property
    def state(self) -> Path:
        return self.directory / "state"

    def configure(self, **changed: Any) -> None:
        """Write agent.yaml, devices.yaml and the rules with a decree for every value. JSON is YAML."""
        agent = {
            "roles": list(self.roles),
            "state_dir": "state",
            "devices": "devices.yaml",
            "rules": "rules",
            "central": {"url": self.url},
            "poll": {"timeout": "1s"},
        }
        self.agent.write_text(json.dumps(agent | changed))
        (self.directory / "devices.yaml").write_text(json.dumps({"terminals": self.terminals}))
        if not (self.directory / "rules").exists():
            shutil.copytree(RULES, self.directory / "rules")
            decree = {
                "value": "*",
                "profile": "tpp-model",
                "decree": "Perbup 1/2026",
                "date": "2026-01-02",
                "by": "Bupati",
            }
            (self.directory / "rules" / "adopted.yaml").write_text(json.dumps({"adopted": [decree]}))
            know_the_years(self.directory / "rules", self.now.year, self.now.year + 1)

    def terminal(
        self, name: str = "lobby", *faults: Fault, model: Model | None = None, transport: str = "tcp", **keys: Any
    ) -> Device:
        """Switch a terminal on, with one punch of ten minutes ago, and write it into devices.yaml."""
        device = Device(serial=f"SN-{name}", model=model or Model(), zone=ZONE, now=lambda: self.now)
        device.punch("1001", self.now - timedelta(minutes=10))
        endpoint = self._open.enter_context(serve(device, transport, faults=faults))
        place = {"address": f"127.0.0.1:{endpoint.port}", "transport": transport}
        self.terminals.append({"id": name, "office": "DINKES", "timezone": ZONE.key} | place | keys)
        self.configure()
        return device

    def poll(self, name: str = "lobby") -> None:
        """Read a terminal into the spool, as the service does."""
        config = load(self.agent)
        with collect.open_spool(config.agent.spool_path) as spool:
            collect.poll(
                config.terminal(name),
                spool,
                state_dir=self.state,
                tolerance_s=120,
                reply_timeout_s=1.0,
                host_clock_trusted=True,
                now=lambda: self.now,
            )

    def forward(self) -> None:
        """Bring what waits to central."""
        with collect.open_spool(self.state / "spool.db") as spool:
            forward(spool, self.central, now=lambda: self.now)

    def collect(self, name: str = "lobby") -> None:
        self.poll(name)
        self.forward()

    @property
    def central(self) -> Engine:
        if not hasattr(self, "_engine"):
            self._engine = connect(self.url)
            require_current(self._engine)
            self._open.callback(self._engine.dispose)
        return self._engine

    def store(self, kind: str, *rows: dict[str, Any]) -> None:
        """Facts as an import would bring them."""
        account = actor(self.central, "root", self.now).account
        numbered = [row | {"row": number} for number, row in enumerate(rows, 2)]
        with transaction(self.central) as conn:
            store_batch(conn, account.id, kind, f"{kind}.csv", "sha256:0", numbered, 0, self.now)

    def enrol(self, pin: str = "1001") -> None:
        self.store("enrolments", {"terminal": "*", "pin": pin, "nip": "199001012015011001"})

    def after(self, **passed: float) -> None:
        self.now += timedelta(**passed)

    def examine(self, *, synchronised: bool = True) -> list[Outcome]:
        """Ask the doctor, on a host whose own clock is right unless told otherwise."""
        with Host(str(self.agent), lambda: self.now, synchronised) as host:
            return list(examine(host))

    def wrong(self, check: str, *, synchronised: bool = True) -> list[Outcome]:
        """What is wrong by one check. Whatever is found anywhere says what to do about it."""
        outcomes = self.examine(synchronised=synchronised)
        assert all(each.finding and each.what_to_do for each in outcomes if each.state is not State.OK)
        return [each for each in outcomes if each.check == check and each.state is State.WRONG]

    def close(self) -> None:
        self._open.close()


@pytest.fixture
def ward(tmp_path: Path, central_url: str) -> Iterator[Ward]:
    """A healthy box: one terminal, read a moment ago, whose only PIN has a person. On SQLite and on PostgreSQL."""
    directory = tmp_path / "box"
    directory.mkdir(mode=0o750)
    ward = Ward(directory, central_url)
    ward.terminal()
    ward.collect()
    ward.enrol()
    yield ward
    ward.close()


@pytest.fixture
def empty_ward(tmp_path: Path) -> Iterator[Ward]:
    """A box on SQLite on which nothing was started yet."""
    ward = Ward(tmp_path, f"sqlite:///{tmp_path / 'central' / 'central.db'}")
    ward.configure()
    yield ward
    ward.close()
