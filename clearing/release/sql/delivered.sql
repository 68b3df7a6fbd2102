-- $1 deliveries, $2 now, $3 their receipts
UPDATE delivery d SET state = 'delivered', delivered_at = $2, receipt = told.receipt::jsonb, tries = d.tries + 1, said = ''
FROM unnest($1::bigint[], $3::text[]) AS told (delivery_id, receipt)
WHERE d.delivery_id = told.delivery_id
RETURNING d.run_id, d.path
