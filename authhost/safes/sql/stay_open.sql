-- A cassette comes into a safe. $1 cassette, $2 terminal, $3 when, $4 when it left already, null: it is inside
INSERT INTO cassette_stay (cassette_id, terminal_id, state, opened_at, closed_at)
VALUES ($1, $2, CASE WHEN $4::timestamptz IS NULL THEN 'in_safe' ELSE 'picked_up' END, $3, $4) RETURNING stay_id
