"""The kinds of shops: how each signs and what it sends."""
