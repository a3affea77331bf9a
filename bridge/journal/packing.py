"""
Small on the disk: how bodies and long texts are kept.

A body that was packed begins with `MARK`, one that was not is itself; a text
that was packed is bytes, one that was not is text. What was kept before
anything was packed reads as it always did.
"""

import zlib

MARK = b"\0z1\0"
"""Begins a packed body. One that comes in with it is packed at once, so
that nothing else ever begins so."""

LEVEL = 1
"""zlib's: the next ones save a twentieth and cost half as much again."""

SMALLEST = 1_024
"""In bytes. Less than that saves too little for what it costs."""


def packed(body: bytes) -> bytes:
    """Return *body* as it is kept, packed where that makes it smaller."""
    marked = body.startswith(MARK)
    if len(body) < SMALLEST and not marked:
        return body
    small = MARK + zlib.compress(body, LEVEL)
    return small if marked or len(small) < len(body) else body


def unpacked(kept: bytes) -> bytes:
    """Return the body that was kept so."""
    if not kept.startswith(MARK):
        return kept
    return zlib.decompress(memoryview(kept)[len(MARK) :])


def packed_text(text: str) -> str | bytes:
    """Return *text* as it is kept, packed where that makes it smaller."""
    if len(text) < SMALLEST:
        return text
    plain = text.encode()
    small = zlib.compress(plain, LEVEL)
    return small if len(small) < len(plain) else text


def unpacked_text(kept: str | bytes) -> str:
    """Return the text that was kept so."""
    return kept if isinstance(kept, str) else zlib.decompress(kept).decode()
