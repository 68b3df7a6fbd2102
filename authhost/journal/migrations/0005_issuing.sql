-- How cards come into being: a batch, a line a card, and what was spoiled on the way. No card number in clear, no PIN, no name, no address.

-- The issuer's keys for the certificates of cards and terminals. The private half is hsm_key 'chip/issuer', its version this number.
CREATE TABLE issuer_key (
    number     integer     PRIMARY KEY CHECK (number BETWEEN 1 AND 65535),
    public_key bytea       NOT NULL CHECK (octet_length(public_key) = 65),  -- P-256, uncompressed
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One file. digest: SHA-256 of its content: the same name with another content is another batch, and refused.
CREATE TABLE issue_batch (
    batch_id   text        COLLATE "C" PRIMARY KEY CHECK (batch_id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$'),
    program_id text        NOT NULL REFERENCES program,
    medium     text        NOT NULL CHECK (medium IN ('chip', 'stripe')),
    digest     bytea       NOT NULL CHECK (octet_length(digest) = 32),
    who        text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One card to be. state: issuing/states.py. attempt: how many cards were begun for it. card_id: of the present attempt.
CREATE TABLE issue_line (
    batch_id    text     COLLATE "C" NOT NULL REFERENCES issue_batch,
    line        integer  NOT NULL CHECK (line > 0),
    state       text     NOT NULL DEFAULT 'planned'
                CHECK (state IN ('planned', 'numbered', 'loaded', 'mailed', 'active')),
    attempt     smallint NOT NULL DEFAULT 0,
    card_id     bigint   UNIQUE REFERENCES card,
    card_serial text     NOT NULL DEFAULT '',   -- of the chip, hex; '' for a stripe
    pan_masked  text     NOT NULL DEFAULT '',
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (batch_id, line),
    CHECK ((state = 'planned') = (card_id IS NULL))
);

-- A card that was begun and will never be one: it is to be destroyed. Append-only.
CREATE TABLE issue_spoiled (
    batch_id    text     COLLATE "C" NOT NULL,
    line        integer  NOT NULL,
    attempt     smallint NOT NULL,
    card_id     bigint   NOT NULL UNIQUE REFERENCES card,
    card_serial text     NOT NULL,
    pan_masked  text     NOT NULL,
    state       text     NOT NULL,              -- how far it had come
    why         text     NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (batch_id, line, attempt),
    FOREIGN KEY (batch_id, line) REFERENCES issue_line
);

-- Ids of issued cards; what was brought in from elsewhere has smaller ones.
CREATE SEQUENCE issued_card_id START WITH 1000000000;
