-- Self-billed papers that are due and no credit has paid: of this stream, so that two nights of a day do not meet.  $1 stream, $2 due until
SELECT d.number, d.account_id, d.currency, d.gross_minor - d.netted_minor AS amount_minor, d.count, a.content::text AS party
FROM own_document d
JOIN account_party a USING (account_id)
WHERE d.kind = 'self_billed' AND d.stream = $1 AND d.due_on <= $2::date AND d.gross_minor > d.netted_minor
  AND NOT EXISTS (SELECT FROM clearing_credit c WHERE c.purpose = 'supplier_payment' AND c.place_id = d.number AND c.held = '')
ORDER BY d.account_id, d.number
