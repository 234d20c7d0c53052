"""Style, scripts and fonts: named after their content, so that a browser never asks twice.

    static/style.css  ─▶  /static/style.3fa2c81d04.css   immutable for a year, gzip where it helps

A style sheet's url("x.woff2") becomes the hashed name too. All of it is 150 KB and stays in
memory, packed once at the start.
"""

import gzip
import hashlib
import re
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path

from aiohttp import web

HERE = Path(__file__).parent
FOLDERS = (HERE / "vendored", HERE / "static")
PREFIX = "/static/"
SERVED = {".css", ".js", ".woff2", ".svg"}
_PACKED = {".css", ".js", ".svg"}
_FOREVER = "public, max-age=31536000, immutable"
_URL = re.compile(r'url\("([^"/]+)"\)')


@dataclass(frozen=True, slots=True)
class File:
    """One file as it goes out."""

    kind: str
    plain: bytes
    packed: bytes | None


class StaticFiles:
    """All static files; `url(name)` is where one is found."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._names: dict[str, str] = {}
        paths = [p for folder in FOLDERS for p in sorted(folder.iterdir()) if p.suffix in SERVED]
        for path in sorted(paths, key=lambda path: path.suffix == ".css"):
            self._add(path)

    def _add(self, path: Path) -> None:
        plain = path.read_bytes()
        if path.suffix == ".css":
            named = _URL.sub(lambda found: f'url("{self._names[found[1]]}")', plain.decode())
            plain = named.encode()
        digest = hashlib.sha256(plain).hexdigest()[:10]
        name = f"{path.stem}.{digest}{path.suffix}"
        kind = "font/woff2" if path.suffix == ".woff2" else guess_type(path.name)[0]
        packed = gzip.compress(plain, 9, mtime=0) if path.suffix in _PACKED else None
        self._files[name] = File(kind or "application/octet-stream", plain, packed)
        self._names[path.name] = name

    def url(self, name: str) -> str:
        return PREFIX + self._names[name]

    def text(self, name: str) -> str:
        """The content of a text file, for a page that is saved as one file."""
        return self._files[self._names[name]].plain.decode()

    async def answer(self, request: web.Request) -> web.Response:
        """Serve `/static/NAME`."""
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        headers = {"Content-Type": file.kind, "Cache-Control": _FOREVER}
        if file.packed is None:
            return web.Response(body=file.plain, headers=headers)
        headers["Vary"] = "Accept-Encoding"
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=file.plain, headers=headers)
        return web.Response(body=file.packed, headers=headers | {"Content-Encoding": "gzip"})
