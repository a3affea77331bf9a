-- Texts of mapping files that were not put in force, because requests that
-- are sent would fail; and which of them a person wants in force all the same.

CREATE TABLE refusals (
  name      TEXT NOT NULL,
  hash      TEXT NOT NULL,
  at        INTEGER NOT NULL,
  reason    TEXT NOT NULL, -- counts, rules and codes; empty when only forced
  forced_at INTEGER,
  forced_by TEXT,
  why       TEXT,
  PRIMARY KEY (name, hash)
) STRICT, WITHOUT ROWID;
