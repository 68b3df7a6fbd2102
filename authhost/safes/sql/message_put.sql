-- A message with its answer, and its number among those that came. $1 terminal, $2 number, $3 kind, $4 fingerprint, $5 local time,
-- $6 business date, $7 content, $8 answer, $9 now
WITH put AS (
    INSERT INTO safe_message (terminal_id, sequence, kind, fingerprint, local_time, business_date, content, answer)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
)
UPDATE safe SET sequence_seen = sequence_seen + int8multirange(int8range($2, $2 + 1)), last_seen_at = greatest(last_seen_at, $9)
WHERE terminal_id = $1
