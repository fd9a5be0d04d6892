-- What visitors did, and the salts under which their sessions are hashed.
-- Times are UTC milliseconds since 1970. Hashes and salts are lower-case hex.

CREATE TABLE events (
    id         TEXT PRIMARY KEY,
    at_ms      BIGINT NOT NULL,
    schema     BIGINT NOT NULL,
    site       TEXT NOT NULL,
    session    TEXT NOT NULL,
    -- Yesterday's hash of the same session, where the event may continue what began yesterday.
    previous   TEXT,
    surface    TEXT NOT NULL,
    locale     TEXT NOT NULL,
    bot        BOOLEAN NOT NULL,
    interacted BOOLEAN,
    -- What happened, as JSON; "type" names it.
    kind       TEXT NOT NULL
);
CREATE INDEX events_by_time ON events (site, at_ms);
CREATE INDEX events_by_session ON events (session, at_ms);

CREATE TABLE salts (
    day  TEXT PRIMARY KEY,
    salt TEXT NOT NULL
);
