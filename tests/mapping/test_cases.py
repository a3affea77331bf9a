"""Cases: given these webhooks, expect these requests."""

from collections.abc import Callable

import pytest

from bridge.mapping.cases import CaseResult, Sample, run_cases, told_by
from bridge.mapping.compiler import compile_mapping
from bridge.settings import load_cases, surroundings
from bridge.sources.register import PLATFORMS
from tests.mapping import CREATED, FOLDER
from tests.mapping.test_shipped import CATALOG, SAMPLE, STORES, TARGETS

AROUND = surroundings(STORES, TARGETS)
SHIPPED = load_cases(FOLDER)
PAID = "shopify-mx-orders-paid-multiline"


def run(
    text: str,
    name: str = "cafe-mx-rayo",
    sample: Callable[[str], Sample] = SAMPLE,
) -> list[CaseResult]:
    """Return how the cases of *text* went for a shipped mapping."""
    mapping = CATALOG.mappings[name]
    store = STORES[mapping.store]
    return run_cases(
        text,
        file="f.cases.yaml",
        mapping=mapping,
        store=store,
        platform=PLATFORMS[store.platform],
        sample=sample,
    )


def message_of(text: str, name: str = "cafe-mx-rayo") -> str:
    """Return what is wrong with the one case of *text*; nothing if it is."""
    (result,) = run(text, name)
    assert result.ok == (not result.message)
    return result.message


def case(
    expect: str, sample: str = PAID, *, change: str = "{}", more: str = ""
) -> str:
    """Return a file of one case; *more* is further keys of it."""
    return (
        f"- case: one\n  given:\n    - sample: {sample}\n"
        f"      change: {change}\n{more}  expect: {expect}\n"
    )


ALL = [
    pytest.param(name, result, id=f"{name}: {result.name}")
    for name, source in SHIPPED.items()
    for result in run(source.text, name)
]


@pytest.mark.parametrize(("name", "result"), ALL)
def test_the_shipped_cases_hold(name: str, result: CaseResult):
    """
    What a mapping's cases say is what it does.
    """
    assert "" == result.message
    assert result.ok


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_each_mapping_has_enough_cases(name: str):
    """
    A file tells the usual and the unusual.
    """
    names = [result.name for result in run(SHIPPED[name].text, name)]

    assert 4 <= len(names) <= 12
    assert len(names) == len(set(names))


CREATE = "request: POST /api/rest/orders"
WRONG = [
    # which rules act
    ("[]", {}, "expected the rules [], and ['create'] would act"),
    (f"[{{rule: created, {CREATE}}}]", {},
     "expected the rules ['created'], and ['create'] would act"),
    # the request
    ("[{rule: create, request: PUT /x}]", {},
     "create: expected PUT /x, got POST /api/rest/orders"),
    ("[{rule: create, held: value_missing}]", {},
     "create: expected no request, got POST /api/rest/orders"),
    ("[{rule: create, waits: rayo_order}]", {},
     "create: expected no request, got POST /api/rest/orders"),
    # partly
    (f"[{{rule: create, {CREATE}, partly: {{servicio_rayo: EXPRESS}}}}]", {},
     "create: body.servicio_rayo: expected 'EXPRESS', got 'NACIONAL'"),
    (f"[{{rule: create, {CREATE}, partly: {{servicio_rayo: null}}}}]", {},
     "create: body.servicio_rayo: expected None, got 'NACIONAL'"),
    (f"[{{rule: create, {CREATE}, partly: {{productos: []}}}}]", {},
     "create: body.productos: expected 0 items, got 3"),
    ((f"[{{rule: create, {CREATE}, partly: {{productos: "
     '[{cantidad: 2}, {cantidad: 1}, {cantidad: "3"}]}}]'), {},
     "create: body.productos.2.cantidad: expected '3', got 3"),
    (f"[{{rule: create, {CREATE}, partly: {{nada: x}}}}]", {},
     "create: body.nada: expected 'x', got None"),
    # exact
    (f"[{{rule: create, {CREATE}, body: {{servicio_rayo: NACIONAL}}}}]", {},
     "create: body.productos: expected None, got ["),
    (f"[{{rule: create, {CREATE}, body: null}}]", {},
     "create: body: expected None, got {"),
    # held
    (f"[{{rule: create, {CREATE}}}]",
     {"change": "{line_items: [{id: 1, quantity: 1}]}"},
     ("create: no request, but value_missing: create_order requires "
     "productos.0.identificador, and `= first(sku, lookup('skus', name))` "
     "gave nothing for this order")),
    ("[{rule: create, held: value_wrong}]",
     {"change": "{line_items: [{id: 1, quantity: 1}]}"},
     "create: expected 'value_wrong', got value_missing: create_order "),
    # waits
    ("[{rule: tracking, waits: every_order}]",
     {"sample": "shopify-mx-orders-fulfilled-two-shipments",
      "more": "  done: [create]\n"},
     ("tracking: expected 'every_order', got link_missing: links.rayo_order "
     "is not known yet")),
    # asks
    ("[{rule: cancelled, asks: Call Rayo}]",
     {"change": '{cancelled_at: "2026-11-21T00:00:00Z"}',
      "more": "  done: [create]\n"},
     ("cancelled: expected 'Call Rayo', got asked: Rayo has no cancel call. "
     "Stop (not known) with the warehouse (order #1042).")),
    # what is given
    ("[]", {"sample": "nope"}, "there is no sample 'nope' in "),
    ("[]", {"more": "  done: [creat]\n"},
     "done: there is no rule 'creat', did you mean 'create'?"),
    (f"[{{rule: create, {CREATE}}}]", {"change": "{test: true}"},
     "none of the webhooks tells of an order"),
    ("[]", {"change": "{updated_at: yesterday}"}, "time"),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "given", "message"), WRONG)
def test_a_wrong_case_says_what_differs(
    expect: str, given: dict[str, str], message: str
):
    """
    The message names the rule and the first field that is another.
    """
    assert message_of(case(expect, **given)).startswith(message)


@pytest.mark.parametrize(
    ("expect", "given"),
    [
        (f"[{{rule: create, {CREATE}}}]", {}),
        (f"[{{rule: create, {CREATE}, partly: {{referencia: null}}}}]", {}),
        ((f"[{{rule: create, {CREATE}, partly: {{productos: [{{}}, {{}}, "
         "{cantidad: 3}]}}]"), {}),
        ("[{rule: create, held: value_missing}]",
         {"change": "{line_items: [{id: 1, quantity: 1}]}"}),
        ("[{rule: tracking, waits: rayo_order}]",
         {"sample": "shopify-mx-orders-fulfilled-two-shipments",
          "more": "  done: [create]\n"}),
        ("[{rule: cancelled, asks: Stop (not known)}]",
         {"change": '{cancelled_at: "2026-11-21T00:00:00Z"}',
          "more": "  done: [create]\n"}),
        (f"[{{rule: cancelled, asks: Stop {CREATED}}}]",
         {"change": '{cancelled_at: "2026-11-21T00:00:00Z"}',
          "more": f"  done: [create]\n  links: {{rayo_order: {CREATED}}}\n"}),
        ("[]", {"change": "{test: true}"}),
        ("[]", {"change": '{created_at: "2026-10-31T23:59:59Z"}',
                "more": "      topic: orders/create\n"}),
    ],
)  # fmt: skip
def test_a_right_case_holds(expect: str, given: dict[str, str]):
    """
    Exact, partly, held, waits, asks and nothing can be expected.
    """
    assert "" == message_of(case(expect, **given))


def test_a_case_knows_its_line():
    """
    So that an editor can go there.
    """
    text = "\n".join([case("[]"), case("[]").replace("one", "two")])

    assert [("one", 1), ("two", 7)] == [
        (result.name, result.line) for result in run(text, "cafe-mx-rayo")
    ]


@pytest.mark.parametrize("body", [b'{"id": 1,', b"[" * 100_000, b"\xff\xfe"])
def test_a_sample_that_is_no_json_is_told(body: bytes):
    """
    Also where a case changes it.
    """
    text = case("[]", change="{note: null}")

    (result,) = run(
        text, "cafe-mx-rayo", lambda _: Sample(body=body, headers={})
    )

    assert f"the sample '{PAID}' is no JSON: " in result.message


def test_a_link_that_was_misspelt_is_told():
    """
    One that nothing here sets, but nearly, is a slip.
    """
    more = "  links: {rayo_ordr: x}\n"

    assert (
        "links: nothing here sets 'rayo_ordr', did you mean 'rayo_order'?"
    ) == message_of(case("[]", more=more))


def test_a_long_value_is_cut():
    """
    A message is for reading.
    """
    long = "9" * 5000
    expect = (
        f"[{{rule: create, {CREATE}, partly: {{servicio_rayo: '{long}'}}}}]"
    )

    assert len(message_of(case(expect))) < 400


FORMS = [
    ("- case: one\n  given: []\n  expect: []",
     "f.cases.yaml:2:3: 'given': it is empty: at least 1 is expected"),
    ("- case: one\n  given:\n    - sample: x",
     "f.cases.yaml:1:3: 'expect' is missing"),
    ("- case: one\n  given:\n    - sampel: x\n  expect: []",
     "f.cases.yaml:3:7: 'sampel' is no key here, did you mean 'sample'?"),
    ("- case: one\n  given:\n    - sample: x\n  expct: []\n  expect: []",
     "f.cases.yaml:4:3: 'expct' is no key here, did you mean 'expect'?"),
    (case("[{rule: create}]"), "f.cases.yaml:5:12: "),
    (case("\n    - rule: create\n      rquest: PUT /\n      held: x"),
     "f.cases.yaml:7:7: 'rquest' is no key here, did you mean 'request'?"),
    (case("\n    - rule: create\n      held: x\n      body: {}"),
     "f.cases.yaml:6:7: body and partly belong to a request"),
    (case("\n    - rule: create\n      held: x\n      asks: y"),
     ("f.cases.yaml:6:7: one of request, waits, held and asks is "
     "expected")),
    ("- case: &a one", "f.cases.yaml:1:9: anchors and aliases are not taken"),
    ("case: one", "f.cases.yaml:1:1: cases are expected, each after '- '"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), FORMS)
def test_a_broken_file_of_cases_is_one_failure_with_its_place(
    text: str, message: str
):
    """
    A slip in the file is told by line, with the nearest right key.
    """
    assert message_of(text).startswith(message)


def test_a_file_without_cases_is_none():
    """
    An empty file fails nothing.
    """
    assert [] == run("")
    assert [] == run("# later\n")


def test_one_failing_case_does_not_stop_the_others():
    """
    Every case is run.
    """
    text = case("[]") + case(f"[{{rule: create, {CREATE}}}]")

    assert [False, True] == [result.ok for result in run(text)]


def test_webhooks_may_come_in_any_order():
    """
    A case folds its webhooks as life does.
    """
    late = (
        "- case: one\n  given:\n"
        "    - sample: shopify-mx-orders-fulfilled-two-shipments\n"
        f"    - sample: {PAID}\n"
        "  expect:\n"
        f"    - rule: create\n      {CREATE}\n"
        "    - rule: tracking\n      waits: rayo_order\n"
    )

    assert "" == message_of(late)


def test_the_webhooks_of_a_case_are_of_one_order():
    """
    Two orders in one case would be folded into nonsense.
    """
    text = (
        "- case: one\n  given:\n"
        f"    - sample: {PAID}\n"
        "    - sample: shopify-mx-fulfillments-create\n"
        "  expect: []\n"
    )

    assert "two orders are told of: 6301458923713 and 6302569034824" == (
        message_of(text)
    )


def test_no_webhook_tells_of_no_order():
    """
    There has to be something to look at.
    """
    store = STORES["cafe-mx"]

    with pytest.raises(LookupError, match="none of the webhooks"):
        told_by([], store=store, platform=PLATFORMS["shopify"])


def test_what_a_mapping_reads_of_the_body_is_given_in_a_case() -> None:
    """
    `raw` is the newest body, as in life.
    """
    source = CATALOG.mappings["cafe-mx-rayo"]
    mapping = compile_mapping(
        source.name,
        source.text.replace("= ship_to.name", "= raw.billing_address.company"),
        file=source.file,
        around=AROUND,
    )
    store = STORES[mapping.store]
    company = "Ñandú & Asociados, S.A. de C.V."
    expect = (
        f"[{{rule: create, {CREATE}, partly: {{consumidor_destino: "
        f'{{nombre: "{company}"}}}}}}]'
    )

    (result,) = run_cases(
        case(expect),
        file="f.cases.yaml",
        mapping=mapping,
        store=store,
        platform=PLATFORMS[store.platform],
        sample=SAMPLE,
    )

    assert "" == result.message
