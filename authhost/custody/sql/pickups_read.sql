-- Pick-ups by number. $1 one, $2 state ('' those that are not over, '*' all), $3 safe, $4 account and $5 courier that look, $6 after, $7 at most.
SELECT p.pickup_id, p.terminal_id, p.stay_id, p.courier_id, p.reason, p.needed_by, p.content::text AS content, p.state, p.made_at,
       p.changed_at, p.changed_by
FROM pickup_request p
WHERE ($1::bigint IS NULL OR p.pickup_id = $1)
  AND CASE $2 WHEN '' THEN p.state IN ('open', 'accepted') WHEN '*' THEN true ELSE p.state = $2 END
  AND ($3 = '' OR p.terminal_id = $3)
  AND ($4::bigint IS NULL OR EXISTS (SELECT FROM safe_client c WHERE c.terminal_id = p.terminal_id AND c.account_id = $4))
  AND ($5::text IS NULL OR p.courier_id = $5)
  AND p.pickup_id > $6
ORDER BY p.pickup_id LIMIT $7
