-- The clearing's own record: runs, the place of every captured row, double entry, bank credits, the manifest of files.
-- All but a run's status is append-only; the database itself refuses a change and an entry that does not balance.

-- A run belongs to one (business date, stream, sequence). What is stored here once is what a repeat works from, so that
-- settings or an address changed in between do not change a byte.
CREATE TABLE clearing_run (
    run_id          text   COLLATE "C" PRIMARY KEY,           -- 2026-07-23/night/1
    business_date   date   NOT NULL,
    stream          text   NOT NULL,
    sequence        integer NOT NULL CHECK (sequence > 0),
    status          text   NOT NULL CHECK (status IN ('posted', 'verified', 'done')),
    journal_digest  text   NOT NULL,                          -- SHA-256 over the day's journal, in key order
    journal_count   bigint NOT NULL,
    settings        text   NOT NULL,                          -- JSON: debtors, VAT groups, as this run used them
    manifest_digest text,                                     -- SHA-256 of manifest.json, from 'verified' on
    UNIQUE (business_date, stream, sequence),
    CHECK ((status = 'posted') = (manifest_digest IS NULL))
);

-- Master data as the run saw it, by kind ('account', 'merchant', 'site', 'vehicle', 'driver') and id.
CREATE TABLE clearing_party (
    run_id   text  COLLATE "C" NOT NULL,
    kind     text  COLLATE "C" NOT NULL,
    party_id text  COLLATE "C" NOT NULL,
    content  jsonb NOT NULL,
    PRIMARY KEY (run_id, kind, party_id)
);

-- Where each captured row is: the key makes it one place. A hold of an earlier day is listed again only while it is open.
CREATE TABLE clearing_place (
    run_id        text   COLLATE "C" NOT NULL,
    journal_date  date   NOT NULL,
    journal_id    bigint NOT NULL,
    place         text   NOT NULL CHECK (place IN ('cleared', 'reversed', 'open')),
    family        text   NOT NULL,                            -- posting_rule.family; '' for a hold, which books nothing
    original_date date,                                       -- of a reversal: the row that it gives back, where found
    original_id   bigint,
    PRIMARY KEY (run_id, journal_date, journal_id)
);
CREATE INDEX clearing_place_open ON clearing_place (run_id) WHERE place = 'open';

-- The chart of accounts, as data.
CREATE TABLE ledger_account (
    code text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    type text NOT NULL CHECK (type IN ('asset', 'liability', 'income', 'expense', 'suspense'))
);
INSERT INTO ledger_account (code, name, type) VALUES
    ('1100', 'Fleet receivable', 'asset'),
    ('1200', 'Safe provisional (cash in safes)', 'asset'),
    ('1300', 'Bank in transit', 'asset'),
    ('1400', 'Payer clearing', 'asset'),
    ('1900', 'Suspense: sale without a fleet', 'suspense'),
    ('2100', 'Fuel sales clearing (station payable)', 'liability'),
    ('2200', 'Client deposits payable (bank credit due)', 'liability'),
    ('2400', 'Merchant payable', 'liability'),
    ('2500', 'Payments between payer and merchant', 'liability'),
    ('2900', 'Suspense: deposit credit withheld', 'suspense');

-- Which two accounts a captured amount moves between; a negative amount moves it back.
CREATE TABLE posting_rule (
    family text PRIMARY KEY,
    debit  text NOT NULL REFERENCES ledger_account,
    credit text NOT NULL REFERENCES ledger_account
);
INSERT INTO posting_rule (family, debit, credit) VALUES
    ('fuel',              '1100', '2100'),
    ('fuel_unidentified', '1900', '2100'),
    ('deposit',           '1200', '2200'),
    ('deposit_withheld',  '1200', '2900'),
    ('payment',           '1400', '2500'),
    ('payment_receipt',   '2500', '2400'),
    ('deposit_credit',    '2200', '1300'),
    ('merchant_payout',   '2400', '1300');

-- No foreign keys on purpose: one check a statement (below) is a hundred times cheaper than one a row.
CREATE TABLE ledger_entry (
    run_id       text     COLLATE "C" NOT NULL,
    transaction  text     COLLATE "C" NOT NULL,               -- journal key#leg, or a bank credit's end-to-end id
    line         smallint NOT NULL,
    code         text     COLLATE "C" NOT NULL,               -- ledger_account.code
    account_id   bigint,                                      -- the party; null: the operator itself
    amount_minor bigint   NOT NULL CHECK (amount_minor <> 0), -- debit positive, credit negative
    currency     text     NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    journal_date date,                                        -- the journal row that is booked; null for a bank credit
    journal_id   bigint,
    PRIMARY KEY (run_id, transaction, line)
);

-- A transaction's lines come in one statement; each statement must leave every transaction at zero, per currency.
CREATE FUNCTION ledger_entry_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT run_id, transaction, currency, sum(amount_minor) AS off INTO bad
    FROM added GROUP BY run_id, transaction, currency HAVING sum(amount_minor) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger transaction % of run % is off by % %', bad.transaction, bad.run_id, bad.off, bad.currency
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT a.code INTO bad FROM (SELECT DISTINCT code FROM added) a
    WHERE NOT EXISTS (SELECT FROM ledger_account l WHERE l.code = a.code) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger account % is not in the chart', bad.code USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry_balanced();

-- One credit transfer a client, safe and currency, or a merchant's payout. Its id never changes, so a resend never pays twice.
CREATE TABLE clearing_credit (
    run_id       text    COLLATE "C" NOT NULL,
    end_to_end_id text   COLLATE "C" NOT NULL CHECK (length(end_to_end_id) <= 35),
    purpose      text    NOT NULL CHECK (purpose IN ('deposit_credit', 'merchant_payout')),
    account_id   bigint,
    place_id     text    NOT NULL,                            -- the safe's terminal, or the merchant
    currency     text    NOT NULL,
    amount_minor bigint  NOT NULL,
    count        integer NOT NULL,                            -- journal rows in it
    remittance   text    NOT NULL,
    held         text    NOT NULL,                            -- why it is not sent; '' when it is
    PRIMARY KEY (run_id, end_to_end_id),
    CHECK (held <> '' OR amount_minor > 0)
);

-- The manifest: what was verified for release, with the totals found by reading each file again.
CREATE TABLE clearing_file (
    run_id    text   COLLATE "C" NOT NULL,
    path      text   COLLATE "C" NOT NULL,
    kind      text   NOT NULL,
    count     bigint NOT NULL,
    sum_minor bigint NOT NULL,
    currency  text   NOT NULL,                                -- '' for a list without money
    sha256    text   NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    PRIMARY KEY (run_id, path)
);

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['ledger_entry', 'clearing_place', 'clearing_party', 'clearing_credit', 'clearing_file'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION append_only()', kept);
    END LOOP;
END $$;

-- A run's status goes forward only, and what it stands on does not change.
CREATE FUNCTION clearing_run_forward() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    steps CONSTANT text[] := ARRAY['posted', 'verified', 'done'];
BEGIN
    IF array_position(steps, NEW.status) < array_position(steps, OLD.status)
       OR (NEW.run_id, NEW.business_date, NEW.stream, NEW.sequence, NEW.journal_digest, NEW.journal_count, NEW.settings)
          IS DISTINCT FROM
          (OLD.run_id, OLD.business_date, OLD.stream, OLD.sequence, OLD.journal_digest, OLD.journal_count, OLD.settings)
       OR (OLD.manifest_digest IS NOT NULL AND NEW.manifest_digest IS DISTINCT FROM OLD.manifest_digest) THEN
        RAISE EXCEPTION 'clearing run % only goes forward', OLD.run_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER clearing_run_forward BEFORE UPDATE ON clearing_run
    FOR EACH ROW EXECUTE FUNCTION clearing_run_forward();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON clearing_run
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
