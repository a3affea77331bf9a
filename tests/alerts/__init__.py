"""Alerts: what is worth telling, and how it is told."""
