"""`db`: create, upgrade and check the central database, and who may do what in it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.collected import retention
from ekinerja_agent.central.schema import roles
from ekinerja_agent.central.schema.checks import check, shared_login
from ekinerja_agent.central.schema.office_logins import read_office
from ekinerja_agent.central.schema.upgrade import require_made, upgrade
from ekinerja_agent.central.store.engine import connect
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.config.secrets import read_secret
from ekinerja_agent.host import clock
from ekinerja_agent.nouns.errors import NeedsAttention, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.month_days import month_after
from ekinerja_agent.usecases.care import clocks

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.cli.shell.context import Context

COLUMNS = "role right on".split()
GOING = "before rows first_clock last_clock digest".split()


@click.group("db")
def group() -> None:
    """Create, upgrade, check and purge the central database, and give its roles their rights."""


@group.command("upgrade")
@click.pass_obj
def upgrade_command(context: Context) -> None:
    """Bring the database to the shape this program needs. Nothing stored is lost."""
    context.administrators_work()
    engine = _engine(context)
    tell(
        Message(
            "{database} is at schema revision {revision}.",
            database=engine.url.render_as_string(hide_password=True),
            revision=upgrade(engine),
        )
    )


@group.command("check")
@click.pass_obj
def check_command(context: Context) -> None:
    """Compare the database with what this program expects; 1 if something differs."""
    engine = _engine(context)
    check(engine)
    tell(Message("{database} is complete and current.", database=engine.url.render_as_string(hide_password=True)))
    if (sharing := shared_login(engine)) is not None:
        context.say(sharing)


@group.command("roles")
@click.option("--dry-run", is_flag=True, help="Print the SQL and change nothing.")
@click.option(
    "--password-file",
    "password_files",
    multiple=True,
    metavar="ROLE=FILE",
    help="Give a role the password that a file holds; may be repeated. Without it: \\password ROLE in psql.",
)
@click.option(
    "--office",
    "offices",
    multiple=True,
    metavar="LOGIN=UNIT[,UNIT]",
    help="Make the login ekinerja_collect_NAME for an office; the units whose terminals it tells of. May be repeated.",
)
@format_option
@click.pass_obj
def roles_command(
    context: Context, dry_run: bool, password_files: tuple[str, ...], offices: tuple[str, ...], fmt: str | None
) -> None:
    """Make the database roles of PostgreSQL and give each its rights and no others; again = repair. List them."""
    context.administrators_work()
    engine = _engine(context)
    if engine.dialect.name == "postgresql":
        require_made(engine)
    logins = dict(map(read_office, offices))
    if dry_run:
        for statement in roles.planned(engine, logins):
            click.echo(f"{statement};")
        return
    known = roles.apply(engine, dict(map(_password, password_files)), logins)
    emit((asdict(may) for may in roles.listing(known)), COLUMNS, fmt)
    if not password_files:
        context.say(
            Message(
                "A role has no password until you give it one: \\password ROLE in psql, or --password-file ROLE=FILE."
            )
        )


@group.command("purge")
@click.option("--yes", is_flag=True, help="Delete. Without it: only list what would go.")
@format_option
@click.pass_obj
def purge_command(context: Context, yes: bool, fmt: str | None) -> None:
    """Delete the punches that retention.punches_months of agent.yaml keeps no longer, and keep a receipt."""
    months = context.config().agent.retention.punches_months
    if months is None:
        tell(Message("Nothing is purged: agent.yaml has no retention.punches_months."))
        return
    if yes and (doubt := clocks.doubt(context.engine(), context.now(), synchronised=clock.is_synchronised())):
        raise NeedsAttention(Message("nothing was deleted: {doubt}", doubt=doubt))
    wanted = month_after(context.now().date(), -months)
    going = (
        retention.purge(context.engine(), wanted, account=context.actor(), now=context.now())
        if yes
        else retention.plan(context.engine(), wanted)
    )
    emit([{name: getattr(going, name) for name in GOING}], GOING, fmt)
    if going.kept_because is not None:
        context.say(Message("Punches from {day} on stay: {why}.", day=going.before, why=going.kept_because))
    if not yes and going.rows:
        context.say(Message("Nothing was deleted; make a backup, then repeat the command with --yes."))


def _password(given: str) -> tuple[str, str]:
    role, separator, file = given.partition("=")
    if not separator or not file:
        raise WrongUsage(
            Message(
                "--password-file {given}: write ROLE=FILE, for example ekinerja_score=/etc/ekinerja/score", given=given
            )
        )
    return role, read_secret(Path(file), f"--password-file {role}")


def _engine(context: Context) -> Engine:
    """The database as it is: these commands must not ask for a current schema first."""
    central = context.config().agent.central
    return connect(central.address, central.password())
