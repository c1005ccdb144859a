"""What every command shares: the configuration, the central database and who is acting, each made when first asked for.

Does not know any command. Imports the database and the rules only when a command needs them, so that `--help` is quick
and an office server never loads what it does not use.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from ekinerja_agent.cli.shell import rights
from ekinerja_agent.files.foreign_text import on_screen
from ekinerja_agent.host import os_user
from ekinerja_agent.locale.language import Translate, translate_to
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.messages import Message

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.config import Config
    from ekinerja_agent.rules import RuleBook


@dataclass
class Context:
    """The `ctx.obj` of click. `config_path` is what `--config` said, None if nothing; `lang` likewise. Whoever named no
    file is told which one is used wherever another could be meant.

    `translate` takes a message to the language of this command.
    """

    config_path: str | None = None
    lang: str | None = None
    translate: Translate = field(default_factory=lambda: translate_to("en"))
    _said: set[str] = field(default_factory=set)

    @cached_property
    def _config(self) -> Config:
        config = self.read_config()
        rights.leave_root(config.agent.state_dir)
        return config

    @cached_property
    def _read_config(self) -> Config:
        from ekinerja_agent.config import find_config, load, other_configs

        path = find_config(self.config_path)
        if self.config_path is None:
            for other in other_configs(path):
                self.say(
                    Message(
                        "{path} is used, though {other} exists too; --config FILE names one", path=path, other=other
                    )
                )
        return load(path)

    @cached_property
    def _engine(self) -> Engine:
        from ekinerja_agent.central.schema.upgrade import require_current
        from ekinerja_agent.central.store.engine import connect

        central = self._config.agent.central
        engine = connect(central.address, central.password())
        click.get_current_context().find_root().call_on_close(engine.dispose)
        require_current(engine)
        return engine

    @cached_property
    def _rulebook(self) -> RuleBook:
        from ekinerja_agent.rulebook import load_rulebook

        return load_rulebook(self._config.agent.rules)

    def read_config(self) -> Config:
        """As `config`, for whoever decides with whose rights the command goes on."""
        return self._read_config

    def config(self) -> Config:
        """Return the configuration; root gives up its rights for those of the owner of state_dir. Raise
        ConfigurationError with every problem of every file.
        """
        return self._config

    def engine(self) -> Engine:
        """Return the central database, its schema current. Raise TemporarilyUnavailable if it does not answer."""
        return self._engine

    def rulebook(self) -> RuleBook:
        """Return the rules of the configured directory. Raise ConfigurationError with every problem."""
        return self._rulebook

    def rulebook_now(self) -> RuleBook:
        """Return the rules as the directory has them at this moment, after a question that may have waited for long."""
        from ekinerja_agent.rulebook import load_rulebook

        return load_rulebook(self._config.agent.rules)

    def actor(self) -> Account:
        """Return the account of the operating-system user who runs this command. Raise Refused if there is none.

        While there is no account at all, that user becomes the first operator; it is said on standard error, once.
        """
        from ekinerja_agent.central.access.accounts import actor

        account, created = actor(self._engine, os_user.acting(), self.now(), self.say)
        if created:
            self.say(
                Message(
                    "No account existed: {account} is now operator and authorised feed for all kinds (recorded in "
                    "the audit log; see `ekinerja-agent account --help`)",
                    account=account.name,
                )
            )
        return account

    def require_known(self, *, office: str | None = None, nip: str | None = None, terminal: str | None = None) -> None:
        """Given names that were typed, None where none was, return. Raise WrongUsage for one that nobody knows."""
        from ekinerja_agent.central.imported import name_checks

        if office is not None:
            name_checks.require_unit(self._engine, office)
        if nip is not None:
            name_checks.require_person(self._engine, nip)
        if terminal is not None:
            name_checks.require_terminal(self._engine, terminal, [one.id for one in self._config.terminals])

    def witness(self, what: str, **facts: Any) -> None:
        """Given what was just done, and of what, let the witness of this host note it with the end of the audit log."""
        from ekinerja_agent.usecases.witnessing import notes

        failed = notes.note(self._config.agent.state_dir, self._engine, what, now=self.now(), **facts)
        if failed is not None:
            self.say(failed)

    def administrators_work(self) -> None:
        """Return if root or the service's user acts. Raise Refused if another one is served with that user's rights."""
        if os_user.caller().uid not in (0, os_user.own_uid()):
            from ekinerja_agent.nouns.errors import Refused

            raise Refused(
                Message(
                    "this is the administrator's work: sudo -u {user} ekinerja-agent …, in a shell of this host",
                    user=os_user.name_of(os_user.own_uid()),
                )
            )

    def now(self) -> datetime:
        """Return the instant of this command."""
        return utc_now()

    def say(self, message: Message) -> None:
        """Given a message, tell it beside the result: on standard error, in the person's language, once."""
        if message not in self._said:
            self._said.add(message)
            sys.stderr.write(f"{on_screen(self.translate(message))}\n")
