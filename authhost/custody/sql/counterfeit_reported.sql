-- A piece is reported; the first reference stands.
UPDATE counterfeit SET reported_at = coalesce(reported_at, $3::timestamptz), report = CASE WHEN reported_at IS NULL THEN $2 ELSE report END
WHERE counterfeit_id = $1 RETURNING report
