"""What listens: webhooks, admin API, console."""
