"""What somebody on the network makes of scores that other hosts work out."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.journey.conftest import Installation


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tls://127.0.0.1:9"])
def test_t32_no_score_is_worked_out_by_a_cluster_and_nobody_is_asked(tmp_path: Path, address: str) -> None:
    """Before, from any program on the network that knew the scheduler's address and nothing else, with the cluster that
    `score run --cluster` asked for:

        >>> Client("tcp://127.0.0.1:37003").run(lambda: open("/etc/shadow").readline()[:5])
        {'tcp://127.0.0.1:44231': 'root:'}
    """
    installation = Installation(tmp_path, f"sqlite:///{tmp_path}/central.db")
    told = installation.run("score", "run", "--month", "2026-09", "--cluster", address)
    assert told.code == 7
    assert f"--cluster {address}: scores go to no other host" in told.err
    assert not (tmp_path / "central.db").exists()


def test_t32_nothing_that_speaks_with_a_cluster_comes_with_the_program() -> None:
    """An unpickled answer is code: what unpickles answers of other hosts is not installed at all."""
    assert importlib.util.find_spec("ekinerja_agent.usecases.month.cluster") is None
    pins = (Path(__file__).parents[2] / "constraints.txt").read_text(encoding="utf-8")
    assert not {"dask", "distributed", "cloudpickle"} & {line.partition("==")[0] for line in pins.splitlines()}
