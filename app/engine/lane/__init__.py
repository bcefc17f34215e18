"""The quick way to answer a query: its document planned once, one statement for each root field, the database's JSON
out as it is. It knows bindings and inputs; SQL is the store's, and whatever it declines is the executor's."""

from app.engine.lane.plans import Lane, Ready

__all__ = ["Lane", "Ready"]
