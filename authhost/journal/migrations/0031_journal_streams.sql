-- A month of business dates is a partition of the journal, and each stream in it is one: a night goes over its own stream's rows a dozen times,
-- and over no other's. The months that are there are copied once, and need their space twice meanwhile.

-- A partition is a way around the journal's own triggers: it has them too.
CREATE FUNCTION journal_guard(part regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER day_is_open AFTER INSERT ON %s REFERENCING NEW TABLE AS written
                    FOR EACH STATEMENT EXECUTE FUNCTION journal_day_is_open()', part);
    EXECUTE format('CREATE TRIGGER never_emptied BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION append_only()', part);
END $$;

CREATE OR REPLACE FUNCTION journal_month(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', day);
    month text := format('journal_%s', to_char(first, 'YYYYMM'));
    part  text;
BEGIN
    IF to_regclass(month) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF journal FOR VALUES FROM (%L) TO (%L) PARTITION BY LIST (stream)',
                   month, first, first + interval '1 month');
    PERFORM journal_guard(month);
    FOREACH part IN ARRAY ARRAY['fuel', 'cash', 'payments'] LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES IN (%L)', month || '_' || part, month, part);
        PERFORM journal_guard(month || '_' || part);
    END LOOP;
END $$;

DO $$
DECLARE
    months regclass[] := ARRAY(SELECT inhrelid FROM pg_inherits WHERE inhparent = 'journal'::regclass);
    month  regclass;
    first  date;
    fields text := (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                    WHERE attrelid = 'journal'::regclass AND attnum > 0 AND NOT attisdropped);
BEGIN
    FOREACH month IN ARRAY months LOOP
        EXECUTE format('ALTER TABLE journal DETACH PARTITION %s', month);
    END LOOP;
    ALTER TABLE journal DROP CONSTRAINT journal_pkey, ADD PRIMARY KEY (business_date, id, stream);
    ALTER TABLE journal DISABLE TRIGGER day_is_open;  -- most of these days are closed
    FOREACH month IN ARRAY months LOOP
        first := to_date(right(month::text, 6), 'YYYYMM');
        EXECUTE format('ALTER TABLE %s RENAME TO journal_before', month);
        PERFORM journal_month(first);
        EXECUTE format('INSERT INTO journal (%1$s) SELECT %1$s FROM journal_before', fields);
        DROP TABLE journal_before;
    END LOOP;
    ALTER TABLE journal ENABLE TRIGGER day_is_open;
END $$;

CREATE OR REPLACE VIEW clearing_place AS
SELECT r.run_id, p.journal_date, p.journal_id, p.place, p.family, p.original_date, p.original_id, p.stream
FROM placement p JOIN clearing_run r ON r.run_no = p.run_no AND r.business_date = p.journal_date
UNION ALL
SELECT r.run_id, w.journal_date, w.journal_id, 'open', '', NULL, NULL, r.stream
FROM placement_waiting w JOIN clearing_run r USING (run_no);
