-- The deposits of instant credits that no night has booked yet.  $1 business dates, $2 journal ids, $3 end-to-end ids
SELECT t.end_to_end_id, d.key, d.account_id, d.currency, d.amount_minor, d.credit, s.statement_id AS seen
FROM unnest($1::date[], $2::bigint[], $3::text[]) AS t (business_date, id, end_to_end_id)
JOIN journal j ON j.stream = 'cash' AND j.business_date = t.business_date AND j.id = t.id
JOIN deposit d ON d.key = j.key AND d.journal_id = j.id
LEFT JOIN credit_seen s ON s.end_to_end_id = t.end_to_end_id
