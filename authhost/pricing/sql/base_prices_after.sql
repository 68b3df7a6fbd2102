-- Base prices that were entered after one, and of what was superseded before an instant only the last of each series.
SELECT b.base_price_id, b.source, b.product, b.temperature, b.currency, b.valid_from, b.version, b.valid_until, b.price, b.unit, b.tax_basis, b.import_id
FROM base_price b
WHERE b.base_price_id > $1
  AND b.valid_from >= coalesce((SELECT max(o.valid_from) FROM base_price o
                                WHERE (o.source, o.product, o.temperature, o.currency) = (b.source, b.product, b.temperature, b.currency)
                                  AND o.valid_from <= $2), b.valid_from)
ORDER BY b.base_price_id
