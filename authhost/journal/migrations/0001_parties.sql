-- The parties and what they hold: accounts with their fence, cards, terminals, merchants, payers.
-- Whatever here changes a decision is changed together with a raised fence (account) or rules version (terminal, merchant).

-- One row. Every batch share-locks it; cut-over, terminal and merchant blocks raise it.
CREATE TABLE rules (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version       bigint  NOT NULL DEFAULT 1,
    business_date date    NOT NULL
);

CREATE TABLE account (
    account_id bigint PRIMARY KEY,
    kind       text   NOT NULL CHECK (kind IN ('fleet', 'payer', 'safe_client', 'merchant')),
    name       text   NOT NULL,
    status     text   NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'blocked', 'closed')),
    currency   text   NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    time_zone  text   NOT NULL DEFAULT 'UTC',
    limits     jsonb  NOT NULL DEFAULT '[]',   -- [{"window": "day", "measure": "money", "maximum": 50000}, ...]
    iban       text,
    bic        text,
    address    jsonb  NOT NULL DEFAULT '{}'    -- {"street", "number", "postcode", "town", "country"}
);

-- Apart from account, so that a share lock touches a narrow row and never waits for master data.
CREATE TABLE fence (
    account_id bigint PRIMARY KEY REFERENCES account,
    fence      bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 50);

CREATE TABLE vehicle (
    vehicle_id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account,
    plate      text   NOT NULL,
    limits     jsonb  NOT NULL DEFAULT '[]'
);

CREATE TABLE driver (
    driver_id  bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account,
    name       text   NOT NULL,
    limits     jsonb  NOT NULL DEFAULT '[]'
);

CREATE TABLE card (
    card_id    bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account,
    pan_hmac   bytea  NOT NULL UNIQUE,         -- keyed; the clear PAN is never stored
    pan_masked text   NOT NULL,                -- first 6, last 4
    expiry     text   NOT NULL CHECK (expiry ~ '^[0-9]{4}$'),  -- YYMM, good to the end of that month
    status     text   NOT NULL DEFAULT 'active'
               CHECK (status IN ('active', 'blocked', 'lost', 'stolen', 'not_effective', 'closed')),
    vehicle_id bigint REFERENCES vehicle,
    driver_id  bigint REFERENCES driver,
    products   text[],                         -- null: any; otherwise what is not listed is not allowed
    sites      text[],                         -- null: any
    hours      integer[],                      -- null: any; seven masks of 24 bits, Monday first
    limits     jsonb  NOT NULL DEFAULT '[]'
);
CREATE INDEX ON card (account_id);

CREATE TABLE merchant (
    merchant_id text PRIMARY KEY,
    name        text NOT NULL,
    status      text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'blocked', 'closed')),
    account_id  bigint REFERENCES account      -- where phone payments go; null for a station of the operator
);

CREATE TABLE site (
    site_id     text PRIMARY KEY,
    merchant_id text NOT NULL REFERENCES merchant,
    name        text NOT NULL
);

CREATE TABLE terminal (
    terminal_id      text PRIMARY KEY,
    kind             text NOT NULL CHECK (kind IN ('pos', 'safe', 'till')),
    acquirer_id      text NOT NULL,
    merchant_id      text NOT NULL REFERENCES merchant,
    site_id          text REFERENCES site,
    account_id       bigint REFERENCES account,  -- a safe's client
    partial_approval boolean NOT NULL DEFAULT false,
    status           text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'blocked', 'closed'))
);

-- The payer's phone. Its key pair lives on the phone; the host has the public half alone.
CREATE TABLE payer (
    phone      text   PRIMARY KEY CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),  -- E.164
    account_id bigint NOT NULL REFERENCES account,
    public_key bytea  NOT NULL CHECK (octet_length(public_key) = 32)       -- Ed25519, RFC 8032
);
