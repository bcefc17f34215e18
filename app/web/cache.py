"""What a client may keep of an answer to a stored query by GET: for itself alone, as long as the setting says, and
asking again whether it has changed. Every other answer is kept by nobody (`app.web.middleware`)."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response as HttpResponse

from app.engine.operation import Response
from app.web.session import CSRF_HEADER

VARIES = f"Accept, Authorization, Cookie, Prefer, {CSRF_HEADER}"


def stored_query(request: Request, response: Response, written: HttpResponse, seconds: int) -> HttpResponse:
    """The answer with its headers, or 304 where the client has it. Errors, a partial answer's too, are kept by nobody:
    they carry the id of one request, and "no such document" is over as soon as the document is sent."""
    written.headers["Vary"] = VARIES
    if written.status_code != 200 or response.errors or not response.executed:
        return written
    tag = _tag(written.headers["content-type"], response.content())
    keep = {
        "Cache-Control": f"private, max-age={seconds}" if seconds else "private, no-cache",
        "ETag": tag,
        "Vary": VARIES,
    }
    if _has(request.headers.getlist("if-none-match"), tag):
        return HttpResponse(status_code=304, headers=keep)
    written.headers.update(keep)
    return written


def _tag(media: str, body: bytes) -> str:
    """A weak one, of the data: compression makes no difference, nor what is left of the client's budget."""
    return f'W/"{hashlib.sha256(media.encode() + body).hexdigest()[:32]}"'


def _has(lines: list[str], tag: str) -> bool:
    """Whether If-None-Match names the tag (RFC 9110 §13.1.2, weak comparison)."""
    sent = [part.strip() for line in lines for part in line.split(",")]
    return "*" in sent or any(part.removeprefix("W/") == tag.removeprefix("W/") for part in sent)
