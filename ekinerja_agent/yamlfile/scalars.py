"""What one piece of text in a YAML file may mean: numbers, times, percentages, addresses, each read exactly.

Promises that a text is either read as precisely one value or refused with what would be allowed; no rounding,
no locale, no second spelling. Does not know files, places or models. Each type is an `Annotated` for pydantic
that takes text only, and describes to an editor the YAML that a person writes.
"""

from __future__ import annotations

import ipaddress
import os.path
import re
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rules import PPM_PER_PERCENT

UNFIT: Final = "unfit"
"""pydantic error type of a text that its type refuses; the message is what would be allowed."""


@dataclass(frozen=True, eq=False)
class Scalar:
    """A type that is read from text. `parse` raises ValueError; `allowed` completes "… is allowed"."""

    parse: Callable[[str], object]
    allowed: Message
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.schema)

    def _read(self, value: object) -> object:
        if not isinstance(value, str):
            raise PydanticCustomError(UNFIT, "{allowed}", {"allowed": self.allowed})
        try:
            return self.parse(value)
        except ValueError as error:
            raise PydanticCustomError(UNFIT, "{allowed}", {"allowed": self.allowed}) from error


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of the words that something else registers; told as those of a Literal are."""

    words: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(self.words))


def _pattern(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^({pattern})$"}


def _matched(pattern: str, text: str) -> re.Match[str]:
    if found := re.fullmatch(pattern, text):
        return found
    raise ValueError(text)


# --- words ---

ID_PATTERN: Final = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_ANY_SCALAR: Final = {"type": ["string", "number", "boolean"]}
_TIGHT_WORD: Final = {"type": ["string", "number"], "pattern": r"^\S+$"}


def parse_text(text: str) -> str:
    """Given one line of printable text without blanks around it, return it. Raise ValueError."""
    if not text or text != text.strip() or not text.isprintable():
        raise ValueError(text)
    return text


def parse_word(text: str) -> str:
    """Given printable text without any blank, at most 64 characters, return it. Raise ValueError."""
    if len(text) > 64 or any(map(str.isspace, text)):
        raise ValueError(text)
    return parse_text(text)


def parse_id(text: str) -> str:
    """Given an id that may stand in names of punches and files, return it. Raise ValueError."""
    return _matched(ID_PATTERN, text)[0]


Text = Annotated[str, Scalar(parse_text, Message("one line of text"), _ANY_SCALAR)]
Word = Annotated[str, Scalar(parse_word, Message("up to 64 characters without blanks"), _TIGHT_WORD)]
Id = Annotated[
    str,
    Scalar(
        parse_id,
        Message("an id of up to 64 letters, digits and - _ . that starts with a letter or digit"),
        {"type": ["string", "number"], "pattern": f"^{ID_PATTERN}$"},
    ),
]


# --- yes and no, numbers ---


def parse_flag(text: str) -> bool:
    """Given `true` or `false`, return it. Raise ValueError for every other word, `yes` and `no` too."""
    return {"true": True, "false": False}[_matched("true|false", text)[0]]


def parse_whole(text: str) -> int:
    """Given a whole number in decimal digits, return it. Raise ValueError for `010`, `0x1F`, `1_000`."""
    return int(_matched("-?(0|[1-9][0-9]{0,14})", text)[0])


def whole(low: int, high: int) -> Scalar:
    """Given bounds, both included, return the type of the whole numbers within."""

    def parse(text: str) -> int:
        number = parse_whole(text)
        if low <= number <= high:
            return number
        raise ValueError(text)

    allowed = Message("a whole number from {low} to {high}", low=low, high=high)
    return Scalar(parse, allowed, {"type": "integer", "minimum": low, "maximum": high})


def parse_percent(text: str) -> int:
    """Given a percentage from 0 to 100 with at most 4 decimals, return it in ppm, exact. Raise ValueError."""
    ppm = Decimal(_matched(r"(0|[1-9][0-9]{0,2})(\.[0-9]{1,4})?", text)[0]) * PPM_PER_PERCENT
    if ppm > 100 * PPM_PER_PERCENT:
        raise ValueError(text)
    return int(ppm)


PERCENT: Final = Message("a percentage from 0 to 100 with at most 4 decimals, such as 1.25")
PERCENT_SCHEMA: Final = {"type": "number", "minimum": 0, "maximum": 100}

Flag = Annotated[bool, Scalar(parse_flag, Message("true or false"), {"type": "boolean"})]
PercentPpm = Annotated[int, Scalar(parse_percent, PERCENT, PERCENT_SCHEMA)]
"""Percent in the file, parts per million in the model."""


def _percent_or_none(text: str) -> int | None:
    return None if text == "none" else parse_percent(text)


PercentPpmOrNone = Annotated[
    int | None,
    Scalar(
        _percent_or_none, Message("none or {percent}", percent=PERCENT), {"anyOf": [{"const": "none"}, PERCENT_SCHEMA]}
    ),
]


# --- time ---

_TIME: Final = "([01][0-9]|2[0-3]):[0-5][0-9]"
_DATE: Final = "(19|2[01])[0-9]{2}-[0-9]{2}-[0-9]{2}"
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_time(text: str) -> time:
    """Given `HH:MM`, return the local time of day. Raise ValueError."""
    return time.fromisoformat(_matched(_TIME, text)[0])


def parse_date(text: str) -> date:
    """Given `YYYY-MM-DD` of the years 1900 to 2199, return the date. Raise ValueError."""
    return date.fromisoformat(_matched(_DATE, text)[0])


def parse_duration(text: str) -> timedelta:
    """Given `60s`, `5m`, `1h` or `2d`, return the duration. Raise ValueError; a bare number has no unit."""
    found = _matched("(0|[1-9][0-9]{0,6})([smhd])", text)
    return timedelta(seconds=int(found[1]) * _UNITS_S[found[2]])


def duration(low: timedelta, high: timedelta) -> Scalar:
    """Given bounds, both included and of whole seconds, return the type of the durations within."""

    def parse(text: str) -> timedelta:
        length = parse_duration(text)
        if low <= length <= high:
            return length
        raise ValueError(text)

    allowed = Message("a duration from {low} to {high}, such as 60s, 5m, 1h or 2d,", low=_shown(low), high=_shown(high))
    return Scalar(parse, allowed, _pattern("(0|[1-9][0-9]{0,6})[smhd]"))


def _shown(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _UNITS_S[unit] == 0 and (seconds or unit == "s"))
    return f"{seconds // _UNITS_S[unit]}{unit}"


def parse_time_range(text: str) -> tuple[time, time]:
    """Given `HH:MM-HH:MM`, return both local times; an end at or before the start lies on the next day."""
    found = _matched(f"(?P<start>{_TIME})-(?P<end>{_TIME})", text)
    return parse_time(found["start"]), parse_time(found["end"])


def parse_zone(text: str) -> zoneinfo.ZoneInfo:
    """Given an IANA name that this host knows, return the zone. Raise ValueError."""
    try:
        return zoneinfo.ZoneInfo(_matched("[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", text)[0])
    except (zoneinfo.ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(text) from error


TimeOfDay = Annotated[time, Scalar(parse_time, Message("a time from 00:00 to 23:59"), _pattern(_TIME))]
TimeRange = Annotated[
    tuple[time, time],
    Scalar(parse_time_range, Message("a stretch of time such as 07:30-16:00"), _pattern(f"{_TIME}-{_TIME}")),
]
Day = Annotated[date, Scalar(parse_date, Message("a date YYYY-MM-DD"), _pattern(_DATE))]
Zone = Annotated[
    zoneinfo.ZoneInfo,
    Scalar(
        parse_zone,
        Message("Asia/Jakarta, Asia/Pontianak, Asia/Makassar, Asia/Jayapura or another IANA time zone"),
        _pattern("[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*"),
    ),
]


# --- places on the network and on disk ---


@dataclass(frozen=True, slots=True)
class HostPort:
    """A host name or IP address, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_HOST_LABEL: Final = "[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"


def parse_host_port(text: str, default_port: int) -> HostPort:
    """Given `host`, `host:port`, `[ipv6]` or `[ipv6]:port`, return both parts. Raise ValueError."""
    found = _matched(r"(\[(?P<six>[^\]]+)\]|(?P<name>[^:\[\]]+))(:(?P<port>[1-9][0-9]{0,4}))?", text)
    port = int(found["port"] or default_port)
    if port > 65_535:
        raise ValueError(text)
    if found["six"]:
        return HostPort(str(ipaddress.IPv6Address(found["six"])), port)
    name = _matched(rf"{_HOST_LABEL}(\.{_HOST_LABEL})*", found["name"])[0]
    if len(name) > 253:
        raise ValueError(text)
    # What looks like an IPv4 address must be one: 10.20.3.256 is a slip, never a host name.
    return HostPort(str(ipaddress.IPv4Address(name)) if re.fullmatch("[0-9.]+", name) else name, port)


def host_port(default_port: int) -> Scalar:
    """Given the service's usual port, return the type of its addresses (`HostPort`)."""
    return Scalar(
        lambda text: parse_host_port(text, default_port),
        Message(
            "a host name or IP address, then optionally : and a port (IPv6 in brackets), such as 10.20.3.15:{port},",
            port=default_port,
        ),
        _pattern(r"\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?|[A-Za-z0-9._-]+(:[0-9]{1,5})?"),
    )


IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_network(text: str) -> IpNetwork:
    """Given an address or a network in CIDR form, return the network. Raise ValueError, for host bits set too."""
    return ipaddress.ip_network(text)


Network = Annotated[
    IpNetwork,
    Scalar(
        parse_network,
        Message("an IP address or a network such as 10.20.0.0/16"),
        _pattern("[0-9A-Fa-f:.]+(/[0-9]{1,3})?"),
    ),
]


class FilePath:
    """A path of this host. A relative one starts at the `base` of the validation context."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}

    @staticmethod
    def _read(value: object, info: ValidationInfo) -> Path:
        try:
            text = parse_text(value) if isinstance(value, str) else parse_text("")
        except ValueError as error:
            allowed = Message("a path, relative to this file or absolute,")
            raise PydanticCustomError(UNFIT, "{allowed}", {"allowed": allowed}) from error
        return absolute(base_of(info), text)


def base_of(info: ValidationInfo) -> Path:
    """Given a validation, return the directory at which relative paths start (else the working one)."""
    context: Mapping[str, Path] = info.context or {}
    return context.get("base", Path())


def absolute(base: Path, text: str) -> Path:
    """Given a directory and a path, return the path made absolute from there, `..` resolved as written."""
    # Path.resolve would follow links, and the state directory may be one that moves later.
    return Path(os.path.normpath(Path.cwd() / base / text))


PathHere = Annotated[Path, FilePath()]
