-- Book what banks have said since the last run of the stream: what is booked is in transit no more; what was rejected or returned is owed
-- again, once, whatever else is said of it. A payer's debit or refund was never in transit.  $1 run id, $2 stream
WITH due AS (
    UPDATE bank_fact SET run_id = $1 WHERE stream = $2 AND run_id IS NULL AND fact <> 'accepted' RETURNING *
),
moved AS (
    SELECT end_to_end_id || CASE fact WHEN 'booked' THEN '/booked' ELSE '/unbooked' END AS transaction,
           CASE WHEN kind IN ('credit', 'debit') THEN 'bank_booked' ELSE family END AS family,
           CASE WHEN kind IN ('credit', 'debit') THEN NULL ELSE account_id END AS account_id, currency,
           amount_minor * CASE WHEN kind IN ('debit', 'payer_refund') THEN -1 ELSE 1 END * CASE fact WHEN 'booked' THEN 1 ELSE -1 END AS minor
    FROM due WHERE fact IN ('booked', 'returned')
    UNION ALL
    SELECT DISTINCT ON (d.end_to_end_id) d.end_to_end_id || '/back', d.family, d.account_id, d.currency, -d.amount_minor
    FROM due d
    WHERE d.fact IN ('rejected', 'returned') AND d.kind IN ('credit', 'debit')
      -- The rows as they were before this statement: of an earlier run.
      AND NOT EXISTS (SELECT FROM bank_fact b WHERE b.end_to_end_id = d.end_to_end_id AND b.fact IN ('rejected', 'returned')
                      AND b.run_id IS NOT NULL)
)
INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, debit_account_id, credit_account_id, amount_minor, currency)
SELECT $1, m.transaction, 1, r.debit, r.credit, m.account_id, m.account_id, m.minor, m.currency
FROM moved m JOIN posting_rule r USING (family)
