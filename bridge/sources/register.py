"""The platforms that there are, each a line here, and who reads an event."""

from collections.abc import Mapping
from types import MappingProxyType

from bridge.model import Event
from bridge.sources import corrections
from bridge.sources.platform import Platform, Reading, Store
from bridge.sources.shopify import Shopify
from bridge.sources.woocommerce import WooCommerce

PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {
        Shopify.name: Shopify(),
        WooCommerce.name: WooCommerce(),
    }
)


def read_event(event: Event, store: Store) -> Reading:
    """
    Return what an event tells, a webhook or a person's word.

    Raises:
        Unusable: with a coded reason, when it can not be understood.
    """
    if event.platform == corrections.PLATFORM:
        return corrections.read(event)
    return PLATFORMS[store.platform].read(event, store)
