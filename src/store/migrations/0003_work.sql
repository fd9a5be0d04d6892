-- What people do with tickets: who has them, how they ended, where they stood after each step; and the desk's log.

ALTER TABLE tickets ADD COLUMN assignee TEXT;
-- How it ended, as JSON.
ALTER TABLE tickets ADD COLUMN outcome TEXT;
ALTER TABLE ticket_steps ADD COLUMN status TEXT NOT NULL DEFAULT 'open';
CREATE INDEX ticket_steps_by_time ON ticket_steps (at_ms);

-- What agents did beside steps of tickets.
CREATE TABLE desk_log (
    id      INTEGER PRIMARY KEY,
    at_ms   BIGINT NOT NULL,
    agent   TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL
);
CREATE INDEX desk_log_by_time ON desk_log (at_ms);
