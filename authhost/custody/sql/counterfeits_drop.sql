-- Pieces that a recount did not find again, and nobody has reported.
DELETE FROM counterfeit WHERE counterfeit_id = ANY ($1::bigint[]) AND reported_at IS NULL
