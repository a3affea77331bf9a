"""Mappings over the admin API: explained, compared, forced."""

import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from bridge.journal.protocol import DeliveryFilter, Journal
from bridge.web.factory import create_web
from tests.factories import NOW
from tests.mapping import FOLDER
from tests.mapping.test_shipped import CATALOG, STORES, TARGETS
from tests.orders_of import event_of, take
from tests.test_mappings_command import NAME, edit
from tests.web.doors import API, act, get, settings

PAID = "shopify-mx-orders-paid-multiline"
ORDER = "6301458923713"
EXPLAIN = f"/orders/cafe-mx/{ORDER}/explain"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files, to be edited."""
    folder = tmp_path / "mappings"
    shutil.copytree(FOLDER, folder)
    return folder


@pytest.fixture
def client(journal: Journal, folder: Path) -> FlaskClient:
    """Somebody who knocks where one order was planned."""
    for name, mapping in CATALOG.mappings.items():
        journal.put_in_force(name, mapping.hash, mapping.text, NOW)
    take(journal, event_of(PAID, STORES["cafe-mx"]))
    app = create_web(
        settings=settings(mappings=folder),
        stores=lambda: STORES,
        targets=lambda: TARGETS,
        journal=journal,
        now=lambda: NOW,
    )
    return app.test_client()


def test_explains_an_order(client: FlaskClient) -> None:
    """
    Each field with its expression, what that reads, and the file's line.
    """
    told = get(client, EXPLAIN, mapping=NAME)

    assert (NAME, ORDER, "cafe-mx") == (
        told["mapping"], told["order_id"], told["store"],
    )  # fmt: skip
    create = {one["rule"]: one for one in told["rules"]}["create"]
    assert "under_way" == create["verdict"]
    fields = {one["place"]: one for one in create["fields"]}
    name = fields["body.consumidor_destino.nombre"]
    assert ("ship_to.name", ["ship_to.name"]) == (
        name["expression"], name["reads"],
    )  # fmt: skip
    assert "POST" == create["request"]["method"]
    assert told["past"] is None


def test_explains_a_delivery(client: FlaskClient, journal: Journal) -> None:
    """
    By the text of then; what it is not of is not there.
    """
    (delivery,) = [
        one
        for one in journal.deliveries(DeliveryFilter(), before=None, limit=9)
        if one.mapping == NAME
    ]

    told = get(client, EXPLAIN, delivery=delivery.id)

    assert delivery.id == told["past"]["delivery"]
    assert told["past"]["in_force"]
    other = f"{API}/orders/cafe-mx/1/explain?delivery={delivery.id}"
    headers = {"Authorization": "Bearer 0123456789abcdef0123456789abcdef"}
    assert 404 == client.get(other, headers=headers).status_code


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{EXPLAIN}?mapping=nope", 404),
        (EXPLAIN, 404),
        ("/orders/cafe-mx/1/explain?mapping=cafe-mx-rayo", 404),
        (f"/orders/calzado-co/{ORDER}/explain?mapping=cafe-mx-rayo", 404),
        (f"{EXPLAIN}?delivery=999", 404),
        (f"{EXPLAIN}?what=x", 422),
        ("/mappings/nope/diff", 404),
        ("/mappings/cafe-mx-rayo/diff?last=0", 422),
        ("/mappings/cafe-mx-rayo/diff?last=2001", 422),
    ],
)
def test_what_is_not_there(
    path: str, status: int, client: FlaskClient
) -> None:
    """
    A slip is told as everywhere else.
    """
    headers = {"Authorization": "Bearer 0123456789abcdef0123456789abcdef"}

    assert status == client.get(f"{API}{path}", headers=headers).status_code


@pytest.mark.parametrize(
    "path", [EXPLAIN, "/mappings", f"/mappings/{NAME}/diff"]
)
def test_nobody_looks_without_a_token(path: str, client: FlaskClient) -> None:
    """
    It is customers' data.
    """
    assert 401 == client.get(f"{API}{path}").status_code


def test_nothing_of_it_is_logged(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    Who looked is logged, what was seen is not.
    """
    get(client, EXPLAIN, mapping=NAME)
    get(client, f"/mappings/{NAME}/diff")

    logged = capsys.readouterr().err
    assert "order.explained" in logged
    for value in ("José", "Jos\\u00e9", "5555010123", "Obreg"):
        assert value not in logged


def test_lists_the_files(client: FlaskClient, folder: Path) -> None:
    """
    In force, new, refused; with hash, time and problems.
    """
    edit(folder / f"{NAME}.yaml", "EXPRESS,", "URGENTE,")
    edit(folder / "cafe-mx-yuju.yaml", "call: set_status", "call: set_stat")

    items = {one["name"]: one for one in get(client, "/mappings")["items"]}

    assert "new" == items[NAME]["state"]
    assert items[NAME]["hash"] != items[NAME]["in_force"]
    assert "refused" == items["cafe-mx-yuju"]["state"]
    assert "set_stat" in items["cafe-mx-yuju"]["problems"][0]
    fine = items["artesanias-mx-rayo"]
    assert ("in_force", []) == (fine["state"], fine["problems"])
    assert fine["since"].startswith("2026-")


def test_compares_a_file(client: FlaskClient, folder: Path) -> None:
    """
    Over as many orders as are asked for.
    """
    edit(
        folder / f"{NAME}.yaml",
        "servicio_rayo: NACIONAL", "servicio_rayo: EXPRESS",
    )  # fmt: skip

    told = get(client, f"/mappings/{NAME}/diff", last=10)

    assert (1, {"differs": 1}) == (told["orders"], told["requests"])
    (group,) = told["groups"]
    assert ("create", "body.servicio_rayo", [ORDER], "NACIONAL", "EXPRESS") == (
        group["rule"], group["place"], group["orders"],
        group["before"], group["after"],
    )  # fmt: skip


def test_forces_a_text(
    client: FlaskClient, folder: Path, journal: Journal
) -> None:
    """
    The very one that was looked at, with a reason, in the operator's name.
    """
    edit(
        folder / f"{NAME}.yaml",
        "nombre: = ship_to.name", "nombre: = ship_to.company",
    )  # fmt: skip
    (item,) = [
        one for one in get(client, "/mappings")["items"] if one["name"] == NAME
    ]
    path = f"/mappings/{NAME}/force"

    stale = act(client, path, hash="beef", reason="x")
    bare = act(client, path, hash=item["hash"])
    right = act(client, path, hash=item["hash"], reason="we know")
    other = act(client, "/mappings/artesanias-mx-rayo/force",
                hash=CATALOG.mappings["artesanias-mx-rayo"].hash,
                reason="x")  # fmt: skip

    assert [412, 422, 200, 409] == [
        one.status_code for one in (stale, bare, right, other)
    ]
    (refusal,) = journal.refusals(NAME)
    assert (item["hash"], "ana", "we know") == (
        refusal.hash, refusal.forced_by, refusal.why,
    )  # fmt: skip
