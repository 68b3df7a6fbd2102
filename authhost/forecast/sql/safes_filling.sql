-- A page of safes as they fill: what is inside by our own count and by their last word since the cassette came, and who fetches it.
-- $1 after this one, $2 at most, $3 this one alone, $4 of this client, $5 of this courier. $6: what was cancelled since then is not asked for again.
SELECT s.terminal_id, s.time_zone, s.fill_percent, s.coin_capacity, coalesce(nullif(k.capacity, 0), s.note_capacity) AS note_capacity,
       coalesce(r.lead_h, 24) AS lead_h, coalesce(c.cassette_id, '') AS cassette_id,
       coalesce(inside.notes, 0) AS notes, coalesce(inside.coins, 0) AS coins, told.fill::text AS told,
       EXISTS (SELECT FROM pickup_request p WHERE p.terminal_id = s.terminal_id AND p.state IN ('open', 'accepted')) AS asked,
       EXISTS (SELECT FROM pickup_request p WHERE p.terminal_id = s.terminal_id AND p.stay_id = c.stay_id AND p.state = 'cancelled' AND p.changed_at > $6) AS quiet
FROM safe s JOIN terminal t USING (terminal_id)
LEFT JOIN courier r USING (courier_id)
LEFT JOIN cassette_stay c ON c.terminal_id = s.terminal_id AND c.state = 'in_safe'
LEFT JOIN cassette k ON k.cassette_id = c.cassette_id
LEFT JOIN LATERAL (SELECT sum(d.notes)::bigint AS notes, sum(d.coins)::bigint AS coins FROM deposit d WHERE d.stay_id = c.stay_id) inside ON true
LEFT JOIN LATERAL (
    SELECT m.content -> 'fill' AS fill FROM safe_message m
    WHERE m.terminal_id = s.terminal_id AND m.recorded_at >= c.opened_at AND m.kind = 'status'
    ORDER BY m.recorded_at DESC LIMIT 1) told ON true
WHERE t.status <> 'closed' AND s.terminal_id > $1 AND ($3::text IS NULL OR s.terminal_id = $3)
  AND ($4::bigint IS NULL OR EXISTS (SELECT FROM safe_client x WHERE x.terminal_id = s.terminal_id AND x.account_id = $4))
  AND ($5::text IS NULL OR s.courier_id = $5)
ORDER BY s.terminal_id LIMIT $2
