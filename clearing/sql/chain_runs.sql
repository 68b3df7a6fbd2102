-- The runs in the order of the chain, with their links; those that were posted by an instant, null: all.  $1 instant
SELECT run_id, business_date, stream, journal_digest, journal_count, ledger_digest, chain_digest FROM clearing_run
WHERE chain_no IS NOT NULL AND ($1::timestamptz IS NULL OR posted_at <= $1) ORDER BY chain_no
