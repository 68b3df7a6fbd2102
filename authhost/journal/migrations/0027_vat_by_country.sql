-- Where fuel was delivered, and so whose VAT it bears; VAT told in another currency; numbers that KSeF has given. docs/invoices.md.

-- country: ISO 3166-1 of the site, '' in the operator's own. What went to several countries goes on several invoices.
ALTER TABLE fuel_line ADD COLUMN country text COLLATE "C" NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$');
ALTER TABLE fuel_line DROP CONSTRAINT fuel_line_pkey;
ALTER TABLE fuel_line ADD PRIMARY KEY (run_id, account_id, currency, country, corrects);

ALTER TABLE fuel_line_open ADD COLUMN country text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE fuel_line_open DROP CONSTRAINT fuel_line_open_pkey;
ALTER TABLE fuel_line_open ADD PRIMARY KEY (account_id, currency, country, corrects, run_id);

ALTER TABLE invoice_line ADD COLUMN country text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE invoice_line DROP CONSTRAINT invoice_line_pkey;
ALTER TABLE invoice_line ADD PRIMARY KEY (run_id, account_id, currency, country, corrects, first);

-- reverse_charge: the buyer accounts for the VAT, and is asked for the amounts without it. to_ksef: it is KSeF's, if its buyer wants that form.
-- vat_currency: VAT is told in it too (BT-6), by the rate that was published on vat_rate_on. corrects_ksef: KSeF's number of the invoice that is
-- corrected, where it was known.
ALTER TABLE invoice
    ADD COLUMN country        text    COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN reverse_charge boolean NOT NULL DEFAULT false,
    ADD COLUMN to_ksef        boolean NOT NULL DEFAULT true,
    ADD COLUMN vat_currency   text    COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN vat_rate       numeric CHECK (vat_rate > 0),
    ADD COLUMN vat_rate_on    date,
    ADD COLUMN corrects_ksef  text    COLLATE "C" NOT NULL DEFAULT '',
    ADD CHECK ((vat_currency = '') = (vat_rate IS NULL)),
    ADD CHECK ((vat_currency = '') = (vat_rate_on IS NULL));

-- What one unit of a currency is in another, as a central bank has published it that day. What was told wrongly is told again: the latest holds.
CREATE TABLE exchange_rate (
    rate_id      bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    currency     text    COLLATE "C" NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    in_currency  text    COLLATE "C" NOT NULL CHECK (in_currency ~ '^[A-Z]{3}$' AND in_currency <> currency),
    published_on date    NOT NULL,
    rate         numeric NOT NULL CHECK (rate > 0 AND rate < 1000000 AND scale(rate) <= 6),
    source       text    NOT NULL CHECK (length(source) <= 60),  -- the table: 140/A/NBP/2026
    who          text    NOT NULL CHECK (who <> ''),
    at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX exchange_rate_day ON exchange_rate (in_currency, currency, published_on, rate_id);

-- The number that KSeF has given an invoice; '': it has none after all. What was told wrongly is told again: the latest of an invoice holds, and
-- whoever tells one sees to it that it is no other invoice's then.
CREATE TABLE ksef_number (
    telling_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number      text   COLLATE "C" NOT NULL REFERENCES invoice,
    ksef_number text   COLLATE "C" NOT NULL CHECK (ksef_number ~ '^([0-9]{10}-[0-9]{8}-[0-9A-F]{12}-[0-9A-F]{2})?$'),
    who         text   NOT NULL CHECK (who <> ''),
    at          timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ksef_number_invoice ON ksef_number (number, telling_id);
CREATE INDEX ksef_number_given ON ksef_number (ksef_number);

CREATE VIEW ksef_number_latest AS
SELECT number, ksef_number FROM ksef_number k
WHERE ksef_number <> '' AND NOT EXISTS (SELECT FROM ksef_number later WHERE later.number = k.number AND later.telling_id > k.telling_id);

-- vat_category: why the fees bore no VAT of the operator's that night: AE, the merchant accounts for it, under vat_id; O, there is none. '': they bear
-- it, at the plan's rate. NULL: of a night that did not keep it.
ALTER TABLE merchant_settlement
    ADD COLUMN vat_category text COLLATE "C" CHECK (vat_category IN ('', 'AE', 'O')),
    ADD COLUMN vat_id       text COLLATE "C" NOT NULL DEFAULT '',
    ADD CHECK ((vat_id <> '') = (coalesce(vat_category, '') = 'AE'));

-- Of what was not subject to VAT, or was accounted for under another number, a party has a paper apart. part: which of the period's it is.
ALTER TABLE own_document
    ADD COLUMN part smallint NOT NULL DEFAULT 1 CHECK (part > 0),
    DROP CONSTRAINT own_document_stream_kind_account_id_currency_basis_period_t_key,
    ADD UNIQUE (stream, kind, account_id, currency, basis, period_to, part);

-- VAT that was in the pump's price and that the buyer is not asked for: 2110 comes to nothing as where it is charged.
INSERT INTO posting_rule (family, debit, credit) VALUES ('invoice_reverse_charge', '1100', '2110');
INSERT INTO booking_kind (debit, credit, kind, back) VALUES
    ('1100', '2110', 'VAT', 'VAT'),
    ('5100', '2450', 'WORK', 'WORK');

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['exchange_rate', 'ksef_number'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION append_only()', kept);
    END LOOP;
END $$;
