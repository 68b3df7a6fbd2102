-- Captures as an exception names them, in the order of their keys.  $1 business date, $2 ids
SELECT j.id, j.key, j.account_id, j.currency, j.posted_minor, j.terminal_id, j.approval_code, j.original_key, j.flags
FROM journal j WHERE j.business_date = $1 AND j.id = ANY ($2::bigint[])
ORDER BY j.key, j.leg
