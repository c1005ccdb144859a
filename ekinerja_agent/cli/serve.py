"""`python -m ekinerja_agent.cli.serve agent.yaml`: one command of one caller, for systemd to start at each connection.

Promises that the configuration is the one named here. Expects the connection as descriptor 3, as `Accept=yes` passes
it, and a folder of its own in RUNTIME_DIRECTORY.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Final

from ekinerja_agent.cli import main as do_command
from ekinerja_agent.cli.staff import errands
from ekinerja_agent.config.places import ENVIRONMENT_VARIABLE

_FIRST_HANDLE: Final = 3
"""SD_LISTEN_FDS_START of sd_listen_fds(3)."""


def main() -> None:
    """Take the connection, do what it asks for, and end."""
    if len(sys.argv) != 2 or os.environ.get("LISTEN_FDS") != "1" or "RUNTIME_DIRECTORY" not in os.environ:
        sys.exit("systemd starts this, by ekinerja-agent-command.socket")
    os.environ[ENVIRONMENT_VARIABLE] = sys.argv[1]
    connection = socket.socket(fileno=_FIRST_HANDLE)
    connection.set_inheritable(False)
    os.chdir("/")
    if errands.begin(connection, Path(os.environ["RUNTIME_DIRECTORY"])):
        do_command()


if __name__ == "__main__":
    main()
