-- Exceptions before one ($1), the newest first. $2 one of them, $3 stream, $4 reason, $5 owner, $6 state ('' all that are not closed, '*' all),
-- $7 opened before, $8 at most
SELECT exception_id, stream, reason, subject_kind, subject, run_id, account_id, currency, amount_minor, content::text AS content, state,
       owner, decision, target, proposed_by, decided_by, note, opened_at,
       floor(extract(epoch FROM clock_timestamp() - opened_at))::bigint AS age_s
FROM clearing_exception
WHERE ($1::bigint IS NULL OR exception_id < $1) AND ($2::bigint IS NULL OR exception_id = $2)
  AND ($3 = '' OR stream = $3) AND ($4 = '' OR reason = $4) AND ($5 = '' OR owner = $5)
  AND ($2::bigint IS NOT NULL OR CASE $6 WHEN '' THEN state <> 'closed' WHEN '*' THEN true ELSE state = $6 END)
  AND ($7::timestamptz IS NULL OR opened_at < $7)
ORDER BY exception_id DESC LIMIT $8
