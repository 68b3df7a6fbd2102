-- Smart safes: the parties of the cash cycle, what is in which cassette, every deposit with the life of its credit.
-- What decides about a deposit (a safe, its shift, its cassette, its depositors, its client) is changed together with the raised
-- fence of every client of that safe.

-- Banks that credit clients. rails: [{"currency": "EUR", "rail": "instant" | "transfer", "debtor": {"name", "iban", "bic", "address"},
-- "most_minor": null, "days": [1..7], "from": "00:00", "until": "24:00", "time_zone": "Europe/Vienna"}]; a currency without one goes by night.
CREATE TABLE bank (
    bank_id  text PRIMARY KEY CHECK (bank_id ~ '^[!-~]{1,32}$'),
    name     text    NOT NULL,
    bic      text    NOT NULL DEFAULT '',
    status   text    NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'down', 'closed')),  -- down: known to be, all goes by night
    endpoint text    NOT NULL DEFAULT '',                     -- https://...; '' takes night files alone
    server_name text NOT NULL DEFAULT '',                     -- that its certificate must have; '' the host of the endpoint
    rails    jsonb   NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(rails) = 'array'),
    answer_s integer NOT NULL DEFAULT 10 CHECK (answer_s BETWEEN 1 AND 60)  -- then an outcome is UNKNOWN
);

CREATE TABLE courier (
    courier_id text PRIMARY KEY CHECK (courier_id ~ '^[!-~]{1,32}$'),
    name       text NOT NULL,
    status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'closed')),
    address    jsonb NOT NULL DEFAULT '{}',
    lead_h     integer NOT NULL DEFAULT 24 CHECK (lead_h BETWEEN 0 AND 720)  -- from a request to the door, on working days
);

-- A safe's client. Its exposure cap is account.credit_line: what is credited and not counted yet is the account's balance.
ALTER TABLE account
    ADD COLUMN bank_id         text REFERENCES bank,
    ADD COLUMN credit_rule     text    NOT NULL DEFAULT 'night' CHECK (credit_rule IN ('instant', 'night', 'count')),  -- count: after it
    ADD COLUMN standing        text    NOT NULL DEFAULT 'good' CHECK (standing IN ('good', 'watch', 'bad')),            -- CASH-19
    ADD COLUMN deposit_key     bytea   CHECK (octet_length(deposit_key) = 32),  -- its own key, Ed25519: what it orders is signed (CASH-16)
    ADD COLUMN posting         jsonb   NOT NULL DEFAULT '{}',   -- its posting logic: {"by": "safe" | "deposit" | "client", "reference": "..."} (CASH-47)
    ADD COLUMN billing         text    NOT NULL DEFAULT 'daily' CHECK (billing IN ('daily', 'weekly', 'monthly')),      -- CASH-48, 49
    ADD COLUMN tolerance_minor bigint  NOT NULL DEFAULT 0 CHECK (tolerance_minor >= 0),                                 -- of a count
    ADD COLUMN contact         jsonb   NOT NULL DEFAULT '{}';   -- {"name", "email", "phone"}

CREATE TABLE safe (
    terminal_id     text PRIMARY KEY REFERENCES terminal,
    model           text    NOT NULL DEFAULT '',
    currencies      text[]  NOT NULL DEFAULT '{EUR}',
    note_capacity   integer NOT NULL DEFAULT 0 CHECK (note_capacity >= 0),  -- pieces a cassette; 0: not known
    coin_capacity   integer NOT NULL DEFAULT 0 CHECK (coin_capacity >= 0),
    fill_percent    integer NOT NULL DEFAULT 80 CHECK (fill_percent BETWEEN 1 AND 100),  -- asks for a pick-up
    shift_required  boolean NOT NULL DEFAULT true,
    named_depositors boolean NOT NULL DEFAULT true,           -- only those of table depositor
    courier_id      text    REFERENCES courier,
    time_zone       text    NOT NULL DEFAULT 'UTC',
    cut_off         text    NOT NULL DEFAULT '' CHECK (cut_off ~ '^(|[0-2][0-9]:[0-5][0-9])$'),  -- later: credited on the next day; '' none
    placement       jsonb   NOT NULL DEFAULT '{}',            -- {"room", "floor", "address", "opens", "notes"} for the courier
    silent_min      integer NOT NULL DEFAULT 15 CHECK (silent_min BETWEEN 0 AND 10080),  -- nothing heard for longer: an alarm; 0: never
    -- How it is now.
    cassette_id     text    NOT NULL DEFAULT '',              -- '' none is inside
    shift           text    NOT NULL DEFAULT '',              -- number of the open shift; '' none is open
    shift_by        text    NOT NULL DEFAULT '',
    software        text    NOT NULL DEFAULT '',
    signed_on_at    timestamptz,
    signed_off      boolean NOT NULL DEFAULT false,           -- by its own word: its silence is no alarm
    last_seen_at    timestamptz,
    fill            jsonb   NOT NULL DEFAULT '{}',            -- its own last word: {"notes", "coins", "by": {...}}
    sequence_seen   int8multirange NOT NULL DEFAULT '{}'      -- of the device's own numbers; a gap is asked for
);
-- Numbers without the oldest gaps, where there are more ranges than so many: what lies before the newest counts as seen.
CREATE FUNCTION numbers_kept(numbers int8multirange, most integer) RETURNS int8multirange LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(numbers + (SELECT int8multirange(int8range(1, upper(r))) FROM unnest(numbers) AS r
                               ORDER BY r DESC OFFSET most - 1 LIMIT 1), numbers)
$$;
-- Who may be credited by a safe; several clients may share one. reference: how the device names the client, '' is the default one.
CREATE TABLE safe_client (
    terminal_id text   NOT NULL REFERENCES safe,
    account_id  bigint NOT NULL REFERENCES account,
    reference   text   COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (terminal_id, account_id),
    UNIQUE (terminal_id, reference)
);
CREATE INDEX ON safe_client (account_id);
-- Who may put money in. terminals null: at every safe of the client.
CREATE TABLE depositor (
    depositor_id bigint PRIMARY KEY,
    account_id   bigint NOT NULL REFERENCES account,
    code         text   COLLATE "C" NOT NULL CHECK (length(code) BETWEEN 1 AND 64),  -- what the device sends
    name         text   NOT NULL,
    role         text   NOT NULL DEFAULT 'depositor' CHECK (role IN ('depositor', 'cashier', 'supervisor')),
    status       text   NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'blocked', 'closed')),
    terminals    text[],
    UNIQUE (account_id, code)
);

CREATE TABLE cassette (
    cassette_id text    PRIMARY KEY CHECK (cassette_id ~ '^[0-9]{18}$'),  -- SSCC (GS1), check digit and all
    kind        text    NOT NULL DEFAULT 'cassette' CHECK (kind IN ('cassette', 'bag')),
    capacity    integer NOT NULL DEFAULT 0 CHECK (capacity >= 0),         -- pieces; 0: as the safe says
    status      text    NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'closed'))
);
-- One stay of a cassette in a safe: from its coming in to its count. Deposits belong to a stay, for a cassette comes back.
CREATE TABLE cassette_stay (
    stay_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cassette_id  text   NOT NULL,                             -- as the device told it: what is unknown is kept all the same
    terminal_id  text   NOT NULL REFERENCES safe,
    state        text   NOT NULL DEFAULT 'in_safe' CHECK (state IN ('in_safe', 'picked_up', 'counted', 'settled')),
    opened_at    timestamptz NOT NULL,
    closed_at    timestamptz,                                 -- taken out
    courier_id   text,
    guard        text   NOT NULL DEFAULT '',
    seal         text   NOT NULL DEFAULT '',
    counted_at   timestamptz,
    settled_at   timestamptz
);
CREATE UNIQUE INDEX cassette_stay_inside ON cassette_stay (terminal_id) WHERE state = 'in_safe';
CREATE INDEX cassette_stay_counted ON cassette_stay (state, stay_id) WHERE state IN ('picked_up', 'counted');
CREATE INDEX cassette_stay_terminal ON cassette_stay (terminal_id, stay_id);
CREATE INDEX cassette_stay_cassette ON cassette_stay (cassette_id, stay_id);

-- What a safe says that moves no money: sign-on, shift, swap, end of day, status, alarm. The device's own number is the key.
CREATE TABLE safe_message (
    terminal_id   text   NOT NULL REFERENCES safe,
    sequence      bigint NOT NULL CHECK (sequence > 0),
    kind          text   NOT NULL CHECK (kind IN ('sign_on', 'sign_off', 'shift_open', 'shift_close', 'swap', 'end_of_day', 'status', 'alarm')),
    fingerprint   bytea  NOT NULL,
    local_time    timestamp   NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    business_date date   NOT NULL,
    content       json   NOT NULL,
    answer        bytea  NOT NULL,
    PRIMARY KEY (terminal_id, sequence)
);
CREATE INDEX safe_message_time ON safe_message (terminal_id, recorded_at);
CREATE INDEX safe_message_day_end ON safe_message (business_date, terminal_id, sequence) WHERE kind = 'end_of_day';
CREATE INDEX safe_message_alarm ON safe_message (recorded_at, terminal_id, sequence) WHERE kind = 'alarm';

-- What the host itself sees at a safe: silence, or more gaps in its numbers than are kept. An alarm begins once and ends once; each is
-- an event.
CREATE TABLE safe_alarm (
    terminal_id text NOT NULL REFERENCES safe,
    code        text NOT NULL CHECK (code IN ('silent', 'numbers')),
    since       timestamptz NOT NULL,
    last_at     timestamptz NOT NULL,
    PRIMARY KEY (terminal_id, code)
);
CREATE TABLE safe_event (
    event_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    at          timestamptz NOT NULL,                         -- business time
    terminal_id text   NOT NULL,
    code        text   NOT NULL,
    state       text   NOT NULL CHECK (state IN ('raised', 'cleared')),
    severity    text   NOT NULL CHECK (severity IN ('info', 'warning', 'alarm')),
    detail      jsonb  NOT NULL
);
CREATE INDEX safe_event_time ON safe_event (recorded_at, terminal_id, (-event_id));

-- Every deposit, written by the statement that writes its journal row. state and credit go by the tables in authhost/safes/life.py.
CREATE TABLE deposit (
    key           text   COLLATE "C" PRIMARY KEY,             -- the claim's
    business_date date   NOT NULL,
    journal_id    bigint NOT NULL,
    terminal_id   text   NOT NULL,
    account_id    bigint,                                     -- null: nobody's yet
    stay_id       bigint,                                     -- null: its cassette is unknown
    kind          text   NOT NULL CHECK (kind IN ('cash', 'envelope', 'cheque')),
    currency      text   NOT NULL,
    amount_minor  bigint NOT NULL CHECK (amount_minor >= 0),
    recorded_at   timestamptz NOT NULL,
    state         text   NOT NULL DEFAULT 'reported'
                  CHECK (state IN ('reported', 'provisional', 'picked_up', 'verified', 'adjusted', 'reversed')),
    withheld      text   NOT NULL DEFAULT '',                 -- why it has no credit; comma separated
    -- The credit at the bank, and the outbox of the connector.
    credit        text   NOT NULL CHECK (credit IN ('none', 'withheld', 'queued', 'sent', 'unknown', 'accepted', 'refused', 'night', 'file', 'booked')),
    bank_id       text,
    rail          text   NOT NULL DEFAULT '',
    tries         integer NOT NULL DEFAULT 0,
    next_at       timestamptz,                                -- of the next try or the next question
    sent_at       timestamptz,
    answered_at   timestamptz,
    bank_reason   text   NOT NULL DEFAULT '',                 -- the bank's own code (ISO 20022 external status reason)
    run_id        text,                                       -- the night in whose file or books the credit is
    sequence      bigint  NOT NULL DEFAULT 0,                 -- the device's own number; 0: it sent none
    notes         integer NOT NULL DEFAULT 0,                 -- pieces that went in
    coins         integer NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
CREATE INDEX deposit_outbox ON deposit (bank_id, next_at) WHERE credit IN ('queued', 'sent', 'unknown');
CREATE INDEX deposit_night ON deposit (currency, account_id) WHERE credit = 'night' AND run_id IS NULL;
CREATE INDEX deposit_accepted ON deposit (key) WHERE credit = 'accepted' AND run_id IS NULL;
CREATE INDEX deposit_stay ON deposit (stay_id) INCLUDE (notes, coins);
CREATE INDEX deposit_told ON deposit (stay_id) WHERE state IN ('reported', 'provisional');
CREATE INDEX deposit_terminal ON deposit (terminal_id, sequence);
CREATE INDEX deposit_day ON deposit (business_date, journal_id);  -- an office looks at days, the newest first
CREATE INDEX deposit_account ON deposit (account_id, business_date, journal_id);
CREATE INDEX safe_courier ON safe (courier_id) WHERE courier_id IS NOT NULL;
CREATE INDEX account_bank ON account (bank_id) WHERE bank_id IS NOT NULL;
CREATE INDEX deposit_withheld ON deposit (terminal_id) WHERE credit = 'withheld';
-- Each change of state or credit: who, when, why. One row a change.
CREATE TABLE deposit_change (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key     text   COLLATE "C" NOT NULL,
    event   text   NOT NULL,
    before  text   NOT NULL,                                  -- state/credit
    after   text   NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    who     text   NOT NULL,
    why     text   NOT NULL DEFAULT ''
);
CREATE INDEX deposit_change_key ON deposit_change (key);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deposit_change FOR EACH STATEMENT EXECUTE FUNCTION append_only();
