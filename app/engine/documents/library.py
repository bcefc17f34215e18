"""Which text a request stands for, and whether its client may run it. The modes of clients and the documents of
manifests lie in the database and are looked after here; what clients registered by hash lies in this process alone:
another worker asks for it again, as the protocol has it."""

import asyncio

from app.engine.documents.asked import Asked
from app.engine.documents.shelf import Shelf
from app.errors import BadUserInput, DocumentNotTrusted, PersistedQueryNotFound, PersistedQueryNotSupported
from app.principal import Principal
from app.services import documents as kept
from app.settings import DocumentMode
from app.store.session import Store
from app.telemetry import logger

log = logger("tidegate.documents")

REFRESH_SECONDS = 2.0


class Documents:
    """One per process. `run` is its lifespan task. Until the modes of clients are known nothing is allowed from
    memory, and a request that waits for them reads them itself."""

    def __init__(self, store: Store, mode: DocumentMode, room: int) -> None:
        self._store = store
        self._mode = mode
        self._modes: dict[tuple[str, str], DocumentMode] | None = None
        self._stamp: tuple[int, str] | None = None
        self._registered = Shelf(room)
        self._trusted = Shelf(room)

    @property
    def open(self) -> bool:
        """Whether every client may run any text."""
        return self._modes is not None and not self._modes and self._mode is not DocumentMode.TRUSTED

    def now(self, asked: Asked, principal: Principal) -> str | None:
        """The text, where it is known without waiting that this client may run it; None where `text` has to say."""
        if self._modes is None:
            return None
        mode = self._mode_of(principal, self._modes)
        if asked.id is None and mode is not DocumentMode.TRUSTED:
            return asked.text
        return self._remembered(asked, principal, mode) if asked.id is None or asked.text is None else None

    async def text(self, asked: Asked, principal: Principal) -> str:
        """The text of the document that this client may run. Raises BadUserInput, DocumentNotTrusted,
        PersistedQueryNotFound or PersistedQueryNotSupported."""
        if self._modes is None:
            await self.refresh()
        mode = self._mode_of(principal, self._modes or {})
        asked.check()
        if mode is DocumentMode.TRUSTED:
            return await self._trusted_text(asked, principal)
        if asked.text is None:
            return self._remembered(asked, principal, mode) or await self._stored(asked, principal, mode)
        if asked.id is not None and not asked.hashed and await self._find(asked, principal) != asked.text:
            raise BadUserInput("The document is not the one that this id names; only a sha256 can be registered.")
        if asked.registers and asked.hashed and mode is DocumentMode.APQ:
            self._registered.put(principal.organisation_id, asked.id, asked.text)
        return asked.text

    async def run(self) -> None:
        """Notices what other processes change, until cancelled. What is known counts on while the database is away."""
        while True:
            try:
                await self.refresh()
            except Exception as fault:
                log.warning("documents.not_read", error=type(fault).__name__)
            await asyncio.sleep(REFRESH_SECONDS)

    async def refresh(self) -> None:
        """Reads the modes of clients, and forgets documents where any was pushed or withdrawn."""
        stamp = await kept.stamp(self._store)
        if stamp != self._stamp:
            self._trusted.clear()
            self._stamp = stamp
        self._modes = await kept.modes(self._store)

    def _mode_of(self, principal: Principal, modes: dict[tuple[str, str], DocumentMode]) -> DocumentMode:
        if not modes:
            return self._mode
        organisation = principal.organisation_id
        found = modes.get((organisation, principal.subject)) or modes.get((organisation, kept.EVERY_SUBJECT))
        return found or self._mode

    def _remembered(self, asked: Asked, principal: Principal, mode: DocumentMode) -> str | None:
        registered = None
        if asked.hashed and mode is DocumentMode.APQ:
            registered = self._registered.get(principal.organisation_id, asked.id)
        return registered or self._trusted.get(principal.organisation_id, asked.key())

    async def _trusted_text(self, asked: Asked, principal: Principal) -> str:
        found = await self._find(asked, principal)
        if found is None or asked.text not in (None, found):
            log.info("document.refused", organisation=principal.organisation_id, subject=principal.subject)
            raise DocumentNotTrusted("This client runs the documents of loaded manifests alone, and this is none.")
        return found

    async def _stored(self, asked: Asked, principal: Principal, mode: DocumentMode) -> str:
        found = await self._find(asked, principal)
        if found is not None:
            return found
        if asked.registers and mode is DocumentMode.OPEN:
            raise PersistedQueryNotSupported("PersistedQueryNotSupported")
        raise PersistedQueryNotFound("PersistedQueryNotFound")

    async def _find(self, asked: Asked, principal: Principal) -> str | None:
        """The manifests' document of this id, or of this text."""
        key = asked.key()
        known = self._trusted.get(principal.organisation_id, key)
        found = known or await kept.find(self._store, principal, *key)
        if found is not None and known is None:
            self._trusted.put(principal.organisation_id, key, found)
        return found
