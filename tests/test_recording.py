"""`cases record`: a real order becomes a case, and nobody is in it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from tests.mapping import FOLDER
from tests.mapping.test_shipped import STORES
from tests.orders_of import SAMPLES, event_of, take
from tests.test_cli import PAID, Run, environ, loaded, run

__all__ = ["environ", "run"]

WHOLE = [
    ("shopify-mx-orders-paid-multiline", "cafe-mx"),
    ("shopify-mx-orders-fulfilled-two-shipments", "cafe-mx"),
    ("shopify-co-orders-create-cod-no-phone", "chocolate-co"),
    ("shopify-co-orders-cancelled-refunded", "chocolate-co"),
    ("shopify-mx-fulfillments-create", "cafe-mx"),
    ("woo-mx-order-updated-processing-paid", "artesanias-mx"),
    (
        "woo-mx-order-updated-completed-tracking-partial-refund",
        "artesanias-mx",
    ),
    ("woo-co-order-created-processing-cod-no-phone", "calzado-co"),
]
NAMELESS = {"woo-order-deleted"}
"""A body that tells of nobody."""
CANARY = "Zyxwilda"
SEEDS = {
    "first_name": CANARY,
    "last_name": "Qwervantes",
    "company": "Xubrique Talleres",
    "email": "zyxwilda.qwervantes@correo-propio.mx",
    "contact_email": "zyxwilda.qwervantes@correo-propio.mx",
    "address1": "Calle Vrondoka 7321 Int. 44",
    "address_1": "Calle Vrondoka 7321 Int. 44",
    "address2": "Col. Plimsonda, entre Trukala y Brezzno",
    "address_2": "Col. Plimsonda, entre Trukala y Brezzno",
    "note": f"Preguntar por {CANARY} en la Krumbosteria",
    "customer_note": f"Preguntar por {CANARY} en la Krumbosteria",
    "browser_ip": "187.190.38.77",
    "customer_ip_address": "187.190.38.77",
    "latitude": 19.37215,
    "longitude": -99.18423,
    "token": "7f3a9c0dfeedfacecafebabe01020304",
    "cart_token": "hWNqvortexaab8177",
    "checkout_token": "91fe7be1cafed00d1234feedfacebeef",
    "order_key": "wc_order_Vq8KruMb17x",
    "transaction_id": "ch_3PqZvortexLive9181",
    "cart_hash": "fa1afe1fa1afe1fa1afe1fa1afe1beef",
    "order_status_url": (
        "https://x.myshopify.com/1/orders/7f3a9c0dfeedfacecafebabe01020304"
        "/authenticate?key=deadc0dedeadc0de1771"
    ),
    "payment_url": (
        "https://tienda.artesanias-ejemplo.mx/order-pay/1/"
        "?pay_for_order=true&key=wc_order_Vq8KruMb17x"
    ),
    "landing_site": f"/products/x?email=quien%40krumbo.mx&n={CANARY}",
    "referring_site": f"https://{CANARY}.blog.mx/yo",
    "reason": f"{CANARY} ya no lo quiere",
    "user_agent": "Mozilla/5.0 (Zzplorer 7)",
    "credit_card_number": "•••• •••• •••• 9172",
    "tags": f"vip, amiga de {CANARY}",
    "discount_codes": [{"code": "GRACIAS-ZYXWILDA", "amount": "1.00"}],
}
PHONE = {"MX": "55 4187 6392", "CO": "318 742 6059"}
TOLD = [
    ("RFC", "QWZY810203KX7"),
    ("Cédula", "1098765432"),
    ("_billing_rfc", "QWZY810203KX7"),
    ("_billing_cedula", 1098765432),
    ("colonia", "Plimsonda"),
    ("Dedicatoria", f"Para {CANARY} de su Gruntaldo"),
    ("_raw_checkout", json.dumps(
        {"payer": {"email": "otra@krumbo.mx", "who": ["Gruntaldo Mexinga"]}}
    )),
    ("whatsapp", "+52 1 55 4187 6392"),
    ("_stripe_source", "src_1PqLiveKrumbo77"),
    ("_ip", "187.190.38.77"),
]  # fmt: skip
PROPERTY = f"Grabado: {CANARY} y Gruntaldo"
PERSONAL = (
    CANARY, "Qwervantes", "Xubrique", "correo-propio", "Vrondoka", "7321",
    "Plimsonda", "Trukala", "Brezzno", "Krumbos", "187.190.38.77", "19.37215",
    "99.18423", "7f3a9c0dfeed", "qvortexaab", "91fe7be1cafe", "Vq8KruMb17x",
    "vortexLive9181", "fa1afe1fa1afe", "deadc0de", "krumbo", "Zzplorer",
    "9172", "GRACIAS-", "QWZY810203KX7", "1098765432", "Gruntaldo", "Mexinga",
    "LiveKrumbo77", "41876392", "4187 6392", "3187426059", "742 6059",
)  # fmt: skip


@pytest.fixture
def journal(environ: dict[str, str]) -> Iterator[Journal]:
    """An empty journal, where the commands will look for it."""
    journal = open_journal(environ["BRIDGE_DATABASE"])
    journal.migrate()
    yield journal
    journal.close()


def seeded(value: Any, country: str) -> Any:
    """Return *value* with somebody in every field for somebody."""
    if isinstance(value, list):
        return [seeded(one, country) for one in value]
    if not isinstance(value, dict):
        return value
    made = {
        key: seeded(part, country)
        if isinstance(part, dict | list) and key not in SEEDS
        else SEEDS.get(key, part)
        for key, part in value.items()
    }
    if "first_name" in made and "name" in made:
        made["name"] = f"{CANARY} Qwervantes"
    if "phone" in made:
        made["phone"] = PHONE[country]
    if "line_items" in made and "currency" in made:
        made["note_attributes"] = [
            {"name": key, "value": told} for key, told in TOLD
        ]
        made["meta_data"] = [
            {"id": n, "key": key, "value": told}
            for n, (key, told) in enumerate(TOLD)
        ]
    if "sku" in made:
        made["properties"] = [{"name": "Grabado", "value": PROPERTY}]
        made["name"] = f"Taza de {CANARY} Qwervantes"
    return made


def order_id_of(sample: str) -> str:
    """Return the id of the order that a sample tells of."""
    body = json.loads(SAMPLES.sample(sample).body)
    return str(body.get("order_id") or body["id"])


def files_in(folder: Path) -> dict[Path, str]:
    """Return all texts below *folder*."""
    return {
        path: path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_every_sample_that_tells_of_an_order_is_tried() -> None:
    """
    A new sample is tried here, too, unless it names nobody.
    """
    errors = {name for name in SAMPLES.names() if "-error-" in name}

    assert {name for name, _store in WHOLE} == (
        set(SAMPLES.names()) - errors - NAMELESS
    )


@pytest.mark.parametrize(("sample", "store_name"), WHOLE)
def test_nothing_personal_is_written(
    sample: str, store_name: str, run: Run, journal: Journal,
    environ: dict[str, str],
) -> None:  # fmt: skip
    """
    What names or reaches a customer is in none of the files, in no form.
    """
    folder = Path(environ["BRIDGE_MAPPINGS"])
    store = STORES[store_name]
    take(
        journal,
        event_of(sample, store, lambda body: seeded(body, store.country)),
    )
    before = files_in(folder)

    result = run("cases", "record", f"{store_name}/{order_id_of(sample)}")

    assert 0 == result.exit_code, result.output
    written = {
        path: text
        for path, text in files_in(folder).items()
        if before.get(path) != text
    }
    assert any(path.parent.name == "samples" for path in written)
    for path, text in written.items():
        fresh = text.replace(before.get(path, "\0"), "")
        shown = fresh + json.dumps(fresh) + fresh.encode().decode("utf-8")
        for value in PERSONAL:
            assert not re.search(re.escape(value), shown, re.IGNORECASE), (
                path.name, value,
            )  # fmt: skip
    for value in PERSONAL:
        assert value.lower() not in result.stdout.lower(), value


@pytest.mark.parametrize(("sample", "store_name"), WHOLE)
def test_a_recorded_case_holds_and_reads_alike(
    sample: str, store_name: str, run: Run, journal: Journal
) -> None:
    """
    Addresses and phones keep their form, so that they are read as before.
    """
    take(journal, event_of(sample, STORES[store_name]))

    result = run("cases", "record", f"{store_name}/{order_id_of(sample)}")

    assert 0 == result.exit_code, result.output
    assert "addresses are read: as before" in result.stdout
    assert "the new cases hold" in result.stdout
    assert 0 == run("cases", "run").exit_code
    assert 0 == run("check").exit_code


def test_the_webhooks_of_a_case_are_those_that_came(
    run: Run, journal: Journal, environ: dict[str, str]
) -> None:
    """
    Each webhook is a sample, in the order of arrival; one name fits all.
    """
    folder = Path(environ["BRIDGE_MAPPINGS"])
    cafe = STORES["cafe-mx"]
    take(
        journal,
        event_of("shopify-mx-orders-fulfilled-two-shipments", cafe),
        event_of(PAID, cafe),
    )

    run("cases", "record", "cafe-mx/6301458923713", "--mapping",
        "cafe-mx-rayo", "--name", "both")  # fmt: skip

    first, second = (
        json.loads((folder / "samples" / f"{name}.json").read_text())
        for name in (
            "cafe-mx-6301458923713-1-orders-fulfilled",
            "cafe-mx-6301458923713-2-orders-paid",
        )
    )
    assert first["shipping_address"] == second["shipping_address"]
    assert first["id"] == second["id"] == 6301458923713
    cases = (folder / "cafe-mx-rayo.cases.yaml").read_text()
    assert cases.index("1-orders-fulfilled") < cases.index("2-orders-paid")
    (mine,) = [
        one
        for one in loaded(run("cases", "run", "cafe-mx-rayo", "--json"))
        if one["name"] == "both"
    ]
    assert mine["ok"]


def test_nothing_is_written_over(
    run: Run, journal: Journal, environ: dict[str, str]
) -> None:
    """
    A second recording of an order is refused, and changes no file.
    """
    folder = Path(environ["BRIDGE_MAPPINGS"])
    take(journal, event_of(PAID, STORES["cafe-mx"]))
    assert 0 == run("cases", "record", "cafe-mx/6301458923713").exit_code
    before = files_in(folder)

    result = run("cases", "record", "cafe-mx/6301458923713")

    assert 4 == result.exit_code
    assert "there already" in result.stderr
    assert before == files_in(folder)


def test_a_case_that_does_not_hold_is_taken_back(
    run: Run, journal: Journal, environ: dict[str, str]
) -> None:
    """
    When the written file can not be run, every file is as it was.
    """
    folder = Path(environ["BRIDGE_MAPPINGS"])
    take(journal, event_of(PAID, STORES["cafe-mx"]))
    cases = folder / "cafe-mx-rayo.cases.yaml"
    cases.write_text(cases.read_text() + "\n- case: [broken\n")
    before = files_in(folder)

    result = run("cases", "record", "cafe-mx/6301458923713")

    assert 4 == result.exit_code
    assert before == files_in(folder)


@pytest.mark.parametrize(
    ("order", "code"), [("cafe-mx", 2), ("nope/1", 2), ("cafe-mx/1", 3)]
)
def test_orders_that_are_not_there(
    order: str, code: int, run: Run, journal: Journal
) -> None:
    """
    A slip in the order's name is told, and nothing is written.
    """
    assert code == run("cases", "record", order).exit_code


def test_the_machine_does_not_matter(
    run: Run, journal: Journal, environ: dict[str, str]
) -> None:
    """
    The same order gives the same case twice: nothing is drawn by lot.
    """
    folder = Path(environ["BRIDGE_MAPPINGS"])
    take(journal, event_of(PAID, STORES["cafe-mx"]))
    before = files_in(folder)
    run("cases", "record", "cafe-mx/6301458923713")
    first = files_in(folder)
    for path in first:
        if path in before:
            path.write_text(before[path])
        else:
            path.unlink()

    run("cases", "record", "cafe-mx/6301458923713")

    assert first == files_in(folder)
    assert FOLDER != folder
