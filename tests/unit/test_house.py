"""The size budget and the manners of the source, as ARCHITECTURE.md states them."""

import ast
import io
import re
import statistics
import tokenize
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULE_CAP, MODULE_MEDIAN = 400, 120
FUNCTION_CAP, FUNCTION_P90 = 60, 30
HEAD_LINES = 5
ROOM_MODULES = {"tariff": 8, "duty": 8, "classification": 8, "filing": 8, "events": 8, "security": 8, "engine": 10}
PURE = ("app/tariff", "app/duty", "app/classification", "app/filing", "app/values.py")
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "base", "misc"}
CLOCKS = {"app/clock.py", "app/ids.py"}


@cache
def sources() -> dict[str, str]:
    """Python of both packages by path; the migrations' steps are a record of what was, not prose."""
    paths = (path for package in ("app", "schema") for path in sorted((ROOT / package).rglob("*.py")))
    named = {path.relative_to(ROOT).as_posix(): path for path in paths}
    return {
        name: path.read_text(encoding="utf-8")
        for name, path in named.items()
        if not name.startswith("app/store/migrations/versions/") and "/node_modules/" not in name
    }


@cache
def trees() -> dict[str, ast.Module]:
    return {name: ast.parse(text) for name, text in sources().items()}


def functions() -> Iterator[tuple[str, int]]:
    for name, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                yield f"{name}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1


def test_there_is_something_to_look_at() -> None:
    assert "app/settings.py" in sources()
    assert len(list(functions())) > 100


def test_no_module_is_longer_than_the_cap() -> None:
    lengths = {name: text.count("\n") for name, text in sources().items()}
    assert {name: length for name, length in lengths.items() if length > MODULE_CAP} == {}


def test_the_median_module_is_short() -> None:
    lengths = [text.count("\n") for name, text in sources().items() if not name.endswith("__init__.py")]
    assert statistics.median(lengths) <= MODULE_MEDIAN


def test_no_function_is_longer_than_the_cap() -> None:
    assert {place: length for place, length in functions() if length > FUNCTION_CAP} == {}


def test_nine_functions_of_ten_are_short() -> None:
    lengths = [length for _, length in functions()]
    assert statistics.quantiles(lengths, n=10)[-1] <= FUNCTION_P90


def test_every_module_opens_with_what_it_is() -> None:
    heads = {name: (ast.get_docstring(tree) or "").split("\n\n")[0] for name, tree in trees().items()}
    assert [name for name, head in heads.items() if not 1 <= len(head.splitlines()) <= HEAD_LINES] == []


def test_no_module_has_an_empty_name() -> None:
    assert [name for name in sources() if EMPTY_NAMES & set(Path(name).with_suffix("").parts)] == []


@pytest.mark.parametrize("room", sorted(ROOM_MODULES))
def test_a_room_has_few_modules(room: str) -> None:
    modules = [path.name for path in (ROOT / "app" / room).glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= ROOM_MODULES[room], modules


def test_nothing_is_put_off_in_a_comment() -> None:
    put_off = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [
        f"{name}:{token.start[0]}"
        for name, text in sources().items()
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type in (tokenize.COMMENT, tokenize.STRING) and put_off.search(token.string)
    ]
    assert found == []


def test_dataclasses_that_leave_a_pure_room_are_frozen_and_have_slots() -> None:
    loose = []
    for name, tree in trees().items():
        for node in ast.walk(tree):
            if name.startswith(PURE) and isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                written = [ast.unparse(mark) for mark in node.decorator_list]
                if any(mark.startswith("dataclass") and "frozen=True, slots=True" not in mark for mark in written):
                    loose.append(f"{name}:{node.lineno} {node.name}")
    assert loose == []


def test_only_the_clock_asks_what_time_it_is() -> None:
    asking = re.compile(r"\b(datetime\.now|datetime\.utcnow|datetime\.today|date\.today|time\.time|time\.time_ns)\(")
    assert {name for name, text in sources().items() if asking.search(text)} <= CLOCKS


def test_the_package_called_schema_is_ours() -> None:
    # PyPI has one of that name
    found = find_spec("schema")
    assert found is not None
    assert found.origin == str(ROOT / "schema" / "__init__.py")
