-- Every statement of the journal, under its name. Parameters are `:name`;
-- times are passed in. The text is what SQLite and PostgreSQL both take;
-- the lists of states are spelled as in the partial indexes, which are only
-- used when they are.

-- ---------------------------------------------------------------- taking

-- name: append_event
INSERT INTO events (store, platform, topic, dedupe_key, sha256, received_at,
                    state, reason, headers, body)
VALUES (:store, :platform, :topic, :dedupe_key, :sha256, :received_at,
        :state, :reason, :headers, x'')
ON CONFLICT (dedupe_key) DO NOTHING
RETURNING id, dedupe_key;

-- name: append_body
INSERT INTO arrivals (event_id, body) VALUES (:event_id, :body);

-- name: event_of_key
SELECT id FROM events WHERE dedupe_key = :dedupe_key;

-- ---------------------------------------------------- the file, its copies

-- name: seen
SELECT (SELECT id FROM identity) AS journal,
       (SELECT COALESCE(MAX(id), 0) FROM events) AS event,
       (SELECT COALESCE(MAX(id), 0) FROM history) AS change,
       (SELECT received_at FROM events
        WHERE id = (SELECT MAX(id) FROM events)) AS event_at,
       (SELECT at FROM history
        WHERE id = (SELECT MAX(id) FROM history)) AS change_at;

-- name: unfinished_creates
SELECT * FROM deliveries
WHERE repeatable = 0 AND kind = 'call'
  AND state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                'uncertain', 'held', 'dead')
  AND state IN ('waiting', 'pending', 'held', 'claimed', 'sending')
ORDER BY id;

-- name: accept_copy
INSERT INTO copies (last_seen, accepted_at) VALUES (:last_seen, :now);

-- name: unseen
SELECT MIN(last_seen) AS since, MAX(accepted_at) AS until FROM copies;

-- -------------------------------------------------------------- planning

-- name: unplanned
SELECT e.*, COALESCE(a.body, e.body) AS whole
FROM events e LEFT JOIN arrivals a ON a.event_id = e.id
WHERE e.state = 'stored' ORDER BY e.id LIMIT :limit;

-- name: orders_due
SELECT store, order_id FROM orders
WHERE plan_due IS NOT NULL AND plan_due <= :now
ORDER BY plan_due LIMIT :limit;

-- name: judge_event
UPDATE events SET state = :state, reason = :reason,
                  order_id = COALESCE(:order_id, order_id)
WHERE id = :id AND state = 'stored';

-- name: order
SELECT * FROM orders WHERE store = :store AND order_id = :order_id;

-- name: insert_order
INSERT INTO orders (store, order_id, version, revision, body_event,
                    plan_due, state, kept_since)
VALUES (:store, :order_id, :version, 1, :body_event, :plan_due, :state, :now)
ON CONFLICT (store, order_id) DO NOTHING;

-- name: update_order
UPDATE orders SET version = :version, revision = revision + 1,
                  body_event = :body_event, plan_due = :plan_due,
                  state = :state, kept_since = :now
WHERE store = :store AND order_id = :order_id
  AND revision = :seen_revision;

-- name: touch_order
UPDATE orders SET revision = revision + 1
WHERE store = :store AND order_id = :order_id;

-- name: replan_order
UPDATE orders SET revision = revision + 1, plan_due = :now
WHERE store = :store AND order_id = :order_id;

-- name: insert_delivery
INSERT INTO deliveries (
  effect_key, generation, kind, store, order_id, target, lane, place,
  mapping, rule, operation, repeatable, urgency, blocks, skips_dead, state,
  reason, reason_text, reason_where, fence, due_at, wait_until, attempts,
  claims, lookups, absences, moved, version, mapping_hash, forced,
  live_since, created_at, updated_at, request)
VALUES (
  :effect_key, :generation, :kind, :store, :order_id, :target, :lane, :place,
  :mapping, :rule, :operation, :repeatable, :urgency, :blocks, :skips_dead,
  :state, :reason, :reason_text, :reason_where, 0, :due_at, :wait_until, 0,
  0, 0, 0, (SELECT COALESCE(MAX(id), 0) + 1 FROM history), 1, :mapping_hash,
  0, :live_since, :now, :now, :request)
ON CONFLICT (effect_key, generation) DO NOTHING;

-- ------------------------------------------------------------ deliveries

-- name: delivery
SELECT * FROM deliveries WHERE id = :id;

-- The delivery with what its record needs of its order and target.
-- name: delivery_at_work
SELECT d.*, o.revision, t.failures, t.trips, t.probing, t.circuit_until
FROM deliveries d
JOIN orders o ON o.store = d.store AND o.order_id = d.order_id
LEFT JOIN targets t ON t.name = d.target
WHERE d.id = :id;

-- name: save_delivery
UPDATE deliveries SET
  generation = :generation, place = :place, state = :state, reason = :reason,
  reason_text = :reason_text, reason_where = :reason_where, fence = :fence,
  owner = :owner, lease_until = :lease_until, due_at = :due_at,
  wait_until = :wait_until, attempts = :attempts, claims = :claims,
  lookups = :lookups, absences = :absences,
  moved = CASE WHEN state = :state THEN moved
               ELSE (SELECT MAX(id) + 1 FROM history) END,
  version = :version, mapping_hash = :mapping_hash,
  request_hash = :request_hash, forced = :forced, live_since = :live_since,
  updated_at = :updated_at,
  -- without one, it stays as it is
  request = CASE WHEN pruned_at IS NULL THEN COALESCE(:request, request)
            ELSE request END
WHERE id = :id AND version = :seen_version;

-- name: newest_generation
SELECT id, generation FROM deliveries WHERE effect_key = :effect_key
ORDER BY generation DESC LIMIT 1;

-- name: forget_applied
UPDATE deliveries SET request_hash = NULL
WHERE order_id = :order_id AND store = :store AND target = :target
  AND operation = :operation AND request_hash IS NOT NULL;

-- name: keep_link
INSERT INTO links (store, order_id, target, name, value, source)
VALUES (:store, :order_id, :target, :name, :value, :source)
ON CONFLICT (store, order_id, target, name) DO UPDATE
SET value = excluded.value, source = excluded.source
WHERE links.value <> excluded.value
  AND (excluded.source <> 'attribute' OR links.source = 'attribute');

-- name: keep_link_if_new
INSERT INTO links (store, order_id, target, name, value, source)
VALUES (:store, :order_id, :target, :name, :value, :source)
ON CONFLICT (store, order_id, target, name) DO NOTHING;

-- name: wake_waiting
UPDATE deliveries SET due_at = :now, version = version + 1, updated_at = :now
WHERE order_id = :order_id AND store = :store AND target = :target
  AND state = 'waiting' AND due_at > :now;

-- name: held_for_link
SELECT id FROM deliveries
WHERE order_id = :order_id AND store = :store AND target = :target
  AND state = 'held' AND reason = 'link_missing' LIMIT 1;

-- name: links_of_order
SELECT * FROM links WHERE store = :store AND order_id = :order_id
ORDER BY target, name;

-- name: links_at_target
SELECT name, value FROM links
WHERE store = :store AND order_id = :order_id AND target = :target;

-- --------------------------------------------------------------- sending

-- name: outlook
SELECT
  EXISTS (
    SELECT 1 FROM targets t
    WHERE t.name = :target
      AND (t.paused IS NOT NULL OR t.closed_until > :now
           OR t.circuit_until > :now
           OR (t.probing = 1
               AND (t.probe_until > :now
                    OR EXISTS (
                      SELECT 1 FROM deliveries e
                      WHERE e.target = :target
                        AND e.state IN (
                          'waiting', 'pending', 'claimed', 'sending',
                          'settling', 'uncertain', 'held', 'dead')
                        AND e.state IN ('claimed', 'sending')))))) AS shut,
  EXISTS (
    SELECT 1 FROM targets t
    WHERE t.name = :target AND t.probing = 1) AS probing,
  EXISTS (
    SELECT 1 FROM deliveries d
    WHERE d.target = :target AND d.state = 'uncertain'
      AND d.due_at IS NOT NULL AND d.due_at <= :now) AS doubts;

-- name: due_lookups
SELECT id FROM deliveries
WHERE target = :target AND state = 'uncertain'
  AND due_at IS NOT NULL AND due_at <= :now
ORDER BY due_at, id LIMIT :room;

-- name: due_stores
WITH RECURSIVE found (store) AS (
  SELECT MIN(d.store) FROM deliveries d
  WHERE d.target = :target AND d.state IN ('waiting', 'pending', 'settling')
  UNION ALL
  SELECT (
    SELECT MIN(d.store) FROM deliveries d
    WHERE d.target = :target AND d.store > found.store
      AND d.state IN ('waiting', 'pending', 'settling'))
  FROM found WHERE found.store IS NOT NULL)
SELECT found.store,
       (SELECT MAX(turn) FROM turns WHERE target = :target) AS latest
FROM found
LEFT JOIN turns t ON t.target = :target AND t.store = found.store
WHERE found.store IS NOT NULL
  AND EXISTS (
    SELECT 1 FROM deliveries d
    WHERE d.target = :target AND d.store = found.store
      AND d.urgency IN (0, 1, 2) AND d.due_at <= :now
      AND d.state IN ('waiting', 'pending', 'settling'))
ORDER BY COALESCE(t.turn, 0), found.store;

-- name: due_heads
SELECT d.id FROM deliveries d
WHERE d.target = :target AND d.store = :store
  AND d.urgency IN (0, 1, 2) AND d.due_at <= :now
  AND d.state IN ('waiting', 'pending', 'settling')
  AND NOT EXISTS (
    SELECT 1 FROM deliveries e
    WHERE e.lane = d.lane AND e.place < d.place AND e.blocks = 1
      AND e.state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                      'uncertain', 'held', 'dead')
      AND NOT (e.state = 'dead' AND e.skips_dead = 1))
  AND NOT EXISTS (
    SELECT 1 FROM deliveries e
    WHERE e.lane = d.lane AND e.state IN ('claimed', 'sending'))
ORDER BY d.urgency, d.due_at, d.id LIMIT :room;

-- No create may be repeated: their urgency is left out.
-- name: due_probes
SELECT d.id FROM deliveries d
WHERE d.target = :target AND d.store = :store
  AND d.urgency IN (0, 2) AND d.due_at <= :now AND d.repeatable = 1
  AND d.state IN ('waiting', 'pending', 'settling')
  AND NOT EXISTS (
    SELECT 1 FROM deliveries e
    WHERE e.lane = d.lane AND e.place < d.place AND e.blocks = 1
      AND e.state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                      'uncertain', 'held', 'dead')
      AND NOT (e.state = 'dead' AND e.skips_dead = 1))
  AND NOT EXISTS (
    SELECT 1 FROM deliveries e
    WHERE e.lane = d.lane AND e.state IN ('claimed', 'sending'))
ORDER BY d.urgency, d.due_at, d.id LIMIT :room;

-- name: take_turn
INSERT INTO turns (target, store, turn) VALUES (:target, :store, :turn)
ON CONFLICT (target, store) DO UPDATE SET turn = excluded.turn;

-- name: claim_lookup
UPDATE deliveries SET fence = fence + 1, due_at = :lease_until,
                      updated_at = :now
WHERE id = :id AND state = 'uncertain'
RETURNING *;

-- name: order_to_send
SELECT o.*, (
  SELECT d.request_hash FROM deliveries d
  WHERE d.order_id = o.order_id AND d.store = o.store AND d.target = :target
    AND d.operation = :operation AND d.request_hash IS NOT NULL
  LIMIT 1) AS applied_hash
FROM orders o WHERE o.store = :store AND o.order_id = :order_id;

-- name: take_order
-- A plan that was made of what was read before is refused now: the call may
-- be rendered from this state of the order.
UPDATE orders SET revision = revision + 1
WHERE store = :store AND order_id = :order_id
RETURNING *, (
  SELECT d.request_hash FROM deliveries d
  WHERE d.order_id = :order_id AND d.store = :store AND d.target = :target
    AND d.operation = :operation AND d.request_hash IS NOT NULL
  LIMIT 1) AS applied_hash;

-- name: doubt
SELECT 1 AS doubt FROM attempts a
WHERE a.delivery_id = :delivery_id
  AND a.number = (
    SELECT MAX(b.number) FROM attempts b
    WHERE b.delivery_id = :delivery_id AND b.operation = :operation
      AND (b.outcome IS NULL
           OR b.outcome IN ('maybe', 'applied', 'rejected')))
  AND (a.outcome IS NULL OR a.outcome = 'maybe')
  AND a.fence > (
    SELECT MIN(h.fence) FROM history h
    WHERE h.delivery_id = :delivery_id AND h.generation = :generation)
  AND NOT EXISTS (
    SELECT 1 FROM attempts l
    WHERE l.delivery_id = :delivery_id AND l.fence > a.fence
      AND l.outcome IN ('found', 'absent', 'unclear'));

-- name: claim_delivery
UPDATE deliveries SET state = 'claimed', fence = fence + 1,
                      version = version + 1, owner = :owner,
                      lease_until = :lease_until, updated_at = :now
WHERE id = :id AND state IN ('waiting', 'pending', 'settling')
  AND NOT EXISTS (
    SELECT 1 FROM deliveries e
    WHERE e.lane = deliveries.lane AND e.state IN ('claimed', 'sending'))
RETURNING *;

-- name: add_slot
INSERT INTO slots (target, n, free_at) VALUES (:target, :n, 0)
ON CONFLICT (target, n) DO NOTHING;

-- name: slots
SELECT n, free_at FROM slots WHERE target = :target AND n < :slots
ORDER BY free_at, n;

-- name: take_slot
UPDATE slots SET free_at = :free_at, delivery_id = :delivery_id,
                 fence = :fence
WHERE target = :target AND n = :n;

-- name: give_back_slot
UPDATE slots SET free_at = :free_at
WHERE target = :target AND n = :n AND delivery_id = :delivery_id
  AND fence = :fence;

-- name: intend
UPDATE deliveries SET state = 'sending', claims = 0, lookups = 0,
                      absences = 0, version = version + 1,
                      moved = (SELECT MAX(id) + 1 FROM history),
                      mapping_hash = :mapping_hash, request = :request,
                      updated_at = :now
WHERE id = :id AND fence = :fence AND state = 'claimed';

-- name: open_attempt
INSERT INTO attempts (delivery_id, number, fence, operation, mapping_hash,
                      phase, started_at, request)
VALUES (:delivery_id,
        (SELECT COALESCE(MAX(number), 0) + 1 FROM attempts
         WHERE delivery_id = :delivery_id),
        :fence, :operation, :mapping_hash, :phase, :started_at,
        CASE WHEN :request = (SELECT request FROM deliveries
                              WHERE id = :delivery_id)
             THEN '=' ELSE :request END)
RETURNING number;

-- name: close_attempt
UPDATE attempts SET phase = :phase, outcome = :outcome, reason = :reason,
                    status = :status, answer = :answer, ended_at = :ended_at
WHERE delivery_id = :delivery_id AND number = :number AND fence = :fence;

-- name: last_attempt
SELECT a.*, d.request AS said
FROM attempts a JOIN deliveries d ON d.id = a.delivery_id
WHERE a.delivery_id = :delivery_id AND a.operation = :operation
ORDER BY a.number DESC LIMIT 1;

-- name: lose_attempts
UPDATE attempts SET outcome = 'maybe', reason = 'worker_lost',
                    ended_at = :now
WHERE delivery_id = :delivery_id AND outcome IS NULL;

-- name: unsend_attempts
UPDATE attempts SET phase = 'prepared', outcome = 'notsent',
                    reason = 'worker_lost', ended_at = :now
WHERE delivery_id = :delivery_id AND outcome IS NULL;

-- Of any generation: what was created stays created.
-- name: maybe_applied
SELECT 1 AS applied FROM deliveries d
JOIN attempts a ON a.delivery_id = d.id
WHERE d.effect_key = :effect_key
  AND (a.outcome IS NULL OR a.outcome IN ('applied', 'maybe', 'found'))
UNION ALL
SELECT 1 FROM deliveries d JOIN history h ON h.delivery_id = d.id
WHERE d.effect_key = :effect_key AND h.state IN ('uncertain', 'succeeded')
LIMIT 1;

-- name: lost_leases
SELECT * FROM deliveries
WHERE state IN ('claimed', 'sending') AND lease_until <= :now
ORDER BY lease_until;

-- name: leases_of
SELECT * FROM deliveries
WHERE state IN ('claimed', 'sending') AND lease_until > 0
  AND owner = :owner
ORDER BY lease_until;

-- name: next_due
SELECT MIN(at) AS at FROM (
  SELECT MIN(due_at) AS at FROM deliveries
  WHERE state IN ('waiting', 'pending', 'settling', 'uncertain')
    AND due_at > :now
  UNION ALL
  SELECT MIN(lease_until) FROM deliveries
  WHERE state IN ('claimed', 'sending') AND lease_until > :now
  UNION ALL
  SELECT MIN(plan_due) FROM orders
  WHERE plan_due IS NOT NULL AND plan_due > :now
  UNION ALL
  SELECT MIN(closed_until) FROM targets WHERE closed_until > :now
  UNION ALL
  SELECT MIN(circuit_until) FROM targets WHERE circuit_until > :now
  UNION ALL
  SELECT MIN(probe_until) FROM targets WHERE probe_until > :now
  UNION ALL
  SELECT MIN(free_at) FROM slots WHERE free_at > :now
) AS wakes;

-- --------------------------------------------------------------- targets

-- name: target
SELECT * FROM targets WHERE name = :name;

-- name: targets
SELECT * FROM targets ORDER BY name;

-- name: pin_target
INSERT INTO targets (name, host) VALUES (:name, :host)
ON CONFLICT (name) DO UPDATE SET host = excluded.host
WHERE targets.host = '';

-- name: adopt_target
INSERT INTO targets (name, host) VALUES (:name, :host)
ON CONFLICT (name) DO UPDATE SET host = excluded.host;

-- name: pause_target
UPDATE targets SET paused = :paused, paused_at = :paused_at,
                   closed_until = :closed_until
WHERE name = :name;

-- name: open_target
UPDATE targets SET paused = NULL, paused_at = NULL, closed_until = NULL,
                   circuit_until = NULL, failures = 0, trips = 0,
                   probing = :probing, probe_until = NULL
WHERE name = :name;

-- name: narrow_gate
INSERT INTO targets (name, host, paused, paused_at, closed_until, refused)
VALUES (:name, '', :paused, :paused_at, :closed_until, :refused)
ON CONFLICT (name) DO UPDATE SET
  paused = COALESCE(targets.paused, excluded.paused),
  paused_at = COALESCE(targets.paused_at, excluded.paused_at),
  refused = COALESCE(excluded.refused, targets.refused),
  closed_until = CASE
    WHEN targets.closed_until IS NULL
      OR targets.closed_until < excluded.closed_until
    THEN excluded.closed_until
    ELSE targets.closed_until END;

-- name: keep_circuit
INSERT INTO targets (name, host, failures, trips, probing, circuit_until)
VALUES (:name, '', :failures, :trips, :probing, :circuit_until)
ON CONFLICT (name) DO UPDATE SET
  failures = excluded.failures, trips = excluded.trips,
  probing = excluded.probing, circuit_until = excluded.circuit_until;

-- name: begin_probe
UPDATE targets SET probe_until = :until WHERE name = :target;

-- name: end_probe
UPDATE targets SET probe_until = NULL
WHERE name = :name AND probe_until = :until;

-- name: try_credentials
UPDATE targets SET paused = NULL, paused_at = NULL, probing = 1,
                   probe_until = NULL
WHERE name = :name AND paused = 'credentials_refused'
  AND (refused IS NULL OR refused <> :mark);

-- ----------------------------------------------------------------- clock

-- name: clock
SELECT shift FROM clock WHERE boot = :boot;

-- name: keep_clock
INSERT INTO clock (boot, shift, since) VALUES (:boot, :shift, :now)
ON CONFLICT (boot) DO UPDATE SET shift = excluded.shift,
                                 since = excluded.since;

-- name: move_deliveries
UPDATE deliveries SET due_at = due_at + :by, lease_until = lease_until + :by,
                      wait_until = wait_until + :by,
                      live_since = live_since + :by
WHERE state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                'uncertain', 'held', 'dead')
  AND state NOT IN ('held', 'dead');

-- name: move_orders
UPDATE orders SET plan_due = plan_due + :by WHERE plan_due IS NOT NULL;

-- name: move_targets
UPDATE targets SET closed_until = closed_until + :by,
                   circuit_until = circuit_until + :by,
                   probe_until = probe_until + :by;

-- name: move_slots
UPDATE slots SET free_at = free_at + :by;

-- name: clamp_deliveries
UPDATE deliveries SET
  due_at = CASE WHEN due_at > :wait THEN :wait ELSE due_at END,
  wait_until = CASE WHEN wait_until > :wait THEN :wait ELSE wait_until END,
  lease_until = CASE WHEN lease_until > :hold THEN :hold
                ELSE lease_until END,
  live_since = CASE WHEN live_since > :wait THEN :wait ELSE live_since END
WHERE state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                'uncertain', 'held', 'dead')
  AND state NOT IN ('held', 'dead')
  AND (due_at > :wait OR wait_until > :wait OR lease_until > :hold
       OR live_since > :wait);

-- name: clamp_orders
UPDATE orders SET plan_due = :wait
WHERE plan_due IS NOT NULL AND plan_due > :wait;

-- name: clamp_targets
UPDATE targets SET
  closed_until = CASE WHEN closed_until > :wait THEN :wait
                 ELSE closed_until END,
  circuit_until = CASE WHEN circuit_until > :wait THEN :wait
                  ELSE circuit_until END,
  probe_until = CASE WHEN probe_until > :hold THEN :hold
                ELSE probe_until END;

-- name: clamp_slots
UPDATE slots SET free_at = :hold WHERE free_at > :hold;

-- --------------------------------------------------------------- workers

-- name: beat
INSERT INTO beats (worker, plans, sends, at, problems)
VALUES (:worker, :plans, :sends, :now, :problems)
ON CONFLICT (worker) DO UPDATE
SET plans = excluded.plans, sends = excluded.sends, at = excluded.at,
    problems = excluded.problems;

-- name: beats
SELECT * FROM beats ORDER BY worker;

-- --------------------------------------------------------- mapping texts

-- name: mapping_in_force
SELECT * FROM mappings WHERE name = :name AND until IS NULL;

-- name: mappings_in_force
SELECT * FROM mappings WHERE until IS NULL ORDER BY name;

-- name: insert_mapping
INSERT INTO mappings (name, hash, since, text)
VALUES (:name, :hash, :now, :text);

-- name: let_go
UPDATE mappings SET let_go = 1 WHERE name = :name AND until IS NULL;

-- name: retire_mapping
UPDATE mappings SET until = :now WHERE name = :name AND until IS NULL;

-- name: mapping_text
SELECT * FROM mappings WHERE hash = :hash ORDER BY id DESC LIMIT 1;

-- name: mapping_texts
SELECT * FROM mappings WHERE name = :name ORDER BY id DESC LIMIT :limit;

-- name: refuse_text
INSERT INTO refusals (name, hash, at, reason)
VALUES (:name, :hash, :now, :reason)
ON CONFLICT (name, hash) DO UPDATE
SET at = excluded.at, reason = excluded.reason;

-- name: force_text
INSERT INTO refusals (name, hash, at, reason, forced_at, forced_by, why)
VALUES (:name, :hash, :now, '', :now, :actor, :why)
ON CONFLICT (name, hash) DO UPDATE
SET forced_at = excluded.forced_at, forced_by = excluded.forced_by,
    why = excluded.why;

-- name: refusals
SELECT * FROM refusals
WHERE (CAST(:name AS TEXT) IS NULL OR name = :name)
ORDER BY at DESC, name, hash;

-- name: first_in_force
SELECT MIN(since) AS since FROM mappings WHERE name = :name;

-- name: held_calls
SELECT * FROM deliveries
WHERE mapping = :mapping AND state = 'held' AND kind = 'call'
  AND (reason IS NULL
       OR reason NOT IN ('came_back', 'operator', 'restored', 'on_hold'));

-- ------------------------------------------------------------- operators

-- name: event
SELECT e.*, COALESCE(b.body, a.body, e.body) AS whole
FROM events e LEFT JOIN bodies b ON b.event_id = e.id
LEFT JOIN arrivals a ON a.event_id = e.id
WHERE e.id = :id;

-- name: events_all
SELECT * FROM events WHERE id < :before ORDER BY id DESC LIMIT :limit;

-- name: events_stored
SELECT * FROM events
WHERE state = 'stored' AND id < :before
  AND (CAST(:store AS TEXT) IS NULL OR store = :store)
  AND (CAST(:topic AS TEXT) IS NULL OR topic = :topic)
  AND (CAST(:since AS BIGINT) IS NULL OR received_at >= :since)
  AND (CAST(:until AS BIGINT) IS NULL OR received_at < :until)
ORDER BY id DESC LIMIT :limit;

-- name: events_aside
SELECT * FROM events
WHERE state IN ('ignored', 'unusable') AND state = :state AND id < :before
  AND (CAST(:store AS TEXT) IS NULL OR store = :store)
  AND (CAST(:topic AS TEXT) IS NULL OR topic = :topic)
  AND (CAST(:since AS BIGINT) IS NULL OR received_at >= :since)
  AND (CAST(:until AS BIGINT) IS NULL OR received_at < :until)
ORDER BY id DESC LIMIT :limit;

-- name: events_of_order
SELECT * FROM events
WHERE order_id = :order AND id < :before
  AND (CAST(:store AS TEXT) IS NULL OR store = :store)
  AND (CAST(:topic AS TEXT) IS NULL OR topic = :topic)
  AND (CAST(:state AS TEXT) IS NULL OR state = :state)
  AND (CAST(:since AS BIGINT) IS NULL OR received_at >= :since)
  AND (CAST(:until AS BIGINT) IS NULL OR received_at < :until)
ORDER BY id DESC LIMIT :limit;

-- name: orders
SELECT * FROM orders
WHERE (version, store, order_id) < (:version, :before_store, :order_id)
  AND (CAST(:store AS TEXT) IS NULL OR store = :store)
ORDER BY version DESC, store DESC, order_id DESC LIMIT :limit;

-- name: deliveries_all
SELECT * FROM deliveries WHERE id < :before ORDER BY id DESC LIMIT :limit;

-- name: deliveries_of_order
SELECT * FROM deliveries
WHERE order_id = :order AND id < :before
  AND (CAST(:store AS TEXT) IS NULL OR store = :store)
  AND (CAST(:target AS TEXT) IS NULL OR target = :target)
  AND (CAST(:state AS TEXT) IS NULL OR state = :state)
  AND (CAST(:reason AS TEXT) IS NULL OR reason = :reason)
  AND (CAST(:attention AS BIGINT) IS NULL
       OR :attention = CASE WHEN state IN ('held', 'uncertain', 'dead')
                            THEN 1 ELSE 0 END)
  AND (CAST(:since AS BIGINT) IS NULL OR created_at >= :since)
  AND (CAST(:until AS BIGINT) IS NULL OR created_at < :until)
ORDER BY id DESC LIMIT :limit;

-- name: dossier_deliveries
SELECT d.*, EXISTS (
  SELECT 1 FROM attempts a
  WHERE a.delivery_id = d.id
    AND a.number = (
      SELECT MAX(b.number) FROM attempts b
      WHERE b.delivery_id = d.id AND b.operation = d.operation
        AND (b.outcome IS NULL
             OR b.outcome IN ('maybe', 'applied', 'rejected')))
    AND (a.outcome IS NULL OR a.outcome = 'maybe')
    AND NOT EXISTS (
      SELECT 1 FROM attempts l
      WHERE l.delivery_id = d.id AND l.number > a.number
        AND l.outcome IN ('found', 'absent'))) AS in_doubt
FROM deliveries d WHERE d.order_id = :order_id AND d.store = :store
ORDER BY d.id;

-- name: story_events
SELECT e.*, COALESCE(b.body, a.body, e.body) AS whole
FROM events e LEFT JOIN bodies b ON b.event_id = e.id
LEFT JOIN arrivals a ON a.event_id = e.id
WHERE e.order_id = :order_id AND e.store = :store
ORDER BY e.id;

-- name: story_attempts
SELECT a.*, d.request AS said FROM deliveries d JOIN attempts a ON a.delivery_id = d.id
WHERE d.order_id = :order_id AND d.store = :store
ORDER BY a.delivery_id, a.number;

-- name: story_audit
SELECT a.* FROM deliveries d JOIN audit a ON a.delivery_id = d.id
WHERE d.order_id = :order_id AND d.store = :store
UNION ALL
SELECT * FROM audit
WHERE order_id = :order_id AND store = :store AND delivery_id IS NULL
ORDER BY id;

-- name: attempts
SELECT a.*, d.request AS said
FROM attempts a JOIN deliveries d ON d.id = a.delivery_id
WHERE a.delivery_id = :id ORDER BY a.number;

-- name: history
SELECT id, at, delivery_id, version, state, reason, generation, fence,
       worker, due_at
FROM history WHERE delivery_id = :id ORDER BY id;

-- Where a line has `=`, an earlier one says it; of what is pruned it is gone.
-- name: other_ends
SELECT d.id, d.state, d.version, h.state AS told_state,
       h.version AS told_version
FROM deliveries d
LEFT JOIN history h ON h.id = (
  SELECT MAX(l.id) FROM history l WHERE l.delivery_id = d.id)
WHERE h.id IS NULL
  OR h.at <> d.updated_at OR h.version <> d.version OR h.state <> d.state
  OR h.reason IS DISTINCT FROM d.reason
  OR h.generation <> d.generation
  OR d.place <> (
    SELECT l.place FROM history l
    WHERE l.delivery_id = d.id AND l.place <> '='
    ORDER BY l.id DESC LIMIT 1)
  OR h.fence <> d.fence
  OR h.worker <> d.owner -- who held it before stands there, too
  OR h.lease_until IS DISTINCT FROM d.lease_until
  OR h.due_at IS DISTINCT FROM d.due_at
  OR h.wait_until IS DISTINCT FROM d.wait_until
  OR h.attempts <> d.attempts OR h.claims <> d.claims
  OR h.lookups <> d.lookups OR h.absences <> d.absences
  OR (h.mapping_hash IS NULL) <> (d.mapping_hash IS NULL)
  OR d.mapping_hash <> (
    SELECT l.mapping_hash FROM history l
    WHERE l.delivery_id = d.id AND l.mapping_hash <> '='
    ORDER BY l.id DESC LIMIT 1)
  OR (h.request_hash IS NULL) <> (d.request_hash IS NULL)
  OR SUBSTR(d.request_hash, 1, 16) <> (
    SELECT SUBSTR(l.request_hash, 1, 16) FROM history l
    WHERE l.delivery_id = d.id AND l.request_hash <> '='
    ORDER BY l.id DESC LIMIT 1)
  OR h.forced <> d.forced OR h.live_since <> d.live_since
ORDER BY d.id LIMIT :limit;

-- name: steps
SELECT was, state, COUNT(*) AS times, MIN(delivery_id) AS delivery_id,
       MIN(fell) AS fell
FROM (
  SELECT delivery_id, state, LAG(state) OVER one AS was,
         CASE WHEN fence < LAG(fence) OVER one
                OR version < LAG(version) OVER one
              THEN delivery_id END AS fell
  FROM history
  WINDOW one AS (PARTITION BY delivery_id ORDER BY id)
) AS lines
WHERE was <> state OR fell IS NOT NULL
GROUP BY was, state;

-- name: audit
SELECT * FROM audit WHERE delivery_id = :id ORDER BY id;

-- name: audit_of_target
SELECT * FROM audit WHERE delivery_id IS NULL AND target = :target
ORDER BY id;

-- name: note
INSERT INTO audit (at, actor, action, delivery_id, target, reason, detail)
VALUES (:at, :actor, :action, :delivery_id, :target, :reason, :detail);

-- name: note_on_order
INSERT INTO audit (at, actor, action, store, order_id, reason, detail)
VALUES (:at, :actor, :action, :store, :order_id, :reason, :detail);

-- name: corrections_of_order
SELECT detail FROM audit
WHERE order_id = :order_id AND store = :store AND delivery_id IS NULL
  AND action = 'correct';

-- name: event_state
SELECT state FROM events WHERE id = :id;

-- name: drop_questions
DELETE FROM questions WHERE asked_at < :before;

-- name: open_questions
SELECT COUNT(*) AS n FROM questions
WHERE taken_at IS NULL AND answered_at IS NULL AND until > :now;

-- name: ask
INSERT INTO questions (asked_at, actor, target, kind, delivery_id, said, until)
VALUES (:now, :actor, :target, :kind, :delivery_id, :said, :until)
RETURNING id;

-- name: question
SELECT * FROM questions WHERE id = :id;

-- name: due_questions
SELECT * FROM questions
WHERE taken_at IS NULL AND answered_at IS NULL AND until > :now
ORDER BY id;

-- name: take_question
UPDATE questions SET taken_at = :now WHERE id = :id AND taken_at IS NULL;

-- name: answer_question
UPDATE questions SET answered_at = :now, answer = :answer
WHERE id = :id AND answered_at IS NULL;

-- name: gate_of
SELECT paused, closed_until, circuit_until FROM targets WHERE name = :name;

-- Not one whose holder may not have had its answer yet: it gives the slot
-- back with a time that is one turn ahead at most.
-- name: next_slot
SELECT n, free_at FROM slots
WHERE target = :target AND n < :slots AND free_at <= :by
ORDER BY free_at, n LIMIT 1;

-- name: due_between
SELECT COUNT(*) AS n FROM (
  SELECT 1 FROM deliveries
  WHERE target = :target AND store = :store AND urgency = :urgency
    AND state IN ('waiting', 'pending', 'settling')
    AND (due_at, id) >= (:since_due, :since_id)
    AND (due_at, id) < (:until_due, :until_id)
  LIMIT :most) AS counted;

-- name: lane_before
SELECT id, state, due_at FROM deliveries
WHERE lane = :lane AND place < :place AND blocks = 1
  AND state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                'uncertain', 'held', 'dead')
  AND NOT (state = 'dead' AND skips_dead = 1)
ORDER BY place;

-- name: answer_times
SELECT d.target, a.ended_at - a.started_at AS ms
FROM history h
CROSS JOIN deliveries d
CROSS JOIN attempts a
WHERE h.id > (SELECT MAX(id) FROM history) - :newest
  AND h.state = 'sending' AND d.id = h.delivery_id
  AND a.delivery_id = h.delivery_id AND a.fence = h.fence
  AND a.ended_at IS NOT NULL;

-- name: count_events
SELECT state, COUNT(*) AS n FROM events WHERE state = 'stored'
GROUP BY state
UNION ALL
SELECT state, n FROM tallies WHERE what = 'events';

-- name: count_deliveries
SELECT target, state, COUNT(*) AS n FROM deliveries
WHERE state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                'uncertain', 'held', 'dead')
GROUP BY target, state
UNION ALL
SELECT target, state, n FROM tallies WHERE what = 'deliveries';

-- name: at_work
SELECT 1 AS works WHERE
  EXISTS (SELECT 1 FROM events WHERE state = 'stored')
  OR EXISTS (
    SELECT 1 FROM deliveries
    WHERE state IN ('claimed', 'sending') AND lease_until > 0);

-- name: oldest_stored
SELECT received_at FROM events WHERE state = 'stored' ORDER BY id LIMIT 1;

-- name: oldest_due
SELECT d.due_at FROM deliveries d
WHERE d.state IN ('waiting', 'pending', 'settling', 'uncertain')
  AND d.state <> 'uncertain' AND d.due_at <= :now
  AND NOT EXISTS (
    SELECT 1 FROM targets t
    WHERE t.name = d.target
      AND (t.paused IS NOT NULL OR t.closed_until > :now
           OR t.circuit_until > :now))
  AND NOT EXISTS (
    SELECT 1 FROM deliveries e
    WHERE e.lane = d.lane AND e.place < d.place AND e.blocks = 1
      AND e.state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                      'uncertain', 'held', 'dead')
      AND NOT (e.state = 'dead' AND e.skips_dead = 1))
ORDER BY d.due_at LIMIT 1;

-- --------------------------------------------------------------- packing

-- name: bodies_to_pack
SELECT a.event_id, a.body
FROM arrivals a JOIN events e ON e.id = a.event_id
WHERE a.event_id > 0 AND e.state <> 'stored'
ORDER BY a.event_id LIMIT :limit;

-- name: keep_packed
-- Not of what was pruned meanwhile.
INSERT INTO bodies (event_id, body)
SELECT event_id, :body FROM arrivals WHERE event_id = :event_id;

-- name: drop_arrival
DELETE FROM arrivals WHERE event_id = :event_id;

-- --------------------------------------------------------------- pruning
-- A row that only gets smaller leaves its page as empty as it is then. One
-- whose key is set, to what it was, goes and comes again, and pages that are
-- nearly empty become one.

-- name: orders_to_prune
-- Those that were looked at last are the youngest: what is still at work is
-- put behind them.
SELECT o.store, o.order_id, o.revision, o.state, o.plan_due, o.kept_since,
       (SELECT MAX(d.updated_at) FROM deliveries d
        WHERE d.order_id = o.order_id AND d.store = o.store) AS moved_at,
       (SELECT MAX(e.received_at) FROM events e
        WHERE e.order_id = o.order_id AND e.store = o.store) AS told_at,
       EXISTS (
         SELECT 1 FROM deliveries d
         WHERE d.order_id = o.order_id AND d.store = o.store
           AND d.state NOT IN ('succeeded', 'cancelled', 'superseded',
                               'unchanged')) AS at_work
FROM orders o
WHERE o.kept_since IS NOT NULL AND o.kept_since <= :before
ORDER BY o.kept_since LIMIT :limit;

-- name: keep_order
UPDATE orders SET kept_since = :since
WHERE store = :store AND order_id = :order_id AND revision = :seen_revision;

-- name: prune_order
UPDATE orders SET rowid = rowid, state = :state,
                  revision = revision + 1, kept_since = NULL, pruned_at = :now
WHERE store = :store AND order_id = :order_id AND revision = :seen_revision;

-- name: prune_events
UPDATE events SET id = id, body = x'', headers = '{}', pruned_at = :now
WHERE order_id = :order_id AND store = :store AND pruned_at IS NULL
  AND state <> 'stored';

-- name: events_to_empty
SELECT id, dedupe_key FROM events
WHERE order_id = :order_id AND store = :store AND pruned_at IS NULL
  AND state <> 'stored';

-- name: drop_body
DELETE FROM bodies WHERE event_id = :event_id;

-- name: deliveries_to_prune
SELECT id, effect_key, operation, request FROM deliveries
WHERE order_id = :order_id AND store = :store AND pruned_at IS NULL;

-- name: prune_attempts
UPDATE attempts SET rowid = rowid, request = NULL, answer = NULL
WHERE delivery_id = :id AND (request IS NOT NULL OR answer IS NOT NULL);

-- name: prune_delivery
UPDATE deliveries SET id = id, request = :request, reason_text = '',
                      reason_where = '{}', pruned_at = :now
WHERE id = :id AND pruned_at IS NULL;

-- name: prune_history
DELETE FROM history
WHERE delivery_id = :id
  AND id < (SELECT MAX(l.id) FROM history l WHERE l.delivery_id = :id);

-- name: events_to_prune
SELECT id FROM events
WHERE state NOT IN ('stored', 'planned') AND pruned_at IS NULL
  AND received_at <= :before
ORDER BY received_at LIMIT :limit;

-- name: prune_event
UPDATE events SET id = id, body = x'', headers = '{}', pruned_at = :now
WHERE id = :id AND pruned_at IS NULL AND state <> 'stored';
