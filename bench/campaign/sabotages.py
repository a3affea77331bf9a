"""
The bugs that `bench.campaign.sabotage` puts in: each a line that is wrong.

Each was chosen because somebody could write it on a bad day and because it
would break a promise. `tests/campaign/test_sabotage.py` sees that each still
fits the code.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """
    One bug.

    Args:
        name: what the code does wrong then.
        before: stands once in the file.
        tests: what is run first; pytest's arguments.
    """

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


def _bug(
    name: str, file: str, before: str, after: str, *tests: str
) -> Sabotage:
    return Sabotage(
        name=name,
        file=file,
        before=before,
        after=after,
        tests=tests or ("tests",),
    )


JOURNAL = "tests/journal"
ROAD = "tests/end_to_end"
SENDER = "tests/test_sender.py"
LIFE = "tests/test_lifecycle.py"
OUTCOME = "tests/targets/test_outcome.py"
PLAN = "tests/mapping/plan"
FOLD = "tests/orders/test_fold.py"
DOOR = "tests/web/test_webhooks.py"

_QUERIES = "bridge/journal/queries.sql"

SABOTAGES = (
    # ------------------------------------------- P1: a 2xx means on disk
    _bug(
        "answers the store before it keeps the event",
        "bridge/web/webhooks.py",
        "        kept = self._together.append(event)\n"
        '        code = "repeated" if kept.repeated else event.state.value\n'
        "        return Taken(code=code, event_id=kept.id)",
        "        import threading\n"
        "        threading.Timer(\n"
        "            0.05, self._parts.journal.append, ([event],)\n"
        "        ).start()\n"
        "        return Taken(code=event.state.value)",
        DOOR,
    ),
    _bug(
        "returns before the commit that it shares",
        "bridge/journal/committing.py",
        "        if not mine.leads:\n            mine.wait()\n",
        "        if not mine.leads and work is None:\n"
        "            mine.wait()\n",
        f"{JOURNAL}/test_committing.py",
    ),
    _bug(
        "tells nobody of a commit that failed",
        "bridge/journal/committing.py",
        "                for writer in done:  # nothing of this batch is kept\n"
        "                    writer.error = writer.error or as_ours(error)\n",
        "",
        f"{JOURNAL}/test_committing.py",
    ),
    _bug(
        "leaves commits to the system's cache",
        "bridge/journal/connection.py",
        '"synchronous = FULL"',
        '"synchronous = NORMAL"',
        f"{JOURNAL}/test_sqlite.py",
    ),
    _bug(
        "works on a SQLite that loses commits",
        "bridge/journal/connection.py",
        "            return version >= (3, 51, 3)",
        "            return version >= (3, 40, 0)",
        f"{JOURNAL}/test_sqlite.py",
    ),
    _bug(
        "answers 200 when the journal is not to be had",
        "bridge/web/webhooks.py",
        'UNAVAILABLE = Taken(code="unavailable", status=503)',
        'UNAVAILABLE = Taken(code="unavailable", status=200)',
        DOOR,
    ),
    _bug(
        "lets one webhook fail those that wait with it",
        "bridge/web/together.py",
        "            return [self._appended([event])[0] for event in events]\n",
        "            return [error] * len(events)\n",
        "tests/web/test_together.py",
    ),
    # ---------------------------------- what is one event, and what is two
    _bug(
        "tells WooCommerce's events apart by the webhook alone",
        "bridge/sources/woocommerce.py",
        'dedupe_key=f"woocommerce:{name}:{webhook_id}:{topic}:{sha256}",',
        'dedupe_key=f"woocommerce:{name}:{webhook_id}:{topic}",',
        "tests/sources",
    ),
    _bug(
        "keeps a repeated event again",
        _QUERIES,
        "ON CONFLICT (dedupe_key) DO NOTHING\nRETURNING id, dedupe_key;",
        "ON CONFLICT (dedupe_key) DO UPDATE SET state = 'stored'\n"
        "RETURNING id, dedupe_key;",
        f"{JOURNAL}/test_taking.py",
    ),
    _bug(
        "takes a signature by the first secret only",
        "bridge/sources/signing.py",
        "    return verdicts.index(True) if any(verdicts) else None",
        "    return 0 if verdicts and verdicts[0] else None",
        "tests/sources",
    ),
    _bug(
        "lets an empty secret sign",
        "bridge/sources/signing.py",
        "        bool(secret) and hmac.compare_digest(",
        "        hmac.compare_digest(",
        "tests/sources",
    ),
    _bug(
        "sends again before what was corrected is planned",
        "bridge/journal/operating.py",
        'if event is not None and event["state"] == EventState.STORED:',
        "if event is None:",
        f"{JOURNAL}/test_operating.py",
    ),
    _bug(
        "lets go what a person holds when the order changes",
        "bridge/holds.py",
        '{"came_back", "operator", RESTORED, ON_HOLD}',
        '{"came_back", "operator", RESTORED}',
        "tests/mapping/plan/test_holds.py",
    ),
    _bug(
        "asks a question beside the target's limit",
        "bridge/journal/questions.py",
        "        free_at=begins_at + lane.slot_hold,",
        "        free_at=now,",
        f"{JOURNAL}/test_questions.py",
    ),
    _bug(
        "takes a body that ended early as whole",
        "bridge/web/webhooks.py",
        "    if len(body) < announced:\n        raise ShortBody\n",
        "",
        "tests/web/test_sockets.py",
    ),
    _bug(
        "refuses what it can not understand",
        "bridge/web/webhooks.py",
        '        code = "repeated" if kept.repeated else event.state.value\n'
        "        return Taken(code=code, event_id=kept.id)",
        '        code = "repeated" if kept.repeated else event.state.value\n'
        "        bad = event.state is EventState.UNUSABLE\n"
        "        return Taken(\n"
        "            code=code, event_id=kept.id, status=400 if bad else 200\n"
        "        )",
        DOOR,
    ),
    # --------------------------------------------- P2: created at most once
    _bug(
        "sends a create again when its answer is lost",
        "bridge/lifecycle.py",
        "    if not tried.repeatable:\n        ask_at =",
        "    if not tried.repeatable and tried.attempts > 99:\n"
        "        ask_at =",
        LIFE,
    ),
    _bug(
        "takes silence for a request that was not sent",
        "bridge/targets/outcome.py",
        "    return Maybe(reason=Reason(code=code, text=text))",
        "    return NotSent(reason=Reason(code=code, text=text))",
        OUTCOME,
    ),
    _bug(
        "takes a 5xx for a no",
        "bridge/targets/outcome.py",
        "    return Maybe(\n        reason=Reason(\n"
        '            code=f"http_{status}",\n'
        '            text=f"The target failed ({status}); it may have been'
        ' done.",',
        "    return Rejected(\n        reason=Reason(\n"
        '            code=f"http_{status}",\n'
        '            text=f"The target failed ({status}); it may have been'
        ' done.",',
        OUTCOME,
    ),
    _bug(
        "counts a create without its id as done",
        "bridge/targets/outcome.py",
        "    if operation.repeatable:\n"
        "        return Applied(answer=answer, note=reason)",
        "    if operation:\n"
        "        return Applied(answer=answer, note=reason)",
        OUTCOME,
    ),
    _bug(
        "says that it sends after it has sent",
        "bridge/wire.py",
        "            exchange.begin(writing.write)\n",
        "            connection.write(message, exchange.deadline)\n"
        "            exchange.begin(writing.write)\n",
        SENDER,
    ),
    _bug(
        "writes although its lease may be over",
        "bridge/calls.py",
        "        if waited * 1000 + more_ms > SLACK:\n            raise TooLate\n",
        "        del waited, more_ms\n",
        "tests/test_doubts.py",
    ),
    _bug(
        "begins to send with another's fence",
        _QUERIES,
        "WHERE id = :id AND fence = :fence AND state = 'claimed';",
        "WHERE id = :id AND state = 'claimed';",
        JOURNAL,
    ),
    _bug(
        "sends again what a lost worker was sending",
        "bridge/lifecycle.py",
        "    return S.SETTLING if repeatable else S.UNCERTAIN",
        "    return S.SETTLING if repeatable else S.PENDING",
        LIFE,
    ),
    _bug(
        "never gives up on what kills its workers",
        "bridge/lifecycle.py",
        "POISON_CLAIMS = 3",
        "POISON_CLAIMS = 3_000",
        LIFE,
    ),
    _bug(
        "keeps the fence when it ends a lease",
        "bridge/journal/sending.py",
        "        fence=before.fence + 1,\n        claims=claims,",
        "        fence=before.fence,\n        claims=claims,",
        JOURNAL,
    ),
    _bug(
        "makes two deliveries of one effect",
        _QUERIES,
        "ON CONFLICT (effect_key, generation) DO NOTHING;",
        "ON CONFLICT (effect_key, generation) DO UPDATE\n"
        "SET state = 'pending', due_at = :now;",
        JOURNAL,
    ),
    _bug(
        "redelivers a create that is there without being forced",
        "bridge/journal/operating.py",
        "    if not (force or before.repeatable) and "
        "_may_be_applied(session, before):",
        "    if not (True or before.repeatable) and "
        "_may_be_applied(session, before):",
        JOURNAL,
    ),
    _bug(
        "plans a rule that was done once more",
        "bridge/mapping/plan.py",
        "        due = latest is None or _withdrawn_by_plan(latest)\n",
        "        due = latest is None or latest.state is not S.PENDING\n",
        PLAN,
    ),
    _bug(
        "names what must happen once by its rule",
        "bridge/mapping/plan.py",
        '    return key if rule.once else f"{key}/{rule.name}"',
        '    return f"{key}/{rule.name}"',
        PLAN,
    ),
    # ------------------------------------------------- P3: in their order
    _bug(
        "lets later calls of a lane go first",
        _QUERIES,
        "    WHERE e.lane = deliveries.lane AND e.state IN ('claimed', "
        "'sending'))\nRETURNING *;",
        "    WHERE e.lane = deliveries.lane AND e.state IN ('claimed'))\n"
        "RETURNING *;",
        JOURNAL,
    ),
    _bug(
        "lets an older body of an order win",
        "bridge/orders/fold.py",
        "    if known is None or _age(told) > _age(known):",
        "    if known is None or _age(told) != _age(known):",
        FOLD,
    ),
    _bug(
        "lets an older telling of a parcel win",
        "bridge/orders/fold.py",
        "        if known is None or _parcel_age(parcel) > "
        "_parcel_age(known):",
        "        if known is None or _parcel_age(parcel) < "
        "_parcel_age(known):",
        FOLD,
    ),
    _bug(
        "forgets that an order was cancelled",
        "bridge/orders/fold.py",
        "        cancelled_ever=_earliest_cancel(state, snapshot),",
        "        cancelled_ever=state.cancelled_ever,",
        FOLD,
    ),
    _bug(
        "sends an earlier rule after a later one went",
        "bridge/mapping/plan.py",
        "        elif self._passed(rule, wanted):",
        "        elif self._passed(rule, {}):",
        PLAN,
    ),
    _bug(
        "creates what was cancelled before",
        "bridge/mapping/plan.py",
        "        if self._cancelled and rule.when not in AFTER_CANCEL:\n"
        "            return False\n",
        "",
        PLAN,
    ),
    _bug(
        "repeats at once what may still arrive",
        "bridge/lifecycle.py",
        "    wait = tried.settle + backoff(tried.attempts + 1, tried.dice)",
        "    wait = backoff(tried.attempts + 1, tried.dice)",
        LIFE,
    ),
    _bug(
        "keeps a plan of what has changed since",
        _QUERIES,
        "WHERE store = :store AND order_id = :order_id\n"
        "  AND revision = :seen_revision;",
        "WHERE store = :store AND order_id = :order_id\n"
        "  AND revision >= :seen_revision;",
        JOURNAL,
    ),
    _bug(
        "moves what has changed since it was planned",
        "bridge/journal/planning.py",
        "    if before is None or before.version != move.version:",
        "    if before is None:",
        JOURNAL,
    ),
    _bug(
        "believes that the target has what may have been applied",
        "bridge/journal/recording.py",
        "    if unknown or succeeded:\n        forget_applied",
        "    if succeeded:\n        forget_applied",
        JOURNAL,
    ),
    _bug(
        "suppresses what an operator wants sent again",
        "bridge/drafting.py",
        "self._delivery.repeatable and not self._delivery.forced\n",
        "self._delivery.repeatable\n",
        ROAD,
    ),
    # ---------------------------------------------------- P4: no limbo
    _bug(
        "waits for a link without an end",
        "bridge/drafting.py",
        "        if self._now() >= until:\n",
        "        if self._now() >= until + 10**12:\n",
        ROAD,
    ),
    _bug(
        "does not look after leases",
        "bridge/worker.py",
        "self._journal.reap(now, settle=self._settle()):\n",
        "0:\n",
        ROAD,
    ),
    _bug(
        "tries for ever",
        "bridge/lifecycle.py",
        "    return tries >= LEAST_TRIES and tried.now - tried.since > "
        "HORIZON",
        "    return tries >= 10**9 and tried.now - tried.since > HORIZON",
        LIFE,
    ),
    _bug(
        "does not plan again what was put off",
        _QUERIES,
        "WHERE plan_due IS NOT NULL AND plan_due <= :now",
        "WHERE plan_due IS NOT NULL AND plan_due < 0",
        JOURNAL,
    ),
    # -------------------------------------------------- P5: the limit
    _bug(
        "gives a slot back with the answer",
        "bridge/throttle.py",
        "    return Instant(answered_at + window + MARGIN)",
        "    return Instant(answered_at)",
        "tests/test_throttle.py",
    ),
    _bug(
        "gives a slot back before its request can have arrived",
        "bridge/throttle.py",
        "    return Instant(started_at + deadline + window + MARGIN)",
        "    return Instant(started_at + window + MARGIN)",
        "tests/test_throttle.py",
    ),
    _bug(
        "claims without a free slot",
        "bridge/journal/claiming.py",
        "            self._room = min(self._room, len(self._slots))\n",
        "            self._slots += range(len(self._slots), self._room)\n",
        JOURNAL,
    ),
    _bug(
        "keeps a target's wait to itself",
        "bridge/lifecycle.py",
        "        gate = Gate(closed_until=due_at)",
        "        gate = None",
        LIFE,
    ),
    _bug(
        "believes any Retry-After",
        "bridge/targets/outcome.py",
        "        return Millis(int(min(float(text) * SECOND, LONGEST_WAIT)))",
        "        return Millis(int(float(text) * SECOND))",
        OUTCOME,
    ),
    _bug(
        "burns a try when credentials are refused",
        "bridge/lifecycle.py",
        '    """Never counts: it is the target\'s state, not the delivery\'s '
        'fault."""\n'
        "    if outcome.refused_credentials and not tried."
        "fresh_credentials:\n        return Step(\n"
        "            state=S.PENDING,\n            reason=outcome.reason,\n"
        "            due_at=tried.now,\n            counts=False,",
        '    """Never counts: it is the target\'s state, not the delivery\'s '
        'fault."""\n'
        "    if outcome.refused_credentials and not tried."
        "fresh_credentials:\n        return Step(\n"
        "            state=S.PENDING,\n            reason=outcome.reason,\n"
        "            due_at=tried.now,\n            counts=True,",
        LIFE,
    ),
    # -------------------------------------------- the wire, reliability §4
    _bug(
        "uses a connection on which something came in",
        "bridge/wire.py",
        "            if connection.is_kept and connection.is_readable:",
        "            if not connection:",
        SENDER,
    ),
    _bug(
        "does not let a connection rest",
        "bridge/wire.py",
        "                if now - self._kept[0].idle_since < REST_S:",
        "                if now - self._kept[0].idle_since < 0:",
        SENDER,
    ),
    _bug(
        "lets every read have its own time",
        "bridge/wire.py",
        "self._stream.read(READ_PIECE, self.deadline.left())",
        "self._stream.read(READ_PIECE, 2.0)",
        SENDER,
    ),
    _bug(
        "reads an answer without an end",
        "bridge/sender.py",
        "                if len(progress.answer) > ANSWER_CAP:\n",
        "                if len(progress.answer) > 10**12:\n",
        SENDER,
    ),
    _bug(
        "takes a web page for the API's yes",
        "bridge/targets/outcome.py",
        '    if body.lstrip()[:1] == b"<":',
        '    if body.lstrip()[:1] == b"\\0":',
        OUTCOME,
    ),
    # ------------------------------------------------------- P6, P7
    _bug(
        "writes the body into the log",
        "bridge/web/webhooks.py",
        "            size=size,\n",
        "            size=size,\n"
        "            body=str(locals().get('body')),\n",
        "tests/web",
    ),
    _bug(
        "lets one bad order stop the others",
        "bridge/planner.py",
        "        except (ArithmeticError, LookupError, TypeError, "
        "ValueError) as error:\n            observe(\n"
        '                "order.unplannable", store=store, '
        "error=type(error).__name__",
        "        except ZeroDivisionError as error:\n            observe(\n"
        '                "order.unplannable", store=store, '
        "error=type(error).__name__",
        "tests/test_planner.py",
    ),
    _bug(
        "takes a decision on what has changed since it was seen",
        "bridge/journal/operating.py",
        "    if if_version is not None and if_version != before.version:",
        "    if if_version is not None and if_version > before.version:",
        JOURNAL,
    ),
    # ------------------------------------------------- in doubt: look-ups
    _bug(
        "takes what one look did not show for absent",
        "bridge/lifecycle.py",
        "        and looked.proves_absence\n"
        "        and looked.absences + 1 >= ABSENCES\n",
        "",
        LIFE,
    ),
    _bug(
        "takes a list that goes on for one that was read",
        "bridge/doubts.py",
        "        seen_all = page.is_last\n",
        "        seen_all = True\n",
        "tests/test_doubts.py",
    ),
    _bug(
        "looks up at once what may still arrive",
        "bridge/lifecycle.py",
        "        ask_at = Instant(tried.now + tried.settle) if tried.asks "
        "else None",
        "        ask_at = tried.now if tried.asks else None",
        LIFE,
    ),
    _bug(
        "sends what is in doubt without a look",
        "bridge/delivering.py",
        "            if self._claim.in_doubt and self._looks_first():\n"
        "                return self._asked()\n",
        "",
        ROAD,
    ),
    _bug(
        "forgets the id that a look-up found",
        "bridge/doubts.py",
        "        return {} if self.rule is None else learned(self.rule, "
        "answer)",
        "        return {}",
        ROAD,
    ),
    _bug(
        "lets a look-up undo what a person decided",
        "bridge/journal/recording.py",
        "        return before.state is _S.UNCERTAIN\n",
        "        return True\n",
        JOURNAL,
    ),
    _bug(
        "believes a late answer of an earlier try",
        "bridge/journal/evidence.py",
        '    return last is not None and last["number"] == number',
        "    return last is not None and number is not None",
        JOURNAL,
    ),
    _bug(
        "lets late news overrule what was decided since",
        "bridge/journal/evidence.py",
        "    return before.state in _OPEN and result.step.state in _DEFINITE",
        "    return result.step.state in _DEFINITE",
        JOURNAL,
    ),
    # ------------------------------------------------- P7: gates and turns
    _bug(
        "never opens a circuit",
        "bridge/circuit.py",
        "    if failures < FAILURES and not circuit.probing:",
        "    if not circuit.probing:",
        "tests/test_circuit.py",
    ),
    _bug(
        "probes with as many as there is room for",
        "bridge/journal/claiming.py",
        "            min(self.lane.room, 1) if self._probing else "
        "self.lane.room",
        "            self.lane.room",
        JOURNAL,
    ),
    _bug(
        "tries refused credentials again",
        _QUERIES,
        "  AND (refused IS NULL OR refused <> :mark);",
        "  AND (refused IS NULL OR refused <> '');",
        JOURNAL,
    ),
    _bug(
        "serves stores by their name",
        "bridge/journal/claiming.py",
        "        if len(stores) > 1:\n            self._note_turns(",
        "        if len(stores) > 99:\n            self._note_turns(",
        JOURNAL,
    ),
    _bug(
        "lets a cancel wait behind what came before it",
        "bridge/mapping/plan.py",
        "    if rule.when in AFTER_CANCEL:\n        return Urgency.CANCEL\n",
        "",
        PLAN,
    ),
    _bug(
        "lets a later call pass one that is still to be made",
        "bridge/mapping/plan.py",
        "        blocks=rule.operation is not None,",
        "        blocks=rule.operation is not None and not rule.skips_dead,",
        PLAN,
    ),
    # ------------------------------------------------------ the disk fails
    _bug(
        "takes events in to the last byte of the disk",
        "bridge/journal/room.py",
        "        if self._lacks is not None:\n"
        "            raise JournalUnavailable(self._lacks)\n",
        "",
        f"{JOURNAL}/test_room.py",
    ),
    _bug(
        "ends leases of others when it only plans",
        "bridge/worker.py",
        "        if self._sends:\n            self._spill.bring_back(self._journal,"
        " self._now())\n",
        "        if self._plans:\n            self._spill.bring_back(self._journal,"
        " self._now())\n",
        "tests/test_worker.py",
    ),
    _bug(
        "does not tell the process that does the other part",
        "bridge/worker.py",
        "            self._journal.ring()\n",
        "            pass\n",
        "tests/test_worker.py",
    ),
    _bug(
        "forgets what the first of a batch wrote when it does it again",
        "bridge/journal/committing.py",
        "                again(database)\n",
        "",
        "tests/journal/test_committing.py",
    ),
    _bug(
        "ends leases before it reads back what was spilled",
        "bridge/worker.py",
        "            self._spill.bring_back(self._journal, self._now())\n"
        "            self._journal.take_over(",
        "            self._journal.take_over(",
        "tests/test_worker.py",
    ),
    _bug(
        "takes what is being written for what is not yet",
        "bridge/delivering.py",
        "                begin()\n                write()\n",
        "                write()\n                begin()\n",
        "tests/campaign/test_simulation.py",
    ),
    _bug(
        "believes what an earlier claim had not written",
        "bridge/journal/sending.py",
        "(before.id, before.fence) in unwritten",
        "before.id in {one for one, _fence in unwritten}",
        f"{JOURNAL}/test_leases.py",
    ),
    _bug(
        "believes a page whose worker may live",
        "bridge/first_bytes.py",
        "    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "",
        "tests/test_first_bytes.py",
    ),
    _bug(
        "does not know an older copy",
        "bridge/journal/mark.py",
        "    if mark.event <= seen.event and mark.change <= seen.change:",
        "    if mark.event >= 0:",
        f"{JOURNAL}/test_copies.py",
    ),
    _bug(
        "creates again what an older copy has not seen",
        "bridge/mapping/plan.py",
        "        if due:\n            self._add(rule, latest, came_back or "
        "self._restored(rule))",
        "        if due:\n            self._add(rule, latest, came_back)",
        f"{PLAN}/test_restored.py",
    ),
    _bug(
        "leaves a frozen worker its leases",
        "bridge/supervisor.py",
        "        if self._program.stall is not None:",
        "        if self._program.stall is not None and now < 0:",
        "tests/test_supervisor.py",
    ),
    _bug(
        "takes a call back while an earlier one may still undo it",
        "bridge/mapping/plan.py",
        "            other.in_doubt or (other.state in LIVE and other.id != "
        "latest.id)",
        "            other.state in LIVE and other.id != latest.id",
        f"{PLAN}/test_once.py",
    ),
    # -------------------------------------------------------------- speed
    _bug(
        "goes on calling a target that has just refused",
        "bridge/worker.py",
        "                let_go = [*ahead]\n"
        "                ahead.clear()\n"
        "                self._claimed[name] -= len(let_go)\n",
        "                let_go = []\n",
        "tests/test_worker.py",
    ),
    _bug(
        "rings for nobody",
        "bridge/journal/sqlite.py",
        "        if not self._listens:\n            self._bell.ring()\n",
        "        if self._listens:\n            self._bell.ring()\n",
        f"{JOURNAL}/test_bell.py",
    ),
    _bug(
        "brings back a body that was pruned while it was packed",
        _QUERIES,
        "SELECT event_id, :body FROM arrivals WHERE event_id = :event_id;",
        "VALUES (:event_id, :body);",
        f"{JOURNAL}/test_pruning.py",
    ),
    _bug(
        "takes a pruned order for a whole one",
        "bridge/orders/pruning.py",
        "        pruned=True,\n        cancel_reason=None,",
        "        pruned=False,\n        cancel_reason=None,",
        "tests/end_to_end/test_retention.py",
    ),
)
