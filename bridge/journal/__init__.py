"""The idempotency log."""
