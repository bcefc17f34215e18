"""A dozen stored quotes over the sample's classified products, so that an analyst finds some to compare."""

from decimal import Decimal

from app.clock import Clock, today
from app.duty.assessment import LineInput, QuoteInput
from app.principal import Principal
from app.services.quotes import Desk, QuoteCreate
from app.services.sample.plan import sample_products
from app.store.session import Store
from app.store.statement import Select
from app.tariff.measure_file import packaged_book
from app.values import TransportMode

WANTED = 12


async def seed_quotes(store: Store, principal: Principal, clock: Clock) -> None:
    """Quotes of one to three lines for entry today; none where the organisation has quotes already. A line whose rate
    needs a quantity gets one of each unit that the sample knows it by."""
    if await store.count(principal, Select("duty_quote")):
        return
    desk = Desk(store, packaged_book())
    confirmed = [product for product in sample_products() if product.state == "CONFIRMED"]
    lines = [
        LineInput(product.hts_number, product.origin, Decimal(1000 + 250 * (place % 9)), {product.unit: Decimal(100)})
        for place, product in enumerate(confirmed)
    ]
    made = 0
    for start in range(0, len(lines), 3):
        asked = tuple(lines[start : start + 1 + made % 3])
        request = QuoteInput(asked, today(clock), transport_mode=TransportMode.OCEAN, freight=Decimal(180))
        outcome = await desk.create(principal, QuoteCreate(request))
        made += outcome.ok
        if made == WANTED:
            return
