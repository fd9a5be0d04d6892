-- Tickets, their steps, outbox and idempotency keys; agents.
-- Times are UTC milliseconds since 1970. Hashes are SHA-256 in lower-case hex.

CREATE TABLE schema_history (
    version    BIGINT PRIMARY KEY,
    applied_ms BIGINT NOT NULL
);

CREATE TABLE tickets (
    id                TEXT PRIMARY KEY,
    reference         TEXT NOT NULL UNIQUE,
    site              TEXT NOT NULL,
    status            TEXT NOT NULL,
    level             BIGINT NOT NULL,
    suggested_level   BIGINT NOT NULL,
    created_ms        BIGINT NOT NULL,
    subject           TEXT NOT NULL,
    requester         TEXT NOT NULL,
    -- Lower-case text in which the desk searches.
    search_text       TEXT NOT NULL,
    status_token_hash TEXT NOT NULL,
    session           TEXT,
    -- The handoff as JSON, schema zerodesk.handoff/1.
    handoff           TEXT NOT NULL
);
CREATE INDEX tickets_by_time ON tickets (created_ms, id);
CREATE INDEX tickets_by_session ON tickets (session);

CREATE TABLE ticket_steps (
    ticket_id TEXT NOT NULL REFERENCES tickets (id),
    position  BIGINT NOT NULL,
    at_ms     BIGINT NOT NULL,
    kind      TEXT NOT NULL,
    level     BIGINT NOT NULL,
    agent     TEXT,
    reason    TEXT,
    PRIMARY KEY (ticket_id, position)
);

CREATE TABLE idempotency_keys (
    site       TEXT NOT NULL,
    key_hash   TEXT NOT NULL,
    body_hash  TEXT NOT NULL,
    salt       TEXT NOT NULL,
    ticket_id  TEXT NOT NULL REFERENCES tickets (id),
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (site, key_hash)
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_ms);

CREATE TABLE outbox (
    id             TEXT PRIMARY KEY,
    ticket_id      TEXT NOT NULL REFERENCES tickets (id),
    connector      TEXT NOT NULL,
    state          TEXT NOT NULL,
    attempts       BIGINT NOT NULL,
    due_ms         BIGINT NOT NULL,
    lease_until_ms BIGINT,
    lease_owner    TEXT,
    remote_id      TEXT,
    last_error     TEXT,
    created_ms     BIGINT NOT NULL,
    updated_ms     BIGINT NOT NULL
);
CREATE INDEX outbox_by_due ON outbox (state, due_ms);
CREATE INDEX outbox_by_ticket ON outbox (ticket_id);

CREATE TABLE agents (
    name       TEXT PRIMARY KEY,
    role       TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    created_ms BIGINT NOT NULL
);
