"""Where an operation's cost comes from, list by list, and which page to ask smaller so that it fits."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.engine.planning.cost import Expression, Literals, Variables


@dataclass(frozen=True, slots=True)
class Share:
    """A list of an operation: its path of response keys, the argument that says how long it is (empty where none
    does), that length, and what one more object of it would add to the whole."""

    path: tuple[str, ...]
    argument: str
    size: int
    each: int

    @property
    def cost(self) -> int:
        """What the list adds to the whole."""
        return self.size * self.each


def shares(expression: Expression, variables: Variables, literals: Literals = ()) -> list[Share]:
    """Every list, outer ones first; of alternatives those of the dearest."""
    return list(_shares(expression, variables, literals, 1))


def _shares(expression: Expression, variables: Variables, literals: Literals, times: int) -> Iterator[Share]:
    for term in expression.terms:
        size = term.size.of(variables, literals)
        yield Share(term.path, term.size.argument, size, times * term.each.value(variables, literals))
        yield from _shares(term.each, variables, literals, times * size)
    for options in expression.either:
        dearest = max(options, key=lambda option: option.value(variables, literals))
        yield from _shares(dearest, variables, literals, times)


def smaller(found: list[Share], requested: int, limit: int) -> tuple[Share, int] | None:
    """The longest list that can be shortened so that the whole fits, and the length to ask for instead."""
    fitting = []
    for share in found:
        most = (limit - requested + share.cost) // share.each if share.each else 0
        if share.argument and most >= 1:
            fitting.append((share.size, len(share.path), share, most))
    return max(fitting, key=lambda one: one[:2])[2:] if fitting else None


def advice(found: list[Share], requested: int, limit: int) -> str:
    """What to change, in words."""
    fits = smaller(found, requested, limit)
    if fits is not None:
        share, most = fits
        return f"Lower `{share.argument}` of {'.'.join(share.path)} from {share.size} to {most} or less."
    longest = max((one for one in found if one.argument), key=lambda one: one.size, default=None)
    if longest is None:
        return "Ask for fewer fields, or split the operation."
    return f"Lower `{longest.argument}` of {'.'.join(longest.path)}, and of the other lists, or split the operation."
