-- Further tokens that open a ticket's status page: each mail to who asked has one of its own.

CREATE TABLE status_tokens (
    token_hash TEXT PRIMARY KEY,
    ticket_id  TEXT NOT NULL REFERENCES tickets (id)
);
