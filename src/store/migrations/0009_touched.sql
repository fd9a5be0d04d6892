-- Sessions with links and new events, until the days of those they are linked to are marked in days_changed.

CREATE TABLE sessions_touched (
    site     TEXT NOT NULL,
    session  TEXT NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms  BIGINT NOT NULL,
    PRIMARY KEY (site, session)
);
