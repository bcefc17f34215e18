"""An organisation by its id or its name, as a token of another issuer may name it."""

from app.ids import new_id
from app.services.organisations import organisation_called
from app.store.session import Store
from tests.scenes import make_tenants


async def test_an_organisation_is_found_by_id_and_by_exact_name(sqlite_store: Store) -> None:
    importer = (await make_tenants(sqlite_store)).importer.organisation_id

    assert await organisation_called(sqlite_store, importer) == importer
    assert await organisation_called(sqlite_store, "Importer") == importer
    for said in ("importer", "Importer ", "", "Nobody", new_id("Organisation"), importer.upper()):
        assert await organisation_called(sqlite_store, said) is None
