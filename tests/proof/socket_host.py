"""An installed host in a directory: a service's user to whom the database belongs, a local socket, and two people.

Real processes of real operating-system users. What systemd does with `Accept=yes` a loop does here: it accepts, and
starts `ekinerja_agent.cli.serve` with the connection as descriptor 3. Wants root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from tests.proof import people

ROOT: Final = Path(__file__).parents[2]
SERVICE: Final = "daemon"
SARI: Final = "games"
BUDI: Final = "news"
CALL: Final = """
import os, stat, sys
from pathlib import Path
import click
from ekinerja_agent import cli
from ekinerja_agent.cli.staff import asking, attending, ways
from ekinerja_agent.locale.language import LANGUAGES, translate_to
from ekinerja_agent.nouns.errors import EkinerjaError
say = {each: translate_to(each) for each in LANGUAGES}["en"]
uid, gid, folder, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
if stat.S_ISFIFO(os.fstat(0).st_mode):
    os.fchown(0, uid, gid)
os.setgroups([]); os.setresgid(gid, gid, gid); os.setresuid(uid, uid, uid); os.chdir(folder)
try:
    attending.end_as(asking.through_socket(path, sys.argv[5:], os.environ))
except EkinerjaError as error:
    sys.stderr.write(f"{say(error.message)}\\n")
    sys.exit(error.exit_code)
"""
"""Becomes the person once all is read that only root may read here, and calls. The pipe becomes theirs too, as it is
where their shell made it.
"""


@dataclass
class SocketHost:
    """The host. `told` is what the service's side wrote where its journal would be."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def socket(self) -> Path:
        return self.directory / "command"

    @property
    def config(self) -> Path:
        return self.directory / "etc" / "agent.yaml"

    @property
    def told(self) -> str:
        return (self.directory / "journal").read_text()

    def home(self, user: str) -> Path:
        """A folder of that person, closed to all others."""
        return self.directory / user

    def caller(self, user: str, *words: str) -> list[str]:
        """The command that calls as that user."""
        entry = pwd.getpwnam(user)
        where = [str(entry.pw_uid), str(entry.pw_gid), str(self.home(user)), str(self.socket)]
        return [sys.executable, "-c", CALL, *where, *words]

    def run(self, user: str, *words: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.caller(user, *words),
            input=given,
            env=people.lying("root") | {"LC_ALL": "C"} | environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def ok(self, user: str, *words: str, given: str = "", **environment: str) -> str:
        done = self.run(user, *words, given=given, **environment)
        assert done.returncode == 0, done
        return done.stdout

    def as_service(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command as the service's own user runs it."""
        return subprocess.run(
            people.command_of(SERVICE, sys.executable, "-m", "ekinerja_agent", "--config", str(self.config), *words),
            env=people.lying("root") | {"LC_ALL": "C"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def socket_host(url: str | None = None) -> Iterator[SocketHost]:
    """A host whose database is at the URL, or SQLite's in its state_dir."""
    directory = Path(tempfile.mkdtemp(prefix="ekinerja-host-", dir="/dev/shm"))  # where other users may go
    directory.chmod(0o711)
    host = SocketHost(directory)
    _furnish(host, url)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener, (directory / "journal").open("w") as journal:
        listener.bind(str(host.socket))
        host.socket.chmod(0o666)  # who may is the file's mode, which systemd sets
        listener.listen(64)
        thread = threading.Thread(target=_accept, args=(listener, host, journal))
        thread.start()
        try:
            yield host
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            shutil.rmtree(directory, ignore_errors=True)


def _furnish(host: SocketHost, url: str | None) -> None:
    service = pwd.getpwnam(SERVICE)
    etc, state, turns = host.directory / "etc", host.directory / "state", host.directory / "turns"
    shutil.copytree(ROOT / "config" / "rules", etc / "rules")
    for folder in (state, turns):
        folder.mkdir(mode=0o700)
        os.chown(folder, service.pw_uid, service.pw_gid)
    central = url or f"sqlite:///{state / 'central.db'}"
    host.config.write_text(
        f"roles: [collect, score]\nstate_dir: {state}\ndevices: devices.yaml\nrules: rules\nprofile: tpp-model\n"
        f"central: {{url: '{central}'}}\n"
    )
    (etc / "devices.yaml").write_text("terminals: []\n")
    (etc / "secret").write_text("the key of the service\n")
    etc.chmod(0o700)
    for below, _, files in os.walk(etc):
        for each in ("", *files):
            os.chown(Path(below) / each, service.pw_uid, service.pw_gid)
    for user in (SARI, BUDI):
        entry = pwd.getpwnam(user)
        host.home(user).mkdir(mode=0o700)
        os.chown(host.home(user), entry.pw_uid, entry.pw_gid)
    done = host.as_service("db", "upgrade")
    assert done.returncode == 0, done


def _accept(listener: socket.socket, host: SocketHost, journal: IO[str]) -> None:
    started: list[subprocess.Popen[bytes]] = []
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            break
        with connection:
            started.append(_start(connection, host, journal))
        started = [each for each in started if each.poll() is None]
    for each in started:
        with suppress(ProcessLookupError):
            each.kill()
        each.wait()


def _start(connection: socket.socket, host: SocketHost, journal: IO[str]) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-c", SERVE, str(connection.fileno()), sys.executable, str(host.config)]
    return subprocess.Popen(
        people.command_of(SERVICE, *program),
        pass_fds=[connection.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=journal,
        stderr=subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], "LISTEN_FDS": "1", "RUNTIME_DIRECTORY": str(host.directory / "turns")}
        | host.environment,
        cwd=ROOT,
    )


SERVE: Final = """
import os, sys
if int(sys.argv[1]) != 3:
    os.dup2(int(sys.argv[1]), 3)
    os.close(int(sys.argv[1]))
os.set_inheritable(3, True)
os.execv(sys.argv[2], [sys.argv[2], "-m", "ekinerja_agent.cli.serve", sys.argv[3]])
"""


def standard_files(*paths: str) -> Sequence[int]:
    """Files that are open as a caller's standard input, output and error would be."""
    flags = (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)
    return [os.open(path, flag) for path, flag in zip(paths or ("/dev/null",) * 3, flags, strict=True)]
