"""Pages for what went wrong, in the same dress as all others."""

import logging

from aiohttp import web
from aiohttp.typedefs import Handler

from edge.access.refusals import NoSession, Refusal
from edge.local.client import NotAnswering, NotRunning
from webui.admission import to_log_in
from webui.page import html
from webui.visit import Visit

_LOG = logging.getLogger(__name__)
TOLD = frozenset({400, 401, 403, 404, 405, 413, 421, 500, 503})
"""Statuses that the catalogue has words for; others are told as 400 or 500."""


@web.middleware
async def error_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refusals of any kind into a page. An error that nobody foresaw is logged, not shown."""
    try:
        return await handler(request)
    except (NotRunning, NotAnswering) as error:
        _LOG.warning("%s", error)
        return error_page(request, web.HTTPServiceUnavailable.status_code)
    except NoSession:
        return to_log_in(request)  # it ended while the page was open
    except Refusal as refusal:
        return error_page(request, refusal.status, refusal)
    except web.HTTPException as answer:
        if answer.status_code < web.HTTPBadRequest.status_code:
            raise
        return error_page(request, answer.status_code)
    except Exception:
        if request.transport is None or request.transport.is_closing():
            raise
        # %a: a path may hold line ends, and what turns a line round.
        _LOG.exception("%s %a failed", request.method, request.path)
        return error_page(request, web.HTTPInternalServerError.status_code)


def error_page(request: web.Request, status: int, refusal: Refusal | None = None) -> web.Response:
    """A page, or its heart alone where a script asks for a piece."""
    known = status if status in TOLD else 400 if status < 500 else 500
    visit = Visit(request)
    said = visit.language.of(refusal.failure.text) if refusal else None
    if "HX-Request" in request.headers:
        return html(visit.piece("error_part.html", told=str(known), said=said), status=status)
    return visit.page("error.html", status=status, told=str(known), said=said)
