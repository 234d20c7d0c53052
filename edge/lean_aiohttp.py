"""aiohttp without what it brings along and the edge never uses: 3 MB of resident memory.

TLS contexts of its own, with the certificates of all authorities that the system knows: the edge
makes one for each CRM (delivery/tls.py). And for lists of five entries a compiled half of
frozenlist, which loads the library of C++.
"""

import os

_UNUSED = {
    "SSL_CERT_FILE": os.devnull,
    "SSL_CERT_DIR": os.devnull,
    "FROZENLIST_NO_EXTENSIONS": "1",
}


def import_aiohttp() -> None:
    """Take 100 ms and more, in a thread; nobody may make a TLS context of his own meanwhile."""
    before = {name: os.environ.get(name) for name in _UNUSED}
    os.environ.update(_UNUSED)
    try:
        import aiohttp.web  # noqa: F401
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
