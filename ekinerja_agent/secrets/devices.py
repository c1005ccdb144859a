"""What a browser keeps so that an account from which it was entered knows it again.

`NAME.MARK.MARK…`: the device's own name, and for each of a few accounts a mark that only who knows the hash of that
account's password can make. So nobody makes one up, none tells whose it is, and a new password ends it. Does not know
cookies, nor where hashes are kept.
"""

from __future__ import annotations

import hmac
import re
import secrets
from hashlib import sha256
from typing import Final

MOST_ACCOUNTS: Final = 8
"""Of one device, the newest."""
_KEPT: Final = re.compile(r"[\w-]{22}(?:\.[0-9a-f]{64}){1,8}", re.ASCII)
_NOBODY: Final = secrets.token_hex(16)


def is_known(kept: str, account: str, hashed: str | None) -> bool:
    """Given what a browser sent, an account's name and the hash of its password (None: there is none), tell whether
    somebody entered that account with it, since it has that password.
    """
    mark = _mark(name_of(kept), account, hashed or _NOBODY)
    # Each is compared, so that the answer takes as long for every account.
    same = [hmac.compare_digest(mark, other) for other in _marks(kept)]
    return hashed is not None and any(same)


def known_to(kept: str, account: str, hashed: str) -> str:
    """Given what a browser sent, and an account that was entered with it, return what it keeps from now on."""
    name = name_of(kept) or secrets.token_urlsafe(16)
    mark = _mark(name, account, hashed)
    others = [other for other in _marks(kept) if other != mark]
    return ".".join((name, mark, *others[: MOST_ACCOUNTS - 1]))


def name_of(kept: str) -> str:
    """Return the device's own name, empty where there is none."""
    return kept.partition(".")[0] if _KEPT.fullmatch(kept) else ""


def _marks(kept: str) -> list[str]:
    return kept.split(".")[1:] if _KEPT.fullmatch(kept) else []


def _mark(name: str, account: str, hashed: str) -> str:
    return hmac.new(hashed.encode(), f"{name} {account}".encode("utf-8", "replace"), sha256).hexdigest()
