"""Pages of the board as HTML, in the look of the reports. Everything people wrote is escaped.

Promises no inline style or script, so that the browser refuses any that got in; messages come in the language of the
page. Does not know what a page says.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, Response
from starlette.status import HTTP_200_OK

from ekinerja_agent import __version__
from ekinerja_agent.central.scored.board import PAGE
from ekinerja_agent.county.access import Deed, anywhere
from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.reports import pages

if TYPE_CHECKING:
    from jinja2 import Environment

    from ekinerja_agent.locale.language import Language
    from ekinerja_agent.reports.document import Document
    from ekinerja_agent.web.request_context import RequestContext

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a browser may do with a page: show our style sheet, send our forms, nothing else.

The referrer stays within the site; with none at all a browser would call the origin of our own forms null.
"""

FILTERS = frozenset({"unit", "month", "q", "state", "page"})
_HERE = Path(__file__).parent


def page(visit: RequestContext, template: str, status: int = HTTP_200_OK, **said: object) -> Response:
    """Given a visit, a template and what it says, return the page."""
    account = visit.session.account if visit.session else None
    text = (
        _environment(visit.lang)
        .get_template(template)
        .render(visit=visit, account=account, version=__version__, lang=visit.lang, **said)
    )
    return HTMLResponse(text, status, headers={"content-security-policy": POLICY, "referrer-policy": "same-origin"})


def document_page(visit: RequestContext, template: str, document: Document, **said: object) -> Response:
    """Given a visit, a document of the reports and a template around its layout, return the page."""
    return page(visit, template, HTTP_200_OK, document=document, **pages.document_parts(visit.written) | said)


def sorry(visit: RequestContext, status: int, message: Message) -> Response:
    """Given what went wrong, return the page that says so."""
    return page(visit, "sorry.html.j2", status, message=message)


def style_sheet() -> str:
    """Return the one style sheet: that of the reports, and what only the board has."""
    return pages.style_sheet() + (_HERE / "static" / "board.css").read_text(encoding="utf-8")


def icon() -> str:
    """Return the picture of a tab or bookmark, as SVG."""
    return (_HERE / "static" / "icon.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=2)
def _environment(lang: Language) -> Environment:
    jinja = pages.environment(Formats(lang), _HERE / "templates")
    jinja.filters["said"] = Formats(lang).words.gettext
    jinja.globals.update(linked=_linked, pages_of=lambda found: max(1, -(-found // PAGE)), anywhere=anywhere, deed=Deed)
    return jinja


def _linked(visit: RequestContext, **changed: object) -> str:
    """The address of this page with other filters, of those that the page knows."""
    kept = {name: visit.asked(name) for name in visit.request.query_params if name in FILTERS or name in changed}
    kept |= {name: str(text) for name, text in changed.items()}
    return "?" + urlencode({name: text for name, text in kept.items() if text})
