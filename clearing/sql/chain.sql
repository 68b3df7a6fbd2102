-- The link of a run to the one before: whoever changes an old run changes every digest after it.  $1 run id, $2 its ledger's digest
WITH last AS (
    SELECT chain_no, chain_digest FROM clearing_run WHERE chain_no IS NOT NULL
    UNION ALL SELECT 0, ''
    ORDER BY chain_no DESC LIMIT 1
)
UPDATE clearing_run r SET ledger_digest = $2, chain_no = last.chain_no + 1, chain_digest = encode(sha256(convert_to(concat_ws(
    '|', last.chain_digest, r.run_id, r.journal_digest, r.journal_count, $2::text), 'UTF8')), 'hex')
FROM last WHERE run_id = $1
