"""What a try taught us, row by row."""

import json
from typing import Any

import pytest

from bridge.model import (
    Applied,
    Exchange,
    Instant,
    Maybe,
    NotProcessed,
    NotSent,
    Outcome,
    Phase,
    Reason,
    Rejected,
)
from bridge.targets.contract import Contract, Operation
from bridge.targets.every import CONTRACT as EVERY
from bridge.targets.outcome import answered as has_answered
from bridge.targets.outcome import outcome_of, retry_after
from bridge.targets.rayo import CONTRACT as RAYO
from bridge.targets.yuju import CONTRACT as YUJU

NOW = Instant(1_795_305_600_000)  # Sun, 22 Nov 2026 00:00:00 GMT
REF = "909521d0-e398-4701-b393-ddfd07ce24f9"
CREATED = {"orden": {"ordenRef": REF}}
BARE = Contract(
    name="bare",
    summary="An API that says nothing of itself",
    operations={},
    credentials=(),
    authorization="",
)
ANY = EVERY.operations["update_order"]


def answered(status: int, body: Any = b"", **rest: Any) -> Exchange:
    """An answer that was read, its body as JSON unless it is bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Exchange(phase=Phase.ANSWERED, status=status, answer=raw, **rest)


def told(
    exchange: Exchange,
    contract: Contract = BARE,
    operation: str | Operation = ANY,
) -> Outcome:
    """What *exchange* taught us."""
    if isinstance(operation, str):
        operation = contract.operations[operation]
    return outcome_of(contract, operation, exchange, now=NOW)


def code_of(outcome: Outcome) -> str | None:
    """The outcome's code, or its note's."""
    if isinstance(outcome, Applied):
        return outcome.note.code if outcome.note else None
    return outcome.reason.code


@pytest.mark.parametrize(
    "failure", ["connect", "dns", "timeout", "deadline", "pool", "novel"]
)
def test_nothing_written_is_not_sent(failure: str) -> None:
    """
    Whatever breaks before the first byte is certainly not sent.
    """
    outcome = told(Exchange(phase=Phase.PREPARED, failure=failure))
    assert isinstance(outcome, NotSent)
    assert (failure, False) == (outcome.reason.code, outcome.pause)


def test_bad_certificate_pauses() -> None:
    """
    A certificate that is not accepted keeps everyone from trying.
    """
    outcome = told(Exchange(phase=Phase.PREPARED, failure="tls"))
    assert isinstance(outcome, NotSent)
    assert outcome.pause


def test_unsendable_request_is_rejected() -> None:
    """
    A request that no connection carries is not tried again.
    """
    outcome = told(Exchange(phase=Phase.PREPARED, failure="unsendable"))
    assert isinstance(outcome, Rejected)


@pytest.mark.parametrize("phase", [Phase.WRITING, Phase.ANSWERED])
@pytest.mark.parametrize("failure", ["timeout", "protocol", "reset"])
def test_written_without_a_status_is_maybe(phase: Phase, failure: str) -> None:
    """
    Once a byte may be out and no status came, nobody knows.
    """
    outcome = told(Exchange(phase=phase, failure=failure))
    assert isinstance(outcome, Maybe)
    assert failure == outcome.reason.code


@pytest.mark.parametrize(
    "status", [400, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422, 431]
)
def test_refusal_is_final(status: int) -> None:
    """
    A 4xx that is about the request is rejected.
    """
    outcome = told(answered(status))
    assert isinstance(outcome, Rejected)
    assert f"http_{status}" == outcome.reason.code


@pytest.mark.parametrize("status", [501, 505])
def test_unsupported_is_final(status: int) -> None:
    """
    A 5xx that is about the request is rejected too.
    """
    assert isinstance(told(answered(status)), Rejected)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520, 527, 599])
def test_failure_is_maybe(status: int) -> None:
    """
    A server that failed, or gave up waiting, may have done it.
    """
    outcome = told(answered(status))
    assert isinstance(outcome, Maybe)
    assert f"http_{status}" == outcome.reason.code


@pytest.mark.parametrize("status", [100, 199, 600, 999])
def test_status_that_is_none_is_maybe(status: int) -> None:
    """
    A status outside of HTTP's says nothing.
    """
    assert isinstance(told(answered(status)), Maybe)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_not_processed(status: int) -> None:
    """
    A refused token concerns the target, not this delivery.
    """
    outcome = told(answered(status))
    assert isinstance(outcome, NotProcessed)
    assert outcome.refused_credentials
    assert "credentials_refused" == outcome.reason.code


@pytest.mark.parametrize(
    ("status", "code"),
    [(423, "http_423"), (425, "http_425"), (429, "rate_limited")],
)
def test_asked_to_come_later_is_not_processed(status: int, code: str) -> None:
    """
    Locked, too early and too many were not looked at.
    """
    outcome = told(answered(status, retry_after="2"))
    assert isinstance(outcome, NotProcessed)
    assert (code, 2_000) == (outcome.reason.code, outcome.wait)
    assert not outcome.refused_credentials


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304])
def test_redirect_is_maybe(status: int) -> None:
    """
    A redirect that may mean `done, look there` is not followed.
    """
    outcome = told(answered(status))
    assert isinstance(outcome, Maybe)
    assert "redirect" == outcome.reason.code


@pytest.mark.parametrize("status", [307, 308])
def test_moved_target_pauses(status: int) -> None:
    """
    A target that is elsewhere did nothing, and nobody tries again.
    """
    outcome = told(answered(status))
    assert isinstance(outcome, NotProcessed)
    assert outcome.pause


def test_status_that_a_vendor_vouched_for_is_not_processed() -> None:
    """
    A contract can say that its 503 means: not looked at.
    """
    contract = Contract(
        name="sure",
        summary="",
        operations={},
        credentials=(),
        authorization="",
        not_processed_statuses=(503,),
    )
    outcome = told(answered(503, retry_after="1"), contract)
    assert isinstance(outcome, NotProcessed)
    assert 1_000 == outcome.wait


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("0", 0),
        ("7", 7_000),
        (" 7 ", 7_000),
        ("1.5", 1_500),
        ("3600", 3_600_000),
        ("315360000", 3_600_000),
        ("9" * 400, 3_600_000),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("١", None),
        ("Sun, 22 Nov 2026 00:01:00 GMT", 60_000),
        ("Sun, 22 Nov 2026 00:01:00 -0000", 60_000),
        ("Sat, 21 Nov 2026 23:59:00 GMT", 0),
        ("Sun, 22 Nov 2036 00:00:00 GMT", 3_600_000),
        ("Sun, 99 Nov 2026 00:00:00 GMT", None),
    ],
)
def test_retry_after(header: str | None, expected: int | None) -> None:
    """
    Seconds and dates are read and kept within an hour, garbage is not.
    """
    assert expected == retry_after(header, now=NOW)


@pytest.mark.parametrize(
    "body", [b"", b'{"orden": {"ord', b"\xff\xfe", b"[" * 5_000, b"ok"]
)
@pytest.mark.parametrize("failure", [None, "truncated", "too_large"])
@pytest.mark.parametrize(
    ("operation", "expected"),
    [("create_order", Maybe), ("update_delivery", Applied)],
)
def test_unreadable_success(
    body: bytes, failure: str | None, operation: str, expected: type
) -> None:
    """
    A 2xx whose body is lost was done; a create whose id is lost with it
    has to be found by a person.
    """
    outcome = told(answered(200, body, failure=failure), RAYO, operation)
    assert isinstance(outcome, expected)
    assert "answer_unreadable" == code_of(outcome)


def test_cut_answer_that_is_whole_json_is_read() -> None:
    """
    An answer that broke after its last byte of JSON is as good as any.
    """
    exchange = answered(200, CREATED, failure="truncated")
    assert Applied(answer=CREATED) == told(exchange, RAYO, "create_order")


def test_web_page_is_not_the_api() -> None:
    """
    A 200 with a login page did not come from the target.
    """
    outcome = told(answered(200, b" <!doctype html>"), RAYO, "create_order")
    assert isinstance(outcome, Maybe)
    assert "not_the_api" == outcome.reason.code


@pytest.mark.parametrize(
    ("contract", "operation", "answer", "kind", "code"),
    [
        (RAYO, "create_order", CREATED, Applied, None),
        (RAYO, "create_order", {"orden": None}, Maybe, "id_missing"),
        (RAYO, "create_order", {}, Maybe, "id_missing"),
        (RAYO, "create_order", [], Maybe, "id_missing"),
        (RAYO, "create_order", {"orden": {}}, Maybe, "id_missing"),
        (
            RAYO,
            "create_order",
            {"orden": {"ordenRef": ""}},
            Maybe,
            "id_missing",
        ),
        (
            RAYO,
            "create_order",
            {"orden": {"ordenRef": 7}},
            Maybe,
            "id_missing",
        ),
        (
            RAYO,
            "create_order",
            {"orden": {"ordenRef": "x" * 10_000}},
            Maybe,
            "id_missing",
        ),
        (RAYO, "update_delivery", {"orden": {"id": REF}}, Applied, None),
        (
            RAYO,
            "update_delivery",
            {"orden": None},
            Rejected,
            "unknown_at_target",
        ),
        (RAYO, "update_delivery", {"orden": {}}, Applied, "id_missing"),
        (RAYO, "update_delivery", {}, Applied, "id_missing"),
        (RAYO, "get_order", {"orden": None}, Rejected, "unknown_at_target"),
        (RAYO, "find_product", {"producto": []}, Applied, None),
        (RAYO, "stock", {"inventario": []}, Applied, None),
        (EVERY, "update_order", {"name": "orders/1"}, Applied, None),
        (EVERY, "update_order", {}, Applied, "id_missing"),
        (EVERY, "create_order", {"name": 7}, Maybe, "id_missing"),
        (EVERY, "list_orders", {}, Applied, None),
        (YUJU, "set_status", {"ok": 1, "message": "ok"}, Applied, None),
        (YUJU, "set_status", {"ok": 0}, Maybe, "not_confirmed"),
        (YUJU, "set_status", {"message": "ok"}, Maybe, "not_confirmed"),
        (YUJU, "get_order", {"id_order": "1"}, Applied, None),
    ],
)
def test_success_is_judged(
    contract: Contract,
    operation: str,
    answer: Any,
    kind: type[Outcome],
    code: str | None,
) -> None:
    """
    A 200 counts for what its body says.
    """
    outcome = told(answered(200, answer), contract, operation)
    assert (kind, code) == (type(outcome), code_of(outcome))


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ("constraint-violation", Rejected, "constraint_violation"),
        ("permission-error", Rejected, "permission_error"),
        ("unexpected", Maybe, "unexpected"),
        ("invalid-jwt", NotProcessed, "credentials_refused"),
        ("jwt-invalid-claims", NotProcessed, "credentials_refused"),
        ("access-denied", NotProcessed, "credentials_refused"),
        ("invalid-headers", NotProcessed, "credentials_refused"),
    ],
)
def test_rayos_codes_outweigh_the_status(
    status: int, error: str, kind: type[Outcome], code: str
) -> None:
    """
    Rayo's error body decides, also when it comes with a 200.
    """
    body = {"error": "no", "code": error, "path": "$"}
    outcome = told(answered(status, body), RAYO, "create_order")
    assert (kind, code) == (type(outcome), code_of(outcome))


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (200, Maybe, "unexpected"),
        (404, Rejected, "http_404"),
        (429, NotProcessed, "rate_limited"),
        (503, Maybe, "http_503"),
    ],
)
def test_rayos_unknown_code_leaves_it_to_the_status(
    status: int, kind: type[Outcome], code: str
) -> None:
    """
    With a code that says nothing to us the status decides.
    """
    body = {"error": "no", "code": "novel"}
    outcome = told(answered(status, body), RAYO, "update_delivery")
    assert (kind, code) == (type(outcome), code_of(outcome))


@pytest.mark.parametrize("status", [200, 302, 307, 400, 401, 429, 500])
@pytest.mark.parametrize("contract", [RAYO, EVERY, YUJU])
def test_no_text_of_an_answer_gets_into_a_reason(
    contract: Contract, status: int
) -> None:
    """
    What the target writes, be it a customer's name, stays out of reasons.
    """
    body = {"error": "CANARY", "code": "unexpected", "message": "CANARY"}
    operation = next(iter(contract.operations))
    outcome = told(answered(status, body), contract, operation)
    reason = outcome.note if isinstance(outcome, Applied) else outcome.reason
    assert isinstance(reason, Reason)
    assert "CANARY" not in f"{reason.code} {reason.text}"


PREPARED = Exchange(phase=Phase.PREPARED)
SILENT = Exchange(phase=Phase.WRITING, failure="timeout")


def status(code: int) -> Exchange:
    """Return an exchange that was answered so."""
    return Exchange(phase=Phase.ANSWERED, status=code)


def why(code: str) -> Reason:
    """Return a reason with this code."""
    return Reason(code=code)


@pytest.mark.parametrize(
    ("outcome", "exchange", "expected"),
    [
        (Applied(), status(200), True),
        (Rejected(reason=why("http_400")), status(400), True),
        (Rejected(reason=why("http_501")), status(501), True),
        (Rejected(reason=why("unsendable")), PREPARED, None),
        (NotProcessed(reason=why("rate_limited")), status(429), True),
        (NotProcessed(reason=why("credentials_refused")), PREPARED, True),
        (NotProcessed(reason=why("http_503")), status(503), True),
        (Maybe(reason=why("timeout")), SILENT, False),
        (Maybe(reason=why("http_500")), status(500), False),
        (Maybe(reason=why("http_408")), status(408), True),
        (Maybe(reason=why("id_missing")), status(200), True),
        (NotSent(reason=why("connect")), PREPARED, False),
        (NotSent(reason=why("token_http_500")), PREPARED, False),
        (NotSent(reason=why("pool")), PREPARED, None),
        (NotSent(reason=why("token_pool")), PREPARED, None),
        (NotSent(reason=why("tls"), pause=True), PREPARED, None),
    ],
)
def test_target_answered(
    outcome: Outcome, exchange: Exchange, *, expected: bool | None
) -> None:
    """
    Silence and failures inside count against a target, no refusal does, and
    what is our own fault says nothing of it.
    """
    assert expected is has_answered(outcome, exchange)
