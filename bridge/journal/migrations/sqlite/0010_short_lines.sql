-- Lines of history that say what changed: a delivery's place and the hashes of
-- its mapping and its request are long, and mostly as they were.

-- `=` is for what is as in the line before. Of the request's hash 16 digits
-- stand there, which is enough to know it by. What stands there stays.
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
    NEW.generation,
    CASE WHEN NEW.place = OLD.place THEN '=' ELSE NEW.place END,
    NEW.fence, COALESCE(NEW.owner, OLD.owner), NEW.lease_until, NEW.due_at,
    NEW.wait_until, NEW.attempts, NEW.claims, NEW.lookups, NEW.absences,
    CASE WHEN NEW.mapping_hash = OLD.mapping_hash THEN '='
    ELSE NEW.mapping_hash END,
    CASE WHEN NEW.request_hash = OLD.request_hash THEN '='
    ELSE SUBSTR(NEW.request_hash, 1, 16) END,
    NEW.forced, NEW.live_since);
END;
