"""A report's file is whole, private and alone, or it is not there."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.reports.files import digest, private


def test_a_file_takes_the_place_of_the_older_one_and_is_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "laporan.html"
    path.write_bytes(b"an older report")
    with private(path, b"page"):
        pass
    assert path.read_bytes() == b"page"
    assert list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "laporan.html"
    told = r"missing.laporan\.html cannot be written: No such file"
    with pytest.raises(WrongUsage, match=told), private(missing, b"page"):
        pass


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(WrongUsage, match="cannot be written"), private(tmp_path / "folder", b"page"):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]


def test_the_digest_is_that_of_sha256sum() -> None:
    assert digest(b"page") == f"sha256:{hashlib.sha256(b'page').hexdigest()}"
