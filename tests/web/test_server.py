"""The pages over a real socket, the headers they carry, and addresses that cannot be had."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ekinerja_agent.nouns.errors import ConfigurationError, TemporarilyUnavailable
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.usecases.watching.health.facts import HostFacts, Snapshot
from ekinerja_agent.web.app import create_app
from ekinerja_agent.web.server import WebServer, bind
from ekinerja_agent.yamlfile.scalars import HostPort


class Site:
    """A server on loopback, and what was last measured."""

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None
        listener = bind(HostPort("127.0.0.1", 0), "agent.yaml")
        self.port = listener.getsockname()[1]
        self.server = WebServer(listener, create_app(lambda: self.snapshot))

    def get(self, path: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - loopback
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read().decode()


def measured(at: datetime, **host: Any) -> Snapshot:
    well = HostFacts(clock_synchronised=True, clock_vouches=True, free_bytes=1 << 40, free_files=None)
    return Snapshot(at=at, version="1", started_at=at, host=replace(well, **host))


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.server.stop()


def test_before_anything_was_measured_nothing_is_well(site: Site) -> None:
    status, _, body = site.get("/health")
    assert status == 503
    assert json.loads(body)["reasons"][0]["condition"] == "stale"
    assert site.get("/metrics")[0] == 503


def test_health_is_200_with_warnings_and_503_with_what_is_critical(site: Site) -> None:
    site.snapshot = measured(utc_now(), clock_vouches=False)
    status, _, body = site.get("/health")
    assert (status, json.loads(body)["status"]) == (200, "ok")
    assert [reason["severity"] for reason in json.loads(body)["reasons"]] == ["warning"]
    site.snapshot = measured(utc_now(), free_bytes=1)
    status, headers, body = site.get("/health")
    assert (status, json.loads(body)["status"]) == (503, "failing")
    assert headers["content-type"] == "application/json"
    (reason,) = json.loads(body)["reasons"]
    assert (reason["condition"], reason["subject"], reason["severity"]) == ("disk_low", None, "critical")
    assert reason["text"].startswith("Only 0 MiB")


def test_a_measurement_that_is_old_is_no_health(site: Site) -> None:
    site.snapshot = measured(utc_now() - timedelta(minutes=6))
    assert site.get("/health")[0] == 503


def test_metrics_come_as_prometheus_asks_for_them(site: Site) -> None:
    site.snapshot = measured(utc_now())
    status, headers, body = site.get("/metrics")
    assert status == 200
    assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    names = {family.name for family in text_string_to_metric_families(body)}
    assert {"ekinerja_agent_info", "ekinerja_host_disk_free_bytes"} <= names


def test_every_answer_is_fresh_and_runs_nothing(site: Site) -> None:
    for path, status in (("/health", 503), ("/nothing", 404)):
        answered, headers, _ = site.get(path)
        assert answered == status
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "server" not in headers
    assert site.get("/health", "POST")[0] == 405


def test_an_address_that_is_in_use_is_told_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = HostPort("127.0.0.1", other.getsockname()[1])
        with pytest.raises(TemporarilyUnavailable, match=rf"agent.yaml: web.listen: nothing can listen on {address}"):
            bind(address, "agent.yaml")


def test_an_address_of_another_host_may_come_later_but_a_wrong_name_never() -> None:
    with pytest.raises(TemporarilyUnavailable, match=r"192\.0\.2\.1:8460"):
        bind(HostPort("192.0.2.1", 8460), "agent.yaml")
    with pytest.raises(ConfigurationError, match=r"web\.listen"):
        bind(HostPort("no-such-host.invalid", 8460), "agent.yaml")


def test_ipv6_is_an_address_too() -> None:
    listener = bind(HostPort("::1", 0), "agent.yaml")
    assert listener.family == socket.AF_INET6
    listener.close()


def test_after_the_stop_the_address_is_free_and_no_thread_is_left() -> None:
    site = Site()
    assert site.get("/health")[0] == 503
    site.server.stop()
    assert "web" not in {thread.name for thread in threading.enumerate()}
    bind(HostPort("127.0.0.1", site.port), "agent.yaml").close()
