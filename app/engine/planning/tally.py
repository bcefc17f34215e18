"""What an answer did cost: the sum of the bill over what was really answered. An object that was looked for and is null
costs as much as one that was found; what stands inside it was not asked for, and costs nothing. `tally` walks an
answer's values; a `Counter` finds the same number in the answer's JSON without parsing it, where that can be."""

from collections import Counter as Counts
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.engine.planning.cost import Bill, Each, Price


def tally(bill: Bill, data: Any) -> int:
    """The cost of an answer's data; 0 where there is none, or where introspection alone was asked for."""
    return 0 if bill.exempt or data is None else _walk(bill.root, data)


def _walk(each: Each, value: Any) -> int:
    weight, prices = _plain(each)
    if isinstance(value, Mapping):
        for price in prices:
            if price.key in value:
                weight += price.weight
                if price.each is not None:
                    weight += _field(price, price.each, value[price.key])
    return weight


def _field(price: Price, each: Each, value: Any) -> int:
    if price.size is None:
        return _walk(each, value)
    return sum(_walk(each, one) for one in value or ())


def _plain(each: Each) -> tuple[int, tuple[Price, ...]]:
    """The weight and the fields of an object whose type is not told. Where types differ in a response key, the
    cheaper one counts, so that an answer is never said to cost more than was asked for."""
    if len(each.kinds) == 1:
        return each.kinds[0]
    merged: dict[str, Price] = {}
    for _, prices in each.kinds:
        for price in prices:
            known = merged.get(price.key)
            merged[price.key] = price if known is None else _cheaper(known, price)
    return min(weight for weight, _ in each.kinds), tuple(merged.values())


def _cheaper(one: Price, other: Price) -> Price:
    weight = min(one.weight, other.weight)
    if one.each is None or other.each is None:
        return Price(one.key, weight)
    return Price(one.key, weight, one.size, Each((*one.each.kinds, *other.each.kinds)))


@dataclass(frozen=True, slots=True)
class Group:
    """Objects that cost `each` a piece, and whose number is that of `marker` in the JSON, less those of other groups
    (by place) that have the marker too. `path` is where they are."""

    path: tuple[str, ...]
    marker: bytes
    each: int
    less: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts in JSON as it is written for us: without spaces. A marker is a key with its quotes and its colon, which
    no string can hold, since it would have to escape the quotes; so it is found where the answer has that key."""

    fixed: int
    groups: tuple[Group, ...]

    def count(self, text: bytes, known: Mapping[tuple[str, ...], int]) -> int:
        """The cost of the data in `text`; `known` are numbers of objects that need not be looked for, by path."""
        total = self.fixed
        found: list[int] = []
        for group in self.groups:
            times = known.get(group.path)
            if times is None:
                times = text.count(group.marker)
                for other in group.less:
                    times -= found[other]
            found.append(times)
            total += group.each * times
        return total


def counter_of(bill: Bill) -> Counter | None:
    """How to count an operation's answers; None where only walking them tells."""
    if bill.exempt or bill.settled:
        return None
    survey = _Survey()
    root = survey.pile(())
    weight, prices = bill.root.kinds[0]
    return survey.counter(weight) if survey.look(prices, root) else None


@dataclass(slots=True)
class _Pile:
    """Objects that are there together, with what each costs and the keys that each has."""

    path: tuple[str, ...]
    opening: bytes = b""
    each: int = 0
    keys: "Counts[str]" = field(default_factory=Counts)
    place: int | None = None


@dataclass(slots=True)
class _Survey:
    piles: list[_Pile] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def pile(self, path: tuple[str, ...], opening: bytes = b"") -> _Pile:
        self.piles.append(_Pile(path, opening))
        return self.piles[-1]

    def look(self, prices: tuple[Price, ...], pile: _Pile) -> bool:
        """Puts fields to the piles they belong to; False where keys may stand in what is not told."""
        for price in prices:
            if price.opaque:
                return False
            pile.keys[price.key] += 1
            pile.each += price.weight
            if price.each is not None and not self.inside(price, price.each, pile):
                return False
        return True

    def inside(self, price: Price, each: Each, pile: _Pile) -> bool:
        weights = {weight for weight, _ in each.kinds}
        here = (*pile.path, price.key)
        if len(weights) > 1 or (price.size is not None and not price.sure):
            return False
        if price.size is not None:
            pile = self.pile(here)
        pile.each += weights.pop()
        if len(each.kinds) == 1:
            apart = price.size is None and not price.sure
            return self.look(each.kinds[0][1], self.pile(here, b'"%b":{' % price.key.encode()) if apart else pile)
        return all(self.look(prices, self.pile(here)) for _, prices in each.kinds)

    def counter(self, weight: int) -> Counter | None:
        """Finds a marker for every pile that costs something."""
        root, *rest = self.piles
        wanted = [pile for pile in rest if pile.each]
        while wanted:
            done = [pile for pile in wanted if self.marked(pile, root)]
            if not done:
                return None
            wanted = [pile for pile in wanted if pile.place is None]
        return Counter(root.each + weight, tuple(self.groups))

    def marked(self, pile: _Pile, root: _Pile) -> bool:
        """Whether the pile now has a marker: a key of its own, or one of others whose number is known. The longest is
        found the quickest."""
        best: tuple[int, bytes, tuple[int, ...]] | None = None
        for key, times in pile.keys.items():
            others = [one for one in self.piles if key in one.keys and one is not pile]
            if times > 1 or root in others or any(one.place is None or one.keys[key] > 1 for one in others):
                continue
            marker = b'"%b":' % key.encode()
            best = max(
                best or (-9, b"", ()), (-len(others), marker, tuple(one.place or 0 for one in others)), key=_ease
            )
        opening = pile.path[-1]
        if pile.opening and sum(one.keys[opening] for one in self.piles) == 1:
            best = max(best or (-9, b"", ()), (0, pile.opening, ()), key=_ease)
        if best is None:
            return False
        pile.place = len(self.groups)
        self.groups.append(Group(pile.path, best[1], pile.each, best[2]))
        return True


def _ease(candidate: tuple[int, bytes, tuple[int, ...]]) -> tuple[int, int]:
    return candidate[0], len(candidate[1])
