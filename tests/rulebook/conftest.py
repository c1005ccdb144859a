from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

SHIPPED = Path(__file__).parents[2] / "config/rules"


@pytest.fixture(scope="session")
def shipped() -> Path:
    """The rules directory of the repository."""
    return SHIPPED


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., Path]:
    """Copies the shipped rules and replaces one text in one of their files, once."""

    def edit(name: str = "", old: str = "", new: str = "") -> Path:
        directory = tmp_path / "rules"
        if not directory.exists():
            shutil.copytree(SHIPPED, directory)
        if name:
            path = directory / name
            text = path.read_text()
            assert old in text
            path.write_text(text.replace(old, new, 1))
        return directory

    return edit
