"""`/health` for whoever restarts or watches the service, `/metrics` for Prometheus. Both from the last measurement."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.usecases.watching.health.facts import Snapshot
from ekinerja_agent.usecases.watching.health.metrics import metrics_text
from ekinerja_agent.usecases.watching.health.report import report
from ekinerja_agent.usecases.watching.health.text import CONTENT_TYPE


def routes(snapshot: Callable[[], Snapshot | None]) -> list[Route]:
    """Given how to get what was last measured, return both pages."""

    async def health(_request: Request) -> Response:
        told = report(snapshot(), utc_now())
        return JSONResponse(told.as_json(), status_code=200 if told.well else 503)

    async def metrics(_request: Request) -> Response:
        measured = snapshot()
        if measured is None:
            return PlainTextResponse("Nothing was measured yet; ask again in a moment.\n", status_code=503)
        return Response(metrics_text(measured), media_type=CONTENT_TYPE)

    return [Route("/health", health), Route("/metrics", metrics)]
