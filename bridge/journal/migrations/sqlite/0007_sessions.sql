-- Sessions of the console that somebody ended before their time.
CREATE TABLE ended_sessions (
  id    TEXT PRIMARY KEY,
  until INTEGER NOT NULL -- its cookie means nothing from then on anyway
) STRICT, WITHOUT ROWID;
