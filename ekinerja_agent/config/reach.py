"""What a configuration reads of this host, and to whom it speaks: what a person confirms if others may have made it.

Promises that a value which leads out of the configuration's folder is among what is told: every file of a secret, every
other path, every address, every variable of the environment. Judges none of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Final

from ekinerja_agent.config import Config
from ekinerja_agent.yamlfile import FileSection, dotted, read_document
from ekinerja_agent.yamlfile.scalars import HostPort

ADDRESSES: Final = frozenset({"url", "to", "sender"})
"""Keys whose text is an address."""
NO_ADDRESSES: Final = frozenset({"id", "kind", "office", "profile", "serial", "transport", "user", "hosts"})
"""Keys whose text leads nowhere."""


def reach(config: Config) -> list[tuple[str, str]]:
    """Given a configuration, return the keys of what leads out of its folder, each with what it says.

    What it takes from the environment is told as it is written.
    """
    folder = Path(os.path.realpath(config.path.parent))
    found = dict(_led(config.agent, "", folder))
    found |= _of_environment(config.path)
    for place, terminal in enumerate(config.terminals, 1):
        found |= _led(terminal, f"terminals.{place}.", folder)
    if config.terminals:
        found |= _of_environment(config.agent.devices)
    return list(found.items())


def _led(section: FileSection, above: str, folder: Path) -> Iterator[tuple[str, str]]:
    for name in type(section).model_fields:
        if name in section.model_fields_set:
            yield from _one(name, getattr(section, name), f"{above}{name}", folder)


def _one(name: str, value: Any, key: str, folder: Path) -> Iterator[tuple[str, str]]:
    if isinstance(value, FileSection):
        yield from _led(value, f"{key}.", folder)
    elif isinstance(value, tuple):
        for place, each in enumerate(value, 1):
            yield from _one(name, each, f"{key}.{place}", folder)
    elif _leads_out(name, value, folder):
        yield key, str(value)


def _leads_out(name: str, value: Any, folder: Path) -> bool:
    if isinstance(value, Path):
        return name.endswith("_file") or not Path(os.path.realpath(value)).is_relative_to(folder)
    if name == "url" and isinstance(value, str) and value.startswith("sqlite"):
        return not Path(os.path.realpath(value.partition(":///")[2])).is_relative_to(folder)
    return isinstance(value, HostPort | IPv4Network | IPv6Network) or (isinstance(value, str) and name in ADDRESSES)


def _of_environment(path: Path) -> Iterator[tuple[str, str]]:
    document, _ = read_document(path, environ=os.environ)
    if document is not None:
        yield from ((dotted(key), text) for key, text in document.written.items())
