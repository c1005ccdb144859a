"""What people of one host do who are not the service's user: at its local socket, and with links where root works.

Real processes of real operating-system users at a real socket, behind which the service's side runs with a right that
it has on no installed host: to open whatever it wants. What a caller may not open is then refused by the program alone.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import select
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import click
import pytest

from ekinerja_agent import cli
from ekinerja_agent.cli.shell.context import Context
from ekinerja_agent.cli.shell.named_files import NamedFile, OwnPath
from ekinerja_agent.cli.staff import asking, errands, ways
from ekinerja_agent.config import places
from ekinerja_agent.host import packets
from ekinerja_agent.nouns.errors import EkinerjaError
from tests.proof import databases
from tests.proof.box import PATIENCE_S, until
from tests.proof.socket_host import BUDI, ROOT, SARI, SERVICE, SocketHost, socket_host

pytestmark = pytest.mark.long

ANI = "198501012010011001"
DAY = "2026-09-07"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def host(request: pytest.FixtureRequest) -> Iterator[SocketHost]:
    """A host with an office, one employee, and two operators: sari's and budi's logins."""
    if request.param == "sqlite":
        with socket_host() as made:
            yield peopled(made)
    else:
        server = request.getfixturevalue("postgres_server")
        with databases.postgres_database(server) as url, socket_host(url) as made:
            yield peopled(made)


@pytest.fixture(scope="module")
def lone_host() -> Iterator[SocketHost]:
    """A host for what no database has a part in."""
    with socket_host() as made:
        yield made


def peopled(host: SocketHost) -> SocketHost:
    write(host, SARI, "units.csv", "code,name,timezone\nDINKES,Dinas,Asia/Jakarta\n")
    write(host, SARI, "employees.csv", f"nip,name,unit,valid_from\n{ANI},Ani,DINKES,2020-01-01\n")
    host.ok(SARI, "import", "units", "units.csv")
    host.ok(SARI, "import", "employees", "employees.csv")
    host.ok(SARI, "account", "add", BUDI, "--role", "operator", "--os-user", BUDI)
    third = host.run(SARI, "account", "add", "root", "--role", "operator", "--os-user", "root")
    assert (third.returncode, "waits as change 1 " in third.stderr) == (7, True), third
    host.ok(BUDI, "account", "confirm", "1", "--yes")
    return host


def write(host: SocketHost, user: str, name: str, text: str) -> Path:
    """A file in that person's folder that nobody else may read."""
    path = host.home(user) / name
    path.write_text(text)
    path.chmod(0o600)
    os.chown(path, pwd.getpwnam(user).pw_uid, -1)
    return path


def test_t2_t3_two_people_enter_and_sign_and_nobody_in_the_name_of_the_other(host: SocketHost) -> None:
    """Before, T2: `LOGNAME=sari ekinerja-agent account add x --role operator` ended with 0, the audit log named sari,
    who did not exist. T3: `sudo -u games ekinerja-agent account add …` said `attempt to write a readonly database`, 5.
    """
    correction = ("correction", "add", ANI, DAY, "arrive", "--time", "07:15", "--document", "SK 9")
    host.ok(SARI, *correction)
    lies = {"LOGNAME": BUDI, "USER": BUDI, "SUDO_USER": BUDI, "SUDO_UID": str(pwd.getpwnam(BUDI).pw_uid)}
    alone = host.run(SARI, "correction", "approve", "1", "--yes", **lies)
    assert (alone.returncode, f"{SARI} entered correction/1" in alone.stderr) == (7, True), alone
    host.ok(BUDI, "correction", "approve", "1", "--yes")
    rows = json.loads(host.ok(SARI, "audit", "list", "--action", "correction", "--format", "json"))
    acted = [(row["actor"], row["uid"]) for row in rows]
    assert acted == [(SARI, pwd.getpwnam(SARI).pw_uid), (BUDI, pwd.getpwnam(BUDI).pw_uid)]
    assert "unbroken" in host.ok(BUDI, "audit", "verify", "--head", host.ok(SARI, "audit", "head").strip())


def test_t3_who_does_not_answer_keeps_nobody_from_the_database(host: SocketHost) -> None:
    """A person whose process is stopped while their command waits for the file that it shall write."""
    with asked(host, ["report", "monthly", "--month", "2026-09", "--out", "report.html"]) as line:
        while "write" not in (packet := heard(line)):
            assert "end" not in packet, packet
        started = time.monotonic()
        host.ok(BUDI, "account", "add", f"x{os.getpid()}", "--role", "employee", "--nip", ANI)
        assert started < time.monotonic()
        packets.send(line, {"signal": []})
        while "end" not in (packet := heard(line)):
            pass
        assert packet["end"] in (2, 4)


def test_t3_files_are_opened_with_the_rights_of_the_caller_alone(lone_host: SocketHost) -> None:
    home, state = lone_host.home(SARI), lone_host.directory / "state"
    (home / "link").symlink_to(lone_host.config)
    (home / "folder").mkdir()
    os.chown(home / "folder", pwd.getpwnam(SARI).pw_uid, -1)
    refused = {
        str(lone_host.directory / "etc" / "secret"): "Permission denied",
        "link": "Permission denied",
        "/proc/self/cwd/folder": "Is a directory",
    }
    for path, why in refused.items():
        done = lone_host.run(SARI, "import", "units", path)
        assert (done.returncode, why in done.stderr, "key of the service" in done.stderr) == (2, True, False), done
    # What is handed over is what the caller has, whatever it is called on the service's side.
    given = "code,name,timezone\nDINKES,Dinas,Asia/Jakarta\n"
    assert "1,units,stdin,1,1" in lone_host.ok(SARI, "import", "units", "/dev/stdin", given=given)
    before = sorted(state.rglob("*"))
    done = lone_host.run(SARI, "report", "daily", "--month", "2026-09", "--out", str(state / "x.html"))
    assert (done.returncode, "Permission denied" in done.stderr) == (2, True), done
    assert sorted(state.rglob("*")) == before
    done = lone_host.run(SARI, "report", "daily", "--month", "2026-09", "--out", "report.html")
    assert (done.returncode, (home / "report.html").stat().st_uid) == (0, pwd.getpwnam(SARI).pw_uid), done


def test_t3_nothing_of_the_caller_chooses_configuration_or_language_but_their_own(lone_host: SocketHost) -> None:
    own = write(lone_host, SARI, "agent.yaml", "roles: [score]\n")
    done = lone_host.run(SARI, f"--config={own}", "account", "list")
    assert (done.returncode, "leave --config" in done.stderr) == (7, True), done
    done = lone_host.run(SARI, "account", "add", "", "--role", "head", EKINERJA_CONFIG=str(own), EKINERJA_LANG="id")
    assert (done.returncode, "akun harus punya nama" in done.stderr) == (2, True), done


@pytest.mark.parametrize("words", ["run", "db upgrade", "db roles", "backup make", "score plan"])
def test_t3_what_is_the_administrator_s_is_refused(lone_host: SocketHost, words: str) -> None:
    more = ("--month", "2026-09", "--rules", "/etc") if words == "score plan" else ()
    done = lone_host.run(SARI, *words.split(), *more)
    assert (done.returncode, "administrator" in done.stderr) == (7, True), done


def test_t3_who_may_not_call_and_whom_nobody_hears_is_told_what_to_do(lone_host: SocketHost) -> None:
    lone_host.socket.chmod(0o660)
    try:
        closed = lone_host.run(SARI, "account", "list")
    finally:
        lone_host.socket.chmod(0o666)
    assert (closed.returncode, "usermod -aG ekinerja-staff" in closed.stderr) == (7, True), closed
    away = lone_host.directory / "away"
    lone_host.socket.rename(away)
    try:
        absent = lone_host.run(SARI, "account", "list")
    finally:
        away.rename(lone_host.socket)
    assert (absent.returncode, "systemctl start ekinerja-agent-command.socket" in absent.stderr) == (4, True), absent


def request(words: object = ("account", "list"), environment: object = None) -> bytes:
    return json.dumps({"words": words, "environment": {} if environment is None else environment}).encode()


def test_t3_what_is_no_command_of_ours_is_refused_and_the_next_caller_is_served(lone_host: SocketHost) -> None:
    null, only_write = os.open("/dev/null", os.O_RDWR), os.open("/dev/null", os.O_WRONLY)
    folder, named_only = os.open("/", os.O_RDONLY), os.open(lone_host.config, os.O_PATH)
    poll, pipe = os.eventfd(0), os.pipe()
    good = [null, null, null]
    wrong: list[tuple[bytes, Sequence[int]]] = [
        (b"x", good),
        (b"\xff\xfe", good),
        (b"[]", good),
        (b"[" * 100_000, good),
        (request("account list"), good),
        (request(["account", 1]), good),
        (request(["account\0"]), good),
        (request(environment=[]), good),
        (request(["x" * 200_000]), good),
        (request(), []),
        (request(), [null, null]),
        (request(), [null] * 200),
        (request(), [only_write, null, null]),
        (request(), [null, pipe[0], null]),
        (request(), [folder, null, null]),
        (request(), [null, folder, null]),
        (request(), [named_only, null, null]),
        (request(), [poll, null, null]),
    ]
    for few in range(0, len(wrong), errands.MOST_AT_ONCE // 2):
        lines = [connected(lone_host) for _ in wrong[few : few + errands.MOST_AT_ONCE // 2]]
        for line, (content, files) in zip(lines, wrong[few:], strict=False):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1_000_000)
            socket.send_fds(line, [content], list(files))
        for line, (content, files) in zip(lines, wrong[few:], strict=False):
            with line:
                told = heard(line)
            assert (told["end"], "no command of ekinerja-agent" in told["say"]) == (2, True), (content[:80], files)
    for each in (null, only_write, folder, named_only, poll, *pipe):
        os.close(each)
    assert lone_host.run(SARI, "account", "list").returncode == 0
    assert "Traceback" not in lone_host.told


def test_t3_who_calls_without_end_keeps_only_themselves_out(lone_host: SocketHost) -> None:
    lines = [connected(lone_host) for _ in range(errands.MOST_AT_ONCE)]
    try:
        until(lambda: len(taken_turns(lone_host, os.getuid())) == errands.MOST_AT_ONCE, "all turns are taken")
        with connected(lone_host) as one_more:
            told = heard(one_more)
        assert (told["end"], "wait until one of them has ended" in told["say"]) == (4, True)
        assert lone_host.run(SARI, "account", "list").returncode == 0
    finally:
        for line in lines:
            line.close()
    until(lambda: not taken_turns(lone_host, os.getuid()), "who says nothing is forgotten")


def test_t3_the_command_of_a_caller_who_dies_ends_too(lone_host: SocketHost) -> None:
    uid = pwd.getpwnam(SARI).pw_uid
    caller = subprocess.Popen(
        lone_host.caller(SARI, "import", "units", "/dev/stdin"), stdin=subprocess.PIPE, cwd=ROOT, env={"LC_ALL": "C"}
    )
    until(lambda: taken_turns(lone_host, uid) != [], "it is at work")
    caller.kill()
    caller.wait()
    until(lambda: taken_turns(lone_host, uid) == [], "its command ends")
    assert caller.stdin is not None
    caller.stdin.close()


def test_t3_a_command_whose_output_nobody_reads_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "UNREAD_S", 0.5)
    reading, writing = os.pipe()
    here, there = packets.pair()
    ours, theirs = packets.pair()
    with here, there, ours, theirs:
        command = subprocess.Popen(["cat", "/dev/zero"], stdout=writing, process_group=0)
        ended = errands._Watch(here, ours, command.pid, [writing, writing]).until_it_ends()
    assert (ended.code, "nobody read what it wrote" in str(ended.why)) == (-signal.SIGINT, True)
    command.returncode = ended.code  # waited for already
    os.close(reading)
    os.close(writing)


@contextmanager
def at_terminal(host: SocketHost, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A command of sari's at a terminal of her own, and the other end of that."""
    keys, screen = os.openpty()

    def take_terminal() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # whatever the tests were started with
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    caller = subprocess.Popen(
        host.caller(SARI, *words),
        stdin=screen,
        stdout=screen,
        stderr=screen,
        cwd=ROOT,
        env={"LC_ALL": "C", "TERM": "xterm", "COLUMNS": "100"},
        start_new_session=True,
        preexec_fn=take_terminal,  # noqa: PLW1509  # one system call
    )
    os.close(screen)
    try:
        yield caller, keys
    finally:
        caller.kill()
        caller.wait()
        os.close(keys)


def shown(keys: int, awaited: str, *, again: bytes = b"") -> str:
    """What the terminal shows until something awaited is there.

    `again` is typed where nothing comes: Ctrl-C between a question and the read of its answer waits for another key.
    """
    text, deadline = "", time.monotonic() + PATIENCE_S
    while awaited not in text:
        assert time.monotonic() < deadline, text
        if select.select([keys], [], [], 5.0)[0]:
            text += os.read(keys, 4096).decode()
        else:
            os.write(keys, again)
    return text


def test_t3_a_terminal_asks_answers_and_interrupts_as_if_the_command_ran_in_it(host: SocketHost) -> None:
    question = ("account", "disable", BUDI)
    with at_terminal(host, *question) as (caller, keys):
        shown(keys, "[y/N]: ")
        os.write(keys, b"n\n")
        assert caller.wait(60) == 1
    with at_terminal(host, *question) as (caller, keys):
        shown(keys, "[y/N]: ")
        os.write(keys, b"\x03")
        shown(keys, "nothing more was changed", again=b"\x03")
        assert caller.wait(60) == 1  # as at a question of a command that needs no socket
    with at_terminal(host, "account", "list") as (caller, keys):
        table = shown(keys, SARI)
        assert ("name" in table, "name," in table) == (True, False)
        assert caller.wait(60) == 0


def connected(host: SocketHost) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.settimeout(60)
    line.connect(str(host.socket))
    return line


def heard(line: socket.socket) -> Mapping[str, object]:
    packet = packets.receive(line)
    assert packet is not None
    return packet.said


@contextmanager
def asked(host: SocketHost, words: Sequence[str]) -> Iterator[socket.socket]:
    """A call by somebody who wrote a caller of their own: the user of this process."""
    null = os.open("/dev/null", os.O_RDWR)
    with closing(connected(host)) as line:
        packets.send(line, {"words": list(words), "environment": {}}, [null, null, null])
        os.close(null)
        yield line


def taken_turns(host: SocketHost, uid: int) -> list[str]:
    taken = []
    for path in (host.directory / "turns").glob(f"{uid}.*"):
        with path.open("r+b") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                taken.append(path.name)
    return taken


def as_root(host: SocketHost, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ekinerja_agent", "--config", str(host.config), *words],
        cwd=ROOT,
        env=os.environ | {"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("place", "words", "code"),
    [
        ("locks/lobby.lock", ("terminal", "poll", "lobby"), 5),
        ("backups/.ekinerja-backup.lock", ("backup", "make"), 5),
        (".ekinerja-backup-made", ("doctor",), 1),
        ("central.db", ("account", "list"), 5),
    ],
)
def test_t9_a_link_in_state_dir_leads_root_nowhere(
    lone_host: SocketHost, tmp_path: Path, place: str, words: Sequence[str], code: int
) -> None:
    """Before: `ln -s /root/file state/locks/lobby.lock; sudo ekinerja-agent terminal poll lobby` left /root/file empty,
    and daemon's (`-rw------- 1 daemon daemon 0`); so did `backup make` with a link at its lock.
    """
    state = lone_host.directory / "state"
    (lone_host.directory / "etc" / "devices.yaml").write_text(
        'terminals:\n  - {id: lobby, office: DINKES, address: "127.0.0.1:9", timezone: Asia/Jakarta}\n'
    )
    victim, link = tmp_path / "victim", state / place
    victim.write_text("precious")
    link.parent.mkdir(exist_ok=True)
    kept = link.rename(link.with_name(f"{link.name}.kept")) if link.exists() else None
    link.symlink_to(victim)
    for each in (link.parent, link):
        os.chown(each, pwd.getpwnam(SERVICE).pw_uid, -1, follow_symlinks=False)
    before = victim.stat()
    try:
        done = as_root(lone_host, *words)
    finally:
        link.unlink()
        if kept is not None:
            kept.rename(link)
    after = victim.stat()
    assert (victim.read_text(), after.st_uid, after.st_mtime_ns) == ("precious", 0, before.st_mtime_ns)
    assert (done.returncode, "a plain file belongs there" in done.stderr + done.stdout) == (code, True), done
    strangers = [path for path in state.rglob("*") if path.lstat().st_uid != pwd.getpwnam(SERVICE).pw_uid]
    assert strangers == []


def test_t9_root_gives_up_its_rights_and_its_files_are_still_its_own(lone_host: SocketHost, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    units = tmp_path / "units.csv"
    units.write_text("code,name,timezone\nROOT,Root's,Asia/Jakarta\n")
    units.chmod(0o600)
    done = as_root(lone_host, "import", "units", str(units))
    assert done.returncode in (0, 7), done  # 7: no account yet for root, told after the file was read
    assert "cannot be read" not in done.stderr
    out = tmp_path / "report.html"
    audited = as_root(lone_host, "audit", "list", "--format", "json")
    assert all(row["uid"] != pwd.getpwnam(SERVICE).pw_uid for row in json.loads(audited.stdout))
    assert not out.exists()


def test_t3_who_does_not_own_state_dir_goes_to_the_socket_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, caller = pwd.getpwnam(SERVICE).pw_uid, pwd.getpwnam(SARI).pw_uid
    config, state = tmp_path / "agent.yaml", tmp_path / "state"
    config.write_text("roles: [score]\nstate_dir: state\ncentral: {url: 'sqlite:///central.db'}\n")
    state.mkdir()
    os.chown(state, service, -1)
    monkeypatch.setattr(places, "SEARCHED", (config, Path("config/agent.yaml")))
    monkeypatch.setattr(asking, "SOCKET", tmp_path / "command")
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and folder.stat().st_mode & 0o077 == 0:
            folder.chmod(0o711)

    def chosen(uid: int, named: str | None = None) -> str:
        os.seteuid(uid)
        try:
            ways.choose(Context(config_path=named), "account", ["account", "list"])
        except EkinerjaError as error:
            return str(error.message)
        finally:
            os.seteuid(0)
        return "in this process"

    assert chosen(service) == "in this process"
    assert "nobody takes commands at" in chosen(caller)
    config.chmod(0o600)  # they may not even read it
    assert "nobody takes commands at" in chosen(caller)
    assert "leave --config" in chosen(caller, str(config))
    assert chosen(caller, str(tmp_path / "another.yaml")) == "in this process"
    config.unlink()
    assert chosen(caller) == "in this process"


def every_command(group: click.Group, ctx: click.Context, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from every_command(command, ctx, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def test_t3_no_command_opens_a_name_by_itself_for_another_person() -> None:
    """A path on the command line is a file that the caller's process opens, or refused where another is served."""
    paths = {
        command: [type(option.type) for option in found.params if isinstance(option.type, click.Path)]
        for command, found in every_command(cli.cli, click.Context(cli.cli))  # type: ignore[arg-type]
    }
    assert {kind for kinds in paths.values() for kind in kinds} == {NamedFile, OwnPath}
    named = {command for command, kinds in paths.items() if NamedFile in kinds}
    assert {"account import", "import units", "payroll export", "report monthly", "terminal restore"} <= named
    refused = {command for command, kinds in paths.items() if OwnPath in kinds}
    assert refused == {"demo", "score plan", "backup make", "backup check", "backup restore", "backup accept"}
