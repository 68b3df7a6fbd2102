-- What was counted; nothing where this cash centre has used the reference.
INSERT INTO cash_count (stay_id, cassette_id, reference, counted_at, recorded_at, counted_by, source, pieces, counterfeits, digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9::text::jsonb, $10)
ON CONFLICT (counted_by, reference) DO NOTHING
RETURNING count_id
