"""Where agent.yaml is looked for, and what is said where this user may not look.

Does not know what the file says.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ekinerja_agent.nouns.errors import ConfigurationError, Problem
from ekinerja_agent.nouns.messages import Message

ENVIRONMENT_VARIABLE: Final = "EKINERJA_CONFIG"
SEARCHED: Final = (Path("/etc/ekinerja-agent/agent.yaml"), Path("config/agent.yaml"))


def find_config(cli_value: str | None, environ: Mapping[str, str] = os.environ) -> Path:
    """Given what `--config` said, return agent.yaml: that, else EKINERJA_CONFIG, else /etc, else ./config.

    A file that was named is returned whether it exists or not. Raise ConfigurationError if nothing is found, and where
    this user may not look: the configuration of the host may be there, and another one is not taken in its place.
    """
    named = cli_value or environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named)
    for path in SEARCHED:
        if _is_there(path):
            return path
    looked = ", ".join(map(str, SEARCHED))
    message = Message(
        "there is no such file, nor the other places of agent.yaml ({looked}); name it with --config FILE",
        looked=looked,
    )
    raise ConfigurationError([Problem(str(SEARCHED[0]), 0, 0, "", message)])


def _is_there(path: Path) -> bool:
    try:
        return bool(_holds_a_file(path))
    except OSError as error:
        message = Message(
            "this user may not look there ({reason}); ask the administrator, or name a file by --config",
            reason=error.strerror,
        )
        raise ConfigurationError([Problem(str(path), 0, 0, "", message)]) from error


def other_configs(path: Path) -> list[Path]:
    """Given the agent.yaml that is used, return those of the places searched that exist too and are other files."""
    return [each for each in SEARCHED if is_file(each) and each.resolve() != path.resolve()]


def is_file(path: Path) -> bool:
    """Given a path, tell whether a plain file is there; False where this user may not look."""
    try:
        return bool(_holds_a_file(path))
    except OSError:
        return False


def is_missing(path: Path) -> bool:
    """Given a path, tell whether nothing is there; False where this user may not look."""
    try:
        return _holds_a_file(path) is None
    except OSError:
        return False


def _holds_a_file(path: Path) -> bool | None:
    """Whether what is there is a plain file; None: nothing is. Raise OSError where this user may not look."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
