"""Commands that people type, run in this process: to start another one takes longer than what most of them do.

Promises what the shell would get to see. Does not know what a command does; where it matters that a command is a
process of its own (signals, users, environments), a test starts one.
"""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from ekinerja_agent import cli


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command ended with."""

    code: int
    out: str
    err: str


class _Heard(io.TextIOWrapper):
    """What a command prints, as text or as bytes."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="", write_through=True)

    def told(self) -> str:
        self.seek(0)
        return self.read()


def run(agent: Path, *arguments: str) -> Outcome:
    """Given agent.yaml and the words of a command, run it and return how it ended."""
    out, err = _Heard(), _Heard()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr("sys.argv", ["ekinerja-agent", "--config", str(agent), *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    code = ended.value.code
    return Outcome(code if isinstance(code, int) else int(code is not None), out.told(), err.told())
