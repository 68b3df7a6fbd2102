-- What a terminal tells: kept beside what it told before, and as the latest. In the order of the table's columns
WITH told AS (
    INSERT INTO station_heartbeat (terminal_id, received_at, at, software, catalogue_version, catalogue_refused, unsent,
                                   oldest_unsent_at, shift, shift_state, link_age_s, last_sequence)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING *
)
INSERT INTO station_latest SELECT * FROM told
ON CONFLICT (terminal_id) DO UPDATE SET
    received_at = EXCLUDED.received_at, at = EXCLUDED.at, software = EXCLUDED.software,
    catalogue_version = EXCLUDED.catalogue_version, catalogue_refused = EXCLUDED.catalogue_refused,
    unsent = EXCLUDED.unsent, oldest_unsent_at = EXCLUDED.oldest_unsent_at, shift = EXCLUDED.shift,
    shift_state = EXCLUDED.shift_state, link_age_s = EXCLUDED.link_age_s, last_sequence = EXCLUDED.last_sequence
WHERE station_latest.received_at <= EXCLUDED.received_at
