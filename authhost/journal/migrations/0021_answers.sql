-- What banks answer, and what needs a person: each answer is stored once, each order's facts add up in whatever order they come, and the
-- next run of the order's stream books them.

-- ---- The queue of exceptions -------------------------------------------------------------------------------------------------------
CREATE TABLE clearing_exception (
    exception_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream       text   COLLATE "C" NOT NULL,                 -- fuel, cash, payments
    reason       text   COLLATE "C" NOT NULL,                 -- clearing/exception_reasons.csv
    subject_kind text   COLLATE "C" NOT NULL,                 -- what it is about: credit, debit, bank_file, journal ...
    subject      text   COLLATE "C" NOT NULL,                 -- and which one
    run_id       text   COLLATE "C",
    account_id   bigint,
    currency     text   NOT NULL DEFAULT '',
    amount_minor bigint NOT NULL DEFAULT 0,
    content      jsonb  NOT NULL DEFAULT '{}',
    opened_at    timestamptz NOT NULL DEFAULT clock_timestamp(),  -- its age counts from here
    state        text   NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'assigned', 'proposed', 'decided', 'closed')),
    owner        text   NOT NULL DEFAULT '',
    decision     text   NOT NULL DEFAULT '',                  -- proposed, then decided
    proposed_by  text   NOT NULL DEFAULT '',
    decided_by   text   NOT NULL DEFAULT '',                  -- of one that moves money: somebody else than proposed it
    note         text   NOT NULL DEFAULT '',
    CHECK (decided_by = '' OR proposed_by = '' OR decided_by <> proposed_by)
);
-- While it is not closed the same thing is said once.
CREATE UNIQUE INDEX clearing_exception_once ON clearing_exception (reason, subject_kind, subject) WHERE state <> 'closed';
CREATE INDEX clearing_exception_open ON clearing_exception (exception_id) WHERE state <> 'closed';
CREATE INDEX clearing_exception_subject ON clearing_exception (subject_kind, subject);

CREATE TABLE exception_change (
    change_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    exception_id bigint NOT NULL REFERENCES clearing_exception,
    event        text   NOT NULL,                             -- opened, assigned, noted, proposed X, sent back, decided X, closed
    who          text   NOT NULL,
    note         text   NOT NULL DEFAULT '',
    at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX exception_change_of ON exception_change (exception_id);

-- What was decided, for the next run of the stream to carry out; who owns the reason writes the run once.
CREATE TABLE exception_decision (
    exception_id bigint PRIMARY KEY REFERENCES clearing_exception,
    stream       text   COLLATE "C" NOT NULL,
    reason       text   COLLATE "C" NOT NULL,
    subject_kind text   COLLATE "C" NOT NULL,
    subject      text   COLLATE "C" NOT NULL,
    decision     text   COLLATE "C" NOT NULL,
    decided_by   text   NOT NULL,
    decided_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_by      text   COLLATE "C" NOT NULL DEFAULT ''       -- the run that has carried it out
);
CREATE INDEX exception_decision_due ON exception_decision (stream, reason) WHERE done_by = '';

-- ---- Answers of banks --------------------------------------------------------------------------------------------------------------
INSERT INTO ledger_account (code, name, type) VALUES
    ('1000', 'Bank accounts, as their statements say', 'asset'),
    ('4900', 'Payables that nobody can be paid', 'income'),
    ('5500', 'Receivables written off', 'expense');
-- A credit or debit that its account's bank has booked is in transit no more; a payer's debit never was.
INSERT INTO posting_rule (family, debit, credit) VALUES
    ('bank_booked',             '1300', '1000'),
    ('payer_booked',            '1000', '1400'),
    ('deposit_credit_unpaid',   '2200', '4900'),
    ('instant_credit_unpaid',   '2200', '4900'),
    ('merchant_payout_unpaid',  '2400', '4900'),
    ('collection_fleet_lost',   '5500', '1100'),
    ('collection_fee_lost',     '5500', '1500');

-- The stream of the run that has made an order, which books what becomes of it. Before there were streams, there was one night.
CREATE FUNCTION order_stream(run_id text, purpose text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE split_part(run_id, '/', 2) WHEN 'night' THEN
               CASE purpose WHEN 'merchant_payout' THEN 'payments' WHEN 'collection' THEN 'fuel' ELSE 'cash' END
           ELSE split_part(run_id, '/', 2) END
$$;
-- Every order that a bank was given, whatever its way: credits and debits of files, credits at once, payers' debits and refunds.
-- family: the posting rule that it was booked by; stream: of the run that books what becomes of it; about: the safe or merchant, the invoice,
-- the payment or refund.
CREATE VIEW sent_order AS
SELECT c.end_to_end_id, 'credit' AS kind, c.run_id, c.purpose, c.purpose AS family, c.account_id, c.currency, c.amount_minor, c.bank_id,
       order_stream(c.run_id, c.purpose) AS stream,
       c.place_id AS about
FROM clearing_credit c WHERE c.held = ''
UNION ALL
SELECT d.end_to_end_id, 'debit', d.run_id, 'collection', 'collection_' || d.kind, d.account_id, d.currency, d.amount_minor, '',
       order_stream(d.run_id, 'collection'), d.invoice
FROM clearing_debit d WHERE d.held = ''
UNION ALL
SELECT o.end_to_end_id, 'payer_' || o.kind, NULL, 'payer_' || o.kind, 'payer_booked', o.account_id, o.currency, o.amount_minor, o.bank_id,
       'payments', coalesce(o.refund_id, o.payment_id)
FROM bank_order o;
-- Which of them are in which file.
CREATE VIEW filed_order AS
SELECT f.message_id, c.end_to_end_id, 'credit' AS kind, c.run_id, c.purpose, c.purpose AS family, c.account_id, c.currency, c.amount_minor,
       order_stream(c.run_id, c.purpose) AS stream, c.place_id AS about
FROM bank_file f
JOIN clearing_credit c ON c.run_id = f.run_id AND c.purpose = f.purpose AND c.bank_id = f.bank_id AND c.currency = f.currency
                      AND c.end_to_end_id BETWEEN f.first_id AND f.last_id AND c.amount_minor BETWEEN f.least_minor AND f.most_minor
WHERE f.kind <> 'pain008' AND c.held = ''
UNION ALL
SELECT f.message_id, d.end_to_end_id, 'debit', d.run_id, 'collection', 'collection_' || d.kind, d.account_id, d.currency, d.amount_minor,
       order_stream(d.run_id, 'collection'), d.invoice
FROM bank_file f
JOIN clearing_debit d ON d.run_id = f.run_id AND d.currency = f.currency AND d.end_to_end_id BETWEEN f.first_id AND f.last_id
WHERE f.kind = 'pain008' AND d.held = '';

-- One row a message that a bank has sent about files of ours: pain.002, camt.054. Statements are in bank_statement.
CREATE TABLE bank_answer (
    answer_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text   NOT NULL CHECK (kind IN ('pain002', 'camt054')),
    sender      text   COLLATE "C" NOT NULL,                  -- whose number message_id is: the account's IBAN
    message_id  text   COLLATE "C" NOT NULL,                  -- the bank's own
    about       text   COLLATE "C" NOT NULL,                  -- MsgId of our file; '' of a notification
    status      text   NOT NULL,                              -- of the file, as the bank says it; ''
    reason      text   NOT NULL,
    digest      bytea  NOT NULL CHECK (octet_length(digest) = 32),  -- SHA-256 of the file
    told_by     text   NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (kind, sender, message_id)
);
CREATE INDEX bank_answer_about ON bank_answer (about);

-- What is known of an order at its bank. A set that grows: which came first makes no difference.
CREATE TABLE bank_fact (
    end_to_end_id text   COLLATE "C" NOT NULL,
    fact          text   COLLATE "C" NOT NULL CHECK (fact IN ('accepted', 'rejected', 'booked', 'returned')),
    kind          text   COLLATE "C" NOT NULL CHECK (kind IN ('credit', 'debit', 'payer_debit', 'payer_refund')),
    family        text   COLLATE "C" NOT NULL,                -- posting_rule.family that the order was booked by
    account_id    bigint,
    stream        text   COLLATE "C" NOT NULL,                -- whose next run books it
    amount_minor  bigint NOT NULL CHECK (amount_minor > 0),
    currency      text   NOT NULL,
    on_day        date,                                       -- booked on
    reason        text   NOT NULL DEFAULT '',                 -- ISO 20022 code; ''
    passing       boolean NOT NULL,                           -- the next try may do: of two words the one that says no counts
    answer_id     bigint,                                     -- of bank_answer; no foreign key: a check a row doubles what it costs
    statement_id  bigint,                                     -- of bank_statement
    line          integer,
    bank_reference text  NOT NULL DEFAULT '',
    run_id        text   COLLATE "C",                         -- the run that has booked it; null: waits
    PRIMARY KEY (end_to_end_id, fact)
);
CREATE INDEX bank_fact_due ON bank_fact (stream) WHERE run_id IS NULL AND fact <> 'accepted';

-- A payment file, or a block of one, that its bank has booked in one sum.
CREATE TABLE bank_batch (
    batch_id     text    COLLATE "C" PRIMARY KEY,             -- MsgId or PmtInfId
    message_id   text    COLLATE "C" NOT NULL,                -- of our file
    count        integer NOT NULL,
    sum_minor    bigint  NOT NULL,                            -- positive
    booked_on    date    NOT NULL,
    answer_id    bigint REFERENCES bank_answer,
    statement_id bigint REFERENCES bank_statement,
    line         integer
);

CREATE INDEX bank_batch_file ON bank_batch (message_id);

-- A credit that came back and is paid again: under a new id, which names the one before.
CREATE TABLE clearing_again (
    before_id     text   COLLATE "C" PRIMARY KEY,             -- the credit that came back
    first_id      text   COLLATE "C" NOT NULL,                -- the very first one: what is in it
    purpose       text   COLLATE "C" NOT NULL,
    tries         integer NOT NULL CHECK (tries > 0),
    due           boolean NOT NULL,                           -- false: a person decides first
    end_to_end_id text   COLLATE "C" UNIQUE,                  -- the new one
    run_id        text   COLLATE "C"                          -- the run that pays it; null: waits
);
CREATE INDEX clearing_again_due ON clearing_again (purpose) WHERE due AND run_id IS NULL;
CREATE INDEX clearing_again_new ON clearing_again (end_to_end_id) WHERE end_to_end_id IS NOT NULL;

-- What is in a credit: of one that is paid again, what the first was of.
CREATE VIEW credit_item AS
SELECT run_id, end_to_end_id, source, key, account_id, terminal_id, currency, amount_minor, journal_date, journal_id FROM clearing_item
UNION ALL
SELECT a.run_id, a.end_to_end_id, i.source, i.key, i.account_id, i.terminal_id, i.currency, i.amount_minor, i.journal_date, i.journal_id
FROM clearing_again a
JOIN clearing_credit f ON f.end_to_end_id = a.first_id AND f.held = ''
JOIN clearing_item i ON i.run_id = f.run_id AND i.end_to_end_id = f.end_to_end_id
WHERE a.run_id IS NOT NULL;

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['exception_change', 'bank_answer'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION append_only()', kept);
    END LOOP;
    FOREACH kept IN ARRAY ARRAY['clearing_exception', 'exception_decision', 'bank_fact', 'bank_batch', 'clearing_again'] LOOP
        EXECUTE format('CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION append_only()', kept);
    END LOOP;
END $$;
