-- Invoices: who is invoiced how, the lines that wait for an invoice, the numbers that were given. docs/invoices.md.

-- How an account is invoiced, and what the law wants to know of it. An account without a row has the defaults.
CREATE TABLE account_tax (
    account_id      bigint  PRIMARY KEY REFERENCES account,
    vat_id          text    NOT NULL DEFAULT '' CHECK (vat_id ~ '^([A-Z]{2}[0-9A-Z+*]{2,13})?$'),
    company_id      text    NOT NULL DEFAULT '' CHECK (length(company_id) <= 40),
    country         text    NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$'), -- of taxation; '': that of the address
    email           text    NOT NULL DEFAULT '' CHECK (length(email) <= 254),
    endpoint_id     text    NOT NULL DEFAULT '' CHECK (length(endpoint_id) <= 64), -- electronic address, BT-49
    endpoint_scheme text    NOT NULL DEFAULT '' CHECK (endpoint_scheme ~ '^([0-9A-Z]{2,4})?$'),
    invoice_period  text    NOT NULL DEFAULT 'day' CHECK (invoice_period IN ('day', 'week', 'half_month', 'month')),
    payment_days    integer NOT NULL DEFAULT 14 CHECK (payment_days BETWEEN 0 AND 365),
    collected_by    text    NOT NULL DEFAULT 'transfer' CHECK (collected_by IN ('transfer', 'direct_debit', 'netted')),
    price_basis     text    NOT NULL DEFAULT 'gross' CHECK (price_basis IN ('gross', 'net')), -- which of the two sums is kept to the cent
    buyer_reference text    NOT NULL DEFAULT '' CHECK (length(buyer_reference) <= 100), -- BT-10: what the buyer's books want to read
    forms           text[]  NOT NULL DEFAULT '{ubl,csv,pdf}' CHECK (forms <@ ARRAY['ubl', 'cii', 'ksef', 'csv', 'pdf'] AND forms <> '{}'),
    CHECK ((endpoint_id = '') = (endpoint_scheme = ''))
);

-- A series counts from 1 without a gap: a number is taken in the transaction that stores what has it.
CREATE TABLE invoice_series (
    series text   COLLATE "C" PRIMARY KEY,
    last   bigint NOT NULL CHECK (last >= 0)
);

CREATE TABLE invoice (
    number         text   COLLATE "C" PRIMARY KEY CHECK (length(number) BETWEEN 1 AND 35),
    kind           text   NOT NULL CHECK (kind IN ('fleet', 'credit_note', 'fee', 'self_billed', 'corrective')),
    run_id         text   COLLATE "C" NOT NULL,
    account_id     bigint,
    party_id       text   COLLATE "C" NOT NULL DEFAULT '',     -- a courier, a merchant, where it is no account
    currency       text   COLLATE "C" NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    period_from    date   NOT NULL,
    period_to      date   NOT NULL CHECK (period_to >= period_from),
    issued_on      date   NOT NULL,
    due_on         date   NOT NULL,
    net_minor      bigint NOT NULL,                           -- BT-109; of a credit note all are negative
    vat_minor      bigint NOT NULL,                           -- BT-110
    gross_minor    bigint NOT NULL,                           -- what is owed for it, BT-115
    rounding_minor bigint NOT NULL DEFAULT 0,                 -- BT-114: gross = net + VAT + rounding
    collected_by   text   NOT NULL CHECK (collected_by IN ('transfer', 'direct_debit', 'netted')),
    corrects       text   COLLATE "C",                        -- BT-25; null: an invoice by itself
    series         text   COLLATE "C" NOT NULL REFERENCES invoice_series,
    serial         bigint NOT NULL CHECK (serial > 0),
    UNIQUE (series, serial),
    CHECK (gross_minor = net_minor + vat_minor + rounding_minor),
    CHECK (account_id IS NOT NULL OR party_id <> '')
);
CREATE INDEX invoice_account ON invoice (account_id, issued_on);
CREATE INDEX invoice_run ON invoice (run_id, kind);

-- The priced lines of an account, currency and run, in the order of the invoice: one row holds them all, as JSON (clearing/invoices/lines.py).
-- corrects: the invoice that they give back of, 'unknown' where nobody knows it; '' for what is sold, or given back before it was invoiced.
CREATE TABLE fuel_line (
    run_id        text    COLLATE "C" NOT NULL,
    account_id    bigint  NOT NULL,
    currency      text    COLLATE "C" NOT NULL,
    corrects      text    COLLATE "C" NOT NULL,
    business_date date    NOT NULL,
    first_day     date    NOT NULL,                           -- on the fleet's clock
    last_day      date    NOT NULL,
    lines         integer NOT NULL CHECK (lines > 0),
    pump_minor    bigint  NOT NULL,                           -- as the ledger has booked the rows
    amount_minor  bigint  NOT NULL,                           -- as they are invoiced: by contract, VAT included
    nets          text    NOT NULL,                           -- without VAT, by rate in basis points: JSON
    content       text    NOT NULL,
    PRIMARY KEY (run_id, account_id, currency, corrects)
);
ALTER TABLE fuel_line ALTER content SET STORAGE EXTERNAL;     -- compressing costs more than reading
CREATE INDEX fuel_line_day ON fuel_line (account_id, currency, business_date);

-- Lines that no invoice has yet; and what of them an invoice has: from the first line, counted from 0, to before the last.
CREATE TABLE fuel_line_open (
    account_id    bigint NOT NULL,
    currency      text   COLLATE "C" NOT NULL,
    corrects      text   COLLATE "C" NOT NULL,
    run_id        text   COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, currency, corrects, run_id)
);
CREATE TABLE invoice_line (
    number       text    COLLATE "C" NOT NULL,
    run_id       text    COLLATE "C" NOT NULL,                -- of the lines, and so the next three
    account_id   bigint  NOT NULL,
    currency     text    COLLATE "C" NOT NULL,
    corrects     text    COLLATE "C" NOT NULL,
    first        integer NOT NULL CHECK (first >= 0),
    until        integer NOT NULL CHECK (until > first),
    amount_minor bigint  NOT NULL,                            -- of these lines, VAT included
    PRIMARY KEY (run_id, account_id, currency, corrects, first)
);
CREATE INDEX invoice_line_number ON invoice_line (number);

-- Items whose contract has no price that can be worked out: booked at the pump's, invoiced by the night that finds the price.
CREATE TABLE fuel_line_parked (
    key          text    COLLATE "C" NOT NULL,                -- the journal row's
    account_id   bigint  NOT NULL,
    currency     text    COLLATE "C" NOT NULL,
    product      text    COLLATE "C" NOT NULL,                -- '*': a part of a sale that is parked is given back
    journal_date date    NOT NULL,
    journal_id   bigint  NOT NULL,
    pump_minor   bigint  NOT NULL,
    run_id       text    COLLATE "C" NOT NULL,                -- that parked it
    billed_run   text    COLLATE "C",                         -- that has priced it; null: waits
    PRIMARY KEY (key, account_id, currency, product)
);
CREATE INDEX fuel_line_parked_open ON fuel_line_parked (account_id, currency) WHERE billed_run IS NULL;

-- Whoever wants an invoice before its period ends: the next night makes it of all that is open up to a day.
CREATE TABLE invoice_request (
    request_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account,
    up_to      date   NOT NULL,
    who        text   NOT NULL CHECK (who <> ''),
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    run_id     text   COLLATE "C"                             -- that has seen to it; null: waits
);
CREATE INDEX invoice_request_open ON invoice_request (account_id) WHERE run_id IS NULL;

-- What a night could not put into an invoice, or not as it should be: its cases, for a repeat must tell the same.
CREATE TABLE invoice_case (
    run_id       text   COLLATE "C" NOT NULL,
    position     integer NOT NULL,
    kind         text   NOT NULL,
    account_id   bigint NOT NULL,
    reference    text   NOT NULL,
    amount_minor bigint NOT NULL,
    currency     text   NOT NULL,
    reason       text   NOT NULL,
    PRIMARY KEY (run_id, position)
);

-- What pricing and invoicing do to the books, besides the sale at the pump's price. 2110 comes to nothing when the stations' own VAT is booked.
INSERT INTO ledger_account (code, name, type) VALUES
    ('2110', 'VAT in fuel that is resold, between sale and purchase', 'liability'),
    ('5400', 'Contract prices below or above the pump', 'expense'),
    ('5900', 'Rounding of invoices', 'expense');
INSERT INTO posting_rule (family, debit, credit) VALUES
    ('contract_price',        '1100', '5400'),
    ('invoice_vat',           '2110', '2700'),
    ('invoice_rounding',      '2110', '5900'),
    ('invoice_rounding_owed', '1100', '5900');

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['invoice', 'fuel_line', 'invoice_line', 'invoice_case'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION append_only()', kept);
    END LOOP;
END $$;
