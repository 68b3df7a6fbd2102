-- Whether a deposit's account ($1) is somebody's to see: his own ($2), or one of his bank's ($3).
SELECT ($2::bigint IS NULL OR $1 = $2) AND ($3::text IS NULL OR EXISTS (SELECT FROM account WHERE account_id = $1 AND bank_id = $3)) AS visible
