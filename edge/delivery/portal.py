"""Is it a captive portal? A café's or provider's page that wants a log-in before all else.

Such a network answers in the place of everybody. Over TLS it cannot: then the certificate is wrong,
or the connection breaks. Without TLS it sends whoever asks to its own page. So after such a failure
the CRM's host, and nobody else, is asked without TLS; nothing of ours goes along.

    GET http://crm.example.com/  ──▶  302 to another host, or 511     a portal
                                      anything else, or nothing       none that can be told
"""

from http import HTTPStatus
from typing import TYPE_CHECKING

from edge.delivery.destination import TryLater

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from yarl import URL

_SECONDS = 10.0
_ADVICE = (
    "The network that the box is in wants a log-in (captive portal) before it lets anything"
    " through: log in for the box, or ask who runs the network to let it pass."
)


def portal() -> TryLater:
    """What to say of one."""
    return TryLater("captive portal", _ADVICE)


async def is_portal(session: "ClientSession", crm: "URL", port: int = 80) -> bool:
    """Whether something else answers for the CRM's host where nobody can be sure."""
    import aiohttp
    from yarl import URL

    asked = URL.build(scheme="http", host=crm.host or "", port=port)
    limit = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with session.get(asked, allow_redirects=False, timeout=limit) as response:
            if response.status == HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED:
                return True
            there = asked.join(URL(response.headers.get("Location", "")))
    except (aiohttp.ClientError, OSError, ValueError):
        return False
    return there.host is not None and _site(there.host) != _site(asked.host or "")


def _site(host: str) -> str:
    return host.lower().removeprefix("www.")
