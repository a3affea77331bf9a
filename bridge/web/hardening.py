"""Headers that every answer has."""

HARDENED = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self';"
    " style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types default",
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: with it browsers hide the Origin of our own forms.
    "Referrer-Policy": "same-origin",
}

NOT_KEPT = {"Cache-Control": "no-store"}
"""But for what never changes."""
