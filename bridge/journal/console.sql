-- What the console reads, and how that is kept up to date. As in
-- `queries.sql`: the lists of states are spelled as in the partial indexes.

-- ------------------------------------------------------------- attention

-- name: attention_groups
SELECT state, reason, target, COUNT(*) AS n, MIN(moved) AS moved
FROM deliveries
WHERE state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                'uncertain', 'held', 'dead')
  AND state IN ('held', 'uncertain', 'dead')
GROUP BY target, state, reason;

-- name: attention_heads
SELECT DISTINCT target, state, store, reason FROM deliveries
WHERE state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                'uncertain', 'held', 'dead')
  AND state IN ('held', 'uncertain', 'dead')
  AND (CAST(:store AS TEXT) IS NULL OR store = :store)
  AND (CAST(:target AS TEXT) IS NULL OR target = :target)
  AND (CAST(:state AS TEXT) IS NULL OR state = :state)
  AND (CAST(:reason AS TEXT) IS NULL OR reason = :reason);

-- name: attention_of_head
SELECT * FROM deliveries
WHERE state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                'uncertain', 'held', 'dead')
  AND target = :target AND state = :state AND store = :store
  AND reason IS NOT DISTINCT FROM :reason AND moved > :after
  AND (CAST(:order AS TEXT) IS NULL OR order_id = :order)
  AND (CAST(:since AS BIGINT) IS NULL OR created_at >= :since)
  AND (CAST(:until AS BIGINT) IS NULL OR created_at < :until)
ORDER BY moved LIMIT :limit;

-- name: moved_at
SELECT delivery_id, at FROM history WHERE id = :id;

-- name: oldest_waiting
SELECT target, MIN(id) AS id FROM deliveries
WHERE state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                'uncertain', 'held', 'dead')
  AND state NOT IN ('held', 'uncertain', 'dead')
GROUP BY target;

-- ----------------------------------------------------------------- lists

-- name: followed
SELECT at, n FROM followed WHERE name = :name;

-- name: spans_between
SELECT MIN(block) AS first, MAX(block) AS last FROM spans
WHERE what = :what
  AND (CAST(:since AS BIGINT) IS NULL OR latest >= :since)
  AND (CAST(:until AS BIGINT) IS NULL OR earliest < :until);

-- What is open stands in an index; `*`, which older journals kept, is for
-- whatever there is, and leads to blocks with nothing but that.
-- name: marked_blocks
SELECT DISTINCT block FROM marks
WHERE what = :what AND block >= :first AND block <= :last AND state <> '*'
  AND (CAST(:store AS TEXT) IS NULL OR store = :store)
  AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
  AND (CAST(:state AS TEXT) IS NULL OR state = :state)
  AND (CAST(:reason AS TEXT) IS NULL OR reason = :reason)
ORDER BY block DESC LIMIT :limit;

-- name: events_between
SELECT * FROM events
WHERE id >= :first AND id < :before
  AND (CAST(:state AS TEXT) IS NULL OR state = :state)
  AND (CAST(:store AS TEXT) IS NULL OR store = :store)
  AND (CAST(:topic AS TEXT) IS NULL OR topic = :topic)
  AND (CAST(:since AS BIGINT) IS NULL OR received_at >= :since)
  AND (CAST(:until AS BIGINT) IS NULL OR received_at < :until)
ORDER BY id DESC LIMIT :limit;

-- name: deliveries_between
SELECT * FROM deliveries
WHERE id >= :first AND id < :before
  AND state IN ('succeeded', 'cancelled', 'superseded', 'unchanged')
  AND (CAST(:store AS TEXT) IS NULL OR store = :store)
  AND (CAST(:target AS TEXT) IS NULL OR target = :target)
  AND (CAST(:state AS TEXT) IS NULL OR state = :state)
  AND (CAST(:reason AS TEXT) IS NULL OR reason = :reason)
  AND (CAST(:since AS BIGINT) IS NULL OR created_at >= :since)
  AND (CAST(:until AS BIGINT) IS NULL OR created_at < :until)
ORDER BY id DESC LIMIT :limit;

-- From the index alone; with a plain id another one would be read.
-- name: open_ids
SELECT id FROM deliveries
WHERE state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                'uncertain', 'held', 'dead')
  AND +id >= :first AND +id < :before
  AND (CAST(:store AS TEXT) IS NULL OR store = :store)
  AND (CAST(:target AS TEXT) IS NULL OR target = :target)
  AND (CAST(:state AS TEXT) IS NULL OR state = :state)
  AND (CAST(:reason AS TEXT) IS NULL OR reason = :reason)
  AND (CAST(:attention AS BIGINT) IS NULL
       OR :attention = CASE WHEN state IN ('held', 'uncertain', 'dead')
                            THEN 1 ELSE 0 END)
ORDER BY +id DESC LIMIT :limit;

-- By the lines' own ids: the index by delivery would be read whole.
-- name: changed_lately
SELECT DISTINCT +delivery_id AS id FROM history
WHERE id > :after AND +delivery_id < :before ORDER BY +delivery_id DESC;

-- ------------------------------------------------------------- following

-- name: follow
UPDATE followed SET at = :at, n = :n
WHERE name = :name AND at = :seen_at AND n = :seen_n;

-- name: events_to_follow
SELECT id, store, topic, state, received_at FROM events
WHERE id > :after ORDER BY id LIMIT :limit;

-- name: history_end
SELECT MAX(id) AS id FROM history;

-- name: history_to_follow
SELECT h.id, h.at, h.state, COALESCE(h.reason, '') AS reason, h.delivery_id,
       h.generation, d.store, d.target, d.created_at,
       CASE WHEN h.state NOT IN ('waiting', 'pending') THEN
         (SELECT p.state FROM history p
          WHERE p.delivery_id = h.delivery_id AND p.id < h.id
          ORDER BY p.id DESC LIMIT 1) END AS was,
       CASE WHEN h.state = 'succeeded' THEN
         (SELECT e.received_at FROM events e
          WHERE e.order_id = d.order_id AND e.store = d.store
            AND e.received_at <= d.created_at
          ORDER BY e.id DESC LIMIT 1) END AS heard_at
FROM history h CROSS JOIN deliveries d
WHERE h.id > :after AND h.id <= :until
  AND h.state NOT IN ('claimed', 'sending', 'settling')
  AND d.id = h.delivery_id
ORDER BY h.id;

-- name: add_to_minute
INSERT INTO minutes (at, store, target, accepted, delivered, failed, waits)
VALUES (:at, :store, :target, :accepted, :delivered, :failed, :waits)
ON CONFLICT (at, store, target) DO UPDATE SET
  accepted = minutes.accepted + excluded.accepted,
  delivered = minutes.delivered + excluded.delivered,
  failed = minutes.failed + excluded.failed,
  waits = COALESCE(excluded.waits, minutes.waits);

-- name: minute
SELECT waits FROM minutes
WHERE at = :at AND store = :store AND target = :target;

-- name: gauge
INSERT INTO minutes (at, store, target, waiting, attention)
VALUES (:at, '', :target, :waiting, :attention)
ON CONFLICT (at, store, target) DO UPDATE SET
  waiting = excluded.waiting, attention = excluded.attention;

-- name: open_by_target
SELECT target, state, COUNT(*) AS n FROM deliveries
WHERE state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                'uncertain', 'held', 'dead')
GROUP BY target, state;

-- name: forget_minutes
DELETE FROM minutes WHERE at < :before;

-- name: hear
INSERT INTO heard (store, at) VALUES (:store, :at)
ON CONFLICT (store) DO UPDATE SET at = excluded.at
WHERE heard.at < excluded.at;

-- name: heard
SELECT store, at FROM heard ORDER BY store;

-- name: keep_signed
INSERT INTO signed (store, position, of, at)
VALUES (:store, :position, :of, :at)
ON CONFLICT (store) DO UPDATE SET
  position = excluded.position, of = excluded.of, at = excluded.at
WHERE signed.at <= excluded.at;

-- name: signed
SELECT store, position, of, at FROM signed ORDER BY store;

-- What went wrong lately: of what changed last, whatever the target.
-- name: failed_lately
SELECT DISTINCT d.target, a.delivery_id, a.number, a.operation, a.outcome,
       a.reason, a.status, a.ended_at AS at
FROM history h
CROSS JOIN attempts a
CROSS JOIN deliveries d
WHERE h.id > (SELECT MAX(id) FROM history) - :newest
  AND h.state IN ('pending', 'dead', 'uncertain', 'settling')
  AND a.delivery_id = h.delivery_id AND a.fence = h.fence
  AND a.outcome IN ('notsent', 'notprocessed', 'rejected', 'maybe')
  AND a.ended_at IS NOT NULL AND d.id = h.delivery_id
ORDER BY at DESC;

-- name: minutes_between
SELECT * FROM minutes WHERE at >= :since AND at < :until
ORDER BY at, store, target;

-- name: stretches_between
SELECT at - at % :span AS begun, SUM(accepted) AS accepted,
       SUM(delivered) AS delivered, SUM(failed) AS failed,
       string_agg(waits, ',') AS waits
FROM minutes WHERE at >= :since AND at < :until
GROUP BY at - at % :span ORDER BY begun;

-- name: waiting_between
SELECT ends.begun, SUM(m.waiting) AS waiting
FROM (
  SELECT at - at % :span AS begun, MAX(at) AS at FROM minutes
  WHERE at >= :since AND at < :until AND waiting IS NOT NULL
  GROUP BY at - at % :span) AS ends
JOIN minutes m ON m.at = ends.at
GROUP BY ends.begun;

-- name: accepted_between
SELECT COALESCE(SUM(accepted), 0) AS n FROM minutes
WHERE at >= :since AND at < :until AND store = :store AND target = '';

-- name: mark
INSERT INTO marks (what, block, store, kind, state, reason)
VALUES (:what, :block, :store, :kind, :state, :reason)
ON CONFLICT (what, block, store, kind, state, reason) DO NOTHING;

-- name: widen_span
INSERT INTO spans (what, block, earliest, latest)
VALUES (:what, :block, :earliest, :latest)
ON CONFLICT (what, block) DO UPDATE SET
  earliest = CASE WHEN excluded.earliest < spans.earliest
             THEN excluded.earliest ELSE spans.earliest END,
  latest = CASE WHEN excluded.latest > spans.latest
           THEN excluded.latest ELSE spans.latest END;

-- --------------------------------------------------------------- finding

-- An index is read from where it was left; orders that changed in one
-- moment stand there by their row.
-- name: orders_to_index
SELECT * FROM (
  SELECT store, order_id, revision, state, kept_since, rowid AS n FROM orders
  WHERE kept_since IS NOT NULL AND kept_since = :at AND rowid > :n
    AND kept_since <= :until
  ORDER BY rowid LIMIT :limit) AS of_that_moment
UNION ALL
SELECT * FROM (
  SELECT store, order_id, revision, state, kept_since, rowid AS n FROM orders
  WHERE kept_since IS NOT NULL AND kept_since > :at AND kept_since <= :until
  ORDER BY kept_since, rowid LIMIT :limit) AS younger
LIMIT :limit;

-- name: next_to_index
SELECT MIN(kept_since) AS at FROM orders
WHERE kept_since IS NOT NULL AND kept_since > :at;

-- name: first_event
SELECT MIN(id) AS id FROM events
WHERE order_id = :order_id AND store = :store;

-- name: searched_of_order
SELECT s.event_id, s.terms FROM events e
JOIN searched s ON s.event_id = e.id
WHERE e.order_id = :order_id AND e.store = :store;

-- name: drop_term
DELETE FROM search_terms WHERE term = :term AND event_id = :event_id;

-- name: add_term
INSERT INTO search_terms (term, event_id) VALUES (:term, :event_id)
ON CONFLICT (term, event_id) DO NOTHING;

-- name: drop_searched
DELETE FROM searched WHERE event_id = :event_id;

-- name: keep_searched
INSERT INTO searched (event_id, terms) VALUES (:event_id, :terms)
ON CONFLICT (event_id) DO UPDATE SET terms = excluded.terms;

-- name: count_term
SELECT COUNT(*) AS n FROM (
  SELECT 1 FROM search_terms WHERE term = :term LIMIT :most) AS counted;

-- name: with_terms
SELECT a.event_id, s.terms FROM search_terms a
JOIN searched s ON s.event_id = a.event_id
WHERE a.term = :rarest
  AND (CAST(:second AS TEXT) IS NULL OR EXISTS (
    SELECT 1 FROM search_terms b
    WHERE b.term = :second AND b.event_id = a.event_id))
  AND (CAST(:third AS TEXT) IS NULL OR EXISTS (
    SELECT 1 FROM search_terms c
    WHERE c.term = :third AND c.event_id = a.event_id))
ORDER BY a.event_id DESC LIMIT :limit;

-- name: beginning_with
SELECT DISTINCT a.event_id, s.terms FROM search_terms a
JOIN searched s ON s.event_id = a.event_id
WHERE a.term >= :least AND a.term < :past LIMIT :limit;

-- name: events_of_id
SELECT id AS event_id, store FROM events WHERE order_id = :order_id
ORDER BY id LIMIT :limit;

-- name: order_of_event
SELECT o.* FROM events e
JOIN orders o ON o.store = e.store AND o.order_id = e.order_id
WHERE e.id = :event_id;

-- ---------------------------------------------------------------- alerts

-- name: alerts
SELECT * FROM alerts
WHERE over_at IS NULL OR (told_at IS NOT NULL AND over_told_at IS NULL)
ORDER BY id;

-- name: begin_alert
INSERT INTO alerts (cause, figure, since)
VALUES (:cause, :figure, :now)
ON CONFLICT (cause) WHERE over_at IS NULL DO NOTHING;

-- name: end_alert
UPDATE alerts SET over_at = :now, tries = 0, again_at = 0, problem = NULL
WHERE id = :id AND over_at IS NULL;

-- name: claim_alert
UPDATE alerts SET tries = tries + 1, again_at = :until
WHERE id = :id AND tries = :tries AND again_at <= :now
  AND ((over_at IS NULL AND told_at IS NULL)
       OR (over_at IS NOT NULL AND told_at IS NOT NULL
           AND over_told_at IS NULL));

-- name: told
UPDATE alerts SET
  told_at = CASE WHEN told_at IS NULL THEN :now ELSE told_at END,
  over_told_at = CASE WHEN :is_over = 1 THEN :now ELSE over_told_at END,
  problem = NULL, tries = 0, again_at = 0
WHERE id = :id;

-- name: not_told
UPDATE alerts SET problem = :problem, again_at = :again_at WHERE id = :id;

-- -------------------------------------------------------------- sessions

-- name: end_session
INSERT INTO ended_sessions (id, until) VALUES (:id, :until)
ON CONFLICT (id) DO NOTHING;

-- name: forget_sessions
DELETE FROM ended_sessions WHERE until <= :now;

-- name: ended_session
SELECT id FROM ended_sessions WHERE id = :id;
