"""The graph: what its types, fields and arguments are called and where their values live. One module per noun;
resolvers only carry. `build_schema` is the room's one public name."""

from schema.root import build_schema

__all__ = ["build_schema"]
