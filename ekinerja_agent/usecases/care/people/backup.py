"""A terminal's people in one sealed file: made with the public key that stays here, opened with the private one.

The file: a line that names the format, a line of JSON in clear (which terminal, how many, when, which key), then the
box. Both lines are bound to the box. Nothing in clear is ever on disk, and the audit log gets counts and a digest only.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.county.access import Deed
from ekinerja_agent.files import named
from ekinerja_agent.files.plain import read_plain
from ekinerja_agent.nouns.errors import NeedsAttention, Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.reports.files import digest as digest_of
from ekinerja_agent.secrets.sealing import (
    DoesNotOpen,
    PrivateKey,
    PublicKey,
    new_key,
    read_public_key,
    write_new,
    write_own,
)
from ekinerja_agent.terminals.people import Staffed
from ekinerja_agent.terminals.wire.people import WIDTHS, Crew, Finger, Person, decode_person, encode_person
from ekinerja_agent.usecases.care.people.plan import Source
from ekinerja_agent.usecases.care.people.reading import read_terminal

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.config import TerminalConfig
    from ekinerja_agent.usecases.care.verify import Desk

FORMAT = b"ekinerja-agent people of a terminal, format 1\n"
KEY_FILE = "backup-key.pub"
_LONGEST_HEADER = 4096


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup tells without its key."""

    terminal: str
    serial: str
    users: int
    fingers: int
    at: str
    key: str


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made: its header, its file, and the file's digest."""

    header: Header
    path: Path
    digest: str


def make_key(out: Path, desk: Desk, *, account: Account, replace: bool) -> PublicKey:
    """Given where the private key shall be, make a key and keep its public half in `state_dir`; return that.

    Raise Refused if there is a key already and it shall not be replaced, or there is a file at `out`.
    """
    require(account, Deed.TEND_TERMINALS)
    public_path = desk.state_dir / KEY_FILE
    if public_path.exists() and not replace:
        raise Refused(
            Message(
                "backups of this host are sealed for the key {fingerprint} already; with --replace later ones are "
                "sealed for a new key, and only the old private key opens the old ones: keep it",
                fingerprint=read_public_key(public_path, read_plain).fingerprint,
            )
        )
    if out.resolve().is_relative_to(desk.state_dir.resolve()):
        raise WrongUsage(
            Message(
                "{out} lies in {state_dir}, which backups copy; keep the private key away from this host",
                out=out,
                state_dir=desk.state_dir,
            )
        )
    key = new_key()
    write_new(out, key.pem)
    with transaction(desk.engine) as conn:
        audit.append(conn, account.name, "terminal.key", key.public.fingerprint, {}, desk.now())
    if public_path.exists():
        public_path.rename(public_path.with_suffix(f".{read_public_key(public_path, read_plain).fingerprint}.pub"))
    write_own(public_path, key.public.pem)
    return key.public


def public_key(desk: Desk, given: Path | None) -> PublicKey:
    """Given a public key that was named, or none, return the one to seal for.

    Raise WrongUsage if there is none, Refused if `terminal key new` did not make the host's own: whoever puts a key of
    his own into `state_dir` would open every later backup.
    """
    if given is not None:
        return read_public_key(given)
    path = desk.state_dir / KEY_FILE
    if not path.exists():
        raise WrongUsage(
            Message(
                "backups are sealed and this host has no key for that; make one with `ekinerja-agent terminal key "
                "new --out FILE` and keep FILE away from this host, or name a public key with --key"
            )
        )
    key = read_public_key(path, read_plain)
    if not any(row["subject"] == key.fingerprint for row in audit.rows(desk.engine, action="terminal.key")):
        raise Refused(
            Message(
                "{path} holds the key {fingerprint}, and the audit log knows no `terminal key new` that made it: "
                "somebody else may open what is sealed for it; find out who put it there, then make a new key with "
                "`ekinerja-agent terminal key new --replace --out FILE`, or name the right one with --key",
                path=path,
                fingerprint=key.fingerprint,
            )
        )
    return key


def back_up(terminal: TerminalConfig, desk: Desk, *, key: PublicKey, out: Path | None, account: Account) -> Backup:
    """Given a terminal, write its people into a sealed file (None: a new one in `state_dir`) and return what it is.

    Raise what the terminal raises, Refused if there is such a file.
    """
    require(account, Deed.TEND_TERMINALS)
    staffed = read_terminal(terminal, desk)
    at = desk.now()
    header = Header(
        terminal.id,
        staffed.serial,
        len(staffed.crew.people),
        staffed.crew.fingers,
        at.isoformat(timespec="seconds"),
        key.fingerprint,
    )
    path = out or desk.state_dir / "backups" / f"{terminal.id}-{at:%Y%m%dT%H%M%SZ}.people"
    content = seal(staffed, header, key)
    (write_own if out is None else write_new)(path, content)
    digest = digest_of(content)
    if digest_of((read_plain if out is None else named.read)(path)) != digest:
        raise NeedsAttention(
            Message("{path} does not read back as it was written; look at the disk, this is no backup", path=path)
        )
    details = {"users": header.users, "fingers": header.fingers, "digest": digest, "key": header.key}
    with transaction(desk.engine) as conn:
        audit.append(conn, account.name, "terminal.backup", terminal.id, details, at)
    return Backup(header, path, digest)


def seal(staffed: Staffed, header: Header, key: PublicKey) -> bytes:
    """Given a terminal's people and the header, return the bytes of a backup."""
    told = {name: getattr(header, name) for name in Header.__slots__}
    clear = FORMAT + json.dumps(told, separators=(",", ":")).encode() + b"\n"
    return clear + key.seal(_encode(staffed), clear)


def read_header(content: bytes, path: Path) -> Header:
    """Given a file's bytes, return what it tells in clear. Raise NeedsAttention if it is no backup of this format."""
    clear = _clear(content)
    try:
        told = json.loads(clear[len(FORMAT) :])
        return Header(**told)
    except (ValueError, TypeError) as error:
        raise NeedsAttention(
            Message(
                "{path} is no backup of a terminal's people of format 1; choose a file that `terminal backup` wrote",
                path=path,
            )
        ) from error


def open_backup(path: Path, key: PrivateKey | None) -> tuple[Header, Source, str]:
    """Given a file and the private key, return its header, its people and its digest.

    Raise WrongUsage if the file cannot be read or the key is missing or another one, NeedsAttention if the file was
    altered or damaged.
    """
    try:
        content = named.read(path)
    except OSError as error:
        raise WrongUsage(Message("{path} cannot be read: {reason}", path=path, reason=error.strerror)) from error
    header = read_header(content, path)
    if key is None:
        raise WrongUsage(
            Message(
                "{path} is sealed for the key {key}; name the file of its private half with --key",
                path=path,
                key=header.key,
            )
        )
    if header.key != key.public.fingerprint:
        raise WrongUsage(
            Message(
                "{path} is sealed for the key {key}, this one is {fingerprint}; name the other",
                path=path,
                key=header.key,
                fingerprint=key.public.fingerprint,
            )
        )
    clear = _clear(content)
    try:
        source = _decode(
            key.open(content[len(clear) :], clear), Message("the backup of {terminal}", terminal=header.terminal)
        )
    except (DoesNotOpen, ValueError, KeyError, TypeError) as error:
        raise NeedsAttention(
            Message("{path} was altered or damaged: nothing of it can be used; take another backup", path=path)
        ) from error
    return header, source, digest_of(content)


def made_here(engine: Engine, digest: str) -> bool:
    """Given a backup's digest, tell whether this installation made it, by its audit log."""
    return any(row["details"].get("digest") == digest for row in audit.rows(engine, action="terminal.backup"))


def _clear(content: bytes) -> bytes:
    """The two lines before the box; anything else if it is no backup."""
    if not content.startswith(FORMAT):
        return b""
    return content[: content.find(b"\n", len(FORMAT), _LONGEST_HEADER) + 1]


def _encode(staffed: Staffed) -> bytes:
    crew = staffed.crew
    told = {
        "algorithm": staffed.algorithm,
        "firmware": staffed.firmware,
        "names": crew.names,
        "people": [_told(person, crew.size or 0) for person in crew.people],
    }
    return json.dumps(told, separators=(",", ":")).encode()


def _told(person: Person, size: int) -> dict[str, Any]:
    fingers = [[f.number, f.valid, base64.b64encode(f.template).decode()] for f in person.fingers]
    return {"row": encode_person(person, size, None).row.hex(), "fingers": fingers}


def _decode(content: bytes, where: str) -> Source:
    told = json.loads(content)
    rows = [bytes.fromhex(each["row"]) for each in told["people"]]
    sizes = {len(row) for row in rows}
    if len(sizes) > 1 or not sizes <= WIDTHS.keys():
        raise ValueError("rows of no known layout")
    fingers = [
        [Finger(number, valid, base64.b64decode(template)) for number, valid, template in each["fingers"]]
        for each in told["people"]
    ]
    names = told["names"]
    people = tuple(decode_person(row, names, own) for row, own in zip(rows, fingers, strict=True))
    return Source(where, told["algorithm"], Crew(len(rows[0]) if rows else None, names, people))
