"""What the checks look at: configuration, central database, spool and rules of this host, each looked at once.

Promises that looking changes nothing: no file is made, no table upgraded, no terminal spoken to. What is not there ends
the check that needs it with CannotCheck; the one check whose matter it is asks for the reason. Does not judge anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from ekinerja_agent.central.imported.import_lookups import StoredFacts
from ekinerja_agent.central.schema.checks import flaws
from ekinerja_agent.central.schema.upgrade import require_made
from ekinerja_agent.central.store.engine import look, reading
from ekinerja_agent.config import Config, Survey, find_config, survey_config
from ekinerja_agent.host import clock
from ekinerja_agent.nouns.errors import ConfigurationError, EkinerjaError, NeedsAttention, Problem
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rulebook import Rules, survey_rules
from ekinerja_agent.rules import Profile, RuleBook
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.watching.doctor.finding import CannotCheck

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass
class Host:
    """This host as `--config` names it (None: as found). `synchronised` is the kernel's word on its own clock.

    A context: what was opened is closed at its end.
    """

    config_path: str | None
    now: Callable[[], datetime] = utc_now
    synchronised: bool = field(default_factory=clock.is_synchronised)
    _opened: ExitStack = field(default_factory=ExitStack, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    @cached_property
    def survey(self) -> Survey | tuple[Problem, ...]:
        """All that can be said of agent.yaml and devices.yaml; only problems if there is no agent.yaml."""
        try:
            return survey_config(find_config(self.config_path))
        except ConfigurationError as error:
            return error.problems

    @property
    def config(self) -> Config:
        """The configuration. Raise CannotCheck if it is wrong."""
        if isinstance(self.survey, Survey) and self.survey.config is not None:
            return self.survey.config
        raise CannotCheck(Message("the configuration is wrong; see the check `config`"))

    @cached_property
    def central_or_why(self) -> Engine | EkinerjaError:
        """The central database in the shape this program needs, or why it cannot be used."""
        central = self.config.agent.central
        try:
            if (file := self.config.agent.central.file) is not None and not file.exists():
                return NeedsAttention(
                    Message(
                        "{file} does not exist; start the service, or run `ekinerja-agent db upgrade`, to make it",
                        file=file,
                    )
                )
            engine = look(central.address, central.password())
            self._opened.callback(engine.dispose)
            require_made(engine)
        except EkinerjaError as error:
            return error
        return engine

    @cached_property
    def central_flaws(self) -> list[Message]:
        """What `db check` says of the database. Its tables tell of people: a host that only collects may not look."""
        engine = self.central_or_why
        if isinstance(engine, EkinerjaError) or not self.scores:
            return []
        return flaws(engine)

    @property
    def central(self) -> Engine:
        """The central database. Raise CannotCheck if it is away, or not as it should be."""
        engine = self.central_or_why
        if isinstance(engine, EkinerjaError) or self.central_flaws:
            raise CannotCheck(Message("the central database cannot be used; see the check `database`"))
        return engine

    @property
    def collects(self) -> bool:
        return "collect" in self.config.agent.roles

    @property
    def scores(self) -> bool:
        return "score" in self.config.agent.roles

    @contextmanager
    def spool(self) -> Iterator[Spool]:
        """The spool, to be read only. Raise CannotCheck if there is none or it cannot be read."""
        path = self.config.agent.spool_path
        if not path.exists():
            raise CannotCheck(Message("nothing was collected on this host yet; see the check `spool`"))
        try:
            spool = Spool(path, read_only=True)
        except EkinerjaError as error:
            raise CannotCheck(Message("the spool cannot be read; see the check `spool`")) from error
        with spool:
            yield spool

    @cached_property
    def rules(self) -> Rules:
        """What can be said of the rule files."""
        return survey_rules(self.config.agent.rules)

    @property
    def rulebook(self) -> RuleBook:
        """The rules. Raise CannotCheck if a rule file is wrong."""
        if self.rules.book is None:
            raise CannotCheck(Message("the rule files are wrong; see the check `rules`"))
        return self.rules.book

    @cached_property
    def chosen(self) -> tuple[set[str], set[str]]:
        """The names of profiles and of schedules that agent.yaml, units and people of central choose; while central is
        away, that of agent.yaml alone.
        """
        try:
            with reading(self.central) as conn:
                facts = StoredFacts(conn)
                units, people = facts.rows("units"), facts.rows("employees")
        except CannotCheck:
            units = people = ()
        profiles = {self.config.agent.profile, *(row["profile"] for row in units)}
        schedules = {row["schedule"] for row in (*units, *people)}
        return cast(set[str], profiles - {None}), cast(set[str], schedules - {None})

    @property
    def profiles(self) -> list[Profile]:
        """The profiles in use that the rule files define, by name."""
        return [self.rulebook.profiles[name] for name in sorted(self.chosen[0]) if name in self.rulebook.profiles]

    @property
    def schedules(self) -> list[str]:
        """The names of the schedules in use that the rule files define, those of the profiles included."""
        names = self.chosen[1] | {profile.schedule for profile in self.profiles}
        return sorted(names & self.rulebook.schedules.keys())
