"""Headers that every answer has."""

HARDENED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

NOT_KEPT = {"Cache-Control": "no-store"}
"""But for what never changes."""
