"""What `@cost` weights stand on: `python -m tests.bench.weights [--products 2000]`. The CPU time of each weighted field
through the ordinary executor, in objects: a unit is one row of a plain page of products, five columns each."""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

from app.clock import system_clock
from app.engine.executor import Engine, EngineSettings
from app.engine.operation import Operation
from app.events.bus import Bus
from app.events.feed import Feed
from app.principal import SCOPES, Principal
from app.services.organisations import organisation_called
from app.services.quotes import Desk
from app.services.tariff import load_tariff
from app.store.session import Store
from app.tariff.export import read_export
from app.tariff.measure_file import packaged_book
from app.tariff.starter import starter_export
from schema import build_schema
from tests.bench.seed import Amounts, identifier, seed

PAGE = "{ products(first: 1000) { nodes { id sku name originCountry createdAt } } }"
_LINE = '{htsNumber: "8471.30.01.00", originCountry: "CN", customsValue: "1000"}'
_ESTIMATE = "{ dutyEstimate(input: {lines: [%s]}) { receipt } }"
_PRODUCTS = "{ products(first: 50) { nodes { id %s } } }"
_ENTRIES = "{ entries(first: 50) { nodes { id %s } } }"
_LINES = "{ tariffLines(first: 50) { nodes { id %s } } }"
_CHANGES = '{ tariffChanges(since: "2026-01-01", first: 50) { nodes { number %s } } }'
FIELDS = {
    "totalCount": ("{ products(first: 1) { totalCount nodes { id } } }", "{ products(first: 1) { nodes { id } } }", 1),
    "search of a filter": (
        '{ products(first: 1, filter: {search: "steel"}) { nodes { id } } }',
        "{ products(first: 1) { nodes { id } } }",
        1,
    ),
    "tariffLines(search:)": (
        '{ tariffLines(first: 1, search: "machines") { nodes { id } } }',
        "{ tariffLines(first: 1) { nodes { id } } }",
        1,
    ),
    "tariffLine of a product": (_PRODUCTS % "tariffLine { id }", _PRODUCTS % "", 50),
    "general": (_LINES % "general { text }", _LINES % "", 50),
    "special": (_LINES % "special { programs }", _LINES % "", 50),
    "ancestors": (_LINES % "ancestors { id }", _LINES % "", 50),
    "children": (_LINES % "children { id }", _LINES % "", 50),
    "additionalDuties": (_LINES % 'additionalDuties(originCountry: "CN") { id }', _LINES % "", 50),
    "dutyEstimate": (_ESTIMATE % _LINE, "{ __typename }", 1),
    "dutyEstimate, a further line": (_ESTIMATE % ", ".join([_LINE] * 21), _ESTIMATE % _LINE, 20),
    "dutyEstimate of a product": (_PRODUCTS % 'dutyEstimate(customsValue: "10") { receipt }', _PRODUCTS % "", 50),
    "duty of an entry line": (_ENTRIES % "lines { duty { number } }", _ENTRIES % "lines { number }", 250),
    "checks": (_ENTRIES % "checks { code }", _ENTRIES % "", 50),
    "totals": (_ENTRIES % "totals { __typename }", _ENTRIES % "", 50),
    "preclearance": (
        "{ shipments(first: 50) { nodes { id preclearance { state } } } }",
        "{ shipments(first: 50) { nodes { id } } }",
        50,
    ),
    "tariffChanges": (_CHANGES % "", "{ products(first: 1) { nodes { id } } }", 1),
    "affects": (_CHANGES % "affects { mine }", _CHANGES % "", 50),
    "dutyDelta": (_CHANGES % "affects { mine dutyDelta { amount } }", _CHANGES % "affects { mine }", 50),
    "dutyImpact": (
        '{ dutyImpact(measure: "IEEPA", from: "2026-01-01", to: "2027-01-01") { __typename } }',
        "{ __typename }",
        1,
    ),
    "viewer.can": (
        '{ viewer { can(document: "{ products(first: 1) { nodes { id } } }") { path } } }',
        "{ viewer { subject } }",
        1,
    ),
}
"""For each a document with the field, one without it, and how many times the first answers it."""
WRITES = {
    "productUpsert": 'mutation { productUpsert(input: {sku: "W-%d", name: "n", description: "d"}) '
    "{ userErrors { message } } }",
    "dutyQuoteCreate": 'mutation { dutyQuoteCreate(input: {lines: [LINE], freight: "%d"}) '
    "{ userErrors { message } } }".replace("LINE", _LINE),
}


async def _spent(run: Callable[[int], Awaitable[None]], least: float = 0.25) -> float:
    """CPU seconds of one run; warmed up, then repeated until it took long enough to be told."""
    await run(0)
    turns, started = 0, time.process_time()
    while time.process_time() - started < least:
        turns += 1
        await run(turns)
    return (time.process_time() - started) / turns


async def measure(folder: Path, amounts: Amounts) -> None:
    """Prints the table."""
    url = f"sqlite+aiosqlite:///{folder / 'weights.sqlite3'}"
    await seed(url, amounts)
    store = Store.open(url, system_clock)
    await load_tariff(store, read_export(starter_export()), name="starter", effective_from=date(2026, 1, 1))
    organisation = await organisation_called(store, "demo")
    assert organisation is not None
    caller = Principal("bench", organisation, frozenset(SCOPES))
    desk = Desk(store, packaged_book())
    engine = Engine(build_schema(), store, Feed(store, Bus(store)), desk, system_clock, EngineSettings())

    async def ask(document: str) -> None:
        given = document.replace("$entry", identifier("Entry", 1)).replace("$shipment", identifier("Shipment", 1))
        answer = await engine.execute_ordinarily(Operation(given, None, None, caller, "bench"))
        assert not answer.errors, answer.errors[:1]

    empty = await _spent(lambda _: ask("{ __typename }"))
    unit = (await _spent(lambda _: ask(PAGE)) - empty) / 1000
    print(f"one object: {unit * 1e6:.0f} µs; an operation by itself: {empty / unit:.0f} objects")
    for name, (having, lacking, times) in FIELDS.items():
        more = await _spent(lambda _, text=having: ask(text)) - await _spent(lambda _, text=lacking: ask(text))
        print(f"{name:30}{more / unit / times:9.1f}", flush=True)
    for name, document in WRITES.items():
        print(f"{name:30}{(await _spent(lambda turn, text=document: ask(text % turn)) - empty) / unit:9.1f}")
    await store.close()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    for noun, number in (("products", 2_000), ("shipments", 2_000), ("entries", 4_000)):
        options.add_argument(f"--{noun}", type=int, default=number)
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(measure(Path(made), Amounts(**vars(options.parse_args()))))
