-- An attempt at a shift, as it was told and answered; an earlier one of the same content moves on. In the order of the columns
INSERT INTO station_shift (terminal_id, shift, attempt, digest, told, day, last_day, from_sequence, to_sequence, state, answer,
                           wants_upload, received_at, closed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (terminal_id, shift, attempt) DO UPDATE SET
    state = EXCLUDED.state, answer = EXCLUDED.answer, wants_upload = EXCLUDED.wants_upload, closed_at = EXCLUDED.closed_at
