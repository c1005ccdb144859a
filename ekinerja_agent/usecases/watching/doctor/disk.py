"""Is there room for what will be collected?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ekinerja_agent.files.durable import nearest
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.watching.doctor.finding import Finding
from ekinerja_agent.usecases.watching.doctor.host import Host
from ekinerja_agent.usecases.watching.health.conditions import LEAST_FREE_BYTES, LEAST_FREE_FILES

_MIB = 1 << 20
LEAST_FREE_MIB = LEAST_FREE_BYTES // _MIB


def check(host: Host) -> Iterator[Finding]:
    """Yield each disk of the spool or of a central database on SQLite that is nearly full."""
    file = host.config.agent.central.file
    seen: set[int] = set()
    for directory in (host.config.agent.state_dir, *([] if file is None else [file.parent])):
        place = nearest(directory)
        device = place.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield from _room(directory, place)


def _room(directory: Path, place: Path) -> Iterator[Finding]:
    disk = os.statvfs(place)
    free_mib = disk.f_bavail * disk.f_frsize // _MIB
    what_to_do = Message(
        "make room on this disk (df -h {place} shows it); until then what is read stays in the terminals", place=place
    )
    if free_mib < LEAST_FREE_MIB:
        yield Finding(
            str(directory),
            Message("only {free_mib} MiB are free, {least} are needed", free_mib=free_mib, least=LEAST_FREE_MIB),
            what_to_do,
        )
    if disk.f_files and disk.f_favail < LEAST_FREE_FILES:
        yield Finding(
            str(directory), Message("only {count} more files can be made (inodes)", count=disk.f_favail), what_to_do
        )
