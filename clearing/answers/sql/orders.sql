-- Orders by their ids.  $1 end-to-end ids
SELECT end_to_end_id, kind, run_id, family, account_id, currency, amount_minor, stream, about, '' AS block_id FROM sent_order
WHERE end_to_end_id = ANY ($1::text[])
