-- What credit notes of these accounts still give back.  $1 accounts, $2 issued until
SELECT i.number, i.account_id, i.currency, -i.gross_minor - coalesce(sum(t.amount_minor), 0)::bigint AS open_minor
FROM invoice i LEFT JOIN debit_netting t ON t.credit_note = i.number
WHERE i.account_id = ANY ($1::bigint[]) AND i.collected_by = 'direct_debit' AND i.gross_minor < 0 AND i.issued_on <= $2
GROUP BY i.number, i.account_id, i.currency, i.gross_minor
HAVING -i.gross_minor > coalesce(sum(t.amount_minor), 0)
ORDER BY i.account_id, i.currency, i.number
