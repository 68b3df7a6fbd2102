-- Write down what tries came to. Who was told has been told, whoever holds the lease by now; anything else is the holder's to say.
-- $1 ids, $2 leases, $3 states, $4 when next (null: never), $5 what was said, $6 now
UPDATE webhook w SET state = s.state, next_at = s.next_at, last_said = s.last_said, tries = w.tries + 1,
    told_at = CASE WHEN s.state = 'told' THEN $6::timestamptz END
FROM unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::timestamptz[], $5::text[]) AS s (webhook_id, lease, state, next_at, last_said)
WHERE w.webhook_id = s.webhook_id AND w.state = 'waiting' AND (s.state = 'told' OR w.next_at = s.lease)
