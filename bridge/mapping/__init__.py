"""Mapping files: read, checked, rendered, planned."""
