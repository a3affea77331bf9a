"""The outside systems: what each can be asked to do."""
