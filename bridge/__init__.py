"""The bridge: from a shop's webhooks to the right calls, each once."""
