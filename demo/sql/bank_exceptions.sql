-- What came back, and what was made of it: a person's, or paid again by itself, or collected again as two people have decided.
SELECT e.reason, e.content ->> 'reason' AS code, e.subject, e.amount_minor, e.currency FROM clearing_exception e
WHERE e.state <> 'closed' AND e.subject_kind IN ('credit', 'debit', 'payer_debit', 'payer_refund', 'bank_file')
UNION ALL
SELECT CASE a.purpose WHEN 'collection' THEN 'collected again' ELSE 'paid again' END, f.reason, a.end_to_end_id, f.amount_minor, f.currency
FROM clearing_again a JOIN bank_fact f ON f.end_to_end_id = a.before_id AND f.fact IN ('rejected', 'returned') WHERE a.run_id IS NOT NULL
ORDER BY 1, 3
