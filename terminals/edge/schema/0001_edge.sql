-- The store of one terminal. Card data and messages are in `sealed` (Fernet); all else is readable.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

INSERT INTO meta (name, value) VALUES ('next_sequence', '1');

CREATE TABLE shift (
    number        TEXT PRIMARY KEY,
    day           TEXT NOT NULL,
    state         TEXT NOT NULL,             -- open, closed, balanced, differs
    opened_at     TEXT NOT NULL,
    closed_at     TEXT NOT NULL DEFAULT '',
    differences   TEXT NOT NULL DEFAULT '[]' -- what the host said of it, JSON
) STRICT;

CREATE UNIQUE INDEX one_open_shift ON shift (state) WHERE state = 'open';

-- Each message that has a number. Numbers are never given again: a message keeps its own for ever.
CREATE TABLE message (
    id             INTEGER PRIMARY KEY,
    position       INTEGER NOT NULL,         -- in the queue: a reversal stands where its original did
    kind           TEXT NOT NULL,
    state          TEXT NOT NULL,
    sequence       TEXT NOT NULL,
    local_date     TEXT NOT NULL,            -- YYYYMMDD, part of the host's key
    local_time     TEXT NOT NULL,            -- ISO 8601 with offset
    shift          TEXT NOT NULL REFERENCES shift (number),
    original       INTEGER REFERENCES message (id),
    reference      TEXT UNIQUE,              -- the till's own, so that it may ask twice
    amount_minor   INTEGER NOT NULL,
    approved_minor INTEGER NOT NULL DEFAULT 0,
    currency       TEXT NOT NULL,
    pan_masked     TEXT NOT NULL DEFAULT '',
    card_key       BLOB NOT NULL DEFAULT x'',-- keyed hash of the card's number
    card_type      TEXT NOT NULL DEFAULT '',
    particulars    TEXT NOT NULL,            -- JSON: what a receipt prints
    sealed         BLOB NOT NULL,
    action         TEXT NOT NULL DEFAULT '',
    reason         TEXT NOT NULL DEFAULT '',
    approval_code  TEXT NOT NULL DEFAULT '',
    sent           INTEGER NOT NULL DEFAULT 0,
    errors         INTEGER NOT NULL DEFAULT 0,
    noted_at       TEXT NOT NULL,
    UNIQUE (local_date, sequence)
) STRICT;

CREATE INDEX waiting ON message (position, id) WHERE state = 'stored';
CREATE INDEX unfinished ON message (state) WHERE state IN ('begun', 'sent', 'stored', 'parked');
CREATE INDEX of_shift ON message (shift, id);
CREATE INDEX about ON message (original) WHERE original IS NOT NULL;
CREATE INDEX not_told ON message (card_key) WHERE kind = 'offline_sale' AND state IN ('stored', 'parked');

CREATE TABLE catalogue (
    version     INTEGER PRIMARY KEY,
    base        INTEGER NOT NULL,
    site_id     TEXT NOT NULL,
    currency    TEXT NOT NULL,
    issued_at   TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    taken_at    TEXT NOT NULL
) STRICT;

CREATE TABLE catalogue_entry (
    section TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (section, key)
) STRICT, WITHOUT ROWID;
