"""`backup`: everything of this host that no terminal can bring back, as one file; and back from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.keeping import archive, backup

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

COLUMNS = "file bytes sha256".split()


@click.group("backup")
def group() -> None:
    """One file with queue, database, rules and configuration; check it, restore it."""


@group.command("make")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of the backups. Default: backups in state_dir. Better: one on another disk.",
)
@click.option("--keep", type=click.IntRange(min=1), help="Keep only the newest N backups of this host there.")
@click.pass_obj
def make_command(context: Context, out: Path | None, keep: int | None) -> None:
    """Back this host up while the service runs. Secrets are not in it, nor a database on a server: it says so."""
    made = backup.make(context.config(), out, keep=keep, now=context.now)
    megabytes = -(-made.path.stat().st_size // 1_000_000)
    tell(
        Message(
            "{path}: {files} files, {megabytes} MB, older ones removed {removed}.",
            path=made.path,
            files=len(made.manifest.members),
            megabytes=megabytes,
            removed=len(made.removed),
        )
    )
    for sentence in made.not_in_it:
        context.say(sentence)


@group.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@format_option
def check_command(file: Path, fmt: str | None) -> None:
    """Read all of a backup and list what is in it; 1 if it is not whole."""
    manifest = archive.verify(file)
    emit(({"file": each.path, "bytes": each.bytes, "sha256": each.sha256} for each in manifest.members), COLUMNS, fmt)


@group.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="A directory that is empty or does not exist.",
)
@click.pass_obj
def restore_command(context: Context, file: Path, folder: Path) -> None:
    """Make of a backup an installation of its own in a directory. Nothing outside of it is touched."""
    manifest, config = backup.restore(file, folder)
    tell(
        Message(
            "{folder} is {host} as it was at {made_at}. Look at it with: ekinerja-agent --config {config} doctor",
            folder=folder,
            host=manifest.host,
            made_at=manifest.made_at.isoformat(),
            config=config.path,
        )
    )
    for path in backup.missing_secrets(config):
        context.say(Message("{path} is a secret, which no backup holds; put it there again.", path=path))
