-- What came before each event is looked up by its path: joined, a night's ten thousand files were compared with each other.
CREATE OR REPLACE FUNCTION file_event_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT a.run_id, a.path, a.state, coalesce(before.state, '') AS before INTO bad
    FROM added a
    LEFT JOIN LATERAL (SELECT e.state FROM file_event e WHERE e.run_id = a.run_id AND e.path = a.path AND e.event_id < a.event_id
                       ORDER BY e.event_id DESC LIMIT 1) before ON true
    WHERE NOT EXISTS (SELECT FROM file_step s WHERE s.before = coalesce(before.state, '') AND s.after = a.state)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'file % of run % is %, and cannot become %', bad.path, bad.run_id,
            coalesce(nullif(bad.before, ''), 'unknown here'), bad.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
