"""The neutral Order and how it is folded from its events."""
