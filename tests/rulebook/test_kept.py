"""Rules that a process has read before are not parsed again, and any change of what a file says is seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ekinerja_agent.nouns.errors import ConfigurationError
from ekinerja_agent.rulebook import load_rulebook

Edited = Callable[..., Path]


def test_the_same_files_are_read_once_wherever_they_lie(shipped: Path, edited: Edited) -> None:
    assert load_rulebook(edited()) is load_rulebook(shipped)


def test_a_value_that_changes_is_seen(edited: Edited) -> None:
    before = load_rulebook(edited())
    after = load_rulebook(edited("profiles/tpp-model.yaml", "value: 1.5", "value: 1.6"))
    assert after.digest != before.digest
    assert load_rulebook(edited("profiles/tpp-model.yaml", "value: 1.6", "value: 1.5")).digest == before.digest


def test_a_value_behind_a_link_is_seen(edited: Edited, tmp_path: Path) -> None:
    directory = edited()
    (directory / "profiles").rename(tmp_path / "elsewhere")
    (directory / "profiles").symlink_to(tmp_path / "elsewhere")
    before = load_rulebook(directory)
    assert load_rulebook(edited("profiles/tpp-model.yaml", "value: 1.5", "value: 1.6")).digest != before.digest


def test_a_file_that_comes_goes_or_breaks_is_told(edited: Edited) -> None:
    directory = edited()
    load_rulebook(directory)
    stray = directory / "notes" / "more.yaml"
    stray.parent.mkdir()
    stray.write_text("a: b\n")
    with pytest.raises(ConfigurationError, match="is not read"):
        load_rulebook(directory)
    stray.unlink()
    load_rulebook(directory)
    (directory / "unexcused.yaml").unlink()
    with pytest.raises(ConfigurationError, match="no such file"):
        load_rulebook(directory)
