import json
from pathlib import Path

import pytest

from bridge.errors import NotFound, SettingsError
from bridge.mapping.cases import Sample
from bridge.samples import Samples, freshened, send, signed, store_of
from bridge.settings import load_stores
from bridge.sources.platform import Store
from bridge.sources.register import PLATFORMS

MAPPINGS = Path(__file__).parents[1] / "mappings"
PAID = "shopify-mx-orders-paid-multiline"
WOO = "woo-mx-order-updated-processing-paid"
PARCEL = "shopify-mx-fulfillments-create"
UUID = "0b1f6c1e-92f1-4c66-8a9d-0a8a5b6d7c8e"


@pytest.fixture
def samples() -> Samples:
    """The samples that are shipped."""
    return Samples(MAPPINGS)


@pytest.fixture
def stores() -> dict[str, Store]:
    """The stores that are shipped, each with its own secret."""
    return load_stores(MAPPINGS, lambda name: f"secret of {name}")


def test_each_sample_is_signed_as_its_platform_does(
    samples: Samples, stores: dict[str, Store]
) -> None:
    """
    What is sent passes the verification of the store that it names.
    """
    for name in samples.names():
        sample = samples.sample(name)
        store = store_of(sample, stores)
        assert store is not None, name
        headers = signed(sample, store)
        small = {key.lower(): value for key, value in headers.items()}
        platform = PLATFORMS[store.platform]
        assert platform.verify(small, sample.body, store.secrets), name
        label = platform.label(small, store, "0" * 64)
        assert None is label.other_shop, name


def test_each_sample_belongs_to_a_store(
    samples: Samples, stores: dict[str, Store]
) -> None:
    """
    The shop in a sample's headers says which store it is of.
    """
    found = store_of(samples.sample(PAID), stores)
    assert found is not None
    assert "cafe-mx" == found.name


def test_a_sample_of_nobody(stores: dict[str, Store]) -> None:
    """
    A sample whose headers name no shop is of no store.
    """
    assert None is store_of(Sample(body=b"{}", headers={}), stores)


def test_unknown_name_is_answered_with_the_nearest(samples: Samples) -> None:
    """
    A mistyped name is told with the one that was probably meant.
    """
    with pytest.raises(NotFound, match=f"did you mean '{PAID}'"):
        samples.sample("shopify-mx-orders-payd-multiline")


def test_folder_without_samples(tmp_path: Path) -> None:
    """
    A folder without samples is an error that names the missing file.
    """
    with pytest.raises(SettingsError, match=r"_headers\.json can not be read"):
        Samples(tmp_path)


@pytest.mark.parametrize(
    ("name", "field"), [(PAID, "id"), (WOO, "id"), (PARCEL, "order_id")]
)
def test_fresh_sample_is_of_another_order(
    samples: Samples, name: str, field: str
) -> None:
    """
    A fresh sample tells of another order with an id of the same length.
    """
    sample = samples.sample(name)
    fresh = freshened(sample, lambda: UUID)
    before, after = json.loads(sample.body), json.loads(fresh.body)
    assert before[field] != after[field]
    assert len(str(before[field])) == len(str(after[field]))
    assert before.keys() == after.keys()
    assert str(before[field]) not in fresh.body.decode()


def test_fresh_shopify_sample_is_another_webhook(samples: Samples) -> None:
    """
    A fresh sample is no repeat: its webhook id is new.
    """
    fresh = freshened(samples.sample(PAID), lambda: UUID)
    assert UUID == fresh.headers["X-Shopify-Webhook-Id"]


def test_fresh_sample_without_an_order(samples: Samples) -> None:
    """
    A body that tells of no order stays as it is.
    """
    sample = samples.sample("woo-error-body-cannot-view")
    assert sample.body == freshened(sample, lambda: UUID).body


def test_nobody_answers(samples: Samples, stores: dict[str, Store]) -> None:
    """
    Sending to an address where nobody listens says so in one line.
    """
    with pytest.raises(SettingsError, match="nobody answers at"):
        send(samples.sample(PAID), stores["cafe-mx"], url="http://127.0.0.1:9")
