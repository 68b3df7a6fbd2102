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
    vat_category    text    NOT NULL DEFAULT 'S' CHECK (vat_category IN ('S', 'AE', 'K', 'G')),
    buyer_reference text    NOT NULL DEFAULT '' CHECK (length(buyer_reference) <= 100), -- BT-10: what the buyer's books want to read
    forms           text[]  NOT NULL DEFAULT '{ubl,csv}' CHECK (forms <@ ARRAY['ubl', 'cii', 'ksef', 'csv', 'pdf'] AND forms <> '{}'),
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
-- corrects: the invoice that they give back of; '' for what is sold, or given back before it was invoiced.
CREATE TABLE fuel_line (
    run_id        text    COLLATE "C" NOT NULL,
    account_id    bigint  NOT NULL,
    currency      text    COLLATE "C" NOT NULL,
    corrects      text    COLLATE "C" NOT NULL DEFAULT '',
    business_date date    NOT NULL,
    count         integer NOT NULL CHECK (count > 0),         -- journal rows
    pump_minor    bigint  NOT NULL,                           -- as the ledger has booked them
    amount_minor  bigint  NOT NULL,                           -- as they are invoiced: by contract, VAT included
    content       text    NOT NULL,
    PRIMARY KEY (run_id, account_id, currency, corrects)
);
ALTER TABLE fuel_line ALTER content SET STORAGE EXTERNAL;     -- compressing costs more than reading
CREATE INDEX fuel_line_day ON fuel_line (account_id, currency, business_date);

-- Lines that no invoice has yet; and what of them an invoice has: from the first line, counted from 0, to before the last.
CREATE TABLE fuel_line_open (
    account_id    bigint NOT NULL,
    currency      text   COLLATE "C" NOT NULL,
    business_date date   NOT NULL,
    run_id        text   COLLATE "C" NOT NULL,
    corrects      text   COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, currency, run_id, corrects)
);
CREATE TABLE invoice_line (
    number     text    COLLATE "C" NOT NULL REFERENCES invoice,
    run_id     text    COLLATE "C" NOT NULL,
    account_id bigint  NOT NULL,
    currency   text    COLLATE "C" NOT NULL,
    corrects   text    COLLATE "C" NOT NULL,
    first      integer NOT NULL CHECK (first >= 0),
    until      integer NOT NULL CHECK (until > first),
    PRIMARY KEY (run_id, account_id, currency, corrects, first),
    FOREIGN KEY (run_id, account_id, currency, corrects) REFERENCES fuel_line
);
CREATE INDEX invoice_line_number ON invoice_line (number);

-- Rows whose contract has no price that can be worked out: booked at the pump's, invoiced by the night that finds the price.
CREATE TABLE fuel_line_parked (
    key           text   COLLATE "C" NOT NULL,                -- journal
    account_id    bigint NOT NULL,
    currency      text   COLLATE "C" NOT NULL,
    business_date date   NOT NULL,
    journal_date  date   NOT NULL,
    journal_id    bigint NOT NULL,
    pump_minor    bigint NOT NULL,
    product       text   NOT NULL,
    run_id        text   COLLATE "C" NOT NULL,                -- that parked it
    at_pump       boolean NOT NULL DEFAULT false,             -- a person has said: the pump price holds
    billed_run    text   COLLATE "C",                         -- that has priced it; null: waits
    PRIMARY KEY (key, account_id, currency)
);
CREATE INDEX fuel_line_parked_open ON fuel_line_parked (account_id) WHERE billed_run IS NULL;

-- What an invoice does to the books: the sale, its VAT, and what rounding leaves.
INSERT INTO ledger_account (code, name, type) VALUES
    ('2110', 'Fuel resold, between purchase and sale', 'liability'),
    ('4400', 'Fuel sales, net', 'income'),
    ('5400', 'Contract prices below or above the pump', 'expense'),
    ('5900', 'Rounding of invoices', 'expense')
ON CONFLICT DO NOTHING;

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['invoice', 'fuel_line', 'invoice_line'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION append_only()', kept);
    END LOOP;
END $$;
