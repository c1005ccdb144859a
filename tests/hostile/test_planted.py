"""What somebody who can write one small file into a directory makes of a command that is run there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ekinerja_agent.demo import files
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.secrets.sealing import new_key
from ekinerja_agent.simulator import Device, User, serve
from tests.journey.conftest import Installation


@pytest.mark.parametrize("planted", ["over an installation", "by another user", "as a link"])
def test_t45_a_planted_mark_of_a_demo_lets_no_demo_overwrite_what_is_there(tmp_path: Path, planted: str) -> None:
    """Before: after `touch .ekinerja-demo` beside a real agent.yaml `demo --dir .` replaced it, its rules and state."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "spool.db").write_text("punches")
    mark = tmp_path / files.MARK
    if planted == "over an installation":
        (tmp_path / "agent.yaml").write_text("roles: [collect]\n")
        mark.touch()
    elif planted == "by another user":
        mark.touch()
        os.chown(mark, 4711, 4711)
    else:
        mark.symlink_to("/etc/hostname")
    with pytest.raises(Refused, match="holds files that no demo wrote; nothing was changed"):
        files.prepare(tmp_path)
    assert (tmp_path / "state" / "spool.db").read_text() == "punches"


def test_t45_people_are_not_sealed_for_a_key_that_somebody_put_into_the_state(tmp_path: Path, central_url: str) -> None:
    """Before: with his own public key as state_dir/backup-key.pub every later backup of the fingers was his to open."""
    installation, directory = Installation(tmp_path, central_url), tmp_path
    back_up = ("terminal", "backup", "hall", "--out", str(directory / "hall.people"))
    device = Device(serial="OFF1")
    device.users["1001"] = User(uid=1, pin="1001")
    with serve(device) as endpoint:
        hall = {"id": "hall", "office": "DINKES", "address": f"127.0.0.1:{endpoint.port}", "timezone": "Asia/Makassar"}
        installation.configure(terminals=[hall])
        installation.ok("terminal", "key", "new", "--out", str(directory / "private.pem"))
        (kept,) = directory.rglob("backup-key.pub")
        own = kept.read_bytes()
        foreign = new_key().public
        kept.write_bytes(foreign.pem)
        refused = installation.run(*back_up)
        assert (refused.code, foreign.fingerprint in refused.err) == (7, True), refused
        assert not (directory / "hall.people").exists()
        kept.write_bytes(own)
        installation.ok(*back_up)
