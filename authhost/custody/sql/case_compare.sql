-- The open case of the same comparison with the same difference.
SELECT case_id FROM cash_case
WHERE kind = 'compare' AND state <> 'closed' AND content ->> 'of' = $1 AND amount_minor = $2
ORDER BY case_id LIMIT 1
