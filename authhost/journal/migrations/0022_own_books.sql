-- The parties' own books: invoices for fees, self-billed invoices of those who work for the operator, and booking records for customers'
-- accounting systems. What a party wants is versioned and dated; what a night has decided is kept as it was decided.

INSERT INTO ledger_account (code, name, type) VALUES
    ('1600', 'Input VAT', 'asset'),
    ('4500', 'Commission kept from station dealers', 'income'),
    ('5300', 'Commission of station dealers', 'expense'),
    ('5910', 'Rounding of VAT', 'expense');
INSERT INTO posting_rule (family, debit, credit) VALUES
    ('supplier_vat',        '1600', '2450'),
    ('supplier_commission', '5300', '2450'),
    ('supplier_billed',     '2100', '2450'),
    ('supplier_payment',    '2450', '1300'),
    ('supplier_netted',     '2450', '1500'),
    ('supplier_payment_unpaid', '2450', '4900'),
    ('station_commission',     '2100', '4500'),
    ('station_commission_vat', '2100', '2700'),
    ('fee_vat_owed',        '1500', '2700'),
    ('fee_vat_rounding',    '5910', '2700');

-- A courier, a cash centre or a dealer without payments of his own is a party like any other: with a name, an address, an IBAN.
ALTER TABLE account
    DROP CONSTRAINT account_kind_check,
    ADD CONSTRAINT account_kind_check CHECK (kind IN ('fleet', 'payer', 'safe_client', 'merchant', 'supplier'));
ALTER TABLE clearing_credit
    DROP CONSTRAINT clearing_credit_purpose,
    ADD CONSTRAINT clearing_credit_purpose CHECK (purpose IN ('deposit_credit', 'merchant_payout', 'instant_credit', 'supplier_payment'));

-- How a supplier is settled with, from a day on; the newest version that has begun holds. Without a row nothing is.
CREATE TABLE supplier_terms (
    account_id bigint  NOT NULL REFERENCES account,
    valid_from date    NOT NULL,
    version    integer NOT NULL,
    courier_id text    REFERENCES courier,                    -- whose pick-ups and counts are his; null: a dealer's
    terms      jsonb   NOT NULL,                              -- clearing/ownbooks/terms.py, Supplier
    who        text    NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account_id, valid_from, version)
);
CREATE INDEX supplier_terms_courier ON supplier_terms (courier_id) WHERE courier_id IS NOT NULL;
-- What a station's dealer earns, or leaves to the operator, from a day on.
CREATE TABLE station_terms (
    merchant_id text    NOT NULL REFERENCES merchant,
    valid_from  date    NOT NULL,
    version     integer NOT NULL,
    account_id  bigint  NOT NULL REFERENCES account,          -- the supplier
    terms       jsonb   NOT NULL,                             -- clearing/ownbooks/terms.py, Station
    who         text    NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (merchant_id, valid_from, version)
);
-- How a customer's accounting system takes what was booked with him, from a day on.
CREATE TABLE booking_logic (
    account_id bigint  NOT NULL REFERENCES account,
    valid_from date    NOT NULL,
    version    integer NOT NULL,
    terms      jsonb   NOT NULL,                              -- clearing/ownbooks/terms.py, Booking
    who        text    NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account_id, valid_from, version)
);

-- What dealers' stations sold in a night, by product, and the commission of it: what their next settlement is made of.
CREATE TABLE station_sale (
    run_id       text    COLLATE "C" NOT NULL,
    business_date date   NOT NULL,
    account_id   bigint  NOT NULL,                            -- the supplier
    merchant_id  text    COLLATE "C" NOT NULL,
    product      text    COLLATE "C" NOT NULL,
    unit         text    COLLATE "C" NOT NULL,                -- L, or '' where no quantity is known
    currency     text    COLLATE "C" NOT NULL,
    basis        text    NOT NULL CHECK (basis IN ('purchase', 'agency')),
    count        integer NOT NULL,
    quantity     numeric NOT NULL,
    amount_minor bigint  NOT NULL,                            -- what fleets owe for it, with VAT
    commission_minor bigint NOT NULL,                         -- kept (purchase, with VAT), or earned (agency, without)
    vat_basis_points integer NOT NULL,
    valid_from   date    NOT NULL,                            -- the version of the station's terms
    version      integer NOT NULL,
    PRIMARY KEY (run_id, merchant_id, product, unit, currency)
);
CREATE INDEX station_sale_supplier ON station_sale (account_id, business_date);

-- Fees that were booked and that no invoice asks for yet: owed by the party, or taken off already. first_day: the first of them.
CREATE TABLE fee_open (
    stream     text   COLLATE "C" NOT NULL,
    account_id bigint NOT NULL,
    currency   text   COLLATE "C" NOT NULL,
    is_netted  boolean NOT NULL,
    first_day  date   NOT NULL,
    PRIMARY KEY (stream, account_id, currency, is_netted)
);
INSERT INTO fee_open (stream, account_id, currency, is_netted, first_day)
SELECT 'payments', account_id, currency, false, min(business_date) FROM merchant_settlement
WHERE fees_by = 'gross' AND (fees_minor <> 0 OR vat_minor <> 0) AND account_id IS NOT NULL GROUP BY account_id, currency;
INSERT INTO fee_open (stream, account_id, currency, is_netted, first_day)
SELECT 'cash', account_id, currency, false, min(period_to) FROM fee_statement
WHERE settle = 'invoice' AND gross_minor <> 0 GROUP BY account_id, currency;
CREATE INDEX merchant_settlement_account ON merchant_settlement (account_id, business_date) WHERE account_id IS NOT NULL;
CREATE INDEX fee_statement_account ON fee_statement (account_id, period_to);
CREATE INDEX courier_cost_day ON courier_cost (courier_id, on_day);

-- A document with which a night asks a party for fees, or bills itself for a supplier's work; content: as it was decided, whole.
CREATE TABLE own_document (
    number       text   COLLATE "C" PRIMARY KEY,
    run_id       text   COLLATE "C" NOT NULL,
    stream       text   COLLATE "C" NOT NULL,
    kind         text   COLLATE "C" NOT NULL CHECK (kind IN ('fee', 'self_billed', 'comparison')),
    basis        text   COLLATE "C" NOT NULL CHECK (basis IN ('owed', 'netted', 'courier', 'agency', 'purchase')),
    account_id   bigint NOT NULL,
    currency     text   COLLATE "C" NOT NULL,
    period_from  date   NOT NULL,
    period_to    date   NOT NULL,
    due_on       date   NOT NULL,
    count        integer NOT NULL CHECK (count > 0),          -- lines
    net_minor    bigint NOT NULL,
    vat_minor    bigint NOT NULL,
    gross_minor  bigint NOT NULL,                             -- what it asks for, or says was paid
    accrued_vat_minor bigint NOT NULL DEFAULT 0,              -- of fees: what the nights of the period have booked
    commission_minor  bigint NOT NULL DEFAULT 0,              -- kept from a dealer, without VAT
    commission_vat_minor bigint NOT NULL DEFAULT 0,
    netted_minor bigint NOT NULL DEFAULT 0,                   -- of a supplier's: set off against what he owes
    forms        text[] NOT NULL,
    content      text   NOT NULL,                             -- JSON: clearing/invoices/document.py
    UNIQUE (stream, kind, account_id, currency, basis, period_to)
);
CREATE INDEX own_document_run ON own_document (run_id);
CREATE INDEX own_document_due ON own_document (due_on) WHERE kind = 'self_billed';
CREATE INDEX clearing_credit_supplier ON clearing_credit (place_id) WHERE purpose = 'supplier_payment';
CREATE INDEX ledger_transfer_receivable ON ledger_transfer (debit_account_id) WHERE debit = '1500';
CREATE INDEX ledger_transfer_received ON ledger_transfer (credit_account_id) WHERE credit = '1500';

-- What two accounts of the chart mean to a customer. back: of what takes it back.
CREATE TABLE booking_kind (
    debit  text COLLATE "C" NOT NULL REFERENCES ledger_account,
    credit text COLLATE "C" NOT NULL REFERENCES ledger_account,
    kind   text COLLATE "C" NOT NULL,
    back   text COLLATE "C" NOT NULL,
    PRIMARY KEY (debit, credit)
);
INSERT INTO booking_kind (debit, credit, kind, back) VALUES
    ('1100', '2100', 'FUEL', 'FUEL_RETURN'),
    ('1200', '2200', 'DEPOSIT', 'REVERSAL'),
    ('1210', '2200', 'ADJUSTMENT', 'ADJUSTMENT'),
    ('2200', '1300', 'CREDIT', 'CREDIT'),
    ('2200', '1210', 'WITHDRAWAL', 'WITHDRAWAL'),
    ('2900', '2200', 'RELEASE', 'RELEASE'),
    ('2600', '2200', 'RELEASE', 'RELEASE'),
    ('2200', '4100', 'FEE', 'FEE'),
    ('2200', '4200', 'INTEREST', 'INTEREST'),
    ('2200', '2700', 'VAT', 'VAT'),
    ('2400', '4300', 'FEE', 'FEE'),
    ('2400', '2700', 'VAT', 'VAT'),
    ('1500', '4100', 'FEE', 'FEE'),
    ('1500', '4200', 'INTEREST', 'INTEREST'),
    ('1500', '4300', 'FEE', 'FEE'),
    ('1500', '2700', 'VAT', 'VAT'),
    ('2500', '2400', 'PAYMENT', 'REFUND'),
    ('2400', '2410', 'HOLDBACK', 'HOLDBACK'),
    ('2410', '2400', 'HOLDBACK_RELEASE', 'HOLDBACK_RELEASE'),
    ('2400', '1300', 'PAYOUT', 'PAYOUT'),
    ('2100', '2450', 'SELF_BILLED', 'SELF_BILLED'),
    ('2100', '4500', 'COMMISSION', 'COMMISSION'),
    ('2100', '2700', 'COMMISSION_VAT', 'COMMISSION_VAT'),
    ('5300', '2450', 'COMMISSION', 'COMMISSION'),
    ('1600', '2450', 'VAT', 'VAT'),
    ('2450', '1300', 'SUPPLIER_PAYMENT', 'SUPPLIER_PAYMENT'),
    ('2450', '1500', 'NETTED', 'NETTED');

-- The lines of the ledger that are a customer's, of customers who have a logic: each in one record, once. number null: waits for the end of
-- his period.
CREATE TABLE booking_line (
    run_id       text     COLLATE "C" NOT NULL,
    transaction  text     COLLATE "C" NOT NULL,
    line         smallint NOT NULL,
    stream       text     COLLATE "C" NOT NULL,
    account_id   bigint   NOT NULL,
    currency     text     COLLATE "C" NOT NULL,
    code         text     COLLATE "C" NOT NULL,               -- ledger_account.code
    kind         text     COLLATE "C" NOT NULL,               -- booking_kind, OTHER for a pair that it does not have
    amount_minor bigint   NOT NULL CHECK (amount_minor <> 0), -- positive: the customer's
    booked_on    date     NOT NULL,
    due_on       date     NOT NULL,                           -- the day whose record has it: a customer's hour moves it to the next
    place        text     NOT NULL,                           -- terminal or site
    reference    text     NOT NULL,
    note         text     NOT NULL,
    number       text     COLLATE "C",
    PRIMARY KEY (run_id, transaction, line)
);
CREATE INDEX booking_line_open ON booking_line (stream, account_id, currency, due_on) WHERE number IS NULL;
CREATE INDEX booking_line_record ON booking_line (number) WHERE number IS NOT NULL;
CREATE TABLE booking_record (
    number       text    COLLATE "C" PRIMARY KEY,
    run_id       text    COLLATE "C" NOT NULL,
    stream       text    COLLATE "C" NOT NULL,
    account_id   bigint  NOT NULL,
    currency     text    COLLATE "C" NOT NULL,
    form         text    NOT NULL CHECK (form IN ('datev', 'csv', 'json')),
    path         text    NOT NULL,
    period_from  date    NOT NULL,
    period_to    date    NOT NULL,
    entries      integer NOT NULL CHECK (entries > 0),
    sum_minor    bigint  NOT NULL,
    logic        text    NOT NULL                             -- the version that it was made by, whole
);
CREATE INDEX booking_record_run ON booking_record (run_id);

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['supplier_terms', 'station_terms', 'booking_logic', 'station_sale', 'own_document', 'booking_record'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION append_only()', kept);
    END LOOP;
END $$;
