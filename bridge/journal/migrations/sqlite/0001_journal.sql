-- The journal's first schema. Times are milliseconds since the epoch, UTC.
-- Large columns stand last, so that lists need not read over them.

PRAGMA application_id = 1651663975; -- "brdg"

CREATE TABLE events (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  store       TEXT NOT NULL,
  platform    TEXT NOT NULL,
  topic       TEXT NOT NULL,
  order_id    TEXT, -- once it is planned
  dedupe_key  TEXT NOT NULL UNIQUE,
  sha256      TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  state       TEXT NOT NULL
    CHECK (state IN ('stored', 'planned', 'ignored', 'unusable')),
  reason      TEXT,
  headers     TEXT NOT NULL, -- JSON
  body        BLOB NOT NULL  -- as received
) STRICT;

CREATE INDEX events_by_state ON events (state);
CREATE INDEX events_by_order ON events (order_id, store)
  WHERE order_id IS NOT NULL;

CREATE TABLE orders (
  store      TEXT NOT NULL,
  order_id   TEXT NOT NULL,
  version    INTEGER NOT NULL, -- the store's own updated_at
  revision   INTEGER NOT NULL,
  body_event INTEGER, -- of events
  plan_due   INTEGER,
  state      TEXT NOT NULL,    -- JSON
  PRIMARY KEY (store, order_id)
) STRICT;

CREATE INDEX orders_to_plan ON orders (plan_due) WHERE plan_due IS NOT NULL;
CREATE INDEX orders_by_version ON orders (version, store, order_id);

CREATE TABLE deliveries (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  effect_key   TEXT NOT NULL,
  generation   INTEGER NOT NULL,
  kind         TEXT NOT NULL,
  store        TEXT NOT NULL,
  order_id     TEXT NOT NULL,
  target       TEXT NOT NULL,
  lane         TEXT NOT NULL,
  place        TEXT NOT NULL,
  mapping      TEXT NOT NULL,
  rule         TEXT NOT NULL,
  operation    TEXT NOT NULL,
  repeatable   INTEGER NOT NULL,
  urgency      INTEGER NOT NULL -- the lower goes first
    CHECK (urgency IN (0, 1, 2)), -- `due_heads` names them
  blocks       INTEGER NOT NULL,
  skips_dead   INTEGER NOT NULL,
  state        TEXT NOT NULL
    CHECK (state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                     'uncertain', 'held', 'succeeded', 'dead', 'cancelled',
                     'superseded', 'unchanged')),
  reason       TEXT,
  reason_text  TEXT NOT NULL,
  reason_where TEXT NOT NULL, -- JSON
  fence        INTEGER NOT NULL,
  owner        TEXT,
  lease_until  INTEGER,
  due_at       INTEGER,
  wait_until   INTEGER,
  attempts     INTEGER NOT NULL, -- that counted
  claims       INTEGER NOT NULL, -- lost in a row
  lookups      INTEGER NOT NULL, -- since it was last sent
  absences     INTEGER NOT NULL, -- of those, the last ones in a row
  moved        INTEGER NOT NULL, -- the history's line of its state
  version      INTEGER NOT NULL,
  mapping_hash TEXT,
  request_hash TEXT,
  forced       INTEGER NOT NULL,
  live_since   INTEGER NOT NULL,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  request      TEXT, -- JSON
  UNIQUE (effect_key, generation),
  FOREIGN KEY (store, order_id) REFERENCES orders (store, order_id),
  -- Nothing is in limbo: it has a due time, or a live lease.
  CHECK (state NOT IN ('waiting', 'pending', 'settling')
         OR due_at IS NOT NULL),
  CHECK ((state IN ('claimed', 'sending')) = (lease_until IS NOT NULL)),
  CHECK ((owner IS NULL) = (lease_until IS NULL))
) STRICT;

CREATE INDEX deliveries_by_order ON deliveries (order_id, store, target);
CREATE INDEX deliveries_by_state ON deliveries (target, state);
CREATE INDEX deliveries_due
  ON deliveries (target, store, urgency, due_at, id)
  WHERE state IN ('waiting', 'pending', 'settling');
CREATE INDEX deliveries_in_doubt ON deliveries (target, due_at)
  WHERE state = 'uncertain' AND due_at IS NOT NULL;
CREATE INDEX deliveries_next ON deliveries (due_at)
  WHERE state IN ('waiting', 'pending', 'settling', 'uncertain');
CREATE INDEX deliveries_blocking ON deliveries (lane, place)
  WHERE blocks = 1
    AND state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                  'uncertain', 'held', 'dead');
CREATE INDEX deliveries_in_flight ON deliveries (lane)
  WHERE state IN ('claimed', 'sending');
CREATE INDEX deliveries_leased ON deliveries (lease_until)
  WHERE state IN ('claimed', 'sending');
CREATE INDEX deliveries_held ON deliveries (mapping) WHERE state = 'held';
CREATE INDEX deliveries_open ON deliveries (id)
  WHERE state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                  'uncertain', 'held', 'dead');

CREATE TABLE attempts (
  delivery_id  INTEGER NOT NULL REFERENCES deliveries (id),
  number       INTEGER NOT NULL, -- from 1
  fence        INTEGER NOT NULL,
  operation    TEXT NOT NULL,
  mapping_hash TEXT,
  phase        TEXT NOT NULL,
  outcome      TEXT, -- NULL while it is under way
  reason       TEXT,
  status       INTEGER,
  started_at   INTEGER NOT NULL,
  ended_at     INTEGER,
  request      TEXT, -- JSON
  answer       TEXT, -- capped
  PRIMARY KEY (delivery_id, number)
) STRICT;

-- What every delivery went through. Its last line is the delivery as it
-- stands, but for the request, which its attempts have. What changes nothing
-- that a person would call a change (which request was applied last, a clock
-- set right) leaves a line, too, with the time of the line before.
CREATE TABLE history (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  at           INTEGER NOT NULL,
  delivery_id  INTEGER NOT NULL,
  version      INTEGER NOT NULL,
  state        TEXT NOT NULL,
  reason       TEXT,
  generation   INTEGER NOT NULL,
  place        TEXT NOT NULL,
  fence        INTEGER NOT NULL,
  worker       TEXT, -- who held it before, or holds it now
  lease_until  INTEGER,
  due_at       INTEGER,
  wait_until   INTEGER,
  attempts     INTEGER NOT NULL,
  claims       INTEGER NOT NULL,
  lookups      INTEGER NOT NULL,
  absences     INTEGER NOT NULL,
  mapping_hash TEXT,
  request_hash TEXT,
  forced       INTEGER NOT NULL,
  live_since   INTEGER NOT NULL
) STRICT;

CREATE INDEX history_by_delivery ON history (delivery_id, id);

CREATE TRIGGER deliveries_begin AFTER INSERT ON deliveries
BEGIN
  INSERT INTO history (at, delivery_id, version, state, reason, generation,
    place, fence, worker, lease_until, due_at, wait_until, attempts, claims,
    lookups, absences, mapping_hash, request_hash, forced, live_since)
  VALUES (NEW.updated_at, NEW.id, NEW.version, NEW.state, NEW.reason,
    NEW.generation, NEW.place, NEW.fence, NEW.owner, NEW.lease_until,
    NEW.due_at, NEW.wait_until, NEW.attempts, NEW.claims, NEW.lookups,
    NEW.absences, NEW.mapping_hash, NEW.request_hash, NEW.forced,
    NEW.live_since);
END;

CREATE TRIGGER deliveries_go_on AFTER UPDATE ON deliveries
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

CREATE TRIGGER deliveries_stay BEFORE DELETE ON deliveries
BEGIN
  SELECT RAISE(ABORT, 'no delivery is ever forgotten');
END;

CREATE TRIGGER history_keeps_its_rows BEFORE DELETE ON history
BEGIN
  SELECT RAISE(ABORT, 'the history is append-only');
END;

CREATE TRIGGER history_keeps_its_words BEFORE UPDATE ON history
BEGIN
  SELECT RAISE(ABORT, 'the history is append-only');
END;

CREATE TABLE mappings (
  id    INTEGER PRIMARY KEY,
  name  TEXT NOT NULL,
  hash  TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER, -- NULL while it is in force
  -- what was held because of the text before was let go
  let_go INTEGER NOT NULL DEFAULT 0,
  text  TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX mappings_in_force ON mappings (name)
  WHERE until IS NULL;
CREATE INDEX mappings_by_name ON mappings (name, since);
CREATE INDEX mappings_by_hash ON mappings (hash);

CREATE TABLE links (
  store    TEXT NOT NULL,
  order_id TEXT NOT NULL,
  target   TEXT NOT NULL,
  name     TEXT NOT NULL,
  value    TEXT NOT NULL,
  source   TEXT NOT NULL,
  PRIMARY KEY (store, order_id, target, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE targets (
  name          TEXT PRIMARY KEY,
  host          TEXT NOT NULL, -- empty until it is pinned
  paused        TEXT,
  paused_at     INTEGER,
  closed_until  INTEGER, -- it asked for that
  failures      INTEGER NOT NULL DEFAULT 0, -- in a row
  trips         INTEGER NOT NULL DEFAULT 0, -- of its circuit, in a row
  circuit_until INTEGER, -- its circuit is open
  probing       INTEGER NOT NULL DEFAULT 0,
  probe_until   INTEGER, -- one is under way; its lease's end, if it gets lost
  refused       TEXT -- the mark of the credentials that it refused last
) STRICT;

-- Whose turn it is at a target: the store with the lowest number.
CREATE TABLE turns (
  target TEXT NOT NULL,
  store  TEXT NOT NULL,
  turn   INTEGER NOT NULL,
  PRIMARY KEY (target, store)
) STRICT, WITHOUT ROWID;

CREATE TABLE slots (
  target      TEXT NOT NULL,
  n           INTEGER NOT NULL, -- from 0
  free_at     INTEGER NOT NULL,
  delivery_id INTEGER, -- who took it last, with its fence
  fence       INTEGER,
  PRIMARY KEY (target, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE clock (
  boot  TEXT PRIMARY KEY, -- names one boot of the machine
  shift INTEGER NOT NULL, -- the bridge's time is that since boot, and this
  since INTEGER NOT NULL
) STRICT;

-- Tells this database and its copies from any other.
CREATE TABLE identity (
  id TEXT NOT NULL
) STRICT;

INSERT INTO identity (id) VALUES (lower(hex(randomblob(16))));

-- Times that this database has not seen: it was put back from a copy.
CREATE TABLE copies (
  last_seen   INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL
) STRICT;

CREATE TABLE beats (
  worker   TEXT PRIMARY KEY,
  at       INTEGER NOT NULL,
  problems TEXT NOT NULL -- JSON
) STRICT;

CREATE TABLE audit (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  at          INTEGER NOT NULL,
  actor       TEXT NOT NULL,
  action      TEXT NOT NULL,
  delivery_id INTEGER REFERENCES deliveries (id),
  target      TEXT,
  reason      TEXT NOT NULL,
  detail      TEXT NOT NULL -- JSON
) STRICT;

CREATE INDEX audit_by_delivery ON audit (delivery_id)
  WHERE delivery_id IS NOT NULL;
CREATE INDEX audit_by_target ON audit (target) WHERE delivery_id IS NULL;

CREATE TRIGGER audit_keeps_its_rows BEFORE DELETE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit is append-only');
END;

CREATE TRIGGER audit_keeps_its_words BEFORE UPDATE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit is append-only');
END;
