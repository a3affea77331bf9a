"""Tests of bridge.targets."""
