"""Addresses of Mexico and Colombia: streets, states, phones, postal codes."""
