-- Where a deposit's changes do not lead from one to the next, or not to where it is.
WITH steps AS (
    SELECT key, id, before, after, lag(after) OVER told AS from_there, lead(id) OVER told IS NULL AS last
    FROM deposit_change WINDOW told AS (PARTITION BY key ORDER BY id)
)
SELECT d.terminal_id, d.sequence, s.from_there, s.before, s.after, d.state || '/' || d.credit AS now
FROM steps s JOIN deposit d USING (key)
WHERE s.from_there <> s.before OR s.last AND s.after <> d.state || '/' || d.credit
ORDER BY s.id
