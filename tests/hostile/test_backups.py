"""What somebody with a memory stick makes of a host: a crafted backup, a crafted configuration, a false server."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import socket
import sqlite3
import struct
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import pytest

from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.config import load
from ekinerja_agent.config.reach import ADDRESSES, NO_ADDRESSES
from ekinerja_agent.config.settings import AgentConfig, TerminalConfig
from ekinerja_agent.nouns.errors import ConfigurationError, TemporarilyUnavailable
from ekinerja_agent.secrets.proving import new_signer, read_signer
from ekinerja_agent.usecases.keeping import archive, backup
from ekinerja_agent.yamlfile import FileSection
from tests.journey.conftest import Installation

SSL_REQUEST, GSS_REQUEST = struct.pack("!I", 80877103), struct.pack("!I", 80877104)
ASKS = {"in clear": struct.pack("!cII", b"R", 8, 3), "as md5": struct.pack("!cII", b"R", 12, 5) + b"salt"}


@pytest.fixture
def box(tmp_path: Path) -> Installation:
    """An installation on SQLite."""
    home = tmp_path / "box"
    home.mkdir()
    return Installation(home, f"sqlite:///{home}/central.db")


def made(box: Installation) -> Path:
    return Path(box.ok("backup", "make").split(":")[0])


def crafted(
    kept: Path, changed: Mapping[str, bytes], *, sign: Callable[[bytes], bytes] | None = None, fmt: int = 2
) -> None:
    """Change files of a backup as somebody who knows its form: sizes and digests are right."""
    with tarfile.open(kept) as tar:
        files = {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]
    files |= changed
    manifest = json.loads(files[archive.MANIFEST]) | {"format": fmt}
    for member in manifest["members"]:
        content = files[member["path"]]
        member |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    files[archive.MANIFEST] = json.dumps(manifest).encode()
    if sign is not None:
        files[archive.SIGNATURE] = sign(files[archive.MANIFEST])
    if fmt == 1:
        del files[archive.SIGNATURE]
    with tarfile.open(kept, "w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def theft(secret: Path) -> dict[str, bytes]:
    agent = {
        "roles": ["score"],
        "state_dir": "state",
        "devices": "devices.yaml",
        "central": {"url": "postgresql://agent@127.0.0.2:9/x", "password_file": str(secret)},
    }
    return {"agent.yaml": json.dumps(agent).encode()}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that only root reads, somewhere on the host."""
    path = tmp_path / "only-root-reads-this"
    path.write_text("s3cret-of-root\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("signer", ["nobody", "the old signature", "the thief", "a version without signatures"])
def test_t35_a_backup_that_this_host_did_not_make_is_refused_before_anything_of_it_is_used(
    box: Installation, tmp_path: Path, secret: Path, signer: str
) -> None:
    """Before, with a server on 127.0.0.2 that asked for the password in clear:

    $ ekinerja-agent backup restore ekinerja-vm-….tar.gz --to look
    look is vm as it was at …. Look at it with: ekinerja-agent --config look/agent.yaml doctor
    $ ekinerja-agent --config look/agent.yaml doctor          # the server heard: s3cret-of-root
    """
    kept = made(box)
    sign = {"nobody": lambda _: b"", "the thief": new_signer().sign}.get(signer)
    crafted(kept, theft(secret), sign=sign, fmt=1 if signer == "a version without signatures" else 2)
    for command in (["check"], ["restore", "--to", str(tmp_path / "look")]):
        told = box.run("backup", command[0], str(kept), *command[1:])
        assert told.code == 1
        assert f"{kept} is not proven" in told.err
        assert "Nothing of it was used" in told.err
    assert not (tmp_path / "look").exists()


def test_t35_the_key_is_in_no_backup_and_its_public_half_proves_it_on_another_host(
    box: Installation, tmp_path: Path
) -> None:
    kept = made(box)
    key = box.directory / "state" / backup.KEY
    assert key.stat().st_mode & 0o777 == 0o600
    assert backup.KEY not in box.ok("backup", "check", str(kept))
    assert key.read_bytes() not in gzip.decompress(kept.read_bytes())
    home = tmp_path / "other"
    home.mkdir()
    other = Installation(home, f"sqlite:///{home}/central.db")
    told = other.run("backup", "check", str(kept))
    assert (told.code, "name by --key the public key that was kept" in told.err) == (2, True)
    other.ok("backup", "make")
    assert "another key signed it" in other.run("backup", "check", str(kept)).err
    other.ok("backup", "check", str(kept), "--key", str(box.directory / "state" / backup.PUBLIC_KEY))


def test_t35_a_backup_of_before_is_restored_by_a_typed_answer_and_it_is_told(
    box: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = made(box)
    crafted(kept, {}, fmt=1)
    box.ok("backup", "check", str(kept), "--unproven")
    restore = ["backup", "restore", str(kept), "--to", str(tmp_path / "look"), "--unproven"]
    assert box.run(*restore).code == 2  # nobody is at the keyboard
    for answer, code in (("yes", 2), (kept.name, 0)):
        typed = io.StringIO(f"{answer}\n")
        monkeypatch.setattr(typed, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", typed)
        told = box.run(*restore)
        assert told.code == code, told
    assert "restored without proof" in told.err
    assert not (tmp_path / "look" / "agent.yaml").exists()


def test_t35_what_is_restored_is_of_no_use_before_a_person_has_seen_whom_it_calls(
    box: Installation, tmp_path: Path
) -> None:
    kept = made(box)
    agent = {
        "roles": ["collect"],
        "state_dir": "state",
        "devices": "devices.yaml",
        "central": {"url": "postgresql://agent@198.51.100.7/x", "password_file": "secrets/central"},
        "metrics": {"textfile": "/var/lib/other/x.prom"},
        "notify": {"targets": [{"kind": "webhook", "url": "https://${NAME}.test/", "secret_file": "secrets/hook"}]},
    }
    lobby = {"id": "lobby", "office": "D", "timezone": "Asia/Jakarta", "address": "198.51.100.8"}
    changed = {
        "agent.yaml": json.dumps(agent).encode(),
        "devices.yaml": json.dumps({"terminals": [lobby | {"comm_key_file": "secrets/lobby"}]}).encode(),
    }
    crafted(kept, changed, sign=read_signer(box.directory / "state" / backup.KEY).sign)
    look = tmp_path / "look"
    box.ok("backup", "restore", str(kept), "--to", str(look))
    assert not (look / "agent.yaml").exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAME", "hook")
        told = box.run("backup", "accept", str(look))
        assert told.code == 2  # nobody is at the keyboard
        rows = dict(line.split(",", 1) for line in told.out.split())
        assert rows == {
            "key": "value",
            "central.url": "postgresql://agent@198.51.100.7/x",
            "central.password_file": f"{look}/secrets/central",
            "metrics.textfile": "/var/lib/other/x.prom",
            "notify.targets.1.url": "https://${NAME}.test/",
            "notify.targets.1.secret_file": f"{look}/secrets/hook",
            "terminals.1.address": "198.51.100.8:4370",
            "terminals.1.comm_key_file": f"{look}/secrets/lobby",
        }
        assert not (look / "agent.yaml").exists()
        told = box.run("backup", "accept", str(look), "--yes")
    assert told.code == 0
    assert f"{look}/secrets/hook is a secret, which no backup holds" in told.err
    assert (look / "agent.yaml").exists()
    assert box.run("backup", "accept", str(look), "--yes").code == 7


def test_t35_what_is_restored_asks_nothing_of_the_environment_and_its_log_tells_it(
    box: Installation, tmp_path: Path
) -> None:
    box.ok("db", "upgrade")
    kept = made(box)
    agent = {
        "roles": ["score"],
        "state_dir": "state",
        "central": {"url": "sqlite:///state/central.db"},
        "notify": {"targets": [{"kind": "webhook", "url": "https://${NAME}.test/"}]},
    }
    changed = {"agent.yaml": json.dumps(agent).encode()}
    crafted(kept, changed, sign=read_signer(box.directory / "state" / backup.KEY).sign)
    look = tmp_path / "look of 100%"
    assert "NAME" not in os.environ
    box.ok("backup", "restore", str(kept), "--to", str(look))
    with sqlite3.connect(look / "state" / "central.db") as database:
        ((action, subject),) = database.execute("select action, subject from audit order by id desc limit 1")
    assert (action, subject) == ("backup.restore", kept.name)


@pytest.mark.parametrize("url", ["sqlite:///../box/central.db", "sqlite:////{box}/central.db", "sqlite:///${{NAME}}"])
def test_t35_a_restore_touches_no_database_outside_its_folder(box: Installation, tmp_path: Path, url: str) -> None:
    box.ok("db", "upgrade")
    kept = made(box)
    agent = {"roles": ["score"], "state_dir": "state", "central": {"url": url.format(box=box.directory)}}
    changed = {"agent.yaml": json.dumps(agent).encode()}
    crafted(kept, changed, sign=read_signer(box.directory / "state" / backup.KEY).sign)
    before = box.ok("audit", "head")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAME", str(box.directory / "central.db"))
        box.ok("backup", "restore", str(kept), "--to", str(tmp_path / "look"))
    assert box.ok("audit", "head") == before


def kinds(annotation: object) -> set[object]:
    """A type and all that it is made of."""
    return {annotation}.union(*map(kinds, get_args(annotation)))


def sections(model: type[FileSection]) -> Iterator[type[FileSection]]:
    yield model
    for field in model.model_fields.values():
        for kind in kinds(field.annotation):
            if isinstance(kind, type) and issubclass(kind, FileSection):
                yield from sections(kind)


def test_t35_of_every_setting_that_is_text_it_is_known_whether_it_is_an_address() -> None:
    models = {*sections(AgentConfig), *sections(TerminalConfig)}
    texts = {name for model in models for name, field in model.model_fields.items() if str in kinds(field.annotation)}
    assert texts <= ADDRESSES | NO_ADDRESSES
    assert {"url", "to", "sender", "user"} <= texts


def named(folder: Path, file: str) -> None:
    agent = {"roles": ["score"], "state_dir": "state", "central": {"url": "postgresql://a@db/x", "password_file": file}}
    (folder / "agent.yaml").write_text(json.dumps(agent))
    (folder / "devices.yaml").write_text('{"terminals": []}')


@pytest.mark.parametrize("how", ["by its path", "by a link", "through dots"])
def test_t35_no_file_outside_of_the_configurations_folder_is_taken_for_a_secret(
    tmp_path: Path, secret: Path, how: str
) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "link").symlink_to(secret)
    file = {"by its path": str(secret), "by a link": "link", "through dots": f"../{secret.name}"}[how]
    named(folder, file)
    with pytest.raises(ConfigurationError, match=r"lies outside of .*; a secret lies in the folder of the file"):
        load(folder / "agent.yaml")
    terminal = {"id": "a", "office": "D", "timezone": "Asia/Jakarta", "transport": "none", "comm_key_file": file}
    (folder / "agent.yaml").write_text('{"devices": "devices.yaml", "state_dir": "state"}')
    (folder / "devices.yaml").write_text(json.dumps({"terminals": [terminal]}))
    with pytest.raises(ConfigurationError, match=r"terminals.1.comm_key_file: .* lies outside of"):
        load(folder / "agent.yaml")


def test_t35_a_secret_that_another_user_put_there_is_not_taken(tmp_path: Path) -> None:
    assert os.geteuid() == 0, "only root can give files away: run the tests as root"
    key = tmp_path / "key"
    key.write_text("theirs\n")
    os.chown(key, 4711, 4711)
    named(tmp_path, "key")
    with pytest.raises(ConfigurationError, match="belongs to 4711; a secret belongs to root"):
        load(tmp_path / "agent.yaml")
    (tmp_path / "state").mkdir()
    os.chown(tmp_path / "state", 4711, 4711)  # the service's own user
    assert load(tmp_path / "agent.yaml").agent.central.password() == "theirs"


@contextmanager
def false_server(asks: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Somebody who answers for a database on another address and asks for the password; what is heard after that."""
    heard: list[bytes] = []

    def answer() -> None:
        asking, _ = listener.accept()
        with asking:
            while asking.recv(1000)[4:8] in (SSL_REQUEST, GSS_REQUEST):
                asking.sendall(b"N")
            asking.sendall(asks)
            heard.append(asking.recv(100))

    with socket.create_server(("127.0.0.2", 0)) as listener:
        listener.settimeout(60)
        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1], heard
        thread.join(60)


@pytest.mark.parametrize("mode", ["", "?sslmode=prefer", "?hostaddr=127.0.0.2"])
@pytest.mark.parametrize("asks", ASKS)
def test_t35_no_password_goes_to_a_server_that_proves_nothing(asks: str, mode: str) -> None:
    """Before: the server heard b'p\\x00\\x00\\x00\\x0bs3cret\\x00', or md5 of it with its own salt."""
    host = "localhost" if "hostaddr" in mode else "127.0.0.2"
    with (
        false_server(ASKS[asks]) as (port, heard),
        pytest.raises(TemporarilyUnavailable, match="asks for the password so that whoever is on the way learns"),
    ):
        connect(f"postgresql+psycopg2://agent@{host}:{port}/x{mode}", "s3cret")
    assert heard == [b""]


def test_t35_a_header_before_the_proof_costs_no_memory(box: Installation, tmp_path: Path) -> None:
    """Before: a header of any size was read whole; 3 GB of zeros are 3 MB of gzip."""
    kept = tmp_path / "bomb.tar.gz"
    header: Any = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 3 << 30
    kept.write_bytes(gzip.compress(header.tobuf(tarfile.USTAR_FORMAT) + bytes(1 << 20)))
    made(box)
    told = box.run("backup", "check", str(kept))
    assert told.code == 1
    assert f"a header of {3 << 30} bytes" in told.err
