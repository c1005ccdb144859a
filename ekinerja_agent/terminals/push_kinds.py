"""What kinds of upload a pushing terminal makes, and which of them are known to hold no punch, each with its reason.

Promises that a kind is never called punchless because nobody knows it. Pure: does not know what becomes of an upload.
Sources: protocol sections 7 and 8, vendor documents of attendance and access-control push; why a list: decision 40.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

TABLES_WITHOUT_PUNCHES = frozenset(
    {
        "operlog",  # what operators did, and the people on the terminal with passwords in clear
        "options",  # settings of the terminal, its comm password among them
        "rtstate",  # door, sensor and alarm of an access-control terminal at one moment: nobody is named
        "irstate",  # the same of a terminal that measures temperature
        "errorlog",  # what went wrong in the terminal: code, message, the command that it concerns
        "remoteatt",  # a question: it asks for a person's data
        # a person on the terminal, with the password in clear
        "user",
        "userinfo",
        # more about one: cards, a whole identity card
        "extuser",
        "mulcarduser",
        "idcard",
        "identitycard",
        # fingerprints, faces, veins
        "templatev10",
        "biodata",
        # pictures; that of a try may be of a refused one, and each punch comes by itself
        "biophoto",
        "userpic",
        "attphoto",
    }
)
PAGES_WITHOUT_PUNCHES = frozenset(
    {
        "fdata",  # pictures, where no table is named
        "devicecmd",  # how a command ended that a person gave
        "registry",  # a terminal introduces itself, with secrets among its settings
        "exchange",  # keys of encrypted uploads, which are refused
    }
)
"""What holds no punch, by its table, else by where it goes. It is acknowledged and kept nowhere: most must not be."""

LOG = "attlog"
ACCESS = ("rtlog", "transaction")
"""What terminals in access-control mode send their records as: as they happen, and later."""
ONLY_ACCESS = frozenset({*ACCESS, "rtstate", "tabledata"})

_TABLED = ("cdata", "fdata", "querydata")
_INNER = "tabledata"


class Kind(NamedTuple):
    """What an upload is, by where it goes and what it says it is.

    `name` is the table in lower case, or the path behind /iclock where no table is named. `is_log` tells that its lines
    should be records of people, `holds_no_punch` that none is known to be of the kind. `inner` is the name of a table
    within `tabledata`, as it was sent: the answer repeats it.
    """

    name: str
    is_log: bool
    holds_no_punch: bool
    inner: str = ""

    @property
    def is_access(self) -> bool:
        """Whether only a terminal in access-control mode sends it."""
        return self.name in ONLY_ACCESS or bool(self.inner)


def folded(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Given the parameters of a request in order, return them by name in lower case: firmware differs in that.

    Of one that is given several times with different values, all are its value: it says nothing that could be known.
    """
    values: dict[str, list[str]] = {}
    for name, value in parameters:
        values.setdefault(name.lower(), []).append(value)
    return {name: ",".join(dict.fromkeys(several)) for name, several in values.items()}


def page_of(path: str) -> str:
    """Given what follows /iclock/ in a path, return the page that is meant, in lower case.

    An address that was typed with a path doubles it; some firmware and proxies add slashes or `.aspx`.
    """
    pieces = [piece for piece in path.lower().split("/") if piece not in ("", "iclock")]
    return "/".join(pieces).removesuffix(".aspx")


def kind_of(page: str, parameters: Mapping[str, str]) -> Kind:
    """Given the page of a request and its folded parameters, return what kind of upload its body is."""
    table, inner = (parameters.get(name, "").strip().lower() for name in ("table", "tablename"))
    if page not in _TABLED or not (table or page == "querydata"):
        asks = "authtype" in parameters or parameters.get("type", "").lower() == "postverifydata"
        return Kind(f"/{page}", is_log=page == "cdata" and not asks, holds_no_punch=page in PAGES_WITHOUT_PUNCHES)
    if table in ("", _INNER):
        name = _INNER if inner in ("", LOG) else inner
        is_log = name in ACCESS and page != "fdata"
        told = parameters.get("tablename", "").strip()
        return Kind(name, is_log, name in TABLES_WITHOUT_PUNCHES, told)
    is_log = page in ("cdata", "querydata") and table in ACCESS
    return Kind(table, is_log or (page == "cdata" and table == LOG), table in TABLES_WITHOUT_PUNCHES)


def shown(name: str) -> str:
    """Given the name of a kind, which a stranger may have made up, return it as it can stand in a sentence."""
    return re.sub(r"[^a-z0-9_./ -]", "?", name[:40])
