-- What a count found more or less, and no client bears, is the operator's: of differences that were within the tolerance, dismissed, or shared in
-- part. Of cases whose own adjustments are all in the journal; each once.  $1 run id
WITH borne AS (
    INSERT INTO case_borne (case_id, run_id, currency, amount_minor)
    SELECT c.case_id, $1, c.currency, c.amount_minor - coalesce((
        SELECT sum(p.amount_minor) FROM custody_posting p WHERE p.case_id = c.case_id AND p.kind = 'adjustment'), 0)
    FROM cash_case c
    WHERE c.state = 'closed' AND c.stay_id IS NOT NULL AND c.deposit_key IS NULL AND c.kind IN ('difference', 'counterfeit')
      AND NOT EXISTS (SELECT FROM case_borne b WHERE b.case_id = c.case_id)
    ON CONFLICT DO NOTHING RETURNING *
)
INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, amount_minor, currency)
SELECT $1, 'case ' || b.case_id, 1, r.debit, r.credit, b.amount_minor, b.currency
FROM borne b JOIN posting_rule r ON r.family = 'cash_difference'
WHERE b.amount_minor <> 0
