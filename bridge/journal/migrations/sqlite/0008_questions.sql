-- What a person wants to know of a target. The web calls nobody: a worker
-- asks, and leaves the answer here for a while.
CREATE TABLE questions (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  asked_at    INTEGER NOT NULL,
  actor       TEXT NOT NULL,
  target      TEXT NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('test', 'look')),
  delivery_id INTEGER,          -- of a look
  said        TEXT,             -- what it is called there, says a person
  until       INTEGER NOT NULL, -- nobody asks after that
  taken_at    INTEGER,
  answered_at INTEGER,
  answer      TEXT              -- JSON, without any customer's data
) STRICT;

CREATE INDEX questions_open ON questions (id)
  WHERE taken_at IS NULL AND answered_at IS NULL;
CREATE INDEX questions_by_age ON questions (asked_at);

-- Which of a store's secrets signed last, by its position and never its
-- value, so that an old one can be taken out once nobody signs with it.
CREATE TABLE signed (
  store    TEXT PRIMARY KEY,
  position INTEGER NOT NULL, -- from 0
  of       INTEGER NOT NULL, -- so many there were
  at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
