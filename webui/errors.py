"""Pages for what went wrong, in the same dress as all others."""

import logging

from aiohttp import web

from edge.local.client import NotAnswering, NotRunning
from webui.guard import Handler
from webui.visit import Visit

_LOG = logging.getLogger(__name__)
TOLD = frozenset({400, 403, 404, 405, 413, 421, 500, 503})
"""Statuses that the catalogue has words for; others are told as 400 or 500."""


@web.middleware
async def error_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refusals of any kind into a page. An error that nobody foresaw is logged, not shown."""
    try:
        return await handler(request)
    except (NotRunning, NotAnswering) as error:
        _LOG.warning("%s", error)
        return error_page(request, web.HTTPServiceUnavailable.status_code)
    except web.HTTPException as answer:
        if answer.status_code < web.HTTPBadRequest.status_code:
            raise
        return error_page(request, answer.status_code)
    except Exception:
        if request.transport is None or request.transport.is_closing():
            raise
        _LOG.exception("%s %s failed", request.method, request.path)
        return error_page(request, web.HTTPInternalServerError.status_code)


def error_page(request: web.Request, status: int) -> web.Response:
    known = status if status in TOLD else 400 if status < 500 else 500
    return Visit(request).page("error.html", status=status, told=str(known))
