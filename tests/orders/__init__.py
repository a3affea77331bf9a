"""Tests of the order and its fold."""
