"""The web application: every page family, and the headers that all answers carry."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ekinerja_agent.usecases.collecting.push import Receiver
from ekinerja_agent.usecases.watching.health.facts import Snapshot
from ekinerja_agent.web import health, iclock
from ekinerja_agent.web.page_templates import icon, style_sheet
from ekinerja_agent.web.pages import activities, entrance, leaders, objections, person, public, start, unit
from ekinerja_agent.web.request_context import Site

HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
"""Where an answer has no header of its own of that name."""


def create_app(
    snapshot: Callable[[], Snapshot | None],
    receiver: Callable[[], Receiver | None] = lambda: None,
    site: Site | None = None,
) -> Starlette:
    """Given how to get what was last measured (None: nothing yet), who takes uploads (None: nobody) and what the board
    shares (None: there is no board), return the application.
    """
    board = [] if site is None else board_routes(site)
    routes = [*health.routes(snapshot), *iclock.routes(receiver), *board]
    app = Starlette(routes=routes, middleware=[Middleware(_Headers)])
    app.router.redirect_slashes = False  # it would lead to whatever host the visitor named
    return app


def board_routes(site: Site) -> list[Route]:
    """Given what pages share, return the board's pages, its style sheet and its icon."""
    static = [_kept("/static/board.css", style_sheet(), "text/css"), _kept("/static/icon.svg", icon(), "image/svg+xml")]
    families = (entrance, start, activities, objections, unit, person, leaders, public)
    return [*static, *(route for family in families for route in family.routes(site))]


def _kept(path: str, text: str, kind: str) -> Route:
    """A file that a browser may keep for an hour."""

    def answer(_request: Request) -> Response:
        return Response(text, media_type=kind, headers={"cache-control": "private, max-age=3600"})

    return Route(path, answer)


class _Headers:
    """Adds HEADERS to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in HEADERS if pair[0] not in own)]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
