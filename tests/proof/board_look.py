"""The command behind `scripts/test-pages`: the demo's board in a real browser, page by page, wide and narrow.

Knows no page's meaning: a person looks at the pictures; what the browser complains of ends with 1.
"""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from ekinerja_agent.central import accounts, logins
from ekinerja_agent.central.board import newest_month
from ekinerja_agent.central.engine import connect
from ekinerja_agent.central.results import scores
from ekinerja_agent.config import load
from ekinerja_agent.model import utc_now
from ekinerja_agent.passwords import hashed
from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.web.app import create_app
from ekinerja_agent.web.pages.unit import month_of
from ekinerja_agent.web.server import WebServer, bind
from ekinerja_agent.web.visit import COOKIE, Site
from ekinerja_agent.yamlfile.scalars import HostPort

WIDTHS = (1200, 360)
HEIGHT = 1600
WITHIN_S = 60


class LoggedIn:
    """The application as somebody sees it who is logged in: the browser's command line can send no form."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.token = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the session of whoever looks now."""
        if scope["type"] == "http":
            scope["headers"] = [*scope["headers"], (b"cookie", f"{COOKIE}={self.token}".encode())]
        await self._app(scope, receive, send)


def main() -> int:
    """Look; return the exit code."""
    browser, out = sys.argv[1], Path(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="ekinerja-pages-") as folder:
        county = Path(folder) / "demo"
        demo = [sys.executable, "-m", "ekinerja_agent", "demo", "--dir", str(county)]
        subprocess.run(demo, check=True, stdout=subprocess.DEVNULL)
        return _look(county, browser, out)


def _look(county: Path, browser: str, out: Path) -> int:
    config = load(county / "agent.yaml")
    engine = connect(config.agent.central.url)
    rules = load_rulebook(config.agent.rules)
    site = Site(
        lambda: engine,
        lambda: None,
        utc_now,
        secure=lambda: False,
        proxies=tuple,
        rules=lambda: rules,
        profile=lambda: config.agent.profile,
    )
    app = LoggedIn(create_app(lambda: None, site=site))
    listener = bind(HostPort("127.0.0.1", 0), "agent.yaml")
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = WebServer(listener, app)
    month = newest_month(engine) or ""
    person = next(one for one in scores(engine, month_of(month)) if one["discipline"]["findings"])
    day = person["discipline"]["findings"][0]["date"]
    unit = person["unit"]
    operator = next(one for one in accounts.list_accounts(engine) if "operator" in one.roles)
    looking = accounts.add(engine, "look", roles=["operator", "payroll"], by=operator, now=utc_now(), nip=person["nip"])
    logins.set_password(
        engine, looking.name, hashed(secrets.token_urlsafe()), must_change=False, by=operator, now=utc_now()
    )
    app.token = secrets.token_urlsafe()
    logins.begin(engine, looking.name, app.token, address="127.0.0.1", now=utc_now())
    paths = [
        "/",
        "/me",
        "/password",
        f"/unit/{unit}/{day}",
        f"/unit/{unit}/{month}",
        "/activities",
        "/activities/waiting",
        f"/evaluation?unit={unit}",
        "/workload",
        f"/workload?unit={unit}",
        "/sakip",
        "/public",
        "/public/workload",
        "/public/sakip",
    ]
    try:
        complaints = [
            complaint
            for path in ["/login", *paths]
            for width in WIDTHS
            for complaint in _shoot(browser, address, path, width, out)
        ]
    finally:
        server.stop()
        engine.dispose()
    sys.stdout.write("".join(f"{complaint}\n" for complaint in complaints) or f"{out} has the pictures\n")
    return int(bool(complaints))


def _shoot(browser: str, address: str, path: str, width: int, out: Path) -> list[str]:
    picture = out / f"{re.sub(r'[^A-Za-z0-9]+', '-', path).strip('-') or 'start'}-{width}.png"
    command = [
        browser,
        *("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--force-device-scale-factor=1"),
        *(f"--window-size={width},{HEIGHT}", f"--screenshot={picture}", address + path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    said = [f"{path} at {width}: {line}" for line in done.stderr.splitlines() if "CONSOLE" in line]
    return said if picture.exists() else [*said, f"{path} at {width}: no picture"]


if __name__ == "__main__":
    sys.exit(main())
