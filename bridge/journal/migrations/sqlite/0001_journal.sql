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
  blocks       INTEGER NOT NULL,
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
CREATE INDEX deliveries_due ON deliveries (target, due_at)
  WHERE state IN ('waiting', 'pending', 'settling');
CREATE INDEX deliveries_next ON deliveries (due_at)
  WHERE state IN ('waiting', 'pending', 'settling');
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

CREATE TABLE mappings (
  id    INTEGER PRIMARY KEY,
  name  TEXT NOT NULL,
  hash  TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER, -- NULL while it is in force
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
  name         TEXT PRIMARY KEY,
  host         TEXT NOT NULL, -- empty until it is pinned
  paused       TEXT,
  paused_at    INTEGER,
  closed_until INTEGER
) STRICT;

CREATE TABLE slots (
  target      TEXT NOT NULL,
  n           INTEGER NOT NULL, -- from 0
  free_at     INTEGER NOT NULL,
  delivery_id INTEGER, -- who took it last, with its fence
  fence       INTEGER,
  PRIMARY KEY (target, n)
) STRICT, WITHOUT ROWID;

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

CREATE TRIGGER audit_keeps_its_rows BEFORE DELETE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit is append-only');
END;

CREATE TRIGGER audit_keeps_its_words BEFORE UPDATE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit is append-only');
END;
