-- The store of one safe. Every message has its number before it leaves, and a number is never given twice.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

INSERT INTO meta (name, value) VALUES ('next_sequence', '1'), ('next_shift', '1');

CREATE TABLE shift (
    number    TEXT PRIMARY KEY,
    opened_at TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    closed_at TEXT,
    closed_by TEXT NOT NULL DEFAULT '',
    first     INTEGER NOT NULL,         -- its opening's sequence
    last      INTEGER                   -- its closing's
) STRICT;

CREATE UNIQUE INDEX one_open_shift ON shift ((closed_at IS NULL)) WHERE closed_at IS NULL;

-- One stay of a cassette in the safe: a cassette comes back.
CREATE TABLE stay (
    id        INTEGER PRIMARY KEY,
    cassette  TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    closed_at TEXT
) STRICT;

CREATE UNIQUE INDEX one_inside ON stay ((closed_at IS NULL)) WHERE closed_at IS NULL;

CREATE TABLE message (
    sequence     INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL,
    state        TEXT NOT NULL,
    path         TEXT NOT NULL,          -- below the safe's own
    body         BLOB NOT NULL,          -- as it goes, but for an authorization that is not known yet
    original     INTEGER REFERENCES message (sequence), -- the authorization that it ends
    local_time   TEXT NOT NULL,          -- ISO 8601 with offset
    stay         INTEGER REFERENCES stay (id),
    deposit_kind TEXT NOT NULL DEFAULT '',
    amount_minor INTEGER NOT NULL DEFAULT 0,
    currency     TEXT NOT NULL DEFAULT '',
    status       INTEGER NOT NULL DEFAULT 0, -- HTTP, of the last answer
    answer       BLOB NOT NULL DEFAULT x'',
    sent         INTEGER NOT NULL DEFAULT 0,
    errors       INTEGER NOT NULL DEFAULT 0,
    asked        INTEGER NOT NULL DEFAULT 0, -- how often the host has missed it
    noted_at     TEXT NOT NULL
) STRICT;

CREATE INDEX waiting ON message (sequence) WHERE state = 'stored';
CREATE INDEX unfinished ON message (state) WHERE state IN ('stored', 'parked');
CREATE INDEX of_stay ON message (stay) WHERE stay IS NOT NULL;

-- What a deposit was made of.
CREATE TABLE piece (
    sequence    INTEGER NOT NULL REFERENCES message (sequence) ON DELETE CASCADE,
    currency    TEXT NOT NULL,
    value_minor INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    category    TEXT NOT NULL,
    count       INTEGER NOT NULL
) STRICT;

CREATE INDEX of_message ON piece (sequence);

-- The notes that are counted and neither inside nor handed back: one depositor at a time.
CREATE TABLE escrow (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    state         TEXT NOT NULL,
    count         TEXT NOT NULL,         -- JSON
    slip          TEXT NOT NULL,         -- JSON
    authorization INTEGER REFERENCES message (sequence)
) STRICT;
