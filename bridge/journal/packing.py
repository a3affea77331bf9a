"""
Small on the disk: how bodies and texts are kept.

A body that was packed begins with `MARK`, one that was not is itself; a text
that was packed is bytes, one that was not is text. What was kept before
anything was packed reads as it always did.

Both are packed with dictionaries: the words of the stores' bodies, and those
of our own states and requests, without any shop's data. Most of them is such
words, and a single one is too short for zlib to learn them. A stream of
zlib's says by a checksum which dictionary it needs, if any.
"""

import zlib
from pathlib import Path

MARK = b"\0z1\0"
"""Begins a packed body. One that comes in with it is packed at once, so
that nothing else ever begins so."""

LEVEL = 6
"""
zlib's. Bodies are packed when there is nothing better to do: packed at once,
they cost a quarter of the webhooks that can be taken. Level 8 would save a
fortieth of a body, and take twice as long.
"""

_WINDOW, _MEMORY = 14, 7
"""
zlib's `wbits` and `memLevel` for texts, which are packed while somebody
waits. With zlib's own (15, 8) its tables are so large that to make them takes
longer than to pack; so a state takes 30 µs, and a request 10.
"""

SMALLEST, SMALLEST_TEXT = 256, 48
"""In bytes and characters. Less than that saves too little."""


def _read(name: str) -> bytes:
    return (Path(__file__).parent / name).read_bytes()


WORDS = (_read("words.txt"), _read("words.2.txt"))
TEXTS = (_read("texts.1.txt"),)
"""
The dictionaries of bodies and of texts; the last ones are in use.

Never to be changed, nor their files: what was packed with them needs them. A
better one is another file, put behind them.
"""

_BY_SUM = {zlib.adler32(words): words for words in (*WORDS, *TEXTS)}

_TEXT_BEGUN = zlib.compressobj(
    LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zdict=TEXTS[-1]
)
"""What every text begins as: a copy costs less than to read the words."""


def as_received(body: bytes) -> bytes:
    """Return *body* as it is kept at first, which reads as itself."""
    return _packed(body) if body.startswith(MARK) else body


def smaller(kept: bytes) -> bytes:
    """Return a body that was kept as received, packed if that is smaller."""
    if len(kept) < SMALLEST or kept.startswith(MARK):
        return kept
    return min(_packed(kept), kept, key=len)


def _packed(body: bytes) -> bytes:
    packing = zlib.compressobj(LEVEL, zdict=WORDS[-1])
    return MARK + packing.compress(body) + packing.flush()


def unpacked(kept: bytes) -> bytes:
    """Return the body that was kept so, with whatever dictionary or none."""
    if not kept.startswith(MARK):
        return kept
    return _plain(kept[len(MARK) :])


def packed_text(text: str) -> str | bytes:
    """Return *text* as it is kept, packed where that makes it smaller."""
    if len(text) < SMALLEST_TEXT:
        return text
    plain = text.encode()
    packing = _TEXT_BEGUN.copy()
    small = packing.compress(plain) + packing.flush()
    return small if len(small) < len(plain) else text


def unpacked_text(kept: str | bytes) -> str:
    """Return the text that was kept so, with whatever dictionary or none."""
    return kept if isinstance(kept, str) else _plain(kept).decode()


def _plain(stream: bytes) -> bytes:
    """
    Return what a whole stream of zlib's says.

    Raises:
        zlib.error: it is none, or needs a dictionary that is not known.
    """
    unpacking = zlib.decompressobj(zdict=words_of(stream))
    plain = unpacking.decompress(stream) + unpacking.flush()
    if not unpacking.eof:
        message = "the stream ends before its end"
        raise zlib.error(message)
    return plain


def words_of(stream: bytes) -> bytes:
    """Return the dictionary that a stream of zlib's asks for, or nothing."""
    asks = len(stream) > _SUM.stop and stream[1] & _ASKS
    found = int.from_bytes(stream[_SUM], "big") if asks else 0
    return _BY_SUM.get(found, b"")


_ASKS, _SUM = 0x20, slice(2, 6)
"""FDICT and DICTID of RFC 1950."""
