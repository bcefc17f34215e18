"""The classification room: the states of a decision about a product's HTS number. Suggesting comes with its issue."""
