"""The delivery's life: what follows from an outcome, and what may follow."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import lifecycle
from bridge.backoff import (
    FIRST,
    HORIZON,
    LEAST_TRIES,
    LONGEST,
    RETRY_AFTER_DEFAULT,
)
from bridge.journal.protocol import Journal
from bridge.lifecycle import (
    ABSENCES,
    LOOK_AGAIN,
    LOOKUPS,
    POISON_CLAIMS,
    TRANSITIONS,
    WAYS,
    Gate,
    Looked,
    Step,
    Tried,
    after_lost_lease,
    decide,
    decide_lookup,
    decide_unread,
    ways_by,
)
from bridge.model import (
    ATTENTION,
    HOUR,
    IN_FLIGHT,
    SECOND,
    UNSENT,
    Applied,
    DeliveryState,
    Finding,
    Instant,
    Maybe,
    Millis,
    NotProcessed,
    NotSent,
    Outcome,
    Reason,
    Rejected,
)
from tests.factories import NOW, later

S = DeliveryState
BECAUSE = Reason(code="because", text="It is so.")
SETTLE = Millis(30 * SECOND)
LONG_AGO = Instant(NOW - HORIZON - 1)


def tried(**changes: object) -> Tried:
    """A first try, due just now, of a call that may be repeated."""
    return replace(
        Tried(
            repeatable=True,
            attempts=0,
            since=NOW,
            now=NOW,
            settle=SETTLE,
            dice=0.5,
        ),
        **changes,
    )


reasons = st.just(BECAUSE)
waits = st.none() | st.integers(0, 3_600_000).map(Millis)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Applied, note=st.none() | reasons),
    st.builds(Rejected, reason=reasons),
    st.builds(NotSent, reason=reasons, pause=st.booleans()),
    st.builds(
        NotProcessed,
        reason=reasons,
        wait=waits,
        refused_credentials=st.booleans(),
        pause=st.booleans(),
    ),
    st.builds(Maybe, reason=reasons),
)
tries = st.builds(
    tried,
    repeatable=st.booleans(),
    attempts=st.integers(0, 100),
    since=st.sampled_from([NOW, Instant(NOW - HORIZON), LONG_AGO]),
    dice=st.floats(0, 1, exclude_max=True),
    fresh_credentials=st.booleans(),
    asks=st.booleans(),
)


@given(outcomes, tries)
def test_step_is_allowed_from_sending(outcome: Outcome, try_: Tried) -> None:
    """
    Whatever came of a call that was begun, there is a way to it.
    """
    assert decide(outcome, try_).state in TRANSITIONS[S.SENDING]


@given(outcomes.filter(lambda o: isinstance(o, NotSent | NotProcessed)), tries)
def test_step_is_allowed_from_claimed(outcome: Outcome, try_: Tried) -> None:
    """
    What was never written goes on from `claimed`: the intent is not there.
    """
    assert decide(outcome, try_).state in TRANSITIONS[S.CLAIMED]


@given(outcomes, tries)
def test_no_limbo(outcome: Outcome, try_: Tried) -> None:
    """
    A step is done, or waits for a person, or has a due time and a reason.
    """
    step = decide(outcome, try_)

    asked = step.state is S.UNCERTAIN and try_.asks
    if step.state in {S.PENDING, S.SETTLING} or asked:
        assert step.due_at is not None
        assert step.due_at >= try_.now
    else:
        assert step.due_at is None
    assert step.state is S.SUCCEEDED or step.reason is not None


@given(outcomes, tries)
def test_never_resent_blindly(outcome: Outcome, try_: Tried) -> None:
    """
    What may not be repeated is tried again only when it was not done.
    """
    step = decide(outcome, try_)
    resent = step.state in {S.PENDING, S.SETTLING}

    if resent and not try_.repeatable:
        assert isinstance(outcome, NotSent | NotProcessed)


@given(outcomes, tries)
def test_only_the_deliverys_own_failures_count(
    outcome: Outcome, try_: Tried
) -> None:
    """
    What the target said of itself is no try of the delivery.
    """
    step = decide(outcome, try_)
    targets_own = isinstance(outcome, NotProcessed) or (
        isinstance(outcome, NotSent) and outcome.pause
    )

    assert step.counts == (not targets_own)


@pytest.mark.parametrize("note", [None, BECAUSE])
@pytest.mark.parametrize("repeatable", [True, False])
def test_applied(note: Reason | None, *, repeatable: bool) -> None:
    """
    What was applied has succeeded, with what is odd about the answer.
    """
    step = decide(Applied(note=note), tried(repeatable=repeatable))

    assert Step(state=S.SUCCEEDED, reason=note) == step


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize("since", [NOW, LONG_AGO])
def test_rejected(since: Instant, *, repeatable: bool) -> None:
    """
    What was rejected is dead at once, and says why.
    """
    step = decide(
        Rejected(reason=BECAUSE), tried(repeatable=repeatable, since=since)
    )

    assert Step(state=S.DEAD, reason=BECAUSE) == step


@pytest.mark.parametrize("since", [NOW, LONG_AGO])
@pytest.mark.parametrize("attempts", [0, 1, 50])
def test_maybe_not_repeatable(since: Instant, attempts: int) -> None:
    """
    A create that may have been applied is uncertain, however old it is.
    """
    step = decide(
        Maybe(reason=BECAUSE),
        tried(repeatable=False, since=since, attempts=attempts),
    )

    assert Step(state=S.UNCERTAIN, reason=BECAUSE) == step


@pytest.mark.parametrize("since", [NOW, LONG_AGO])
def test_maybe_that_can_be_asked_about(since: Instant) -> None:
    """
    It is looked up once its request can not arrive any more.
    """
    step = decide(
        Maybe(reason=BECAUSE),
        tried(repeatable=False, since=since, asks=True),
    )

    assert (
        Step(state=S.UNCERTAIN, reason=BECAUSE, due_at=later(SETTLE)) == step
    )


@pytest.mark.parametrize(
    ("attempts", "longest"), [(0, FIRST), (3, FIRST * 8), (90, LONGEST)]
)
@pytest.mark.parametrize("dice", [0.0, 0.25, 0.5])
def test_maybe_repeatable(attempts: int, longest: int, dice: float) -> None:
    """
    It settles until the lost request is surely gone, and then backs off.
    """
    step = decide(Maybe(reason=BECAUSE), tried(attempts=attempts, dice=dice))

    assert (
        Step(
            state=S.SETTLING,
            reason=BECAUSE,
            due_at=later(SETTLE + int(longest * dice)),
        )
        == step
    )


@pytest.mark.parametrize("repeatable", [True, False])
def test_not_sent(*, repeatable: bool) -> None:
    """
    What was not sent is tried again after its backoff.
    """
    step = decide(
        NotSent(reason=BECAUSE), tried(repeatable=repeatable, attempts=2)
    )

    assert (
        Step(state=S.PENDING, reason=BECAUSE, due_at=later(FIRST * 4 // 2))
        == step
    )


@pytest.mark.parametrize(
    ("outcome", "repeatable"),
    [
        (NotSent(reason=BECAUSE), True),
        (NotSent(reason=BECAUSE), False),
        (Maybe(reason=BECAUSE), True),
    ],
)
def test_given_up_after_the_horizon(
    outcome: Outcome, *, repeatable: bool
) -> None:
    """
    After three days a delivery is shown to a person, with the last reason.
    """
    last = decide(
        outcome, tried(repeatable=repeatable, since=Instant(NOW - HORIZON))
    )
    over = decide(
        outcome,
        tried(repeatable=repeatable, since=LONG_AGO, attempts=LEAST_TRIES - 1),
    )

    assert last.state in {S.PENDING, S.SETTLING}
    assert over.reason is not None
    assert (S.DEAD, "gave_up", {"last": "because"}) == (
        over.state,
        over.reason.code,
        over.reason.where,
    )


def test_not_given_up_without_tries() -> None:
    """
    What waited its turn for three days is tried, not given up at once.
    """
    step = decide(NotSent(reason=BECAUSE), tried(since=LONG_AGO))

    assert S.PENDING == step.state


@pytest.mark.parametrize("since", [NOW, LONG_AGO])
def test_bad_certificate_pauses(since: Instant) -> None:
    """
    A certificate that is not accepted stops the target, not the delivery.
    """
    step = decide(NotSent(reason=BECAUSE, pause=True), tried(since=since))

    assert (S.PENDING, False, Gate(pause="because")) == (
        step.state,
        step.counts,
        step.gate,
    )


@pytest.mark.parametrize(
    ("wait", "expected"),
    [(None, RETRY_AFTER_DEFAULT), (0, 0), (1_500, 1_500)],
)
@pytest.mark.parametrize("since", [NOW, LONG_AGO])
def test_retry_after_holds_for_the_whole_target(
    wait: int | None, expected: int, since: Instant
) -> None:
    """
    A target that asks for patience gets it from all, and nobody's try counts.
    """
    outcome = NotProcessed(
        reason=BECAUSE, wait=None if wait is None else Millis(wait)
    )
    until = later(expected)

    assert Step(
        state=S.PENDING,
        reason=BECAUSE,
        due_at=until,
        counts=False,
        gate=Gate(closed_until=until),
    ) == decide(outcome, tried(since=since))


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize(
    ("fresh", "gate"), [(False, None), (True, Gate(pause="because"))]
)
def test_refused_credentials(
    gate: Gate | None, *, fresh: bool, repeatable: bool
) -> None:
    """
    An old token is renewed at once; a fresh one that is refused pauses.
    """
    outcome = NotProcessed(reason=BECAUSE, refused_credentials=True)
    step = decide(
        outcome, tried(fresh_credentials=fresh, repeatable=repeatable)
    )

    assert (
        Step(
            state=S.PENDING,
            reason=BECAUSE,
            due_at=NOW,
            counts=False,
            gate=gate,
        )
        == step
    )


def test_not_processed_may_pause() -> None:
    """
    A redirect that asks for the same request elsewhere stops the target.
    """
    step = decide(NotProcessed(reason=BECAUSE, pause=True), tried())

    assert (S.PENDING, NOW, Gate(pause="because")) == (
        step.state,
        step.due_at,
        step.gate,
    )


# -------------------------------------------------------------- look-ups


def looked(**changes: object) -> Looked:
    """A first look-up of a create, at a target that proves no absence."""
    return replace(
        Looked(
            repeatable=False,
            lookups=0,
            absences=0,
            proves_absence=False,
            after="timeout",
            now=NOW,
            settle=SETTLE,
        ),
        **changes,
    )


looks = st.builds(
    looked,
    repeatable=st.booleans(),
    lookups=st.integers(0, 2 * LOOKUPS),
    absences=st.integers(0, 2 * ABSENCES),
    proves_absence=st.booleans(),
    settle=st.sampled_from([Millis(0), SETTLE])
    | st.integers(0, 600_000).map(Millis),
)


@given(st.sampled_from(Finding), looks)
def test_look_up_leads_where_it_may(finding: Finding, look: Looked) -> None:
    """
    Whatever was told there is a way to it, and it says what was known.
    """
    step = decide_lookup(finding, look)

    source = S.CLAIMED if look.repeatable else S.UNCERTAIN
    assert step.state in ways_by("record")[source]
    assert not step.counts
    assert step.reason is not None
    assert {"after": "timeout", "looked_up": look.lookups + 1} == (
        step.reason.where
    )


def test_absence_is_proved_at_the_third_time() -> None:
    """
    It was not there three times in a row, and the vendor says that counts.
    """
    states = [
        decide_lookup(
            Finding.ABSENT, looked(absences=absences, proves_absence=True)
        ).state
        for absences in range(ABSENCES)
    ]

    assert [S.UNCERTAIN, S.UNCERTAIN, S.PENDING] == states


@pytest.mark.parametrize("finding", [Finding.ABSENT, Finding.UNCLEAR])
def test_look_ups_go_on_for_some_hours(finding: Finding) -> None:
    """
    Twelve look-ups, over some hours; then only a person can tell.
    """
    due = [
        decide_lookup(finding, looked(lookups=lookups)).due_at
        for lookups in range(LOOKUPS)
    ]
    waits = [at - NOW for at in due if at is not None]

    assert due[-1] is None
    assert LOOKUPS - 1 == len(waits)
    assert waits == sorted(waits)
    assert (SETTLE, HOUR) == (waits[0], waits[-1])
    assert 3 * HOUR < sum(waits) < 12 * HOUR


@given(outcomes, tries)
def test_what_could_not_be_read_goes_on(outcome: Outcome, try_: Tried) -> None:
    """
    A look-up that failed is made again later, and settles nothing.
    """
    step = decide_unread(outcome, try_, after="timeout")

    if isinstance(outcome, Applied):
        return  # it was read
    if try_.repeatable:
        assert step.state in {S.PENDING, S.DEAD}
        return
    assert S.UNCERTAIN is step.state
    assert not step.counts
    assert step.due_at is not None
    assert step.due_at >= try_.now + LOOK_AGAIN


@given(looks)
def test_found_is_done(look: Looked) -> None:
    """What the target has is done, whatever was thought of it."""
    step = decide_lookup(Finding.FOUND, look)

    assert (step.state, step.counts, step.due_at) == (S.SUCCEEDED, False, None)
    assert step.reason == Reason(
        code="found",
        text="Its answer was lost; the target was asked and has it.",
        where={"after": "timeout", "looked_up": look.lookups + 1},
    )


@given(st.sampled_from([Finding.ABSENT, Finding.UNCLEAR]), looks)
def test_sent_again_only_when_it_may(finding: Finding, look: Looked) -> None:
    """
    What may not be repeated is sent again only when it was not shown three
    times in a row, and somebody vouches for that.
    """
    step = decide_lookup(finding, look)
    proved = (
        finding is Finding.ABSENT
        and look.proves_absence
        and look.absences >= ABSENCES - 1
    )
    again = look.repeatable or proved

    assert step.state is (S.PENDING if again else S.UNCERTAIN)
    assert not step.counts
    assert not again or step.due_at == NOW


@pytest.mark.parametrize(
    ("settle", "expected"),
    [(SETTLE, [30, 60, 120, 3600]), (Millis(0), [5, 10, 20, 2560])],
)
def test_asked_more_and_more_rarely(
    settle: Millis, expected: list[int]
) -> None:
    """It is asked at longer and longer intervals, and at last no more."""
    waits = [
        decide_lookup(
            Finding.ABSENT, looked(lookups=lookups, settle=settle)
        ).due_at
        for lookups in (0, 1, 2, 9, LOOKUPS - 1, LOOKUPS)
    ]

    assert [
        *(later(seconds * SECOND) for seconds in expected),
        None,
        None,
    ] == waits
    assert max(expected) <= HOUR // SECOND


@pytest.mark.parametrize(
    ("finding", "code", "word"),
    [
        (Finding.ABSENT, "not_found", "does not show it"),
        (Finding.UNCLEAR, "lookup_unclear", "does not tell"),
    ],
)
def test_what_the_look_up_said(finding: Finding, code: str, word: str) -> None:
    """A person reads what was asked, how often, and what had happened."""
    reason = decide_lookup(finding, looked(lookups=3)).reason

    assert reason is not None
    assert reason.code == code
    assert word in reason.text
    assert reason.where == {"after": "timeout", "looked_up": 4}


NOT_READ = outcomes.filter(
    lambda outcome: not isinstance(outcome, Applied | Rejected)
)


@given(NOT_READ, tries)
def test_look_up_that_fails(outcome: Outcome, try_: Tried) -> None:
    """
    A target that can not be asked is asked again: what may be repeated
    waits as it would, what may not stays uncertain, and nothing is burnt.
    """
    step = decide_unread(outcome, try_, after="timeout")
    gate = decide(outcome, replace(try_, repeatable=True)).gate

    assert step.gate == gate
    if try_.repeatable:
        assert step.state in {S.PENDING, S.DEAD}
        return
    assert (step.state, step.counts) == (S.UNCERTAIN, False)
    assert step.due_at is not None
    assert step.due_at >= NOW + LOOK_AGAIN
    assert step.reason is not None
    assert (step.reason.code, step.reason.where["after"]) == (
        "not_looked_up",
        "timeout",
    )


def test_reading_has_nothing_to_settle() -> None:
    """A look-up without an answer waits for its backoff like any call."""
    maybe = Maybe(reason=BECAUSE)
    settled = decide(maybe, tried())
    step = decide_unread(maybe, tried(), after="timeout")

    assert replace(settled, state=S.PENDING) == step


# ------------------------------------------------------------------ ways


def test_transitions_are_closed() -> None:
    """
    Every state has its ways out, and they lead to states.
    """
    assert set(S) == set(TRANSITIONS)
    assert set(S) == set().union(*TRANSITIONS.values())


@pytest.mark.parametrize("verb", sorted({way.by for way in WAYS}))
def test_ways_are_verbs_of_the_journal(verb: str) -> None:
    """
    Each way is made by a verb that there is, and none else makes it all.
    """
    assert callable(getattr(Journal, verb))
    for state, ways in ways_by(verb).items():
        assert ways <= TRANSITIONS[state]


@pytest.mark.parametrize("state", list(S))
def test_every_state_leads_to_success(state: DeliveryState) -> None:
    """
    From each state a delivery can still get done; none is a dead end.
    """
    reached, front = {state}, {state}
    while front:
        front = set().union(*(TRANSITIONS[s] for s in front)) - reached
        reached |= front

    assert S.SUCCEEDED in reached


def test_bytes_are_written_only_after_a_claim() -> None:
    """
    Only a claimed delivery is sent, and only what waits is claimed.
    """
    to_sending = {s for s in S if S.SENDING in TRANSITIONS[s]}
    to_claimed = {s for s in S if S.CLAIMED in TRANSITIONS[s]}

    assert {S.CLAIMED} == to_sending
    assert to_claimed == {S.WAITING, S.PENDING, S.SETTLING}


def test_what_was_sent_is_never_withdrawn() -> None:
    """
    Nothing that may be on the wire becomes `never sent`.
    """
    never_sent = {S.CANCELLED, S.SUPERSEDED, S.UNCHANGED, S.HELD, S.WAITING}

    assert not TRANSITIONS[S.SENDING] & never_sent
    assert not TRANSITIONS[S.SETTLING] & never_sent


def test_the_plan_can_withdraw_what_was_not_sent() -> None:
    """
    What nobody sent yet, or what a worker only holds, can be cancelled.
    """
    for state in UNSENT | {S.CLAIMED, S.DEAD}:
        assert {S.CANCELLED, S.SUPERSEDED} <= TRANSITIONS[state]


def test_a_person_can_decide() -> None:
    """
    What waits for a person can be done, sent again or cancelled.
    """
    for state in ATTENTION:
        assert {S.SUCCEEDED, S.PENDING, S.CANCELLED} <= TRANSITIONS[state]


@pytest.mark.parametrize("state", list(S))
def test_picture_names_every_state(state: DeliveryState) -> None:
    """
    The picture in the docstring leaves no state out.
    """
    assert state.value in (lifecycle.__doc__ or "")


@pytest.mark.parametrize(
    ("state", "repeatable", "claims", "expected"),
    [
        (S.CLAIMED, False, 1, S.PENDING),
        (S.CLAIMED, True, POISON_CLAIMS - 1, S.PENDING),
        (S.CLAIMED, True, POISON_CLAIMS, S.DEAD),
        (S.CLAIMED, False, POISON_CLAIMS + 1, S.DEAD),
        (S.SENDING, True, 0, S.SETTLING),
        (S.SENDING, True, POISON_CLAIMS, S.SETTLING),
        (S.SENDING, False, 0, S.UNCERTAIN),
        (S.SENDING, False, POISON_CLAIMS, S.UNCERTAIN),
    ],
)
def test_after_lost_lease(
    state: DeliveryState,
    claims: int,
    expected: DeliveryState,
    *,
    repeatable: bool,
) -> None:
    """
    A worker that died wrote nothing, or nobody knows what it wrote.
    """
    found = after_lost_lease(state=state, repeatable=repeatable, claims=claims)

    assert expected is found


def test_lost_lease_is_allowed() -> None:
    """
    There is a way to wherever a lost lease leads.
    """
    for state, repeatable, claims in product(
        sorted(IN_FLIGHT), (True, False), range(1, POISON_CLAIMS + 2)
    ):
        found = after_lost_lease(
            state=state, repeatable=repeatable, claims=claims
        )

        assert found in TRANSITIONS[state]


def test_third_lost_claim_in_a_row_is_poison() -> None:
    """What took three workers with it is not given to a fourth."""
    states = [
        after_lost_lease(state=S.CLAIMED, repeatable=True, claims=claims)
        for claims in (1, 2, 3)
    ]

    assert [S.PENDING, S.PENDING, S.DEAD] == states
