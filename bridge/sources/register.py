"""The platforms that there are; a new one gets its line here."""

from collections.abc import Mapping
from types import MappingProxyType

from bridge.sources.platform import Platform
from bridge.sources.shopify import Shopify
from bridge.sources.woocommerce import WooCommerce

PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {
        Shopify.name: Shopify(),
        WooCommerce.name: WooCommerce(),
    }
)
