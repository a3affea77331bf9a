"""What holds of plans whatever is told, in whatever order."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.mapping.document import Mapping
from bridge.mapping.preview import foresee, rendered
from bridge.mapping.render import request_hash
from bridge.model import (
    UNSENT,
    Delivery,
    Request,
)
from bridge.orders.document import document, moments
from bridge.orders.order import (
    Address,
    Line,
    Snapshot,
)
from bridge.sources.platform import Store
from tests.mapping.plan.desk import (
    EVERY,
    RAYO,
    REF,
    YUJU,
    Desk,
    S,
    mapping,
)
from tests.orders.test_fold import (
    STORES,
    Telling,
    nothing,
    tellings,
)

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
        self.moves += 1
        after = replace(
            before, updated_at=self.now, moved=self.moves, **changes
        )
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
