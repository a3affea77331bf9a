"""One order, one small mapping, and a journal and a worker for them."""

from dataclasses import replace
from typing import Any

from bridge.lifecycle import TRANSITIONS
from bridge.mapping.compiler import compile_mapping
from bridge.mapping.document import Mapping, Surroundings
from bridge.mapping.plan import (
    Case,
    Changes,
    plan_mapping,
)
from bridge.mapping.preview import rendered
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
)
from bridge.orders.document import document
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
    WOO,
    nothing,
    second,
    snapshot,
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
        self.moves = 0
        self.unseen_until: Instant | None = None

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
        self.moves += 1
        after = replace(
            delivery,
            **{"updated_at": self.now, "moved": self.moves, **changes},
        )
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
                unseen_until=self.unseen_until,
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
