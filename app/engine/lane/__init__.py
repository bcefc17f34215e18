"""The quick way to answer a query: its document planned once, one statement for each root field, the database's JSON
out as it is. It knows bindings and inputs; SQL is the store's, and whatever it declines is the executor's."""

from app.engine.lane.assemble import filled
from app.engine.lane.explain import Way, explain
from app.engine.lane.inputs import LABELS, Declined
from app.engine.lane.plans import Lane, Ready
from app.engine.lane.run import Done, Runner

__all__ = ["LABELS", "Declined", "Done", "Lane", "Ready", "Runner", "Way", "explain", "filled"]
