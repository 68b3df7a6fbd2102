-- What has been priced at last.  $1 run id; $2 keys, $3 accounts, $4 currencies, $5 products
UPDATE fuel_line_parked w SET billed_run = $1
FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[]) AS mended (key, account_id, currency, product)
WHERE (w.key, w.account_id, w.currency, w.product) = (mended.key, mended.account_id, mended.currency, mended.product)
