"""`backup`: everything of this host that no terminal can bring back, as one file; and back from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ekinerja_agent.cli.shell.confirm import confirm, confirm_typed
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.named_files import OwnPath
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.host import os_user
from ekinerja_agent.nouns.errors import EkinerjaError
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.secrets.proving import read_prover
from ekinerja_agent.usecases.keeping import backup
from ekinerja_agent.usecases.witnessing import witnesses

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context
    from ekinerja_agent.secrets.proving import Prover
    from ekinerja_agent.usecases.witnessing.compare import Seen

COLUMNS = "file bytes sha256".split()
LEADS = "key value".split()
_KEY = click.option(
    "--key",
    type=OwnPath(path_type=Path),
    help="The public key of the host that made it (backup.pub of its state_dir). Default: that of this host.",
)


@click.group("backup")
def group() -> None:
    """One file with queue, database, rules and configuration; check it, restore it."""


@group.command("make")
@click.option(
    "--out",
    type=OwnPath(file_okay=False, path_type=Path),
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
@click.argument("file", type=OwnPath(path_type=Path))
@_KEY
@click.option("--unproven", is_flag=True, help="Whoever made it: only see whether it is whole.")
@format_option
@click.pass_obj
def check_command(context: Context, file: Path, key: Path | None, unproven: bool, fmt: str | None) -> None:
    """Read all of a backup and list what is in it; 1 if it is not whole, or not proven to be of this host or KEY."""
    manifest = backup.check(file, None if unproven else _proof(context, key))
    emit(({"file": each.path, "bytes": each.bytes, "sha256": each.sha256} for each in manifest.members), COLUMNS, fmt)


@group.command("restore")
@click.argument("file", type=OwnPath(path_type=Path))
@click.option(
    "--to",
    "folder",
    required=True,
    type=OwnPath(path_type=Path),
    help="A directory that is empty or does not exist.",
)
@_KEY
@click.option(
    "--unproven",
    is_flag=True,
    help="Without proof of who made it, as backups of earlier versions are; asks for its name.",
)
@click.pass_obj
def restore_command(context: Context, file: Path, folder: Path, key: Path | None, unproven: bool) -> None:
    """Make of a backup an installation of its own in a directory. Nothing outside of it is touched.

    It is used once `backup accept` has shown which files it reads elsewhere and whom it calls.
    """
    if unproven:
        confirm_typed(
            Message(
                "Nothing proves who made {file}: whoever did chooses what this host believes, pays and calls. Type the "
                "name of the file, {name}, if you know by other means that it is yours",
                file=file,
                name=file.name,
            ),
            file.name,
        )
    proof = None if unproven else _proof(context, key)
    restored = backup.restore(file, folder, proof, seen=_seen(context), actor=os_user.acting(), now=context.now())
    tell(
        Message(
            "{folder} is {host} as it was at {made_at}. Let it be used with: ekinerja-agent backup accept {folder}",
            folder=folder,
            host=restored.manifest.host,
            made_at=restored.manifest.made_at.isoformat(),
        )
    )
    if unproven:
        context.say(
            Message(
                "It was restored without proof of who made it; read its files, {original} too, before you use one.",
                original=folder / "original",
            )
        )
    if restored.lost is not None and restored.lost.ends:
        context.say(
            Message(
                "What was done after the backup is not in it; a witness of this host noted the end {end} of the audit "
                "log",
                end=restored.lost.newest,
            )
        )
        for sentence in restored.lost.payments:
            context.say(sentence)


@group.command("accept")
@click.argument("folder", type=OwnPath(path_type=Path))
@format_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def accept_command(context: Context, folder: Path, fmt: str | None, yes: bool) -> None:
    """Show which files a restored configuration reads and whom it calls; let it be used once that is right."""
    leads = backup.to_confirm(folder)
    emit(({"key": key, "value": value} for key, value in leads), LEADS, fmt)
    if leads:
        confirm(Message("Are these your files and addresses?"), yes=yes)
    config = backup.accept(folder)
    context.say(Message("Look at it with: ekinerja-agent --config {config} doctor", config=config.path))
    for path in backup.missing_secrets(config):
        context.say(Message("{path} is a secret, which no backup holds; put it there again.", path=path))


def _proof(context: Context, key: Path | None) -> Prover:
    return read_prover(key) if key is not None else backup.prover(context.config())


def _seen(context: Context) -> list[Seen]:
    """What the witnesses of this host noted. A new machine, where nothing is configured yet, has none."""
    try:
        return witnesses.of_host(context.config())
    except EkinerjaError:
        return []
