"""What the service shows and tells of itself: pages, a textfile, messages. The daemon says when.

Promises that only who serves pages loads the web server, and only who tells anybody loads TLS, HTTP and mail; and that
an address is had before the one before it is given up. Does not know how facts are measured or judged.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from ekinerja_agent.config import Config
from ekinerja_agent.host.logs import logger
from ekinerja_agent.nouns.errors import TemporarilyUnavailable
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.watching.health import textfile
from ekinerja_agent.usecases.watching.health.conditions import judge
from ekinerja_agent.usecases.watching.health.journal import Journal
from ekinerja_agent.usecases.watching.health.measure import Measure
from ekinerja_agent.usecases.watching.health.metrics import metrics_text

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from ekinerja_agent.rules import RuleBook
    from ekinerja_agent.spool import Spool
    from ekinerja_agent.usecases.collecting.push import Receiver
    from ekinerja_agent.usecases.watching.health.facts import NewsFacts, Snapshot
    from ekinerja_agent.usecases.watching.health.outbox import Outbox
    from ekinerja_agent.web.server import WebServer
    from ekinerja_agent.yamlfile.scalars import HostPort, IpNetwork

log = logger()

EVERY_S = 5
FIRST_AFTER = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is done every `EVERY_S`, first after a while."""

    name: str
    work: Callable[[], object]
    first_after: timedelta


class Exporters:
    """One for the life of the service; `journal` is what the service writes down of its doings."""

    def __init__(self) -> None:
        self.journal = Journal()
        self._snapshot: Snapshot | None = None
        self._outbox: Outbox | None = None
        self._web: WebServer | None = None
        self._web_at: HostPort | None = None
        self._receiver: Receiver | None = None
        self._started = False
        self._config: Config | None = None
        self._rules: RuleBook | None = None

    def jobs(
        self, config: Config, *, spool: Spool | None, central: Callable[[], Engine], vouched: Callable[[], bool]
    ) -> Iterator[Job]:
        """Given a configuration that comes into force, yield what is to be done while it is.

        `vouched` tells whether central confirms this host's clock.
        """
        self.journal.reloaded(
            {terminal.id for terminal in config.terminals}, heard={terminal.id for terminal in config.only_heard}
        )
        self._outbox = None
        if config.agent.notify.targets:
            from ekinerja_agent.usecases.watching.health.outbox import Outbox

            self._outbox = Outbox(config.agent.state_dir, config.agent.notify)
            yield Job("notify", self._outbox.deliver, 2 * FIRST_AFTER)
        measure = Measure(config, self.journal, spool=spool, central=central, vouched=vouched, news=self._news)
        yield Job("measure", partial(self._measure, measure), FIRST_AFTER)
        if config.agent.metrics.textfile is not None:
            yield Job("textfile", partial(self._write_textfile, config.agent.metrics.textfile), 2 * FIRST_AFTER)

    def listener(self, config: Config) -> socket.socket | None:
        """Bind the address of the web role, unless it is served there already. Raise if it cannot be had."""
        if "web" not in config.agent.roles or config.agent.web.listen == self._web_at:
            return None
        from ekinerja_agent.web.server import bind

        return bind(config.agent.web.listen, str(config.path))

    def serve(self, config: Config, listener: socket.socket | None, central: Callable[[], Engine]) -> None:
        """Serve at what was bound; go on where the address stays, end where the role or the address went."""
        self._config, self._rules = config, None
        wanted = config.agent.web.listen if "web" in config.agent.roles else None
        if wanted == self._web_at:
            return
        self.stop()
        if listener is not None and wanted is not None:
            from ekinerja_agent.web.app import create_app
            from ekinerja_agent.web.request_context import Site
            from ekinerja_agent.web.server import WebServer

            site = Site(
                central,
                lambda: self._snapshot,
                utc_now,
                secure=lambda: bool(self._proxies()) or not _is_loopback(wanted),
                proxies=self._proxies,
                rules=self._rulebook,
                profile=self._profile,
                hosts=self._hosts,
            )
            self._web = WebServer(listener, create_app(lambda: self._snapshot, self._current, site))
            log.info("web.listening", address=str(wanted))
        self._web_at = wanted

    def _proxies(self) -> tuple[IpNetwork, ...]:
        """Those of the configuration in force: a reload may change them where the address stays."""
        return () if self._config is None else self._config.agent.web.proxies

    def _hosts(self) -> tuple[str, ...]:
        return () if self._config is None else self._config.agent.web.hosts

    def take_uploads(self, receiver: Receiver | None) -> None:
        """Let the pages hand to `receiver` what terminals push; None: no terminal pushes to this host."""
        self._receiver, self._started = receiver, True

    def take_no_uploads(self) -> None:
        """Refuse for a while what terminals push, and let end what was begun; they keep it and come again."""
        self._started = False
        if self._receiver is not None:
            self._receiver.close()

    def _current(self) -> Receiver | None:
        if not self._started:
            raise TemporarilyUnavailable(Message("the service is starting or ends; send it again"))
        return self._receiver

    def stop(self) -> None:
        """End the pages. Does nothing if there are none."""
        if self._web is not None:
            self._web.stop()
            self._web = None

    def _rulebook(self) -> RuleBook:
        """The rules of the configuration in force, read when a page first asks. Raise ConfigurationError."""
        from ekinerja_agent.rulebook import load_rulebook

        config, rules = self._config, self._rules
        if config is None:
            raise TemporarilyUnavailable(Message("the service is starting; try again in a moment"))
        if rules is None:
            rules = self._rules = load_rulebook(config.agent.rules)
        return rules

    def _profile(self) -> str:
        if self._config is None:
            raise TemporarilyUnavailable(Message("the service is starting; try again in a moment"))
        return self._config.agent.profile

    def _measure(self, measure: Measure) -> None:
        self._snapshot = measure()
        if self._outbox is not None:
            self._outbox.observe(judge(self._snapshot))

    def _write_textfile(self, path: Path) -> None:
        if self._snapshot is not None:
            textfile.write(path, metrics_text(self._snapshot))

    def _news(self) -> NewsFacts | None:
        return None if self._outbox is None else self._outbox.facts()


def _is_loopback(listen: HostPort) -> bool:
    """Whether only this host reaches the address: there a browser keeps cookies without https."""
    return listen.host == "localhost" or listen.host.startswith("127.") or listen.host in {"::1", "[::1]"}
