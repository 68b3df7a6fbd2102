-- What came back, and what was made of it: a person's, or paid again by itself.
SELECT e.reason, e.content ->> 'reason' AS code, e.subject, e.amount_minor, e.currency FROM clearing_exception e
WHERE e.state <> 'closed' AND e.subject_kind IN ('credit', 'debit', 'payer_debit', 'payer_refund', 'bank_file')
UNION ALL
SELECT 'paid again', f.reason, a.end_to_end_id, f.amount_minor, f.currency
FROM clearing_again a JOIN bank_fact f ON f.end_to_end_id = a.before_id AND f.fact = 'rejected' WHERE a.run_id IS NOT NULL
ORDER BY 1, 3
