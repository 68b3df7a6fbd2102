-- A run a stream: fuel, cash, payments. One row places a captured row of the journal and books it: debit and credit of one amount in one
-- currency, so that no transaction can be off; what a night books besides is a row of ledger_transfer of the same shape. A run adds its
-- balances to the trial balance, and its digest to a chain.

ALTER TABLE clearing_run
    ADD COLUMN run_no       integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD COLUMN posted_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN ledger_digest text NOT NULL DEFAULT '',        -- SHA-256 over what it booked
    ADD COLUMN chain_no     integer UNIQUE,                   -- its place in the chain; null: of a time before there was one
    ADD COLUMN chain_digest text NOT NULL DEFAULT '';         -- SHA-256 over the chain digest of the run before, and this run
CREATE INDEX clearing_run_posted ON clearing_run (posted_at);

ALTER TABLE clearing_place RENAME TO clearing_place_before;
ALTER TABLE ledger_entry RENAME TO ledger_entry_before;

-- A captured row is in one place: the key says so. family '': a hold, which books nothing.
CREATE TABLE placement (
    stream            text   COLLATE "C" NOT NULL,
    journal_date      date   NOT NULL,
    journal_id        bigint NOT NULL,
    run_no            integer NOT NULL,
    place             text   COLLATE "C" NOT NULL CHECK (place IN ('cleared', 'reversed', 'open')),
    family            text   COLLATE "C" NOT NULL,            -- posting_rule.family: the two accounts that are moved
    original_date     date,                                   -- of a reversal: the row that it gives back, where found
    original_id       bigint,
    debit_account_id  bigint,                                 -- the party on each side; null: the operator itself
    credit_account_id bigint,
    amount_minor      bigint NOT NULL,                        -- a negative amount moves it back
    currency          text   COLLATE "C" NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    PRIMARY KEY (journal_date, journal_id, stream),
    CHECK (family <> '' OR amount_minor = 0)
) PARTITION BY LIST (stream);
CREATE TABLE placement_fuel PARTITION OF placement FOR VALUES IN ('fuel');
CREATE TABLE placement_cash PARTITION OF placement FOR VALUES IN ('cash');
CREATE TABLE placement_payments PARTITION OF placement FOR VALUES IN ('payments');
-- The bookings of a client of safes.
CREATE INDEX placement_cash_client ON placement_cash (credit_account_id, journal_date);

-- Holds of earlier days that a run found open still.
CREATE TABLE placement_waiting (
    run_no       integer NOT NULL,
    journal_date date    NOT NULL,
    journal_id   bigint  NOT NULL,
    PRIMARY KEY (run_no, journal_date, journal_id)
);

-- What a night books besides the rows of the journal.
CREATE TABLE ledger_transfer (
    run_id            text     COLLATE "C" NOT NULL,
    transaction       text     COLLATE "C" NOT NULL,          -- a bank credit's end-to-end id, a statement's number ...
    line              smallint NOT NULL CHECK (line > 0 AND line % 2 = 1),  -- its debit's line; the credit's is the next
    debit             text     COLLATE "C" NOT NULL REFERENCES ledger_account,
    credit            text     COLLATE "C" NOT NULL REFERENCES ledger_account,
    debit_account_id  bigint,
    credit_account_id bigint,
    amount_minor      bigint   NOT NULL CHECK (amount_minor <> 0),  -- a negative amount moves it back
    currency          text     COLLATE "C" NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    PRIMARY KEY (run_id, transaction, line),
    CHECK (debit <> credit)
);
CREATE INDEX ledger_transfer_client ON ledger_transfer (debit_account_id, currency) WHERE debit = '2200';
CREATE INDEX ledger_transfer_payable ON ledger_transfer (credit_account_id, currency) WHERE credit = '2200';

INSERT INTO placement (stream, journal_date, journal_id, run_no, place, family, original_date, original_id, debit_account_id,
                       credit_account_id, amount_minor, currency)
SELECT CASE WHEN p.family LIKE 'fuel%' THEN 'fuel' WHEN p.family LIKE 'deposit%' THEN 'cash' WHEN p.family LIKE 'payment%' THEN 'payments'
            WHEN j.kind = 'deposit_authorization' THEN 'cash' ELSE 'fuel' END,
       p.journal_date, p.journal_id, r.run_no, p.place, p.family, p.original_date, p.original_id, d.account_id, c.account_id,
       coalesce(d.amount_minor, 0), j.currency
FROM clearing_place_before p
JOIN clearing_run r USING (run_id)
JOIN journal j ON j.business_date = p.journal_date AND j.id = p.journal_id
LEFT JOIN ledger_entry_before d ON (d.run_id, d.journal_date, d.journal_id, d.line) = (p.run_id, p.journal_date, p.journal_id, 1)
LEFT JOIN ledger_entry_before c ON (c.run_id, c.journal_date, c.journal_id, c.line) = (p.run_id, p.journal_date, p.journal_id, 2)
WHERE p.journal_date = r.business_date;
INSERT INTO placement_waiting (run_no, journal_date, journal_id)
SELECT r.run_no, p.journal_date, p.journal_id
FROM clearing_place_before p JOIN clearing_run r USING (run_id) WHERE p.journal_date <> r.business_date;
INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, debit_account_id, credit_account_id, amount_minor, currency)
SELECT d.run_id, d.transaction, d.line, d.code, c.code, d.account_id, c.account_id, d.amount_minor, d.currency
FROM ledger_entry_before d
JOIN ledger_entry_before c ON (c.run_id, c.transaction, c.line) = (d.run_id, d.transaction, d.line + 1)
WHERE d.journal_id IS NULL AND d.line % 2 = 1;
DROP TABLE clearing_place_before;
DROP TABLE ledger_entry_before;
DROP FUNCTION ledger_entry_balanced;

CREATE VIEW clearing_place AS
SELECT r.run_id, p.journal_date, p.journal_id, p.place, p.family, p.original_date, p.original_id
FROM placement p JOIN clearing_run r ON r.run_no = p.run_no AND r.business_date = p.journal_date
UNION ALL
SELECT r.run_id, w.journal_date, w.journal_id, 'open', '', NULL, NULL
FROM placement_waiting w JOIN clearing_run r USING (run_no);

-- The books line by line: debit positive, credit negative.
CREATE VIEW ledger_entry AS
SELECT r.run_id, j.key || '#' || j.leg AS transaction, side.line, CASE side.line WHEN 1 THEN f.debit ELSE f.credit END AS code,
       CASE side.line WHEN 1 THEN p.debit_account_id ELSE p.credit_account_id END AS account_id, p.amount_minor * side.sign AS amount_minor,
       p.currency, p.journal_date, p.journal_id
FROM placement p
JOIN clearing_run r ON r.run_no = p.run_no AND r.business_date = p.journal_date
JOIN posting_rule f USING (family)
LEFT JOIN journal j ON j.business_date = p.journal_date AND j.id = p.journal_id
CROSS JOIN (VALUES (1::smallint, 1), (2::smallint, -1)) AS side (line, sign)
WHERE p.amount_minor <> 0
UNION ALL
SELECT t.run_id, t.transaction, (t.line + side.step)::smallint, CASE side.step WHEN 0 THEN t.debit ELSE t.credit END,
       CASE side.step WHEN 0 THEN t.debit_account_id ELSE t.credit_account_id END, t.amount_minor * side.sign, t.currency, NULL, NULL
FROM ledger_transfer t
CROSS JOIN (VALUES (0, 1), (1, -1)) AS side (step, sign);

-- What each run moved on each account of the chart: the trial balance adds these up.
CREATE TABLE ledger_balance (
    run_no        integer NOT NULL,
    code          text    COLLATE "C" NOT NULL REFERENCES ledger_account,
    currency      text    COLLATE "C" NOT NULL,
    entries       bigint  NOT NULL CHECK (entries > 0),
    debits_minor  bigint  NOT NULL,
    credits_minor bigint  NOT NULL,                           -- positive
    PRIMARY KEY (run_no, code, currency)
);
CREATE FUNCTION ledger_balance_even() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT run_no, currency, sum(debits_minor - credits_minor) AS off INTO bad
    FROM added GROUP BY run_no, currency HAVING sum(debits_minor - credits_minor) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'run number % is off by % %', bad.run_no, bad.off, bad.currency USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER even AFTER INSERT ON ledger_balance
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_balance_even();

-- One look at the families of a statement's rows is a hundred times cheaper than a foreign key's at every row.
CREATE FUNCTION placement_has_rule() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad text;
BEGIN
    SELECT a.family INTO bad FROM (SELECT DISTINCT family FROM added WHERE family <> '') a
    WHERE NOT EXISTS (SELECT FROM posting_rule r WHERE r.family = a.family) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'no posting rule for %', bad USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER has_rule AFTER INSERT ON placement
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION placement_has_rule();

-- A rule that has booked is never another one: a new way to book is a new family.
ALTER TABLE posting_rule ADD CHECK (debit <> credit);
DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['placement', 'placement_fuel', 'placement_cash', 'placement_payments', 'placement_waiting',
                                'ledger_transfer', 'ledger_balance', 'posting_rule'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION append_only()', kept);
    END LOOP;
END $$;

-- A run's status goes forward only, and what it stands on does not change. Its digests are written once, by the posting itself.
CREATE OR REPLACE FUNCTION clearing_run_forward() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    steps CONSTANT text[] := ARRAY['posted', 'verified', 'done'];
BEGIN
    IF array_position(steps, NEW.status) < array_position(steps, OLD.status)
       OR (NEW.run_id, NEW.run_no, NEW.business_date, NEW.stream, NEW.sequence, NEW.journal_digest, NEW.journal_count, NEW.settings,
           NEW.posted_at)
          IS DISTINCT FROM
          (OLD.run_id, OLD.run_no, OLD.business_date, OLD.stream, OLD.sequence, OLD.journal_digest, OLD.journal_count, OLD.settings,
           OLD.posted_at)
       OR (OLD.chain_digest <> '' AND (NEW.ledger_digest, NEW.chain_no, NEW.chain_digest)
           IS DISTINCT FROM (OLD.ledger_digest, OLD.chain_no, OLD.chain_digest))
       OR (OLD.manifest_digest IS NOT NULL AND NEW.manifest_digest IS DISTINCT FROM OLD.manifest_digest) THEN
        RAISE EXCEPTION 'clearing run % only goes forward', OLD.run_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
