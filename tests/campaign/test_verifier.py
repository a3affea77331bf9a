"""The verifier itself, against histories that were forged."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_json

from bench.campaign.histories import (
    ARRIVALS,
    ASKED,
    DECISIONS,
    EXISTS,
    SENT,
    VISIBLE,
    Arrival,
    Decision,
    History,
    Sent,
    Shown,
    Sight,
    instant,
    line_of,
    read_arrivals,
    read_history,
    sight_lines,
)
from bench.campaign.verifier import (
    Bars,
    Kind,
    judge,
    most_in_a_second,
    told,
)

ROOT = Path(__file__).parents[2]
END = 1_000_000


def sent(version: int, kind: str = "paid", **fields: Any) -> Sent:
    """Return an acknowledged webhook of order 1."""
    given = {
        "webhook": f"w{version}",
        "order": "1",
        "sha": f"s{version}",
        "acked": True,
        "at": version * 1000,
        **fields,
    }
    return Sent(version=version, kind=kind, **given)


def create(at: int = 1500, **fields: Any) -> Arrival:
    """Return a create of order 1 at Rayo that was applied."""
    given = {"order": "1", "applied": True, "target": "rayo", **fields}
    return Arrival(operation="create_order", t=float(at), at=at, **given)


def state(at: int, value: str, target: str = "rayo") -> Arrival:
    """Return a change of order 1's state that was applied."""
    operation = "set_status" if target == "yuju" else "update_delivery"
    return Arrival(
        target=target,
        operation=operation,
        t=float(at),
        at=at,
        order="1",
        state=value,
        applied=True,
    )


def shown(id: int = 1, state: str = "succeeded", **fields: Any) -> Shown:
    """Return a delivery of order 1 at Rayo, as the admin API shows it."""
    given = {
        "order": "1",
        "target": "rayo",
        "operation": "create_order",
        **fields,
    }
    return Shown(id=id, state=state, **given)


def decision(at: int, decision: str, was: str = "uncertain") -> Decision:
    """Return a decision about order 1's create at Rayo."""
    return Decision(
        order="1",
        target="rayo",
        operation="create_order",
        was=was,
        decision=decision,
        at=at,
    )


PAID = sent(1, wants={"rayo": EXISTS})
SHIPPED = sent(2, "fulfilled", wants={"rayo": "T1"})
BOTH = sent(3, "fulfilled", wants={"rayo": "T1, T2"})
CANCELLED = sent(4, "cancelled", wants={"rayo": ASKED})


def history(*tellings: Sent, **fields: Any) -> History:
    """Return a history in which every acknowledged webhook was kept."""
    given = dict(fields)
    deliveries = given.pop("deliveries", (shown(),))
    paused = given.pop("paused", frozenset())
    events = given.pop("events", {"planned": len(tellings)})
    shas = given.pop("shas", [one.sha for one in tellings if one.acked])
    sight = Sight(
        at=END,
        deliveries=deliveries,
        events=events,
        shas=shas,
        paused=paused,
    )
    return History(sent=tellings, sight=sight, **given)


def kinds(history: History, bars: Bars | None = None) -> set[Kind]:
    """Return the kinds of what is found."""
    return {one.kind for one in judge(history, bars).findings}


GOOD = history(PAID, SHIPPED, BOTH, arrivals=[create(), state(2500, "T1, T2")])

CLEAN: Mapping[str, History] = {
    "nothing at all": history(deliveries=()),
    "a whole life": GOOD,
    "every state, one after the other": history(
        PAID,
        SHIPPED,
        BOTH,
        arrivals=[create(), state(2500, "T1"), state(3500, "T1, T2")],
    ),
    "webhooks came backwards": history(
        BOTH, PAID, arrivals=[create(), state(2500, "T1, T2")]
    ),
    "a cancel before the create": history(
        PAID, CANCELLED, deliveries=[shown(state="cancelled")]
    ),
    "a cancel after the create, and a person is asked": history(
        PAID,
        CANCELLED,
        arrivals=[create()],
        deliveries=[
            shown(),
            shown(2, "held", operation="ask", attention=True),
        ],
    ),
    "not acknowledged, and not there": history(
        replace(PAID, acked=False), deliveries=()
    ),
    "not acknowledged, and done all the same": history(
        replace(PAID, acked=False), arrivals=[create()], shas=["s1"]
    ),
    "a newer one was taken without an acknowledgement": history(
        PAID,
        SHIPPED,
        replace(BOTH, acked=False),
        arrivals=[create(), state(2500, "T1, T2")],
        shas=["s1", "s2", "s3"],
    ),
    "an uncertain create waits for a person": history(
        PAID,
        arrivals=[replace(create(), applied=False)],
        deliveries=[shown(state="uncertain", attention=True)],
    ),
    "a pending one is due later": history(
        PAID, deliveries=[shown(state="pending", due_at=END + 5000)]
    ),
    "one that is overdue waits behind an uncertain one": history(
        PAID,
        SHIPPED,
        arrivals=[create()],
        deliveries=[
            shown(state="uncertain", attention=True),
            shown(
                2, "pending", operation="update_delivery", due_at=END - 900_000
            ),
        ],
    ),
    "overdue at a target that is paused": history(
        PAID,
        deliveries=[shown(state="pending", due_at=END - 900_000)],
        paused=frozenset({"rayo"}),
    ),
    "created twice, and an operator had decided so": history(
        PAID,
        arrivals=[create(1500), create(9000)],
        decisions=[decision(8000, "resend")],
    ),
    "sent again after a create that was not applied": history(
        PAID,
        arrivals=[replace(create(), applied=False), create(9000)],
        decisions=[decision(8000, "resend")],
    ),
    "an older state was applied after a newer one, and mended": history(
        PAID,
        SHIPPED,
        BOTH,
        arrivals=[
            create(),
            state(2500, "T1, T2"),
            state(3500, "T1"),
            state(4500, "T1, T2"),
        ],
    ),
    "a state that came back by itself": history(
        PAID,
        SHIPPED,
        BOTH,
        sent(5, "fulfilled", wants={"rayo": "T1"}),
        arrivals=[
            create(),
            state(2500, "T1"),
            state(3500, "T1, T2"),
            state(4500, "T1"),
        ],
    ),
    "an earlier rule's call, before the later one's": history(
        PAID,
        sent(5, "fulfilled", wants={"rayo": "T2"}, passes={"rayo": "T1"}),
        arrivals=[create(), state(2500, "T1"), state(3500, "T2")],
    ),
    "two a second, exactly": history(
        sent(1, wants={"yuju": "ready_to_ship"}),
        sent(2, wants={"yuju": "shipped"}),
        arrivals=[
            state(1000, "ready_to_ship", "yuju"),
            state(1500, "ready_to_ship", "yuju"),
            state(2000, "shipped", "yuju"),
        ],
        deliveries=(),
    ),
    "one falsely uncertain, among so few": history(
        PAID,
        arrivals=[create(9000)],
        decisions=[decision(8000, "resend")],
    ),
}
FORGED: Mapping[str, tuple[Kind, History]] = {
    "acknowledged, and its order is nowhere": (
        Kind.LOST,
        history(PAID, deliveries=()),
    ),
    "acknowledged, and its event is not kept": (
        Kind.LOST,
        replace(GOOD, sight=replace(GOOD.sight, shas=["s1", "s3"])),
    ),
    "acknowledged, and kept with another body": (
        Kind.LOST,
        replace(GOOD, sight=replace(GOOD.sight, shas=["s1", "s2", "other"])),
    ),
    "two alike acknowledged, and one kept": (
        Kind.LOST,
        history(
            PAID,
            replace(PAID, webhook="again"),
            arrivals=[create()],
            shas=["s1"],
        ),
    ),
    "fewer events shown than acknowledged": (
        Kind.LOST,
        history(
            PAID,
            SHIPPED,
            BOTH,
            arrivals=GOOD.arrivals,
            shas=None,
            events={"planned": 2},
        ),
    ),
    "the create was only tried": (
        Kind.LOST,
        history(
            PAID, arrivals=[replace(create(), applied=False)], deliveries=()
        ),
    ),
    "only a person's question is left of it": (
        Kind.LOST,
        history(
            PAID,
            deliveries=[shown(state="held", operation="ask", attention=True)],
        ),
    ),
    "a cancel after the create, and nobody is asked": (
        Kind.DIVERGED,
        history(PAID, CANCELLED, arrivals=[create()]),
    ),
    "created twice": (
        Kind.DUPLICATED,
        history(PAID, arrivals=[create(1500), create(1600)]),
    ),
    "created three times, one of them approved": (
        Kind.DUPLICATED,
        history(
            PAID,
            arrivals=[create(1500), create(9000), create(9500)],
            decisions=[decision(8000, "resend")],
        ),
    ),
    "created twice, and approved afterwards": (
        Kind.DUPLICATED,
        history(
            PAID,
            arrivals=[create(1500), create(1600)],
            decisions=[decision(8000, "resend")],
        ),
    ),
    "created twice, and decided that it exists": (
        Kind.DUPLICATED,
        history(
            PAID,
            arrivals=[create(1500), create(9000)],
            decisions=[decision(8000, "exists")],
        ),
    ),
    "created, called dead, and created again": (
        Kind.DUPLICATED,
        history(
            PAID,
            arrivals=[create(1500), create(9000)],
            decisions=[decision(8000, "resend", was="dead")],
        ),
    ),
    "an older state was put over a newer one": (
        Kind.OUT_OF_ORDER,
        history(
            PAID,
            SHIPPED,
            BOTH,
            arrivals=[create(), state(2500, "T1, T2"), state(3500, "T1")],
        ),
    ),
    "an earlier rule's call, after the later one's": (
        Kind.OUT_OF_ORDER,
        history(
            PAID,
            sent(5, "fulfilled", wants={"rayo": "T2"}, passes={"rayo": "T1"}),
            arrivals=[create(), state(2500, "T2"), state(3500, "T1")],
        ),
    ),
    "a status went back, and forward again": (
        Kind.OUT_OF_ORDER,
        history(
            sent(1, wants={"yuju": "ready_to_ship"}),
            sent(2, wants={"yuju": "shipped"}),
            arrivals=[
                state(1000, "shipped", "yuju"),
                state(3000, "ready_to_ship", "yuju"),
                state(5000, "shipped", "yuju"),
            ],
            deliveries=(),
        ),
    ),
    "something after the cancel": (
        Kind.OUT_OF_ORDER,
        history(
            sent(1, wants={"yuju": "ready_to_ship"}),
            sent(2, wants={"yuju": "canceled"}),
            arrivals=[
                state(1000, "canceled", "yuju"),
                state(3000, "ready_to_ship", "yuju"),
            ],
            deliveries=(),
        ),
    ),
    "three requests in a second": (
        Kind.OVER_RATE,
        history(
            sent(1, wants={"yuju": "shipped"}),
            arrivals=[
                state(1000, "shipped", "yuju"),
                state(1400, "shipped", "yuju"),
                replace(state(1999, "shipped", "yuju"), t=1999.999),
            ],
            deliveries=(),
        ),
    ),
    "a look-up is a request too": (
        Kind.OVER_RATE,
        history(
            arrivals=[
                Arrival(target="yuju", operation="get_order", t=float(t))
                for t in (0, 10, 20)
            ]
        ),
    ),
    "pending without a due time": (
        Kind.LIMBO,
        history(PAID, deliveries=[shown(state="pending")]),
    ),
    "sending for ever": (
        Kind.LIMBO,
        history(
            PAID, arrivals=[create()], deliveries=[shown(state="sending")]
        ),
    ),
    "claimed for ever, though it was due once": (
        Kind.LIMBO,
        history(PAID, deliveries=[shown(state="claimed", due_at=1)]),
    ),
    "long overdue, and held up by nothing": (
        Kind.LIMBO,
        history(
            PAID, deliveries=[shown(state="pending", due_at=END - 900_000)]
        ),
    ),
    "long overdue, and beside it a question that holds up nothing": (
        Kind.LIMBO,
        history(
            PAID,
            deliveries=[
                shown(state="pending", due_at=END - 900_000),
                shown(2, "held", operation="ask", attention=True),
            ],
        ),
    ),
    "an event was never planned": (
        Kind.LIMBO,
        history(PAID, arrivals=[create()], events={"stored": 1}),
    ),
    "the newest state never came": (
        Kind.DIVERGED,
        history(PAID, SHIPPED, BOTH, arrivals=[create(), state(2500, "T1")]),
    ),
    "no state came at all": (
        Kind.DIVERGED,
        history(PAID, SHIPPED, arrivals=[create()]),
    ),
    "succeeded, and nothing is there": (
        Kind.UNTRUE,
        history(PAID, arrivals=[replace(create(), applied=False)]),
    ),
    "dead, and it is there": (
        Kind.UNTRUE,
        history(
            PAID,
            arrivals=[create()],
            deliveries=[shown(state="dead", attention=True)],
        ),
    ),
    "an order that nobody sent": (
        Kind.UNEXPECTED,
        history(PAID, arrivals=[create(), create(order="99")]),
    ),
    "a state that nobody sent": (
        Kind.UNEXPECTED,
        history(
            PAID,
            SHIPPED,
            arrivals=[create(), state(2500, "T9"), state(2600, "T1")],
        ),
    ),
}


@pytest.mark.parametrize("name", CLEAN)
def test_clean_history_passes(name: str) -> None:
    """
    A history in which all was well has no finding.
    """
    assert judge(CLEAN[name]).findings == []


@pytest.mark.parametrize("name", FORGED)
def test_forged_history_is_seen_through(name: str) -> None:
    """
    A history in which one thing was forged has a finding of that kind.
    """
    kind, forged = FORGED[name]

    assert kind in kinds(forged)


def test_every_kind_was_forged() -> None:
    """
    There is no kind of violation that the verifier was not seen to find.
    """
    forged = {kind for kind, _ in FORGED.values()}

    assert forged | {Kind.FALSELY_UNCERTAIN} == set(Kind)


def doubts(false: int, of: int) -> History:
    """Return so many orders that were uncertain, *false* of them falsely."""
    orders = [str(number) for number in range(of)]
    return History(
        sent=[replace(PAID, order=order, webhook=order) for order in orders],
        arrivals=[
            create(9000 if number < false else 1500, order=order)
            for number, order in enumerate(orders)
        ],
        decisions=[
            replace(decision(8000, "resend"), order=order) for order in orders
        ],
        sight=Sight(at=END, events={"planned": of}),
    )


@pytest.mark.parametrize(
    ("false", "of", "found"),
    [(0, 100, 0), (4, 100, 0), (5, 100, 5), (19, 19, 0), (20, 20, 20)],
)
def test_share_of_false_alarms(false: int, of: int, found: int) -> None:
    """
    False alarms count once they are one in twenty, among twenty or more.
    """
    verdict = judge(doubts(false, of))

    assert verdict.counts["uncertain"] == of
    assert verdict.counts["uncertain, falsely"] == false
    assert len(verdict.of(Kind.FALSELY_UNCERTAIN)) == found


def test_second_doubt_is_judged_by_what_came_since_the_first() -> None:
    """
    What arrived before the first decision says nothing of the second doubt.
    """
    verdict = judge(
        history(
            PAID,
            arrivals=[create(1500)],
            decisions=[decision(8000, "resend"), decision(9000, "exists")],
        )
    )

    assert verdict.counts["uncertain, rightly"] == 1
    assert verdict.counts["uncertain, falsely"] == 1


def test_counts() -> None:
    """
    What was right is counted too.
    """
    counts = judge(
        history(
            replace(PAID, copies=3),
            replace(SHIPPED, acked=False),
            replace(BOTH, acked=False),
            arrivals=[create(), state(2500, "T1"), create(9000)],
            decisions=[decision(8000, "resend")],
            shas=["s1", "s2"],
        )
    ).counts

    assert counts["webhooks"] == 3
    assert counts["acknowledged"] == 1
    assert counts["repeats acknowledged"] == 2
    assert counts["recovered"] == 1
    assert counts["creates"] == 1
    assert counts["second creates, approved"] == 1
    assert counts["applied"] == 3


@pytest.mark.parametrize(
    ("times", "most"),
    [
        ([], 0),
        ([5.0], 1),
        ([0.0, 1000.0], 1),
        ([0.0, 999.999], 2),
        ([3000.0, 0.0, 500.0, 900.0, 2500.0], 3),
    ],
)
def test_most_in_a_second(times: list[float], most: int) -> None:
    """
    A second includes its beginning and not its end.
    """
    assert most_in_a_second(times)[0] == most


def write(folder: Path, history: History, lines: list[Any]) -> None:
    (folder / SENT).write_bytes(b"".join(map(line_of, history.sent)))
    (folder / ARRIVALS).write_bytes(
        b"".join(to_json(one) + b"\n" for one in lines)
    )
    (folder / DECISIONS).write_bytes(b"".join(map(line_of, history.decisions)))
    (folder / VISIBLE).write_bytes(b"".join(sight_lines(history.sight)))


def line(api: str, operation: str | None, **rest: Any) -> dict[str, Any]:
    """Return a line of the sandbox's record."""
    return {
        "at": 1500,
        "t": 1500.0,
        "api": api,
        "operation": operation,
        "keys": {},
        "applied": True,
        "made": None,
        **rest,
    }


LINES = [
    line("rayo", "auth", applied=False),
    line("rayo", "create_order", keys={"skus": ["SKU-1"]}, made="r-1"),
    line(
        "rayo",
        "update_delivery",
        keys={"orderId": "r-1", "rastreo_numero": "T1, T2"},
    ),
    line(
        "every",
        "create_order",
        keys={
            "referenceId": "1",
            "status": "CONFIRMED",
            "sellingPriceCents": 9900,
        },
        made="e1",
    ),
    line(
        "every",
        "update_order",
        keys={"id": "e1", "status": "READY", "sellingPriceCents": 9900},
    ),
    line("yuju", "set_status", keys={"id_order": "1", "status": "shipped"}),
    line("yuju", None, applied=False),
]


def test_record_of_the_sandbox_is_read() -> None:
    """
    Whose a call is, is learned from the call that made the order there.
    """
    told = [(one.target, one.order, one.state) for one in read_arrivals(LINES)]

    assert told == [
        ("rayo", None, None),
        ("rayo", "1", None),
        ("rayo", "1", "T1, T2"),
        ("every", "1", "CONFIRMED 9900"),
        ("every", "1", "READY 9900"),
        ("yuju", "1", "shipped"),
        ("yuju", None, None),
    ]


@pytest.mark.parametrize("shas", [None, ["s1", "s2", "s3"]])
def test_folder_is_read_as_it_was_written(
    tmp_path: Path, shas: list[str] | None
) -> None:
    """
    The histories come back from their files, word for word.
    """
    whole = replace(
        GOOD,
        decisions=[decision(8000, "exists")],
        sight=replace(GOOD.sight, shas=shas, paused=frozenset({"yuju"})),
    )

    write(tmp_path, whole, LINES)

    found = read_history(tmp_path)
    assert (found.sent, found.decisions) == (list(whole.sent), whole.decisions)
    assert found.sight.shas == whole.sight.shas
    assert found.sight.paused == whole.sight.paused
    assert list(found.sight.deliveries) == list(whole.sight.deliveries)


def run(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bench.campaign.verifier", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_command(tmp_path: Path) -> None:
    """
    One command: status 0 when clean; 1, with the kind and an example, on
    any violation.
    """
    lines = LINES[:3]
    write(tmp_path, GOOD, lines)
    assert run(tmp_path).returncode == 0

    write(tmp_path, GOOD, [*lines, LINES[1]])
    violated = run(tmp_path)

    assert violated.returncode == 1
    assert "rayo 1: created 2 times, 1 of them unapproved" in violated.stdout


def test_missing_history_is_no_clean_one(tmp_path: Path) -> None:
    """
    A folder without one of the histories is refused, not called clean.
    """
    write(tmp_path, GOOD, LINES[:3])
    (tmp_path / DECISIONS).unlink()

    assert run(tmp_path).returncode != 0


def test_only_a_few_examples_are_printed() -> None:
    """
    A flood of findings is told by its number and its first examples.
    """
    text = told(judge(doubts(20, 20)))

    assert "… and 17 more" in text
    assert text.endswith("VIOLATED")


def test_time_of_the_admin_api() -> None:
    """
    Its times are read as milliseconds since the epoch.
    """
    assert instant("1970-01-01T00:00:01.500Z") == 1500
    assert instant(None) is None
