"""Everything of this host that no terminal can bring back, in one file a day; and that file back as an installation.

Promises that the spool is copied before the central database. A punch that is settled between the two is then in both,
and nothing is counted twice; the other way round it would be in neither, while the spool says that it was delivered.
What a restored installation lacks is read from the terminals again. Secrets are not in a backup, nor is the key with
which this host signs it. What is restored opens no file and calls nobody before a person has confirmed whom and which.
Does not know how an archive is written, nor how a database is copied.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, unquote

from ekinerja_agent import __version__
from ekinerja_agent.central.access import restores
from ekinerja_agent.central.access.accounts import list_accounts
from ekinerja_agent.central.schema.upgrade import upgrade
from ekinerja_agent.central.store.copy_database import copy_database, pg_dump
from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.config import Config, load, secret_files
from ekinerja_agent.config.reach import reach
from ekinerja_agent.files.durable import write_whole
from ekinerja_agent.files.plain import open_lock, read_plain
from ekinerja_agent.nouns.errors import Refused, TemporarilyUnavailable, WrongUsage
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.secrets.proving import Prover, Signer, new_signer, read_prover, read_signer
from ekinerja_agent.secrets.sealing import write_new
from ekinerja_agent.spool.copy_spool import copy_spool
from ekinerja_agent.usecases.keeping import archive
from ekinerja_agent.usecases.keeping.archive import Manifest
from ekinerja_agent.usecases.witnessing import compare, notes
from ekinerja_agent.usecases.witnessing.compare import Lost, Seen
from ekinerja_agent.yamlfile import KeyPath, read_document

FOLDER = "backups"
LOCK = ".ekinerja-backup.lock"
KEY = "backup.key"
"""In state_dir, for its owner alone: with it this host signs its backups."""
PUBLIC_KEY = "backup.pub"
"""Beside it: the half that proves them, to be kept elsewhere."""
INERT = "agent.yaml.restored"
"""The restored agent.yaml until somebody has confirmed what it reads and whom it calls."""
_STAMP = "%Y%m%dT%H%M%SZ"
_STAGING = ".ekinerja-making-"
_NOTE = ".ekinerja-backup-made"
"""In state_dir: the name of the newest backup, which may be kept on another disk."""
_HEADER = "# Restored from a backup: JSON, which is YAML. As it was written, with its comments: original/{}\n"
_ONLY_JSON = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
"""What JSON takes as it is and YAML does not."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made. `not_in_it` are sentences on what has to be kept otherwise."""

    path: Path
    manifest: Manifest
    removed: tuple[Path, ...]
    not_in_it: tuple[Message, ...]


def make(
    config: Config, out: Path | None = None, *, keep: int | None = None, now: Callable[[], datetime] = utc_now
) -> Made:
    """Given a configuration, back this host up into a directory (default: `backups` in state_dir), then remove all of
    its backups there but the newest `keep` (None: none is removed). The service may run meanwhile.

    Raise TemporarilyUnavailable if there is no room or another backup is being made, NeedsAttention if a database is
    damaged. What was backed up earlier is then left alone.
    """
    out = config.agent.state_dir / FOLDER if out is None else out
    host = re.sub("[^A-Za-z0-9.-]", "-", socket.gethostname()) or "host"
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(out), _staging(out) as folder:
            _gather(config, folder)
            made_at = _free_instant(out, host, now())
            path = out / _name(host, made_at)
            manifest = archive.pack(
                folder, path, _signer(config.agent.state_dir).sign, made_at=made_at, host=host, program=__version__
            )
            removed = tuple(_remove_older(out, host, keep)) if keep is not None else ()
            _note(config.agent.state_dir, path.name)
    except OSError as error:
        raise TemporarilyUnavailable(
            Message(
                "no backup can be made in {out}: {reason} ({file}); make room there, see who owns it, or name "
                "another place with --out. Earlier backups were left alone",
                out=out,
                reason=error.strerror or error,
                file=error.filename,
            )
        ) from error
    return Made(path, manifest, removed, tuple(_not_in_it(config, made_at)))


def prover(config: Config) -> Prover:
    """Given a configuration, return what proves the backups of this host. Raise WrongUsage if it made none yet."""
    state_dir = config.agent.state_dir
    if (state_dir / KEY).exists():
        return read_signer(state_dir / KEY).prover
    if (state_dir / PUBLIC_KEY).exists():
        return read_prover(state_dir / PUBLIC_KEY)
    raise WrongUsage(
        Message(
            "{state_dir} holds no key, for this host has made no backup; name by --key the public key that was kept of "
            "the host that made this one",
            state_dir=state_dir,
        )
    )


def check(path: Path, proof: Prover | None) -> Manifest:
    """Given a backup and what proves it (None: nothing is asked for), read all of it. Raise CheckFailed."""
    return archive.verify(path, None if proof is None else proof.proves)


@dataclass(frozen=True, slots=True)
class Restored:
    """An installation made of a backup; `lost` is what the witnesses of this host know and it does not; None: its
    database is on a server.
    """

    manifest: Manifest
    lost: Lost | None


def restore(
    path: Path, folder: Path, proof: Prover | None, *, seen: Sequence[Seen], actor: str, now: datetime
) -> Restored:
    """Given a backup and what proves it (None: nothing is asked for), make of it an installation of its own in a folder
    that is empty or does not exist. It is of no use before `accept`.

    Its agent.yaml names the copies beside it; nothing outside of the folder is touched. The audit log of its database,
    which gets the schema of this program, says by whom it was restored, from what, and which end that `seen` by the
    witnesses of this host was lost. Raise CheckFailed if the backup is not proven or not whole, Refused if something is
    in the folder.
    """
    manifest = archive.unpack(path, folder, None if proof is None else proof.proves, called={"agent.yaml": INERT})
    database = _database_in(folder)
    if database is None:
        return Restored(manifest, None)
    engine = connect(f"sqlite:///{quote(str(database))}")
    try:
        upgrade(engine)
        lost = compare.lost(engine, seen)
        named = next((one.name for one in list_accounts(engine) if one.os_user == actor), actor)
        restores.record(
            engine,
            restores.RESTORED,
            path.name,
            replaces=lost.newest if lost.ends else None,
            lost=[str(one) for one in lost.payments],
            actor=named,
            now=now,
            made_at=manifest.made_at.isoformat(),
            host=manifest.host,
        )
    finally:
        engine.dispose()
    return Restored(manifest, lost)


def _database_in(folder: Path) -> Path | None:
    """The database in a restored folder that its agent.yaml names, as it is written there: what that file takes from
    the environment is not asked before a person has confirmed it.
    """
    document, _ = read_document(folder / INERT, environ=_AnyVariable())
    url = None if document is None else document.get(("central", "url"))
    scheme, _, path = url.partition(":///") if isinstance(url, str) else ("", "", "")
    inside = folder.resolve()
    database = (inside / unquote(path)).resolve()
    here = scheme.startswith("sqlite") and database.is_relative_to(inside) and database.is_file()
    return database if here else None


def to_confirm(folder: Path) -> list[tuple[str, str]]:
    """Given a folder that was restored, return what its configuration reads elsewhere and whom it calls.

    Raise Refused if nothing waits there, ConfigurationError if the configuration cannot be right.
    """
    if not (folder / INERT).is_file():
        raise Refused(
            Message(
                "{folder} holds no {inert}: it was not restored, or was accepted already", folder=folder, inert=INERT
            )
        )
    return reach(load(folder / INERT))


def accept(folder: Path) -> Config:
    """Given a folder that was restored and whose configuration a person has confirmed, let it be used."""
    if (folder / "agent.yaml").exists():
        raise Refused(Message("{path} exists already and is kept", path=folder / "agent.yaml"))
    (folder / INERT).rename(folder / "agent.yaml")
    return load(folder / "agent.yaml")


def newest(config: Config) -> datetime | None:
    """Given a configuration, return when the newest backup of this host was made, wherever it lies, or None."""
    folder = config.agent.state_dir / FOLDER
    made = [_instant_of(path.name, None) for path in folder.iterdir()] if folder.is_dir() else []
    with suppress(FileNotFoundError):
        noted = read_plain(config.agent.state_dir / _NOTE)
        made.append(_instant_of(noted.decode("utf-8", errors="replace").strip(), None))
    return max((instant for instant in made if instant is not None), default=None)


def missing_secrets(config: Config) -> list[Path]:
    """Given a restored configuration, return the files of secrets that it names and that are not there."""
    return sorted(path for path in secret_files(config) if not path.exists())


def _gather(config: Config, folder: Path) -> None:
    state = folder / "state"
    state.mkdir()
    agent = config.agent
    if agent.spool_path.exists():
        copy_spool(agent.spool_path, state / "spool.db")  # before central: see above
    database = config.agent.central.file
    if database is not None and database.exists():
        copy_database(agent.central.url, state / "central.db")
    _copy_rest(config, state)
    _copy_configuration(config, folder)


def _copy_rest(config: Config, state: Path) -> None:
    """What else lies in state_dir, such as the raw logs of terminals that were cleared."""
    here = config.agent.state_dir
    databases = {config.agent.spool_path, config.agent.central.file}
    mine = {file.with_name(file.name + end) for file in databases if file for end in ("", "-wal", "-shm", "-journal")}
    mine |= {here / KEY, here / PUBLIC_KEY}
    for path in sorted(here.rglob("*")):
        inside = path.relative_to(here)
        draft = inside.name.startswith("." if inside.parts[0] == FOLDER else ".ekinerja-")
        made_here = draft or _instant_of(inside.name, None) is not None
        if (
            not path.is_file()
            or path.is_symlink()
            or path in mine | secret_files(config).keys()
            or inside.parts[0] == "locks"
            or inside.name == notes.NAME  # a restored host is compared with what it knew, not with what is restored
        ):
            continue
        if not made_here and not any(part.startswith(_STAGING) for part in inside.parts):
            _copy(path, state / inside)


def _copy_configuration(config: Config, folder: Path) -> None:
    agent = config.agent
    if agent.rules.is_dir():
        for path in sorted(agent.rules.rglob("*")):
            if path.is_file() and path not in secret_files(config):
                _copy(path, folder / "rules" / path.relative_to(agent.rules))
    changes: dict[KeyPath, str] = {("state_dir",): "state", ("rules",): "rules"}
    if config.agent.central.file is not None:
        changes["central", "url"] = "sqlite:///state/central.db"
    if agent.central.password_file is not None:
        changes["central", "password_file"] = _beside(agent.central.password_file, config.path)
    if agent.central.sslrootcert is not None:
        changes["central", "sslrootcert"] = str(agent.central.sslrootcert)
    for index, target in enumerate(agent.notify.targets):
        if target.secret_file is not None:
            changes["notify", "targets", index, "secret_file"] = _beside(target.secret_file, config.path)
        if target.ca_file is not None:
            changes["notify", "targets", index, "ca_file"] = str(target.ca_file)
    if agent.devices.is_file():
        changes["devices",] = "devices.yaml"
        keys: dict[KeyPath, str] = {
            ("terminals", index, "comm_key_file"): _beside(terminal.comm_key_file, agent.devices)
            for index, terminal in enumerate(config.terminals)
            if terminal.comm_key_file is not None
        }
        _copy_moved(agent.devices, "devices.yaml", folder, keys)
    _copy_moved(config.path, "agent.yaml", folder, changes)


def _beside(secret: Path, named_by: Path) -> str:
    """Where a secret will lie beside the file that names it, as it does here."""
    return os.path.relpath(secret, named_by.parent)


def _copy_moved(source: Path, name: str, folder: Path, changes: Mapping[KeyPath, str]) -> None:
    """Copy a YAML file as it is to `original/`, and with some values changed to where it will be used."""
    _copy(source, folder / "original" / name)
    document, _ = read_document(source, environ=_AnyVariable())
    assert document is not None  # noqa: S101  # it was just loaded
    tree = json.loads(json.dumps(document.tree))
    for path, text in (*document.written.items(), *changes.items()):
        here = tree
        for step in path[:-1]:
            if isinstance(step, str) and here.get(step) is None:
                here[step] = {}
            here = here[step]
        here[path[-1]] = text
    text = _ONLY_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(tree, indent=2, ensure_ascii=False))
    (folder / name).write_text(_HEADER.format(name) + text + "\n", encoding="utf-8")


class _AnyVariable(dict[str, str]):
    """An environment in which every variable is set: what a file writes is copied, not what it stands for here."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return ""


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _not_in_it(config: Config, made_at: datetime) -> Iterator[Message]:
    if config.agent.central.file is None:
        command = pg_dump(config.agent.central.address, f"central-{made_at:{_STAMP}}.dump")
        yield Message(
            "The central database is a server and is not in this backup. After it, there, run: {command}",
            command=command,
        )
    secrets = sorted(secret_files(config))
    if secrets:
        yield Message(
            "Secrets are not in it; keep these files yourself: {secrets}", secrets=", ".join(map(str, secrets))
        )
    yield Message(
        "Another host believes it by the key in {file} alone ({fingerprint}); keep that file elsewhere too, not only "
        "beside the backups.",
        file=config.agent.state_dir / PUBLIC_KEY,
        fingerprint=_signer(config.agent.state_dir).prover.fingerprint,
    )


def _signer(state_dir: Path) -> Signer:
    """The key of this host, made when it is first needed."""
    path, public = state_dir / KEY, state_dir / PUBLIC_KEY
    if not path.exists():
        with suppress(Refused):  # another backup was quicker
            write_new(path, new_signer().pem)
    signer = read_signer(path)
    if not public.is_file() or public.read_bytes() != signer.prover.pem:
        write_whole(public, signer.prover.pem, mode=0o644)
    return signer


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    with open_lock(out / LOCK) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TemporarilyUnavailable(
                Message("another backup is being made in {out}; try again when it is done", out=out)
            ) from error
        yield


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """A folder beside the backups, gone at the end; what a process left that was killed here goes too."""
    for left in (*out.glob(f"{_STAGING}*"), *out.glob(".ekinerja-*.part")):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=out))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _name(host: str, at: datetime) -> str:
    return f"ekinerja-{host}-{at:{_STAMP}}.tar.gz"


def _instant_of(name: str, host: str | None) -> datetime | None:
    """Given the name of a file, return when it was made if it is a backup (of this host, if one is given)."""
    found = re.fullmatch(r"ekinerja-(.+)-(\d{8}T\d{6}Z)\.tar\.gz", name)
    if found is None or (host is not None and found[1] != host):
        return None
    return datetime.strptime(found[2], _STAMP).replace(tzinfo=UTC)


def _note(state_dir: Path, name: str) -> None:
    if state_dir.is_dir():
        write_whole(state_dir / _NOTE, f"{name}\n".encode())


def _free_instant(out: Path, host: str, at: datetime) -> datetime:
    at = at.astimezone(UTC).replace(microsecond=0)
    while (out / _name(host, at)).exists():
        at += timedelta(seconds=1)
    return at


def _remove_older(out: Path, host: str, keep: int) -> Iterator[Path]:
    ours = sorted(path for path in out.iterdir() if path.is_file() and _instant_of(path.name, host) is not None)
    for path in ours[: max(len(ours) - keep, 0)]:
        path.unlink()
        yield path
