-- What each day adds up to, so that figures need no events: kept when the events are deleted.

ALTER TABLE events ADD COLUMN monitor BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE events ADD COLUMN staff BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE events ADD COLUMN article_kind TEXT;
ALTER TABLE events ADD COLUMN level BIGINT;
-- Hash of the e-mail address under which a ticket was sent.
ALTER TABLE events ADD COLUMN requester TEXT;

-- Sessions that are one visitor, or one address: each pair in both directions. A requester stands here like a session.
CREATE TABLE session_links (
    session TEXT NOT NULL,
    other   TEXT NOT NULL,
    at_ms   BIGINT NOT NULL,
    PRIMARY KEY (session, other)
);
CREATE INDEX session_links_by_time ON session_links (at_ms);
INSERT INTO session_links SELECT session, previous, min(at_ms) FROM events WHERE previous IS NOT NULL GROUP BY 1, 2;
INSERT INTO session_links SELECT other, session, at_ms FROM session_links WHERE true ON CONFLICT DO NOTHING;

-- Events that name a search which is not there yet.
CREATE TABLE awaited_searches (
    query_id TEXT NOT NULL,
    session  TEXT NOT NULL,
    at_ms    BIGINT NOT NULL,
    PRIMARY KEY (query_id, session)
);

-- How often something was written that matters for a day; days are those of UTC, as 2026-10-31.
CREATE TABLE days_changed (
    site    TEXT NOT NULL,
    day     TEXT NOT NULL,
    changes BIGINT NOT NULL,
    PRIMARY KEY (site, day)
);
INSERT INTO days_changed SELECT site, date(at_ms / 1000, 'unixepoch'), count(*) FROM events GROUP BY 1, 2;

-- The sums, as JSON, made when the day had seen so many changes, by this version of the rules.
CREATE TABLE days_counted (
    site    TEXT NOT NULL,
    day     TEXT NOT NULL,
    changes BIGINT NOT NULL,
    rules   BIGINT NOT NULL,
    counts  TEXT NOT NULL,
    lists   TEXT NOT NULL,
    PRIMARY KEY (site, day)
);

-- Events before this instant were deleted.
CREATE TABLE events_deleted (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    before_ms BIGINT NOT NULL
);

-- Figures of closed periods, as JSON; never changed.
CREATE TABLE closed_periods (
    site      TEXT NOT NULL,
    period    TEXT NOT NULL,
    closed_ms BIGINT NOT NULL,
    figures   TEXT NOT NULL,
    PRIMARY KEY (site, period)
);
