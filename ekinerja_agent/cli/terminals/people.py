"""`terminal users|backup|restore|copy|restart` and `terminal key`: the people on terminals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ekinerja_agent.central.access.accounts import require
from ekinerja_agent.central.imported.import_lookups import StoredFacts
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.cli.shell.completion import terminal_ids
from ekinerja_agent.cli.shell.confirm import confirm
from ekinerja_agent.cli.shell.failures import end_with
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.named_files import NamedFile
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.cli.terminals.choice import chosen, desk_of, each_of
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.secrets.sealing import read_private_key
from ekinerja_agent.usecases.care.people import backup, change, roll
from ekinerja_agent.usecases.care.people.plan import Plan, Source, Wish
from ekinerja_agent.usecases.care.people.reading import read_terminal

if TYPE_CHECKING:
    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.cli.shell.context import Context
    from ekinerja_agent.config import Config, TerminalConfig
    from ekinerja_agent.terminals.people import Staffed
    from ekinerja_agent.usecases.care.verify import Desk

USERS = "terminal uid pin name privilege card fingers password nip employee unit note".split()
CHECK = "check terminal pin nip name what".split()
BACKUP = "id users fingers file key digest".split()
PLAN = "terminal change uid pin name fingers what".split()

_FILE = NamedFile()
_PINS = click.option("--pin", "pins", multiple=True, metavar="PIN", help="Only this one; may be repeated.")
_WITHOUT_FINGERS = click.option(
    "--without-fingers", is_flag=True, help="Users, cards and passwords alone; fingers are enrolled at the terminal."
)
_REPLACE = click.option(
    "--replace", is_flag=True, help="Make the terminal like the source: who is only on it is deleted there."
)
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command("users")
@click.argument("ids", nargs=-1, metavar="[ID]...", shell_complete=terminal_ids)
@click.option("--office", metavar="U", help="Every enabled terminal of this office.")
@click.option("--check", is_flag=True, help="Tell only what does not fit; ends with 1 if anything does not.")
@format_option
@click.pass_context
def users_command(
    click_context: click.Context, ids: Sequence[str], office: str | None, check: bool, fmt: str | None
) -> None:
    """Who is enrolled on terminals, and whose each PIN is today. Reads, and changes nothing."""
    context: Context = click_context.obj
    if bool(ids) == bool(office):
        raise WrongUsage(Message("name terminals, or one office with --office"))
    config = context.config()
    terminals = chosen(config, ids, office)
    with desk_of(context) as desk:
        staffed, failures = each_of(terminals, lambda terminal: read_terminal(terminal, desk))
    zone = terminals[0].timezone
    with reading(context.engine()) as conn:
        register = roll.Register(StoredFacts(conn), context.now().astimezone(zone).date())
    if not check:
        emit(map(_fields, roll.entries(staffed, register)), USERS, fmt)
        end_with(failures, context)
        return
    found = [*roll.findings(staffed, register), *_without_finger(config, terminals, staffed, register, context)]
    emit(map(_fields, found), CHECK, fmt)
    end_with(failures, context)
    if found:
        click_context.exit(1)


@click.group("key")
def key_group() -> None:
    """The key that backups of people are sealed for."""


@key_group.command("new")
@click.option("--out", required=True, type=_FILE, help="The private key's file; keep it away from this host.")
@click.option("--replace", is_flag=True, help="Seal later backups for a new key; older ones need the old one.")
@click.pass_obj
def key_command(context: Context, out: Path, replace: bool) -> None:
    """Make a key: this host keeps the half that closes backups, FILE gets the half that opens them."""
    account = context.actor()
    with desk_of(context) as desk:
        public = backup.make_key(out, desk, account=account, replace=replace)
    tell(
        Message(
            "Backups are sealed for the key {fingerprint} from now on. {out} opens them: move it away from this "
            "host, keep two copies under lock, and show it to nobody. Without it no backup can be restored.",
            fingerprint=public.fingerprint,
            out=out,
        )
    )


@click.command("backup")
@click.argument("terminal_id", metavar="ID", shell_complete=terminal_ids)
@click.option("--out", type=_FILE, help="The backup's file; by default a new one in state_dir/backups.")
@click.option("--key", "key_file", type=_FILE, help="Seal it for this public key instead of the host's own.")
@format_option
@click.pass_obj
def backup_command(
    context: Context, terminal_id: str, out: Path | None, key_file: Path | None, fmt: str | None
) -> None:
    """Keep a terminal's users and fingerprints in one sealed file."""
    terminal = context.config().terminal(terminal_id)
    account = context.actor()
    with desk_of(context) as desk:
        key = backup.public_key(desk, key_file)
        made = backup.back_up(terminal, desk, key=key, out=out, account=account)
    header = made.header
    row = {"id": header.terminal, "users": header.users, "fingers": header.fingers, "file": str(made.path)}
    emit([row | {"key": header.key, "digest": made.digest}], BACKUP, fmt)


@click.command("restore")
@click.argument("terminal_id", metavar="ID", shell_complete=terminal_ids)
@click.argument("file", type=_FILE)
@click.option("--key", "key_file", type=_FILE, help="The private key that `terminal key new` wrote.")
@_PINS
@_WITHOUT_FINGERS
@_REPLACE
@_YES
@format_option
@click.pass_obj
def restore_command(
    context: Context,
    terminal_id: str,
    file: Path,
    key_file: Path | None,
    pins: Sequence[str],
    without_fingers: bool,
    replace: bool,
    yes: bool,
    fmt: str | None,
) -> None:
    """Bring the people of a backup to a terminal: shows what would change, asks, writes, and reads back."""
    terminal = context.config().terminal(terminal_id)
    wish = Wish(frozenset(pins), fingers=not without_fingers, replace=replace)
    account = context.actor()
    require(account, Deed.TEND_TERMINALS)
    header, source, digest = backup.open_backup(file, read_private_key(key_file) if key_file else None)
    with desk_of(context) as desk:
        if not backup.made_here(desk.engine, digest):
            context.say(
                Message(
                    "{file} is not in this installation's audit log: anybody with the public key can make such a "
                    "file, so be sure of where it comes from",
                    file=file,
                )
            )
        context.say(
            Message(
                "{file}: {users} users, {fingers} fingers of {terminal}, made {at}",
                file=file,
                users=header.users,
                fingers=header.fingers,
                terminal=header.terminal,
                at=header.at,
            )
        )
        entry = change.AuditEntry("terminal.restore", {"file": digest, "from": header.terminal})
        _bring(context, terminal, source, desk, wish, account=account, entry=entry, yes=yes, fmt=fmt)


@click.command("copy")
@click.argument("from_id", metavar="FROM", shell_complete=terminal_ids)
@click.argument("to_id", metavar="TO", shell_complete=terminal_ids)
@_PINS
@_WITHOUT_FINGERS
@_REPLACE
@_YES
@format_option
@click.pass_obj
def copy_command(
    context: Context,
    from_id: str,
    to_id: str,
    pins: Sequence[str],
    without_fingers: bool,
    replace: bool,
    yes: bool,
    fmt: str | None,
) -> None:
    """Bring the people of one terminal to another: shows what would change, asks, writes, and reads back."""
    config = context.config()
    origin, terminal = config.terminal(from_id), config.terminal(to_id)
    if origin.id == terminal.id:
        raise WrongUsage(Message("{terminal} is both; name two terminals", terminal=from_id))
    wish = Wish(frozenset(pins), fingers=not without_fingers, replace=replace)
    account = context.actor()
    require(account, Deed.TEND_TERMINALS)
    with desk_of(context) as desk:
        staffed = read_terminal(origin, desk)
        source = Source(origin.id, staffed.algorithm, staffed.crew)
        entry = change.AuditEntry("terminal.copy", {"from": origin.id})
        _bring(context, terminal, source, desk, wish, account=account, entry=entry, yes=yes, fmt=fmt)


@click.command("restart")
@click.argument("terminal_id", metavar="ID", shell_complete=terminal_ids)
@_YES
@click.pass_obj
def restart_command(context: Context, terminal_id: str, yes: bool) -> None:
    """Let a terminal start again; nobody can scan there for a minute."""
    terminal = context.config().terminal(terminal_id)
    account = context.actor()
    require(account, Deed.TEND_TERMINALS)
    confirm(Message("Nobody can scan at {terminal} while it starts again. Restart it?", terminal=terminal_id), yes=yes)
    with desk_of(context) as desk:
        change.restart(terminal, desk, account=account)
    tell(Message("{terminal} starts again.", terminal=terminal_id))


COMMANDS: tuple[click.Command, ...] = (
    users_command,
    backup_command,
    restore_command,
    copy_command,
    restart_command,
    key_group,
)


def _bring(
    context: Context,
    terminal: TerminalConfig,
    source: Source,
    desk: Desk,
    wish: Wish,
    *,
    account: Account,
    entry: change.AuditEntry,
    yes: bool,
    fmt: str | None,
) -> None:
    plan = change.propose(terminal, source, desk, wish)
    emit(_shown(terminal, plan), PLAN, fmt)
    counts = {kind: len(plan.of(kind)) for kind in ("add", "change", "remove", "keep", "extra")}
    if plan.steps and not plan.of("conflict"):
        confirm(
            Message(
                "{terminal}: add {add}, change {change}, delete {delete} users and write {fingers} fingers?",
                terminal=terminal.id,
                add=counts["add"],
                change=counts["change"],
                delete=counts["remove"],
                fingers=sum(each.fingers for each in plan.changes),
            ),
            yes=yes,
        )
    change.bring(terminal, source, desk, wish, shown=plan, account=account, entry=entry)
    done: dict[str, object] = {
        "terminal": terminal.id,
        "added": counts["add"],
        "changed": counts["change"],
        "deleted": counts["remove"],
        "kept": counts["keep"] + counts["extra"],
    }
    context.say(
        Message(
            "{terminal}: {added} added, {changed} changed, {deleted} deleted, {kept} as they were; read back and "
            "found as planned",
            **done,
        )
        if plan.steps
        else Message(
            "{terminal}: {added} added, {changed} changed, {deleted} deleted, {kept} as they were; nothing to change",
            **done,
        )
    )


def _shown(terminal: TerminalConfig, plan: Plan) -> Iterator[dict[str, Any]]:
    for each in plan.changes:
        row = {"terminal": terminal.id, "change": each.kind, "uid": each.uid, "pin": each.pin, "name": each.name}
        yield row | {"fingers": each.fingers, "what": each.what}


def _without_finger(
    config: Config,
    terminals: Sequence[TerminalConfig],
    staffed: Sequence[Staffed],
    register: roll.Register,
    context: Context,
) -> Iterator[roll.Finding]:
    """Judged office by office, and only where every terminal of the office was read."""
    enabled = [each for each in config.terminals if each.enabled]
    offices = {each.office for each in enabled}
    read = {one.terminal: one for one in staffed}
    for office in sorted({each.office for each in terminals}):
        its = [each.id for each in enabled if each.office == office]
        unread = [each for each in its if each not in read]
        if unread:
            context.say(
                Message(
                    "who has no finger at {office} cannot be told: {unread} was not read; use --office {office}",
                    office=office,
                    unread=", ".join(unread),
                )
            )
            continue
        yield from roll.without_finger(office, offices, [read[each] for each in its], register)


def _fields(row: roll.Entry | roll.Finding) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}
