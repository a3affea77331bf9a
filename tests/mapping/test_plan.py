"""What makes a rule fire: the plan, against small mappings."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.lifecycle import TRANSITIONS
from bridge.mapping.compiler import compile_mapping
from bridge.mapping.document import Mapping, Surroundings
from bridge.mapping.plan import (
    PATIENCE,
    Case,
    Changes,
    differing_paths,
    plan_mapping,
)
from bridge.mapping.preview import foresee, rendered
from bridge.mapping.render import request_hash
from bridge.model import (
    UNSENT,
    Delivery,
    DeliveryId,
    DeliveryState,
    Instant,
    Kind,
    Move,
    NewDelivery,
    Reason,
    Request,
)
from bridge.orders.document import document, moments
from bridge.orders.fold import fold_deletion, fold_parcel, fold_snapshot
from bridge.orders.order import (
    Address,
    Line,
    OrderState,
    Parcel,
    Payment,
    Snapshot,
)
from bridge.sources.platform import Store
from bridge.targets.register import CONTRACTS
from tests.orders.test_fold import (
    SHOPIFY,
    STORES,
    WOO,
    Telling,
    nothing,
    second,
    snapshot,
    tellings,
)

S = DeliveryState
AROUND = Surroundings(stores=frozenset({"shop"}), contracts=CONTRACTS)

RAYO = """
from: shop
to: rayo
rules:
  create:
    when: ready
    if: = lines[?ships]
    call: create_order
    body:
      productos:
        each: = lines[?ships]
        item:
          identificador: = sku
          cantidad: = quantity
      consumidor_destino:
        nombre: = ship_to.name
        telefono: "5512345678"
        calle: = ship_to.street
        no_exterior: "1"
        colonia: Centro
        ciudad: = ship_to.city
        estado: Jalisco
        codigo_postal: "44100"
        pais: mexico
    remember:
      rayo_order: orden.ordenRef
  tracking:
    when: shipped
    if: = parcels[?tracking_number]
    call: update_delivery
    path:
      orderId: = links.rayo_order
    body:
      rastreo:
        rastreo_numero: = join(', ', parcels[?tracking_number].tracking_number)
  cancelled:
    when: cancelled
    ask: Stop {links.rayo_order} with the warehouse (order {name}).
"""
YUJU = """
from: shop
to: yuju
rules:
  ready:
    when: ready
    call: set_status
    body:
      id_order: = id
      id_channel: 1
      status: ready_to_ship
  shipped:
    when: shipped
    call: set_status
    body:
      id_order: = id
      id_channel: 1
      status: shipped
      carrier: = parcels[?carrier] | [-1].carrier
  cancelled:
    when: cancelled
    call: set_status
    body:
      id_order: = id
      id_channel: 1
      status: canceled
"""
EVERY = """
from: shop
to: every
links:
  every_order:
    - = attribute(attributes, 'every_id')
rules:
  create:
    when: ready
    call: create_order
    body:
      referenceId: = id
    remember:
      every_order: name
  confirm:
    when: ready
    call: update_order
    path:
      id: = links.every_order
    body:
      order:
        sellingPriceCents: = cents(total)
  shipped:
    when: shipped
    call: update_order
    path:
      id: = links.every_order
    body:
      order:
        status: IN_PROGRESS
  sent:
    when: fulfilled
    ask: Set order {name} to sent.
  cancelled:
    when: cancelled
    call: update_order
    path:
      id: = links.every_order
    body:
      order:
        status: CANCELLED
"""
REF = "909521d0-e398-4701-b393-ddfd07ce24f9"


def mapping(text: str, name: str = "shop-target") -> Mapping:
    """Return the compiled mapping of a text."""
    return compile_mapping(
        name, text, file=f"mappings/{name}.yaml", around=AROUND
    )


def body(at: int, **says: Any) -> Snapshot:
    """Return the body of an order with one line to ship, unpaid."""
    return snapshot(
        at,
        **{
            "lines": (Line(id="1", sku="CAFE", quantity=1, ships=True),),
            "ship_to": Address(name="Ana", street="Roble", city="Zapopan"),
            "total": "100.00",
            **says,
        },
    )


def paid(at: int, **says: Any) -> Snapshot:
    """Return the body of a paid order."""
    return body(at, payment=Payment.PAID, **says)


def cancelled(at: int, **says: Any) -> Snapshot:
    """Return the body of a cancelled order."""
    return body(at, cancelled=True, **says)


def parcel(number: str = "GUIA1", **says: Any) -> Parcel:
    """Return a parcel that is on its way."""
    return replace(
        Parcel(id=number, tracking_number=number, updated_at=second(1)), **says
    )


class Desk:
    """
    One order, one mapping, and what a journal and a worker do with them.

    Keeps the journal's own rules: a move fits the version and the life of
    its delivery, and no generation of an effect comes twice.
    """

    def __init__(
        self,
        text: str = RAYO,
        *,
        store: Store = WOO,
        since: int = 0,
    ) -> None:
        self.state: OrderState = replace(nothing(store), store="shop")
        self.mapping = mapping(text)
        self.versions = {self.mapping.hash: self.mapping}
        self.since = Instant(since)
        self.deliveries: list[Delivery] = []
        self.links: dict[str, str] = {}
        self.now = second(1_000)

    # -- what happens

    def tell(self, *told: Snapshot | Parcel | None) -> Changes:
        """Fold webhooks and plan once; None is a deletion."""
        before = self.state
        for one in told:
            match one:
                case Snapshot():
                    self.state = fold_snapshot(self.state, one)
                case Parcel():
                    self.state = fold_parcel(
                        self.state, one, received_at=self.now
                    )
                case None:
                    self.state = fold_deletion(
                        self.state, received_at=self.now
                    )
        return self._plan(told=True, changed=self.state != before)

    def look(self) -> Changes:
        """Plan once more, without anything told."""
        return self._plan(told=False, changed=False)

    def edit(self, text: str, name: str = "shop-target") -> None:
        """Put another text in force; plans nothing by itself."""
        self.mapping = mapping(text, name)
        self.versions[self.mapping.hash] = self.mapping

    def put(self, rule: str, **changes: Any) -> None:
        """Change the newest delivery of a rule, as a worker may."""
        delivery = self.newest(rule)
        after = replace(delivery, **{"updated_at": self.now, **changes})
        self._keep(replace(after, version=delivery.version + 1))

    def succeed(self, rule: str, **links: str) -> None:
        """Send the newest delivery of a rule, and look again."""
        delivery = self.newest(rule)
        assert delivery.state in UNSENT | {S.SENDING, S.UNCERTAIN}
        found = self.mapping.rule(rule)
        assert found is not None
        scene = document(self.state, links=self.links)
        request = rendered(self.mapping, found, scene)
        self.put(
            rule,
            state=S.SUCCEEDED,
            reason=None,
            mapping_hash=self.mapping.hash,
            request={
                "method": request.method,
                "path": request.path,
                "body": request.body,
            },
            request_hash=request_hash(request),
        )
        self.links.update(links)
        self.look()

    # -- what there is

    def newest(self, rule: str, kind: Kind | None = None) -> Delivery:
        """Return the newest delivery of a rule."""
        return max(
            (
                d
                for d in self.deliveries
                if d.rule == rule
                and (d.kind is kind or (not kind and d.kind != Kind.CHANGED))
            ),
            key=lambda d: d.id,
        )

    def shown(self) -> list[tuple[str, int, DeliveryState, str | None]]:
        """Return all deliveries: rule, generation, state, reason."""
        return [
            (d.rule, d.generation, d.state, d.reason) for d in self.deliveries
        ]

    def live(self) -> set[tuple[str, DeliveryState, str | None]]:
        """Return what is still to be done: rule, state, reason."""
        return {
            (d.rule, d.state, d.reason)
            for d in self.deliveries
            if d.state in UNSENT
        }

    # -- as a journal would

    def _plan(self, *, told: bool, changed: bool) -> Changes:
        self.now = Instant(self.now + 1_000)
        changes = plan_mapping(
            Case(
                state=self.state,
                mapping=self.mapping,
                since=self.since,
                deliveries=tuple(self.deliveries),
                links=dict(self.links),
                now=self.now,
                told=told,
                changed=changed,
                version=self.versions.get,
            )
        )
        for move in changes.moves:
            self._move(move)
        for add in changes.adds:
            self._add(add)
        return changes

    def _move(self, move: Move) -> None:
        before = next(d for d in self.deliveries if d.id == move.id)
        assert move.version == before.version
        assert move.state in TRANSITIONS[before.state]
        reason = move.reason or Reason(code="")
        self._keep(
            replace(
                before,
                version=before.version + 1,
                state=move.state,
                reason=reason.code or None,
                reason_text=reason.text,
                where=reason.where,
                due_at=move.due_at,
                request=(
                    before.request if move.request is None else move.request
                ),
            )
        )

    def _add(self, new: NewDelivery) -> None:
        key = (new.effect_key, new.generation)
        assert key not in {
            (d.effect_key, d.generation) for d in self.deliveries
        }
        reason = new.reason or Reason(code="")
        names = set(NewDelivery.__dataclass_fields__) - {"reason"}
        self.deliveries.append(
            Delivery(
                **{name: getattr(new, name) for name in names},
                id=DeliveryId(len(self.deliveries) + 1),
                reason=reason.code or None,
                reason_text=reason.text,
                where=reason.where,
                fence=0,
                owner=None,
                lease_until=None,
                attempts=0,
                claims=0,
                version=1,
                request_hash=None,
                forced=False,
                live_since=self.now,
                created_at=self.now,
                updated_at=self.now,
            )
        )

    def _keep(self, after: Delivery) -> None:
        self.deliveries = [
            after if d.id == after.id else d for d in self.deliveries
        ]


def created(text: str = RAYO, store: Store = WOO) -> Desk:
    """Return the desk of a paid order that was created."""
    desk = Desk(text, store=store)
    desk.tell(paid(1))
    desk.succeed("create", rayo_order=REF)
    return desk


NOTHING = Changes()
PENDING_CREATE = ("create", 1, S.PENDING, None)
CREATED = ("create", 1, S.SUCCEEDED, None)
ASKED = ("cancelled", 1, S.HELD, "asked")

# ------------------------------------------------------------ once or again


def test_unpaid_order_asks_for_nothing() -> None:
    """
    While its moment does not hold, a rule plans nothing.
    """
    assert NOTHING == Desk().tell(body(1))


def test_paid_order_is_created_once() -> None:
    """
    A rule that may not be repeated fires once, however often it is told.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.tell(paid(1))
    desk.succeed("create")
    desk.tell(paid(2, note="edited"))

    assert [CREATED] == desk.shown()


def test_condition_must_hold_besides() -> None:
    """
    With nothing to ship there is nothing to create.
    """
    lines = (Line(id="1", sku="PDF", quantity=1),)

    assert NOTHING == Desk().tell(paid(1, lines=lines))


def test_delivery_says_what_it_is() -> None:
    """
    A new delivery has its lane, place, effect key and due time.
    """
    desk = Desk()
    desk.tell(paid(1))
    (delivery,) = desk.deliveries

    assert (
        "rayo/create_order/shop/5678",
        "rayo/shop/5678",
        "shop-target/001/000001",
        "create_order",
        Kind.CALL,
        False,
        True,
        desk.now,
        desk.mapping.hash,
    ) == (
        delivery.effect_key,
        delivery.lane,
        delivery.place,
        delivery.operation,
        delivery.kind,
        delivery.repeatable,
        delivery.blocks,
        delivery.due_at,
        delivery.mapping_hash,
    )


def test_equal_repeatable_costs_nothing() -> None:
    """
    A call that would say the same again is not planned again.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.succeed("ready")

    assert NOTHING == desk.tell(paid(2, note="edited"))
    assert NOTHING == desk.tell(paid(2, note="edited"))


def test_other_repeatable_is_the_next_generation() -> None:
    """
    A call that would say something else is made again.
    """
    desk = created()
    desk.tell(paid(2, parcels=(parcel("A"),)))
    desk.succeed("tracking")
    desk.tell(paid(3, parcels=(parcel("A"), parcel("B"))))

    assert [
        CREATED,
        ("tracking", 1, S.SUCCEEDED, None),
        ("tracking", 2, S.PENDING, None),
    ] == desk.shown()


def test_unsent_repeatable_is_not_planned_twice() -> None:
    """
    What was not sent yet is rendered when it is: one delivery is enough.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1, parcels=(parcel("A"),)))

    assert NOTHING == desk.tell(paid(2, parcels=(parcel("A", carrier="DHL"),)))


@pytest.mark.parametrize("state", [S.CLAIMED, S.SENDING])
def test_change_while_a_repeatable_is_in_flight(state: DeliveryState) -> None:
    """
    What a worker holds may say the old thing: the new one follows, once.
    """
    desk = created()
    desk.tell(paid(2, parcels=(parcel("A"),)))
    desk.put("tracking", state=state)
    desk.tell(paid(3, parcels=(parcel("B"),)))
    desk.tell(paid(3, parcels=(parcel("B"),)))

    assert [
        CREATED,
        ("tracking", 1, state, None),
        ("tracking", 2, S.PENDING, None),
    ] == desk.shown()


def test_second_look_sends_nothing_again() -> None:
    """
    A look that nothing was told for does not repeat what was done.
    """
    desk = created()
    desk.tell(paid(2, parcels=(parcel(),)))
    desk.succeed("tracking")

    assert NOTHING == desk.look()


def test_dead_repeatable_is_superseded_by_a_newer_order() -> None:
    """
    What was refused is tried again once the order says something else.
    """
    desk = created()
    desk.tell(paid(2, parcels=(parcel("A"),)))
    desk.succeed("tracking")
    desk.put("tracking", state=S.DEAD, request_hash=None)

    assert NOTHING == desk.tell(paid(3, parcels=(parcel("A"),), note="x"))
    assert NOTHING == desk.look()

    desk.tell(paid(4, parcels=(parcel("B"),)))

    assert [
        CREATED,
        ("tracking", 1, S.SUPERSEDED, "newer_order"),
        ("tracking", 2, S.PENDING, None),
    ] == desk.shown()


def test_dead_create_is_not_tried_again() -> None:
    """
    A create that was refused waits for a person, whatever changes.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=S.DEAD, reason="http_422")

    assert NOTHING == desk.tell(paid(2, note="edited"))


def test_persons_cancel_of_a_create_stays() -> None:
    """
    A create that a person withdrew does not come back.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=S.CANCELLED, reason="operator")

    assert NOTHING == desk.tell(paid(2, note="edited"))


def test_persons_cancel_of_a_repeatable_stays() -> None:
    """
    A call that a person withdrew unsent does not come back.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", state=S.CANCELLED, reason="operator")

    assert NOTHING == desk.tell(paid(2, note="edited"))


def test_persons_cancel_of_a_request_is_for_that_request() -> None:
    """
    A refused request that a person withdrew stays; another one is made.
    """
    desk = created()
    desk.tell(paid(2, parcels=(parcel("A"),)))
    desk.succeed("tracking")
    desk.put(
        "tracking", state=S.CANCELLED, reason="operator", request_hash=None
    )

    assert NOTHING == desk.tell(paid(3, parcels=(parcel("A"),), note="x"))

    desk.tell(paid(4, parcels=(parcel("B"),)))

    assert {("tracking", S.PENDING, None)} == desk.live()


def test_settled_by_a_person_is_told_of_a_newer_order() -> None:
    """
    What a person marked as done is sent again when the order changes.
    """
    desk = created()
    desk.tell(paid(2, parcels=(parcel("A"),)))
    desk.put("tracking", state=S.SUCCEEDED, reason="operator")

    assert NOTHING == desk.look()

    desk.tell(paid(3, parcels=(parcel("B"),)))

    assert {("tracking", S.PENDING, None)} == desk.live()


# -------------------------------------------------------------- forward only


def test_passed_rule_is_sent_once_before() -> None:
    """
    An order first seen shipped tells both, the earlier one first.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1, parcels=(parcel(),)))

    assert [
        ("ready", 1, S.PENDING, None),
        ("shipped", 1, S.PENDING, None),
    ] == desk.shown()
    assert desk.newest("ready").place < desk.newest("shipped").place


def test_passed_rule_never_comes_again() -> None:
    """
    A price edit after shipping does not set the order back.
    """
    desk = Desk(EVERY)
    desk.links["every_order"] = "7"
    desk.tell(paid(1))
    desk.succeed("create")
    desk.succeed("confirm")
    desk.tell(paid(2, parcels=(parcel(),)))
    desk.succeed("shipped")

    assert NOTHING == desk.tell(paid(3, parcels=(parcel(),), total="90.00"))


def test_passed_rule_is_not_sent_after_the_later_one() -> None:
    """
    Where the later one went, an earlier one that never fired stays away.
    """
    desk = Desk(YUJU)
    desk.tell(body(1, parcels=(parcel(),)))
    desk.succeed("shipped")

    assert NOTHING == desk.tell(paid(2, parcels=(parcel(),)))


def test_passed_rule_that_was_held_is_superseded() -> None:
    """
    One that was held while the later one went is not sent after it.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", state=S.HELD, reason="value_missing")
    desk.tell(paid(2, parcels=(parcel(),)))
    desk.succeed("shipped")
    desk.tell(paid(3, parcels=(parcel(),), note="mended"))

    assert ("ready", 1, S.SUPERSEDED, "newer_order") in desk.shown()


def test_passed_rule_wakes_before_the_later_one() -> None:
    """
    A held one of which the cause is mended still goes first.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", state=S.HELD, reason="value_missing")
    desk.tell(paid(2, parcels=(parcel(),)))

    assert [
        ("ready", 1, S.PENDING, None),
        ("shipped", 1, S.PENDING, None),
    ] == desk.shown()


def test_passed_rule_is_planned_again_after_a_cancel() -> None:
    """
    What a cancel withdrew is planned again, also when it has been passed.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.tell(cancelled(2))
    desk.tell(paid(3, parcels=(parcel(),)))

    assert {
        ("ready", S.PENDING, None),
        ("shipped", S.PENDING, None),
    } == desk.live()


def test_after_a_cancel_only_its_rules_are_planned() -> None:
    """
    A cancelled order is neither created nor tracked.
    """
    desk = Desk(YUJU)
    desk.tell(
        body(1, cancelled=True, payment=Payment.PAID, parcels=(parcel(),))
    )

    assert [("cancelled", 1, S.PENDING, None)] == desk.shown()


def test_refund_after_a_cancel_is_told() -> None:
    """
    A rule for refunds holds for a cancelled order too.
    """
    text = RAYO.replace("when: cancelled", "when: refunded")
    desk = created(text)
    desk.tell(cancelled(2, payment=Payment.REFUNDED))

    assert ("cancelled", S.HELD, "asked") in desk.live()


# ---------------------------------------------------------------- cancelled


@pytest.mark.parametrize(
    "state", [S.PENDING, S.HELD, S.WAITING, S.CLAIMED, S.DEAD]
)
def test_cancel_withdraws_what_was_not_sent(state: DeliveryState) -> None:
    """
    What is not on the wire is withdrawn, from a worker's hands too.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", state=state)
    desk.tell(cancelled(2))

    assert ("ready", 1, S.CANCELLED, "order_cancelled") in desk.shown()


@pytest.mark.parametrize("state", [S.SENDING, S.SETTLING, S.UNCERTAIN])
def test_cancel_leaves_what_may_be_sent(state: DeliveryState) -> None:
    """
    What may be on the wire is not called never sent.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", state=state)
    desk.tell(cancelled(2))

    assert ("ready", 1, state, None) in desk.shown()


def test_what_a_person_sent_again_is_not_withdrawn() -> None:
    """
    A redelivery stands above the order's cancel.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", forced=True)
    desk.tell(cancelled(2))

    assert ("ready", 1, S.PENDING, None) in desk.shown()


def test_cancel_after_the_create_asks_a_person() -> None:
    """
    The question names the order at the target, and only the order's number.
    """
    desk = created()
    desk.tell(cancelled(2))
    asked = desk.newest("cancelled")
    line = RAYO.splitlines().index("  cancelled:") + 1

    assert [CREATED, ASKED] == desk.shown()
    assert (
        Kind.ASK,
        False,
        f"Stop {REF} with the warehouse (order #1001).",
        {"file": "mappings/shop-target.yaml", "line": line},
    ) == (asked.kind, asked.blocks, asked.reason_text, asked.where)


@pytest.mark.parametrize(
    "state", [S.PENDING, S.HELD, S.WAITING, S.CLAIMED, S.DEAD]
)
def test_question_about_a_create_that_never_went_out(
    state: DeliveryState,
) -> None:
    """
    Nobody is asked to stop what was never created.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=state)
    desk.tell(cancelled(2))
    desk.look()

    assert [
        ("create", 1, S.CANCELLED, "order_cancelled"),
        ("cancelled", 1, S.CANCELLED, "never_created"),
    ] == desk.shown()


@pytest.mark.parametrize("store", STORES)
def test_cancel_before_the_create(store: Store) -> None:
    """
    An order cancelled before it was paid is never created, nor asked about.
    """
    desk = Desk(store=store)
    desk.tell(body(1))
    desk.tell(cancelled(2))
    desk.look()

    assert [] == desk.shown()


def test_cancel_seen_before_the_payment() -> None:
    """
    On Shopify a body that shows it paid, come late, creates nothing.
    """
    desk = Desk(store=SHOPIFY)
    desk.tell(cancelled(2))
    desk.tell(paid(1))
    desk.tell(paid(3))

    assert [] == desk.shown()


def test_question_where_the_bridge_creates_nothing() -> None:
    """
    A mapping without a create asks: what is there came by another way.
    """
    text = (
        YUJU.partition("  cancelled:")[0] + RAYO[RAYO.index("  cancelled:") :]
    )
    desk = Desk(text.replace("{links.rayo_order}", "it"))
    desk.tell(cancelled(1))

    assert [ASKED] == desk.shown()


@pytest.mark.parametrize("state", [S.SENDING, S.UNCERTAIN, S.SETTLING])
def test_question_waits_while_the_create_is_in_flight(
    state: DeliveryState,
) -> None:
    """
    It is asked once it is known whether there is anything to stop.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=state)

    assert NOTHING == desk.tell(cancelled(2))

    desk.put("create", state=S.SUCCEEDED)
    desk.look()

    assert [CREATED, ASKED] == desk.shown()


def test_question_is_not_asked_when_the_create_failed_after_all() -> None:
    """
    A create in flight that was refused leaves nothing to stop.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=S.SENDING)
    desk.tell(cancelled(2))
    desk.put("create", state=S.DEAD, reason="http_422")
    desk.look()

    assert ("cancelled", 1, S.CANCELLED, "never_created") in desk.shown()
    assert set() == desk.live()


def test_question_waits_for_what_a_person_sent_again() -> None:
    """
    A create that a person made due will go out: it is asked afterwards.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", forced=True)

    assert NOTHING == desk.tell(cancelled(2))

    desk.put("create", state=S.SUCCEEDED, forced=False)
    desk.look()

    assert [CREATED, ASKED] == desk.shown()


def test_question_of_a_create_under_an_older_name() -> None:
    """
    Renaming the create's rule does not hide what it had created.
    """
    desk = created()
    desk.edit(RAYO.replace("  create:", "  make:"))
    desk.tell(cancelled(2))

    assert [CREATED, ASKED] == desk.shown()


def test_question_about_an_older_name_that_never_went_out() -> None:
    """
    Nor does it ask about what it had not created.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.edit(RAYO.replace("  create:", "  make:"))
    desk.tell(cancelled(2))

    assert ("cancelled", 1, S.CANCELLED, "never_created") in desk.shown()
    assert set() == desk.live()


def test_persons_answer_to_a_question_stays() -> None:
    """
    A question that was answered or put aside is not put again.
    """
    for state in (S.SUCCEEDED, S.CANCELLED):
        desk = created()
        desk.tell(cancelled(2))
        desk.put("cancelled", state=state, reason="operator")

        assert NOTHING == desk.tell(cancelled(3, note="edited"))


# -------------------------------------------------------------- it came back


def test_what_was_withdrawn_is_planned_again() -> None:
    """
    A WooCommerce order that comes back is created after all, once.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.tell(cancelled(2))
    desk.tell(paid(3))
    desk.tell(paid(4))

    assert {("create", S.PENDING, None)} == desk.live()
    assert 2 == desk.newest("create").generation


def test_question_is_withdrawn_when_the_order_comes_back() -> None:
    """
    Nobody needs to stop an order that goes on; the create is not repeated.
    """
    desk = created()
    desk.tell(cancelled(2))
    desk.tell(paid(3))

    assert [
        CREATED,
        ("cancelled", 1, S.CANCELLED, "order_came_back"),
    ] == desk.shown()


def test_question_is_put_again_at_a_second_cancel() -> None:
    """
    Cancelled once more, it is asked once more.
    """
    desk = created()
    desk.tell(cancelled(2))
    desk.tell(paid(3))
    desk.tell(cancelled(4))

    assert {("cancelled", S.HELD, "asked")} == desk.live()


def came_back(*told: Snapshot) -> Desk:
    """Return the desk of an order of which the target heard the cancel."""
    desk = Desk(YUJU)
    for one in told:
        desk.tell(one)
        for delivery in desk.deliveries:
            if delivery.state is S.PENDING:
                desk.succeed(delivery.rule)
    desk.tell(paid(9))
    return desk


HELD_READY = {("ready", S.HELD, "came_back")}


@pytest.mark.parametrize(
    "told",
    [(paid(1), cancelled(2)), (cancelled(2),), (body(1), cancelled(2))],
)
def test_target_heard_of_the_cancel(told: tuple[Snapshot, ...]) -> None:
    """
    Where a cancel was applied, a person is asked before it goes on.
    """
    desk = came_back(*told)

    assert HELD_READY == desk.live()
    assert NOTHING == desk.tell(paid(10, note="edited"))


def test_withdrawn_and_the_target_heard_of_the_cancel() -> None:
    """
    It is asked as well about what the cancel had withdrawn unsent.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.tell(cancelled(2))
    desk.succeed("cancelled")
    desk.tell(paid(3))

    assert HELD_READY == desk.live()


def test_person_had_stopped_it() -> None:
    """
    Where a person stopped it at the target, a person lets it go on.
    """
    desk = created()
    desk.tell(cancelled(2))
    desk.put("cancelled", state=S.SUCCEEDED, reason="operator")
    desk.tell(paid(3))

    assert {("create", S.HELD, "came_back")} == desk.live()


def test_order_came_back_while_its_cancel_is_sent() -> None:
    """
    A cancel that may be on the wire counts as heard.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.succeed("ready")
    desk.tell(cancelled(2))
    desk.put("cancelled", state=S.SENDING)
    desk.tell(paid(3))

    assert HELD_READY == desk.live()


def test_order_came_back_while_its_cancel_was_only_claimed() -> None:
    """
    A cancel of which not a byte was written is withdrawn; nobody is asked.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.succeed("ready")
    desk.tell(cancelled(2))
    desk.put("cancelled", state=S.CLAIMED)
    desk.tell(paid(3))

    assert ("cancelled", 1, S.CANCELLED, "order_came_back") in desk.shown()
    assert set() == desk.live()


def test_order_came_back_twice() -> None:
    """
    Cancelled again while a person is asked, it is asked again.
    """
    desk = came_back(paid(1), cancelled(2))
    desk.tell(cancelled(11))

    assert set() == desk.live()

    desk.tell(paid(12))

    assert HELD_READY == desk.live()


def test_order_came_back_after_nothing_had_to_be_said() -> None:
    """
    It is asked too when the rule's last word was `unchanged`.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.put("ready", state=S.UNCHANGED)
    desk.tell(cancelled(2))
    desk.succeed("cancelled")
    desk.tell(paid(3))

    assert HELD_READY == desk.live()


def test_refund_after_an_applied_cancel() -> None:
    """
    A refund does not bring an order back: it is told without a question.
    """
    text = YUJU + YUJU[YUJU.index("  cancelled:") :].replace(
        "cancelled:", "refunded:"
    ).replace("when: cancelled", "when: refunded")
    desk = Desk(text)
    desk.tell(cancelled(1))
    desk.succeed("cancelled")
    desk.tell(cancelled(2, payment=Payment.REFUNDED))

    assert ("refunded", S.PENDING, None) in desk.live()


def test_person_lets_it_go_on() -> None:
    """
    Sent again by a person, it is done; no second question comes of it.
    """
    desk = came_back(paid(1), cancelled(2))
    desk.succeed("ready")

    assert NOTHING == desk.tell(paid(10, note="edited"))


def test_person_lets_it_rest() -> None:
    """
    What came back and was withdrawn by a person stays withdrawn.
    """
    desk = came_back(paid(1), cancelled(2))
    desk.put("ready", state=S.CANCELLED, reason="operator")

    assert NOTHING == desk.tell(paid(10, note="edited"))


def test_create_whose_cancel_was_applied() -> None:
    """
    A create is not repeated when the order comes back: a person is asked.
    """
    desk = Desk(EVERY)
    desk.tell(paid(1))
    desk.succeed("create", every_order="7")
    desk.succeed("confirm")
    desk.tell(cancelled(2))
    desk.succeed("cancelled")
    desk.tell(paid(3))

    assert {
        ("create", S.HELD, "came_back"),
        ("confirm", S.HELD, "came_back"),
    } == desk.live()


# -------------------------------------------------- changed after its create

TWO = (Line(id="1", sku="CAFE", quantity=2, ships=True),)
OTHER = (Line(id="1", sku="TE", quantity=1, ships=True),)
MOVED = Address(name="Ana", street="Olmo", city="Zapopan")
CHANGED = ("create", S.HELD, "changed")


@pytest.mark.parametrize(
    ("says", "paths"),
    [
        ({"lines": TWO}, ["productos.0.cantidad"]),
        ({"lines": OTHER}, ["productos.0.identificador"]),
        ({"lines": TWO + OTHER}, ["productos.0.cantidad", "productos.1"]),
        ({"ship_to": MOVED}, ["consumidor_destino.calle"]),
    ],
)
def test_change_after_the_create_asks_a_person(
    says: dict[str, Any], paths: list[str]
) -> None:
    """
    The question names the fields that differ, and no customer's data.
    """
    desk = created()
    desk.tell(paid(2, **says))
    asked = desk.newest("create", Kind.CHANGED)

    assert {CHANGED} == desk.live()
    assert paths == asked.where["fields"]
    assert all(path in asked.reason_text for path in paths)
    assert not asked.blocks
    for value in ("Olmo", "TE", "Ana"):
        assert value not in f"{asked.reason_text}{asked.where}"


def test_change_of_what_was_not_sent_asks_nobody() -> None:
    """
    A note that the create does not carry is no change.
    """
    assert NOTHING == created().tell(paid(2, note="knock twice"))


def test_change_before_the_create_asks_nobody() -> None:
    """
    What was not sent yet is rendered anew.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.tell(paid(2, lines=TWO))

    assert {("create", S.PENDING, None)} == desk.live()


def test_further_change_is_the_same_question() -> None:
    """
    While it is open the question keeps up with the order.
    """
    desk = created()
    desk.tell(paid(2, lines=TWO))
    desk.tell(paid(3, lines=TWO, ship_to=MOVED))
    asked = desk.newest("create", Kind.CHANGED)

    assert {CHANGED} == desk.live()
    assert [
        "consumidor_destino.calle",
        "productos.0.cantidad",
    ] == asked.where["fields"]


def test_changed_back() -> None:
    """
    An order that is again as it was created needs nobody.
    """
    desk = created()
    desk.tell(paid(2, lines=TWO))
    desk.tell(paid(3))

    assert ("create", 1, S.CANCELLED, "changed_back") in desk.shown()
    assert set() == desk.live()


def test_changed_back_and_changed_again() -> None:
    """
    The same change made a second time is asked about a second time.
    """
    desk = created()
    desk.tell(paid(2, lines=TWO))
    desk.tell(paid(3))
    desk.tell(paid(4, lines=TWO))

    assert {CHANGED} == desk.live()


@pytest.mark.parametrize("state", [S.SUCCEEDED, S.CANCELLED])
def test_change_that_a_person_settled(state: DeliveryState) -> None:
    """
    A settled change is not asked about again; another one is.
    """
    desk = created()
    desk.tell(paid(2, lines=TWO))
    asked = desk.newest("create", Kind.CHANGED)
    desk.deliveries.remove(asked)
    desk.deliveries.append(replace(asked, state=state, reason="operator"))

    assert NOTHING == desk.tell(paid(3, lines=TWO, note="edited"))

    desk.tell(paid(4, lines=OTHER))

    assert {CHANGED} == desk.live()


def test_change_is_ignored_where_the_mapping_says_so() -> None:
    """
    `changed: ignore` asks nobody.
    """
    text = RAYO.replace(
        "    call: create_order", "    changed: ignore\n    call: create_order"
    )

    assert NOTHING == created(text).tell(paid(2, lines=TWO))


def test_change_after_shipping_asks_nobody() -> None:
    """
    Once a parcel is on its way, it is too late to change it.
    """
    desk = created()
    desk.tell(paid(2, lines=TWO, parcels=(parcel(),)))

    assert {("tracking", S.PENDING, None)} == desk.live()


@pytest.mark.parametrize(
    "moved_on", [cancelled(3), paid(3, lines=TWO, parcels=(parcel(),))]
)
def test_open_question_ends_when_the_order_moves_on(
    moved_on: Snapshot,
) -> None:
    """
    Shipped or cancelled, the change no longer matters.
    """
    desk = created()
    desk.tell(paid(2, lines=TWO))
    desk.tell(moved_on)

    assert ("create", 1, S.CANCELLED, "order_moved_on") in desk.shown()
    assert CHANGED not in desk.live()


def test_edited_mapping_is_no_change() -> None:
    """
    Today's order is rendered with the mapping version that created it.
    """
    desk = created()
    desk.edit(RAYO.replace("colonia: Centro", "colonia: Norte"))

    assert NOTHING == desk.tell(paid(2, note="edited"))


def test_change_that_can_not_be_rendered_asks() -> None:
    """
    An order that lost what its create needs is a change as well.
    """
    desk = created()
    desk.tell(paid(2, ship_to=Address(name="Ana", street="Roble")))

    assert {CHANGED} == desk.live()


@pytest.mark.parametrize(
    ("told", "today", "paths"),
    [
        ({"a": 1}, {"a": 1}, set()),
        ({"a": 1}, {"a": 2}, {"a"}),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, {"a.b.1"}),
        ({"a": [1]}, {"a": []}, {"a"}),
        ({"a": 1}, {"b": 1}, {"a", "b"}),
    ],
)
def test_differing_paths(told: Any, today: Any, paths: set[str]) -> None:
    """
    Two bodies differ at these paths.
    """
    assert paths == differing_paths(told, today)


# -------------------------------------------------------------------- since


@pytest.mark.parametrize(
    ("told", "ours"),
    [
        ([paid(200, created_at=second(100))], True),
        ([paid(200, created_at=second(99))], False),
        (
            [paid(200, created_at=second(99), paid_since=second(100))],
            True,
        ),
        ([paid(200, created_at=second(9), paid_since=second(99))], False),
        (
            [
                body(50, created_at=second(9)),
                paid(150, created_at=second(9)),
            ],
            True,
        ),
    ],
)
def test_since(told: list[Snapshot], *, ours: bool) -> None:
    """
    An order is ours when it was placed or became paid since then.
    """
    desk = Desk(since=second(100))
    for one in told:
        desk.tell(one)

    assert [PENDING_CREATE] * ours == desk.shown()


def test_ours_stays_ours() -> None:
    """
    A mapping whose `since` is moved on keeps the orders it took on.
    """
    desk = created()
    desk.since = second(10_000)
    desk.tell(cancelled(2))

    assert [CREATED, ASKED] == desk.shown()


def test_ours_stays_ours_under_another_file_name() -> None:
    """
    A renamed file goes on with the orders that it had taken on.
    """
    desk = created()
    desk.edit(RAYO, "renamed")
    desk.since = desk.now
    desk.tell(cancelled(2))

    assert [CREATED, ASKED] == desk.shown()


# ------------------------------------------------- a parcel before its order


def test_parcel_before_its_order_waits() -> None:
    """
    It waits a quarter of an hour for a body of its order.
    """
    desk = Desk()
    desk.tell(parcel())
    (delivery,) = desk.deliveries
    until = Instant(second(1_000) + PATIENCE)

    assert [("tracking", 1, S.WAITING, "order_not_seen")] == desk.shown()
    assert (until, until) == (delivery.due_at, delivery.wait_until)
    assert NOTHING == desk.tell(parcel("B"))


def test_order_after_its_parcel() -> None:
    """
    With its order's body the parcel goes on, after the create.
    """
    desk = Desk()
    desk.tell(parcel())
    desk.tell(paid(1))

    assert {
        ("create", S.PENDING, None),
        ("tracking", S.PENDING, None),
    } == desk.live()


def test_order_after_its_parcel_was_held() -> None:
    """
    It goes on too when a person was already waited for.
    """
    desk = Desk()
    desk.tell(parcel())
    desk.put("tracking", state=S.HELD)
    desk.tell(paid(1))

    assert ("tracking", S.PENDING, None) in desk.live()


def test_parcel_of_an_order_that_is_not_ours() -> None:
    """
    A parcel does not make ours an order that is older than `since`.
    """
    desk = Desk(since=second(100))
    desk.tell(parcel())
    desk.tell(paid(200, created_at=second(9)))
    desk.tell(paid(201, created_at=second(9)))

    assert [("tracking", 1, S.CANCELLED, "not_ours")] == desk.shown()


def test_parcel_asks_nobody_before_its_order() -> None:
    """
    A question about shipping is put when the order is known to be ours.
    """
    text = EVERY.replace("when: fulfilled", "when: shipped")
    desk = Desk(text, since=second(100))
    desk.tell(parcel())

    assert ("sent", S.HELD, "asked") not in desk.live()

    desk.tell(paid(200, created_at=second(9)))

    assert set() == desk.live()


def test_parcel_before_its_order_whose_rule_needs_the_order() -> None:
    """
    A condition over the order does not hide the parcel that waits for it.
    """
    text = RAYO.replace(
        "parcels[?tracking_number]\n    call", "lines\n    call"
    )
    desk = Desk(text)
    desk.tell(parcel())

    assert {("tracking", S.WAITING, "order_not_seen")} == desk.live()


# -------------------------------------------------------------------- waking


def test_held_is_rendered_anew_when_the_order_changes() -> None:
    """
    A missing value may be there now.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=S.HELD, reason="value_missing")

    assert NOTHING == desk.tell(paid(1))

    desk.tell(paid(2))

    assert [PENDING_CREATE] == desk.shown()


def test_arrival_of_a_link_wakes() -> None:
    """
    What was held for a link goes on when the link is known.
    """
    desk = created()
    desk.links.clear()
    desk.tell(paid(2, parcels=(parcel(),)))
    desk.put(
        "tracking",
        state=S.HELD,
        reason="link_missing",
        where={"link": "rayo_order"},
    )

    assert NOTHING == desk.look()

    desk.links["rayo_order"] = REF
    desk.look()

    assert {("tracking", S.PENDING, None)} == desk.live()


def test_due_no_longer() -> None:
    """
    What its order no longer asks for is withdrawn, and planned when it does.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.tell(paid(2, on_hold=True))

    assert [("create", 1, S.CANCELLED, "not_due")] == desk.shown()

    desk.tell(paid(3))

    assert {("create", S.PENDING, None)} == desk.live()


# ------------------------------------------------------- the file is edited


@pytest.mark.parametrize("state", sorted(UNSENT))
def test_removed_rule_withdraws(state: DeliveryState) -> None:
    """
    A rule that is no longer in the file withdraws what it had not sent.
    """
    desk = created()
    desk.tell(paid(2, parcels=(parcel(),)))
    desk.put("tracking", state=state)
    desk.edit(RAYO.partition("  tracking:")[0])
    desk.look()

    assert ("tracking", 1, S.CANCELLED, "rule_removed") in desk.shown()


def test_renamed_file_creates_nothing_anew() -> None:
    """
    A create is done once, whatever the file is called.
    """
    desk = created()
    desk.edit(RAYO, "renamed")

    assert NOTHING == desk.tell(paid(2, note="edited"))


def test_renamed_rule_creates_nothing_anew() -> None:
    """
    A create is done once, whatever the rule is called.
    """
    desk = created()
    desk.edit(RAYO.replace("  create:", "  make:"))

    assert NOTHING == desk.tell(paid(2, note="edited"))


@pytest.mark.parametrize("state", sorted(UNSENT))
def test_renamed_rule_takes_over_what_was_not_sent(
    state: DeliveryState,
) -> None:
    """
    What the old name had not sent is sent under the new one, once.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=state, reason="value_missing")
    desk.edit(RAYO.replace("  create:", "  make:"))
    desk.tell(paid(2, note="edited"))

    assert [
        ("create", 1, S.CANCELLED, "rule_removed"),
        ("make", 2, S.PENDING, None),
    ] == desk.shown()


def test_edited_rule_plans_nothing_by_itself() -> None:
    """
    An edited body is told with the order's next event, not before.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.succeed("ready")
    desk.edit(YUJU.replace("id_channel: 1", "id_channel: 2"))

    assert NOTHING == desk.look()

    desk.tell(paid(1))

    assert {("ready", S.PENDING, None)} == desk.live()


# --------------------------------------------------------------- properties

MAPPINGS = [mapping(text) for text in (RAYO, YUJU, EVERY)]
LINES = (Line(id="1", sku="CAFE", quantity=1, ships=True),)
SHIP_TO = Address(name="Ana", street="Roble", city="Zapopan")


def complete(telling: Telling) -> Telling:
    """Return *telling* with lines and an address in its body."""
    if not isinstance(telling.what, Snapshot):
        return telling
    return replace(
        telling, what=replace(telling.what, lines=LINES, ship_to=SHIP_TO)
    )


complete_tellings = st.lists(tellings.map(complete), max_size=5)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(STORES),
    st.sampled_from(MAPPINGS),
    complete_tellings,
    st.data(),
)
def test_any_arrival_ends_in_the_same_plan(
    store: Store, chosen: Mapping, told: list[Telling], data: st.DataObject
) -> None:
    """
    In any order and however often they come, they make the same plan.
    """
    arrived = data.draw(st.permutations([*told, *told[:2]]))
    here, there = nothing(store), nothing(store)
    for telling in told:
        here = telling.fold(here)
    for telling in arrived:
        there = telling.fold(there)
    links = {"rayo_order": REF, "every_order": "7"}

    assert foresee(chosen, here, links=links) == foresee(
        chosen, there, links=links
    )


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(STORES),
    st.sampled_from([RAYO, YUJU, EVERY]),
    complete_tellings,
)
def test_step_by_step_is_as_from_scratch(
    store: Store, text: str, told: list[Telling]
) -> None:
    """
    While nothing was sent, planning at each webhook ends as planning once.
    """
    desk = Desk(text, store=store)
    for telling in told:
        before = desk.state
        desk.state = telling.fold(desk.state)
        desk._plan(told=True, changed=desk.state != before)  # noqa: SLF001
    foreseen = {
        found.rule
        for found in foresee(desk.mapping, desk.state)
        if found.reason is None or found.reason.code != "never_created"
    }

    assert foreseen == {rule for rule, _state, _reason in desk.live()}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(STORES),
    st.sampled_from([RAYO, YUJU, EVERY]),
    complete_tellings,
    st.data(),
)
def test_once_is_once(
    store: Store, text: str, told: list[Telling], data: st.DataObject
) -> None:
    """
    Whatever is told and whenever calls go out, no create goes out twice.
    """
    desk = Desk(text, store=store)
    desk.links.update(rayo_order=REF, every_order="7")
    for telling in told:
        before = desk.state
        desk.state = telling.fold(desk.state)
        desk._plan(told=True, changed=desk.state != before)  # noqa: SLF001
        for delivery in desk.deliveries:
            if delivery.state is S.PENDING and data.draw(st.booleans()):
                state = data.draw(
                    st.sampled_from([S.SUCCEEDED, S.UNCERTAIN, S.SENDING])
                )
                desk.put(delivery.rule, state=state)
    creates = [
        delivery
        for delivery in desk.deliveries
        if delivery.operation == "create_order"
        and delivery.state not in {S.CANCELLED, S.HELD}
    ]

    assert len(creates) <= 1


class Worked(Desk):
    """A desk with a worker, and a target that takes one call at a time."""

    def __init__(self, store: Store) -> None:
        super().__init__(YUJU, store=store)
        self.status: str | None = None

    def step(self) -> bool:
        """End the call under way, or begin the next; False without one."""
        ahead = [d for d in self.deliveries if d.state in UNSENT | {S.SENDING}]
        head = min(ahead, key=lambda d: d.place, default=None)
        if any(d.state is S.SENDING for d in ahead):
            self._end(next(d for d in ahead if d.state is S.SENDING))
        elif head is None or head.state is not S.PENDING:
            return False
        else:
            self._begin(head)
        return True

    def _begin(self, head: Delivery) -> None:
        rule = self.mapping.rule(head.rule)
        assert rule is not None
        if not moments(self.state)[rule.when]:
            self._settle(head, state=S.CANCELLED, reason="not_due")
            return
        request = rendered(self.mapping, rule, document(self.state))
        digest = request_hash(request)
        if digest in {d.request_hash for d in self.deliveries}:
            self._settle(head, state=S.UNCHANGED, reason="unchanged")
            return
        kept = {
            "method": request.method,
            "path": request.path,
            "body": request.body,
        }
        self._keep(
            replace(
                head, state=S.SENDING, request=kept, version=head.version + 1
            )
        )

    def _end(self, sent: Delivery) -> None:
        self.status = sent.request["body"]["status"]
        digest = request_hash(
            Request(
                operation="set_status",
                method=sent.request["method"],
                path=sent.request["path"],
                body=sent.request["body"],
            )
        )
        self.deliveries = [
            replace(d, request_hash=None) for d in self.deliveries
        ]
        self._settle(sent, state=S.SUCCEEDED, request_hash=digest)

    def _settle(self, before: Delivery, **changes: Any) -> None:
        after = replace(before, updated_at=self.now, **changes)
        self._keep(replace(after, version=before.version + 1))
        self.look()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(STORES), complete_tellings, st.data())
def test_target_ends_in_the_newest_state(
    store: Store, told: list[Telling], data: st.DataObject
) -> None:
    """
    However calls and webhooks interleave, the target ends as the order is.

    But where a person is asked, or the order asks for nothing any more.
    """
    desk = Worked(store)
    for telling in told:
        before = desk.state
        desk.state = telling.fold(desk.state)
        desk._plan(told=True, changed=desk.state != before)  # noqa: SLF001
        for _ in range(data.draw(st.integers(0, 3))):
            desk.step()
    while desk.step():
        pass
    wanted = [
        found.request.body["status"]
        for found in foresee(desk.mapping, desk.state)
        if found.request is not None
    ]

    assert {S.HELD, S.WAITING} >= {state for _, state, _ in desk.live()}
    if wanted and not desk.live():
        assert wanted[-1] == desk.status
