"""The executor that resolves fields: graphql-core's, kept from what the plan denied."""

from typing import Any

from graphql import GraphQLSchema
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.engine.scopes import INTROSPECTION


class ScopedExecutor(StrawberryGraphQLCoreExecutionContext):
    """The ordinary executor with four changes: denied fields are null without their resolver, and so are root fields
    that are `answered` by the lane; introspection answers from the caller's own view of the schema; and every
    subscription event gets a fresh context."""

    denied: frozenset[tuple[str, str]] = frozenset()
    answered: frozenset[str] = frozenset()
    view: GraphQLSchema | None = None

    def execute_field(
        self, parent_type: Any, source: Any, field_details_list: Any, path: Path, position_context: Any
    ) -> Any:
        """Null for a field that is not to be resolved, else the field."""
        if self.answered and path.prev is None and path.key in self.answered:
            return None
        if self.denied and (parent_type.name, field_details_list[0].node.name.value) in self.denied:
            return None
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    def build_resolve_info(self, field_def: Any, field_nodes: Any, parent_type: Any, path: Path) -> Any:
        """Introspection sees the caller's view as the schema."""
        info = super().build_resolve_info(field_def, field_nodes, parent_type, path)
        if field_nodes[0].name.value in INTROSPECTION and self.view is not None:
            return info._replace(schema=self.view)
        return info

    def build_per_event_executor(self, payload: Any) -> Any:
        """Fresh loaders, so that no event is answered from rows read for an earlier one."""
        executor = super().build_per_event_executor(payload)
        executor.context_value = executor.context_value.fresh()
        return executor
