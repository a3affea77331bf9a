"""Address lines of any country, split where we know how."""

from functools import lru_cache

from bridge.places import colombia, mexico
from bridge.places.beside import NOTHING, Beside
from bridge.places.parts import UNKNOWN, Parts


@lru_cache(maxsize=256)
def split_address(
    country: str | None,
    address1: str | None,
    address2: str | None,
    *,
    given: Parts = UNKNOWN,
    beside: Beside = NOTHING,
) -> Parts:
    """
    Return the likeliest reading of two address lines, and how sure it is.

    Args:
        country: two letters; in others than MX and CO nothing is split.
        address1: as it came, with the word joiner that Shopify may put in.
        given: parts that the shop asked for in fields of their own.
        beside: the other fields, which customers repeat in the lines.
    """
    match country:
        case "MX":
            return mexico.split_address(
                address1, address2, given=given, beside=beside
            )
        case "CO":
            return colombia.split_address(
                address1, address2, given=given, beside=beside
            )
        case _:
            return given
