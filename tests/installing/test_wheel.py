"""The wheel that sites and other programs install holds what the checkout holds, and says that its types are meant."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The paths of the files in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    (wheel,) = folder.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def files_below(folder: str) -> set[str]:
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file() and path.parent.name != "__pycache__")
    return {path.relative_to(ROOT).as_posix() for path in found}


def test_it_holds_every_file_of_the_program_and_of_its_configuration(packed: set[str]) -> None:
    shipped = {f"ekinerja_agent/shipped/{name}" for name in files_below("config")}
    assert {name for name in packed if ".dist-info/" not in name} == files_below("ekinerja_agent") | shipped


def test_a_type_checker_takes_the_types_of_the_installed_program(packed: set[str]) -> None:
    assert "ekinerja_agent/py.typed" in packed
