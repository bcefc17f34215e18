"""Content negotiation: Accept (RFC 9110 §12.5.1, by q, then by the client's order), Content-Type, and
Prefer (RFC 7240)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"
EVENT_STREAM = "text/event-stream"
MULTIPART = "multipart/mixed"

_QUALITY = re.compile(r"(0(\.[0-9]{0,3})?|1(\.0{0,3})?)")
_UTF8 = frozenset({"utf-8", "utf8"})


@dataclass(frozen=True, slots=True)
class _Range:
    media: str
    quality: float
    position: int
    parameters: Mapping[str, str]

    def specificity(self, offer: str) -> int:
        """2 for the type itself, 1 for type/*, 0 for */*, -1 where it does not cover the offer."""
        if self.media == offer:
            return 2
        if self.media == offer.partition("/")[0] + "/*":
            return 1
        return 0 if self.media == "*/*" else -1


def preferred(accept: Sequence[str], offers: Sequence[str]) -> str | None:
    """The offer the client likes best; the first offer where it has no wish; None where it accepts none.

    The most specific range decides an offer's q; equal q falls to what the client lists first, then to the order
    of the offers."""
    ranges = list(_ranges(accept))
    if not ranges and not any(line.strip() for line in accept):
        return offers[0]
    best: tuple[float, int, int] | None = None
    for index, offer in enumerate(offers):
        covering = [(range_.specificity(offer), -range_.position, range_) for range_ in ranges]
        specificity, _, chosen = max(covering, key=lambda item: item[:2], default=(-1, 0, None))
        if chosen is None or specificity < 0 or chosen.quality == 0:
            continue
        rank = (chosen.quality, -chosen.position, -index)
        if best is None or rank > best:
            best = rank
    return None if best is None else offers[-best[2]]


def names(accept: Sequence[str], media: str, **parameters: str) -> bool:
    """Whether the client lists this very type, with these parameters, as acceptable; a wildcard does not count."""
    wanted = parameters.items()
    return any(
        range_.media == media and range_.quality > 0 and wanted <= range_.parameters.items()
        for range_ in _ranges(accept)
    )


def is_utf8_json(content_types: Sequence[str]) -> bool:
    """Whether there is exactly one Content-Type and it says JSON in UTF-8."""
    if len(content_types) != 1:
        return False
    media, parameters = _split(content_types[0])
    return media == JSON and parameters.get("charset", "utf-8") in _UTF8


def prefers_reject(prefer: Iterable[str]) -> bool:
    """Whether the client sent `Prefer: reject`."""
    return any(token.partition(";")[0].strip().lower() == "reject" for line in prefer for token in line.split(","))


def _ranges(accept: Sequence[str]) -> Iterable[_Range]:
    for position, part in enumerate(",".join(accept).split(",")):
        media, parameters = _split(part)
        quality = parameters.get("q", "1")
        if media and _QUALITY.fullmatch(quality) and parameters.get("charset", "utf-8") in _UTF8:
            yield _Range(media, float(quality), position, parameters)


def _split(value: str) -> tuple[str, dict[str, str]]:
    media, *rest = value.split(";")
    parameters: dict[str, str] = {}
    for item in rest:
        name, _, given = item.partition("=")
        parameters.setdefault(name.strip().lower(), given.strip().strip('"').lower())
    return media.strip().lower(), parameters
