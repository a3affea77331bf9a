import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import Unusable
from bridge.model import Certainty, Instant
from bridge.orders.order import Payment
from bridge.sources.platform import Deleted, Ignored, Store, Told
from bridge.sources.register import PLATFORMS
from bridge.sources.signing import signature
from bridge.sources.woocommerce import WooCommerce
from tests.sources import samples
from tests.sources.test_shopify import VALUES

WOO = WooCommerce()
MX = Store(
    name="artesanias-mx",
    platform="woocommerce",
    identity="https://tienda.artesanias-ejemplo.mx",
    country="MX",
    secrets=("old", "new"),
    not_shipped=("GIFT-*", "CURSO-*"),
)
CO = Store(
    name="calzado-co",
    platform="woocommerce",
    identity="https://ejemplo-calzado.com.co",
    country="CO",
    secrets=("secret",),
)
PAID = "woo-mx-order-updated-processing-paid"
COMPLETED = "woo-mx-order-updated-completed-tracking-partial-refund"
ON_DELIVERY = "woo-co-order-created-processing-cod-no-phone"
FORM = {"content-type": "application/x-www-form-urlencoded"}
TOPICS = ["order.created", "order.updated", "order.deleted", "order.restored"]


def told(content, *, topic="order.updated", store=MX):
    return samples.snapshot(WOO, content, topic=topic, store=store)


def reason(content, *, topic="order.updated"):
    with pytest.raises(Unusable) as caught:
        WOO.read(samples.event(content, topic=topic), MX)
    return caught.value.reason


def meta(**values):
    return [{"id": 1, "key": key, "value": values[key]} for key in values]


def one_line(**changes):
    content = samples.body(PAID)
    content["line_items"] = [{**content["line_items"][0], **changes}]
    return told(content).lines[0]


class TestSignature:
    def test_genuine(self):
        """
        What sign makes, verify takes, and its label names this store.
        """
        headers = WOO.sign(
            b"{}", "a&amp;b", topic="order.updated", store=MX, webhook_id="3"
        )
        lower = {name.lower(): value for name, value in headers.items()}
        label = WOO.label(lower, MX, "sha")

        assert WOO.verify(lower, b"{}", ["a&amp;b"])
        assert ("order.updated", None) == (label.topic, label.other_shop)

    @pytest.mark.parametrize("secret", ["a&b<c>'\"", "a&amp;b", "new"])
    def test_entities_and_rotation(self, secret):
        """
        A secret signs as it was typed or with its entities decoded.
        """
        typed = secret.replace("&", "&amp;").replace("<", "&lt;")
        headers = {
            "x-wc-webhook-signature": signature(b"body", secret).decode()
        }

        assert WOO.verify(headers, b"body", ["old", secret])
        assert WOO.verify(headers, b"body", ["old", typed])
        assert 1 == WOO.signed_by(headers, b"body", ["old", typed, "x"])
        assert WOO.signed_by(headers, b"body", ["old"]) is None

    @settings(deadline=None)
    @given(st.text(), st.binary(), st.lists(st.text()))
    def test_never_raises(self, claimed, body, secrets):
        """
        Whatever the header holds, verify answers yes or no.
        """
        headers = {"x-wc-webhook-signature": claimed}

        assert WOO.verify(headers, body, secrets) in {True, False}

    def test_empty_secret(self):
        """
        An empty secret signs nothing.
        """
        headers = {"x-wc-webhook-signature": signature(b"body", "").decode()}

        assert not WOO.verify(headers, b"body", [""])


class TestPing:
    def test_ping(self):
        """
        The unsigned form that names a webhook is its greeting.
        """
        assert WOO.is_ping(FORM, b"webhook_id=12")

    @pytest.mark.parametrize(
        ("headers", "body"),
        [
            ({}, b"webhook_id=12"),
            (FORM, b"webhook_id=12&x=1"),
            (FORM, b"webhook_id="),
            (FORM, b"webhook_id=\xd9\xa1"),
            (FORM, b""),
            ({**FORM, "x-wc-webhook-signature": "x"}, b"webhook_id=12"),
            ({**FORM, "x-wc-webhook-id": "12"}, b"webhook_id=12"),
        ],
    )
    def test_no_ping(self, headers, body):
        """
        Anything else is not.
        """
        assert not WOO.is_ping(headers, body)


class TestLabel:
    def test_key(self):
        """
        The body's hash is in the key: delivery ids collide in a second.
        """
        label = WOO.label(samples.headers(PAID), MX, "sha")

        assert "woocommerce:artesanias-mx:12:order.updated:sha" == (
            label.dedupe_key
        )
        assert "x-wc-webhook-delivery-id" in label.headers

    @pytest.mark.parametrize(
        "source",
        [
            "https://tienda.artesanias-ejemplo.mx/",
            "http://TIENDA.artesanias-ejemplo.mx",
            "https://www.tienda.artesanias-ejemplo.mx/",
        ],
    )
    def test_same_site(self, source):
        """
        Scheme, slash, case and www make no other site.
        """
        headers = {"x-wc-webhook-source": source}

        assert WOO.label(headers, MX, "sha").other_shop is None

    def test_other_site(self):
        """
        Another site is named.
        """
        headers = samples.headers(ON_DELIVERY)

        assert "https://www.ejemplo-calzado.com.co/" == (
            WOO.label(headers, MX, "sha").other_shop
        )
        assert WOO.label(headers, CO, "sha").other_shop is None

    def test_another_site_does_not_shadow_the_right_one(self):
        """
        Once `site` is mended, the same webhook sent again is taken.
        """
        headers = samples.headers(ON_DELIVERY)
        wrong = replace(CO, identity="https://ejemplo-calzado.mx")

        refused = WOO.label(headers, wrong, "sha").dedupe_key

        assert refused != WOO.label(headers, CO, "sha").dedupe_key
        assert refused == WOO.label(headers, wrong, "sha").dedupe_key

    def test_bare(self):
        """
        Without headers there is still a key.
        """
        label = WOO.label({}, MX, "sha")

        assert "woocommerce:artesanias-mx:unknown:unknown:sha" == (
            label.dedupe_key
        )


class TestTopics:
    def test_other_topic(self):
        """
        A topic without a use is ignored.
        """
        event = samples.event(b"", topic="action.wc_anything")

        assert Ignored(reason="topic") == WOO.read(event, MX)

    def test_deleted(self):
        """
        A deletion has nothing but an id.
        """
        content = samples.body("woo-order-deleted")
        event = samples.event(content, topic="order.deleted")

        assert Deleted(order_id="51877") == WOO.read(event, MX)

    def test_restored(self):
        """
        A restored order says so.
        """
        event = samples.event(samples.body(PAID), topic="order.restored")
        read = WOO.read(event, MX)

        assert isinstance(read, Told)
        assert read.restored

    @pytest.mark.parametrize(
        ("name", "word"),
        [
            ("woo-error-body-cannot-view", "user"),
            ("woo-error-body-invalid-id", "not find"),
        ],
    )
    def test_signed_errors(self, name, word):
        """
        An error sent as an order says what to do, in our own words.
        """
        content = samples.body(name)
        found = reason(content)

        assert "woocommerce_error" == found.code
        assert word in found.text
        assert content["message"] not in found.text

    @pytest.mark.parametrize("data", [None, {"status": [401]}, "401"])
    def test_odd_errors(self, data):
        """
        An error without a number is one all the same.
        """
        found = reason({"code": "x", "message": "y", "data": data})

        assert "woocommerce_error" == found.code

    @pytest.mark.parametrize(
        ("code", "content", "topic"),
        [
            ("shape", {"id": 5}, "order.updated"),
            ("topic_mismatch", samples.body(PAID), "order.deleted"),
            ("no_order_id", {"line_items": []}, "order.updated"),
            ("number", {"id": 1.0, "line_items": []}, "order.updated"),
            (
                "time",
                samples.body(PAID, date_created_gmt=...),
                "order.created",
            ),
            ("number", samples.body(PAID, total="1,499.99"), "order.created"),
        ],
    )
    def test_refused(self, code, content, topic):
        """
        What is no order, or not what its topic says, is refused.
        """
        assert code == reason(content, topic=topic).code

    @settings(deadline=None)
    @given(st.binary(), st.sampled_from(TOPICS))
    def test_any_bytes(self, raw, topic):
        """
        Of any bytes read makes a reading or an Unusable.
        """
        with suppress(Unusable):
            WOO.read(samples.event(raw, topic=topic), MX)

    @settings(deadline=None)
    @given(st.data(), st.sampled_from(TOPICS))
    def test_any_json(self, data, topic):
        """
        Whatever stands in a known field, read makes no other error.
        """
        content = samples.body(COMPLETED)
        tracking = next(
            entry
            for entry in content["meta_data"]
            if entry["key"] == "_wc_shipment_tracking_items"
        )
        parts = [
            content,
            content["billing"],
            content["shipping"],
            content["line_items"][0],
            tracking,
            tracking["value"][0],
        ]
        part = data.draw(st.sampled_from(parts))
        names = st.sampled_from(sorted(part))
        part.update(data.draw(st.dictionaries(names, VALUES)))
        raw = json.dumps(content).encode()
        with suppress(Unusable):
            WOO.read(samples.event(raw, topic=topic), MX)


class TestOrder:
    def test_paid(self):
        """
        The paid sample tells who, what and how much, in UTC.
        """
        order = told(samples.body(PAID))

        assert ("51877", "51877", None) == (order.id, order.name, order.gid)
        assert (
            "https://tienda.artesanias-ejemplo.mx/wp-admin/post.php"
            "?post=51877&action=edit"
        ) == order.url
        assert Instant(1_795_201_541_000) == order.created_at
        assert Instant(1_795_201_562_000) == order.version
        assert Instant(1_795_201_558_000) == order.paid_since
        assert Payment.PAID is order.payment
        assert (
            "1499.99",
            "1163.79",
            "112.07",
            "129.31",
            "206.89",
            "0.00",
        ) == (
            order.total,
            order.subtotal,
            order.shipping,
            order.discount,
            order.tax,
            order.outstanding,
        )
        assert ("stripe",) == order.payment_methods
        assert "GUIM850505XX1" == order.customer.document
        assert not order.test

    def test_lines(self):
        """
        A price is made of the line's total, never of the float.
        """
        shawl, candle = told(samples.body(PAID)).lines

        assert ("931.03", "Índigo") == (shawl.price, shawl.variant)
        assert ("77.59", "232.76", 3, 3) == (
            candle.price,
            candle.total,
            candle.quantity,
            candle.to_ship,
        )
        assert candle.sku is None

    def test_addresses(self):
        """
        What the checkout asked of one address is not taken for the other.
        """
        order = told(samples.body(PAID))

        assert ("Calle Hidalgo Ote.", "401", "7", "Centro", "NLE") == (
            order.ship_to.street,
            order.ship_to.exterior_number,
            order.ship_to.interior_number,
            order.ship_to.neighbourhood,
            order.ship_to.state,
        )
        assert "Tecnológico" == order.bill_to.neighbourhood
        assert "+52 81 1555 0200" == order.ship_to.phone

    def test_cash_on_delivery(self):
        """
        Cash on delivery is not paid, though it is processing.
        """
        order = told(samples.body(ON_DELIVERY), store=CO)

        assert order.cash_on_delivery
        assert Payment.NONE is order.payment
        assert not order.on_hold
        assert ("247700", "247700", "189900") == (
            order.total,
            order.outstanding,
            order.lines[0].price,
        )
        assert "1020304050" == order.customer.document
        assert order.ship_to.phone is None
        assert ("DC", "CO", None) == (
            order.ship_to.state,
            order.ship_to.country,
            order.ship_to.postal_code,
        )

    def test_same_place(self):
        """
        Fields of the billing address hold for the same place.
        """
        order = told(samples.body(ON_DELIVERY), store=CO)

        assert "Chicó Norte" == order.ship_to.neighbourhood

    def test_cash_on_delivery_collected(self):
        """
        A date of payment makes it paid.
        """
        content = samples.body(
            ON_DELIVERY,
            status="completed",
            date_paid_gmt="2026-11-22T02:14:11",
        )
        order = told(content, store=CO)

        assert Payment.PAID is order.payment
        assert "0" == order.outstanding

    def test_cash_on_delivery_by_another_name(self):
        """
        The store can name further methods.
        """
        content = samples.body(PAID, date_paid_gmt=None)
        store = replace(MX, cash_on_delivery=("Stripe",))

        assert Payment.PAID is told(content).payment
        assert Payment.NONE is told(content, store=store).payment

    def test_completed(self):
        """
        A completed order with a partial refund keeps all it had.
        """
        order = told(samples.body(COMPLETED))

        assert ("51902", "PED-2026-000731") == (order.id, order.name)
        assert Payment.PAID is order.payment
        assert (True, False) == (order.all_shipped, order.all_delivered)
        assert "4014.79" == order.total
        assert [(2, 0, True), (1, 0, False), (1, 0, False), (4, 0, True)] == [
            (line.quantity, line.to_ship, line.ships) for line in order.lines
        ]
        assert order.lines[1].gift_card
        assert ("25.00", None) == (order.lines[3].price, order.lines[3].sku)

    def test_marked_number(self):
        """
        A number marked as one, and a colonia asked for, are sure.
        """
        ship_to = told(samples.body(COMPLETED)).ship_to

        assert ("C. 60", "491", "Local 3", "Centro", "YUC") == (
            ship_to.street,
            ship_to.exterior_number,
            ship_to.interior_number,
            ship_to.neighbourhood,
            ship_to.state,
        )
        assert "+52 999 555 0111" == ship_to.phone

    @pytest.mark.parametrize(
        ("status", "held", "cancelled", "failed", "payment"),
        [
            ("pending", True, False, False, Payment.NONE),
            ("on-hold", True, False, False, Payment.NONE),
            ("checkout-draft", True, False, False, Payment.NONE),
            ("processing", False, False, False, Payment.PAID),
            ("wc-processing", False, False, False, Payment.PAID),
            ("completed", False, False, False, Payment.PAID),
            ("cancelled", False, True, False, Payment.NONE),
            ("trash", False, True, False, Payment.NONE),
            ("refunded", False, False, False, Payment.REFUNDED),
            ("failed", False, False, True, Payment.NONE),
            ("enviado", False, False, False, Payment.PAID),
            ("por-confirmar", True, False, False, Payment.NONE),
        ],
    )
    def test_status(self, status, held, cancelled, failed, payment):
        """
        Each status says what is to be done; an unexplained one waits.
        """
        content = samples.body(PAID, status=status, date_paid_gmt=None)
        store = replace(MX, statuses={"enviado": "completed"})
        order = told(content, store=store)

        assert (held, cancelled, failed, payment) == (
            order.on_hold,
            order.cancelled,
            order.failed,
            order.payment,
        )

    def test_unexplained_but_paid(self):
        """
        A custom status does not hold back what is paid.
        """
        order = told(samples.body(PAID, status="preparando"))

        assert (False, Payment.PAID) == (order.on_hold, order.payment)

    def test_delivered(self):
        """
        A custom status can mean that all arrived.
        """
        store = replace(MX, statuses={"wc-entregado": "delivered"})
        order = told(samples.body(COMPLETED, status="entregado"), store=store)

        assert (True, True) == (order.all_shipped, order.all_delivered)
        assert {"delivered"} == {one.status for one in order.parcels}

    def test_digital(self):
        """
        An order without a shipping block ships nothing and bills home.
        """
        content = samples.body(COMPLETED)
        content["shipping"] = dict.fromkeys(content["shipping"], "")
        content["shipping"]["country"] = "MX"
        order = told(content)

        assert not any(line.ships for line in order.lines)
        assert not order.all_shipped
        assert "C. 60" == order.ship_to.street

    def test_never_modified(self):
        """
        Without a time of change, that of creation is the version.
        """
        order = told(samples.body(PAID, date_modified_gmt=None))

        assert order.created_at == order.version

    def test_nothing_but_the_needed(self):
        """
        Id, time of creation and lines are all that an order must have.
        """
        order = told(
            {
                "id": 5,
                "date_created_gmt": "2026-11-20T19:05:41",
                "line_items": [],
            }
        )

        assert ("5", None, None, True) == (
            order.name,
            order.total,
            order.subtotal,
            order.on_hold,
        )


class TestLines:
    @pytest.mark.parametrize(
        ("sku", "kept"), [(None, None), ("", None), (12345, "12345")]
    )
    def test_sku(self, sku, kept):
        """
        A SKU is a text, or None.
        """
        assert kept == one_line(sku=sku).sku

    @pytest.mark.parametrize("quantity", [1.5, "1", None, -1])
    def test_odd_quantity(self, quantity):
        """
        Half a piece in a parcel is refused.
        """
        content = samples.body(PAID)
        content["line_items"][0]["quantity"] = quantity

        assert "quantity" == reason(content).code

    def test_whole_float(self):
        """
        A whole number is one however it is written.
        """
        assert 2 == one_line(quantity=2.0).quantity

    def test_fraction_of_the_unsent(self):
        """
        Hours of a course may be fractions, and are rounded up.
        """
        line = one_line(quantity=1.5, sku="CURSO-URD")

        assert (2, False) == (line.quantity, line.ships)

    def test_no_pieces(self):
        """
        Of no pieces there is no price.
        """
        assert one_line(quantity=0).price is None


class TestParcels:
    def test_plugin_list(self):
        """
        Each item of the tracking plugin is a parcel, by its id.
        """
        first, second = told(samples.body(COMPLETED)).parcels

        assert "9b2f3c4d5e6f708192a3b4c5d6e7f809" == first.id
        assert ("estafeta", None) == (first.carrier, first.tracking_url)
        assert [("4101", "HAM-MAT", 1)] == [
            (line.id, line.sku, line.quantity) for line in first.lines
        ]
        assert "2026-11-13T12:00:00Z" == first.shipped_at
        assert ("TG 0012345", "Paquetería Tres Guerras") == (
            second.tracking_number,
            second.carrier,
        )
        assert "https://rastreo.ejemplo.mx/?talon=TG%200012345" == (
            second.tracking_url
        )

    @pytest.mark.parametrize(
        "value",
        [
            '[{"tracking_number": "A1"}]',
            {"0": {"tracking_number": "A1"}},
            [None, {"tracking_number": ""}, {"tracking_number": "A1"}],
        ],
    )
    def test_other_forms(self, value):
        """
        PHP also writes a list as text or as an object; no id: the number.
        """
        content = samples.body(
            PAID, meta_data=meta(_wc_shipment_tracking_items=value)
        )

        assert ["A1"] == [parcel.id for parcel in told(content).parcels]

    @pytest.mark.parametrize("value", ["{", 5, None, [[]], "", True])
    def test_not_understood(self, value):
        """
        What is not understood is left out, and the order stays usable.
        """
        content = samples.body(
            PAID, meta_data=meta(_wc_shipment_tracking_items=value)
        )

        assert () == told(content).parcels

    @pytest.mark.parametrize(
        ("told_date", "kept"),
        [
            ("1794571200", "2026-11-13T12:00:00Z"),
            (1794571200, "2026-11-13T12:00:00Z"),
            ("2026-11-13", None),
            ("99999999999999999999", None),
            ("", None),
        ],
    )
    def test_old_plugin(self, told_date, kept):
        """
        Older plugins knew one parcel, in keys of its own.
        """
        content = samples.body(
            PAID,
            meta_data=meta(
                _tracking_number="A1",
                _tracking_provider="estafeta",
                _date_shipped=told_date,
            ),
        )
        (parcel,) = told(content).parcels

        assert ("A1", "estafeta", kept) == (
            parcel.id,
            parcel.carrier,
            parcel.shipped_at,
        )


class TestMeta:
    @pytest.mark.parametrize(
        ("values", "neighbourhood"),
        [
            ({"_shipping_colonia": "Roma"}, "Roma"),
            ({"shipping_barrio": "Roma"}, "Roma"),
            ({"colonia": "Roma", "_shipping_colonia": "Condesa"}, "Condesa"),
            ({"colonia": "Roma"}, "Roma"),
            ({"_billing_colonia": "Roma"}, "Centro"),
        ],
    )
    def test_neighbourhood(self, values, neighbourhood):
        """
        The shipping address' own field comes first, and beats the text.
        """
        content = samples.body(PAID, meta_data=meta(**values))

        assert neighbourhood == told(content).ship_to.neighbourhood

    def test_contradiction(self):
        """
        A number that the text contradicts is doubtful, and wins.
        """
        content = samples.body(
            PAID, meta_data=meta(_shipping_numero_exterior="402")
        )
        ship_to = told(content).ship_to

        assert ("Calle Hidalgo Ote.", "402") == (
            ship_to.street,
            ship_to.exterior_number,
        )
        assert Certainty.DOUBTFUL is ship_to.certainty
        assert ("fields_disagree",) == ship_to.doubts

    @pytest.mark.parametrize(
        ("key", "part", "value"),
        [
            ("_shipping_num_ext", "exterior_number", "401"),
            ("_shipping_numero_exterior", "exterior_number", "401"),
            ("_shipping_numero", "exterior_number", "401"),
            ("_shipping_number", "exterior_number", "401"),
            ("_wc_shipping/tienda/no-exterior", "exterior_number", "401"),
            ("_wc_other/tienda/colonia", "neighbourhood", "Roma"),
            ("_wc_shipping/tienda/barrio", "neighbourhood", "Roma"),
            ("_shipping_neighborhood", "neighbourhood", "Roma"),
            ("colonia_barrio", "neighbourhood", "Roma"),
            ("_shipping_num_int", "interior_number", "7"),
            ("shipping_interior", "interior_number", "7"),
        ],
    )
    def test_keys(self, key, part, value):
        """
        Plugins' keys are known, with and without marks and namespaces.
        """
        content = samples.body(PAID, meta_data=meta(**{key: value}))
        content["shipping"]["address_1"] = "Calle Hidalgo Ote. 401 Int. 7"
        content["shipping"]["address_2"] = ""
        ship_to = told(content).ship_to

        assert value == getattr(ship_to, part)
        assert not ship_to.doubts

    @pytest.mark.parametrize("key", ["numero", "calle", "interior", "a/b/c"])
    def test_vague_keys(self, key):
        """
        A key that may be anything is no part of the address.
        """
        content = samples.body(PAID, meta_data=meta(**{key: "9"}))

        assert not told(content).ship_to.doubts

    def test_certainty(self):
        """
        What the lines and the place are worth is told, with its doubts.
        """
        content = samples.body(PAID, meta_data=[])
        content["shipping"] |= {
            "address_1": "Juárez 12 3",
            "address_2": "",
            "state": "Narnia",
        }
        ship_to = told(content).ship_to

        assert Certainty.DOUBTFUL is ship_to.certainty
        assert Certainty.DOUBTFUL is ship_to.place_certainty
        assert ("unmarked", "state_unknown") == ship_to.doubts
        assert "NLE" == ship_to.state

    def test_sure(self):
        """
        Marks and a postal code of the state are sure.
        """
        ship_to = told(samples.body(PAID)).ship_to

        assert ship_to.certainty.reaches(Certainty.LIKELY)
        assert Certainty.SURE is ship_to.place_certainty
        assert () == ship_to.doubts

    def test_receiver_in_the_lines(self):
        """
        The receiver's name in a line is no colonia.
        """
        content = samples.body(PAID, meta_data=[])
        content["shipping"] |= {
            "first_name": "Ana",
            "last_name": "Gil",
            "address_1": "Juárez 12",
            "address_2": "Ana Gil",
        }

        assert told(content).ship_to.neighbourhood is None

    def test_values_stay_json(self):
        """
        Attributes are the meta data by key, with their values as they are.
        """
        attributes = told(samples.body(COMPLETED)).attributes

        assert "731" == attributes["_order_number"]
        assert {"currency_code": "MXN", "value": "4014.79"} == (
            attributes["_ppcp_paypal_fees"]["gross_amount"]
        )


def test_register():
    """
    The platform is to be had by its name.
    """
    assert isinstance(PLATFORMS["woocommerce"], WooCommerce)
