"""
The sample webhooks, sent as a platform would send them: signed.

Bodies lie in `samples/` of the folder of mapping files, their headers in
`samples/_headers.json`.
"""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bridge.errors import NotFound, SettingsError
from bridge.mapping.cases import Sample
from bridge.mapping.words import nearest
from bridge.sources.platform import Store
from bridge.sources.register import PLATFORMS

HEADERS_FILE = "_headers.json"
SEND_TIMEOUT_S = 10.0

_TOPICS = ("X-Shopify-Topic", "X-WC-Webhook-Topic")
_SHOPS = ("X-Shopify-Shop-Domain", "X-WC-Webhook-Source")
_WEBHOOK_IDS = ("X-Shopify-Webhook-Id", "X-WC-Webhook-ID")
_SHOPIFY_ID = "X-Shopify-Webhook-Id"


class Samples:
    """
    The samples of a folder, by name, in the order in which they came.

    Raises:
        SettingsError: there are none.
    """

    def __init__(self, mappings: Path) -> None:
        self._folder = mappings / "samples"
        try:
            told = json.loads((self._folder / HEADERS_FILE).read_text("utf-8"))
        except (OSError, ValueError):
            message = f"{self._folder / HEADERS_FILE} can not be read"
            raise SettingsError(message) from None
        self._headers: Mapping[str, Mapping[str, str]] = {
            name: headers
            for name, headers in told.items()
            if not name.startswith("_")
        }

    def names(self) -> list[str]:
        """Return the names of all samples."""
        return list(self._headers)

    def sample(self, name: str) -> Sample:
        """
        Return a sample.

        Raises:
            NotFound: there is none of that name.
        """
        headers = self._headers.get(name)
        if headers is None:
            hint = nearest(name, self._headers)
            message = f"there is no sample {name!r}{hint}"
            raise NotFound(message)
        body = (self._folder / f"{name}.json").read_bytes()
        return Sample(body=body, headers=headers)


def topic_of(sample: Sample) -> str:
    """Return the topic that the sample's headers name, or nothing."""
    return _first(sample, _TOPICS)


def store_of(sample: Sample, stores: Mapping[str, Store]) -> Store | None:
    """Return the store whose shop the sample's headers name."""
    shop = _bare(_first(sample, _SHOPS))
    for store in stores.values():
        if shop and _bare(store.identity) == shop:
            return store
    return None


def signed(sample: Sample, store: Store) -> dict[str, str]:
    """Return the headers under which *store* would send the sample."""
    return {
        **sample.headers,
        **PLATFORMS[store.platform].sign(
            sample.body,
            store.secrets[0],
            topic=topic_of(sample),
            store=store,
            webhook_id=_first(sample, _WEBHOOK_IDS),
        ),
    }


def freshened(sample: Sample, random_uuid: Callable[[], str]) -> Sample:
    """
    Return the sample as if of another order, by another webhook.

    The order's id is another one wherever the body has it. On WooCommerce
    the other body alone makes it another event.
    """
    headers = dict(sample.headers)
    if _SHOPIFY_ID in headers:
        headers[_SHOPIFY_ID] = random_uuid()
    old = _order_id(sample.body)
    if old is None:
        return replace(sample, headers=headers)
    fresh = _number_like(old, random_uuid)
    whole = re.compile(rf"(?<!\d){old}(?!\d)")
    return Sample(
        body=whole.sub(fresh, sample.body.decode()).encode(),
        headers={
            name: whole.sub(fresh, value) for name, value in headers.items()
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the bridge said to a webhook."""

    status: int
    text: str


def send(sample: Sample, store: Store, *, url: str) -> Answered:
    """
    Post the sample to the bridge at *url*, signed by *store*.

    Raises:
        SettingsError: nobody answers there.
    """
    request = urllib.request.Request(  # noqa: S310  the operator's address
        f"{url.rstrip('/')}/webhooks/{store.name}",
        data=sample.body,
        headers=signed(sample, store),
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=SEND_TIMEOUT_S) as answer:  # noqa: S310
            return _answered(answer.status, answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return _answered(refusal.code, refusal.read())
    except (OSError, ValueError):
        message = f"nobody answers at {url}: is `bridge serve` running there?"
        raise SettingsError(message) from None


def _answered(status: int, body: bytes) -> Answered:
    return Answered(status=status, text=body.decode("utf-8", "replace"))


def _first(sample: Sample, names: tuple[str, ...]) -> str:
    found = (sample.headers.get(name) for name in names)
    return next((value for value in found if value), "")


def _bare(shop: str) -> str:
    return shop.removeprefix("https://").rstrip("/").lower()


def _order_id(body: bytes) -> str | None:
    """Return the id of the order that the body tells of, if it does."""
    try:
        told = json.loads(body)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    found = told.get("order_id") or told.get("id")
    return str(found) if isinstance(found, int) else None


def _number_like(old: str, random_uuid: Callable[[], str]) -> str:
    """Return another number with as many digits, the first one kept."""
    digits = str(int(random_uuid().replace("-", ""), 16))
    return old[:1] + digits[-len(old) + 1 :] if len(old) > 1 else digits[-1]
