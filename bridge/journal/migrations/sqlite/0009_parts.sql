-- What a process does of a worker's two parts: planning and sending stand in
-- processes of their own under `serve`. Who beat before did both.
ALTER TABLE beats ADD COLUMN plans INTEGER NOT NULL DEFAULT 1
  CHECK (plans IN (0, 1));
ALTER TABLE beats ADD COLUMN sends INTEGER NOT NULL DEFAULT 1
  CHECK (sends IN (0, 1));
