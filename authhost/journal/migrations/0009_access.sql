-- Who may look at master data and change it, what they asked for once, and files that were taken in.

-- A person or a program. Never changed but for the end: another role is another row.
CREATE TABLE access (
    access_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text        NOT NULL UNIQUE CHECK (name ~ '^[!-~]{1,64}$'),
    role        text        NOT NULL CHECK (role IN ('administrator', 'analyst', 'fleet', 'station')),
    account_id  bigint      REFERENCES account,          -- a fleet's own
    site_id     text        REFERENCES site,             -- a station manager's own
    token_hash  bytea       UNIQUE CHECK (octet_length(token_hash) = 32),  -- SHA-256 of the token, which is told once
    certificate text        NOT NULL DEFAULT '' CHECK (length(certificate) <= 64),  -- common name; with a token both are needed
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by  text        NOT NULL,
    CHECK ((role = 'fleet') = (account_id IS NOT NULL)),
    CHECK ((role = 'station') = (site_id IS NOT NULL)),
    CHECK (token_hash IS NOT NULL OR certificate <> '')
);
-- A certificate that stands alone names one row.
CREATE UNIQUE INDEX access_certificate ON access (certificate) WHERE token_hash IS NULL AND revoked_at IS NULL;

-- What a creating request was answered: the same Idempotency-Key of the same access row has the same answer.
-- fingerprint: keyed, for a body may have a card's number. answer: never a token, never a card's number.
CREATE TABLE admin_request (
    access_id   bigint      NOT NULL REFERENCES access,
    key         text        COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 64),
    fingerprint bytea       NOT NULL CHECK (octet_length(fingerprint) = 32),
    answer      json,                                    -- null within its own transaction alone
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (access_id, key)
);

-- A file of cards, limits, vehicles or drivers that was taken in: the same content a second time changes nothing.
CREATE TABLE admin_import (
    kind   text        NOT NULL CHECK (kind IN ('cards', 'limits', 'vehicles', 'drivers')),
    digest bytea       NOT NULL CHECK (octet_length(digest) = 32),  -- SHA-256 of the file
    rows   integer     NOT NULL CHECK (rows > 0),
    who    text        NOT NULL,
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kind, digest)
);

-- A chip card that somebody wants: a line of a batch that issuing personalizes. The name and the address are those of
-- driver, vehicle and account at the time that the file is made.
CREATE TABLE card_order (
    order_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id        bigint      NOT NULL REFERENCES account,
    program_id        text        NOT NULL REFERENCES program,
    expiry            text        NOT NULL CHECK (expiry ~ '^[0-9]{2}(0[1-9]|1[0-2])$'),
    vehicle_id        bigint      REFERENCES vehicle,
    driver_id         bigint      REFERENCES driver,
    products          text[],
    sites             text[],
    limits            jsonb       NOT NULL DEFAULT '[]',
    offline_max_minor bigint      NOT NULL DEFAULT 0 CHECK (offline_max_minor >= 0),
    replaces          bigint      REFERENCES card,
    batch_id          text        COLLATE "C",           -- null: waits for a batch
    line              integer     CHECK (line > 0),      -- of the file of the batch
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (batch_id, line),
    CHECK ((batch_id IS NULL) = (line IS NULL))
);
CREATE INDEX card_order_account ON card_order (account_id);

-- Ids of what is created through the API and the bulk import; what was brought in from elsewhere has smaller ones.
CREATE SEQUENCE admin_id START WITH 2000000000;

-- Audit rows are read by subject and by time; nobody mends them.
CREATE INDEX audit_subject ON audit (subject, id) WHERE subject <> '';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- The feed of exceptions goes by this; only a row with a flag is in it.
CREATE INDEX journal_flagged ON journal (recorded_at, id) WHERE flags <> '';
CREATE INDEX vehicle_number ON vehicle (account_id, number) WHERE number <> '';
CREATE INDEX driver_number ON driver (account_id, number) WHERE number <> '';
