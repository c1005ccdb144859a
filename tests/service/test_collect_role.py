"""An office server as a whole under the login of an office server: what it may do in the database is enough."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url

from ekinerja_agent.central.schema import roles
from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.simulator import Device, serve
from tests.proof import databases
from tests.proof.box import PATIENCE_S, Box, ended, until


@pytest.fixture
def central_with_roles(postgres_template: str, tmp_path: Path) -> Iterator[Engine]:
    with databases.copy_of(postgres_template, tmp_path) as url:
        engine = connect(url)
        roles.apply(engine, {})
        yield engine
        engine.dispose()


def test_the_service_of_an_office_works_with_the_rights_of_a_collector(
    central_with_roles: Engine, tmp_path: Path
) -> None:
    login = make_url(central_with_roles.url).set(username="ekinerja_collect").render_as_string(hide_password=False)
    device = Device()
    device.punch("1001")
    with serve(device) as endpoint, ended(Box(tmp_path)) as box:
        box.configure(endpoint, roles=["collect"], central={"url": login})
        process = box.start()
        until(lambda: _count(central_with_roles, "punches") == 1, "the first punch in central")
        device.punch("1002")
        until(lambda: _count(central_with_roles, "punches") == 2, "a new punch in central")
        for told in ("coverage", "terminal_facts", "terminal_status", "terminal_owners", "clock_readings"):
            until(lambda told=told: _count(central_with_roles, told) > 0, told)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        wrong = [event for event in box.events() if event["level"] in {"error", "critical"}]
        assert wrong == []
        assert "permission denied" not in (tmp_path / "log-0").read_text()


def _count(engine: Engine, table: str) -> int:
    with reading(engine) as conn:
        return int(conn.exec_driver_sql(f"select count(*) from {table}").scalar() or 0)
