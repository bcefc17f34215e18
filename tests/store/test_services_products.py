"""Products are created and changed by SKU, with every fault told at once."""

from decimal import Decimal

from app.principal import Principal
from app.services.parties import PartyCommand
from app.services.products import ProductUpsert, upsert_product
from app.store.session import Store
from app.store.statement import Select


async def test_a_new_product_stands_with_its_party_and_price(store: Store, importer: Principal) -> None:
    maker = PartyCommand("Kitanami Seiki KK", "JP", (("MID", "JPKITSEI73NAG"),))
    command = ProductUpsert(
        "A-1", "Bearing", manufacturer=maker, unit_price_amount=Decimal("2.5"), unit_price_currency="USD"
    )
    outcome = await upsert_product(store, importer, command)
    assert outcome.faults == ()
    row = await store.first(importer, Select("product"))
    assert row is not None
    assert (row.id, row.sku, row.description, row.unit_price_amount, row.version) == (
        outcome.id,
        "A-1",
        "Bearing",
        Decimal("2.5000"),
        1,
    )
