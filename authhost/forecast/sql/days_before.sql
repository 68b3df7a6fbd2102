-- Pieces by day of these safes, as they are rolled up, from the day $2 on.
SELECT terminal_id, local_day, sum(notes)::bigint AS notes, sum(coins)::bigint AS coins FROM safe_day
WHERE terminal_id = ANY ($1::text[]) AND local_day >= $2 GROUP BY 1, 2
