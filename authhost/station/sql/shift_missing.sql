-- What became of messages that booked nothing. $1 keys
SELECT k.key, coalesce('parked: ' || (SELECT min(p.why) FROM parked p WHERE p.key = k.key),
                       CASE c.state WHEN 6 THEN 'reversed before it came' WHEN 7 THEN 'late: declined'
                                    WHEN 3 THEN 'told again as an advice' ELSE (
                           SELECT CASE WHEN j.approved THEN j.kind ELSE 'declined' END || ': ' || j.reason FROM journal j
                           WHERE j.business_date = c.business_date AND j.id = c.journal_id) END) AS why
FROM unnest($1::text[]) AS k (key)
LEFT JOIN claim c ON c.key = k.key COLLATE "C"
WHERE c.key IS NOT NULL OR EXISTS (SELECT FROM parked p WHERE p.key = k.key)
