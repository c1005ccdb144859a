"""Asks a person: before something that cannot be undone (`--yes`, or a typed answer; that alone where no script may
answer), and for what a command needs to know.
"""

from __future__ import annotations

import signal
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
    _let_ctrl_c_end_it()
    click.confirm(translated(question), abort=True, err=True)


def confirm_typed(question: Message, answer: str) -> None:
    """Given a question and the answer that alone will do, return if the person typed it. Raise WrongUsage if not."""
    if not sys.stdin.isatty():
        raise WrongUsage(Message("{question}. Nobody is at the keyboard to answer", question=question))
    _let_ctrl_c_end_it()
    if click.prompt(translated(question), err=True, default="", show_default=False) != answer:
        raise WrongUsage(Message("that is not the name; nothing was done"))


def ask(question: Message, option: str, *, proposed: str | None = None) -> str:
    """Given a question, the option that would have answered it, and an answer to propose, return what the person typed.

    Raise WrongUsage if there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise WrongUsage(Message("{option} is missing, and nobody is at the keyboard to ask for it", option=option))
    _let_ctrl_c_end_it()
    return str(click.prompt(translated(question), err=True, default=proposed)).strip()


def _let_ctrl_c_end_it() -> None:
    """Polars takes Ctrl-C so that a question waits on for its answer; this program's own way is put back."""
    signal.signal(signal.SIGINT, signal.getsignal(signal.SIGINT))
