"""Documents of manifests and the modes of clients in the database, and what a process makes of them."""

import pytest

from app.engine.documents import Asked, Documents
from app.engine.documents.asked import sha256
from app.errors import BadUserInput, DocumentNotTrusted, PersistedQueryNotFound, PersistedQueryNotSupported, Refused
from app.principal import Principal
from app.services.documents import NewDocument, Pushed, find, hold, push, withdraw
from app.settings import DocumentMode
from app.store.session import Store
from tests.conftest import Tenants

ONE, TWO = "query One { __typename }", "query Two { __typename }"
ROOM = 1_000_000


def new(body: str, identifier: str | None = None) -> NewDocument:
    return NewDocument(identifier or sha256(body), None, body, sha256(body))


def hashed(body: str, *, text: bool = False) -> Asked:
    return Asked(body if text else None, sha256(body), hashed=True, registers=True)


async def test_an_id_never_comes_to_mean_another_document(store: Store, tenants: Tenants) -> None:
    mine, other = tenants.importer.organisation_id, tenants.partner.organisation_id
    assert await push(store, "m", [new(ONE, "a")], mine) == Pushed(1, 0)
    assert await push(store, "m", [new(ONE, "a"), new(TWO, "b")], mine) == Pushed(1, 1)
    for owner in (mine, None):
        with pytest.raises(Refused, match="the id a stands for another document"):
            await push(store, "n", [new(TWO, "c"), new(TWO, "a")], owner)
    # then nothing of the refused file is there, and another organisation's own ids are its own
    assert await find(store, tenants.importer, "c", hashed=False) is None
    assert await push(store, "m", [new(TWO, "a")], other) == Pushed(1, 0)
    assert await find(store, tenants.importer, "a", hashed=False) == ONE
    assert await find(store, tenants.partner, "a", hashed=False) == TWO


async def test_a_document_of_all_is_everybodys_and_is_withdrawn_by_its_manifest(store: Store, tenants: Tenants) -> None:
    await push(store, "everyone", [new(ONE)], None)
    await push(store, "mine", [new(TWO)], tenants.importer.organisation_id)
    for who in (tenants.importer, tenants.partner):
        assert await find(store, who, sha256(ONE), hashed=True) == ONE
    assert await find(store, tenants.partner, sha256(TWO), hashed=True) is None
    assert await withdraw(store, "mine", None) == 0
    assert await withdraw(store, "everyone", None) == 1
    assert await find(store, tenants.importer, sha256(ONE), hashed=True) is None
    assert await find(store, tenants.importer, sha256(TWO), hashed=True) == TWO
    # and it can be trusted again, while its id stays its own
    assert await push(store, "again", [new(ONE)], None) == Pushed(1, 0)
    assert await find(store, tenants.partner, sha256(ONE), hashed=True) == ONE


async def test_a_registered_document_is_found_by_its_organisation_alone(store: Store, tenants: Tenants) -> None:
    documents = Documents(store, DocumentMode.APQ, ROOM)
    with pytest.raises(PersistedQueryNotFound):
        await documents.text(hashed(ONE), tenants.importer)
    assert await documents.text(hashed(ONE, text=True), tenants.importer) == ONE
    assert await documents.text(hashed(ONE), tenants.importer) == ONE
    assert documents.now(hashed(ONE), tenants.importer) == ONE
    # another organisation is asked for the text, and so is everybody on another worker
    with pytest.raises(PersistedQueryNotFound):
        await documents.text(hashed(ONE), tenants.partner)
    with pytest.raises(PersistedQueryNotFound):
        await Documents(store, DocumentMode.APQ, ROOM).text(hashed(ONE), tenants.importer)


async def test_nothing_is_kept_under_a_hash_that_is_not_its_own(store: Store, tenants: Tenants) -> None:
    documents = Documents(store, DocumentMode.APQ, ROOM)
    with pytest.raises(BadUserInput):
        await documents.text(Asked(TWO, sha256(ONE), hashed=True, registers=True), tenants.importer)
    with pytest.raises(BadUserInput):
        await documents.text(Asked(TWO, "custom", registers=True), tenants.importer)
    for asked in (hashed(ONE), hashed(TWO), Asked(None, "custom", registers=True)):
        with pytest.raises(PersistedQueryNotFound):
            await documents.text(asked, tenants.importer)


async def test_an_open_gateway_keeps_nothing_and_says_so(store: Store, tenants: Tenants) -> None:
    documents = Documents(store, DocumentMode.OPEN, ROOM)
    assert await documents.text(hashed(ONE, text=True), tenants.importer) == ONE
    with pytest.raises(PersistedQueryNotSupported):
        await documents.text(hashed(ONE), tenants.importer)
    # but a manifest's document is found by its id
    await push(store, "m", [new(ONE, "a")], None)
    assert await documents.text(Asked(None, "a"), tenants.importer) == ONE
    with pytest.raises(PersistedQueryNotFound):
        await documents.text(Asked(None, "b"), tenants.importer)


async def test_a_trusted_client_runs_the_documents_of_manifests_alone(store: Store, tenants: Tenants) -> None:
    documents = Documents(store, DocumentMode.TRUSTED, ROOM)
    await push(store, "m", [new(ONE, "a")], None)
    who = tenants.importer
    for asked in (Asked(None, "a"), Asked(ONE), hashed(ONE), hashed(ONE, text=True), Asked(ONE, "a")):
        assert await documents.text(asked, who) == ONE
        assert documents.now(asked, who) in (ONE, None)
    for asked in (Asked(TWO), hashed(TWO), hashed(TWO, text=True), Asked(None, "b"), Asked(TWO, "a")):
        with pytest.raises(DocumentNotTrusted):
            await documents.text(asked, who)
        assert documents.now(asked, who) is None


async def test_one_client_is_held_to_a_mode_and_the_others_are_not(store: Store, tenants: Tenants) -> None:
    # given a gateway open to all, whose importer is held to trusted documents but for one client of its
    documents = Documents(store, DocumentMode.OPEN, ROOM)
    tracker = Principal("tracker", tenants.importer.organisation_id, frozenset())
    await documents.refresh()
    assert documents.now(Asked(ONE), tenants.importer) == ONE
    await hold(store, tenants.importer.organisation_id, "", DocumentMode.TRUSTED)
    await hold(store, tenants.importer.organisation_id, "tracker", DocumentMode.APQ)
    # when the process has looked
    await documents.refresh()
    # then that is so
    with pytest.raises(DocumentNotTrusted):
        await documents.text(Asked(ONE), tenants.importer)
    assert documents.now(Asked(ONE), tenants.importer) is None
    assert documents.now(Asked(ONE), tracker) == ONE
    assert documents.now(Asked(ONE), tenants.partner) == ONE
    # and is so no longer once it is taken back
    await hold(store, tenants.importer.organisation_id, "", None)
    await documents.refresh()
    assert documents.now(Asked(ONE), tenants.importer) == ONE


async def test_a_push_is_found_at_once_and_a_withdrawal_with_the_next_look(store: Store, tenants: Tenants) -> None:
    documents = Documents(store, DocumentMode.TRUSTED, ROOM)
    with pytest.raises(DocumentNotTrusted):
        await documents.text(hashed(ONE), tenants.importer)
    await push(store, "m", [new(ONE)], None)
    assert await documents.text(hashed(ONE), tenants.importer) == ONE
    assert documents.now(hashed(ONE), tenants.importer) == ONE
    await withdraw(store, "m", None)
    await documents.refresh()
    assert documents.now(hashed(ONE), tenants.importer) is None
    with pytest.raises(DocumentNotTrusted):
        await documents.text(hashed(ONE), tenants.importer)


async def test_nothing_is_allowed_before_the_modes_are_known(store: Store, tenants: Tenants) -> None:
    assert Documents(store, DocumentMode.OPEN, ROOM).now(Asked(ONE), tenants.importer) is None
