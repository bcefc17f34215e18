"""Figures: a database of known size, and the gateway beside its peers."""
