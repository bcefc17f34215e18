"""Texts kept in memory, each organisation's under its own keys, bounded by bytes. Room is taken from whoever holds
most, the longest unused first, so that a client that registers without end pushes out its own."""

import sys
from collections import OrderedDict
from collections.abc import Hashable

_OVERHEAD = 400


class Shelf:
    """One of a process."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._texts: dict[str, OrderedDict[Hashable, str]] = {}
        self._held: dict[str, int] = {}

    @property
    def size(self) -> int:
        """Bytes held."""
        return sum(self._held.values())

    def get(self, organisation: str, key: Hashable) -> str | None:
        """The text, which counts as used."""
        texts = self._texts.get(organisation)
        if texts is None or key not in texts:
            return None
        texts.move_to_end(key)
        return texts[key]

    def put(self, organisation: str, key: Hashable, text: str) -> None:
        """Keeps a text, unless it is larger than the whole shelf."""
        weight = _weight(text)
        if weight > self._room or self.get(organisation, key) is not None:
            return
        self._texts.setdefault(organisation, OrderedDict())[key] = text
        self._held[organisation] = self._held.get(organisation, 0) + weight
        while self.size > self._room:
            self._take(max(self._held, key=self._held.__getitem__))

    def clear(self) -> None:
        """Forgets everything."""
        self._texts.clear()
        self._held.clear()

    def _take(self, organisation: str) -> None:
        texts = self._texts[organisation]
        _, text = texts.popitem(last=False)
        self._held[organisation] -= _weight(text)
        if not texts:
            del self._texts[organisation], self._held[organisation]


def _weight(text: str) -> int:
    return sys.getsizeof(text) + _OVERHEAD
