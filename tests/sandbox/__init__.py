"""Tests of bridge.sandbox."""
