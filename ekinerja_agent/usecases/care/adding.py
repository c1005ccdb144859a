"""New terminals in devices.yaml, each of which answered first.

Promises that the file says afterwards what it said before and the new terminals, with every comment where it was, or
that it is untouched; and that no terminal stands there under two ids. Does not know who asks, nor how.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ekinerja_agent.config import Config, TerminalConfig, read_devices
from ekinerja_agent.files.durable import write_whole
from ekinerja_agent.nouns.errors import ConfigurationError, NeedsAttention, Problem, Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting import one_serial
from ekinerja_agent.usecases.collecting.places import place_of
from ekinerja_agent.yamlfile.appending import with_items

CONNECT_S = 5.0


def draft(config: Config, wanted: Sequence[Mapping[str, str]]) -> tuple[str, tuple[TerminalConfig, ...]]:
    """Given what devices.yaml shall say of new terminals, return its new text and those terminals.

    Raise ConfigurationError with every problem of them, NeedsAttention if a person has to write them, WrongUsage if we
    may not.
    """
    path = config.agent.devices
    text = with_items(path.read_text(encoding="utf-8"), "terminals", wanted)
    if text is None:
        raise NeedsAttention(
            Message(
                "{file} is written in a way that only a person can add to; write the new terminals there, as "
                "docs/operators/add-terminal.md shows, and run: ekinerja-agent config check",
                file=path,
            )
        )
    problems: list[Problem] = []
    with (
        _writing(path),
        tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.") as file,
    ):
        file.write(text)
        file.flush()
        terminals = read_devices(Path(file.name), problems, os.environ, config.agent.state_dir)
        found = [replace(each, file=str(path)) if each.file == file.name else each for each in problems]
    if found:
        raise ConfigurationError(tuple(sorted(set(found))))
    return text, terminals[len(config.terminals) :]


def answered_by(terminals: Sequence[TerminalConfig], config: Config, spool: Spool) -> list[str]:
    """Given new terminals, return the serial that answers at the address of each.

    Raise what a terminal raises, Refused if a serial is the one of another id.
    """
    seen: dict[str, str] = {}
    serials = []
    for terminal in terminals:
        serial = one_serial.serial_at(place_of(terminal, config.agent.poll.timeout_s, CONNECT_S)) or ""
        other = seen.get(serial) or one_serial.whose(spool, terminal.id, config.terminals)(serial)
        if serial and other is not None:
            raise Refused(
                Message(
                    "serial {serial} answers at {address}, and that is the terminal {other}: a terminal has one id; "
                    "if it was moved, change the address of {other}",
                    serial=serial,
                    address=f"{place.host}:{place.port}" if (place := terminal.address) else "-",
                    other=other,
                )
            )
        serials.append(serial)
        seen |= {serial: terminal.id} if serial else {}
    return serials


def write(config: Config, text: str) -> None:
    """Given the new text of devices.yaml, put it in place, readable for whom it was. Raise WrongUsage if we may not."""
    path = config.agent.devices.resolve()
    with _writing(path):
        before = path.stat()
        write_whole(path, text.encode(), mode=before.st_mode & 0o777, owner=(before.st_uid, before.st_gid))


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WrongUsage(
            Message(
                "{file} cannot be written: {reason}; run the command as the user who may",
                file=path,
                reason=error.strerror or str(error),
            )
        ) from error
