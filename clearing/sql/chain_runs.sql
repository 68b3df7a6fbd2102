-- The runs in the order of their posting, with their links.
SELECT run_id, business_date, stream, journal_digest, journal_count, ledger_digest, chain_digest FROM clearing_run
WHERE chain_digest <> '' ORDER BY run_no
