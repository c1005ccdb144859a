"""What somebody who can write one small file into a directory makes of a command that is run there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ekinerja_agent.demo import files
from ekinerja_agent.nouns.errors import Refused


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
