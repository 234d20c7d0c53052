"""Why there is no answer over HTTP: what aiohttp raised, as an error named by the reaction."""

from edge.delivery.destination import DeliveryError, NotAllowed, TooSlow, TryLater
from edge.delivery.tls import NotPinned, WrongDates

_PROXY_LOGIN = 407
_EARLY, _EXPIRED, _OTHER_NAME = 9, 10, frozenset({62, 64})
"""X509_V_ERR_… of <openssl/x509_vfy.h>; 64 is that of an IP address."""
_UNREACHED = (
    "The CRM cannot be reached: check the Internet connection of the box, then that the CRM is"
    " running."
)
_SLOW = "The CRM does not answer in time; check the Internet connection of the box."
_NO_NAME = (
    "The CRM's name is not found: check the Internet connection of the box, then the address in the"
    " settings."
)
_NO_HTTP = (
    "The CRM, or something between it and the box, gives an answer that is no proper HTTP: check"
    " the address and its port in the settings; if it stays so, tell who runs the CRM."
)
_BROKEN = "The connection to the CRM broke; if it stays so, check the box's Internet line."
_NO_TLS = (
    "The CRM's port does not speak TLS as it should: check the address and its port in the"
    " settings, and that nothing between box and CRM breaks TLS open."
)
_DATES = (
    "The CRM's certificate is not in force: check the box's clock, then renew the certificate of"
    " the CRM."
)
_NAME = (
    "The CRM's certificate is for another name: correct the address in the settings, or the"
    " certificate of the CRM."
)
_AUTHORITY = (
    "The CRM's certificate is from an authority that this box does not know: if it is the office's"
    " own, name its file in `ca_file` or pin the certificate; if not, somebody may be in between."
)
_OTHER_PIN = (
    "The CRM shows another certificate than the pinned one: if it was renewed, write its"
    " fingerprint into `pinned`; if not, somebody may be in between."
)
_NO_PROXY = "The proxy in the settings cannot be reached: check its address, and that it runs."
_PROXY_REFUSES = (
    "The proxy does not connect to the CRM: ask who runs it to let the box through to the CRM's"
    " address."
)
_PROXY_WANTS = "The proxy wants a log-in: write `proxy_user` and `proxy_password`, or correct them."


def failure(error: Exception) -> DeliveryError:
    """What kept the answer away."""
    import aiohttp
    from aiohttp.http_exceptions import ContentEncodingError

    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return certificate_failure(error.certificate_error)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _of_proxy(error.status)
    if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError):
        return TooSlow("no answer in time", _SLOW)
    # Bad compression comes as a payload error, as a cut answer does; only its cause tells.
    if isinstance(error.__cause__, ContentEncodingError):
        return TryLater("no proper HTTP", _NO_HTTP)
    # The order matters: some of these are kinds of others.
    known = (
        (aiohttp.ClientConnectorSSLError, "no TLS", _NO_TLS),
        (aiohttp.ClientProxyConnectionError, "no proxy", _NO_PROXY),
        (aiohttp.ClientConnectorDNSError, "name not found", _NO_NAME),
        (aiohttp.InvalidURL, "name not found", _NO_NAME),
        (UnicodeError, "name not found", _NO_NAME),
        (aiohttp.ClientConnectorError, "no connection", _UNREACHED),
        (aiohttp.ConnectionTimeoutError, "no connection", _UNREACHED),
        (aiohttp.ClientResponseError, "no proper HTTP", _NO_HTTP),
        (Exception, "connection broken", _BROKEN),
    )
    return next(TryLater(name, advice) for kind, name, advice in known if isinstance(error, kind))


def _of_proxy(status: int) -> DeliveryError:
    if status == _PROXY_LOGIN:
        return NotAllowed("proxy HTTP 407", _PROXY_WANTS)
    return TryLater(f"proxy HTTP {status}", _PROXY_REFUSES)


def certificate_failure(error: Exception) -> TryLater:
    """What is wrong with the certificate that was shown."""
    if isinstance(error, NotPinned):
        return TryLater("certificate is not the pinned one", _OTHER_PIN)
    code = getattr(error, "verify_code", 0)
    if isinstance(error, WrongDates) or code in (_EARLY, _EXPIRED):
        return TryLater("certificate not in force", _DATES)
    if code in _OTHER_NAME:
        return TryLater("certificate of another name", _NAME)
    return TryLater("certificate of an unknown authority", _AUTHORITY)
