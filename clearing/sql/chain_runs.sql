-- The runs in the order of the chain, with their links.
SELECT run_id, business_date, stream, journal_digest, journal_count, ledger_digest, chain_digest FROM clearing_run
WHERE chain_no IS NOT NULL ORDER BY chain_no
