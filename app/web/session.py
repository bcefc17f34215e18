"""Signing a browser in once: the token goes into an HttpOnly cookie that scripts cannot read, and counts only together
with a header that a foreign page can neither know nor send. Whether the token is good is the authenticator's matter."""

import base64
import hashlib
import hmac
from datetime import UTC

import orjson
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request, cookie_parser
from starlette.responses import Response as HttpResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.clock import Clock
from app.errors import BadUserInput, Forbidden, Unauthenticated
from app.principal import Principal
from app.web import faults
from app.web.answers import error_response
from app.web.body import parse_json, read_body
from app.web.negotiation import is_utf8_json
from app.web.origins import own_origin
from app.web.ports import Authenticator
from app.web.record import record_of
from app.web.settings import WebSettings

CSRF_HEADER = "X-Tidegate-CSRF"
COOKIE = "tidegate_session"
LARGEST_TOKEN = 3_800  # browsers keep cookies of 4096 bytes, name and attributes included
METHODS = "DELETE, GET, HEAD, POST"

_BODY_BYTES = 16 * 1024


def csrf_of(token: str) -> str:
    """What has to stand in the header beside the cookie; nobody can work it out who cannot read the cookie."""
    digest = hashlib.sha256(b"tidegate console csrf\0" + token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def cookie_name(scheme: str) -> str:
    """Over TLS the cookie is bound to this host alone (`__Host-`, RFC 6265bis §4.1.3.2)."""
    return f"__Host-{COOKIE}" if scheme in ("https", "wss") else COOKIE


class CookieSessions:
    """Turns the cookie into an Authorization header where it may count; a header of the client's own goes first.

    A request needs the CSRF header and, if it names an origin, our own; a socket needs our own origin. Everything else
    goes on as if there were no cookie."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            token = _token(headers, scope["scheme"]) if "authorization" not in headers else None
            if token is not None and _counts(headers, token, socket=scope["type"] == "websocket"):
                line = (b"authorization", f"Bearer {token}".encode("latin-1"))
                scope = {**scope, "headers": [*scope["headers"], line]}
        await self._app(scope, receive, send)


class SessionEndpoint:
    """GET says who is signed in, POST signs in with {"token", "remember"}, DELETE signs out."""

    def __init__(self, authenticator: Authenticator, settings: WebSettings, clock: Clock) -> None:
        self._authenticator = authenticator
        self._settings = settings
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except Exception as error:
            response = error_response(error, record_of(scope).request_id)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> HttpResponse:
        if "origin" in request.headers and not own_origin(request.headers):
            raise Forbidden("Only the gateway's own pages may sign in.")
        match request.method:
            case "GET" | "HEAD":
                return await self._show(request)
            case "POST":
                return await self._sign_in(request)
            case "DELETE":
                return self._sign_out(request)
        raise faults.MethodNotAllowed("Use GET, POST or DELETE.", METHODS)

    async def _show(self, request: Request) -> HttpResponse:
        token = _token(request.headers, request.scope["scheme"])
        if token is None:
            return _json({"signedIn": False})
        try:
            principal = await self._principal(token)
        except Unauthenticated as error:
            return _forget(_json({"signedIn": False, "reason": error.message}), request)
        return _json(_session(principal, token))

    async def _sign_in(self, request: Request) -> HttpResponse:
        if not is_utf8_json(request.headers.getlist("content-type")):
            raise faults.UnsupportedMediaType("Send the body as Content-Type: application/json in UTF-8.")
        body = await read_body(request.headers, request.receive, _BODY_BYTES, self._settings.read_timeout_seconds)
        members = parse_json(body, 4, "The body")
        given = members.get("token") if isinstance(members, dict) else None
        if not isinstance(members, dict) or not isinstance(given, str) or not given.strip():
            raise BadUserInput("Send the token as the member `token`.")
        token = given.strip().removeprefix("Bearer ").strip()
        if len(token.encode()) > LARGEST_TOKEN:
            raise BadUserInput(f"A token of more than {LARGEST_TOKEN} bytes does not fit into a cookie.")
        principal = await self._principal(token)
        response = _json(_session(principal, token))
        seconds = self._seconds_left(principal) if members.get("remember") is True else None
        _keep(response, request, token, seconds)
        return response

    def _sign_out(self, request: Request) -> HttpResponse:
        token = _token(request.headers, request.scope["scheme"])
        if token is not None and not _has_csrf(request.headers, token):
            raise Forbidden(f"Send the header {CSRF_HEADER} that GET gives.")
        return _forget(HttpResponse(status_code=204), request)

    async def _principal(self, token: str) -> Principal:
        principal = await self._authenticator.authenticate(f"Bearer {token}")
        if principal is None:
            raise Unauthenticated("the token is not accepted")
        if self._seconds_left(principal) == 0:
            raise Unauthenticated("the token has expired")
        return principal

    def _seconds_left(self, principal: Principal) -> int | None:
        """Whole seconds until the token expires, at least 0; None where it never does."""
        if principal.expires_at is None:
            return None
        return max(0, int((principal.expires_at - self._clock()).total_seconds()))


def _token(headers: Headers, scheme: str) -> str | None:
    """The cookie's value where there is one that could be a token."""
    value = cookie_parser("; ".join(headers.getlist("cookie"))).get(cookie_name(scheme), "")
    return value if value and value.isascii() and value.isprintable() else None


def _counts(headers: Headers, token: str, *, socket: bool) -> bool:
    if socket:
        return own_origin(headers)
    return _has_csrf(headers, token) and ("origin" not in headers or own_origin(headers))


def _has_csrf(headers: Headers, token: str) -> bool:
    return hmac.compare_digest(headers.get(CSRF_HEADER, "").encode("latin-1"), csrf_of(token).encode())


def _session(principal: Principal, token: str) -> dict[str, object]:
    expires = None if principal.expires_at is None else principal.expires_at.astimezone(UTC).isoformat()
    return {
        "signedIn": True,
        "subject": principal.subject,
        "scopes": sorted(principal.scopes),
        "expiresAt": expires,
        "csrf": csrf_of(token),
    }


def _json(value: object) -> HttpResponse:
    return HttpResponse(orjson.dumps(value), headers={"Vary": "Cookie"}, media_type="application/json")


def _keep(response: HttpResponse, request: Request, token: str, seconds: int | None) -> None:
    """Without `seconds` the cookie goes when the browser is closed."""
    scheme = request.scope["scheme"]
    response.set_cookie(
        cookie_name(scheme), token, max_age=seconds, httponly=True, samesite="strict", secure=scheme == "https"
    )


def _forget(response: HttpResponse, request: Request) -> HttpResponse:
    scheme = request.scope["scheme"]
    response.delete_cookie(cookie_name(scheme), httponly=True, samesite="strict", secure=scheme == "https")
    return response
