"""Asks before something that cannot be undone: `--yes`, or a typed answer."""

from __future__ import annotations

import sys

import click

from ekinerja_agent.cli.shell.translate import translated
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message


def confirm(question: Message, *, yes: bool) -> None:
    """Given a question, return if the person said yes. Raise WrongUsage if there is nobody to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise WrongUsage(
            Message("{question} Nobody is at the keyboard to answer; repeat the command with --yes", question=question)
        )
    click.confirm(translated(question), abort=True, err=True)
