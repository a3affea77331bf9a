-- What the console reads. All of it but one index is filled afterwards, a
-- little at a time, by the thread that packs and prunes: no order waits for it.

-- What is open is counted, filtered and grouped from the index alone.
DROP INDEX deliveries_by_state;
CREATE INDEX deliveries_by_state
  ON deliveries (target, state, store, reason, moved)
  WHERE state IN ('waiting', 'pending', 'claimed', 'sending', 'settling',
                  'uncertain', 'held', 'dead');

-- How far each of the tables below has followed what they are made of.
CREATE TABLE followed (
  name TEXT PRIMARY KEY,
  at   INTEGER NOT NULL, -- of orders, when they changed; of the history,
                         -- the newest delivery that it tells of
  n    INTEGER NOT NULL  -- the row
) STRICT, WITHOUT ROWID;

INSERT INTO followed VALUES ('events', 0, 0), ('history', 0, 0),
                            ('orders', -1, 0), ('gauges', 0, 0);

CREATE TABLE minutes (
  at        INTEGER NOT NULL, -- when it began
  store     TEXT NOT NULL,    -- empty for what waits
  target    TEXT NOT NULL,    -- empty for what was accepted
  accepted  INTEGER NOT NULL DEFAULT 0,
  delivered INTEGER NOT NULL DEFAULT 0,
  failed    INTEGER NOT NULL DEFAULT 0,
  waiting   INTEGER, -- at its end
  attention INTEGER, -- at its end
  waits     TEXT,    -- JSON: how long deliveries took, counted in steps
  PRIMARY KEY (at, store, target)
) STRICT, WITHOUT ROWID;

CREATE TABLE heard (
  store TEXT PRIMARY KEY,
  at    INTEGER NOT NULL -- of its newest webhook
) STRICT, WITHOUT ROWID;

-- Which stores, topics or targets, states and reasons are, or once were, in
-- a block of ids. A list that wants few of many looks into these blocks only.
CREATE TABLE marks (
  what   TEXT NOT NULL CHECK (what IN ('events', 'deliveries')),
  block  INTEGER NOT NULL,
  store  TEXT NOT NULL,
  kind   TEXT NOT NULL, -- an event's topic, a delivery's target
  state  TEXT NOT NULL, -- `*` for whatever there is
  reason TEXT NOT NULL, -- empty without one
  PRIMARY KEY (what, block, store, kind, state, reason)
) STRICT, WITHOUT ROWID;

-- Between which times the rows of a block came.
CREATE TABLE spans (
  what     TEXT NOT NULL CHECK (what IN ('events', 'deliveries')),
  block    INTEGER NOT NULL,
  earliest INTEGER NOT NULL,
  latest   INTEGER NOT NULL,
  PRIMARY KEY (what, block)
) STRICT, WITHOUT ROWID;

-- Words by which orders are found. An order goes by its first event.
CREATE TABLE search_terms (
  term     TEXT NOT NULL,
  event_id INTEGER NOT NULL,
  PRIMARY KEY (term, event_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE searched (
  event_id INTEGER PRIMARY KEY,
  terms    TEXT NOT NULL -- with blanks between
) STRICT;

-- What somebody was told about, or is to be.
CREATE TABLE alerts (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  cause        TEXT NOT NULL, -- its kind, a colon, what it is about
  figure       INTEGER,
  since        INTEGER NOT NULL,
  told_at      INTEGER,
  over_at      INTEGER,
  over_told_at INTEGER,
  tries        INTEGER NOT NULL DEFAULT 0,
  again_at     INTEGER NOT NULL DEFAULT 0,
  problem      TEXT
) STRICT;

CREATE UNIQUE INDEX alerts_on ON alerts (cause) WHERE over_at IS NULL;
CREATE INDEX alerts_open ON alerts (id)
  WHERE over_at IS NULL OR (told_at IS NOT NULL AND over_told_at IS NULL);
