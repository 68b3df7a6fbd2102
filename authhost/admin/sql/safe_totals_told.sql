-- What safes told last at the end of business days.
SELECT DISTINCT ON (terminal_id, business_date) terminal_id, business_date, recorded_at, coalesce(content -> 'totals', '[]')::text AS totals
FROM safe_message
WHERE kind = 'end_of_day' AND business_date BETWEEN $1 AND $2 AND ($3 = '' OR terminal_id = $3)
ORDER BY terminal_id, business_date, sequence DESC
