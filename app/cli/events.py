"""`tidegate events tail`: the event log as one organisation sees it, one JSON line an event; `events schema`: what each
kind of event carries."""

import asyncio
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.installation import load, with_store
from app.cli.output import print_json
from app.errors import Refused

if TYPE_CHECKING:
    from app.events.feed import Feed
    from app.store.session import Store

app = typer.Typer(name="events", help="The event log.  Example: tidegate events tail --organisation demo")


@app.callback()
def group() -> None:
    """The event log.  Example: tidegate events tail --organisation demo"""


@app.command()
def tail(
    organisation: Annotated[str, typer.Option(help="Name of the organisation whose sight it is.")],
    after: Annotated[str | None, typer.Option(help="Resume after this cursor; `earliest` is the oldest kept.")] = None,
    types: Annotated[str, typer.Option(help="Only these kinds, such as `entry.held`, separated by spaces.")] = "",
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Wait for new events, or end.")] = True,
) -> None:
    """Print events as they happen.  Example: tidegate events tail --organisation demo --after earliest --no-follow"""
    kinds = _kinds(types)
    with suppress(KeyboardInterrupt):
        with_store(lambda store: _tail(store, organisation, after, kinds, follow=follow), load())


def _kinds(text: str) -> frozenset[str] | None:
    from app.events.types import EventType

    kinds = frozenset(text.replace(",", " ").split())
    unknown = sorted(kinds - {kind.value for kind in EventType})
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is no kind of event")
    return kinds or None


@app.command()
def schema(
    kind: Annotated[str | None, typer.Argument(help="A kind such as `entry.held`; all of them where absent.")] = None,
) -> None:
    """Print the JSON Schema of the data of events.  Example: tidegate events schema entry.held"""
    from app.events.schemas import all_schemas, json_schema, names

    if kind is None:
        print_json(all_schemas())
    elif kind in names():
        print_json(json_schema(kind))
    else:
        near = ", ".join(get_close_matches(kind, names(), n=3))
        raise typer.BadParameter(f"{kind!r} is no kind of event{f': {near}?' if near else ''}")


async def _tail(
    store: "Store", organisation: str, after: str | None, kinds: frozenset[str] | None, *, follow: bool
) -> None:
    from app.events.bus import Bus
    from app.events.feed import Feed
    from app.principal import Principal
    from app.services.organisations import find_organisation

    found = await find_organisation(store, organisation)
    if found is None:
        raise Refused(f"there is no organisation {organisation!r}: `tidegate organisation list` names them")
    principal = Principal("command-line", found.id, frozenset({"events:read"}))
    bus = Bus(store)
    feed = Feed(store, bus)
    if not follow:
        await store.relay.move()
        while rows := await feed.page(principal, types=kinds, after=after or "earliest", limit=500):
            for row in rows:
                print_json(_event(feed, row))
            after = feed.cursor(rows[-1].position, rows[-1].id)
        return
    hearing = asyncio.create_task(bus.run())
    try:
        async for row in await feed.stream(principal, types=kinds, after=after):
            print_json(_event(feed, row))
    finally:
        hearing.cancel()


def _event(feed: "Feed", row: Any) -> dict[str, Any]:
    from app.values import format_timestamp

    return {
        "cursor": feed.cursor(row.position, row.id),
        "id": row.id,
        "type": row.type,
        "subject": row.subject_id,
        "occurredAt": format_timestamp(row.occurred_at),
        "data": row.data,
    }
