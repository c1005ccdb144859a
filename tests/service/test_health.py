"""The service seen from outside: pages, textfile, news, and a log without persons."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, insert, select

from ekinerja_agent.central.store.engine import connect, transaction
from ekinerja_agent.central.store.tables.feed import feed_activities, feed_answers
from ekinerja_agent.simulator import Device, serve
from ekinerja_agent.usecases.importing.feed import ACCOUNT
from tests.proof.box import PATIENCE_S, Box, ended, until

pytestmark = pytest.mark.long

NIP, NAME, PIN = "199001012015011001", "Suryaningrat", "774411001"
PEOPLE = {
    "units": "code,name,timezone\nA,Dinas,Asia/Jakarta\n",
    "employees": f"nip,name,unit,status,allowance_rp\n{NIP},{NAME},A,pns,4000000\n",
    "enrolments": f"terminal,pin,nip\n*,{PIN},{NIP}\n",
}


class Office(Box):
    """A box with people."""

    def load(self, kind: str, text: str) -> None:
        """Import a file."""
        path = self.directory / f"{kind}.csv"
        path.write_text(text)
        self.ok("import", kind, str(path))

    def ok(self, *arguments: str) -> None:
        """Run one command that must succeed."""
        outcome = self.run(*arguments)
        assert outcome.code == 0, outcome

    def feed(self, *rows: dict[str, str]) -> int:
        """Let another application offer activities; return how many answers there are."""
        engine = connect(f"sqlite:///{self.directory / 'central.db'}")
        with transaction(engine) as conn:
            for row in rows:
                conn.execute(insert(feed_activities).values(row))
            answers = conn.execute(select(func.count()).select_from(feed_answers)).scalar_one()
        engine.dispose()
        return answers


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Office]:
    with ended(Office(tmp_path)) as office:
        yield office


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def get(port: int, path: str) -> tuple[int, str] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return None


def status(port: int) -> int | None:
    answer = get(port, "/health")
    return None if answer is None else answer[0]


def metrics(text: str) -> dict[str, float]:
    """Samples by name and labels in one string."""
    return {
        " ".join([sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@contextmanager
def listener() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook that keeps what it is told."""
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keep the output of the tests clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", told
        finally:
            server.shutdown()
            thread.join()


def test_pages_show_a_terminal_its_punches_and_that_all_is_well(box: Office) -> None:
    device, port = Device(), free_port()
    device.punch("1001")
    with serve(device) as endpoint:
        web, once = {"listen": f"127.0.0.1:{port}"}, {"every": "1h", "timeout": "30s"}
        box.configure(endpoint, roles=["collect", "score", "web"], web=web, poll=once)
        process = box.start()
        until(lambda: status(port) == 200, "health")
        found = until(
            lambda: (
                (m := metrics(get(port, "/metrics")[1])).get("ekinerja_central_last_delivery_timestamp_seconds") and m
            ),
            "a delivery among the metrics",
        )
        assert found["ekinerja_terminal_up office=A terminal=t1"] == 1
        assert found["ekinerja_terminal_records office=A terminal=t1"] == 1
        assert found["ekinerja_spool_waiting_punches"] == 0
        assert found["ekinerja_job_failing job_name=poll"] == 0
        asked = len(device.commands)
        for _ in range(20):
            assert get(port, "/health")
            assert get(port, "/metrics")
        assert len(device.commands) == asked  # a request asks no terminal
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert get(port, "/health") is None


def test_a_reload_moves_the_address_and_one_that_is_taken_leaves_the_old_one(box: Office) -> None:
    first, second = free_port(), free_port()
    web = ["score", "web"]
    box.configure(roles=web, web={"listen": f"127.0.0.1:{first}"})
    process = box.start()
    until(lambda: status(first) == 200, "health")
    with socket.create_server(("127.0.0.1", 0)) as other:
        box.configure(roles=web, web={"listen": f"127.0.0.1:{other.getsockname()[1]}"})
        process.send_signal(signal.SIGHUP)
        until(lambda: box.has_event("config.refused"), "the refusal")
    until(lambda: status(first) == 200, "the old address as before")
    box.configure(roles=web, web={"listen": f"127.0.0.1:{second}"})
    process.send_signal(signal.SIGHUP)
    until(lambda: status(second) == 200, "the new address")
    assert get(first, "/health") is None
    box.configure(roles=["score"])
    process.send_signal(signal.SIGHUP)
    until(lambda: get(second, "/health") is None, "the end of the role")
    assert process.poll() is None


def test_an_address_that_is_taken_ends_the_start_with_4_and_a_sentence(box: Office) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        box.configure(roles=["score", "web"], web={"listen": f"127.0.0.1:{port}"})
        assert box.start().wait(PATIENCE_S) == 4
    said = (box.directory / "log-0").read_text()
    assert f"web.listen: nothing can listen on 127.0.0.1:{port}" in said
    assert "Traceback" not in said


def test_systemd_hears_that_it_is_ready_when_pages_answer(box: Office) -> None:
    port, address = free_port(), str(box.directory / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(PATIENCE_S)
        box.configure(roles=["score", "web"], web={"listen": f"127.0.0.1:{port}"})
        process = box.start(NOTIFY_SOCKET=address)
        assert manager.recv(4096) == b"READY=1"
        assert status(port) in {200, 503}
        process.send_signal(signal.SIGTERM)
        assert manager.recv(4096) == b"STOPPING=1"
        assert process.wait(PATIENCE_S) == 0


def test_an_office_server_writes_the_same_metrics_and_loads_no_web_server(box: Office) -> None:
    device = Device()
    device.punch("1001")
    file = box.directory / "agent.prom"
    with serve(device) as endpoint:
        box.configure(endpoint, roles=["collect"], metrics={"textfile": "agent.prom"})
        process = box.start()
        until(file.exists, "the textfile")
        found = until(
            lambda: (m := metrics(file.read_text())).get("ekinerja_terminal_up office=A terminal=t1") == 1 and m,
            "the terminal in the textfile",
        )
        mapped = Path(f"/proc/{process.pid}/maps").read_text()
    assert "ekinerja_spool_waiting_punches" in found
    assert "_ssl" not in mapped
    assert "polars" not in mapped


def test_news_reaches_people_once_over_a_restart(box: Office) -> None:
    with listener() as (url, told), serve(Device()) as endpoint:
        notify = {"gather": "0s", "language": "en", "targets": [{"kind": "webhook", "url": url}]}
        # A job that cannot work: a directory stands where the textfile should.
        (box.directory / "agent.prom").mkdir()
        box.configure(endpoint, roles=["collect"], metrics={"textfile": "agent.prom"}, notify=notify)
        process = box.start()
        until(lambda: any("The job textfile failed" in each["text"] for each in told), "news of the job")
        process.kill()
        process.wait()
        box.start()
        until(lambda: box.has_event("textfile.failed"), "the job fails again")
        time.sleep(7)  # one more measurement
        # Killed before it noted that the message was taken, it sends it once more: the same one.
        assert len({each["id"] for each in told if "The job textfile failed" in each["text"]}) == 1
        (box.directory / "agent.prom").rmdir()
        until(lambda: any("Well again" in each["text"] for each in told), "news that it is well")
    assert box.has_event("textfile.failed")
    assert [event["event"] for event in box.events()].count("textfile.failed") == 1


def test_no_line_of_the_log_names_a_person(box: Office) -> None:
    """Punches, a feed, a reload, a terminal that goes away: no PIN, NIP or name in any line, nor in a page."""
    pins = [PIN, "774411002", "774411003"]
    device, port = Device(), free_port()
    with serve(device) as endpoint:
        box.configure(endpoint, roles=["collect", "score", "web"], web={"listen": f"127.0.0.1:{port}"})
        for kind, text in PEOPLE.items():
            box.load(kind, text)
        box.ok("account", "add", ACCOUNT, "--role", "employee", "--feed", "activities")
        entry = {"activity_id": "1", "nip": NIP, "date": "2026-09-10", "starts": "08:00", "ends": "09:00"}
        box.feed(entry | {"description": f"Rapat {NAME}", "status": "pending"}, {"activity_id": "2", "nip": NIP[:-1]})
        process = box.start()
        for pin in pins:
            device.punch(pin)
        until(lambda: len(box.punches()) == len(pins), "the punches in central")
        until(lambda: box.feed() == 2, "both answers to the feed")
        pages = [until(partial(get, port, page), page)[1] for page in ("/health", "/metrics")]
        process.send_signal(signal.SIGHUP)
        until(lambda: box.has_event("config.reloaded"), "the reload")
    until(lambda: box.has_event("terminal.away"), "away")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0
    log = (box.directory / "log-0").read_text()
    assert {"terminal.read", "feed.done"} <= {event["event"] for event in box.events()}
    for told in (log, *pages):
        assert [secret for secret in (*pins, NIP, NIP[:-1], NAME) if secret in told] == []
