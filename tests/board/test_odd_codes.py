"""Codes of units that mean something else in an address stay themselves, on every link and in either language."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

from starlette.testclient import TestClient

from tests.board.conftest import County
from tests.journey.conftest import Installation

CODES = ["%", "%%", "%s", "%(x)s", "%41", "A", "%25", "a%2Fb", "a/b", "a?b", "a#b", "a+b", "a&b=c", "a\\b"]


def links(page: str, beginning: str) -> list[str]:
    return [unescape(address) for address in re.findall(r'href="([^"]*)"', page) if address.startswith(beginning)]


def titles(page: str) -> list[str]:
    return [unescape(title) for title in re.findall("<h1>(.*?)</h1>", page)]


def test_every_link_leads_to_its_own_unit(county: County, enter: Callable[..., TestClient], tmp_path: Path) -> None:
    units = [{"code": code, "name": f"Dinas <{code}>", "timezone": "Asia/Makassar"} for code in CODES]
    Installation(tmp_path, county.engine.url.render_as_string(hide_password=False)).load("units", units)
    browser = enter("op", "operator")
    rows = re.findall(r"<tr>.*?</tr>", browser.get("/").text, re.DOTALL)
    for code in CODES:
        ((_, *addresses),) = [(row, *links(row, "/unit/")) for row in rows if f"Dinas <{code}>" in unescape(row)]
        assert len(addresses) == 2
        for address in addresses:
            page = browser.get(address).text
            assert titles(page) == [f"Dinas <{code}>"]
            for beside in links(page, "/unit/"):
                assert titles(browser.get(beside).text) == [f"Dinas <{code}>"]
            (switch,) = links(page, "/language/")
            back = browser.get(switch).headers["location"]
            assert titles(browser.get(back).text) == [f"Dinas <{code}>"]
