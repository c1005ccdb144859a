"""A simulated terminal, an office with a spool, and a central database, with an officer who may clear and set."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select

from ekinerja_agent.central.access.accounts import Account, actor
from ekinerja_agent.central.schema.upgrade import require_current
from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.central.store.tables.recorded import punches, quarantine
from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.simulator import Device, Endpoint, Fault, Model, serve
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.care.verify import Desk

ZONE = ZoneInfo("Asia/Makassar")
NOW = datetime(2026, 9, 30, 2, 0, tzinfo=UTC)


@dataclass
class Post:
    """One terminal, and everything that an officer works at it with."""

    directory: Path
    engine: Engine
    device: Device
    trusted: bool = True
    spool: Spool = field(init=False)
    officer: Account = field(init=False)

    def __post_init__(self) -> None:
        self.directory.mkdir(exist_ok=True)
        self.spool = Spool(self.directory / "spool.db")
        self.officer = actor(self.engine, "siti", NOW).account

    def desk(self) -> Desk:
        return Desk(self.spool, self.engine, self.directory, 120, 1.0, self.trusted, now=self.device.now)

    def at(self, endpoint: Endpoint, transport: str = "tcp") -> TerminalConfig:
        fields = {"timezone": ZONE.key, "office": "DINKES", "id": "lobby", "transport": transport}
        return TerminalConfig.model_validate(
            {**fields, "address": f"{endpoint.host}:{endpoint.port}"}, context={"base": self.directory}
        )

    @contextmanager
    def served(self, *faults: Fault, transport: str = "tcp") -> Iterator[TerminalConfig]:
        with serve(self.device, transport, faults=faults) as endpoint:
            yield self.at(endpoint, transport)

    def in_central(self) -> set[bytes]:
        with reading(self.engine) as conn:
            return {bytes(raw) for table in (punches, quarantine) for raw in conn.scalars(select(table.c.raw))}

    def sent(self) -> list[int]:
        """Every command that the terminal received, in order."""
        return [received.command for received in self.device.commands]


def ticking(start: datetime = NOW) -> Callable[[], datetime]:
    """A host's clock that shows a new second each time somebody looks: no two punches of a test are one."""
    seconds = itertools.count()
    return lambda: datetime.fromtimestamp(start.timestamp() + next(seconds) * 0.25, UTC)


def terminal(**model: object) -> Device:
    """A terminal with five punches of that morning."""
    device = Device(serial="CARE1", model=Model(**model), zone=ZONE, now=lambda: NOW)  # type: ignore[arg-type]
    for minute in range(5):
        device.punch(str(1001 + minute % 3), datetime(2026, 9, 30, 7, 20 + minute))
    return device


@pytest.fixture
def post(tmp_path: Path, central: Engine) -> Iterator[Post]:
    post = Post(tmp_path / "office", central, terminal())
    yield post
    post.spool.close()


@pytest.fixture
def make_post_of(tmp_path: Path, central: Engine) -> Iterator[Callable[[Device], Post]]:
    """An office of a terminal that the test makes, on both databases."""
    made: list[Post] = []

    def make(device: Device) -> Post:
        made.append(Post(tmp_path / "office", central, device))
        return made[-1]

    yield make
    for post in made:
        post.spool.close()


@pytest.fixture
def make_post(tmp_path: Path) -> Iterator[Callable[[Device], Post]]:
    """Offices on SQLite, one after the other: for tests that need many."""
    numbers = itertools.count()
    made: list[Post] = []

    def make(device: Device) -> Post:
        directory = tmp_path / f"office-{next(numbers)}"
        engine = connect(f"sqlite:///{directory / 'central.db'}")
        require_current(engine)
        made.append(Post(directory, engine, device))
        return made[-1]

    yield make
    for post in made:
        post.spool.close()
        post.engine.dispose()


@pytest.fixture
def make_terminal() -> Callable[..., Device]:
    return terminal


@pytest.fixture
def ticking_clock() -> Callable[[], Callable[[], datetime]]:
    return ticking
