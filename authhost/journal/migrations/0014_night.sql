-- The night of deposits: what is in which credit, fees of safes, what banks say that they booked.

INSERT INTO ledger_account (code, name, type) VALUES
    ('1210', 'Cash counted (at the cash centre)', 'asset'),
    ('1500', 'Client fees receivable', 'asset'),
    ('2450', 'Couriers and cash centres payable', 'liability'),
    ('2600', 'Deposits that are credited after their count', 'liability'),
    ('2700', 'VAT payable', 'liability'),
    ('4100', 'Fees of safes', 'income'),
    ('4200', 'Interest for early credit', 'income'),
    ('5100', 'Cash transport and counting', 'expense'),
    ('5200', 'Cash differences that no client bears', 'expense');

-- A count leaves nothing in 1200: what was provisional goes to 1210 (verification), and what was found more or less comes to 1210 too
-- (adjustment, withdrawn, cash_difference), so 1210 ends with the cash that was counted, in whatever order the rows come. What is in no
-- balance (declared alone, nobody's) has no verification: the night itself books it from 1200 to 1210.
INSERT INTO posting_rule (family, debit, credit) VALUES
    ('deposit_uncounted',    '1200', '2600'),
    ('deposit_adjustment',   '1210', '2200'),
    ('deposit_verification', '1210', '1200'),
    ('deposit_withdrawn',    '2200', '1210'),
    ('cash_difference',      '1210', '5200'),
    ('release_withheld',     '2900', '2200'),
    ('release_uncounted',    '2600', '2200'),
    ('instant_credit',       '2200', '1300'),
    ('fee_net',              '2200', '4100'),
    ('fee_net_interest',     '2200', '4200'),
    ('fee_net_vat',          '2200', '2700'),
    ('fee_invoice',          '1500', '4100'),
    ('fee_invoice_interest', '1500', '4200'),
    ('fee_invoice_vat',      '1500', '2700'),
    ('courier_cost',         '5100', '2450');

ALTER TABLE clearing_credit
    DROP CONSTRAINT clearing_credit_purpose_check,
    ADD CONSTRAINT clearing_credit_purpose CHECK (purpose IN ('deposit_credit', 'merchant_payout', 'instant_credit')),
    ADD COLUMN bank_id text NOT NULL DEFAULT '';              -- the bank of the client; '': the operator's own
-- What was sent under an id was sent once, whichever night finds it.
CREATE UNIQUE INDEX clearing_credit_sent ON clearing_credit (end_to_end_id) WHERE held = '';
CREATE INDEX clearing_credit_account ON clearing_credit (account_id, run_id) WHERE account_id IS NOT NULL;

-- Master data of an account as a run keeps it.
CREATE VIEW account_party AS
SELECT account_id,
       jsonb_build_object('kind', kind, 'name', name, 'time_zone', time_zone, 'iban', iban, 'bic', bic, 'address', address,
                          'currency', currency, 'bank_id', bank_id, 'posting', posting, 'billing', billing) AS content
FROM account;

-- What is taken off, or added to, a client's next credit, until a credit that is sent has it. One row a journal row or fee statement.
CREATE TABLE due_item (
    source       text   COLLATE "C" NOT NULL CHECK (source IN ('reversal', 'adjustment', 'fee')),
    key          text   COLLATE "C" NOT NULL,                 -- journal key#leg, or the statement's number
    account_id   bigint NOT NULL,
    terminal_id  text   COLLATE "C" NOT NULL,                 -- '' where it belongs to no safe
    currency     text   COLLATE "C" NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),   -- negative: taken off
    deposit_key  text   COLLATE "C" NOT NULL,                 -- of a reversal: due when this deposit was paid
    family       text   COLLATE "C" NOT NULL,                 -- posting_rule.family that its row was booked by; '' for a fee
    journal_date date,
    journal_id   bigint,
    placed_run   text   COLLATE "C" NOT NULL,
    run_id       text   COLLATE "C",                          -- the night whose credit has it; null: waits
    PRIMARY KEY (source, key)
);
CREATE INDEX due_item_open ON due_item (currency, account_id) WHERE run_id IS NULL;

-- Who owed more than the last night's credits gave. Until a night has taken it off, what he deposits goes by night: a bank credits at once
-- and never takes.
CREATE TABLE account_owing (
    account_id bigint PRIMARY KEY,
    run_id     text   COLLATE "C" NOT NULL
);

-- What is in which credit. Of a credit that is held, too: there settled is false, and the next night has it again.
CREATE TABLE clearing_item (
    run_id        text   COLLATE "C" NOT NULL,
    end_to_end_id text   COLLATE "C" NOT NULL,                -- '' for what was withdrawn, or counted
    source        text   COLLATE "C" NOT NULL CHECK (source IN ('deposit', 'reversal', 'adjustment', 'fee', 'withdrawn', 'counted')),
    key           text   COLLATE "C" NOT NULL,                -- the deposit's, or due_item.key
    account_id    bigint,
    terminal_id   text   COLLATE "C" NOT NULL,
    currency      text   NOT NULL,
    amount_minor  bigint NOT NULL CHECK (amount_minor <> 0),
    family        text   COLLATE "C" NOT NULL,
    journal_date  date,
    journal_id    bigint,
    settled       boolean NOT NULL,
    PRIMARY KEY (run_id, source, key)
);
CREATE UNIQUE INDEX clearing_item_once ON clearing_item (source, key) WHERE settled;
CREATE INDEX clearing_item_credit ON clearing_item (run_id, end_to_end_id, source, key);

-- Deposits that will never be paid as such: booked away once, by the night that finds them.
CREATE INDEX deposit_withdrawn ON deposit (key) WHERE state = 'reversed' AND credit IN ('none', 'refused');
CREATE INDEX deposit_rejected ON deposit (key) WHERE credit = 'none' AND withheld <> '';
CREATE INDEX deposit_counted ON deposit (key)
    WHERE state IN ('verified', 'adjusted', 'reversed') AND (kind <> 'cash' OR account_id IS NULL OR withheld <> '');
-- Differences of counts that are decided, or were within the tolerance: what of them no client bears, booked once.
CREATE TABLE case_borne (
    case_id      bigint PRIMARY KEY REFERENCES cash_case,
    run_id       text   COLLATE "C" NOT NULL,
    currency     text   NOT NULL,
    amount_minor bigint NOT NULL                              -- counted less told, less what clients bear; 0: they bear all
);
CREATE INDEX case_borne_due ON cash_case (case_id) WHERE state = 'closed' AND stay_id IS NOT NULL AND deposit_key IS NULL;

-- What a client is charged for, exactly: shares of a minor unit, in 3,650,000,000ths (a price of six decimals, a basis point and a
-- 365th of a year are all whole in it), divided once a line of the statement.
CREATE TABLE fee_line (
    kind         text   COLLATE "C" NOT NULL CHECK (kind IN ('deposit', 'note', 'coin', 'percent', 'smallest', 'largest', 'monthly',
                                                             'pickup', 'count', 'interest')),
    reference    text   COLLATE "C" NOT NULL,                 -- the run of a day's deposits; a stay, a deposit, a month, a reversal
    account_id   bigint NOT NULL,
    currency     text   COLLATE "C" NOT NULL,
    price        text   COLLATE "C" NOT NULL,                 -- as the terms say it
    quantity     numeric(38, 0) NOT NULL,                     -- deposits, pieces, minor units, minor units times days
    shares       numeric(38, 0) NOT NULL,
    vat_basis_points integer NOT NULL,
    valid_from   date   NOT NULL,                             -- the version of the schedule
    version      integer NOT NULL,
    run_id       text   COLLATE "C" NOT NULL,
    statement    text   COLLATE "C",                          -- null: waits for the end of the client's period
    PRIMARY KEY (kind, reference, account_id, currency, price, vat_basis_points)
);
CREATE INDEX fee_line_open ON fee_line (account_id) WHERE statement IS NULL;
CREATE INDEX fee_line_statement ON fee_line (statement) WHERE statement IS NOT NULL;
-- Stays whose pick-up, or whose settled count, has been charged for: to clients, and by couriers.
CREATE TABLE fee_stay (
    stay_id bigint NOT NULL,
    event   text   COLLATE "C" NOT NULL CHECK (event IN ('pickup', 'settled')),
    run_id  text   COLLATE "C" NOT NULL,
    PRIMARY KEY (stay_id, event)
);
CREATE TABLE fee_statement (
    number       text   COLLATE "C" PRIMARY KEY,
    run_id       text   COLLATE "C" NOT NULL,
    account_id   bigint NOT NULL,
    currency     text   COLLATE "C" NOT NULL,
    period_from  date   NOT NULL,
    period_to    date   NOT NULL,
    settle       text   NOT NULL CHECK (settle IN ('net', 'invoice')),  -- taken off the next credit, or owed
    fees_minor   bigint NOT NULL,
    interest_minor bigint NOT NULL,
    vat_minor    bigint NOT NULL,
    gross_minor  bigint GENERATED ALWAYS AS (fees_minor + interest_minor + vat_minor) STORED,
    UNIQUE (run_id, account_id, currency)
);

-- A client's bookings as a file: what was booked on his account 2200 in a billing period, each line in one file.
CREATE TABLE booking_open (
    account_id bigint NOT NULL,
    currency   text   COLLATE "C" NOT NULL,
    first_day  date   NOT NULL,                               -- the first that is in no file yet
    PRIMARY KEY (account_id, currency)
);
CREATE TABLE booking_statement (
    number        text   COLLATE "C" PRIMARY KEY,
    run_id        text   COLLATE "C" NOT NULL,                -- ''; before there were such files
    account_id    bigint NOT NULL,
    currency      text   COLLATE "C" NOT NULL,
    period_from   date   NOT NULL,
    period_to     date   NOT NULL,
    opening_minor bigint NOT NULL,                            -- positive: the client's
    closing_minor bigint NOT NULL,
    entries       integer NOT NULL CHECK (entries > 0)
);
CREATE UNIQUE INDEX booking_statement_account ON booking_statement (account_id, currency, period_to);
CREATE INDEX booking_statement_run ON booking_statement (run_id);
CREATE INDEX ledger_entry_client ON ledger_entry (account_id, currency, run_id) WHERE code = '2200';
INSERT INTO booking_statement (number, run_id, account_id, currency, period_from, period_to, opening_minor, closing_minor, entries)
SELECT 'BEFORE-' || e.account_id || '-' || e.currency, '', e.account_id, e.currency, min(r.business_date), max(r.business_date), 0,
       -sum(e.amount_minor), count(*)
FROM ledger_entry e JOIN clearing_run r USING (run_id) WHERE e.code = '2200' AND e.account_id IS NOT NULL
GROUP BY e.account_id, e.currency;

-- What couriers and cash centres ask for their work, from a day on; without a row nothing is settled with them.
CREATE TABLE courier_fee (
    courier_id text    NOT NULL REFERENCES courier,
    valid_from date    NOT NULL,
    version    integer NOT NULL,
    currency   text    NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    per_pickup_minor bigint NOT NULL DEFAULT 0 CHECK (per_pickup_minor >= 0),
    per_count_minor  bigint NOT NULL DEFAULT 0 CHECK (per_count_minor >= 0),
    who        text    NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (courier_id, valid_from, version)
);
CREATE TABLE courier_cost (
    run_id       text   COLLATE "C" NOT NULL,
    stay_id      bigint NOT NULL,
    event        text   COLLATE "C" NOT NULL CHECK (event IN ('pickup', 'settled')),
    courier_id   text   COLLATE "C" NOT NULL,
    terminal_id  text   COLLATE "C" NOT NULL,
    cassette_id  text   NOT NULL,
    on_day       date   NOT NULL,
    currency     text   COLLATE "C" NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (stay_id, event)
);
CREATE INDEX courier_cost_run ON courier_cost (run_id);

-- Statements of banks (camt.053) on the accounts that credits are paid from, and what became of each of their entries.
CREATE TABLE bank_statement (
    statement_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    iban          text   COLLATE "C" NOT NULL,
    reference     text   COLLATE "C" NOT NULL,                -- the bank's own, Stmt/Id
    page          integer NOT NULL,                           -- StmtPgntn, 1 where there is none
    currency      text   NOT NULL,
    from_day      date   NOT NULL,
    to_day        date   NOT NULL,
    opening_minor bigint NOT NULL,                            -- signed; negative: overdrawn
    closing_minor bigint NOT NULL,
    entries       integer NOT NULL,
    digest        bytea  NOT NULL CHECK (octet_length(digest) = 32),  -- SHA-256 of the file
    told_by       text   NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (iban, reference, page)
);
CREATE INDEX bank_statement_days ON bank_statement (iban, currency, to_day);
CREATE TABLE bank_statement_entry (
    statement_id  bigint  NOT NULL REFERENCES bank_statement,
    line          integer NOT NULL,
    end_to_end_id text    COLLATE "C" NOT NULL,               -- '' where the bank names none
    batch         text    COLLATE "C" NOT NULL,               -- PmtInfId of a whole file that was booked at once; ''
    count         integer NOT NULL,
    amount_minor  bigint  NOT NULL,                           -- signed; negative: paid from the account
    currency      text    NOT NULL,
    booked_on     date    NOT NULL,
    bank_reference text   NOT NULL,
    outcome       text    NOT NULL CHECK (outcome IN ('matched', 'amount', 'twice', 'unexpected', 'returned', 'not_accepted', 'incoming')),
    PRIMARY KEY (statement_id, line)
);
CREATE INDEX bank_statement_entry_id ON bank_statement_entry (end_to_end_id) WHERE end_to_end_id <> '';
-- The credits that a bank has booked: one line of one statement each.
CREATE TABLE credit_seen (
    end_to_end_id text    COLLATE "C" PRIMARY KEY,
    statement_id  bigint  NOT NULL,
    line          integer NOT NULL,
    FOREIGN KEY (statement_id, line) REFERENCES bank_statement_entry DEFERRABLE INITIALLY DEFERRED
);
-- The credits that should have been on a statement and were not: one case each.
CREATE TABLE credit_missed (
    end_to_end_id text   COLLATE "C" PRIMARY KEY,
    case_id       bigint NOT NULL REFERENCES cash_case,
    found_by      bigint REFERENCES bank_statement            -- the later statement that has it after all
);

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['clearing_item', 'case_borne', 'fee_stay', 'fee_statement', 'booking_statement', 'courier_cost', 'bank_statement', 'bank_statement_entry',
                                'credit_seen'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION append_only()', kept);
    END LOOP;
END $$;

-- Deposits from before table deposit: those of a day that was cleared are paid, the others wait for their night as they always did.
WITH back AS (
    SELECT original_key, business_date, sum(posted_minor) AS minor FROM journal WHERE kind = 'reversal' GROUP BY 1, 2
)
INSERT INTO deposit (key, business_date, journal_id, terminal_id, account_id, kind, currency, amount_minor, recorded_at, state, withheld,
                     credit, run_id)
SELECT j.key, j.business_date, j.id, j.terminal_id, j.account_id, 'cash', j.currency, j.posted_minor, j.recorded_at,
       CASE WHEN back.minor = -j.posted_minor THEN 'reversed' WHEN w.reasons = '' AND r.run_id IS NOT NULL THEN 'provisional'
            ELSE 'reported' END,
       w.reasons,
       CASE WHEN w.reasons <> '' THEN 'withheld' WHEN r.run_id IS NOT NULL THEN 'file'
            WHEN back.minor = -j.posted_minor THEN 'none' ELSE 'night' END,
       CASE WHEN w.reasons = '' THEN r.run_id END
FROM journal j
LEFT JOIN clearing_run r ON r.business_date = j.business_date AND r.stream = 'night' AND r.sequence = 1
LEFT JOIN back ON back.original_key = j.key AND back.business_date = j.business_date
CROSS JOIN LATERAL (
    SELECT coalesce(string_agg(substr(flag, 10), ','), '') AS reasons
    FROM string_to_table(j.flags, ',') flag WHERE flag LIKE 'withheld:%') w
WHERE j.kind = 'deposit' AND j.leg = 0 AND j.approved AND j.posted_minor > 0
ON CONFLICT DO NOTHING;
