-- Who says that an article answers a question; from which group of networks verdicts came; reports that were mailed.
-- Times are UTC milliseconds since 1970. Hashes and salts are lower-case hex.

CREATE TABLE testimonies (
    -- The event that says so, or the ticket.
    id         TEXT PRIMARY KEY,
    site       TEXT NOT NULL,
    language   TEXT NOT NULL,
    question   TEXT NOT NULL,
    article    TEXT NOT NULL,
    helped     BOOLEAN NOT NULL,
    source     TEXT NOT NULL,
    session    TEXT NOT NULL,
    -- The event whose network counts.
    network_of TEXT NOT NULL,
    at_ms      BIGINT NOT NULL
);
CREATE INDEX testimonies_by_time ON testimonies (site, at_ms);
CREATE INDEX testimonies_by_session ON testimonies (session);

-- One of 4096 groups of networks for each verdict; never an address.
CREATE TABLE event_networks (
    event   TEXT PRIMARY KEY,
    network BIGINT NOT NULL,
    at_ms   BIGINT NOT NULL
);
CREATE INDEX event_networks_by_time ON event_networks (at_ms);

CREATE TABLE network_salts (
    quarter TEXT PRIMARY KEY,
    salt    TEXT NOT NULL
);

-- What an operator took from an article stays away.
CREATE TABLE unlearned (
    site       TEXT NOT NULL,
    article    TEXT NOT NULL,
    question   TEXT NOT NULL,
    removed_ms BIGINT NOT NULL,
    PRIMARY KEY (site, article, question)
);

-- Until when a site was looked at.
CREATE TABLE learned_until (
    site  TEXT PRIMARY KEY,
    at_ms BIGINT NOT NULL
);

CREATE TABLE learned_revision (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    number BIGINT NOT NULL
);
INSERT INTO learned_revision VALUES (1, 0);

-- Reports that were mailed, or are being mailed.
CREATE TABLE mailed_reports (
    site    TEXT NOT NULL,
    period  TEXT NOT NULL,
    sent_ms BIGINT NOT NULL,
    PRIMARY KEY (site, period)
);
