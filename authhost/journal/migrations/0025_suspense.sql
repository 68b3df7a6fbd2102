-- The way out of suspense: a captured row that nobody could be invoiced for is booked to its true place by the run that carries out what two
-- people have decided of it. docs/answers.md.

INSERT INTO ledger_account (code, name, type) VALUES
    ('5600', 'Captures that nobody can be asked for', 'expense');
INSERT INTO posting_rule (family, debit, credit) VALUES
    ('suspense_accepted',     '1100', '1900'),
    ('suspense_charged_back', '2100', '1900'),
    ('suspense_lost',         '5600', '1900');

ALTER TABLE clearing_exception
    ADD COLUMN journal_id bigint,                               -- of one about a captured row: its id on the business date of run_id
    -- What a decision names: the key of an authorization, and whose it is.
    ADD COLUMN target text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN target_account_id bigint;
ALTER TABLE exception_decision
    ADD COLUMN target_account_id bigint;

-- An authorization is given to one capture.
CREATE UNIQUE INDEX clearing_exception_target ON clearing_exception (target) WHERE target <> '';

-- What came out of suspense: the capture, and what gives it back. A row comes out once.
CREATE TABLE suspense_release (
    journal_date  date   NOT NULL,
    journal_id    bigint NOT NULL,
    run_id        text   COLLATE "C" NOT NULL,                  -- that has booked it, on its own business date
    exception_id  bigint NOT NULL REFERENCES clearing_exception,
    family        text   COLLATE "C" NOT NULL,                  -- posting_rule.family
    account_id    bigint,                                       -- the fleet that owes it, or the station's; null: nobody
    amount_minor  bigint NOT NULL,                              -- negative of what gives back
    currency      text   COLLATE "C" NOT NULL,
    PRIMARY KEY (journal_date, journal_id),
    CHECK (family <> 'suspense_accepted' OR account_id IS NOT NULL)
);
CREATE INDEX suspense_release_run ON suspense_release (run_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON suspense_release
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- What gives back of a row in suspense, found by that row.
CREATE INDEX placement_fuel_suspended ON placement_fuel (original_date, original_id)
    WHERE family = 'fuel_unidentified' AND original_id IS NOT NULL;
