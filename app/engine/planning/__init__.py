"""The planning room: a document parsed, validated, measured against the limits and matched with scopes, once. It runs
nothing."""
