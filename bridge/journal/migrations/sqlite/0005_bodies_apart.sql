-- Bodies stand apart from their events: a page of events holds many of them,
-- and a page of packed bodies is full. What was kept before stays where it is.

-- As they came in, until they are packed.
CREATE TABLE arrivals (
  event_id INTEGER PRIMARY KEY,
  body     BLOB NOT NULL -- as received
) STRICT;

-- In the order in which they were packed, so that no page stays half empty.
CREATE TABLE bodies (
  event_id INTEGER PRIMARY KEY,
  body     BLOB NOT NULL -- packed
) STRICT;
