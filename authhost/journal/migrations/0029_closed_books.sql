-- What is closed takes nothing more, by whatever way: the ledger no row of a run that is posted, the journal no TRUNCATE.

-- A run is posted when it has its place in the chain, which its posting gives it last. One look at a statement's rows, not one a row:
-- a million of them are looked at in a tenth of a second.
CREATE FUNCTION ledger_run_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    posted text;
BEGIN
    -- The argument: the column that names the run.
    EXECUTE format('SELECT r.run_id FROM (SELECT DISTINCT %1$I FROM added) a JOIN clearing_run r USING (%1$I)
                    WHERE r.chain_digest <> %2$L LIMIT 1', TG_ARGV[0], '') INTO posted;
    IF posted IS NOT NULL THEN
        RAISE EXCEPTION '% is posted: a row of % refused', posted, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER run_is_open AFTER INSERT ON ledger_transfer
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_run_is_open('run_id');

-- Placements are looked at for both in one go; a partition is a way around its table's trigger, and has one too.
CREATE OR REPLACE FUNCTION placement_has_rule() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT a.family, r.run_id INTO bad
    FROM (SELECT DISTINCT family, run_no FROM added) a LEFT JOIN clearing_run r ON r.run_no = a.run_no AND r.chain_digest <> ''
    WHERE r.run_id IS NOT NULL OR (a.family <> '' AND NOT EXISTS (SELECT FROM posting_rule p WHERE p.family = a.family)) LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF bad.run_id IS NOT NULL THEN
        RAISE EXCEPTION '% is posted: a row of % refused', bad.run_id, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RAISE EXCEPTION 'no posting rule for %', bad.family USING ERRCODE = 'foreign_key_violation';
END $$;
DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['placement_fuel', 'placement_cash', 'placement_payments'] LOOP
        EXECUTE format('CREATE TRIGGER has_rule AFTER INSERT ON %I REFERENCING NEW TABLE AS added
                        FOR EACH STATEMENT EXECUTE FUNCTION placement_has_rule()', kept);
    END LOOP;
    FOREACH kept IN ARRAY ARRAY['placement_waiting', 'ledger_balance'] LOOP
        EXECUTE format('CREATE TRIGGER run_is_open AFTER INSERT ON %I REFERENCING NEW TABLE AS added
                        FOR EACH STATEMENT EXECUTE FUNCTION ledger_run_is_open(''run_no'')', kept);
    END LOOP;
END $$;

-- The journal's own trigger looks at rows, and TRUNCATE has none.
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION append_only();
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
        EXECUTE format('CREATE TRIGGER never_emptied BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION append_only()', name);
    END IF;
END $$;
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'journal'::regclass LOOP
        EXECUTE format('CREATE TRIGGER never_emptied BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION append_only()', part);
    END LOOP;
END $$;
