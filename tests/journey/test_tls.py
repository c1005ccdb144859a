"""The central database over TLS: the right server is used, every other one gets nothing and is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.journey.conftest import Installation
from tests.proof import databases
from tests.proof.tls import authority, signed, tls_in_front

CASES = {
    # which host is asked, whose certificate is trusted, how much is asked; exit code, and words of the sentence
    "the right server": ("localhost", "ours", "verify-full", 0, ""),
    "another host name than the certificate's": ("127.0.0.1", "ours", "verify-full", 4, "does not match host name"),
    "signed by somebody else": ("localhost", "another", "verify-full", 4, "certificate verify failed"),
    "only its signature is asked for": ("127.0.0.1", "ours", "verify-ca", 0, ""),
    "a signature of somebody else": ("127.0.0.1", "another", "verify-ca", 4, "certificate verify failed"),
}


@pytest.mark.parametrize("case", CASES)
def test_only_the_server_that_proves_who_it_is_is_used(case: str, tmp_path: Path, postgres_template: str) -> None:
    host, trusted, mode, code, words = CASES[case]
    authorities = {name: authority(tmp_path, name) for name in ("ours", "another")}
    certificate = signed(tmp_path, authorities["ours"], "localhost")
    with databases.copy_of(postgres_template, tmp_path) as url:
        socket = f"{make_url(url).query['host']}/.s.PGSQL.5432"
        with tls_in_front(socket, certificate) as port:
            address = f"postgresql+psycopg2://postgres@{host}:{port}/{make_url(url).database}"
            office = Installation(tmp_path, address)
            _ask_for(office, {"url": address, "sslmode": mode, "sslrootcert": authorities[trusted].file.name})
            checked = office.run("db", "check")
            listed = office.run("account", "list")
    assert checked.code == listed.code == code, checked
    if code:
        for told in (words, f"on {host}:{port} is not trusted", "central.sslrootcert", "nothing was sent to it"):
            assert told in listed.err


def test_a_server_without_tls_is_not_used_where_tls_is_asked_for(tmp_path: Path, postgres_url: str) -> None:
    """On a socket file libpq asks for none, so the server is reached through a port that does not offer it."""
    ours = authority(tmp_path, "ours")
    socket = f"{make_url(postgres_url).query['host']}/.s.PGSQL.5432"
    with tls_in_front(socket, None) as port:
        address = f"postgresql+psycopg2://postgres@localhost:{port}/{make_url(postgres_url).database}"
        office = Installation(tmp_path, address)
        _ask_for(office, {"url": address, "sslmode": "verify-full", "sslrootcert": ours.file.name})
        listed = office.run("account", "list")
    assert (listed.code, "server does not support SSL" in listed.err) == (4, True), listed


def _ask_for(office: Installation, central: dict[str, Any]) -> None:
    settings = office.directory / "agent.yaml"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"central": central}))
