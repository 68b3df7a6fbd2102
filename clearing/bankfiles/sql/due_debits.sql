-- Notices whose day has come near, and what came back and is to be collected again, each with the mandate that holds now and how it was last
-- used: a collection that is the last of a mandate is that, also where others were made on its day. One that was refused before settlement
-- has not used it, and yet kept it alive (last_on).  $1 collected until, $2 the day for what is collected again
WITH due AS (
    SELECT n.invoice, n.kind, n.account_id, n.currency, n.amount_minor, n.due_on, n.collect_on, n.mandate_id, '' AS before_id
    FROM debit_notice n
    WHERE n.collect_on <= $1 AND NOT EXISTS (SELECT FROM clearing_debit d WHERE d.invoice = n.invoice AND d.held IN ('', 'netted'))
    UNION ALL
    SELECT b.invoice, b.kind, b.account_id, b.currency, b.amount_minor, n.due_on, $2::date, b.mandate_id, b.end_to_end_id
    FROM clearing_again a
    JOIN clearing_debit b ON b.end_to_end_id = a.before_id AND b.held = ''
    JOIN debit_notice n USING (invoice)
    WHERE a.purpose = 'collection' AND a.due AND a.run_id IS NULL AND came_back(b.end_to_end_id)
)
SELECT n.invoice, n.kind, n.account_id, n.currency, n.amount_minor, n.due_on, n.collect_on, m.mandate_id, m.scheme, m.signed_on,
       m.debtor_name, m.iban, m.bic, m.address::text AS address, m.one_off, m.is_last, m.original_id, m.status,
       (SELECT max(d.collect_on) FROM clearing_debit d WHERE d.held = '' AND d.mandate_id IN (m.mandate_id, nullif(m.original_id, '')))
           AS last_on,
       last.iban AS last_iban, last.creditor_id AS last_creditor, last.mandate_id AS last_mandate, last.sequence_type AS last_type,
       n.before_id
FROM due n
JOIN mandate m ON m.mandate_id = coalesce((SELECT a.mandate_id FROM mandate a WHERE a.account_id = n.account_id AND a.status = 'active'),
                                          n.mandate_id)
LEFT JOIN LATERAL (SELECT d.collect_on, d.iban, d.creditor_id, d.mandate_id, d.sequence_type FROM clearing_debit d
                   WHERE d.held = '' AND d.mandate_id IN (m.mandate_id, nullif(m.original_id, ''))
                     AND (NOT EXISTS (SELECT FROM bank_fact x WHERE x.end_to_end_id = d.end_to_end_id AND x.fact = 'rejected')
                          OR EXISTS (SELECT FROM bank_fact x WHERE x.end_to_end_id = d.end_to_end_id AND x.fact = 'booked'))
                   ORDER BY d.mandate_id = m.mandate_id DESC, d.sequence_type IN ('FNAL', 'OOFF') DESC, d.collect_on DESC,
                            d.end_to_end_id DESC LIMIT 1) last ON true
ORDER BY n.account_id, n.currency, n.collect_on, n.invoice
