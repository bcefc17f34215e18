"""Serves the console that the front-end's build leaves in `frontend/dist`: its pages, and its files by their hashed
names. Only files that were there at the start are served; nothing is made up from a path."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.responses import Response as HttpResponse

from app.errors import NotFound
from app.web.answers import error_response
from app.web.record import record_of

DIST = Path(__file__).parent / "frontend" / "dist"
PAGES = ("index.html", "board.html")

_HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_MEDIA = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
}


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of one build by their path below /console/."""

    files: Mapping[str, Path]

    def page(self, name: str) -> Callable[[Request], HttpResponse]:
        """The endpoint of one page; the browser asks again each time, since its name has no hash."""

        def endpoint(request: Request) -> HttpResponse:
            return self._written(request, name, {"Cache-Control": "no-cache", "Vary": "Accept, Accept-Encoding"})

        return endpoint

    async def file(self, request: Request) -> HttpResponse:
        """A file by its path; 404 for what is not in the build. Names with a hash may be kept for a year."""
        name = request.path_params["path"]
        if name not in self.files or name in PAGES or name.endswith(".gz"):
            return error_response(NotFound("There is nothing at this path."), record_of(request.scope).request_id)
        kept = "public, max-age=31536000, immutable" if name.startswith("assets/") else "no-cache"
        return self._written(request, name, {"Cache-Control": kept, "Vary": "Accept-Encoding"})

    def _written(self, request: Request, name: str, headers: dict[str, str]) -> HttpResponse:
        path = self.files[name]
        media = _MEDIA.get(path.suffix, "application/octet-stream")
        headers["Content-Security-Policy"] = policy(request.headers, request.scope["scheme"])
        packed = self.files.get(f"{name}.gz")
        if packed is not None and _takes_gzip(request.headers):
            path, headers["Content-Encoding"] = packed, "gzip"
        return FileResponse(path, headers=headers, media_type=media)


def load_bundle(folder: Path = DIST) -> Bundle | None:
    """The build in the folder; None where there is none."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return Bundle(files) if all(name in files for name in PAGES) else None


def policy(headers: Headers, scheme: str) -> str:
    """What the console's pages and workers may load and call: this gateway and nothing else. The editor sets styles
    from script, hence 'unsafe-inline' for styles alone."""
    host = headers.get("host", "")
    socket = f" {'wss' if scheme == 'https' else 'ws'}://{host}" if _HOST.fullmatch(host) else ""
    return (
        f"default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'{socket}; "
        "img-src 'self' data:; font-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _takes_gzip(headers: Headers) -> bool:
    return any(
        part.partition(";")[0].strip() == "gzip" and "q=0" not in part.replace(" ", "").replace("q=0.", "")
        for part in headers.get("accept-encoding", "").lower().split(",")
    )
