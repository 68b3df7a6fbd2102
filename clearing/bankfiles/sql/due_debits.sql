-- Notices whose day has come near, with the mandate that holds now and how it was last used: a collection that is the last of a mandate
-- is that, also where others were made on its day.  $1 collected until
SELECT n.invoice, n.kind, n.account_id, n.currency, n.amount_minor, n.due_on, n.collect_on, m.mandate_id, m.scheme, m.signed_on,
       m.debtor_name, m.iban, m.bic, m.address::text AS address, m.one_off, m.is_last, m.original_id, m.status,
       last.collect_on AS last_on, last.iban AS last_iban, last.creditor_id AS last_creditor, last.mandate_id AS last_mandate,
       last.sequence_type AS last_type
FROM debit_notice n
JOIN mandate m ON m.mandate_id = coalesce((SELECT a.mandate_id FROM mandate a WHERE a.account_id = n.account_id AND a.status = 'active'),
                                          n.mandate_id)
LEFT JOIN LATERAL (SELECT d.collect_on, d.iban, d.creditor_id, d.mandate_id, d.sequence_type FROM clearing_debit d
                   WHERE d.held = '' AND d.mandate_id IN (m.mandate_id, nullif(m.original_id, ''))
                   ORDER BY d.mandate_id = m.mandate_id DESC, d.sequence_type IN ('FNAL', 'OOFF') DESC, d.collect_on DESC,
                            d.end_to_end_id DESC LIMIT 1) last ON true
WHERE n.collect_on <= $1
  AND NOT EXISTS (SELECT FROM clearing_debit d WHERE d.invoice = n.invoice AND d.held IN ('', 'netted'))
ORDER BY n.account_id, n.currency, n.collect_on, n.invoice
