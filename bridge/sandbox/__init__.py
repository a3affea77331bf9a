"""Simulators of the three APIs, made from the same contracts."""
