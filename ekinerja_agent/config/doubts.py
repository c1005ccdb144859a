"""What is wrong between the keys of a file, or between the terminals of devices.yaml.

Works on the text as written, so that it is told together with every value that is wrong by itself. Looks at no
file but for a certificate's being there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from ekinerja_agent.config.places import is_missing
from ekinerja_agent.config.settings import TERMINAL_PORT, THIS_HOST, TargetConfig
from ekinerja_agent.nouns.errors import Problem
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.yamlfile import Document, KeyPath
from ekinerja_agent.yamlfile.scalars import absolute, parse_host_port


def agent_doubts(document: Document) -> Iterator[Problem]:
    """Given agent.yaml, yield what is wrong in it besides each value: a secret written into it, TLS that cannot be."""
    yield from _tls_doubts(document)
    yield from _secret_in_url(document)
    yield from _target_doubts(document)


def _secret_in_url(document: Document) -> Iterator[Problem]:
    path = ("central", "url")
    written = document.written.get(path) or document.get(path)
    if not isinstance(written, str):
        return
    login = re.match(r"[^/]*://[^/@:]*:(?P<password>.+)@", written)
    if login and not re.fullmatch(r"\$\{[^}]*\}", login["password"]):
        message = Message(
            "a password stands in the URL; name a file that holds it in central.password_file, or use ${{NAME}}"
        )
        yield document.problem(path, message)


def _tls_doubts(document: Document) -> Iterator[Problem]:
    url, mode, certificate = (document.get(("central", key)) for key in ("url", "sslmode", "sslrootcert"))
    is_file = not isinstance(url, str) or url.startswith("sqlite")
    for key in ("sslmode", "sslrootcert"):
        written = document.get(("central", key))
        if not isinstance(written, str):
            continue
        if is_file:
            message = Message(
                "{written} was found with a database file; it is allowed with postgresql+psycopg2:// only",
                written=repr(written),
            )
            yield document.problem(("central", key), message)
        elif f"{key}=" in str(url):
            message = Message(
                "{written} was found, and the URL has {key} too; it is allowed in one place",
                written=repr(written),
                key=key,
            )
            yield document.problem(("central", key), message)
    if is_file:
        return
    if mode in ("verify-ca", "verify-full") and certificate is None and "sslrootcert=" not in str(url):
        message = Message(
            "{mode} was found without sslrootcert; name the file of the certificate that signed the server's", mode=mode
        )
        yield document.problem(("central", "sslmode"), message)
    if isinstance(certificate, str) and certificate and is_missing(absolute(document.path.parent, certificate)):
        message = Message(
            "{certificate} is not there; name the file of the certificate that signed the server's",
            certificate=certificate,
        )
        yield document.problem(("central", "sslrootcert"), message)


_TARGET_NEEDS: Final = {"webhook": ("url",), "email": ("to", "server", "sender"), "telegram": ("to", "secret_file")}
_TARGET_TAKES: Final = {
    "webhook": ("ca_file", "secret_file"),
    "email": ("ca_file", "secret_file", "starttls", "user"),
    "telegram": ("ca_file", "url"),
}
_EVERY_TARGET: Final = ("kind", "severity", "quiet")


def _target_doubts(document: Document) -> Iterator[Problem]:
    """Yield what is wrong between the keys of each target of notifications."""
    targets = document.get(("notify", "targets"))
    for index, target in enumerate(targets if isinstance(targets, list) else ()):
        kind = target.get("kind") if isinstance(target, dict) else None
        if not isinstance(target, dict) or not isinstance(kind, str) or kind not in _TARGET_NEEDS:
            continue
        path: KeyPath = ("notify", "targets", index)
        needed = [*_TARGET_NEEDS[kind], *(["secret_file"] if "user" in target and kind == "email" else [])]
        for key in needed:
            if key not in target and (*path, key) not in document.told:
                yield document.key_problem((*path, key), Message("the key is missing; {kind} requires it", kind=kind))
        allowed = sorted({*needed, *_TARGET_TAKES[kind], *_EVERY_TARGET})
        for key in target.keys() & TargetConfig.model_fields.keys() - set(allowed):
            message = Message(
                "{kind} does not use this key; allowed are {allowed}", kind=kind, allowed=", ".join(allowed)
            )
            yield document.key_problem((*path, key), message)
        if kind == "email" and "user" in target and target.get("starttls") == "false":
            message = Message("false was found with a user; a password may travel only encrypted")
            yield document.problem((*path, "starttls"), message)

        if "secret_file" in target and _travels_in_clear(target.get("url")):
            message = Message(
                "http:// was found with a secret_file; a token may travel only encrypted, so https:// is allowed"
            )
            yield document.problem((*path, "url"), message)


def _travels_in_clear(url: object) -> bool:
    """Whether what is sent there can be read on the way; what stays on this host cannot."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        return False  # no address at all, which is told elsewhere
    return parts is not None and parts.scheme == "http" and parts.hostname not in THIS_HOST


def terminal_doubts(document: Document) -> Iterator[Problem]:
    """Yield what is wrong between the keys of a terminal or between terminals.

    Works on the text, so that it is told together with everything else that is wrong in the file.
    """
    terminals = document.get(("terminals",))
    seen: dict[tuple[str, str], int] = {}
    for index, terminal in enumerate(terminals if isinstance(terminals, list) else ()):
        if not isinstance(terminal, dict):
            continue
        texts = {key: value for key, value in terminal.items() if isinstance(value, str)}
        path: KeyPath = ("terminals", index)
        yield from _contradictions(document, path, texts)
        for key, value in _unique_values(texts):
            first = seen.setdefault((key, value), index)
            if first != index:
                line = document.place(("terminals", first, key))[0]
                yield document.problem(
                    (*path, key),
                    Message(
                        "{found} stands on line {line} too; {why}", found=repr(texts[key]), line=line, why=_UNIQUE[key]
                    ),
                )


_UNIQUE: Final = {
    "id": Message("an id is unique for ever, for it is part of the identity of every punch"),
    "serial": Message("one serial has one id"),
    "address": Message("two enabled terminals cannot share one address"),
}


def _unique_values(texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the values of one terminal that no other terminal may have."""
    for key in ("id", "serial"):
        if key in texts:
            yield key, texts[key]
    if "address" in texts and texts.get("enabled") != "false" and texts.get("transport") != "none":
        try:
            yield "address", str(parse_host_port(texts["address"].lower(), TERMINAL_PORT))
        except ValueError:
            return  # told by the type already


def _contradictions(document: Document, path: KeyPath, texts: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what is wrong between the keys of one terminal."""

    def absent(key: str) -> bool:
        return key not in texts and (*path, key) not in document.told

    if absent("address") and (absent("transport") or texts.get("transport", "none") != "none"):
        message = Message("the key is missing; host[:port] is required unless transport is none")
        yield document.key_problem((*path, "address"), message)
    if texts.get("transport") == "none" and texts.get("mode") == "live":
        message = Message("live was found with transport none; without a transport only poll is allowed")
        yield document.problem((*path, "mode"), message)
    if texts.get("push") != "true" and document.get((*path, "push_from")) is not None:
        message = Message("networks were found without push: true; only a terminal that pushes comes from somewhere")
        yield document.problem((*path, "push_from"), message)
    if texts.get("push") == "true" and absent("serial"):
        message = Message("true was found without a serial; uploads are recognised by it, so push requires it")
        yield document.problem((*path, "push"), message)
