"""What the shell offers at the TAB key beside commands and options: the terminals of devices.yaml.

Promises silence: where the configuration cannot be read, nothing is offered. Reads files alone, never a terminal or the
database. The scripts of each shell, which click makes, are in `completions/`.
"""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from ekinerja_agent.config import find_config, load
from ekinerja_agent.nouns.errors import EkinerjaError


def terminal_ids(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Given what was typed so far, return the terminals whose id begins so, each with its office."""
    try:
        config = load(find_config(ctx.find_root().params.get("config_path")))
    except EkinerjaError:
        return []
    typed = ctx.params.get("ids") or ()
    return [
        CompletionItem(each.id, help=each.office)
        for each in config.terminals
        if each.id.startswith(incomplete) and each.id not in typed
    ]
