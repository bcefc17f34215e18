"""Which browser origins may use the gateway: its own, and those of the setting `allowed_origins`. One policy for CORS,
for requests a browser sends without asking, and for socket upgrades."""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

METHODS = "GET, POST"
REQUEST_HEADERS = "Authorization, Content-Type, Prefer, X-Request-Id"
EXPOSED_HEADERS = "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Preference-Applied, WWW-Authenticate"


class OriginPolicy:
    """Built once from the setting; `"*"` permits every origin."""

    def __init__(self, allowed: Iterable[str]) -> None:
        entries = set(allowed)
        self._any = "*" in entries
        self._allowed = {_normal(entry) for entry in entries if entry != "*"} - {None}

    def permits(self, headers: Headers) -> bool:
        """Whether a request with these headers may be served.

        Without an Origin header it is no browser's cross-origin fetch, except for what pages embed (images, scripts):
        browsers mark those with Sec-Fetch-Site: cross-site, and only a navigation passes."""
        origins = headers.getlist("origin")
        if not origins:
            cross = headers.get("sec-fetch-site", "").lower() == "cross-site"
            return not cross or self._any or headers.get("sec-fetch-mode", "").lower() == "navigate"
        if len(origins) > 1:
            return False
        return self._any or self._permits_origin(origins[0], headers.getlist("host"))

    def _permits_origin(self, origin: str, hosts: Sequence[str]) -> bool:
        normal = _normal(origin)
        if normal is None:
            return False
        if normal in self._allowed:
            return True
        return _is_host(origin, hosts)


def own_origin(headers: Headers) -> bool:
    """Whether the request comes from a page that this gateway served: one Origin, and it is the Host asked."""
    origins = headers.getlist("origin")
    return len(origins) == 1 and _is_host(origins[0], headers.getlist("host"))


def cors_headers(origin: str) -> Mapping[str, str]:
    """Headers of an answer to a permitted origin. Credentials are never allowed: the token is a header."""
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED_HEADERS}


def preflight_headers(origin: str) -> Mapping[str, str]:
    """Headers of an answer to a permitted preflight."""
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": REQUEST_HEADERS,
        "Access-Control-Max-Age": "600",
    }


def _is_host(origin: str, hosts: Sequence[str]) -> bool:
    normal = _normal(origin)
    return normal is not None and len(hosts) == 1 and normal == _normal(f"{urlsplit(origin).scheme}://{hosts[0]}")


def _normal(origin: str) -> tuple[str, str, int] | None:
    """(scheme, host, port), the default port filled in; None where the text is no origin."""
    try:
        parts = urlsplit(origin.strip())
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if not parts.scheme or not parts.hostname:
        return None
    return parts.scheme.lower(), parts.hostname.lower(), port
