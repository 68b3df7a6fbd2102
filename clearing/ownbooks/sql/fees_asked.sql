-- These are asked for.  $1 stream, $2 accounts, $3 currencies, $4 whether netted
DELETE FROM fee_open f USING unnest($2::bigint[], $3::text[], $4::boolean[]) AS d (account_id, currency, is_netted)
WHERE f.stream = $1 AND (f.account_id, f.currency, f.is_netted) = (d.account_id, d.currency, d.is_netted)
