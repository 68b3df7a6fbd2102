-- The link of a run to the one before: whoever changes an old run changes every digest after it.  $1 run id, $2 its ledger's digest
UPDATE clearing_run r SET ledger_digest = $2, chain_digest = encode(sha256(convert_to(concat_ws(
    '|', coalesce((SELECT b.chain_digest FROM clearing_run b WHERE b.run_no < r.run_no ORDER BY b.run_no DESC LIMIT 1), ''),
    r.run_id, r.journal_digest, r.journal_count, $2::text), 'UTF8')), 'hex')
WHERE run_id = $1
