-- Move originals on, under the locks of originals_lock. What is no longer open has no expiry.
UPDATE claim c SET state = m.state, remaining = m.remaining, stands = m.stands,
                   expires_at = CASE WHEN m.state IN (2, 9) THEN c.expires_at END
FROM unnest($1::text[], $2::smallint[], $3::bigint[], $4::text[]) AS m (key, state, remaining, stands)
WHERE c.key = m.key
