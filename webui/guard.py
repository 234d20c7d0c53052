"""What every request must pass, and what every answer carries.

    Host      one of the box's own addresses or names, else 421: a foreign name that was made to
              point here (DNS rebinding) reads nothing
    Origin    on anything but GET and HEAD it must be this page's own, else 403: another site's
              form changes nothing (Sec-Fetch-Site is missing on plain http, Origin is not)
    Referrer-Policy: same-origin   tells other sites nothing, as no-referrer does; under that one
              browsers send `Origin: null` with every form, so that nobody could tell ours apart
    Content-Security-Policy and the rest: no script or style but ours, nobody's frame

No Strict-Transport-Security: browsers ignore it on a certificate that nobody vouches for, and where
an office trusts ours it would lock out a technician who must come by plain http.
"""

from collections.abc import Collection, Mapping
from ipaddress import ip_address

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from webui.idle import Idle

SAFE = ("GET", "HEAD")
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


async def dress(request: web.Request, response: web.StreamResponse) -> None:
    """Put the headers on any answer, also on one that aiohttp made."""
    kept = response.headers.get("Cache-Control")
    response.headers.update(headers(secure=request.secure))
    if kept is not None:
        response.headers["Cache-Control"] = kept
    response.headers.pop("Server", None)


def headers(*, secure: bool) -> dict[str, str]:
    """Those of an answer over TLS, or without."""
    found = {**HEADERS, "Cache-Control": "no-store"}
    if secure:  # browsers complain of it on plain http
        found["Cross-Origin-Opener-Policy"] = "same-origin"
    return found


def gate(names: Collection[str], idle: Idle) -> Middleware:
    """Let in who calls the box by its name and acts from its own page."""
    allowed = {name.lower() for name in names}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        with idle.visit():
            if not _is_ours(request, allowed):
                raise web.HTTPMisdirectedRequest
            if request.method not in SAFE and not is_own_page(request):
                raise web.HTTPForbidden
            return await handler(request)

    return check


def _is_ours(request: web.Request, allowed: Collection[str]) -> bool:
    """The address that the browser reached is ours by that very fact; names are in the list."""
    host = host_of(request)
    if host in allowed:
        return True
    here = request.get_extra_info("sockname", ("",))[0]
    try:
        return ip_address(host) == ip_address(here.partition("%")[0])
    except ValueError:
        return False


def host_of(request: web.Request) -> str:
    """The host that the browser called, without port and brackets; empty where it is unreadable."""
    try:
        return (URL(f"//{request.headers.get('Host', '')}").host or "").lower()
    except ValueError:
        return ""


def is_own_page(request: web.Request) -> bool:
    """Whether the request says that it comes from a page of this very server."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    return request.headers.get("Origin") == f"{request.scheme}://{request.headers.get('Host')}"
