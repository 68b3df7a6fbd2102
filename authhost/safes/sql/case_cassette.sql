-- A cassette left, and it is not the one that should have been inside. $1 terminal, $2 stay or null, $3 content, $4 when
INSERT INTO cash_case (kind, terminal_id, stay_id, content, opened_at) VALUES ('unknown_cassette', $1, $2, $3::text::jsonb, $4)
ON CONFLICT DO NOTHING
