"""The signature that Shopify and WooCommerce share."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable


def signature(body: bytes, secret: str) -> bytes:
    """Return base64 of the HMAC-SHA256 of the raw *body*."""
    key = secret.encode("utf-8", "surrogateescape")
    digest = hmac.digest(key, body, hashlib.sha256)
    return b64encode(digest)


def signer_of(
    body: bytes, claimed: str | None, secrets: Iterable[str]
) -> int | None:
    """
    Return which of *secrets*, from 0, makes the *claimed* signature.

    None when none of them does.

    Bytes are compared, so an odd header is only wrong, and all secrets are
    tried, so the time does not tell which one fits. An empty secret signs
    nothing.
    """
    given = (claimed or "").encode("utf-8", "backslashreplace")
    verdicts = [
        bool(secret) and hmac.compare_digest(signature(body, secret), given)
        for secret in secrets
    ]
    return verdicts.index(True) if any(verdicts) else None
