"""The command behind `scripts/test-pages`: the demo's board in a real browser, every page as those see it who may.

Each page is opened wide and narrow, in both languages: a picture of it, what the browser complains of, what axe finds.
Knows no page's meaning: a person looks at the pictures; a page of tomorrow is found by its route.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from starlette.routing import Route

from ekinerja_agent.central.access import accounts, logins
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.closing.objections import Disputed
from ekinerja_agent.central.scored import board
from ekinerja_agent.central.scored.results import scores
from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.config import load
from ekinerja_agent.locale.language import LANGUAGES
from ekinerja_agent.nouns.scorecard import Scorecard
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.secrets.passwords import hashed
from ekinerja_agent.usecases.deciding import objections
from ekinerja_agent.usecases.deciding.activities import Desk, Work, add
from ekinerja_agent.web.app import board_routes, create_app
from ekinerja_agent.web.pages.unit import month_of
from ekinerja_agent.web.request_context import COOKIE, LANGUAGE_COOKIE, Site
from ekinerja_agent.web.server import WebServer, bind
from ekinerja_agent.yamlfile.scalars import HostPort
from tests.proof.chromium import Chromium

WIDTHS = (1200, 360)
HEIGHT = 1600
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FORENOON = time(10)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who looks, and at what. `token` None: who is not logged in."""

    name: str
    token: str | None
    paths: Sequence[str]


def main() -> int:
    """Look; return the exit code."""
    browser, axe, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    with tempfile.TemporaryDirectory(prefix="ekinerja-pages-") as folder:
        county = Path(folder) / "demo"
        demo = [sys.executable, "-m", "ekinerja_agent", "demo", "--dir", str(county)]
        subprocess.run(demo, check=True, stdout=subprocess.DEVNULL)
        return _look(county, browser, axe.read_text(encoding="utf-8"), out)


def _look(county: Path, browser: str, axe: str, out: Path) -> int:
    config = load(county / "agent.yaml")
    engine = connect(config.agent.central.url)
    rules = load_rulebook(config.agent.rules)
    with reading(engine) as conn:
        month = month_of(board.newest_month(conn) or "")
        cards = scores(conn, month)
    now = _forenoon(cards)
    site = Site(
        lambda: engine,
        lambda: None,
        lambda: now,
        secure=lambda: False,
        proxies=tuple,
        rules=lambda: rules,
        profile=lambda: config.agent.profile,
    )
    listener = bind(HostPort("127.0.0.1", 0), "agent.yaml")
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = WebServer(listener, create_app(lambda: None, site=site))
    try:
        readers = _readers(engine, site, cards, now)
        with Chromium(browser) as chromium:
            complaints = [one for reader in readers for one in _seen_by(reader, chromium, address, axe, out)]
    finally:
        server.stop()
        engine.dispose()
    sys.stdout.write("".join(f"{complaint}\n" for complaint in complaints) or f"{out} has the pictures\n")
    return int(bool(complaints))


def _forenoon(cards: Sequence[Scorecard]) -> datetime:
    """Ten o'clock of the last day on which somebody came."""
    day, zone = max((one.day, one.timezone) for card in cards for one in card.days if one.arrive is not None)
    return datetime.combine(day, FORENOON, ZoneInfo(zone)).astimezone(UTC)


def _readers(engine: Engine, site: Site, cards: Sequence[Scorecard], now: datetime) -> list[Reader]:
    """An employee with a finding that is disputed, the superior who is operator, payroll and head too, one who must
    choose a password, and somebody who is not logged in.
    """
    person = next(card for card in cards if card.findings)
    finding = person.findings[0]
    operator = next(one for one in accounts.list_accounts(engine) if "operator" in one.roles)
    desk = Desk(engine, site.rules(), site.profile(), operator, now)
    with reading(engine) as conn:
        chief = desk.superiors(conn, person.nip, now.date())[0]

    def enter(name: str, roles: Sequence[str], nip: str | None, *, must_change: bool = False) -> tuple[Account, str]:
        account = accounts.add(engine, name, roles=roles, by=operator, now=now, nip=nip)
        kept = hashed(secrets.token_urlsafe())
        logins.set_password(engine, name, kept, must_change=must_change, by=operator, now=now)
        token = secrets.token_urlsafe()
        logins.begin(engine, name, token, address="127.0.0.1", now=now)
        return account, token

    head, head_token = enter("look-head", ["operator", "payroll", "head"], chief)
    employee, employee_token = enter("look-employee", ["employee"], person.nip)
    _, new_token = enter("look-new", ["employee"], None, must_change=True)
    disputed = Disputed(person.nip, finding.day, finding.code, finding.scan)
    objections.add(engine, disputed, reason="Mesin menolak jari saya.", account=employee, now=now)
    for number, account in enumerate((head, employee)):
        work = Work(
            account.nip or "", now.date(), time(5, 30 * number), time(5, 30 * number + 20), "Menyusun laporan bulanan"
        )
        add(replace(desk, account=account), work)
    days = (f"{finding.day}", f"{finding.day:%Y-%m}", f"{now.astimezone(ZoneInfo(person.days[0].timezone)):%Y-%m-%d}")
    known = {"nip": person.nip, "unit": person.unit}
    of_unit = [f"/{page}?unit={person.unit}" for page in ("evaluation", "workload", "sakip")]
    every = [*_addresses(site, known, days), *of_unit]
    return [
        Reader("head", head_token, [*every, "/unit/NONE/2020-13"]),
        Reader("employee", employee_token, ["/me", "/activities", "/objections"]),
        Reader("new", new_token, ["/password"]),
        Reader("nobody", None, ["/login", "/public"]),
    ]


def _addresses(site: Site, known: dict[str, str], days: Sequence[str]) -> Iterator[str]:
    """Every page that can be opened by its address, for each of the days and months, once."""
    routes = [one.path for one in board_routes(site) if isinstance(one, Route) and "GET" in (one.methods or ())]
    pages = [path for path in routes if not path.startswith(("/static", "/language", "/login"))]
    places = [known | {"when": day, "month": days[1], "year": days[1][:4]} for day in days]
    yield from dict.fromkeys(path.format(**words) for path in pages for words in places)


def _seen_by(reader: Reader, chromium: Chromium, address: str, axe: str, out: Path) -> Iterator[str]:
    for lang in LANGUAGES:
        chromium.tell("Network.clearBrowserCookies")
        cookies = {LANGUAGE_COOKIE: lang} | ({} if reader.token is None else {COOKIE: reader.token})
        for name, value in cookies.items():
            chromium.tell("Network.setCookie", url=address, name=name, value=value)
        for path in reader.paths:
            for width in WIDTHS:
                chromium.open(address + path, width, HEIGHT)
                place = f"{reader.name} {lang} {width} {path}"
                name = f"{reader.name}{path.replace('/', '-')}-{lang}-{width}.png"
                (out / name).write_bytes(chromium.picture())
                yield from (f"{place}: {complaint}" for complaint in _findings(chromium, axe))


def _findings(chromium: Chromium, axe: str) -> Iterator[str]:
    """What the browser complained of, whether the page is wider than the window, and what axe finds."""
    yield from chromium.complaints
    chromium.complaints.clear()
    wide = chromium.run("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide:
        yield f"the page is {wide} pixels wider than the window"
    chromium.run(axe)
    asked = json.dumps({"runOnly": STANDARD, "resultTypes": ["violations"]})
    for violation in chromium.run(f"axe.run(document, {asked}).then((found) => found.violations)"):
        where = ", ".join(" ".join(map(str, node["target"])) for node in violation["nodes"][:3])
        yield f"{violation['id']} ({violation['impact']}): {violation['help']}: {where}"


if __name__ == "__main__":
    sys.exit(main())
