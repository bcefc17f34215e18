"""The root types put together: queries here, mutations and subscriptions beside them."""

from typing import Annotated, Any

import strawberry
from graphql import GraphQLInputObjectType
from strawberry.schema.config import StrawberryConfig

from app.engine.bindings import InForce, Lookup, Paged, Prefixed, computed, paged
from app.engine.context import Info
from app.engine.paging import PageArguments
from app.engine.planning.weights import PAGE, costing, counted, feed
from app.errors import BadUserInput
from app.store.statement import Select, Where
from schema.change import AffectingMe, Since, TariffChange, Until, list_changes
from schema.classification import Classification, ClassificationFilter
from schema.duty import DutyEstimate, DutyQuote
from schema.duty_inputs import DutyQuoteFilter, DutyQuoteInput, estimate, question
from schema.entry import Entry
from schema.entry_inputs import EntryBy, EntryFilter, EntryOrder, entry_where
from schema.event import PAGE as FEED
from schema.event import After, Event, Subject, Types, list_events
from schema.impact import SCOPES as IMPACT_SCOPES
from schema.impact import DutyImpact, From, Named, To, impact
from schema.mutation import Mutation
from schema.node import SCOPES, TABLES, Node, find_node
from schema.paging import After as PageAfter
from schema.paging import Before, Connection, First, Last
from schema.product import NEWEST, Product
from schema.product_inputs import ProductBy, ProductFilter, ProductOrder, product_where
from schema.scalars import SCALARS, HtsNumber
from schema.shipment import Shipment
from schema.shipment_inputs import ShipmentBy, ShipmentFilter, ShipmentOrder, shipment_where
from schema.subscription import Subscription
from schema.tariff import AsOf, TariffLine, TariffRevision, find_line, lines_field, list_revisions
from schema.viewer import Viewer

_MOST_NODES = 100


async def _one(info: Info, table: str, named: tuple[str, Any]) -> Any | None:
    """The row that a look-up names, an own one where others' have the same number, or None."""
    if named[0] == "id":
        return await info.context.loaders.row(table).load(named[1])
    caller = info.context.principal
    found = await info.context.store.rows(caller, Select(table, (Where(named[0], "eq", named[1]),)))
    return min(found, key=lambda row: (row.organisation_id != caller.organisation_id, row.id), default=None)


def _id(what: str) -> Any:
    return strawberry.argument(description=f"The global id of the {what}.")


@strawberry.type(description="What can be asked.")
class Query:
    """Look-ups and lists of every noun."""

    products: Connection[Product] | None = paged(
        "The organisation's products.", Paged("product", NEWEST, filter=ProductFilter, order_by=ProductOrder)
    )
    shipments: Connection[Shipment] | None = paged(
        "The shipments the caller owns or is a party of.",
        Paged("shipment", NEWEST, filter=ShipmentFilter, order_by=ShipmentOrder),
    )
    classifications: Connection[Classification] | None = paged(
        "The classifications of the organisation's products, the newest first.",
        Paged("classification", NEWEST, filter=ClassificationFilter),
    )
    entries: Connection[Entry] | None = paged(
        "The entries the caller owns or is a party of.",
        Paged("entry", NEWEST, filter=EntryFilter, order_by=EntryOrder),
    )
    duty_quotes: Connection[DutyQuote] | None = paged(
        "The organisation's stored quotes, the newest first.", Paged("duty_quote", NEWEST, filter=DutyQuoteFilter)
    )
    tariff_lines: Connection[TariffLine] | None = computed(
        "The lines of the tariff in force on a day: in order, or the best match first where words are given.", size=PAGE
    )(lines_field)

    @computed(
        "The object behind a global id; null where there is none the caller may see.",
        binding=Prefixed(TABLES, SCOPES),
    )
    async def node(self, info: Info, id: Annotated[strawberry.ID, _id("object")]) -> Node | None:  # noqa: A002
        """By its typed prefix."""
        return await find_node(info.context, id)

    @computed(
        "The objects behind up to 100 global ids, in their order.",
        binding=Prefixed(TABLES, SCOPES, _MOST_NODES),
        size=counted("ids"),
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="The global ids.")],
    ) -> list[Node | None]:
        """Batched by type."""
        if len(ids) > _MOST_NODES:
            raise BadUserInput(f"`ids` has {len(ids)} ids: at most {_MOST_NODES} are looked up at once.")
        return [await find_node(info.context, identifier, "nodes") for identifier in ids]

    @computed("Who is asking.")
    def viewer(self, info: Info) -> Viewer:
        """The principal."""
        caller: Any = info.context.principal
        return caller

    @computed("One product.", binding=Lookup("product"))
    async def product(
        self, info: Info, by: Annotated[ProductBy, strawberry.argument(description="Which one.")]
    ) -> Product | None:
        """By id or SKU."""
        return await _one(info, "product", product_where(by))

    @computed("One shipment.", binding=Lookup("shipment"))
    async def shipment(
        self, info: Info, by: Annotated[ShipmentBy, strawberry.argument(description="Which one.")]
    ) -> Shipment | None:
        """By id or reference."""
        return await _one(info, "shipment", shipment_where(by))

    @computed("One classification.", binding=Lookup("classification"))
    async def classification(
        self,
        info: Info,
        id: Annotated[strawberry.ID, _id("classification")],  # noqa: A002
    ) -> Classification | None:
        """By id."""
        return await _one(info, "classification", ("id", id))

    @computed("One entry.", binding=Lookup("entry"))
    async def entry(
        self, info: Info, by: Annotated[EntryBy, strawberry.argument(description="Which one.")]
    ) -> Entry | None:
        """By id or number."""
        return await _one(info, "entry", entry_where(by))

    @computed("One line of the tariff in force on a day; null where it is not in force.", binding=InForce())
    async def tariff_line(
        self,
        info: Info,
        number: Annotated[HtsNumber, strawberry.argument(description="The HTS number, 4 to 10 digits.")],
        as_of: AsOf = None,
    ) -> TariffLine | None:
        """By number and day."""
        return await find_line(info.context, number, as_of)

    @computed("Every loaded revision of the tariff, the oldest first.", size=5)
    async def tariff_revisions(self, info: Info) -> list[TariffRevision] | None:
        """All of them."""
        return list(await list_revisions(info.context))

    @computed(
        "What changed in the tariff and its measures, by the day it takes effect and by number.", weight=100, size=PAGE
    )
    async def tariff_changes(
        self,
        info: Info,
        since: Since,
        until: Until = None,
        affecting_me: AffectingMe = False,
        first: First = None,
        after: PageAfter = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[TariffChange] | None:
        """Between revisions and measures."""
        asked = PageArguments(first, after, last, before)
        page: Any = await list_changes(info.context, since, until, affecting_me, asked)
        return page

    @computed(
        "What the organisation's filed entries owed under a measure: by month, origin and chapter, and as CSV.",
        scopes=IMPACT_SCOPES,
        weight=10_000,
    )
    async def duty_impact(self, info: Info, measure: Named, from_: From, to: To) -> DutyImpact | None:
        """Worked out anew for each entry's own day."""
        found: Any = await impact(info.context, measure, from_, to)
        return found

    @computed("One stored quote.", binding=Lookup("duty_quote"))
    async def duty_quote(self, info: Info, id: Annotated[strawberry.ID, _id("quote")]) -> DutyQuote | None:  # noqa: A002
        """By id."""
        return await _one(info, "duty_quote", ("id", id))

    @computed(
        "Duty and fees of an entry, worked out and not kept: the same arithmetic as `dutyQuoteCreate`.",
        weight=10,
        size=counted("input.lines", "lines"),
    )
    async def duty_estimate(
        self,
        info: Info,
        input: Annotated[DutyQuoteInput, strawberry.argument(description="What is asked.", directives=costing(3))],  # noqa: A002
    ) -> DutyEstimate | None:
        """By the desk."""
        return await estimate(info.context, question(input, info.context))

    @computed("The event log as a feed to pull: what happened after a cursor, oldest first.", size=feed(FEED))
    async def events(
        self,
        info: Info,
        types: Types = None,
        subject: Subject = None,
        after: After = None,
        first: Annotated[
            int | None, strawberry.argument(description="How many at most, 1–1000; null is the default, too.")
        ] = FEED,
    ) -> Connection[Event] | None:
        """A page of the log."""
        page: Any = await list_events(info.context, types, subject, after, first)
        return page


def build_schema() -> strawberry.Schema:
    """The whole graph, ready to be executed."""
    made = strawberry.Schema(
        Query, Mutation, Subscription, config=StrawberryConfig(scalar_map=SCALARS, relay_max_results=1_000)
    )
    for named in made._schema.type_map.values():
        definition = named.extensions.get("strawberry-definition")
        if isinstance(named, GraphQLInputObjectType) and getattr(definition, "is_one_of", False):
            named.is_one_of = True  # strawberry prints it but leaves the validation of literals out
    return made
