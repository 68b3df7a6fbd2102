-- The business days: one of each stream (authhost/streams.py), closed each by itself. A closed one never changes.

-- Every batch share-locks this row and dates each of its rows with the open day of the row's stream.
ALTER TABLE rules ADD COLUMN fuel_date date, ADD COLUMN cash_date date, ADD COLUMN payments_date date;
UPDATE rules SET fuel_date = business_date, cash_date = business_date, payments_date = business_date;
ALTER TABLE rules
    ALTER COLUMN fuel_date SET NOT NULL, ALTER COLUMN cash_date SET NOT NULL, ALTER COLUMN payments_date SET NOT NULL,
    DROP COLUMN business_date;

ALTER TYPE batch ADD ATTRIBUTE stream text[];
ALTER TABLE journal ADD COLUMN stream text NOT NULL DEFAULT 'fuel' CONSTRAINT journal_stream CHECK (stream IN ('fuel', 'cash', 'payments'));

-- Rows of before: by their kind, and what gives back by whose account it does.
ALTER TABLE journal DISABLE TRIGGER append_only;
UPDATE journal j SET stream = s.stream
FROM (
    SELECT k.business_date, k.id,
           CASE WHEN k.kind IN ('deposit', 'deposit_authorization', 'adjustment', 'verification') THEN 'cash'
                WHEN k.kind LIKE 'payment%' OR k.key LIKE 'pay/%' THEN 'payments'
                WHEN k.kind IN ('reversal', 'return', 'expiry') AND a.kind = 'safe_client' THEN 'cash'
                WHEN k.kind IN ('reversal', 'return', 'expiry') AND a.kind IN ('payer', 'merchant') THEN 'payments'
                ELSE 'fuel' END AS stream
    FROM journal k LEFT JOIN account a USING (account_id)
) s
WHERE s.business_date = j.business_date AND s.id = j.id AND s.stream <> 'fuel';
ALTER TABLE journal ENABLE TRIGGER append_only;

-- The days that were closed. following: the day that was opened by it, which a calendar may have put off over a weekend.
CREATE TABLE closed_day (
    stream        text        NOT NULL CHECK (stream IN ('fuel', 'cash', 'payments')),
    business_date date        NOT NULL,
    following     date        NOT NULL CHECK (following > business_date),
    closed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_by     text        NOT NULL,
    bank_calendar text        NOT NULL DEFAULT 'weekdays',  -- by which its night finds value dates
    PRIMARY KEY (stream, business_date)
);
INSERT INTO closed_day (stream, business_date, following, closed_by)
SELECT stream, business_date, business_date + 1, 'before days were kept'
FROM (SELECT DISTINCT business_date FROM clearing_run) r CROSS JOIN unnest(ARRAY['fuel', 'cash', 'payments']) AS s (stream);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON closed_day FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE VIEW business_day AS
SELECT stream, business_date, 'closed' AS state, closed_at, closed_by FROM closed_day
UNION ALL
SELECT s.stream, s.business_date, 'open', NULL, NULL
FROM rules, LATERAL (VALUES ('fuel', fuel_date), ('cash', cash_date), ('payments', payments_date)) AS s (stream, business_date);

-- Whatever writes to the journal, by whatever way: no row of a day that is closed. The lock makes the closing wait for a writer that is
-- not done, and a writer hear of a closing that is; the append holds it already.
CREATE FUNCTION journal_day_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closed record;
BEGIN
    PERFORM FROM rules FOR SHARE;
    SELECT n.stream, n.business_date, n.key INTO closed FROM written n JOIN closed_day USING (stream, business_date) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% of % is closed: % refused', closed.stream, closed.business_date, closed.key USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER day_is_open AFTER INSERT ON journal
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION journal_day_is_open();

-- A partition is a way around the journal's own trigger: it has one too.
CREATE OR REPLACE FUNCTION journal_month(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', day);
    name  text := format('journal_%s', to_char(first, 'YYYYMM'));
BEGIN
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF journal FOR VALUES FROM (%L) TO (%L)',
                       name, first, first + interval '1 month');
        EXECUTE format('CREATE TRIGGER day_is_open AFTER INSERT ON %I REFERENCING NEW TABLE AS written
                        FOR EACH STATEMENT EXECUTE FUNCTION journal_day_is_open()', name);
    END IF;
END $$;
DO $$ DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'journal'::regclass LOOP
        EXECUTE format('CREATE TRIGGER day_is_open AFTER INSERT ON %s REFERENCING NEW TABLE AS written
                        FOR EACH STATEMENT EXECUTE FUNCTION journal_day_is_open()', part);
    END LOOP;
END $$;

-- When each stream's day ends: at its cut-off by the clock of its zone, on the day itself where that is after noon, else on the next.
-- calendar: the days that may be a business date; bank_calendar: those on which banks settle (names: clearing/days/calendars.py).
CREATE TABLE day_schedule (
    stream    text PRIMARY KEY CHECK (stream IN ('fuel', 'cash', 'payments')),
    time_zone text NOT NULL DEFAULT 'UTC',
    cut_off   time NOT NULL DEFAULT '00:00',
    calendar  text NOT NULL DEFAULT 'every_day',
    bank_calendar text NOT NULL DEFAULT 'TARGET'
);
INSERT INTO day_schedule (stream) VALUES ('fuel'), ('cash'), ('payments');
