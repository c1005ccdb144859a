"""What the doctor says of terminals that push, without asking them anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ekinerja_agent.config import load
from ekinerja_agent.locale.language import translate_to
from ekinerja_agent.spool import PushMemory, TerminalMemory, UnreadUploads
from ekinerja_agent.usecases.care import terminals
from ekinerja_agent.usecases.collecting import collect
from ekinerja_agent.usecases.collecting.push import ENCRYPTED, HEARD_WITHIN
from tests.doctor.conftest import Ward
from tests.proof.english import english_in


@pytest.fixture
def pushed(tmp_path: Path) -> Iterator[Ward]:
    """A box to which one terminal pushes."""
    ward = Ward(tmp_path, f"sqlite:///{tmp_path / 'central.db'}", roles=("collect", "score", "web"))
    gate = {"id": "gate", "office": "DINKES", "timezone": "Asia/Makassar"}
    ward.terminals.append(gate | {"transport": "none", "push": "true", "serial": "S1"})
    ward.configure()
    assert ward.central
    collect.open_spool(ward.state / "spool.db").close()
    yield ward
    ward.close()


def heard(ward: Ward, **memory: Any) -> None:
    with collect.open_spool(ward.state / "spool.db") as spool:
        spool.add((), push=PushMemory(**{"terminal": "gate", "serial": "S1", "contact_at": ward.now} | memory))


def listed(ward: Ward) -> dict[str, Any]:
    (row,) = terminals.overview(load(ward.agent), ward.central, now=ward.now)
    return row


def test_a_terminal_that_never_came_is_named_with_its_serial(pushed: Ward) -> None:
    (found,) = pushed.wrong("pushing")
    assert (found.subject, found.finding) == ("gate", "no terminal with serial S1 was ever heard of")
    assert listed(pushed)["state"] == terminals.NEVER_HEARD
    heard(pushed, serial="S0")  # the one before
    assert len(pushed.wrong("pushing")) == 1
    assert listed(pushed)["state"] == terminals.NEVER_HEARD


def test_a_terminal_that_is_silent_for_longer_than_its_handshake_makes_plausible(pushed: Ward) -> None:
    heard(pushed)
    pushed.now += HEARD_WITHIN
    assert pushed.wrong("pushing") == []
    assert listed(pushed)["last_contact"] == pushed.now - HEARD_WITHIN
    pushed.now += timedelta(seconds=1)
    (found,) = pushed.wrong("pushing")
    assert found.finding is not None
    assert found.finding.startswith("it was last heard of at ")
    assert listed(pushed)["state"] == terminals.SILENT


def test_what_its_uploads_show_is_told_and_what_another_agent_takes_is_left_to_it(pushed: Ward) -> None:
    heard(pushed, state=ENCRYPTED)
    (found,) = pushed.wrong("pushing")
    assert found.finding == ENCRYPTED.partition("; ")[0]
    with collect.open_spool(pushed.state / "spool.db") as spool:
        spool.learn_owners({"gate": "another"})
    (found,) = pushed.wrong("pushing")
    assert found.finding == "the agent another takes its uploads, so this one does not"


def test_what_it_uploads_and_nobody_reads_is_told_beside_what_its_uploads_show(pushed: Ward) -> None:
    heard(pushed, state=ENCRYPTED)
    with collect.open_spool(pushed.state / "spool.db") as spool:
        spool.add((), unread=UnreadUploads("gate", kind="rtlog", seen_at=pushed.now))
    encrypted, unread = pushed.wrong("pushing")
    assert encrypted.finding == ENCRYPTED.partition("; ")[0]
    assert unread.finding == "it uploads `rtlog`, which this version does not read"
    assert unread.what_to_do is not None
    assert "punch quarantine" in unread.what_to_do
    with collect.open_spool(pushed.state / "spool.db") as spool:
        spool.add((), unread=UnreadUploads("gate", kind="rtlog", seen_at=pushed.now, refused=True))
    refused = pushed.wrong("pushing")[1]
    assert refused.finding is not None
    assert "than is kept of one terminal (32 MiB in 30 days)" in refused.finding
    pushed.now += timedelta(days=1)
    heard(pushed)
    assert pushed.wrong("pushing") == []


def test_the_list_tells_it_of_one_that_is_read_as_well(pushed: Ward) -> None:
    pushed.terminals[0] |= {"transport": "tcp", "address": "127.0.0.1:9"}
    pushed.configure()
    heard(pushed)
    assert listed(pushed)["state"] == "never read"
    with collect.open_spool(pushed.state / "spool.db") as spool:
        spool.add((), unread=UnreadUploads("gate", kind="rtlog", seen_at=pushed.now))
    assert listed(pushed)["state"].startswith("never read; uploads: it uploads `rtlog`, ")
    assert english_in(translate_to("id")(listed(pushed)["state"])) == []


def test_a_serial_that_another_id_is_read_under_is_told_by_doctor_and_list(pushed: Ward) -> None:
    heard(pushed)
    with collect.open_spool(pushed.state / "spool.db") as spool:
        spool.remember(TerminalMemory("hall", serial="S1"))
    (found,) = pushed.wrong("pushing")
    assert "already the one of hall" in found.finding
    assert "already the one of hall" in str(listed(pushed)["state"])
