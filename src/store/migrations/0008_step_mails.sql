-- Deliveries that tell who asked of one step of a ticket, by its position; empty: the ticket itself.

ALTER TABLE outbox ADD COLUMN step BIGINT;
