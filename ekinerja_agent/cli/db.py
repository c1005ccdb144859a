"""`db`: create, upgrade and check the central database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.engine import check, connect, upgrade
from ekinerja_agent.cli.speech import tell

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.cli.context import Context


@click.group("db")
def group() -> None:
    """Create, upgrade and check the central database."""


@group.command("upgrade")
@click.pass_obj
def upgrade_command(context: Context) -> None:
    """Bring the database to the shape this program needs. Nothing stored is lost."""
    engine = _engine(context)
    tell(f"{engine.url.render_as_string(hide_password=True)} is at schema revision {upgrade(engine)}.")


@group.command("check")
@click.pass_obj
def check_command(context: Context) -> None:
    """Compare the database with what this program expects; 1 if something differs."""
    engine = _engine(context)
    check(engine)
    tell(f"{engine.url.render_as_string(hide_password=True)} is complete and current.")


def _engine(context: Context) -> Engine:
    """The database as it is: these two commands must not ask for a current schema first."""
    central = context.config().agent.central
    return connect(central.url, central.password())
