-- Connectors whose receiver wants no tickets any more, and calls of other help desks that were heeded.
-- Times are UTC milliseconds since 1970. Hashes are SHA-256 in lower-case hex.

CREATE TABLE closed_connectors (
    name      TEXT PRIMARY KEY,
    reason    TEXT NOT NULL,
    closed_ms BIGINT NOT NULL
);

CREATE TABLE hook_calls (
    -- The sender's own id, the same when it sends again.
    id        TEXT PRIMARY KEY,
    body_hash TEXT NOT NULL,
    heeded_ms BIGINT NOT NULL
);
CREATE INDEX hook_calls_by_time ON hook_calls (heeded_ms);

-- A ticket by what a help desk calls it, and what one connector owes.
CREATE INDEX outbox_by_remote_id ON outbox (connector, remote_id);
CREATE INDEX outbox_by_connector ON outbox (connector, state, due_ms);
