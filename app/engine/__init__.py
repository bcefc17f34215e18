"""The engine room: an operation is planned (parsed, validated, its scopes collected) and then executed.
It knows documents, scopes, field bindings and loaders; it leaves HTTP to `app.web`, rows to `app.store`
and what the fields are to `schema`."""
