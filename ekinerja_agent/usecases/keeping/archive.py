"""A folder as one file that proves itself: a compressed tar that begins with the size and digest of all it holds.

Promises that an archive stands under its name only when it is whole and on the disk; that nothing is unpacked of one
that is not, nor outside the folder that was named; that only its owner may read it; that nothing but a bounded list of
its files is read before its signature proves who made it. Does not know what it holds, nor whose key is trusted.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ekinerja_agent.files.durable import sync_folder
from ekinerja_agent.nouns.errors import CheckFailed, Refused, TemporarilyUnavailable, WrongUsage
from ekinerja_agent.nouns.messages import Message, as_message

FORMAT = 2
UNSIGNED_FORMAT = 1
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
_LARGEST_MANIFEST = 16 << 20
_LARGEST_SIGNATURE = 1 << 10
_LARGEST_NAME = 1 << 16
"""Of a header that tells of the next file, a long name for one: it is read whole, before anything is proven."""
_BLOCK = 1 << 20
Proves = Callable[[bytes, bytes], bool]
"""Whether a signature is that of a content, by the key that is trusted."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive; `path` is relative, with slashes."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself. `program` is the version that made it, `host` where."""

    made_at: datetime
    host: str
    program: str
    members: tuple[Member, ...]


def pack(
    folder: Path, archive: Path, sign: Callable[[bytes], bytes], *, made_at: datetime, host: str, program: str
) -> Manifest:
    """Given a folder, the path of an archive that does not exist and how to sign, write it whole or not at all.

    Raise TemporarilyUnavailable if there is no room.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    members = tuple(
        Member(path.relative_to(folder).as_posix(), path.stat().st_size, _digest_of(path)) for path in files
    )
    manifest = Manifest(made_at, host, program, members)
    part = archive.with_name(f".{archive.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as tar:
                told = _told(manifest)
                _add(tar, MANIFEST, io.BytesIO(told), made_at)
                _add(tar, SIGNATURE, io.BytesIO(sign(told)), made_at)
                for path, member in zip(files, members, strict=True):
                    with path.open("rb") as file:
                        _add(tar, member.path, file, made_at)
            raw.flush()
            os.fsync(raw.fileno())
        part.rename(archive)
        sync_folder(archive.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise TemporarilyUnavailable(
            Message(
                "{archive} cannot be written: {reason}; make room there or name another place with --out. Earlier "
                "backups were left alone",
                archive=archive,
                reason=error.strerror or error,
            )
        ) from error
    return manifest


def verify(archive: Path, proves: Proves | None) -> Manifest:
    """Given an archive and the proof that is asked for (None: none), read all of it.

    Raise CheckFailed if it is not proven, or anything of it is missing, changed or too much.
    """
    with _reading(archive, proves) as (manifest, members):
        for _, file in members:
            while file.read(_BLOCK):
                pass
    return manifest


def unpack(archive: Path, folder: Path, proves: Proves | None, *, called: Mapping[str, str]) -> Manifest:
    """Given an archive and the proof that is asked for (None: none), put what it holds into a folder that is empty or
    does not exist: all of it, or nothing. `called` are files that get another path there.

    Raise CheckFailed if it is not proven or not whole, Refused if something is in the folder, TemporarilyUnavailable
    without room.
    """
    part = folder.absolute().with_name(f".{folder.absolute().name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise Refused(
                Message(
                    "{folder} is not empty, and nothing is overwritten; name a directory that does not exist",
                    folder=folder,
                )
            )
        part.mkdir(mode=0o700, parents=True)
        with _reading(archive, proves) as (manifest, members):
            _require_room(part, manifest)
            for member, file in members:
                path = part / called.get(member.path, member.path)
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                    shutil.copyfileobj(file, out, _BLOCK)
                    out.flush()
                    os.fsync(out.fileno())
        part.rename(folder)
        sync_folder(folder.absolute().parent)
    except OSError as error:
        raise TemporarilyUnavailable(
            Message(
                "{folder} cannot be written: {reason}; make room, or name with --to another directory that the owner "
                "of state_dir may make, as /var/tmp/restored",
                folder=folder,
                reason=error.strerror or error,
            )
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return manifest


def _require_room(folder: Path, manifest: Manifest) -> None:
    """Return if all of it has room there. Raise OSError, as writing it would, before anything is written."""
    if sum(member.bytes for member in manifest.members) > shutil.disk_usage(folder).free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


class _Entry(tarfile.TarInfo):
    """An entry whose headers are bounded."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Entry:
        entry = super().frombuf(buf, encoding, errors)
        if not entry.isreg() and entry.size > _LARGEST_NAME:
            raise tarfile.ReadError(f"a header of {entry.size} bytes")
        return entry


class _Digested(io.RawIOBase):
    """A member as it is read: at its end its size and digest are those of the manifest, or CheckFailed."""

    def __init__(self, file: IO[bytes], member: Member, archive: Path) -> None:
        self._file, self._member, self._archive = file, member, archive
        self._digest, self._bytes = hashlib.sha256(), 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self._digest.update(block)
        self._bytes += len(block)
        if not block and (self._bytes, self._digest.hexdigest()) != (self._member.bytes, self._member.sha256):
            raise _not_whole(self._archive, Message("{path} is not what was put in", path=self._member.path))
        return block


@contextmanager
def _reading(archive: Path, proves: Proves | None) -> Iterator[tuple[Manifest, Iterator[tuple[Member, IO[bytes]]]]]:
    """Give the manifest of an archive and its members in order, each to be read to its end."""
    if not archive.is_file():
        raise WrongUsage(
            Message(
                "there is no file {archive}; name a backup that `ekinerja-agent backup make` wrote", archive=archive
            )
        )
    try:
        with archive.open("rb") as raw, tarfile.open(fileobj=raw, mode="r|gz", tarinfo=_Entry) as tar:
            manifest = _manifest(tar, archive, proves)
            yield manifest, _members(tar, manifest, archive)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise _not_whole(archive, as_message(error)) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise _not_whole(archive, as_message(error)) from error  # gzip's own errors have no number


def _members(tar: tarfile.TarFile, manifest: Manifest, archive: Path) -> Iterator[tuple[Member, IO[bytes]]]:
    for member in manifest.members:
        entry = tar.next()
        file = tar.extractfile(entry) if entry is not None and entry.isreg() else None
        if entry is None or file is None or entry.name != member.path:
            raise _not_whole(archive, Message("{path} is missing", path=member.path))
        if entry.size != member.bytes:  # before any of it is written somewhere
            raise _not_whole(archive, Message("{path} is not what was put in", path=member.path))
        yield member, _Digested(file, member, archive)  # type: ignore[misc]
    if (entry := tar.next()) is not None:
        raise _not_whole(archive, Message("{name} was not put in by `backup make`", name=entry.name))


def _manifest(tar: tarfile.TarFile, archive: Path, proves: Proves | None) -> Manifest:
    content = _small(tar, MANIFEST, _LARGEST_MANIFEST)
    if content is None:
        raise _not_whole(archive, Message("it does not begin with {manifest}", manifest=MANIFEST))
    if proves is not None:
        signature = _small(tar, SIGNATURE, _LARGEST_SIGNATURE)
        if signature is None or not proves(content, signature):
            raise _unproven(archive, is_signed=signature is not None)
    manifest, is_signed = _read(content, archive)
    if proves is None and is_signed:
        _small(tar, SIGNATURE, _LARGEST_SIGNATURE)
    return manifest


def _small(tar: tarfile.TarFile, name: str, largest: int) -> bytes | None:
    """The content of the next file, None if it is another one or larger."""
    entry = tar.next()
    file = tar.extractfile(entry) if entry is not None and entry.isreg() else None
    return None if entry is None or file is None or entry.name != name or entry.size > largest else file.read()


def _read(content: bytes, archive: Path) -> tuple[Manifest, bool]:
    """The manifest, and whether a signature stands behind it."""
    try:
        told: dict[str, Any] = json.loads(content)
        if told["format"] not in (FORMAT, UNSIGNED_FORMAT):
            raise CheckFailed(
                Message(
                    "{archive} has format {format}, this program knows {known}: a newer version of ekinerja-agent "
                    "wrote it; use that version",
                    archive=archive,
                    format=told["format"],
                    known=FORMAT,
                )
            )
        members = tuple(Member(str(each["path"]), int(each["bytes"]), str(each["sha256"])) for each in told["members"])
        manifest = Manifest(datetime.fromisoformat(told["made_at"]), str(told["host"]), str(told["program"]), members)
    except (ValueError, KeyError, TypeError) as error:
        raise _not_whole(archive, Message("its {manifest} cannot be read", manifest=MANIFEST)) from error
    for member in members:
        path = PurePosixPath(member.path)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise _not_whole(archive, Message("{path} lies outside of it", path=repr(member.path)))
    return manifest, told["format"] == FORMAT


def _told(manifest: Manifest) -> bytes:
    told = {"format": FORMAT} | asdict(manifest) | {"made_at": manifest.made_at.isoformat()}
    return json.dumps(told, indent=1).encode()


def _add(tar: tarfile.TarFile, name: str, file: IO[bytes], made_at: datetime) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = file.seek(0, os.SEEK_END)
    entry.mode, entry.mtime = 0o600, int(made_at.timestamp())
    file.seek(0)
    tar.addfile(entry, file)


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unproven(archive: Path, *, is_signed: bool) -> CheckFailed:
    if is_signed:
        return CheckFailed(
            Message(
                "{archive} is not proven: another key signed it, or somebody altered it. Nothing of it was used; take "
                "an earlier one, or name by --key the public key of the host that made it",
                archive=archive,
            )
        )
    return CheckFailed(
        Message(
            "{archive} is not proven: nothing in it tells who made it, as in backups of earlier versions. Nothing of "
            "it was used; who knows by other means that it is theirs says --unproven",
            archive=archive,
        )
    )


def _not_whole(archive: Path, found: Message) -> CheckFailed:
    return CheckFailed(
        Message("{archive} is not a whole backup: {found}; use an earlier one", archive=archive, found=found)
    )
