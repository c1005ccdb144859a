"""Types of the files and folders that a person names with a command.

Promises that a name is looked up with the rights of that person alone: where another process opens their files, nothing
is asked about a name here, and a folder is refused, for what is in it would be opened here.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from ekinerja_agent.files import named
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.messages import Message


class NamedFile(click.Path):
    """A file to read (`exists`) or to write: opened by `files.named`, and by nothing else."""

    def __init__(self, *, exists: bool = False) -> None:
        super().__init__(exists=exists, dir_okay=False, path_type=Path)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if not named.are_ours():
            return Path(str(value))
        return Path(os.fsdecode(super().convert(str(value), param, ctx)))


class OwnPath(click.Path):
    """A file or folder that this process opens itself: refused where it serves another person."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if not named.are_ours():
            raise Refused(
                Message(
                    "{path} is not opened for another user: let the administrator run this command as the service's "
                    "user",
                    path=str(value),
                )
            )
        return Path(os.fsdecode(super().convert(str(value), param, ctx)))
