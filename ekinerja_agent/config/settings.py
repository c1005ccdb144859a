"""The keys of agent.yaml and devices.yaml: their types, defaults and meaning.

Promises that a setting is frozen, that its default is written as a person would write it, and that paths are
absolute. Does not compare one terminal with another; that is in `doubts`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from pydantic import AfterValidator, Field, ValidationInfo

from ekinerja_agent.config.secrets import read_secret, unusable_secret
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.terminals import DRIVERS
from ekinerja_agent.yamlfile import FileSection, faults
from ekinerja_agent.yamlfile.scalars import (
    Flag,
    HostPort,
    Id,
    Network,
    OneOf,
    PathHere,
    Text,
    TimeOfDay,
    TimeRange,
    Word,
    Zone,
    absolute,
    base_of,
    duration,
    host_port,
    whole,
)

DEFAULT_DEVICES: Final = "../devices.yaml"
TERMINAL_PORT: Final = 4370
WEB_PORT: Final = 8460
LEAST_RETENTION_MONTHS: Final = 24
MAIL_PORT: Final = 587
MAX_COMM_KEY: Final = 2**32 - 1
DATABASE_SCHEMES: Final = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg2")

THIS_HOST: Final = ("", "localhost", "127.0.0.1", "::1")
_PROTECTED: Final = ("require", "verify-ca", "verify-full")

Role = Literal["collect", "score", "web"]
Severity = Literal["info", "warning", "critical"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
W = TypeVar("W", bound=str)
_MEANT_OTHERWISE = str.maketrans({"%": "%25", "?": "%3F"})
"""What a path may hold and a URL takes for something else."""
Interval = Annotated[timedelta, duration(timedelta(seconds=1), timedelta(days=1))]


def _written(value: object) -> Any:
    """Given a default as a person would write it in the file, return the field that reads it the same way."""
    return Field(default=value, validate_default=True)


def shipped_rules() -> Path:
    """Return the directory of the shipped rule files: in a wheel, else the source tree."""
    package = Path(__file__).parents[1]
    installed = package / "shipped" / "config" / "rules"
    return installed if installed.is_dir() else package.parent / "config" / "rules"


def _database_url(text: str, info: ValidationInfo) -> str:
    """Given a database URL as written, return it with an SQLite path made absolute."""
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in DATABASE_SCHEMES:
        message = Message(
            "{scheme} does not begin a URL that is allowed: sqlite:///PATH or postgresql+psycopg2://USER@HOST/DATABASE",
            scheme=repr(scheme),
        )
        raise faults([((), message)])
    if scheme.startswith("sqlite"):
        path = rest.removeprefix("/")
        if rest == path or not path or path.startswith((":", "file:")) or "?" in path:
            message = Message(
                "no file that stays is named; sqlite:///RELATIVE/PATH or sqlite:////ABSOLUTE/PATH is allowed"
            )
            raise faults([((), message)])
        file = str(absolute(base_of(info), unquote(path)))
        return f"{scheme}:///{file.translate(_MEANT_OTHERWISE)}"
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises when it is not a number
    except ValueError as error:
        raise faults(
            [
                (
                    (),
                    Message(
                        "this is not a URL ({error}); postgresql+psycopg2://USER@HOST/DATABASE is allowed", error=error
                    ),
                )
            ]
        ) from error
    if not parts.path.strip("/"):
        raise faults([((), Message("the URL names no database; postgresql+psycopg2://USER@HOST/DATABASE is allowed"))])
    return text


def _all_different(words: tuple[W, ...]) -> tuple[W, ...]:
    repeated = [
        ((index,), Message("{word} stands twice; once is enough", word=word))
        for index, word in enumerate(words)
        if word in words[:index]
    ]
    if repeated:
        raise faults(repeated)
    return words


def _web_url(text: str) -> str:
    """Given the address of a web service, return it. A login in it would end in messages."""
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise faults([((), Message("this is not the address of a web service; https://HOST/PATH is allowed"))])
    if parts.username or parts.password:
        raise faults([((), Message("a login stands in the address; name a file that holds it in secret_file"))])
    return text


class CentralConfig(FileSection):
    """The central database."""

    url: Annotated[Text, AfterValidator(_database_url)] = _written("sqlite:///../state/central.db")
    """sqlite:///PATH, relative to this file, or postgresql+psycopg2://USER@HOST/DATABASE; %25 is a %, as in any URL."""
    password_file: PathHere | None = None
    """A file that holds the database password, relative to this file."""

    sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] | None = None
    """How PostgreSQL is reached: verify-full encrypts and knows the server by its certificate."""
    sslrootcert: PathHere | None = None
    """The certificate that signed the server's, relative to this file; needed for verify-ca and verify-full."""

    @property
    def file(self) -> Path | None:
        """The file of a database on SQLite, None if it is a server."""
        scheme, _, path = self.url.partition(":///")
        return Path(unquote(path)) if scheme.startswith("sqlite") else None

    @property
    def address(self) -> str:
        """The URL with what TLS needs."""
        tls = {"sslmode": self.sslmode, "sslrootcert": self.sslrootcert}
        query = urlencode({key: str(value) for key, value in tls.items() if value is not None})
        return f"{self.url}{'&' if '?' in self.url else '?'}{query}" if query else self.url

    @property
    def unprotected_host(self) -> str | None:
        """The other host that is asked without TLS, None if there is none."""
        parts = urlsplit(self.address)
        asked = dict(parse_qsl(parts.query))
        host = parts.hostname or asked.get("host", "").partition(":")[0]
        if parts.scheme.startswith("sqlite") or host in THIS_HOST or host.startswith(("/", "@")):
            return None
        return None if asked.get("sslmode") in _PROTECTED else host

    def password(self) -> str | None:
        """Return the database password, None without a password file. Raise ConfigurationError."""
        return None if self.password_file is None else read_secret(self.password_file, "central.password_file")


class PollConfig(FileSection):
    """How terminals are read."""

    every: Interval = _written("60s")
    """Time between two reads of a terminal."""
    timeout: Annotated[timedelta, duration(timedelta(seconds=1), timedelta(minutes=10))] = _written("20s")
    """How long one reply of a terminal may take."""
    workers: Annotated[int, whole(1, 1024)] = 64
    """How many terminals are read at the same time."""
    tail_read: Flag = True
    """Read only what is new where a terminal has proven that it can."""

    @property
    def timeout_s(self) -> float:
        return self.timeout.total_seconds()


class ClockConfig(FileSection):
    """What is done about terminals whose clock is wrong."""

    tolerance: Annotated[timedelta, duration(timedelta(0), timedelta(hours=1))] = _written("120s")
    """Up to this difference a terminal's clock is believed; beyond it punches are corrected and flagged."""
    sync: Flag = False
    """Set the clocks of terminals that are off."""

    @property
    def tolerance_s(self) -> int:
        return int(self.tolerance.total_seconds())


class ScoreConfig(FileSection):
    """When drafts are computed."""

    at: TimeOfDay = _written("01:00")
    """Time of day of this host."""


class WebConfig(FileSection):
    """The web server."""

    listen: Annotated[HostPort, host_port(WEB_PORT)] = _written(f"127.0.0.1:{WEB_PORT}")
    """Address and port to listen on."""
    upload_kib: Annotated[int, whole(16, 16_384)] = 2_048
    """The largest upload of a terminal that pushes, in KiB."""
    hosts: tuple[Word, ...] = ()
    """Names under which the pages are reached, without port; none: every name. Terminals and /health need none."""
    proxies: tuple[Network, ...] = ()
    """Proxies whose X-Forwarded-For tells where a terminal's request came from, for `push_from`."""


class RetentionConfig(FileSection):
    """What `db purge` may take away. Nothing by default."""

    punches_months: Annotated[int, whole(LEAST_RETENTION_MONTHS, 1200)] | None = None
    """How many whole months of punches are kept; older ones go if no open, unpaid or disputed month needs them."""


class MetricsConfig(FileSection):
    """Where measured facts go besides /metrics."""

    textfile: PathHere | None = None
    """A file for the textfile collector of Prometheus' node_exporter (*.prom), relative to this file."""


class HealthConfig(FileSection):
    """When a terminal that does not answer is news, and a backup that was not made."""

    away_after: Annotated[timedelta, duration(timedelta(minutes=15), timedelta(days=1))] = _written("30m")
    """A terminal is away when it did not answer for so long within duty hours."""
    duty_days: Annotated[tuple[Weekday, ...], Field(min_length=1), AfterValidator(_all_different)] = (
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
    )
    """The days on which offices are open."""
    duty_hours: TimeRange = _written("07:00-14:00")
    """When every office is open on such a day, in the zone of its terminal: outside it may be switched off."""
    backup_after: Annotated[timedelta, duration(timedelta(hours=1), timedelta(days=31))] = _written("3d")
    """The newest backup of this host is too old after so long."""


class TargetConfig(FileSection):
    """Somebody who is told, and how."""

    kind: Literal["webhook", "email", "telegram"]
    """webhook: JSON by POST; email: SMTP; telegram: a bot's message."""
    to: Text | None = None
    """email: the address; telegram: the chat's number or @name."""
    url: Annotated[Text, AfterValidator(_web_url)] | None = None
    """webhook: where to POST; telegram: another server of the bot API."""
    secret_file: PathHere | None = None
    """A file that holds the bearer token (webhook), the password (email) or the bot's token (telegram)."""
    server: Annotated[HostPort, host_port(MAIL_PORT)] | None = None
    """email: the mail server that takes our letters."""
    sender: Text | None = None
    """email: the address that stands in From."""
    user: Text | None = None
    """email: the login at the mail server, with its password in secret_file."""
    starttls: Flag = True
    """email: encrypt. false only for a mail server of this host."""
    ca_file: PathHere | None = None
    """The certificates that vouch for the server, where those of this host do not."""
    severity: Severity = "warning"
    """The least important news that is told here."""
    quiet: TimeRange | None = None
    """When only critical news is told at once, in the time of this host; the rest comes after it."""

    def secret(self) -> str | None:
        """Return the secret, None without a file. Raise ConfigurationError."""
        return None if self.secret_file is None else read_secret(self.secret_file, f"secret_file of {self.kind}")


class NotifyConfig(FileSection):
    """Who is told when something breaks, and when it is well again."""

    language: Literal["id", "en"] = "id"
    """The language of messages."""
    gather: Annotated[timedelta, duration(timedelta(0), timedelta(hours=1))] = _written("2m")
    """News waits for so long for other news, so that a line that breaks is one message."""
    repeat: Annotated[timedelta, duration(timedelta(hours=1), timedelta(days=30))] = _written("1d")
    """What lasts is told again after so long."""
    targets: tuple[TargetConfig, ...] = ()


class LogConfig(FileSection):
    """What is logged, to standard error."""

    format: Literal["console", "json"] = "console"
    """console for people, json under systemd."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important level that is logged."""


class AgentConfig(FileSection):
    """agent.yaml. Paths are absolute."""

    roles: Annotated[tuple[Role, ...], Field(min_length=1), AfterValidator(_all_different)] = (
        "collect",
        "score",
        "web",
    )
    """An office server: [collect]; the central server: [score, web]; one box: all three."""
    state_dir: PathHere = _written("../state")
    """Directory of the local queue, quarantine and backups, relative to this file."""
    devices: PathHere = _written(DEFAULT_DEVICES)
    """The file of the terminals, relative to this file."""
    rules: PathHere = Field(default_factory=shipped_rules)
    """Directory of the rule files, relative to this file. Default: the rules that come with the program."""
    profile: Id = "tpp-model"
    """The rule profile of units that name none: a file of rules/profiles."""
    central: CentralConfig = _written({})
    poll: PollConfig = _written({})
    clock: ClockConfig = _written({})
    score: ScoreConfig = _written({})
    web: WebConfig = _written({})
    metrics: MetricsConfig = _written({})
    health: HealthConfig = _written({})
    notify: NotifyConfig = _written({})
    log: LogConfig = _written({})
    retention: RetentionConfig = _written({})

    @property
    def spool_path(self) -> Path:
        return self.state_dir / "spool.db"


class TerminalConfig(FileSection):
    """One terminal of devices.yaml."""

    id: Id
    """Unique for ever: it is part of the identity of every punch."""
    office: Word
    """Code of the unit whose people scan here."""
    address: Annotated[HostPort, host_port(TERMINAL_PORT)] | None = None
    """host[:port]; needed unless transport is none."""
    transport: Annotated[str, OneOf((*DRIVERS, "none"))] = "tcp"
    """none: only uploads (push) or USB files."""
    push: Flag = False
    """Also, or only, receives uploads of this serial."""
    push_from: tuple[Network, ...] = ()
    """Networks from which uploads of this serial are taken; none: from everywhere."""
    timezone: Zone
    """The zone that the terminal's clock shows."""
    serial: Word | None = None
    """Optional: the first serial seen is pinned."""
    comm_key_file: PathHere | None = None
    """A file that holds the terminal's communication key, relative to this file."""
    mode: Literal["poll", "live"] = "poll"
    """live also polls, to fill gaps."""
    every: Interval | None = None
    """Time between two reads, where it differs from poll.every."""
    enabled: Flag = True
    """false: no longer read, but its punches keep their id."""

    def comm_key(self) -> int:
        """Return the communication key, 0 without a key file. Raise ConfigurationError if it holds no key."""
        if self.comm_key_file is None:
            return 0
        text = read_secret(self.comm_key_file, f"comm_key_file of {self.id}")
        if not re.fullmatch("[0-9]{1,10}", text) or int(text) > MAX_COMM_KEY:
            message = Message(
                "this is not a communication key; a number from 0 to {most} is allowed, nothing else", most=MAX_COMM_KEY
            )
            raise unusable_secret(self.comm_key_file, f"comm_key_file of {self.id}", message)
        return int(text)


class DevicesFile(FileSection):
    """devices.yaml."""

    terminals: tuple[TerminalConfig, ...]
    """Every terminal there is or ever was."""
