"""Reads a file's bytes from a path or an http(s) address, within bounds. What they mean is for the caller."""

from collections.abc import Callable
from pathlib import Path

from app.errors import Refused

SECONDS = 60.0
MAXIMUM_REDIRECTS = 5

Progress = Callable[[int, int], None]


def read_source(source: str, progress: Progress, limit: int) -> bytes:
    """All bytes of `source`; `progress` is told (bytes read, bytes in all or as many). Refused where it cannot be
    read, answers with anything but 200, or is larger than `limit`."""
    if source.partition("://")[0].lower() in ("http", "https") and "://" in source:
        return _fetch(source, progress, limit)
    path = Path(source)
    try:
        size = path.stat().st_size
        if size > limit:
            raise Refused(f"{source} is larger than {limit} bytes")
        raw = path.read_bytes()
    except OSError as fault:
        raise Refused(f"{source} cannot be read: {fault.strerror}") from fault
    progress(len(raw), len(raw))
    return raw


def _fetch(url: str, progress: Progress, limit: int) -> bytes:
    """The body as the server stores it: what it compressed for the way is unpacked, a .gz file stays one."""
    import httpx2

    raw = bytearray()
    try:
        with (
            httpx2.Client(follow_redirects=True, max_redirects=MAXIMUM_REDIRECTS, timeout=SECONDS) as client,
            client.stream("GET", url) as answer,
        ):
            if answer.status_code != 200:
                raise Refused(f"{url} answered {answer.status_code}")
            announced = int(answer.headers.get("content-length") or 0)
            for chunk in answer.iter_bytes():
                raw += chunk
                if len(raw) > limit:
                    raise Refused(f"{url} is larger than {limit} bytes")
                progress(len(raw), max(announced, len(raw) + 1))
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as fault:
        raise Refused(f"{url} cannot be fetched: {fault or type(fault).__name__}") from fault
    progress(len(raw), len(raw))
    return bytes(raw)
