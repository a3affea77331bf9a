"""What another text of a mapping would change."""

from dataclasses import replace

from bridge.mapping.difference import (
    Difference,
    Sight,
    Tally,
    Turn,
    differences,
)
from bridge.mapping.document import Mapping
from bridge.model import Instant
from bridge.orders.order import Address, Line, Payment
from tests.mapping import CANARY, compiled, state_of

BASE = """\
from: cafe-mx
to: rayo-mx
since: 2026-01-01
rules:
  create:
    when: ready
    call: create_order
    body:
      servicio_rayo: NACIONAL
      productos:
        each: = lines
        item: {identificador: = sku, cantidad: = quantity}
      consumidor_destino:
        nombre: = ship_to.name
        telefono: = phone_national(ship_to.phone, 'MX')
        calle: = ship_to.street
        no_exterior: = ship_to.exterior_number
        no_interior: = name
        colonia: = ship_to.neighbourhood
        ciudad: = ship_to.city
        estado: = state_name(ship_to.state, 'MX')
        codigo_postal: = ship_to.postal_code
        pais: mexico
    remember: {rayo_order: orden.ordenRef}
""".replace(
    "{identificador: = sku, cantidad: = quantity}",
    "\n          identificador: = sku\n          cantidad: = quantity",
)
ASKED = "  stop:\n    when: cancelled\n    ask: Stop order {name}.\n"


def edited(*changes: tuple[str, str]) -> Mapping:
    """Return `BASE` with its words changed."""
    text = BASE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return compiled(text)


def found(
    after: Mapping | None, before: Mapping | None = None, **order: object
) -> list[Difference]:
    """Return what *after* changes for one order."""
    sight = Sight(state=state_of(**order))
    return differences(before or compiled(BASE), after, sight)


def test_an_equal_text_changes_nothing() -> None:
    """
    Comments, and another name of a rule that is done once, change nothing.
    """
    assert [] == found(edited(("from:", "# as before\nfrom:")))
    assert [] == found(edited(("  create:", "  make:")))


def test_a_request_is_compared_field_by_field() -> None:
    """
    Each field is told with what it was and would be; lists item by item.
    """
    (one,) = found(
        edited(
            ("NACIONAL", "EXPRESS"),
            ("identificador: = sku", "identificador: = id"),
            ("        no_interior: = name\n", ""),
        )
    )

    assert Turn.DIFFERS is one.turn
    assert [
        ("body.servicio_rayo", "changed", "NACIONAL", "EXPRESS"),
        ("body.productos[].identificador", "changed", "CAF-500", "1"),
        ("body.productos[].identificador", "changed", "GIFT-50", "2"),
        ("body.consumidor_destino.no_interior", "removed", "#1042", None),
    ] == [(f.place, f.how, f.before, f.after) for f in one.fields]


def test_what_can_not_be_made_any_more_breaks() -> None:
    """
    The reason names the field, and no value of the customer's.
    """
    (one,) = found(
        edited(("nombre: = ship_to.name", "nombre: = ship_to.company")),
        note=CANARY,
    )

    assert Turn.BREAKS is one.turn
    assert one.reason is not None
    assert "value_missing" == one.reason.code
    assert "consumidor_destino.nombre" in one.reason.text
    assert CANARY not in one.reason.text


def test_what_could_not_be_made_before_does_not_break() -> None:
    """
    One that fails for another reason differs by its reason.
    """
    lame = {"ship_to": Address(name=CANARY, country="MX")}
    after = edited(("nombre: = ship_to.name", "nombre: = ship_to.company"))

    (one,) = found(after, **lame)

    assert Turn.DIFFERS is one.turn
    assert ["reason"] == [field.place for field in one.fields]
    assert CANARY not in str(one)


def test_what_is_sent_newly_and_no_longer() -> None:
    """
    A rule that the order comes to ask for, or that it no longer asks for.
    """
    never = edited(("    call:", "    if: = note\n    call:"))

    assert [Turn.STOPS] == [one.turn for one in found(never)]
    assert [Turn.SENDS] == [one.turn for one in found(edited(), never)]
    assert [Turn.STOPS] == [one.turn for one in found(None)]


def test_what_mends_and_what_fails_newly() -> None:
    """
    One that could not be made and can be; one that was not asked for.
    """
    lame = edited(("nombre: = ship_to.name", "nombre: = ship_to.company"))
    never = edited(("    call:", "    if: = note\n    call:"))

    assert [Turn.MENDS] == [one.turn for one in found(edited(), lame)]
    assert [Turn.FAILS] == [one.turn for one in found(lame, never)]


def test_questions_are_compared_by_their_words() -> None:
    """
    A question that is put otherwise differs; a new one is sent.
    """
    asks = compiled(BASE + ASKED)
    other = compiled(BASE + ASKED.replace("Stop", "Halt"))
    state = replace(state_of(), cancelled_ever=(Instant(1), None))
    sight = Sight(state=state)

    (one,) = differences(asks, other, sight)
    (two,) = differences(compiled(BASE), asks, sight)

    assert Turn.DIFFERS is one.turn
    assert ("Stop order #1042.", "Halt order #1042.") == (
        one.fields[0].before, one.fields[0].after,
    )  # fmt: skip
    assert Turn.SENDS is two.turn


def test_orders_that_are_too_old_are_nobodys() -> None:
    """
    `since` is part of the text; without one the first time in force counts.
    """
    late = edited(("since: 2026-01-01", "since: 2030-01-01"))
    none = edited(("since: 2026-01-01\n", ""))
    sight = Sight(state=state_of())

    assert [Turn.STOPS] == [one.turn for one in found(late)]
    assert [] == differences(edited(), none, sight)
    assert [Turn.STOPS] == [
        one.turn
        for one in differences(
            edited(), none, sight, first_in_force=Instant(2**50)
        )
    ]


def test_an_order_of_which_nothing_is_told_is_left() -> None:
    """
    A parcel alone says nothing of what would be sent.
    """
    state = state_of()
    bare = type(state)(store=state.store, platform="shopify", id="1")

    assert [] == differences(compiled(BASE), None, Sight(state=bare))


def test_one_change_over_many_orders_is_one_entry() -> None:
    """
    Equal differences are counted, with some orders as examples.
    """
    after = edited(("NACIONAL", "EXPRESS"), ("= ship_to.name", "= name"))
    tally = Tally()
    for n in range(20):
        sight = Sight(state=state_of(name=f"#{n}"))
        tally.add(str(n), differences(compiled(BASE), after, sight))
    tally.add("unpaid", found(after, payment=Payment.NONE))
    report = tally.report()

    assert (21, 20, {Turn.DIFFERS: 20}) == (
        report.orders, report.differing, report.requests,
    )  # fmt: skip
    groups = {group.place: group for group in report.groups}
    assert {"body.servicio_rayo", "body.consumidor_destino.nombre"} == {
        *groups
    }
    service = groups["body.servicio_rayo"]
    assert (20, ("0", "1", "2", "3", "4"), True) == (
        service.count, service.orders, service.always,
    )  # fmt: skip
    assert ("NACIONAL", "EXPRESS") == (service.before, service.after)
    assert not groups["body.consumidor_destino.nombre"].always


def test_what_breaks_stands_first() -> None:
    """
    A report begins with what would keep a text from coming in force.
    """
    after = edited(("NACIONAL", "EXPRESS"), ("= ship_to.name", "= note"))
    tally = Tally()
    for n in range(3):
        tally.add(str(n), found(after, note="Ana"))
    tally.add("9", found(after))
    report = tally.report()

    assert Turn.BREAKS is report.groups[0].turn
    assert 1 == report.breaks
    assert 3 == report.requests[Turn.DIFFERS]


def test_one_reason_is_one_entry_whichever_item_it_is_about() -> None:
    """
    The second line of one order and the first of another are one thing.
    """
    after = edited(("identificador: = sku", "identificador: = variant"))
    tally = Tally()
    for variants in ((None, "v"), ("v", None)):
        lines = tuple(
            Line(id=str(n), sku="s", variant=one, quantity=1, ships=True)
            for n, one in enumerate(variants)
        )
        tally.add(str(variants), found(after, lines=lines))

    (group,) = tally.report().groups

    assert (Turn.BREAKS, 2) == (group.turn, group.count)
    assert "productos[].identificador" in group.text
