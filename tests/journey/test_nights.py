"""What the service of the centre does by itself: it takes the inbox, does what silence does, and scores."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from ekinerja_agent.central.store.engine import connect, transaction
from ekinerja_agent.central.store.tables.feed import feed_activities
from ekinerja_agent.central.store.tables.recorded import clock_readings
from ekinerja_agent.host import clock
from ekinerja_agent.nouns.instants import utc_now
from tests.journey.conftest import Installation, nip
from tests.proof.years import know_the_years

pytestmark = pytest.mark.long

ANI, BUDI = nip(1), nip(2)
PATIENCE_S = 120.0
TODAY = datetime.now(UTC).date()
LONG_AGO = (TODAY - timedelta(days=20)).isoformat()


@pytest.fixture
def office(installation: Installation) -> Installation:
    known = (int(LONG_AGO[:4]), TODAY.year, TODAY.year + 1)  # the night of this test may be New Year's Eve
    know_the_years(installation.directory / "rules", *known)
    installation.ok("db", "upgrade")
    installation.load("units", [{"code": "DINKES", "name": "Dinas", "timezone": "Asia/Makassar", "head_nip": BUDI}])
    people = [{"nip": each, "name": "Ani", "unit": "DINKES"} for each in (ANI, BUDI)]
    installation.load("employees", [one | {"status": "pns", "attendance": "terminal"} for one in people])
    installation.ok("account", "add", "ekinerja_feed", "--role", "employee", "--feed", "activities")
    return installation


def send(office: Installation) -> None:
    row = {"nip": ANI, "date": LONG_AGO, "description": "Rapat", "status": "pending", "activity_id": "A"}
    engine = connect(office.url)
    with transaction(engine) as conn:
        conn.execute(insert(feed_activities).values(row | {"starts": "08:00", "ends": "10:00", "entered_at": LONG_AGO}))
    engine.dispose()


def events(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


@contextmanager
def service(office: Installation, **changes: Any) -> Iterator[Path]:
    """The service as a process; its log."""
    path = office.directory / "agent.yaml"
    agent = json.loads(path.read_text()) | {"roles": ["score"], "log": {"format": "json"}} | changes
    path.write_text(json.dumps(agent))
    log = office.directory / "service.log"
    with log.open("w") as file:
        command = [sys.executable, "-m", "ekinerja_agent", "--config", str(path), "run"]
        process = subprocess.Popen(command, stderr=file, env=os.environ | {"TZ": "UTC"})
    try:
        yield log
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def until_told(log: Path, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for event in events(log):
            if event["event"] == name:
                return event
        time.sleep(0.1)
    raise AssertionError(f"{name} was not told within {PATIENCE_S} s: {log.read_text()}")


@pytest.mark.parametrize("central_url", ["postgresql"], indirect=True)  # a minute begins alike on either database
def test_the_inbox_is_taken_after_the_start_and_at_night_silence_decides_and_the_months_are_scored(
    office: Installation,
) -> None:
    send(office)
    at = datetime.now(UTC) + timedelta(seconds=75)  # time enough to start; cron fires at whole minutes
    with service(office, score={"at": f"{at:%H:%M}"}) as log:
        assert until_told(log, "feed.done")["stored"] == 1
        assert until_told(log, "silence.done")["approved"] == 1
        until_told(log, "score.done")
    (row,) = json.loads(office.ok("activity", "list", "--format", "json"))
    assert (row["status"], row["decided_by"], row["silent_nip"]) == ("approved", "system", BUDI)
    shown = json.loads(office.ok("score", "show", "--month", f"{datetime.now(UTC):%Y-%m}", "--format", "json"))
    assert {document["nip"] for document in shown} == {ANI, BUDI}


def test_a_host_clock_that_jumped_ahead_ends_nobodys_time_to_decide(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(office)
    office.ok("activity", "feed")
    monkeypatch.setattr(clock, "is_synchronised", lambda: False)
    engine = connect(office.url)
    with transaction(engine) as conn:
        told = {"terminal": "lobby", "at": utc_now(), "offset_s": -30 * 86_400, "trusted": False}
        conn.execute(insert(clock_readings).values(told))
    engine.dispose()
    outcome = office.run("activity", "silence")
    assert outcome.code == 5
    assert "most terminals differ by 720 h" in outcome.err
    scored = office.run("score", "run", "--month", LONG_AGO[:7])
    assert scored.code == 0
    assert "nothing was approved or rejected" in scored.err
    (row,) = json.loads(office.ok("activity", "list", "--format", "json"))
    assert row["status"] == "pending"
    office.ok("activity", "silence", "--now", utc_now().isoformat())
    (row,) = json.loads(office.ok("activity", "list", "--format", "json"))
    assert row["status"] == "approved"
