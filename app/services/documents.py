"""Documents of manifests that operators loaded, and which mode each client is held to. An id never comes to mean
another document: clients in the field rely on it. What a manifest may say is `engine.documents.manifest`'s matter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.errors import Refused
from app.ids import new_id
from app.principal import Principal, SystemPrincipal
from app.settings import DocumentMode
from app.store.session import Store
from app.store.statement import Order, Select, Where
from app.store.tables import ClientMode, TrustedDocument

EVERY_SUBJECT = ""

_STANDING: Final = Where("withdrawn_at", "filled", False)
_SYSTEM = SystemPrincipal("manifests and modes are loaded by operators")


@dataclass(frozen=True, slots=True)
class NewDocument:
    """One document of a manifest: its id there, its text, the text's sha256."""

    id: str
    name: str | None
    body: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """How many documents are new, and how many were there already."""

    new: int
    already: int


async def push(store: Store, manifest: str, documents: Sequence[NewDocument], organisation_id: str | None) -> Pushed:
    """Adds a manifest's documents, for one organisation or for all; all of them or none. Refused where an id stands
    for another document already."""
    async with store.unit(_SYSTEM) as unit:
        await unit.lock("documents")
        rows = await unit.find_all(TrustedDocument, document_id=[one.id for one in documents])
        mine = [row for row in rows if row.organisation_id in (None, organisation_id)]
        standing = rows if organisation_id is None else mine
        bodies = {row.document_id: row.body for row in standing}
        taken = [one.id for one in documents if bodies.get(one.id, one.body) != one.body]
        if taken:
            raise Refused(f"the id {taken[0]} stands for another document already ({len(taken)} in all)")
        known = {row.document_id for row in mine if row.withdrawn_at is None}
        fresh = [one for one in documents if one.id not in known]
        unit.add(*(_row(one, manifest, organisation_id, unit.now) for one in fresh))
        return Pushed(len(fresh), len(documents) - len(fresh))


def _row(one: NewDocument, manifest: str, organisation_id: str | None, now: datetime) -> TrustedDocument:
    return TrustedDocument(
        id=new_id("TrustedDocument"),
        organisation_id=organisation_id,
        manifest=manifest,
        document_id=one.id,
        sha256=one.sha256,
        name=one.name,
        body=one.body,
        pushed_at=now,
    )


async def withdraw(store: Store, manifest: str, organisation_id: str | None) -> int:
    """Takes the documents of a manifest back; how many there were. The rows stay, so that their ids stay taken."""
    async with store.unit(_SYSTEM) as unit:
        await unit.lock("documents")
        rows = await unit.find_all(TrustedDocument, manifest=manifest, withdrawn_at=None)
        gone = [row for row in rows if row.organisation_id == organisation_id]
        for row in gone:
            row.withdrawn_at = unit.now
        return len(gone)


async def find(store: Store, principal: Principal, identifier: str, hashed: bool) -> str | None:
    """The text of the document with this id, or where `hashed` with this sha256, that the caller's organisation has."""
    column = "sha256" if hashed else "document_id"
    wanted = (Where(column, "eq", identifier), _STANDING)
    row = await store.first(principal, Select("trusted_document", wanted, limit=1))
    return None if row is None else str(row.body)


async def listed(store: Store) -> Sequence[Any]:
    """Every document, by manifest."""
    return await store.rows(_SYSTEM, Select("trusted_document", (_STANDING,), (Order("manifest"), Order("id"))))


async def stamp(store: Store) -> tuple[int, str]:
    """Another one after each push and withdrawal, and never again one that was."""
    newest = await store.first(_SYSTEM, Select("trusted_document", order=(Order("id", descending=True),), limit=1))
    withdrawn = await store.count(_SYSTEM, Select("trusted_document", (Where("withdrawn_at", "filled", True),)))
    return withdrawn, "" if newest is None else str(newest.id)


async def modes(store: Store) -> dict[tuple[str, str], DocumentMode]:
    """The modes that clients are held to, by organisation and subject; EVERY_SUBJECT stands for the whole
    organisation."""
    rows = await store.rows(_SYSTEM, Select("client_mode", order=(Order("organisation_id"), Order("subject"))))
    return {(row.organisation_id, row.subject): DocumentMode(row.mode) for row in rows}


async def hold(store: Store, organisation_id: str, subject: str, mode: DocumentMode | None) -> None:
    """Holds a client to a mode; None gives it back to the gateway's own."""
    async with store.unit(_SYSTEM) as unit:
        await unit.lock("documents")
        row = await unit.find(ClientMode, organisation_id=organisation_id, subject=subject)
        if row is not None:
            await unit.session.delete(row)
            await unit.flush()
        if mode is not None:
            unit.add(ClientMode(organisation_id=organisation_id, subject=subject, mode=mode.value))
        unit.audit(organisation_id, "documents.mode", organisation_id, mode=None if mode is None else mode.value)
