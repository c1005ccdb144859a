"""What a package index does that hands out other files than those that were tried."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("# --- what builds packages ---", "# --- what the program uses ---", "# --- what tests use ---")
DIGEST = re.compile(r"    --hash=sha256:[0-9a-f]{64}")


def pins() -> list[list[str]]:
    """The lines of each pin: version first, then its digests."""
    found: list[list[str]] = []
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            found.append([])
        found[-1].append(line.removesuffix(" \\"))
    return found


def test_every_pin_is_one_version_with_the_digests_of_its_files() -> None:
    found = pins()
    assert len(found) > 50
    for name, *digests in found:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; .+)?", name), name
        assert digests, name
        assert all(DIGEST.fullmatch(digest) for digest in digests), name
    names = [name.partition("==")[0] for name, *_ in found]
    assert len(names) == len(set(names))


def test_the_parts_that_are_installed_are_there_in_order_and_what_is_asked_for_is_pinned() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("# ---")] == list(PARTS)
    program = text.partition(PARTS[2])[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for asked in project["dependencies"]:
        name = re.split("[>=<\\[ ]", asked)[0]
        assert f"\n{name}==" in program, name
    for asked in project["optional-dependencies"]["test"]:
        assert f"\n{re.split('[>=<]', asked)[0]}==" in text, asked


@pytest.mark.parametrize("script", ["scripts/environment", "scripts/install.sh", "scripts/test-install"])
def test_nothing_is_fetched_without_its_digest(script: str) -> None:
    """A call of pip asks for digests, or takes nothing but the checkout."""
    text = (ROOT / script).read_text(encoding="utf-8").replace("\\\n", " ")
    calls = [line for line in text.splitlines() if re.search(r"\bpip (install|download|wheel)\b", line)]
    calls = [line for line in calls if not line.lstrip().startswith("#")]
    assert calls
    assert all("--require-hashes" in line or "--no-deps" in line.split("install")[-1] for line in calls), calls


def test_a_file_with_another_digest_is_not_installed(tmp_path: Path) -> None:
    """Before: `pip install -c constraints.txt` took whatever the index called by that name and version."""
    wheel = tmp_path / "idna-3.20-py3-none-any.whl"
    wheel.write_bytes(b"another one")
    (tmp_path / "pins").write_text(f"idna==3.20 \\\n    --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "download", "--no-index", "--no-deps", "--require-hashes"]
    told = subprocess.run(
        [*pip, "--find-links", str(tmp_path), "-r", str(tmp_path / "pins"), "-d", str(tmp_path / "got")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode != 0
    assert "DO NOT MATCH THE HASHES" in told.stderr
