-- Pay by phone: merchants as they are asked and paid, payers and their phones, payments, what their banks are asked, what merchants are told.
-- Whatever here decides about a payment is changed together with a raised fence: of the payer's account, or of the merchant's.

-- A merchant as pay by phone knows it. Its account is where payments go; its limits are that account's.
ALTER TABLE merchant
    ADD COLUMN display_name text   NOT NULL DEFAULT '' CHECK (length(display_name) <= 70),  -- what the payer reads; '' the name
    ADD COLUMN capture      text   NOT NULL DEFAULT 'automatic' CHECK (capture IN ('automatic', 'manual')),
    ADD COLUMN plan_id      text,                             -- of its fees and settlements; null: the plan 'standard'
    ADD COLUMN sandbox      boolean NOT NULL DEFAULT false;   -- a developer's: no bank is asked, no night pays

-- Fees and settlement of merchants, by version from a day on. fees: {"phone": {"percent", "fixed_minor", "least_minor", "most_minor"},
-- "qr": {...}, "refund": {...}, "vat_basis_points"}; settlement: {"by": "net" | "gross", "every": "day" | "week", "weekday": 1..7,
-- "after_days": 1, "holdback_percent", "holdback_days", "least_payout_minor"}: authhost/payments/plans.py.
CREATE TABLE merchant_plan (
    plan_id    text    NOT NULL CHECK (plan_id ~ '^[!-~]{1,32}$'),
    valid_from date    NOT NULL,
    version    integer NOT NULL,
    fees       jsonb   NOT NULL,
    settlement jsonb   NOT NULL,
    who        text    NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (plan_id, valid_from, version)
);
INSERT INTO merchant_plan (plan_id, valid_from, version, fees, settlement, who) VALUES
    ('standard', '2000-01-01', 1, '{}', '{"by": "net", "every": "day", "after_days": 1}', 'system');

-- Who works for a merchant: a person (an agent, by phone or by certificate) or a program (a till, a shop's server: a client of OAuth 2).
CREATE TABLE merchant_user (
    user_id     text    COLLATE "C" PRIMARY KEY CHECK (user_id ~ '^[!-~]{1,64}$'),
    merchant_id text    NOT NULL REFERENCES merchant,
    kind        text    NOT NULL CHECK (kind IN ('agent', 'client')),
    name        text    NOT NULL,
    phone       text    CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),            -- an agent's: logs in by it
    secret_hash bytea   CHECK (octet_length(secret_hash) = 32),            -- a client's: SHA-256; told once
    certificate text    NOT NULL DEFAULT '' CHECK (length(certificate) <= 64),  -- common name over mutual TLS
    rights      text[]  NOT NULL DEFAULT '{payment,refund,report,webhook}',
    status      text    NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'blocked', 'closed')),
    refusals    integer NOT NULL DEFAULT 0,                                -- logins in a row that the agent has refused on the phone
    rests_until timestamptz,                                               -- until then nobody begins one
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by  text    NOT NULL
);
CREATE UNIQUE INDEX merchant_user_phone ON merchant_user (phone) WHERE phone IS NOT NULL AND status <> 'closed';
CREATE UNIQUE INDEX merchant_user_certificate ON merchant_user (certificate) WHERE certificate <> '' AND status <> 'closed';

-- What they hold once they have proved who they are: OAuth 2 access tokens (RFC 6749, 4.4) and agents' sessions.
CREATE TABLE merchant_session (
    token_hash bytea   PRIMARY KEY CHECK (octet_length(token_hash) = 32),  -- SHA-256
    user_id    text    NOT NULL REFERENCES merchant_user,
    serial     text    NOT NULL DEFAULT '',                   -- of the phone's certificate that an agent's login was signed with
    rights     text[]  NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz
);
CREATE INDEX merchant_session_ends ON merchant_session (expires_at);

-- An agent's login that waits for the phone.
CREATE TABLE merchant_login (
    login_id   text   COLLATE "C" PRIMARY KEY,
    user_id    text   NOT NULL REFERENCES merchant_user,
    phone      text   NOT NULL,
    nonce      text   NOT NULL,
    browser    text   NOT NULL DEFAULT '',                    -- what the agent reads on the phone: where somebody logs in
    state      text   NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'confirmed', 'refused', 'expired', 'used')),
    serial     text   NOT NULL DEFAULT '',
    evidence   jsonb,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX merchant_login_phone ON merchant_login (phone) WHERE state = 'waiting';
CREATE INDEX merchant_login_ends ON merchant_login (expires_at);

-- The payer and the phone. What it signs with is in payer_certificate; the key never leaves the phone.
ALTER TABLE payer
    DROP COLUMN public_key,
    ADD COLUMN name       text   NOT NULL DEFAULT '',
    ADD COLUMN status     text   NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'blocked', 'closed')),
    ADD COLUMN refuses    text[] NOT NULL DEFAULT '{}',       -- merchants that may not ask this payer
    ADD COLUMN code_hash  bytea  CHECK (octet_length(code_hash) = 32),  -- of the enrolment code: SHA-256, good once
    ADD COLUMN code_until timestamptz,
    ADD COLUMN code_tries integer NOT NULL DEFAULT 0,
    ADD COLUMN push       jsonb;                              -- a web push subscription (RFC 8030): {"endpoint", "p256dh", "auth"}
CREATE INDEX payer_account ON payer (account_id);

CREATE TABLE payer_certificate (
    serial      text   COLLATE "C" PRIMARY KEY CHECK (serial ~ '^[0-9a-f]{1,40}$'),
    phone       text   NOT NULL REFERENCES payer,
    key_digest  bytea  NOT NULL UNIQUE CHECK (octet_length(key_digest) = 32),  -- SHA-256 of its SubjectPublicKeyInfo: a key is one payer's, once
    certificate bytea  NOT NULL,                              -- DER
    not_before  timestamptz NOT NULL,
    not_after   timestamptz NOT NULL,
    issued_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at  timestamptz,
    reason      text   NOT NULL DEFAULT '',
    CHECK (not_after > not_before)
);
CREATE INDEX payer_certificate_phone ON payer_certificate (phone);
-- A phone's certificate opens doors as a device's does: the same versions say at once what has changed (certificates/guard.py).
ALTER TABLE payer_certificate ADD COLUMN version bigint NOT NULL DEFAULT 0;
CREATE TRIGGER moved BEFORE INSERT OR UPDATE ON payer_certificate FOR EACH ROW EXECUTE FUNCTION device_certificate_moved();
CREATE INDEX payer_certificate_version ON payer_certificate (version);

-- Payers' phones that a merchant takes nothing from. A row comes and goes under a raised fence of the payer, where there is one.
CREATE TABLE merchant_blocked_phone (
    merchant_id text    NOT NULL REFERENCES merchant,
    phone       text    COLLATE "C" NOT NULL CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    reason      text    NOT NULL DEFAULT '' CHECK (length(reason) <= 140),
    blocked_by  text    NOT NULL,
    blocked_at  timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, phone)
);
CREATE INDEX merchant_blocked_phone_of ON merchant_blocked_phone (phone);

-- A payment, one row for its whole life: authhost/payments/life.py says what may become of it, append_payments.sql and moves_*.sql write it.
CREATE TABLE payment (
    payment_id     text    COLLATE "C" PRIMARY KEY CHECK (payment_id ~ '^[0-9a-z]{26}$'),
    merchant_id    text    NOT NULL,
    account_id     bigint  NOT NULL,                          -- the merchant's
    user_id        text    NOT NULL,                          -- who of the merchant asked
    kind           text    NOT NULL CHECK (kind IN ('phone', 'qr')),  -- qr: paid in the payer's own bank application, matched from its credit
    payer_phone    text,                                      -- null: nobody is named; who opens the link may pay
    payer_id       bigint,                                    -- the payer's account, once somebody has signed
    currency       text    NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount_minor   bigint  NOT NULL CHECK (amount_minor > 0),
    payee          text    NOT NULL,                          -- the name that the payer read
    purpose        text    NOT NULL,
    reference      text    NOT NULL,                          -- the merchant's own
    capture        text    NOT NULL CHECK (capture IN ('automatic', 'manual')),
    nonce          text    NOT NULL,                          -- signed by the payer with the rest
    callback_url   text    NOT NULL DEFAULT '',
    sandbox        boolean NOT NULL,
    business_date  date    NOT NULL,                          -- of the request
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    state          text    NOT NULL,
    reason         text    NOT NULL DEFAULT '',               -- why it was declined, cancelled or disputed
    changed_at     timestamptz NOT NULL,
    version        integer NOT NULL DEFAULT 1,                -- of the row: what is told later has a higher one
    paid_at        timestamptz,
    captured_minor bigint  NOT NULL DEFAULT 0,
    refunded_minor bigint  NOT NULL DEFAULT 0,                -- refunds on their way too, so that they never exceed what was paid
    before_dispute text    NOT NULL DEFAULT '',
    CHECK (captured_minor BETWEEN 0 AND amount_minor),
    CHECK (refunded_minor BETWEEN 0 AND amount_minor)
);
CREATE INDEX payment_open ON payment (expires_at) WHERE state IN ('created', 'sent', 'opened');
CREATE INDEX payment_waits ON payment (payer_phone, created_at) WHERE state IN ('created', 'sent', 'opened');
CREATE INDEX payment_archive ON payment (merchant_id, created_at DESC, payment_id);
CREATE INDEX payment_reference ON payment (merchant_id, reference);
CREATE INDEX payment_phone ON payment (merchant_id, payer_phone, created_at DESC);
CREATE INDEX payment_of_phone ON payment (payer_phone, changed_at DESC) WHERE payer_phone IS NOT NULL;
CREATE INDEX payment_of_payer ON payment (payer_id, created_at DESC) WHERE payer_id IS NOT NULL;

-- Every change, who and why.
CREATE TABLE payment_change (
    payment_id text    COLLATE "C" NOT NULL,
    version    integer NOT NULL,
    event      text    NOT NULL,
    before     text    NOT NULL,
    after      text    NOT NULL,
    at         timestamptz NOT NULL,
    who        text    NOT NULL,
    why        text    NOT NULL DEFAULT '',
    PRIMARY KEY (payment_id, version)
);
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON payment_change FOR EACH ROW EXECUTE FUNCTION append_only();

CREATE TABLE refund (
    refund_id    text    COLLATE "C" PRIMARY KEY CHECK (refund_id ~ '^[0-9a-z]{26}$'),
    payment_id   text    COLLATE "C" NOT NULL REFERENCES payment,
    number       integer NOT NULL,                            -- of the payment's refunds, from 1
    amount_minor bigint  NOT NULL CHECK (amount_minor > 0),
    reason       text    NOT NULL DEFAULT '',
    reference    text    NOT NULL DEFAULT '',
    user_id      text    NOT NULL,
    state        text    NOT NULL CHECK (state IN ('created', 'unknown', 'paid', 'declined')),
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    why          text    NOT NULL DEFAULT '',                 -- of a bank that would not
    UNIQUE (payment_id, number)
);

-- A payer says that a payment was not right; an administrator decides who keeps the money. At most one is open.
CREATE TABLE dispute (
    payment_id  text    COLLATE "C" NOT NULL REFERENCES payment,
    number      integer NOT NULL,
    reason      text    NOT NULL,
    evidence    text    NOT NULL,
    opened_by   text    NOT NULL,
    opened_at   timestamptz NOT NULL,
    outcome     text    NOT NULL DEFAULT '' CHECK (outcome IN ('', 'won', 'lost')),  -- by the merchant
    resolved_by text    NOT NULL DEFAULT '',
    resolved_at timestamptz,
    PRIMARY KEY (payment_id, number)
);
CREATE UNIQUE INDEX dispute_open ON dispute (payment_id) WHERE outcome = '';

-- What a payer's bank is asked: the outbox of payments, with the states and events of a credit's way (authhost/payments/orders.py).
CREATE TABLE bank_order (
    end_to_end_id text   COLLATE "C" PRIMARY KEY CHECK (end_to_end_id ~ '^[0-9A-Za-z]{1,35}$'),
    kind          text   NOT NULL CHECK (kind IN ('debit', 'refund')),
    payment_id    text   COLLATE "C" NOT NULL,
    refund_id     text   COLLATE "C",
    account_id    bigint NOT NULL,                            -- the payer's
    bank_id       text   NOT NULL,
    currency      text   NOT NULL,
    amount_minor  bigint NOT NULL,
    state         text   NOT NULL CHECK (state IN ('queued', 'sent', 'unknown', 'accepted', 'refused')),
    business_date date   NOT NULL,
    recorded_at   timestamptz NOT NULL,
    next_at       timestamptz,
    sent_at       timestamptz,
    answered_at   timestamptz,
    tries         integer NOT NULL DEFAULT 0,
    bank_reason   text   NOT NULL DEFAULT ''
);
CREATE INDEX bank_order_outbox ON bank_order (bank_id, next_at) WHERE state IN ('queued', 'sent', 'unknown');
CREATE INDEX bank_order_payment ON bank_order (payment_id);

-- Where codes are paid to: the operator's own accounts, one of a currency in use; the bank that has it tells what was credited.
CREATE TABLE collecting_account (
    iban     text   COLLATE "C" PRIMARY KEY CHECK (iban ~ '^[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}$'),
    bank_id  text   NOT NULL REFERENCES bank,
    currency text   NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    name     text   NOT NULL CHECK (length(name) BETWEEN 1 AND 70),  -- of its holder, as the payer's bank compares it
    bic      text   NOT NULL DEFAULT '',
    status   text   NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'closed'))
);
CREATE UNIQUE INDEX collecting_account_active ON collecting_account (currency) WHERE status = 'active';

-- What banks have credited there, each once: matched with its row by append_payments.sql, or kept for a person to decide.
CREATE TABLE payment_credit (
    credit_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bank_id         text   COLLATE "C" NOT NULL,
    entry_reference text   COLLATE "C" NOT NULL,              -- the bank's own, of this entry of its account alone
    iban            text   NOT NULL,
    currency        text   NOT NULL,
    amount_minor    bigint NOT NULL CHECK (amount_minor > 0),
    reference       text   NOT NULL,                          -- as the payer's bank wrote it
    booked_on       date   NOT NULL,
    sender_iban     text   NOT NULL DEFAULT '',
    sender_name     text   NOT NULL DEFAULT '',
    payment_id      text   COLLATE "C",                       -- matched: what it has paid; else what it seems to be about
    state           text   NOT NULL CHECK (state IN ('matched', 'unmatched', 'to_return', 'settled')),
    why             text   NOT NULL DEFAULT '',
    told_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_by     text   NOT NULL DEFAULT '',
    resolved_at     timestamptz,
    note            text   NOT NULL DEFAULT '',
    UNIQUE (bank_id, iban, entry_reference)
);
CREATE UNIQUE INDEX payment_credit_paid ON payment_credit (payment_id) WHERE state = 'matched';
CREATE INDEX payment_credit_kept ON payment_credit (credit_id) WHERE state <> 'matched';

-- What merchants are told by webhook, at least once each, in the order of versions where they can be reached.
CREATE TABLE webhook (
    webhook_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_id  text   COLLATE "C" NOT NULL,
    merchant_id text   NOT NULL,
    version     integer NOT NULL,
    url         text   NOT NULL,
    content     json   NOT NULL,                              -- the payment as it was then
    created_at  timestamptz NOT NULL,
    next_at     timestamptz,                                  -- null: told, or dead
    tries       integer NOT NULL DEFAULT 0,
    state       text   NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'told', 'dead')),
    last_said   text   NOT NULL DEFAULT '',                   -- the status or fault of the last try
    told_at     timestamptz
);
CREATE INDEX webhook_due ON webhook (next_at) WHERE state = 'waiting';
CREATE INDEX webhook_order ON webhook (payment_id, version) WHERE state = 'waiting';
CREATE INDEX webhook_ended ON webhook (merchant_id, url) WHERE last_said = '410';
CREATE INDEX webhook_dead ON webhook (merchant_id, webhook_id) WHERE state = 'dead';
CREATE INDEX webhook_told ON webhook (told_at) WHERE state = 'told';
-- What a webhook says of a payment. Instants are in UTC, whatever zone the connection is in, in the form of authhost/payments/bodies.py.
CREATE FUNCTION payment_told(payment_id text, state text, reason text, amount_minor bigint, currency text, captured_minor bigint,
                             refunded_minor bigint, reference text, version integer, changed_at timestamptz, refund json)
RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_strip_nulls(json_build_object(
        'id', payment_id, 'state', upper(state), 'reason', reason, 'amount_minor', amount_minor, 'currency', currency,
        'captured_minor', captured_minor, 'refunded_minor', refunded_minor, 'reference', reference, 'version', version,
        'changed_at', to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"'), 'refund', refund))
$$;
CREATE TABLE webhook_key (
    merchant_id text NOT NULL REFERENCES merchant,
    key_id      text NOT NULL,
    secret      bytea NOT NULL CHECK (octet_length(secret) = 32),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz,
    PRIMARY KEY (merchant_id, key_id)
);

-- The night of merchants. A settlement is decided once, by the plan that held on its day, and is kept as it was decided: the files and what
-- a merchant reads are made of it.
INSERT INTO ledger_account (code, name, type) VALUES
    ('2410', 'Merchant holdback', 'liability'),
    ('4300', 'Fees of payments', 'income');
INSERT INTO posting_rule (family, debit, credit) VALUES
    ('merchant_fee_net',       '2400', '4300'),
    ('merchant_fee_net_vat',   '2400', '2700'),
    ('merchant_fee_gross',     '1500', '4300'),
    ('merchant_fee_gross_vat', '1500', '2700'),
    ('merchant_holdback',      '2400', '2410'),
    ('merchant_release',       '2410', '2400');
CREATE TABLE merchant_settlement (
    number         text    COLLATE "C" PRIMARY KEY,
    run_id         text    COLLATE "C" NOT NULL,
    business_date  date    NOT NULL,
    merchant_id    text    COLLATE "C" NOT NULL,
    account_id     bigint,
    currency       text    COLLATE "C" NOT NULL,
    plan_id        text    NOT NULL,
    plan           text    NOT NULL,                          -- JSON: the version that held on the day (authhost/payments/plans.py)
    fees_by        text    NOT NULL CHECK (fees_by IN ('net', 'gross')),  -- taken off the payout, or owed
    count          integer NOT NULL,                          -- journal rows in it
    gross_minor    bigint  NOT NULL,
    refunds_minor  bigint  NOT NULL,
    fees_minor     bigint  NOT NULL,
    vat_minor      bigint  NOT NULL,
    held_back_minor bigint NOT NULL,
    released_minor bigint  NOT NULL,                          -- held back by earlier nights
    net_minor      bigint  NOT NULL,
    opening_minor  bigint  NOT NULL,                          -- owed to the merchant before; negative: the merchant owes
    available_minor bigint NOT NULL,                          -- of it all, what may be paid tonight
    payout_minor   bigint  NOT NULL,
    closing_minor  bigint  NOT NULL,
    payable_on     date    NOT NULL,                          -- when its net is on the merchant's account, at the earliest
    release_on     date    NOT NULL,                          -- when what it held back is released
    end_to_end_id  text    COLLATE "C" NOT NULL,
    held           text    NOT NULL,                          -- why nothing is paid; '' when it is
    matured_by     text    COLLATE "C" NOT NULL,              -- the settlement in which its net could be paid; '' none yet
    released_by    text    COLLATE "C" NOT NULL DEFAULT '',   -- the settlement that released what it held back; '' none yet
    CHECK (net_minor = gross_minor - refunds_minor - held_back_minor + released_minor
                       - CASE fees_by WHEN 'net' THEN fees_minor + vat_minor ELSE 0 END),
    CHECK (opening_minor + net_minor = payout_minor + closing_minor),
    CHECK ((held = '') = (payout_minor > 0))
);
CREATE UNIQUE INDEX merchant_settlement_run ON merchant_settlement (run_id, merchant_id, account_id, currency) NULLS NOT DISTINCT;
CREATE INDEX merchant_settlement_archive ON merchant_settlement (merchant_id, number DESC);
CREATE INDEX merchant_settlement_payable ON merchant_settlement (payable_on) WHERE matured_by = '';
CREATE INDEX merchant_settlement_held ON merchant_settlement (release_on) WHERE released_by = '' AND held_back_minor <> 0;
CREATE TABLE merchant_settlement_fee (
    number       text    COLLATE "C" NOT NULL REFERENCES merchant_settlement,
    kind         text    NOT NULL CHECK (kind IN ('phone', 'qr', 'refund')),
    count        integer NOT NULL,
    base_minor   bigint  NOT NULL,                            -- what the fee is of
    amount_minor bigint  NOT NULL,
    PRIMARY KEY (number, kind)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON merchant_settlement_fee
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
-- Where each merchant stands after its last settlement: what is owed, and what of it could have been paid already.
CREATE TABLE merchant_balance (
    merchant_id   text   COLLATE "C" NOT NULL,
    account_id    bigint,
    currency      text   COLLATE "C" NOT NULL,
    closing_minor bigint NOT NULL,
    carried_minor bigint NOT NULL,
    held          text   NOT NULL                             -- of the last settlement
);
CREATE UNIQUE INDEX merchant_balance_of ON merchant_balance (merchant_id, account_id, currency) NULLS NOT DISTINCT;
-- Payouts that were held by nights before this: their statements said that they are carried.
INSERT INTO merchant_balance (merchant_id, account_id, currency, closing_minor, carried_minor, held)
SELECT place_id, account_id, currency, sum(amount_minor), sum(amount_minor), 'held_before'
FROM clearing_credit WHERE purpose = 'merchant_payout' AND held <> '' GROUP BY 1, 2, 3 HAVING sum(amount_minor) <> 0;

-- What the fee of a refund was of that its bank would not pay, and the plan of the night that has taken it (null: tonight's); no row
-- where it has cost nothing.  $1 its key, $2 the merchant's account, $3 tonight
CREATE FUNCTION refund_fee(text, bigint, date) RETURNS TABLE (fee_base_minor bigint, fee_plan text) LANGUAGE sql STABLE AS $$
    SELECT -r.posted_minor, s.plan::text
    FROM claim c
    JOIN journal r ON r.business_date = c.business_date AND r.id = c.journal_id + 1 AND r.key = c.key AND r.account_id = $2
    LEFT JOIN LATERAL (SELECT plan FROM merchant_settlement s
                       WHERE c.business_date < $3 AND s.business_date = c.business_date AND s.merchant_id = r.merchant_id
                         AND s.account_id = r.account_id AND s.currency = r.currency
                       ORDER BY s.number DESC LIMIT 1) s ON true
    WHERE c.key = $1 AND r.posted_minor < 0
$$;
