-- Every direct debit, and how far it is: by the banks' own words.
SELECT a.name AS fleet, d.mandate_id AS mandate, d.scheme || ' ' || d.sequence_type AS sequence, d.invoice, d.end_to_end_id,
       d.collect_on, d.amount_minor, d.currency, d.before_id,
       CASE WHEN f.facts @> '{returned}' THEN 'returned' WHEN f.facts @> '{booked}' THEN 'collected'
            WHEN f.facts @> '{rejected}' THEN 'rejected' WHEN f.facts @> '{accepted}' THEN 'accepted' ELSE 'sent' END AS state
FROM clearing_debit d
JOIN account a USING (account_id)
CROSS JOIN LATERAL (SELECT coalesce(array_agg(fact), '{}') AS facts FROM bank_fact b WHERE b.end_to_end_id = d.end_to_end_id) f
WHERE d.held = ''
ORDER BY d.collect_on, d.end_to_end_id
