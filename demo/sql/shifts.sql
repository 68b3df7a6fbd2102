-- Shifts by how they ended, what was found on the way, catalogues and heartbeats.
SELECT (SELECT count(*) FROM station_shift WHERE state = 'balanced') AS balanced,
       (SELECT count(DISTINCT (terminal_id, shift)) FROM station_shift_step
        WHERE step = 'totals' AND answer ->> 'state' = 'differs') AS differing,
       (SELECT count(DISTINCT (s.terminal_id, s.shift)) FROM station_shift s JOIN station_shift_step t USING (terminal_id, shift)
        WHERE s.state = 'balanced' AND t.step = 'totals' AND t.answer ->> 'state' = 'differs') AS mended,
       (SELECT coalesce(json_agg(DISTINCT jsonb_build_object('terminal_id', terminal_id, 'sequence', missing ->> 'sequence')), '[]')::text
        FROM station_shift_step, json_array_elements(answer -> 'missing_at_host') AS missing WHERE step = 'transactions') AS found,
       (SELECT count(*) FROM catalogue_version) AS catalogue_versions,
       (SELECT count(*) FROM station_heartbeat) AS heartbeats,
       (SELECT count(*) FROM parked) AS parked
