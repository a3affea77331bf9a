"""A mapping file: what is taken, and the one message for each mistake."""

import pytest

from bridge.errors import MappingError
from bridge.mapping.document import hash_of
from bridge.mapping.form import MappingFile
from bridge.model import Moment
from bridge.orders.document import document
from bridge.targets.register import CONTRACTS
from tests.mapping import (
    CANARY,
    compiled,
    complaints,
    only_rule,
    order,
    state_of,
)

RAYO = """\
from: cafe-mx
to: rayo-mx
rules:
  create:
    when: ready
    if: = lines[?ships]
    call: create_order
    body:
      servicio_rayo: NACIONAL
      productos:
        each: = lines[?ships]
        item:
          identificador: = sku
          cantidad: = quantity
      consumidor_destino:
        nombre: = ship_to.name
        telefono: = phone_national(ship_to.phone, 'MX')
        calle: = ship_to.street
        no_exterior: = ship_to.exterior_number
        colonia: = ship_to.neighbourhood
        ciudad: = ship_to.city
        estado: = state_name(ship_to.state, 'MX')
        codigo_postal: = ship_to.postal_code
        pais: mexico
    remember:
      rayo_order: orden.ordenRef
  tracking:
    when: shipped
    call: update_delivery
    path:
      orderId: = links.rayo_order
    body:
      rastreo:
        rastreo_numero: = parcels[-1].tracking_number
  cancelled:
    when: cancelled
    ask: Stop {links.rayo_order} ({name}).
"""
EVERY = """\
from: calzado-co
to: every-co
links:
  every_order:
    - = attribute(attributes, 'every_id')
    - find: list_orders
      match: = referenceId == order.id
      take: = split(name, '/') | [-1]
rules:
  confirm:
    when: ready
    call: update_order
    path:
      id: = links.every_order
    body:
      order:
        status: CONFIRMED
        sellingPriceCents: = cents(total)
"""
YUJU = """\
from: cafe-mx
to: yuju-mx
rules:
  ready:
    when: ready
    call: set_status
    body:
      id_order: = id
      id_channel: 13
      status: ready_to_ship
"""

BROKEN = [
    # the form
    (RAYO, "from: cafe-mx\n", "", "1:1: 'from' is missing"),
    (RAYO, "from:", "form:", ("1:1: 'form' is no key here, did you mean "
     "'from'?")),
    (RAYO, "to:", "too:", "2:1: 'too' is no key here, did you mean 'to'?"),
    (RAYO, "    when: ready\n", "", "4:3: 'when' is missing"),
    (RAYO, "when: ready", "wen: ready", ("5:5: 'wen' is no key here, did you "
     "mean 'when'?")),
    (RAYO, "when: ready", "when: redy", ("5:11: 'redy' is not 'placed', "
     "'paid', 'ready', 'shipped', 'fulfilled', 'delivered', 'cancelled' or "
     "'refunded', did you mean 'ready'?")),
    (RAYO, "when: cancelled", "when: canceled", ("36:11: 'canceled' is not "
     "'placed', 'paid', 'ready', 'shipped', 'fulfilled', 'delivered', "
     "'cancelled' or 'refunded', did you mean 'cancelled'?")),
    (RAYO, "when: ready", "when:", ("5:5: one word of 'placed', 'paid', "
     "'ready', 'shipped', 'fulfilled', 'delivered', 'cancelled' or "
     "'refunded' is expected")),
    (RAYO, "    body:", "    boddy:", ("8:5: 'boddy' is no key here, did you "
     "mean 'body'?")),
    (RAYO, "remember:", "remeber:", ("25:5: 'remeber' is no key here, did you "
     "mean 'remember'?")),
    (RAYO, "rules:", "rulez:", ("3:1: 'rulez' is no key here, did you mean "
     "'rules'?")),
    (RAYO, "to: rayo-mx", "to: rayo-mx\nsince: 1 de noviembre",
     ("3:8: a date such as 2026-11-01 is expected, or a time such as "
     "2026-11-01T06:00:00Z")),
    (RAYO, "to: rayo-mx", "to: rayo-mx\nsince: 2026-13-01",
     ("3:8: a date such as 2026-11-01 is expected, or a time such as "
     "2026-11-01T06:00:00Z")),
    (RAYO, "to: rayo-mx", "to: rayo-mx\nsince: 20261101",
     "3:1: 'since' must be text: put it in quotes"),
    (RAYO, "to: rayo-mx", "to: rayo-mx\nsince:",
     "3:1: 'since' has no value"),
    (RAYO, "  create:", "  Create order:", ("4:3: 'Create order': small "
     "letters, digits, - and _ are taken, 64 at most")),
    (RAYO, "      rayo_order: orden", "      rayo order: orden",
     ("26:7: 'rayo order': small letters, digits, - and _ are taken, 64 at "
     "most")),
    (RAYO, ("    body:\n      rastreo:\n        rastreo_numero: = parcels[-1]"
     ".tracking_number"), "    body: nothing", ("32:5: 'body' must hold names "
     "with values, indented below it")),
    (RAYO, "rayo_order: orden.ordenRef", "rayo_order: [orden]",
     "26:7: 'rayo_order' must be text, not something nested"),
    (RAYO, "to: rayo-mx", "to: rayo-mx\ntables:\n  skus:\n    A: null",
     "5:5: 'A' has no value"),
    (RAYO, "to: rayo-mx", "to: rayo-mx\nchanged: ignore",
     "3:1: 'changed' is no key here: it belongs to a rule"),
    (EVERY, "      take: = split(name, '/') | [-1]\n", "",
     "6:7: 'take' is missing"),
    (EVERY, "      match:", "      mach:", ("7:7: 'mach' is no key here, did "
     "you mean 'match'?")),
    (EVERY, ("    - = attribute(attributes, 'every_id')\n    - find: "
     "list_orders\n      match: = referenceId == order.id\n      take: = "
     "split(name, '/') | [-1]"), "    = attribute(attributes, 'x')",
     "4:3: 'every_order' must be a list, each item after '- '"),
    ("{}", "", "", ("1:1: 'from' is missing + 1:1: 'to' is missing + 1:1: "
     "'rules' is missing")),
    ("", "", "", ("1:1: `from`, `to` and `rules` are expected, each on its "
     "own line")),
    ("- a", "", "", ("1:1: `from`, `to` and `rules` are expected, each on its "
     "own line")),
    ("from: cafe-mx\nto: rayo-mx\nrules: {}", "", "", ("3:1: 'rules' is "
     "empty")),
    ("from: cafe-mx\nto: rayo-mx\nrules:", "", "", ("3:1: 'rules' must hold "
     "names with values, indented below it")),
    # what it refers to
    (RAYO, "from: cafe-mx", "from: cafe-mex", ("1:7: there is no store "
     "'cafe-mex' in stores.yaml, did you mean 'cafe-mx'?")),
    (RAYO, "to: rayo-mx", "to: rayo", ("2:5: there is no target 'rayo' in "
     "targets.yaml, did you mean 'rayo-mx'?")),
    (RAYO, "call: create_order", "call: create_ordr", ("7:11: rayo has no "
     "operation 'create_ordr', did you mean 'create_order'?")),
    (RAYO, "call: create_order", "call: set_status", ("7:11: rayo has no "
     "operation 'set_status'")),
    (RAYO, "    call: create_order", "    call: create_order\n    ask: hm?",
     "4:3: a rule needs either `call` or `ask`"),
    (RAYO, "    ask: Stop {links.rayo_order} ({name}).\n", "",
     "35:3: a rule needs either `call` or `ask`"),
    (RAYO, "    ask: Stop {links.rayo_order} ({name}).", ("    ask: Stop.\n"
     "    body:\n      a: 1"), ("39:7: 'body' belongs to a call, and this rule "
     "asks a person")),
    (RAYO, "links.rayo_order\n", "links.rayo_ordr\n", ("31:18: nothing sets "
     "links.rayo_ordr: no rule remembers it and `links` has no entry, did "
     "you mean 'rayo_order'?")),
    (RAYO, "Stop {links.rayo_order}", "Stop {links.rayo_ordr}", ("37:16: "
     "nothing sets links.rayo_ordr: no rule remembers it and `links` has no "
     "entry, did you mean 'rayo_order'?")),
    (RAYO, "if: = lines[?ships]", "if: = links.order", ("6:11: nothing sets "
     "links.order: no rule remembers it and `links` has no entry, did you "
     "mean 'rayo_order'?")),
    (RAYO, "Stop {links.rayo_order}", "Stop {customer.phone}", ("37:16: there "
     "is no field 'customer': a question shows id, "
     "name, store and links only")),
    (RAYO, "  tracking:", ("  again:\n    when: paid\n    call: create_order\n"
     "    body:\n      servicio_rayo: EXPRESS\n      productos:\n        - "
     "identificador: A\n          cantidad: 1\n      consumidor_destino: = "
     "ship_to\n  tracking:"), ("27:3: create_order may happen once for an "
     "order, and the rule 'create' does it already")),
    (EVERY, "find: list_orders", "find: update_order", ("6:13: update_order lists "
     "nothing that could be searched")),
    (EVERY, "find: list_orders", "find: list_order", ("6:13: every has no "
     "operation 'list_order', did you mean 'list_orders'?")),
    (EVERY, "match: = referenceId", "match: referenceId", ("7:14: an "
     "expression is expected: begin it with '='")),
    (EVERY, "== order.id", "== order.idd", ("7:37: there is no field 'idd', "
     "did you mean 'id'?")),
    # expressions
    (RAYO, "if: = lines[?ships]", "if: lines[?ships]", ("6:9: an expression "
     "is expected: begin it with '='")),
    (RAYO, "nombre: = ship_to.name", "nombre: = shipto.name", ("16:19: there "
     "is no field 'shipto', did you mean 'ship_to'?")),
    (RAYO, "= phone_national(", "= phone_nacional(", ("17:21: there is no "
     "function 'phone_nacional', did you mean 'phone_national'?")),
    (RAYO, "identificador: = sku", "identificador: = skuu", ("13:28: there is "
     "no field 'skuu', did you mean 'sku'?")),
    (RAYO, "cantidad: = quantity", "cantidad: = currency", ("14:23: there is "
     "no field 'currency', did you mean 'order.currency'?")),
    (RAYO, "calle: = ship_to.street", "calle: = words(ship_to.street, ' # ')",
     ("18:40: a ' is not closed; a ' #' cut it: put quotes around the "
     "whole")),
    # a comment behind an expression has not cut what was finished
    (RAYO, "nombre: = ship_to.name", "nombre: = ship_to.nam   # who it is for",
     "16:27: there is no field 'nam', did you mean 'name'?"),
    (RAYO, "calle: = ship_to.street", "calle: = words('C: ', ship_to.street)",
     ("18:26: an expression with ': ' in it is cut by YAML: put quotes around "
     "the whole, beginning with the '='")),
    (RAYO, "nombre: = ship_to.name", "nombre: =", ("16:17: there is nothing "
     "after the '='")),
    (RAYO, "each: = lines[?ships]", "each: lines", ("11:15: each: needs an "
     "expression")),
    (RAYO, "        item:\n", "        itm:\n", ("11:9: `each` needs `item` "
     "beside it, and nothing else")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "right", "slip", "messages"), BROKEN)
def test_a_broken_file_has_one_clear_message(
    text: str, right: str, slip: str, messages: str
):
    """
    Each slip is told once, with line and column and the nearest right word.
    """
    assert right in text
    broken = text.replace(right, slip, 1) if right else text

    expected = [f"test.yaml:{message}" for message in messages.split(" + ")]

    assert expected == complaints(broken)


def test_there_are_enough_broken_files():
    """
    The table keeps its size.
    """
    assert len(BROKEN) >= 50


@pytest.mark.parametrize("text", [RAYO, EVERY, YUJU])
def test_the_files_that_are_broken_above_are_right(text: str):
    """
    Without its slip nothing is wrong with a file.
    """
    assert [] == complaints(text)


def test_all_that_is_wrong_is_said_at_once():
    """
    Mending one thing after another is not needed.
    """
    broken = RAYO.replace("from: cafe-mx", "from: x")
    broken = broken.replace("call: update_delivery", "call: nope")
    broken = broken.replace("= sku", "= sku2")

    assert [1, 13, 29] == sorted(
        int(message.split(":")[1]) for message in complaints(broken)
    )


def test_a_file_is_compiled_into_its_rules():
    """
    Rules keep the file's order; a create goes out once, a question never.
    """
    mapping = compiled(RAYO, name="cafe")

    assert ("cafe", "cafe-mx", "rayo-mx") == (
        mapping.name,
        mapping.store,
        mapping.target,
    )
    assert hash_of(RAYO) == mapping.hash
    assert [
        ("create", 1, Moment.READY, True, False),
        ("tracking", 2, Moment.SHIPPED, False, True),
        ("cancelled", 3, Moment.CANCELLED, False, False),
    ] == [
        (rule.name, rule.position, rule.when, rule.once, rule.repeatable)
        for rule in mapping.rules
    ]
    assert mapping.rule("tracking") is mapping.rules[1]
    assert mapping.rule("nope") is None


PREFLIGHT = "    call: create_order\n    preflight: "


def test_a_rule_has_looked_at_what_it_names():
    """
    Preflights are those of the operation, in the file's order.
    """
    text = RAYO.replace(
        "    call: create_order\n", f"{PREFLIGHT}[in_stock, products_known]\n"
    )
    create, tracking, _cancelled = compiled(text).rules

    known = CONTRACTS["rayo"].operations["create_order"].preflights
    assert (known["in_stock"], known["products_known"]) == create.preflights
    assert () == tracking.preflights


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("in_stok", "create_order has no preflight 'in_stok', did you mean"),
        ("zzz", "'zzz': there is products_known, in_stock"),
    ],
)
def test_a_preflight_that_there_is_not(word: str, message: str):
    """
    The nearest word is told, or all that there are.
    """
    text = RAYO.replace("    call: create_order\n", f"{PREFLIGHT}[{word}]\n")
    (found,) = complaints(text)
    assert message in found


def test_a_rule_knows_the_links_without_which_it_can_not_be_done():
    """
    A question is asked all the same, saying what is not known.
    """
    create, tracking, cancelled = compiled(RAYO).rules

    assert frozenset() == create.links
    assert frozenset({"rayo_order"}) == tracking.links
    assert frozenset() == cancelled.links


def test_a_question_shows_what_is_known():
    """
    Braces hold an expression over the order's name and links.
    """
    question = compiled(RAYO).rules[2].question
    assert question is not None

    assert "Stop (not known) (#1042)." == question.text(order())
    assert "Stop R-1 (#1042)." == question.text(order({"rayo_order": "R-1"}))


def test_a_question_whose_expression_fails_is_asked_all_the_same():
    """
    One that can not be computed stops no plan.
    """
    text = RAYO.replace("({name})", "({cents(name)})")
    question = compiled(text).rules[2].question
    assert question is not None

    assert "Stop (not known) ((not known))." == question.text(order())


@pytest.mark.parametrize(
    ("since", "instant"),
    [
        ("2026-11-01", 1_793_491_200_000),
        ("2026-11-01T06:00:00Z", 1_793_512_800_000),
        ("2026-11-01T00:00:00-06:00", 1_793_512_800_000),
        ("2026-11-01T06:00:00", 1_793_512_800_000),
    ],
)
def test_since_is_a_date_or_a_time_in_utc(since: str, instant: int):
    """
    A time without an offset is UTC.
    """
    text = RAYO.replace("to: rayo-mx", f"to: rayo-mx\nsince: {since}")

    assert instant == compiled(text).since


def test_without_since_it_counts_from_when_it_came_in_force():
    """
    A file need not say since when.
    """
    assert compiled(RAYO).since is None


def test_an_expression_over_the_answer_needs_no_equals_sign():
    """
    What is remembered can be nothing but an expression.
    """
    with_sign = RAYO.replace("rayo_order: orden", "rayo_order: = orden")

    for text in (RAYO, with_sign):
        ((name, expression),) = compiled(text).rules[0].remember
        assert ("rayo_order", "orden.ordenRef") == (name, expression.text)


def test_reading_the_raw_body_is_known_of_the_file():
    """
    The newest body is loaded only where a file reads it.
    """
    assert not compiled(YUJU).reads_raw
    assert compiled(YUJU.replace("= id", "= raw.name")).reads_raw
    assert compiled(
        YUJU.replace("when: ready", "when: ready\n    if: = raw.note")
    ).reads_raw


def test_tables_may_hold_numbers():
    """
    A table's values are text when they are looked up.
    """
    text = YUJU.replace(
        "to: yuju-mx", "to: yuju-mx\ntables:\n  shops:\n    cafe-mx: 77"
    ).replace("= id", "= lookup('shops', store)")
    rule = only_rule(compiled(text))
    assert rule.body is not None

    assert {
        "id_order": "77",
        "id_channel": 13,
        "status": "ready_to_ship",
    } == rule.body.value(document(state_of()))


def test_what_to_do_when_it_changes_or_is_dead_can_be_said():
    """
    `changed: ignore` asks nobody, `on_dead: skip` lets later rules go on.
    """
    usual = only_rule(compiled(YUJU))
    told = only_rule(
        compiled(
            YUJU.replace(
                "when: ready",
                "when: ready\n    changed: ignore\n    on_dead: skip",
            )
        )
    )

    assert (True, False) == (usual.asks_when_changed, usual.skips_dead)
    assert (False, True) == (told.asks_when_changed, told.skips_dead)


def test_a_file_may_be_written_for_editors():
    """
    The form's JSON Schema has each key with its description.
    """
    schema = MappingFile.model_json_schema(by_alias=True)

    assert {
        "from", "to", "since", "addresses", "tables", "named", "links",
        "rules",
    } == set(schema["properties"])  # fmt: skip
    assert all("description" in part for part in schema["properties"].values())


def test_no_message_shows_what_a_file_has_elsewhere():
    """
    Tables may hold customers' words; messages tell only what is wrong.
    """
    text = RAYO.replace(
        "to: rayo-mx", f"to: rayo-mx\ntables:\n  t: {{a: {CANARY}}}"
    ).replace("call: create_order", "call: nope")

    with pytest.raises(MappingError) as caught:
        compiled(text)

    assert CANARY not in str(caught.value)
