-- Parked rows with their work. The key's second part is the terminal. $1 after, $2 terminals or null, $3 states or null, $4 at most
SELECT p.id, p.parked_at, p.key, p.fingerprint, p.why, p.content::text AS content, split_part(p.key, '/', 2) AS terminal_id,
       coalesce(w.state, 'waits') AS state, coalesce(w.tries, 0) AS tries, coalesce(w.outcome, '') AS outcome, w.changed_at
FROM parked p LEFT JOIN parked_work w ON w.parked_id = p.id
WHERE p.id > $1 AND ($2::text[] IS NULL OR split_part(p.key, '/', 2) = ANY ($2))
  AND ($3::text[] IS NULL OR coalesce(w.state, 'waits') = ANY ($3))
ORDER BY p.id LIMIT $4
