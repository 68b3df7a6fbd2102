-- The last shift that began.
SELECT * FROM shift ORDER BY opened_at DESC, number DESC LIMIT 1
