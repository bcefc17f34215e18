"""The contract room: the schema as one caller sees it, and what has changed between two of its texts."""
