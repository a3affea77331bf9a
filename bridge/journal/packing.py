"""
Small on the disk: how bodies and long texts are kept.

A body that was packed begins with `MARK`, one that was not is itself; a text
that was packed is bytes, one that was not is text. What was kept before
anything was packed reads as it always did.

Bodies are packed with a dictionary: the words of the stores' bodies without
any shop's data. Most of a body is such words, and a single one is too short
for zlib to learn them.
"""

import zlib
from pathlib import Path

MARK = b"\0z1\0"
"""Begins a packed body. One that comes in with it is packed at once, so
that nothing else ever begins so."""

LEVEL, LEVEL_OF_TEXTS = 6, 1
"""
zlib's. Bodies are packed when there is nothing better to do: packed at once,
at level 1, they cost a quarter of the webhooks that can be taken. Texts are
packed while somebody waits; there, the next levels save a twentieth and cost
half as much again.
"""

SMALLEST, SMALLEST_TEXT = 256, 1_024
"""In bytes. Less than that saves too little for what it costs."""

DICTIONARY = (Path(__file__).parent / "words.txt").read_bytes()
"""
Never to be changed, nor its file: what was packed with it needs it. A better
one would be a second one, with a mark of its own.
"""


def as_received(body: bytes) -> bytes:
    """Return *body* as it is kept at first, which reads as itself."""
    return _packed(body) if body.startswith(MARK) else body


def smaller(kept: bytes) -> bytes:
    """Return a body that was kept as received, packed if that is smaller."""
    if len(kept) < SMALLEST or kept.startswith(MARK):
        return kept
    return min(_packed(kept), kept, key=len)


def _packed(body: bytes) -> bytes:
    packing = zlib.compressobj(LEVEL, zdict=DICTIONARY)
    return MARK + packing.compress(body) + packing.flush()


def unpacked(kept: bytes) -> bytes:
    """Return the body that was kept so, with the dictionary or without."""
    if not kept.startswith(MARK):
        return kept
    unpacking = zlib.decompressobj(zdict=DICTIONARY)
    return unpacking.decompress(kept[len(MARK) :]) + unpacking.flush()


def packed_text(text: str) -> str | bytes:
    """Return *text* as it is kept, packed where that makes it smaller."""
    if len(text) < SMALLEST_TEXT:
        return text
    plain = text.encode()
    small = zlib.compress(plain, LEVEL_OF_TEXTS)
    return small if len(small) < len(plain) else text


def unpacked_text(kept: str | bytes) -> str:
    """Return the text that was kept so."""
    return kept if isinstance(kept, str) else zlib.decompress(kept).decode()
