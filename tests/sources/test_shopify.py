import copy
import hashlib
import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import Unusable
from bridge.model import Certainty, Instant
from bridge.orders.order import Payment
from bridge.sources.platform import (
    Deleted,
    Duty,
    Hint,
    Ignored,
    ParcelTold,
    Store,
    Told,
)
from bridge.sources.register import PLATFORMS
from bridge.sources.shopify import Shopify
from bridge.sources.signing import signature
from tests.sources import samples

SHOPIFY = Shopify()
MX = Store(
    name="cafe-mx",
    platform="shopify",
    identity="cafe-jacaranda-mx.myshopify.com",
    country="MX",
    secrets=("old", "new"),
    not_shipped=("GIFT-*",),
)
CO = Store(
    name="chocolate-co",
    platform="shopify",
    identity="tienda-el-chocolate-co.myshopify.com",
    country="CO",
    secrets=("secret",),
    cash_on_delivery=("cash on delivery (cod)",),
)
PAID = "shopify-mx-orders-paid-multiline"
SHIPPED = "shopify-mx-orders-fulfilled-two-shipments"
ON_DELIVERY = "shopify-co-orders-create-cod-no-phone"
PARCEL = "shopify-mx-fulfillments-create"
CANCELLED = "shopify-co-orders-cancelled-refunded"
TOPICS = [
    "orders/create",
    "orders/paid",
    "orders/updated",
    "orders/edited",
    "orders/delete",
    "fulfillments/create",
    "refunds/create",
    "customers/data_request",
    "customers/redact",
    "shop/redact",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)


def told(content, *, topic="orders/updated", store=MX):
    return samples.snapshot(SHOPIFY, content, topic=topic, store=store)


def reason(content, *, topic="orders/updated", store=MX):
    with pytest.raises(Unusable) as caught:
        SHOPIFY.read(samples.event(content, topic=topic), store)
    return caught.value.reason.code


def line(**changes):
    first = copy.deepcopy(samples.body(PAID)["line_items"][0])
    merged = {**first, **changes}
    return {key: value for key, value in merged.items() if value is not ...}


def one_line(**changes):
    content = samples.body(PAID, line_items=[line(**changes)])
    return told(content).lines[0]


class TestSignature:
    def test_genuine(self):
        """
        What sign makes, verify takes.
        """
        headers = SHOPIFY.sign(
            b"{}", "new", topic="orders/paid", store=MX, webhook_id="1"
        )
        lower = {name.lower(): value for name, value in headers.items()}

        assert SHOPIFY.verify(lower, b"{}", MX.secrets)
        assert "orders/paid" == SHOPIFY.label(lower, MX, "sha").topic

    @pytest.mark.parametrize(
        "name", ["x-shopify-hmac-sha256", "shopify-hmac-sha256"]
    )
    @pytest.mark.parametrize("secret", MX.secrets)
    def test_prefixes_and_rotation(self, name, secret):
        """
        Either prefix of the header and any of the secrets will do.
        """
        headers = {name: signature(b"body", secret).decode()}

        assert SHOPIFY.verify(headers, b"body", MX.secrets)
        position = SHOPIFY.signed_by(headers, b"body", MX.secrets)
        assert secret == MX.secrets[position]

    @pytest.mark.parametrize(
        "odd",
        [
            "",
            "é",
            "\udc80",
            "a\0b",
            "A" * 8192,
            hashlib.sha256(b"body").hexdigest(),
            signature(b"body", "old").decode() + ",x",
            signature(b"body", "old").decode().rstrip("="),
            " " + signature(b"body", "old").decode()[:-1] + "\n=",
            signature(b"other", "old").decode(),
            signature(b"body", "third").decode(),
            signature(b"body", "").decode(),
        ],
    )
    def test_odd_signatures(self, odd):
        """
        A signature that is not exactly right is wrong, and no more.
        """
        headers = {"x-shopify-hmac-sha256": odd}

        assert not SHOPIFY.verify(headers, b"body", (*MX.secrets, ""))

    def test_missing(self):
        """
        A body without a signature is not verified.
        """
        assert not SHOPIFY.verify({}, b"body", MX.secrets)

    @settings(deadline=None)
    @given(st.text(), st.binary(), st.lists(st.text()))
    def test_never_raises(self, claimed, body, secrets):
        """
        Whatever the header holds, verify answers yes or no.
        """
        headers = {"x-shopify-hmac-sha256": claimed}

        assert SHOPIFY.verify(headers, body, secrets) in {True, False}

    def test_no_ping(self):
        """
        Shopify sends no unsigned greeting.
        """
        assert not SHOPIFY.is_ping({}, b"webhook_id=1")


class TestLabel:
    def test_sample(self):
        """
        Topic, shop and webhook id make the key; useful headers are kept.
        """
        label = SHOPIFY.label(samples.headers(PAID), MX, "sha")

        assert "orders/paid" == label.topic
        assert (
            "shopify:cafe-jacaranda-mx.myshopify.com:orders/paid:"
            "b54557e4-0001-4b7a-8ffc-e4a2c1f0d001"
        ) == label.dedupe_key
        assert label.other_shop is None
        assert "2026-07" == label.headers["x-shopify-api-version"]
        assert "x-shopify-hmac-sha256" not in label.headers

    def test_bare_headers(self):
        """
        Headers that are missing are replaced by the body's hash.
        """
        label = SHOPIFY.label({}, MX, "sha")

        assert "unknown" == label.topic
        assert f"shopify:{MX.identity}:unknown:sha" == label.dedupe_key

    def test_new_prefix(self):
        """
        Un-prefixed header names say the same.
        """
        headers = {
            "shopify-topic": "Orders/Paid",
            "shopify-webhook-id": "7",
            "shopify-shop-domain": MX.identity.upper(),
        }
        label = SHOPIFY.label(headers, MX, "sha")

        assert f"shopify:{MX.identity}:orders/paid:7" == label.dedupe_key
        assert label.other_shop is None

    def test_other_shop(self):
        """
        A shop that is not this store is named.
        """
        label = SHOPIFY.label(samples.headers(PAID), CO, "sha")

        assert "cafe-jacaranda-mx.myshopify.com" == label.other_shop


class TestTopics:
    def test_other_topic(self):
        """
        A topic without a use is ignored, whatever its body.
        """
        told = SHOPIFY.read(samples.event(b"\xff", topic="carts/create"), MX)

        assert Ignored(reason="topic") == told

    def test_hints(self):
        """
        Edits and refunds name the order whose update follows.
        """
        edit = {"order_edit": {"id": 1, "order_id": 6301458923713}}
        refund = {"id": 1, "order_id": 6301458923713}
        hint = Hint(order_id="6301458923713")

        assert hint == SHOPIFY.read(
            samples.event(edit, topic="orders/edited"), MX
        )
        assert hint == SHOPIFY.read(
            samples.event(refund, topic="refunds/create"), MX
        )

    def test_deleted(self):
        """
        A deletion has nothing but an id.
        """
        read = SHOPIFY.read(
            samples.event({"id": 7}, topic="orders/delete"), MX
        )

        assert Deleted(order_id="7") == read

    def test_deleted_with_an_order(self):
        """
        An order's body sent again under the topic of a deletion is refused.
        """
        assert "topic_mismatch" == reason(
            samples.body(PAID), topic="orders/delete"
        )

    @pytest.mark.parametrize(
        ("topic", "content", "subject"),
        [
            (
                "customers/data_request",
                {"shop_id": 9, "data_request": {"id": 11}},
                "11",
            ),
            ("customers/redact", {"shop_id": 9, "customer": {"id": 12}}, "12"),
            (
                "customers/redact",
                {"shop_id": 9, "customer": {"email": "a@example.com"}},
                "9",
            ),
            ("shop/redact", {"shop_id": 9}, "9"),
        ],
    )
    def test_duties(self, topic, content, subject):
        """
        Legal requests are due in 30 days and name an id, never a person.
        """
        duty = SHOPIFY.read(samples.event(content, topic=topic), MX)

        assert isinstance(duty, Duty)
        assert (subject, 30) == (duty.subject, duty.days)
        assert "@" not in duty.text

    def test_test_order(self):
        """
        The admin's test notification is ignored unless the store wants it.
        """
        content = samples.body(PAID, test=True)
        event = samples.event(content, topic="orders/paid")

        assert Ignored(
            reason="test_order", order_id="6301458923713"
        ) == SHOPIFY.read(event, MX)
        assert isinstance(
            SHOPIFY.read(event, replace(MX, test_orders=True)), Told
        )

    @pytest.mark.parametrize("topic", ["orders/create", "orders/paid"])
    @pytest.mark.parametrize(
        "content", [{"id": 1}, samples.body(PARCEL)], ids=["bare", "parcel"]
    )
    def test_no_order(self, topic, content):
        """
        An order topic whose body is no order is refused.
        """
        assert "shape" == reason(content, topic=topic)

    def test_no_parcel(self):
        """
        An order sent under a parcel's topic is refused.
        """
        assert "shape" == reason(
            samples.body(PAID), topic="fulfillments/create"
        )

    def test_events_form(self):
        """
        The body of Shopify Events is refused.
        """
        content = {"topic": "Order", "action": "update", "handle": "x"}

        assert "events_form" == reason(content)


class TestBadBodies:
    @pytest.mark.parametrize(
        ("code", "raw"),
        [
            ("empty", b""),
            ("empty", b" \n"),
            ("encoding", b'{"id": "\xff"}'),
            ("encoding", b"\xef\xbb\xbf{}"),
            ("encoding", '{"id": 1}'.encode("utf-16-le")),
            ("json", b"<html>"),
            ("json", b'{"id": 1} x'),
            ("json", b"{'id': 1}"),
            ("json", b'{"id": "\\ud800"}'),
            ("shape", b"[]"),
            ("shape", b"null"),
            ("number", b'{"id": NaN}'),
            ("number", b'{"id": ' + b"9" * 5000 + b"}"),
            ("depth", b"[" * 100_000),
            ("no_order_id", b"{}"),
            ("no_order_id", b'{"id": null}'),
            ("no_order_id", b'{"id": ""}'),
            ("no_order_id", b'{"id": 0}'),
            ("number", b'{"id": true}'),
            ("number", b'{"id": 1.0}'),
            ("number", b'{"id": -1}'),
            ("number", b'{"id": 9223372036854775808}'),
            ("number", b'{"id": "abc"}'),
        ],
    )
    def test_code(self, code, raw):
        """
        A body that can not be understood says why, in a code.
        """
        assert code == reason(raw)

    @pytest.mark.parametrize(
        "amount", ["10,10", "1e2", "1234567890123456789", 1e400, True, [1]]
    )
    def test_money(self, amount):
        """
        Money that is no plain decimal is refused.
        """
        content = json.dumps(samples.body(PAID, current_total_price=amount))

        assert "number" == reason(
            content.replace("Infinity", "1e400").encode()
        )

    @pytest.mark.parametrize("updated_at", [None, "yesterday", 5, ...])
    def test_time(self, updated_at):
        """
        An order that does not say when it changed is refused.
        """
        assert "time" == reason(samples.body(PAID, updated_at=updated_at))

    @pytest.mark.parametrize("quantity", [None, 1.5, -1, "2", True, 10**9])
    def test_quantity(self, quantity):
        """
        A quantity that is no count is refused.
        """
        content = samples.body(PAID, line_items=[line(quantity=quantity)])

        assert "quantity" == reason(content)

    def test_too_many_lines(self):
        """
        A list longer than any order's is refused.
        """
        content = samples.body(PAID, line_items=[{}] * 2001)

        assert "too_big" == reason(content)

    @settings(deadline=None)
    @given(st.binary(), st.sampled_from(TOPICS))
    def test_any_bytes(self, raw, topic):
        """
        Of any bytes read makes a reading or an Unusable.
        """
        with suppress(Unusable):
            SHOPIFY.read(samples.event(raw, topic=topic), MX)

    @settings(deadline=None)
    @given(st.data(), st.sampled_from(TOPICS))
    def test_any_json(self, data, topic):
        """
        Whatever stands in a known field, read makes no other error.
        """
        known = samples.body(data.draw(st.sampled_from([PAID, PARCEL])))
        names = st.sampled_from(sorted(known))
        changes = data.draw(st.dictionaries(names, VALUES | st.just(...)))
        content = json.dumps(
            {
                key: value
                for key, value in {**known, **changes}.items()
                if value is not ...
            }
        )
        with suppress(Unusable):
            SHOPIFY.read(samples.event(content.encode(), topic=topic), MX)

    @settings(deadline=None)
    @given(st.data())
    def test_any_line_or_address(self, data):
        """
        The same holds for what is inside.
        """
        content = samples.body(SHIPPED)
        part = data.draw(
            st.sampled_from(
                [
                    content["line_items"][0],
                    content["fulfillments"][0],
                    content["shipping_address"],
                    content["customer"],
                ]
            )
        )
        part.update(
            data.draw(st.dictionaries(st.sampled_from(sorted(part)), VALUES))
        )
        with suppress(Unusable):
            told(json.dumps(content).encode())


class TestOrder:
    def test_paid(self):
        """
        The paid sample tells who, what and how much.
        """
        order = told(samples.body(PAID), topic="orders/paid")

        assert "6301458923713" == order.id
        assert "#1042" == order.name
        assert "gid://shopify/Order/6301458923713" == order.gid
        assert (
            "https://cafe-jacaranda-mx.myshopify.com/admin/orders/"
            "6301458923713"
        ) == order.url
        assert Payment.PAID is order.payment
        assert Instant(1_795_219_473_000) == order.version
        assert order.version == order.paid_since
        assert (
            "1177.05",
            "1048.05",
            "129.00",
            "116.45",
            "162.35",
            "0.00",
        ) == (
            order.total,
            order.subtotal,
            order.shipping,
            order.discount,
            order.tax,
            order.outstanding,
        )
        assert ("frecuente", "factura") == order.tags
        assert "NUAJ800101AB1" == order.customer.document
        assert "NUAJ800101AB1" == order.attributes["RFC"]
        assert order.note is not None
        assert "\nEntre Córdoba" in order.note

    def test_separated_address(self):
        """
        The word joiner splits the address and is then gone.
        """
        ship_to = told(samples.body(PAID)).ship_to

        assert ("Av. Álvaro Obregón", "151", "4B", "Roma Norte") == (
            ship_to.street,
            ship_to.exterior_number,
            ship_to.interior_number,
            ship_to.neighbourhood,
        )
        assert "Av. Álvaro Obregón 151" == ship_to.address1
        assert ("CMX", "MX", "06700") == (
            ship_to.state,
            ship_to.country,
            ship_to.postal_code,
        )

    def test_lines(self):
        """
        A line's total is after its discounts; its properties are named.
        """
        lines = told(samples.body(PAID)).lines

        assert ["520.20", "314.55", "213.30"] == [item.total for item in lines]
        assert ["CAF-CHIS-500", "TAZ-BN-01", None] == [
            item.sku for item in lines
        ]
        assert "c0ffee-1" == lines[1].properties["_upload_id"]

    def test_paid_is_told_by_its_topic_only(self):
        """
        A body that shows an order paid does not say since when.
        """
        assert told(samples.body(PAID)).paid_since is None

    def test_paid_topic_with_an_unpaid_body(self):
        """
        The topic, which is not signed, does not make an order paid.
        """
        content = samples.body(PAID, financial_status="pending")
        order = told(content, topic="orders/paid")

        assert Payment.NONE is order.payment
        assert order.paid_since is None

    @pytest.mark.parametrize(
        ("status", "payment"),
        [
            ("pending", Payment.NONE),
            ("voided", Payment.NONE),
            ("expired", Payment.NONE),
            (None, Payment.NONE),
            ("authorized", Payment.AUTHORIZED),
            ("partially_paid", Payment.PARTIAL),
            ("paid", Payment.PAID),
            ("partially_refunded", Payment.PAID),
            ("refunded", Payment.REFUNDED),
        ],
    )
    def test_payment(self, status, payment):
        """
        A partial refund is still paid; an authorization is not yet.
        """
        content = samples.body(PAID, financial_status=status)

        assert payment is told(content).payment

    @pytest.mark.parametrize(
        ("status", "outstanding"),
        [
            ("paid", "0.00"),
            ("pending", "1177.05"),
            ("partially_paid", None),
        ],
    )
    def test_outstanding_untold(self, status, outstanding):
        """
        What is outstanding follows from the payment, or is not known.
        """
        content = samples.body(
            PAID, financial_status=status, total_outstanding=...
        )

        assert outstanding == told(content).outstanding

    def test_cash_on_delivery(self):
        """
        The store's name for a gateway makes it cash on delivery.
        """
        order = told(samples.body(ON_DELIVERY), store=CO)

        assert order.cash_on_delivery
        assert Payment.NONE is order.payment
        assert "1488300.00" == order.outstanding
        assert "CO-20377" == order.name
        assert "1020304050" == order.customer.document
        assert order.ship_to.phone is None
        assert ("Cra. 7 # 72-41", None, "Apto 502 Torre 3", "Chapinero") == (
            order.ship_to.street,
            order.ship_to.exterior_number,
            order.ship_to.interior_number,
            order.ship_to.neighbourhood,
        )
        assert "DC" == order.ship_to.state

    def test_cash_on_delivery_elsewhere(self):
        """
        Another store's gateway of that name means nothing.
        """
        assert not told(samples.body(ON_DELIVERY), store=MX).cash_on_delivery

    def test_cancelled(self):
        """
        A cancelled order keeps its lines, with nothing left of them.
        """
        order = told(samples.body(CANCELLED), store=CO)

        assert order.cancelled
        assert Instant(1_794_834_311_000) == order.cancelled_at
        assert "customer" == order.cancel_reason
        assert Payment.REFUNDED is order.payment
        assert [(0, 0, "0.00")] * 2 == [
            (item.quantity, item.to_ship, item.total) for item in order.lines
        ]
        assert "0.00" == order.total

    def test_parcels(self):
        """
        Each fulfilment is one parcel, with all of its numbers.
        """
        order = told(samples.body(SHIPPED))
        first, second = order.parcels

        assert order.all_shipped
        assert not order.all_delivered
        assert 6 == order.shipped_units
        assert "8015551234567890123456" == first.tracking_number
        assert "2026-11-22T16:15:00Z" == first.shipped_at
        assert "5501234567, 5501234568" == second.tracking_number
        assert "DHL Express" == second.carrier
        assert second.tracking_url is not None
        assert second.tracking_url.endswith("=5501234567")
        assert [1, 3] == [part.quantity for part in second.lines]

    def test_delivered(self):
        """
        An order is delivered when every parcel that counts is.
        """
        content = samples.body(SHIPPED)
        for fulfilment in content["fulfillments"]:
            fulfilment["shipment_status"] = "delivered"
        content["fulfillments"].append(
            {**content["fulfillments"][0], "id": 5, "status": "cancelled"}
        )
        content["fulfillments"][-1]["shipment_status"] = None
        order = told(content)

        assert order.all_delivered
        assert [False, False, True] == [one.gone for one in order.parcels]

    def test_shipped_in_part(self):
        """
        With something left to send it is not all shipped.
        """
        content = samples.body(SHIPPED, fulfillment_status="partial")
        content["line_items"][0]["fulfillable_quantity"] = 1

        assert not told(content).all_shipped

    def test_rest_was_refunded(self):
        """
        With nothing left to send and a parcel on its way, it is.
        """
        content = samples.body(SHIPPED, fulfillment_status="partial")

        assert told(content).all_shipped

    def test_parcel_told(self):
        """
        A fulfilment's own body tells its order and parcel.
        """
        read = SHOPIFY.read(
            samples.event(samples.body(PARCEL), topic="fulfillments/create"),
            MX,
        )

        assert isinstance(read, ParcelTold)
        assert "6302569034824" == read.order_id
        assert "confirmed" == read.parcel.status
        assert 1 == read.parcel.lines[0].quantity
        assert Instant(1_795_015_323_000) == read.parcel.updated_at

    @pytest.mark.parametrize(
        "unsent", [{"gift_card": True}, {"requires_shipping": False}]
    )
    def test_digital_parcel(self, unsent):
        """
        A fulfilment of downloads or gift cards is no parcel.
        """
        content = samples.body(PARCEL, line_items=[line(**unsent)])
        read = SHOPIFY.read(
            samples.event(content, topic="fulfillments/create"), MX
        )

        assert (
            Ignored(reason="nothing_shipped", order_id="6302569034824") == read
        )


class TestLines:
    @pytest.mark.parametrize("sku", [None, "", " \u200b", ...])
    def test_no_sku(self, sku):
        """
        A missing, null, empty or invisible SKU is None.
        """
        assert one_line(sku=sku).sku is None

    @pytest.mark.parametrize(
        "changes",
        [
            {"gift_card": True},
            {"requires_shipping": False},
            {"sku": "gift-500"},
        ],
    )
    def test_not_shipped(self, changes):
        """
        Gift cards, downloads and the store's exceptions are not sent.
        """
        unsent = one_line(**changes)

        assert (False, 0) == (unsent.ships, unsent.to_ship)

    def test_edited(self):
        """
        The current quantity counts, and pieces taken off had their share.
        """
        edited = one_line(current_quantity=1, fulfillable_quantity=1)

        assert (1, 1, "260.10") == (
            edited.quantity,
            edited.to_ship,
            edited.total,
        )

    def test_older_api_version(self):
        """
        Without current and fulfillable quantities the placed one counts.
        """
        older = one_line(current_quantity=..., fulfillable_quantity=...)

        assert (2, 2) == (older.quantity, older.to_ship)

    def test_left_to_ship_untold(self):
        """
        What is left is then what the parcels do not have.
        """
        content = samples.body(SHIPPED, fulfillment_status=None)
        for item in content["line_items"]:
            del item["fulfillable_quantity"]
        del content["fulfillments"][1]

        assert [0, 1, 3] == [item.to_ship for item in told(content).lines]

    @pytest.mark.parametrize(
        ("price", "kept"), [(10, "10"), (10.5, "10.5"), ("10.10", "10.10")]
    )
    def test_number_as_price(self, price, kept):
        """
        An amount written as a JSON number is taken as it stands.
        """
        assert kept == one_line(price=price).price


class TestMissing:
    def test_no_personal_data(self):
        """
        Without the right to personal data the keys are not there at all.
        """
        order = told(
            samples.body(
                PAID,
                email=...,
                contact_email=...,
                phone=...,
                note=...,
                note_attributes=...,
                customer=...,
                billing_address=...,
                shipping_address={
                    "country": "Mexico",
                    "country_code": "MX",
                    "province": "Jalisco",
                    "province_code": "JAL",
                },
            )
        )

        assert "JAL" == order.ship_to.state
        assert order.ship_to.street is None
        assert order.ship_to.phone is None
        assert order.customer.email is None
        assert order.bill_to.country is None

    def test_nothing_but_the_needed(self):
        """
        Id, times and lines are all that an order must have.
        """
        order = told(
            {
                "id": 5,
                "created_at": "2026-11-20T18:04:27-06:00",
                "updated_at": "2026-11-20T18:04:27-06:00",
                "line_items": [],
            }
        )

        assert ("5", None, None) == (order.name, order.total, order.currency)

    @pytest.mark.parametrize(
        ("shipping", "order", "billing", "expected"),
        [
            ("55 5501 0123", "+525555010199", None, "55 5501 0123"),
            (None, "+525555010199", "55 5501 0123", "+525555010199"),
            ("no tengo", None, "55 5501 0123", "55 5501 0123"),
            ("no tengo", None, None, "no tengo"),
        ],
    )
    def test_phone(self, shipping, order, billing, expected):
        """
        The receiver's own phone comes first, unless it can not be called.
        """
        content = samples.body(PAID, phone=order, customer=None)
        content["shipping_address"]["phone"] = shipping
        content["billing_address"]["phone"] = billing

        assert expected == told(content).ship_to.phone

    def test_asked_phone(self):
        """
        A phone that the shop asked for in its own field is the last resort.
        """
        content = samples.body(
            ON_DELIVERY,
            note_attributes=[{"name": "Teléfono", "value": "310 555 0188"}],
        )

        assert "310 555 0188" == told(content, store=CO).ship_to.phone

    def test_customer_null(self):
        """
        Without a customer the billing address says who bought.
        """
        order = told(samples.body(PAID, customer=None))

        assert "José María Núñez Ávila" == order.customer.name


class TestTexts:
    def test_invisible_marks(self):
        """
        Invisible marks, controls and decomposed accents do not get through.
        """
        content = samples.body(PAID)
        content["shipping_address"]["city"] = "Me\u0301rida\u200b\u202e\0 "
        order = told(content)

        assert "Mérida" == order.ship_to.city

    @pytest.mark.parametrize(
        ("code", "state"), [("DF", "CMX"), ("Q ROO", "ROO"), ("CHIH", "CHH")]
    )
    def test_state(self, code, state):
        """
        Shopify's own codes become ISO's.
        """
        content = samples.body(PAID)
        content["shipping_address"]["province_code"] = code

        assert state == told(content).ship_to.state

    @pytest.mark.parametrize(
        ("changes", "state", "doubts"),
        [
            ({}, "CMX", ()),
            ({"province_code": None, "province": None}, "CMX", ()),
            ({"province_code": "JAL"}, "JAL", ("postal_code_elsewhere",)),
            (
                {"province_code": "NRN", "province": "Narnia"},
                "CMX",
                ("state_unknown",),
            ),
            ({"zip": "0670"}, "CMX", ("postal_code_malformed",)),
            ({"zip": None}, "CMX", ("no_postal_code",)),
            ({"city": None}, "CMX", ("no_city",)),
        ],
    )
    def test_place(self, changes, state, doubts):
        """
        State, city and postal code are checked against each other.
        """
        content = samples.body(PAID)
        content["shipping_address"] |= changes
        ship_to = told(content).ship_to

        assert (state, doubts) == (ship_to.state, ship_to.doubts)
        assert (not doubts) == ship_to.place_certainty.reaches(
            Certainty.LIKELY
        )
        assert Certainty.SURE is ship_to.certainty

    def test_state_elsewhere(self):
        """
        Other countries' states are not known.
        """
        content = samples.body(PAID)
        content["shipping_address"] |= {
            "country_code": "US",
            "province_code": "CA",
        }
        ship_to = told(content).ship_to

        assert ship_to.state is None
        assert Certainty.NONE is ship_to.certainty


def test_register():
    """
    The platform is to be had by its name.
    """
    assert isinstance(PLATFORMS["shopify"], Shopify)


def test_other_shop_does_not_shadow_the_right_one() -> None:
    """
    A webhook that came to the wrong store is another event than the same
    one at the right store.
    """
    headers = {
        "x-shopify-topic": "orders/paid",
        "x-shopify-webhook-id": "w1",
        "x-shopify-shop-domain": MX.identity,
    }
    elsewhere = replace(MX, name="other", identity="another.myshopify.com")

    right = SHOPIFY.label(headers, MX, "00")
    wrong = SHOPIFY.label(headers, elsewhere, "00")

    assert wrong.other_shop == MX.identity
    assert right.dedupe_key != wrong.dedupe_key
