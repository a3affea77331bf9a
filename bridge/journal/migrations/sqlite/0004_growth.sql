-- A log that grows: what is long is packed, what is old is pruned, and
-- nothing that runs in service reads more than what is open.

-- A long text may be kept packed, as a blob. What stands there stays as it
-- is; no row is written anew.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, 'state      TEXT NOT NULL,    -- JSON',
                       'state      ANY NOT NULL,     -- JSON, or packed')
WHERE type = 'table' AND name = 'orders';
UPDATE sqlite_schema
SET sql = replace(sql, 'request      TEXT, -- JSON',
                       'request      ANY, -- JSON, or packed')
WHERE type = 'table' AND name IN ('deliveries', 'attempts');
UPDATE sqlite_schema
SET sql = replace(sql, 'answer       TEXT, -- capped',
                       'answer       ANY, -- capped; text, or packed')
WHERE type = 'table' AND name = 'attempts';
PRAGMA writable_schema = RESET;

-- Since when nothing of it is gone: its last change, as far as it was
-- looked at. NULL once it is pruned, until it changes again.
ALTER TABLE orders ADD COLUMN kept_since INTEGER DEFAULT 0;
ALTER TABLE orders ADD COLUMN pruned_at INTEGER;
ALTER TABLE events ADD COLUMN pruned_at INTEGER;
ALTER TABLE deliveries ADD COLUMN pruned_at INTEGER;

CREATE INDEX orders_to_prune ON orders (kept_since)
  WHERE kept_since IS NOT NULL;
CREATE INDEX events_to_prune ON events (received_at)
  WHERE state NOT IN ('stored', 'planned') AND pruned_at IS NULL;

-- Indexes hold what is open; what is over is only counted.
DROP INDEX events_by_state;
CREATE INDEX events_stored ON events (id) WHERE state = 'stored';
CREATE INDEX events_aside ON events (state, id)
  WHERE state IN ('ignored', 'unusable');
DROP INDEX deliveries_by_state;
CREATE INDEX deliveries_by_state ON deliveries (target, state)
  WHERE state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                  'uncertain', 'held', 'dead');

-- How many are over. How many are open is counted by an index.
CREATE TABLE tallies (
  what   TEXT NOT NULL CHECK (what IN ('events', 'deliveries')),
  target TEXT NOT NULL, -- empty for events
  state  TEXT NOT NULL,
  n      INTEGER NOT NULL,
  PRIMARY KEY (what, target, state)
) STRICT, WITHOUT ROWID;

INSERT INTO tallies
SELECT 'events', '', state, COUNT(*) FROM events
WHERE state <> 'stored' GROUP BY state;

INSERT INTO tallies
SELECT 'deliveries', target, state, COUNT(*) FROM deliveries
WHERE state IN ('succeeded', 'cancelled', 'superseded', 'unchanged')
GROUP BY target, state;

CREATE TRIGGER events_come_judged AFTER INSERT ON events
WHEN NEW.state <> 'stored'
BEGIN
  INSERT INTO tallies VALUES ('events', '', NEW.state, 1)
  ON CONFLICT (what, target, state) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER events_are_judged AFTER UPDATE OF state ON events
WHEN NEW.state <> OLD.state
BEGIN
  UPDATE tallies SET n = n - 1
  WHERE what = 'events' AND target = '' AND state = OLD.state;
  INSERT INTO tallies VALUES ('events', '', NEW.state, 1)
  ON CONFLICT (what, target, state) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER deliveries_begin_over AFTER INSERT ON deliveries
WHEN NEW.state IN ('succeeded', 'cancelled', 'superseded', 'unchanged')
BEGIN
  INSERT INTO tallies VALUES ('deliveries', NEW.target, NEW.state, 1)
  ON CONFLICT (what, target, state) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER deliveries_are_over AFTER UPDATE OF state ON deliveries
WHEN NEW.state <> OLD.state
  AND NEW.state IN ('succeeded', 'cancelled', 'superseded', 'unchanged')
BEGIN
  INSERT INTO tallies VALUES ('deliveries', NEW.target, NEW.state, 1)
  ON CONFLICT (what, target, state) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER deliveries_begin_again AFTER UPDATE OF state ON deliveries
WHEN NEW.state <> OLD.state
  AND OLD.state IN ('succeeded', 'cancelled', 'superseded', 'unchanged')
BEGIN
  UPDATE tallies SET n = n - 1
  WHERE what = 'deliveries' AND target = NEW.target AND state = OLD.state;
END;

-- An attempt whose request is the delivery's own has `=` in its place;
-- before the delivery says something else, what it said goes there.
CREATE TRIGGER deliveries_say_something_else BEFORE UPDATE OF request
ON deliveries
WHEN OLD.request IS NOT NULL AND NEW.request IS NOT OLD.request
BEGIN
  UPDATE attempts SET request = OLD.request
  WHERE delivery_id = OLD.id AND request = '=';
END;

-- Pruning takes words and leaves no line: the delivery is as it was.
DROP TRIGGER deliveries_go_on;
CREATE TRIGGER deliveries_go_on AFTER UPDATE OF
  version, state, reason, generation, place, fence, owner, lease_until,
  due_at, wait_until, attempts, claims, lookups, absences, mapping_hash,
  request_hash, forced, live_since, updated_at
ON deliveries
BEGIN
  INSERT INTO history (at, delivery_id, version, state, reason, generation,
    place, fence, worker, lease_until, due_at, wait_until, attempts, claims,
    lookups, absences, mapping_hash, request_hash, forced, live_since)
  VALUES (NEW.updated_at, NEW.id, NEW.version, NEW.state, NEW.reason,
    NEW.generation, NEW.place, NEW.fence, COALESCE(NEW.owner, OLD.owner),
    NEW.lease_until, NEW.due_at, NEW.wait_until, NEW.attempts, NEW.claims,
    NEW.lookups, NEW.absences, NEW.mapping_hash, NEW.request_hash,
    NEW.forced, NEW.live_since);
END;

-- Of a pruned delivery the last line stays, and nothing else may go.
DROP TRIGGER history_keeps_its_rows;
CREATE TRIGGER history_keeps_its_rows BEFORE DELETE ON history
WHEN NOT EXISTS (
    SELECT 1 FROM deliveries d
    WHERE d.id = OLD.delivery_id AND d.pruned_at IS NOT NULL)
  OR NOT EXISTS (
    SELECT 1 FROM history l
    WHERE l.delivery_id = OLD.delivery_id AND l.id > OLD.id)
BEGIN
  SELECT RAISE(ABORT, 'the history is append-only');
END;

-- What is pruned stays so.
CREATE TRIGGER deliveries_stay_pruned BEFORE UPDATE OF pruned_at
ON deliveries WHEN OLD.pruned_at IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'what is pruned stays so');
END;
