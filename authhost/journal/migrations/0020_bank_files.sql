-- What goes to banks: files in each bank's own form, collections of invoices under mandates, and what is known of who is paid.

-- How a bank takes its files (clearing/bankfiles/forms.py); {} is pain.001 alone, one file a currency.
ALTER TABLE bank ADD COLUMN files jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(files) = 'object');

-- One row a file. Which credits are in it follows from its ends: they are in the order of their ids.
CREATE TABLE bank_file (
    message_id  text    COLLATE "C" PRIMARY KEY CHECK (length(message_id) <= 35),
    run_id      text    COLLATE "C" NOT NULL,
    kind        text    NOT NULL CHECK (kind IN ('pain001', 'pain008', 'advice', 'csv', 'bai2')),
    purpose     text    COLLATE "C" NOT NULL,                 -- clearing_credit.purpose, or 'collection'
    bank_id     text    COLLATE "C" NOT NULL,                 -- '': the operator's own
    currency    text    COLLATE "C" NOT NULL,
    path        text    COLLATE "C" NOT NULL,                 -- below the run's folder
    count       integer NOT NULL CHECK (count > 0),
    sum_minor   bigint  NOT NULL,
    execute_on  date    NOT NULL,                             -- of collections: the first
    first_id    text    COLLATE "C" NOT NULL,                 -- EndToEndId
    last_id     text    COLLATE "C" NOT NULL,
    least_minor bigint  NOT NULL DEFAULT 1,                   -- of one credit: what a rail's limit has parted
    most_minor  bigint  NOT NULL DEFAULT 9223372036854775807,
    CHECK (first_id <= last_id),
    UNIQUE (run_id, path)
);
INSERT INTO bank_file (message_id, run_id, kind, purpose, bank_id, currency, path, count, sum_minor, execute_on, first_id, last_id)
SELECT to_char(r.business_date, 'YYYYMMDD') || '-' || upper(r.stream) || '-' || r.sequence || '-' || upper(n.name) || '-' || c.currency
           || CASE c.bank_id WHEN '' THEN '' ELSE '-' || c.number END,
       c.run_id, 'pain001', c.purpose, c.bank_id, c.currency,
       'bank/' || n.name || '-' || c.currency || CASE c.bank_id WHEN '' THEN '' ELSE '-' || c.bank_id END || '.xml',
       count(*), sum(c.amount_minor), r.business_date, min(c.end_to_end_id), max(c.end_to_end_id)
FROM (SELECT *, dense_rank() OVER (PARTITION BY run_id, bank_id = '' ORDER BY bank_id COLLATE "C") AS number
      FROM clearing_credit WHERE held = '') c
JOIN clearing_run r USING (run_id)
JOIN (VALUES ('deposit_credit', 'deposits'), ('merchant_payout', 'payouts')) AS n (purpose, name) USING (purpose)
GROUP BY r.run_id, r.business_date, r.stream, r.sequence, c.run_id, c.purpose, c.bank_id, c.currency, c.number, n.name;

-- A debtor's consent to be debited. What it was when it was last used is in clearing_debit: what differs is told as an amendment.
CREATE TABLE mandate (
    mandate_id text   COLLATE "C" PRIMARY KEY CHECK (mandate_id ~ '^[0-9A-Za-z+?/:().,''-]{1,35}$'),  -- AT-01, unique with the creditor
    account_id bigint NOT NULL REFERENCES account,
    scheme     text   NOT NULL CHECK (scheme IN ('CORE', 'B2B')),
    signed_on  date   NOT NULL,                               -- AT-25
    debtor_name text  NOT NULL,
    iban       text   NOT NULL,
    bic        text   NOT NULL DEFAULT '',
    address    jsonb  NOT NULL DEFAULT '{}',
    one_off    boolean NOT NULL DEFAULT false,                -- for one collection: OOFF
    is_last    boolean NOT NULL DEFAULT false,                -- the next collection is the last: FNAL
    original_id text  COLLATE "C" NOT NULL DEFAULT '',        -- what banks knew it as, until the next collection has told them
    status     text   NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'cancelled'))
);
CREATE UNIQUE INDEX mandate_account_id_key ON mandate (account_id) WHERE status = 'active';

-- What a debtor was told: this much, on this day. One row an invoice; what is collected is never more.
CREATE TABLE debit_notice (
    invoice      text   COLLATE "C" PRIMARY KEY,
    run_id       text   COLLATE "C" NOT NULL,                 -- that told it
    account_id   bigint NOT NULL,
    mandate_id   text   COLLATE "C" NOT NULL,
    scheme       text   NOT NULL,
    debtor_name  text   NOT NULL,
    kind         text   NOT NULL,                             -- of the invoice: whose receivable it is
    currency     text   COLLATE "C" NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    due_on       date   NOT NULL,                             -- as the invoice says
    collect_on   date   NOT NULL                              -- a day on which banks collect, not before it is due
);
CREATE INDEX debit_notice_run ON debit_notice (run_id);
CREATE INDEX debit_notice_day ON debit_notice (collect_on);

-- One direct debit an invoice.
CREATE TABLE clearing_debit (
    end_to_end_id text  COLLATE "C" PRIMARY KEY CHECK (length(end_to_end_id) <= 35),
    run_id       text   COLLATE "C" NOT NULL,
    mandate_id   text   COLLATE "C" NOT NULL,
    invoice      text   COLLATE "C" NOT NULL,
    kind         text   NOT NULL,
    account_id   bigint NOT NULL,
    currency     text   COLLATE "C" NOT NULL,
    notified_minor bigint NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),   -- less credit notes
    scheme       text   NOT NULL,
    sequence_type text  NOT NULL CHECK (sequence_type IN ('FRST', 'RCUR', 'FNAL', 'OOFF')),
    collect_on   date   NOT NULL,
    signed_on    date   NOT NULL,
    debtor_name  text   NOT NULL,
    iban         text   COLLATE "C" NOT NULL,
    bic          text   NOT NULL,
    address      jsonb  NOT NULL,
    original_id  text   NOT NULL,                             -- of the mandate, where it has changed since the last collection
    original_iban text  NOT NULL,
    original_creditor text NOT NULL,
    creditor_id  text   NOT NULL,                             -- AT-02
    remittance   text   NOT NULL,
    held         text   NOT NULL,                             -- why it is not sent; '' when it is; 'netted': credit notes cover it
    CHECK (held <> '' OR amount_minor > 0)
);
-- No invoice is collected twice, whichever night finds it.
CREATE UNIQUE INDEX clearing_debit_once ON clearing_debit (invoice) WHERE held IN ('', 'netted');
CREATE INDEX clearing_debit_run ON clearing_debit (run_id, end_to_end_id);
CREATE INDEX clearing_debit_mandate ON clearing_debit (mandate_id, collect_on) WHERE held = '';
-- Which credit notes a collection was reduced by; of each at most what it gives back.
CREATE TABLE debit_netting (
    credit_note  text   COLLATE "C" NOT NULL,
    end_to_end_id text  COLLATE "C" NOT NULL,
    run_id       text   COLLATE "C" NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (credit_note, end_to_end_id)
);
INSERT INTO posting_rule (family, debit, credit) VALUES
    ('collection_fleet', '1300', '1100'),
    ('collection_fee',   '1300', '1500');

-- What banks have said of a payee's name (verification of payee, Regulation (EU) 2024/886, article 5c). The newest word counts.
CREATE TABLE payee_verification (
    verification_id bigint PRIMARY KEY DEFAULT nextval('admin_id'),
    iban        text   COLLATE "C" NOT NULL,
    name        text   NOT NULL,                              -- that was asked about, as it stands in the order
    outcome     text   NOT NULL CHECK (outcome IN ('match', 'close_match', 'no_match', 'not_possible')),
    bank_name   text   NOT NULL DEFAULT '',                   -- of a close match: the name that the bank has
    source      text   NOT NULL DEFAULT '',                   -- the message or the service that said so
    told_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX payee_verification_payee ON payee_verification (iban, name, verification_id);
-- What was known of a payee when its order was decided.
CREATE TABLE credit_check (
    run_id       text  COLLATE "C" NOT NULL,
    end_to_end_id text COLLATE "C" NOT NULL,
    verification text  NOT NULL,                              -- its outcome, or 'not_asked'
    bank_name    text  NOT NULL,
    hits         jsonb NOT NULL,                              -- entries of the sanctions list that the payee was found to be like
    PRIMARY KEY (run_id, end_to_end_id)
);
-- Suspected counterfeits that a client's bank was told of: once, by the night that found them, as they were known then.
CREATE TABLE counterfeit_told (
    counterfeit_id bigint PRIMARY KEY,
    run_id      text   COLLATE "C" NOT NULL,
    bank_id     text   COLLATE "C" NOT NULL,
    account_id  bigint NOT NULL,
    currency    text   COLLATE "C" NOT NULL,
    value_minor bigint NOT NULL,
    serial      text   NOT NULL,
    category    text   NOT NULL,
    deposit_key text   NOT NULL,
    terminal_id text   NOT NULL,
    seen_on     date   NOT NULL
);
CREATE INDEX counterfeit_told_run ON counterfeit_told (run_id);

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['bank_file', 'debit_notice', 'clearing_debit', 'debit_netting', 'payee_verification', 'credit_check',
                                'counterfeit_told'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION append_only()', kept);
    END LOOP;
END $$;
