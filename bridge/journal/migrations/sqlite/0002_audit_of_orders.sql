-- What a person said of an order, and not of one of its deliveries.

ALTER TABLE audit ADD COLUMN store TEXT;
ALTER TABLE audit ADD COLUMN order_id TEXT;

CREATE INDEX audit_by_order ON audit (order_id, store)
  WHERE delivery_id IS NULL AND order_id IS NOT NULL;
