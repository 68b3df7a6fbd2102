-- A parked row, locked for whoever works on it; a row of work is there from now on. $1 id
WITH begun AS (
    INSERT INTO parked_work (parked_id, state, tries, outcome, changed_at)
    SELECT id, 'waits', 0, '', parked_at FROM parked WHERE id = $1 ON CONFLICT DO NOTHING
)
SELECT p.id, p.parked_at, p.key, p.fingerprint, p.why, p.content::text AS content, split_part(p.key, '/', 2) AS terminal_id
FROM parked p WHERE p.id = $1
